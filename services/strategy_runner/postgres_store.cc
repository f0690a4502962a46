#include "services/strategy_runner/postgres_store.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "services/strategy_runner/day_end_store.h"
#include "services/strategy_runner/kept_codec.h"

namespace ballast {
namespace {

template <typename Message>
absl::Status Parse(const pqxx::field& field, Message* out) {
  pqxx::binarystring bytes(field);
  if (!out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored row cannot be read");
  return absl::OkStatus();
}

pqxx::binarystring Bytes(const google::protobuf::MessageLite& message) {
  return pqxx::binarystring(message.SerializeAsString());
}

std::string Raw(const pqxx::field& field) {
  pqxx::binarystring bytes(field);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A state this version does not know must not be taken for another.
absl::StatusOr<strategy::DeploymentState> StateOf(int stored) {
  for (strategy::DeploymentState state : strategy::kDeploymentStates) {
    if (static_cast<int>(state) == stored) return state;
  }
  return absl::DataLossError("a deployment's status is not known");
}

using AllLoaded = std::map<std::string, StrategyStore::Loaded>;

absl::Status LoadRows(pqxx::transaction_base& work, AllLoaded& all) {
  for (const pqxx::row& row :
       work.exec("SELECT deployment_id, request_id, spec, status, status_reason, stop_reason, close_positions, "
                 "start_pending, "
                 "create_nanos, start_nanos, stop_nanos, signals, orders, last_signal_nanos, last_signal, restarts, "
                 "decision_sequence, revision, book FROM deployment")) {
    DeploymentRow& out = all[row[0].as<std::string>()].row;
    out.deployment_id = row[0].as<std::string>();
    out.request_id = row[1].as<std::string>();
    RETURN_IF_ERROR(Parse(row[2], &out.spec));
    ASSIGN_OR_RETURN(out.life.state, StateOf(row[3].as<int>()));
    out.life.status_reason = row[4].as<std::string>();
    out.life.stop_reason = row[5].as<std::string>();
    out.life.close_positions = row[6].as<bool>();
    out.life.start_pending = row[7].as<bool>();
    out.create_time = UtcTime{row[8].as<std::int64_t>()};
    out.life.start_time = UtcTime{row[9].as<std::int64_t>()};
    out.life.stop_time = UtcTime{row[10].as<std::int64_t>()};
    out.signals = row[11].as<std::int64_t>();
    out.orders = row[12].as<std::int64_t>();
    out.last_signal_time = UtcTime{row[13].as<std::int64_t>()};
    out.last_signal = row[14].as<std::string>();
    out.restarts = row[15].as<std::int64_t>();
    out.decision_sequence = row[16].as<std::uint64_t>();
    out.revision = row[17].as<std::uint64_t>();
    ASSIGN_OR_RETURN(out.book, DeploymentBookOf(Raw(row[18])));
  }
  return absl::OkStatus();
}

absl::Status LoadStates(pqxx::transaction_base& work, AllLoaded& all) {
  for (const pqxx::row& row :
       work.exec("SELECT deployment_id, symbol, quantity::text, cost::text, last_bar_nanos, waiting_entry, "
                 "working_request, working_is_entry, blocked_until_nanos, book FROM symbol_state")) {
    strategy::SymbolState state;
    ASSIGN_OR_RETURN(state.quantity, Decimal::Parse(row[2].as<std::string>()));
    ASSIGN_OR_RETURN(state.cost, Decimal::Parse(row[3].as<std::string>()));
    state.last_bar = UtcTime{row[4].as<std::int64_t>()};
    state.waiting_entry = static_cast<strategy::Signal>(row[5].as<int>());
    state.working_request = row[6].as<std::string>();
    state.working_is_entry = row[7].as<bool>();
    state.blocked_until = UtcTime{row[8].as<std::int64_t>()};
    ASSIGN_OR_RETURN(state.book, SymbolBookOf(Raw(row[9])));
    all[row[0].as<std::string>()].states[Symbol(row[1].as<std::string>())] = state;
  }
  return absl::OkStatus();
}

absl::Status LoadOpenDecisions(pqxx::transaction_base& work, AllLoaded& all) {
  for (const pqxx::row& row :
       work.exec("SELECT deployment_id, payload, submit FROM decision WHERE open ORDER BY deployment_id, sequence")) {
    StoredDecision decision;
    decision.open = true;
    RETURN_IF_ERROR(Parse(row[1], &decision.decision));
    if (!row[2].is_null()) {
      decision.submit.emplace();
      RETURN_IF_ERROR(Parse(row[2], &*decision.submit));
    }
    all[row[0].as<std::string>()].open_decisions.push_back(std::move(decision));
  }
  return absl::OkStatus();
}

void SaveRows(pqxx::transaction_base& work, const StrategyStore::Batch& batch) {
  for (const DeploymentRow& row : batch.rows) {
    work.exec_params(
        "INSERT INTO deployment VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19) "
        "ON CONFLICT (deployment_id) DO UPDATE SET spec = excluded.spec, status = excluded.status, "
        "status_reason = excluded.status_reason, stop_reason = excluded.stop_reason, close_positions = "
        "excluded.close_positions, "
        "start_pending = excluded.start_pending, start_nanos = excluded.start_nanos, stop_nanos = "
        "excluded.stop_nanos, "
        "signals = excluded.signals, orders = excluded.orders, last_signal_nanos = excluded.last_signal_nanos, "
        "last_signal = excluded.last_signal, restarts = excluded.restarts, decision_sequence = "
        "excluded.decision_sequence, revision = excluded.revision, book = excluded.book",
        row.deployment_id, row.request_id, Bytes(row.spec), static_cast<int>(row.life.state), row.life.status_reason,
        row.life.stop_reason, row.life.close_positions, row.life.start_pending, row.create_time.nanos,
        row.life.start_time.nanos, row.life.stop_time.nanos, row.signals, row.orders, row.last_signal_time.nanos,
        row.last_signal, row.restarts, row.decision_sequence, row.revision, pqxx::binarystring(KeptBytes(row.book)));
  }
}

void SaveStates(pqxx::transaction_base& work, const StrategyStore::Batch& batch) {
  for (const auto& [id, states] : batch.states) {
    for (const auto& [symbol, state] : states) {
      work.exec_params(
          "INSERT INTO symbol_state VALUES ($1,$2,$3::numeric,$4::numeric,$5,$6,$7,$8,$9,$10) ON CONFLICT "
          "(deployment_id, symbol) "
          "DO UPDATE SET quantity = excluded.quantity, cost = excluded.cost, last_bar_nanos = "
          "excluded.last_bar_nanos, "
          "waiting_entry = excluded.waiting_entry, working_request = excluded.working_request, "
          "working_is_entry = excluded.working_is_entry, blocked_until_nanos = excluded.blocked_until_nanos, "
          "book = excluded.book",
          id, symbol.value(), state.quantity.ToString(), state.cost.ToString(), state.last_bar.nanos,
          static_cast<int>(state.waiting_entry), state.working_request, state.working_is_entry,
          state.blocked_until.nanos, pqxx::binarystring(KeptBytes(state.book)));
    }
  }
}

void SaveDecisions(pqxx::transaction_base& work, const StrategyStore::Batch& batch) {
  for (const StoredDecision& decision : batch.decisions) {
    std::string payload = decision.decision.SerializeAsString();
    if (decision.submit) {
      work.exec_params(
          "INSERT INTO decision VALUES ($1,$2,$3,$4,$5) ON CONFLICT (deployment_id, sequence) DO UPDATE SET "
          "payload = excluded.payload, open = excluded.open",
          decision.decision.deployment_id(), decision.decision.sequence(), pqxx::binarystring(payload),
          Bytes(*decision.submit), decision.open);
    } else {
      work.exec_params(
          "INSERT INTO decision VALUES ($1,$2,$3,NULL,$4) ON CONFLICT (deployment_id, sequence) DO UPDATE SET "
          "payload = excluded.payload, open = excluded.open",
          decision.decision.deployment_id(), decision.decision.sequence(), pqxx::binarystring(payload), decision.open);
    }
  }
}

void SaveCursors(pqxx::transaction_base& work, const StrategyStore::Batch& batch) {
  for (const auto& [account, cursor] : batch.cursors) {
    work.exec_params(
        "INSERT INTO order_cursor VALUES ($1,$2,$3) ON CONFLICT (account_id) DO UPDATE SET "
        "sequence = excluded.sequence, execution_sequence = excluded.execution_sequence",
        account, cursor.sequence, cursor.execution_sequence);
  }
}

}  // namespace

absl::Status PostgresStrategyStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch("strategy_runner"));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StrategyStore::Loaded>> PostgresStrategyStore::Load() {
  AllLoaded all;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    all.clear();
    RETURN_IF_ERROR(LoadRows(work, all));
    RETURN_IF_ERROR(LoadStates(work, all));
    RETURN_IF_ERROR(LoadOpenDecisions(work, all));
    return absl::OkStatus();
  }));
  std::vector<Loaded> loaded;
  for (auto& [id, one] : all) loaded.push_back(std::move(one));
  return loaded;
}

