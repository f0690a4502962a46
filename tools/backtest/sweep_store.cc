#include "tools/backtest/sweep_store.h"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <set>

#include "libs/base/absl_std.h"

namespace ballast::backtest {
namespace {

constexpr const char* kTables = R"(
CREATE TABLE sweep (
  name text PRIMARY KEY,
  items int NOT NULL,
  head text NOT NULL
);
CREATE TABLE sweep_item (
  name text NOT NULL REFERENCES sweep (name) ON DELETE CASCADE,
  index int NOT NULL,
  -- A JSON list of JSON texts.
  rows text NOT NULL,
  worker text NOT NULL,
  done_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, index)
);
)";

}  // namespace

absl::Status SweepStore::Open() { return database_.Migrate({{.name = "0001_sweep", .sql = kTables}}); }

absl::Status SweepStore::Register(const std::string& name, int items, const std::string& head) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    work.exec_params("INSERT INTO sweep VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING", name, items, head);
    pqxx::row there = work.exec_params1("SELECT items, head FROM sweep WHERE name = $1", name);
    if (there[0].as<int>() != items)
      return absl::FailedPreconditionError(
          ToAbsl("--name: " + name + " is a sweep of " + there[0].as<std::string>() + " items"));
    if (there[1].as<std::string>() != head)
      return absl::FailedPreconditionError(ToAbsl("--name: " + name + " is a sweep of other settings or other data"));
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> SweepStore::Has(const std::string& name, int index) {
  bool there = false;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    there = !work.exec_params("SELECT 1 FROM sweep_item WHERE name = $1 AND index = $2", name, index).empty();
    return absl::OkStatus();
  }));
  return there;
}

absl::Status SweepStore::Put(const std::string& name, int index, const std::vector<std::string>& rows,
                             const std::string& worker) {
  std::string text = nlohmann::json(rows).dump();
  absl::Status stored = database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    // Somebody else may have done the same meanwhile: the rows are the same wherever they are made.
    work.exec_params(
        "INSERT INTO sweep_item (name, index, rows, worker) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", name,
        index, text, worker);
    return absl::OkStatus();
  });
  // A commit in doubt is read back.
  if (!absl::IsUnknown(stored)) return stored;
  ASSIGN_OR_RETURN(bool there, Has(name, index));
  return there ? absl::OkStatus() : stored;
}

absl::StatusOr<SweepStore::Table> SweepStore::Collect(const std::string& name) {
  Table table;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    table = {};
    pqxx::result head = work.exec_params("SELECT items, head FROM sweep WHERE name = $1", name);
    if (head.empty()) return absl::NotFoundError(ToAbsl("--name: there is no sweep '" + name + "'"));
    table.items = head[0][0].as<int>();
    table.head = head[0][1].as<std::string>();
    std::set<int> done;
    for (const pqxx::row& item :
         work.exec_params("SELECT index, rows FROM sweep_item WHERE name = $1 ORDER BY index", name)) {
      done.insert(item[0].as<int>());
      nlohmann::json rows = nlohmann::json::parse(item[1].as<std::string>(), nullptr, false);
      if (!rows.is_array()) return absl::DataLossError("an item's rows cannot be read");
      for (const auto& row : rows) table.rows.push_back(row.get<std::string>());
    }
    for (int index = 0; index < table.items; ++index) {
      if (!done.contains(index)) table.missing.push_back(index);
    }
    return absl::OkStatus();
  }));
  return table;
}

}  // namespace ballast::backtest
