#include "services/positions/postgres_reconciliation_store.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "services/positions/reconciliation_codec.h"

namespace ballast {
namespace {

constexpr char kReconciler[] = "reconciliation";

template <typename Message>
absl::StatusOr<Message> MessageIn(const pqxx::field& field) {
  Message message;
  pqxx::binarystring bytes(field);
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored row cannot be read");
  return message;
}

}  // namespace

absl::Status PostgresReconciliationStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kReconciler));
  return absl::OkStatus();
}

absl::StatusOr<std::map<AccountId, ReconciliationStore::Account>> PostgresReconciliationStore::Load() {
  std::map<AccountId, Account> accounts;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    accounts.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, payload FROM reconciliation")) {
      ASSIGN_OR_RETURN(auto stored, MessageIn<position::v1::StoredReconciliation>(row[1]));
      ASSIGN_OR_RETURN(accounts[AccountId(row[0].as<std::string>())].state, FromProto(stored));
    }
    for (const pqxx::row& row : work.exec(
             "SELECT account_id, payload FROM reconciliation_break WHERE NOT resolved ORDER BY account_id, break_id")) {
      ASSIGN_OR_RETURN(auto stored, MessageIn<position::v1::Break>(row[1]));
      accounts[AccountId(row[0].as<std::string>())].breaks.push_back(FromProto(stored));
    }
    for (const pqxx::row& row : work.exec(
             "SELECT DISTINCT ON (account_id) account_id, payload FROM tie_out ORDER BY account_id, day_number DESC")) {
      ASSIGN_OR_RETURN(accounts[AccountId(row[0].as<std::string>())].last_tie_out,
                       MessageIn<position::v1::TieOut>(row[1]));
    }
    return absl::OkStatus();
  }));
  return accounts;
}

absl::Status PostgresReconciliationStore::Save(const AccountId& account, const ReconciliationState& state,
                                               const std::vector<reconciliation::Break>& breaks,
                                               const std::map<std::int64_t, position::v1::TieOut>& tie_outs,
                                               const std::vector<Message>& messages) {
  SqlBatch batch;
  position::v1::StoredReconciliation stored;
  ToProto(state, &stored);
  batch
      .Statement(
          "INSERT INTO reconciliation VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET payload = "
          "excluded.payload")
      .Text(account.value())
      .Bytes(stored.SerializeAsString());
  for (const reconciliation::Break& one : breaks) {
    position::v1::Break proto;
    ToProto(account, one, &proto);
    batch
        .Statement(
            "INSERT INTO reconciliation_break VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, break_id) DO UPDATE SET "
            "resolved = excluded.resolved, payload = excluded.payload")
        .Text(account.value())
        .Bigint(static_cast<std::int64_t>(one.number))
        .Boolean(one.state == reconciliation::BreakState::kResolved)
        .Bytes(proto.SerializeAsString());
  }
  for (const auto& [day, tie_out] : tie_outs) {
    batch.Statement("INSERT INTO tie_out VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .Text(account.value())
        .Bigint(day)
        .Bytes(tie_out.SerializeAsString());
  }
  for (const Message& message : messages) {
    batch.Statement("INSERT INTO outbox (target, request) VALUES ($1::int, $2)")
        .Integer(static_cast<int>(message.target))
        .Bytes(message.request);
  }
  return database_.FencedWrite(kReconciler, epoch_, batch);
}

absl::StatusOr<std::vector<reconciliation::Break>> PostgresReconciliationStore::LoadBreaks(const AccountId& account,
                                                                                           int limit) {
  std::vector<reconciliation::Break> breaks;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    breaks.clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload FROM reconciliation_break WHERE account_id = $1 ORDER BY break_id DESC LIMIT $2",
             account.value(), limit)) {
      ASSIGN_OR_RETURN(auto stored, MessageIn<position::v1::Break>(row[0]));
      breaks.push_back(FromProto(stored));
    }
    return absl::OkStatus();
  }));
  return breaks;
}

absl::StatusOr<std::vector<position::v1::TieOut>> PostgresReconciliationStore::LoadTieOuts(const AccountId& account,
                                                                                           int limit) {
  std::vector<position::v1::TieOut> tie_outs;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    tie_outs.clear();
    for (const pqxx::row& row :
         work.exec_params("SELECT payload FROM tie_out WHERE account_id = $1 ORDER BY day_number DESC LIMIT $2",
                          account.value(), limit)) {
      ASSIGN_OR_RETURN(tie_outs.emplace_back(), MessageIn<position::v1::TieOut>(row[0]));
    }
    return absl::OkStatus();
  }));
  return tie_outs;
}

absl::StatusOr<std::vector<ReconciliationStore::Message>> PostgresReconciliationStore::LoadOutbox() {
  std::vector<Message> messages;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    messages.clear();
    for (const pqxx::row& row :
         work.exec("SELECT outbox_id, target, request FROM outbox ORDER BY outbox_id LIMIT 100")) {
      messages.push_back({.outbox_id = row[0].as<std::int64_t>(),
                          .target = static_cast<Target>(row[1].as<int>()),
                          .request = pqxx::binarystring(row[2]).str()});
    }
    return absl::OkStatus();
  }));
  return messages;
}

absl::Status PostgresReconciliationStore::RemoveMessage(std::int64_t outbox_id) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    work.exec_params("DELETE FROM outbox WHERE outbox_id = $1", outbox_id);
    return absl::OkStatus();
  });
}

}  // namespace ballast
