#include "services/strategy_runner/elsewhere_postgres.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr const char* kElsewhereWriter = "strategy_runner.elsewhere";

}  // namespace

absl::Status PostgresElsewhereStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kElsewhereWriter));
  return absl::OkStatus();
}

absl::StatusOr<ElsewhereStore::Cursors> PostgresElsewhereStore::LoadCursors() {
  Cursors cursors;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    cursors.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence FROM elsewhere_cursor"))
      cursors[row[0].as<std::string>()] = row[1].as<std::uint64_t>();
    return absl::OkStatus();
  }));
  return cursors;
}

absl::StatusOr<std::vector<execution::v1::ElsewhereOrder>> PostgresElsewhereStore::Read(const Range& range) {
  std::vector<execution::v1::ElsewhereOrder> orders;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    orders.clear();
    for (const pqxx::row& row :
         work.exec_params("SELECT kept FROM elsewhere_order WHERE (NOT $1::boolean OR active) AND "
                          "($3 = '' OR (reject_nanos, order_id) < ($2::bigint, $3)) "
                          "ORDER BY reject_nanos DESC, order_id DESC LIMIT $4",
                          range.active_only, range.before_nanos, range.before_id, range.most)) {
      pqxx::binarystring bytes(row[0]);
      if (!orders.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return absl::DataLossError("a stored order that may go elsewhere cannot be read");
    }
    return absl::OkStatus();
  }));
  return orders;
}

absl::Status PostgresElsewhereStore::Save(const Batch& batch) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kElsewhereWriter, epoch_));
    for (const execution::v1::ElsewhereOrder& row : batch.made) {
      work.exec_params("INSERT INTO elsewhere_order VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING",
                       row.order().order_id(), wire::FromProto(row.reject_time()).nanos, IsActive(row.state()),
                       pqxx::binarystring(row.SerializeAsString()));
    }
    for (const execution::v1::ElsewhereOrder& row : batch.changed) {
      work.exec_params("UPDATE elsewhere_order SET active = $2, kept = $3 WHERE order_id = $1", row.order().order_id(),
                       IsActive(row.state()), pqxx::binarystring(row.SerializeAsString()));
    }
    if (!batch.cursors) return absl::OkStatus();
    work.exec("DELETE FROM elsewhere_cursor");
    for (const auto& [account, sequence] : *batch.cursors)
      work.exec_params("INSERT INTO elsewhere_cursor VALUES ($1,$2)", account, sequence);
    return absl::OkStatus();
  });
}

}  // namespace ballast
