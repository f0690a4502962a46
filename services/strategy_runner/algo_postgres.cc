#include "services/strategy_runner/algo_postgres.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr const char* kAlgoWriter = "strategy_runner.algo_order";

template <typename Message>
absl::Status ParseAlgo(const pqxx::field& field, Message* out) {
  pqxx::binarystring bytes(field);
  if (!out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored algorithm order cannot be read");
  return absl::OkStatus();
}

absl::Status LoadAlgoChildren(pqxx::transaction_base& work, AlgoStore::Row& row) {
  for (const pqxx::row& child :
       work.exec_params("SELECT payload FROM algo_child WHERE algo_order_id = $1 ORDER BY number",
                        row.kept.order().algo_order_id())) {
    RETURN_IF_ERROR(ParseAlgo(child[0], &row.children.emplace_back()));
  }
  return absl::OkStatus();
}

void SaveAlgoRow(pqxx::transaction_base& work, const AlgoStore::Row& row) {
  const execution::v1::AlgoOrder& order = row.kept.order();
  work.exec_params(
      "INSERT INTO algo_order VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) ON CONFLICT (algo_order_id) DO UPDATE SET "
      "active = excluded.active, watched = excluded.watched, kept = excluded.kept",
      order.algo_order_id(), order.spec().account_id(), order.spec().deployment_id(), order.spec().symbol(),
      order.request_id(), IsActive(order.status()), row.kept.watched() || row.kept.alert_due(),
      wire::FromProto(order.create_time()).nanos, pqxx::binarystring(row.kept.SerializeAsString()));
  for (const execution::v1::ChildOrder& child : row.children) {
    work.exec_params(
        "INSERT INTO algo_child VALUES ($1,$2,$3) ON CONFLICT (algo_order_id, number) DO UPDATE SET "
        "payload = excluded.payload",
        order.algo_order_id(), child.number(), pqxx::binarystring(child.SerializeAsString()));
  }
}

}  // namespace

absl::Status PostgresAlgoStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kAlgoWriter));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AlgoStore::Row>> PostgresAlgoStore::LoadActive() {
  std::vector<Row> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    rows.clear();
    for (const pqxx::row& row :
         work.exec("SELECT kept FROM algo_order WHERE active OR watched ORDER BY create_nanos, algo_order_id"))
      RETURN_IF_ERROR(ParseAlgo(row[0], &rows.emplace_back().kept));
    for (Row& row : rows) RETURN_IF_ERROR(LoadAlgoChildren(work, row));
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<bool> PostgresAlgoStore::Any() {
  bool any = false;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    any = work.exec("SELECT EXISTS (SELECT 1 FROM algo_order)")[0][0].as<bool>();
    return absl::OkStatus();
  }));
  return any;
}

absl::StatusOr<std::optional<AlgoStore::Row>> PostgresAlgoStore::Find(const std::string& algo_order_id) {
  std::optional<Row> found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    found.reset();
    pqxx::result rows = work.exec_params("SELECT kept FROM algo_order WHERE algo_order_id = $1", algo_order_id);
    if (rows.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(ParseAlgo(rows[0][0], &found.emplace().kept));
    return LoadAlgoChildren(work, *found);
  }));
  return found;
}

absl::Status PostgresAlgoStore::Save(const Batch& batch) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kAlgoWriter, epoch_));
    for (const Row& row : batch.rows) SaveAlgoRow(work, row);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<AlgoStore::Row>> PostgresAlgoStore::Read(const Range& range) {
  std::vector<Row> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    rows.clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT kept FROM algo_order WHERE ($1 = '' OR account_id = $1) AND ($2 = '' OR deployment_id = $2) AND "
             "($3 = '' OR symbol = $3) AND create_nanos >= $4 AND create_nanos < $5 "
             "ORDER BY create_nanos DESC, algo_order_id DESC LIMIT $6",
             range.account_id, range.deployment_id, range.symbol, range.from.nanos, range.to.nanos, range.most))
      RETURN_IF_ERROR(ParseAlgo(row[0], &rows.emplace_back().kept));
    for (Row& row : rows) RETURN_IF_ERROR(LoadAlgoChildren(work, row));
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<execution::v1::ListAlgoOrdersResponse> PostgresAlgoStore::List(
    const execution::v1::ListAlgoOrdersRequest& request) {
  ASSIGN_OR_RETURN(AlgoPage page, AlgoPage::Of(request));
  execution::v1::ListAlgoOrdersResponse response;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT kept FROM algo_order WHERE ($1 = '' OR account_id = $1) AND (NOT $2::boolean OR active) AND "
             "($4 = '' OR (create_nanos, algo_order_id) < ($3::bigint, $4)) "
             "ORDER BY create_nanos DESC, algo_order_id DESC LIMIT $5",
             request.account_id(), request.active_only(), page.before_nanos, page.before_id, page.size)) {
      execution::v1::KeptAlgoOrder kept;
      RETURN_IF_ERROR(ParseAlgo(row[0], &kept));
      *response.add_algo_orders() = std::move(*kept.mutable_order());
    }
    return absl::OkStatus();
  }));
  page.Close(response);
  return response;
}

}  // namespace ballast
