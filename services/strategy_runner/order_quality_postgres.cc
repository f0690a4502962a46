#include "services/strategy_runner/order_quality_postgres.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr const char* kQualityWriter = "strategy_runner.order_quality";
constexpr const char* kQualityColumns = "SELECT child, watched, kept FROM order_quality ";

absl::Status ReadQualityRows(const pqxx::result& result, std::vector<OrderQualityStore::Row>& rows) {
  rows.clear();
  for (const pqxx::row& row : result) {
    OrderQualityStore::Row& one = rows.emplace_back();
    one.child = row[0].as<bool>();
    one.watched = row[1].as<bool>();
    pqxx::binarystring bytes(row[2]);
    if (!one.kept.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return absl::DataLossError("how a stored order was executed cannot be read");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PostgresOrderQualityStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kQualityWriter));
  return absl::OkStatus();
}

absl::StatusOr<OrderQualityStore::Cursors> PostgresOrderQualityStore::LoadCursors() {
  Cursors cursors;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    cursors.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence FROM order_quality_cursor"))
      cursors[row[0].as<std::string>()] = row[1].as<std::uint64_t>();
    return absl::OkStatus();
  }));
  return cursors;
}

absl::StatusOr<std::vector<OrderQualityStore::Row>> PostgresOrderQualityStore::LoadWatched(int most) {
  std::vector<Row> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    return ReadQualityRows(
        work.exec_params(std::string(kQualityColumns) + "WHERE watched ORDER BY create_nanos DESC LIMIT $1", most),
        rows);
  }));
  return rows;
}

absl::StatusOr<std::optional<OrderQualityStore::Row>> PostgresOrderQualityStore::Find(const std::string& order_id) {
  std::vector<Row> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    return ReadQualityRows(work.exec_params(std::string(kQualityColumns) + "WHERE order_id = $1", order_id), rows);
  }));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

absl::StatusOr<std::vector<OrderQualityStore::Row>> PostgresOrderQualityStore::Read(const Range& range) {
  std::vector<Row> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    return ReadQualityRows(
        work.exec_params(std::string(kQualityColumns) +
                             "WHERE NOT child AND ($1 = '' OR account_id = $1) AND ($2 = '' OR deployment_id = $2) "
                             "AND ($3 = '' OR symbol = $3) AND create_nanos >= $4 AND create_nanos < $5 "
                             "ORDER BY create_nanos DESC, order_id DESC LIMIT $6",
                         range.account_id, range.deployment_id, range.symbol, range.from.nanos, range.to.nanos,
                         range.most),
        rows);
  }));
  return rows;
}

absl::Status PostgresOrderQualityStore::Save(const Batch& batch) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kQualityWriter, epoch_));
    for (const Row& row : batch.rows) {
      work.exec_params(
          "INSERT INTO order_quality VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (order_id) DO UPDATE SET "
          "watched = excluded.watched, kept = excluded.kept",
          row.kept.order_id(), row.kept.account_id(), row.kept.deployment_id(), row.kept.symbol(),
          wire::FromProto(row.kept.create_time()).nanos, row.child, row.watched,
          pqxx::binarystring(row.kept.SerializeAsString()));
    }
    if (!batch.cursors) return absl::OkStatus();
    for (const auto& [account, sequence] : *batch.cursors) {
      work.exec_params(
          "INSERT INTO order_quality_cursor VALUES ($1,$2) ON CONFLICT (account_id) DO UPDATE SET "
          "sequence = excluded.sequence",
          account, sequence);
    }
    return absl::OkStatus();
  });
}

absl::Status PostgresOrderQualityStore::Trim(std::int64_t most) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kQualityWriter, epoch_));
    work.exec_params(
        "DELETE FROM order_quality WHERE NOT watched AND (create_nanos, order_id) <= (SELECT create_nanos, order_id "
        "FROM order_quality ORDER BY create_nanos DESC, order_id DESC OFFSET $1 LIMIT 1)",
        most);
    return absl::OkStatus();
  });
}

}  // namespace ballast
