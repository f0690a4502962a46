#include "services/strategy_runner/rule_store.h"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr const char* kRulesWriter = "strategy_runner.rule_strategy";
constexpr const char* kRuleColumns =
    "name, version, request_id, text, metrics::text, actor, create_nanos, archived FROM rule_strategy";

absl::StatusOr<RuleRow> RuleRowOf(const pqxx::row& row) {
  RuleRow out{.name = row[0].as<std::string>(),
              .version = row[1].as<int>(),
              .request_id = row[2].as<std::string>(),
              .text = row[3].as<std::string>(),
              .actor = row[5].as<std::string>(),
              .create_time = UtcTime{row[6].as<std::int64_t>()},
              .archived = row[7].as<bool>()};
  nlohmann::json metrics = nlohmann::json::parse(row[4].as<std::string>(), nullptr, false);
  if (!metrics.is_object()) return absl::DataLossError("a stored row cannot be read");
  for (const auto& [name, value] : metrics.items()) {
    if (!value.is_string()) return absl::DataLossError("a stored row cannot be read");
    out.metrics[name] = value.get<std::string>();
  }
  return out;
}

}  // namespace

absl::Status RuleStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kRulesWriter));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RuleRow>> RuleStore::Load() {
  std::vector<RuleRow> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    rows.clear();
    for (const pqxx::row& row : work.exec(std::string("SELECT ") + kRuleColumns + " ORDER BY name, version")) {
      ASSIGN_OR_RETURN(RuleRow one, RuleRowOf(row));
      rows.push_back(std::move(one));
    }
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<RuleRow> RuleStore::Insert(RuleRow row) {
  std::string metrics = nlohmann::json(row.metrics).dump();
  RuleRow stored;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kRulesWriter, epoch_));
    for (const pqxx::row& there :
         work.exec_params(std::string("SELECT ") + kRuleColumns + " WHERE request_id = $1", row.request_id)) {
      ASSIGN_OR_RETURN(stored, RuleRowOf(there));
      return absl::OkStatus();
    }
    stored = row;
    // One writer only: nobody takes the number between.
    stored.version =
        work.exec_params1("SELECT coalesce(max(version), 0) + 1 FROM rule_strategy WHERE name = $1", row.name)[0]
            .as<int>();
    work.exec_params("INSERT INTO rule_strategy VALUES ($1,$2,$3,$4,$5::jsonb,$6,$7,false)", stored.name,
                     stored.version, stored.request_id, stored.text, metrics, stored.actor, stored.create_time.nanos);
    return absl::OkStatus();
  }));
  return stored;
}

absl::Status RuleStore::Archive(const std::string& name, int version) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kRulesWriter, epoch_));
    pqxx::result changed = work.exec_params(
        "UPDATE rule_strategy SET archived = true WHERE name = $1 AND version = $2 RETURNING version", name, version);
    if (changed.empty()) return absl::NotFoundError("there is no such version");
    return absl::OkStatus();
  });
}

}  // namespace ballast
