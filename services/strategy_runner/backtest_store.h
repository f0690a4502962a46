#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/backtest/v1/backtest_service.pb.h"
#include "libs/base/utc_time.h"
#include "libs/platform/postgres/database.h"

namespace ballast {

// One backtest as it is kept, without its report.
struct BacktestRow {
  std::int64_t number = 0;
  std::string request_id;
  backtest::v1::BacktestSpec spec;
  std::string strategy_id;
  std::string fingerprint;
  backtest::v1::BacktestStatus status = backtest::v1::BACKTEST_STATUS_QUEUED;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string message;
  std::string actor;
  std::string version;
  UtcTime create_time;
  UtcTime start_time;
  UtcTime end_time;
  std::map<std::string, std::string> figures;

  // "B-12"
  [[nodiscard]] std::string id() const { return "B-" + std::to_string(number); }
};

// 0: it is no such id.
std::int64_t NumberOfBacktest(const std::string& backtest_id);
backtest::v1::BacktestKind KindOf(const backtest::v1::BacktestSpec& spec);
void ToProto(const BacktestRow& row, backtest::v1::Backtest* out);

// Where backtests are kept: the only SQL of them. Blocks; one thread. Writers' calls are FAILED_PRECONDITION once a
// newer instance has fenced this one off.
class BacktestStore {
 public:
  explicit BacktestStore(Database& database) : database_(database) {}

  // From now on this instance alone may write. What was running then has lost its process: INTERRUPTED at `now`.
  absl::Status Fence(UtcTime now);
  // When the request id is there already, the row that is, and `*again`. RESOURCE_EXHAUSTED when `kept_max` are there.
  absl::StatusOr<BacktestRow> Insert(BacktestRow row, std::int64_t kept_max, bool* again);
  // Status, progress, message, times, version, figures; and the report, where it is given.
  absl::Status Update(const BacktestRow& row, const std::string* report = nullptr);
  // NOT_FOUND.
  absl::Status Delete(std::int64_t number);

  // NOT_FOUND.
  absl::StatusOr<BacktestRow> Find(std::int64_t number);
  // Empty where there is none.
  absl::StatusOr<std::string> Report(std::int64_t number);
  // Newest first; before 0: from the newest.
  absl::StatusOr<std::vector<BacktestRow>> List(const std::string& strategy_id, int kind, std::int64_t before,
                                                int limit);
  // Oldest first.
  absl::StatusOr<std::vector<BacktestRow>> Queued();
  // Of each fingerprint the newest run that has succeeded.
  absl::StatusOr<std::vector<BacktestRow>> NewestRuns();

 private:
  absl::StatusOr<std::vector<BacktestRow>> Read(const std::string& where);

  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
