#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/market/v1/bar_data_service.pb.h"
#include "libs/market/bar_import.h"
#include "libs/platform/postgres/database.h"

namespace ballast {

// A user's own bars in Postgres. A version never changes; what decides between two writers is the unique name and
// version, so there is no fence. Blocks.
class BarDataStore {
 public:
  // What an import is known by besides its rows.
  struct Source {
    std::string name;
    std::string file_name;
    // 64 hexadecimal digits.
    std::string sha256;
    // What was asked for, as one text.
    std::string settings;
    std::string actor;
    UtcTime now;
  };
  struct Found {
    std::int64_t id = 0;
    market::v1::DataSet data_set;
  };

  explicit BarDataStore(Database& database) : database_(database) {}

  // The version that was made of the same file with the same settings, if there is one.
  absl::StatusOr<std::optional<Found>> FindSource(const Source& source);
  // The next version of the name, its rows and gaps, in one transaction. `going_on` is asked now and then; when it says
  // no: CANCELLED and nothing is stored.
  absl::StatusOr<Found> Save(const Source& source, const market::BarImport& import,
                             const std::function<bool()>& going_on);
  // NOT_FOUND; version 0 is the newest.
  absl::StatusOr<Found> Find(const std::string& name, std::uint32_t version);
  // By name and version; those after the one given, name empty: all.
  absl::StatusOr<std::vector<Found>> List(const std::string& only_name, const std::string& after_name,
                                          std::uint32_t after_version, int limit);
  absl::StatusOr<std::vector<market::v1::DataGap>> Gaps(std::int64_t id, int limit);
  // Rows that start from `from` on and before `before`, oldest first, as lines of CSV; at most `limit`. `*last` is the
  // start of the last one, and the count of rows is returned.
  absl::StatusOr<int> AppendCsv(const Found& set, UtcTime from, UtcTime before, int limit, UtcTime* last,
                                std::string& csv);
  // The rows go, who had it stays.
  absl::Status Delete(std::int64_t id, const std::string& actor, UtcTime now);

 private:
  Database& database_;
};

// The first line of an export; its rows have as many cells.
std::string BarCsvHeader(bool has_quotes);
// As BarImportSettings.instrument.
std::string InstrumentText(const Instrument& instrument);
// What is known before it is stored: no version, no times of import.
void FillDataSet(const market::BarImport& import, market::v1::DataSet* out);

}  // namespace ballast
