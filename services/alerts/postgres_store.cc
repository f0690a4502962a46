#include "services/alerts/postgres_store.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

using alerts::Alert;

constexpr char kWriter[] = "alerts";
constexpr char kSelect[] =
    "SELECT alert_id, type, level, title, text, account_id, deployment_id, order_id, symbol, first_time_ns, "
    "last_time_ns, count, acknowledged, acknowledged_by, acknowledge_time_ns FROM alert";
constexpr int kRecent = 1'000;
constexpr int kRecentSystem = 500;

std::vector<Alert> AlertsFrom(const pqxx::result& rows) {
  std::vector<Alert> alerts;
  alerts.reserve(static_cast<std::size_t>(rows.size()));
  for (const pqxx::row& row : rows) {
    Alert alert;
    alert.alert_id = row[0].as<std::uint64_t>();
    alert.type = static_cast<alerts::AlertType>(row[1].as<int>());
    alert.level = static_cast<alerts::AlertLevel>(row[2].as<int>());
    alert.title = row[3].as<std::string>();
    alert.text = row[4].as<std::string>();
    alert.account_id = AccountId(row[5].as<std::string>());
    alert.deployment_id = DeploymentId(row[6].as<std::string>());
    alert.order_id = OrderId(row[7].as<std::string>());
    alert.symbol = Symbol(row[8].as<std::string>());
    alert.first_time = UtcTime{row[9].as<std::int64_t>()};
    alert.last_time = UtcTime{row[10].as<std::int64_t>()};
    alert.count = row[11].as<std::int64_t>();
    alert.acknowledged = row[12].as<bool>();
    alert.acknowledged_by = row[13].as<std::string>();
    alert.acknowledge_time = UtcTime{row[14].as<std::int64_t>()};
    alerts.push_back(std::move(alert));
  }
  return alerts;
}

void AddAlerts(const std::map<std::uint64_t, Alert>& changed, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray ids(Type::kBigint), types(Type::kInteger), levels(Type::kInteger), titles(Type::kText), texts(Type::kText),
      accounts(Type::kText), deployments(Type::kText), orders(Type::kText), symbols(Type::kText),
      first_times(Type::kBigint), last_times(Type::kBigint), counts(Type::kBigint), acknowledged(Type::kBoolean),
      acknowledged_by(Type::kText), acknowledge_times(Type::kBigint);
  for (const auto& [id, alert] : changed) {
    ids.Add(static_cast<std::int64_t>(id));
    types.Add(static_cast<std::int64_t>(alert.type));
    levels.Add(static_cast<std::int64_t>(alert.level));
    titles.Add(alert.title);
    texts.Add(alert.text);
    accounts.Add(alert.account_id.value());
    deployments.Add(alert.deployment_id.value());
    orders.Add(alert.order_id.value());
    symbols.Add(alert.symbol.value());
    first_times.Add(alert.first_time.nanos);
    last_times.Add(alert.last_time.nanos);
    counts.Add(alert.count);
    acknowledged.Add(std::int64_t{alert.acknowledged});
    acknowledged_by.Add(alert.acknowledged_by);
    acknowledge_times.Add(alert.acknowledge_time.nanos);
  }
  batch
      .Statement(
          "INSERT INTO alert (alert_id, type, level, title, text, account_id, deployment_id, order_id, symbol, "
          "first_time_ns, last_time_ns, count, acknowledged, acknowledged_by, acknowledge_time_ns) SELECT * FROM "
          "unnest($1::bigint[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], "
          "$9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[], $14::text[], $15::bigint[]) "
          "ON CONFLICT (alert_id) DO UPDATE SET level = excluded.level, text = excluded.text, order_id = "
          "excluded.order_id, last_time_ns = excluded.last_time_ns, count = excluded.count, acknowledged = "
          "excluded.acknowledged, acknowledged_by = excluded.acknowledged_by, acknowledge_time_ns = "
          "excluded.acknowledge_time_ns")
      .Value(ids)
      .Value(types)
      .Value(levels)
      .Value(titles)
      .Value(texts)
      .Value(accounts)
      .Value(deployments)
      .Value(orders)
      .Value(symbols)
      .Value(first_times)
      .Value(last_times)
      .Value(counts)
      .Value(acknowledged)
      .Value(acknowledged_by)
      .Value(acknowledge_times);
}

std::int64_t CountUnacknowledged(pqxx::transaction_base& work) {
  return work.exec1("SELECT count(*) FROM alert WHERE NOT acknowledged")[0].as<std::int64_t>();
}

}  // namespace

absl::Status PostgresAlertStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kWriter));
  return absl::OkStatus();
}

