#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/platform/postgres/database.h"

namespace ballast::backtest {

// Sweeps that several machines share: what is swept, and the rows of each item (a piece of the grid) once it is done.
// An item is stored whole or not at all, and once: doing it again changes nothing. Blocks; one thread.
class SweepStore {
 public:
  explicit SweepStore(Database& database) : database_(database) {}

  // Makes the tables, where they are missing. From many at once.
  absl::Status Open();
  // What every item says it is of: `head` is the report without rows. FAILED_PRECONDITION where the name is of another
  // sweep, or of another number of items.
  absl::Status Register(const std::string& name, int items, const std::string& head);
  absl::StatusOr<bool> Has(const std::string& name, int index);
  // Rows as JSON, in the order of their numbers.
  absl::Status Put(const std::string& name, int index, const std::vector<std::string>& rows, const std::string& worker);

  struct Table {
    std::string head;
    int items = 0;
    // Of the items that are done, one after the other.
    std::vector<std::string> rows;
    std::vector<int> missing;
  };
  // NOT_FOUND.
  absl::StatusOr<Table> Collect(const std::string& name);

 private:
  Database& database_;
};

}  // namespace ballast::backtest
