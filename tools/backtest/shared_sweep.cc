#include "tools/backtest/shared_sweep.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/base/absl_std.h"
#include "tools/backtest/sweep_json.h"
#include "tools/backtest/sweep_store.h"

namespace ballast::backtest {
namespace {

constexpr std::int64_t kReachableNs = 30'000'000'000;
constexpr int kItemsMax = 100'000;

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenSweepDatabase(const SharedSweep& shared) {
  if (shared.name.empty() || shared.name.size() > 100) return absl::InvalidArgumentError("--name: a name is expected");
  Database::Options options = shared.database;
  options.application_name = "ballast_sweep";
  options.connections_max = 1;
  if (!shared.password_file.empty()) {
    std::ifstream file(shared.password_file);
    std::string text;
    if (!std::getline(file, text))
      return absl::InvalidArgumentError(
          ToAbsl("--postgres-password-file: " + shared.password_file + " cannot be read"));
    options.password = Secret(std::move(text));
  }
  auto database = std::make_unique<Database>(std::move(options));
  RETURN_IF_ERROR(database->WaitReachable(kReachableNs));
  RETURN_IF_ERROR(SweepStore(*database).Open());
  return database;
}

absl::StatusOr<int> IndexOf(const SharedSweep& shared, const std::string& job_completion_index) {
  if (shared.items < 1 || shared.items > kItemsMax) return absl::InvalidArgumentError("--items: 1 to 100000 expected");
  int index = shared.index;
  if (index < 0) {
    if (job_completion_index.empty() || job_completion_index.size() > 6 ||
        job_completion_index.find_first_not_of("0123456789") != std::string::npos)
      return absl::InvalidArgumentError("--index: a number is expected, here or in JOB_COMPLETION_INDEX");
    index = std::stoi(job_completion_index);
  }
  if (index >= shared.items)
    return absl::InvalidArgumentError(
        ToAbsl("--index: below " + std::to_string(shared.items) + " expected, not " + std::to_string(index)));
  return index;
}

absl::StatusOr<bool> DoItem(
    Database& database, const SharedSweep& shared, int index, std::size_t combinations, const std::string& head,
    const std::string& worker,
    const std::function<absl::StatusOr<std::vector<SweepRow>>(std::size_t first, std::size_t last)>& work) {
  SweepStore store(database);
  RETURN_IF_ERROR(store.Register(shared.name, shared.items, head));
  ASSIGN_OR_RETURN(bool there, store.Has(shared.name, index));
  if (there) return false;
  auto items = static_cast<std::size_t>(shared.items), at = static_cast<std::size_t>(index);
  std::vector<std::string> rows;
  ASSIGN_OR_RETURN(std::vector<SweepRow> worked, work(combinations * at / items, combinations * (at + 1) / items));
  for (const SweepRow& row : worked) rows.push_back(SweepRowJson(row));
  RETURN_IF_ERROR(store.Put(shared.name, index, rows, worker));
  return true;
}

absl::StatusOr<std::string> CollectSweep(Database& database, const std::string& name) {
  ASSIGN_OR_RETURN(SweepStore::Table table, SweepStore(database).Collect(name));
  if (!table.missing.empty()) {
    std::string text;
    for (std::size_t i = 0; i < table.missing.size() && i < 20; ++i)
      text += (text.empty() ? "" : ", ") + std::to_string(table.missing[i]);
    if (table.missing.size() > 20) text += ", …";
    return absl::FailedPreconditionError(ToAbsl(std::to_string(table.missing.size()) + " of " +
                                                std::to_string(table.items) + " items are missing: " + text));
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(table.head, nullptr, false);
  if (!json.is_object()) return absl::DataLossError("the sweep's head cannot be read");
  for (const std::string& row : table.rows) json["rows"].push_back(nlohmann::ordered_json::parse(row));
  return json.dump(1);
}

}  // namespace ballast::backtest