absl::StatusOr<AlertStore::State> PostgresAlertStore::Load() {
  State state;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    state = State();
    state.recent =
        AlertsFrom(work.exec(std::string(kSelect) + " ORDER BY alert_id DESC LIMIT " + std::to_string(kRecent)));
    std::reverse(state.recent.begin(), state.recent.end());
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence FROM order_cursor")) {
      state.cursors[row[0].as<std::string>()] = row[1].as<std::uint64_t>();
    }
    state.unacknowledged = CountUnacknowledged(work);
    return absl::OkStatus();
  }));
  return state;
}

absl::StatusOr<std::vector<Alert>> PostgresAlertStore::LoadSystem() {
  std::vector<Alert> alerts;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    alerts = AlertsFrom(work.exec(std::string(kSelect) +
                                  " WHERE type = " + std::to_string(static_cast<int>(alerts::AlertType::kSystem)) +
                                  " ORDER BY alert_id DESC LIMIT " + std::to_string(kRecentSystem)));
    return absl::OkStatus();
  }));
  // By when they were last true: "is back" may be older as an alert and newer as a fact.
  std::sort(alerts.begin(), alerts.end(),
            [](const Alert& left, const Alert& right) { return left.last_time < right.last_time; });
  return alerts;
}

absl::Status PostgresAlertStore::Save(const std::map<std::uint64_t, Alert>& changed, const Cursors& cursors,
                                      const std::optional<Request>& request) {
  SqlBatch batch;
  if (!changed.empty()) AddAlerts(changed, batch);
  if (!cursors.empty()) {
    SqlArray accounts(SqlArray::Type::kText), sequences(SqlArray::Type::kBigint);
    for (const auto& [account, sequence] : cursors) {
      accounts.Add(account);
      sequences.Add(static_cast<std::int64_t>(sequence));
    }
    batch
        .Statement(
            "INSERT INTO order_cursor SELECT * FROM unnest($1::text[], $2::bigint[]) "
            "ON CONFLICT (account_id) DO UPDATE SET sequence = excluded.sequence")
        .Value(accounts)
        .Value(sequences);
  }
  if (request) {
    batch.Statement("INSERT INTO raise_request VALUES ($1, $2, $3)")
        .Text(request->request_id)
        .Bigint(static_cast<std::int64_t>(request->alert_id))
        .Text(request->fingerprint);
  }
  return database_.FencedWrite(kWriter, epoch_, batch);
}

absl::StatusOr<std::optional<AlertStore::Request>> PostgresAlertStore::FindRequest(const std::string& request_id) {
  std::optional<Request> found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    pqxx::result rows =
        work.exec_params("SELECT fingerprint, alert_id FROM raise_request WHERE request_id = $1", request_id);
    if (!rows.empty()) {
      found = Request{.request_id = request_id,
                      .fingerprint = rows[0][0].as<std::string>(),
                      .alert_id = rows[0][1].as<std::uint64_t>()};
    }
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::optional<Alert>> PostgresAlertStore::Find(std::uint64_t alert_id) {
  std::optional<Alert> found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    std::vector<Alert> alerts =
        AlertsFrom(work.exec(std::string(kSelect) + " WHERE alert_id = " + std::to_string(alert_id)));
    if (!alerts.empty()) found = std::move(alerts[0]);
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<Alert>> PostgresAlertStore::FindAll(const std::vector<std::uint64_t>& alert_ids) {
  std::vector<Alert> alerts;
  if (alert_ids.empty()) return alerts;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    std::string list;
    for (std::uint64_t id : alert_ids) list += (list.empty() ? "" : ",") + std::to_string(id);
    alerts = AlertsFrom(work.exec(std::string(kSelect) + " WHERE alert_id IN (" + list + ") ORDER BY alert_id"));
    return absl::OkStatus();
  }));
  return alerts;
}

absl::StatusOr<std::vector<Alert>> PostgresAlertStore::List(const Filter& filter, std::int64_t* unacknowledged) {
  std::vector<Alert> alerts;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    std::string sql = std::string(kSelect) + " WHERE level >= " + std::to_string(static_cast<int>(filter.min_level));
    if (filter.unacknowledged_only) sql += " AND NOT acknowledged";
    if (!filter.account_id.empty()) sql += " AND account_id = " + work.quote(filter.account_id);
    if (filter.before != 0) sql += " AND alert_id < " + std::to_string(filter.before);
    alerts = AlertsFrom(work.exec(sql + " ORDER BY alert_id DESC LIMIT " + std::to_string(filter.limit)));
    *unacknowledged = CountUnacknowledged(work);
    return absl::OkStatus();
  }));
  return alerts;
}

absl::StatusOr<std::vector<Alert>> PostgresAlertStore::After(std::uint64_t alert_id, int limit) {
  std::vector<Alert> alerts;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    alerts = AlertsFrom(work.exec(std::string(kSelect) + " WHERE alert_id > " + std::to_string(alert_id) +
                                  " ORDER BY alert_id LIMIT " + std::to_string(limit)));
    return absl::OkStatus();
  }));
  return alerts;
}

}  // namespace ballast