absl::StatusOr<std::map<std::string, OrderCursor>> PostgresStrategyStore::LoadCursors() {
  std::map<std::string, OrderCursor> cursors;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    cursors.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence, execution_sequence FROM order_cursor")) {
      cursors[row[0].as<std::string>()] = {row[1].as<std::uint64_t>(), row[2].as<std::uint64_t>()};
    }
    return absl::OkStatus();
  }));
  return cursors;
}

absl::StatusOr<StrategyStore::DayEnds> PostgresStrategyStore::LoadDayEnds() {
  DayEnds all;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) { return ReadDayEnds(work, all); }));
  return all;
}

absl::StatusOr<std::vector<graduation::v1::KeptGraduation>> PostgresStrategyStore::LoadGraduations() {
  std::vector<graduation::v1::KeptGraduation> all;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    all.clear();
    for (const pqxx::row& row : work.exec("SELECT payload FROM graduation ORDER BY deployment_id"))
      RETURN_IF_ERROR(Parse(row[0], &all.emplace_back()));
    return absl::OkStatus();
  }));
  return all;
}

absl::Status PostgresStrategyStore::Save(const Batch& batch) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, "strategy_runner", epoch_));
    SaveRows(work, batch);
    SaveStates(work, batch);
    SaveDecisions(work, batch);
    SaveCursors(work, batch);
    SaveDayEnds(work, batch);
    for (const graduation::v1::KeptGraduation& one : batch.graduations)
      work.exec_params(
          "INSERT INTO graduation VALUES ($1,$2) ON CONFLICT (deployment_id) DO UPDATE SET payload = excluded.payload",
          one.graduation().deployment_id(), Bytes(one));
    return absl::OkStatus();
  });
}

absl::StatusOr<strategy::v1::ListDecisionsResponse> PostgresStrategyStore::ListDecisions(
    const strategy::v1::ListDecisionsRequest& request) {
  strategy::v1::ListDecisionsResponse response;
  ASSIGN_OR_RETURN(DecisionPage page, DecisionPage::Of(request));
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    if (work.exec_params("SELECT FROM deployment WHERE deployment_id = $1", request.deployment_id()).empty()) {
      return absl::NotFoundError(ToAbsl("there is no deployment '" + request.deployment_id() + "'"));
    }
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload FROM decision WHERE deployment_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3",
             request.deployment_id(), page.before, page.size)) {
      RETURN_IF_ERROR(Parse(row[0], response.add_decisions()));
    }
    return absl::OkStatus();
  }));
  page.Close(response);
  return response;
}

}  // namespace ballast
