#include "services/order_management/store.h"

#include <charconv>
#include <map>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/orders/submit.h"
#include "libs/platform/postgres/sql_batch.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

template <typename Message>
Message Parse(const pqxx::field& field) {
  Message message;
  pqxx::binarystring bytes(field);
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

std::string_view ViewOf(const pqxx::binarystring& bytes) { return {bytes.get(), bytes.size()}; }

absl::StatusOr<Order> ParseOrder(const pqxx::field& field) { return wire::FromProto(Parse<order::v1::Order>(field)); }

void AddOrders(const Commit& commit, const EncodedEvents& encoded,
               const std::map<std::string_view, std::size_t>& newest, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray ids(Type::kText), accounts(Type::kText), sequences(Type::kBigint), symbols(Type::kText),
      deployments(Type::kText), statuses(Type::kInteger), workings(Type::kBoolean), creates(Type::kBigint),
      payloads(Type::kBytes);
  for (const auto& [id, index] : newest) {
    const Order& order = *commit.events[index].order;
    ids.Add(id);
    accounts.Add(order.account_id.value());
    sequences.Add(static_cast<std::int64_t>(order.sequence));
    symbols.Add(order.symbol.value());
    deployments.Add(order.deployment_id.value());
    statuses.Add(static_cast<std::int64_t>(order.status));
    workings.Add(std::int64_t{!IsTerminal(order.status)});
    creates.Add(order.create_time.nanos);
    payloads.Add(encoded.Order(encoded.entries()[index]));
  }
  batch.Statement("SELECT save_orders($1, $2, $3, $4, $5, $6, $7, $8, $9)");
  batch.Value(ids).Value(accounts).Value(sequences).Value(symbols).Value(deployments).Value(statuses);
  batch.Value(workings).Value(creates).Value(payloads);
}

}  // namespace

absl::Status Store::Fence() {
  // Where the shard was claimed as a lease it has its epoch already.
  if (place_.epoch == 0) {
    ASSIGN_OR_RETURN(place_.epoch, database_.ClaimEpoch(place_.key));
  }
  return absl::OkStatus();
}

absl::Status Store::Append(const Commit& commit) {
  SqlBatch batch;
  for (const auto& [id, broker] : commit.opened) {
    batch.Statement("INSERT INTO account VALUES ($1, 0, '', 0, $2, 0, 0, false, '')").Text(id.value()).Text(broker);
  }
  using Type = SqlArray::Type;
  SqlArray accounts(Type::kText), sequences(Type::kBigint), orders(Type::kText), types(Type::kInteger),
      payloads(Type::kBytes), checks(Type::kBytes);
  std::shared_ptr<const EncodedEvents> encoded = commit.encoded;
  if (!encoded) encoded = std::make_shared<const EncodedEvents>(commit.events);
  // The newest state of each order, once.
  std::map<std::string_view, std::size_t> newest;
  for (std::size_t i = 0; i < commit.events.size(); ++i) {
    const OrderEvent& event = commit.events[i];
    const EncodedEvents::Entry& entry = encoded->entries()[i];
    std::string_view order_id = event.order ? std::string_view(event.order->order_id.value()) : std::string_view();
    accounts.Add(event.account_id.value());
    sequences.Add(static_cast<std::int64_t>(event.sequence));
    orders.Add(order_id);
    types.Add(static_cast<std::int64_t>(event.type));
    payloads.Add(encoded->Event(entry));
    checks.Add(encoded->Checks(entry));
    if (event.order) newest[order_id] = i;
  }
  batch.Statement("SELECT append_events($1, $2, $3, $4, $5, $6)");
  batch.Value(accounts).Value(sequences).Value(orders).Value(types).Value(payloads).Value(checks);
  if (!newest.empty()) AddOrders(commit, *encoded, newest, batch);
  for (const orders::Account::Snapshot& account : commit.accounts) {
    batch.Statement("SELECT save_account($1, $2, $3, $4, $5, $6, $7, $8)");
    batch.Text(account.id.value()).Integer(static_cast<int>(account.mode)).Text(account.currency);
    batch.Numeric(account.opening_cash).Bigint(static_cast<std::int64_t>(account.last_sequence));
    batch.Bigint(static_cast<std::int64_t>(account.execution_sequence)).Boolean(account.halted);
    batch.Text(account.halt_reason);
  }
  return database_.FencedWrite(place_.key, place_.epoch, batch);
}

absl::StatusOr<Journal::Stored> Store::Lookup(const AccountId& account_id, std::uint64_t sequence,
                                              std::string_view encoded) {
  Stored stored = Stored::kNothing;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    stored = Stored::kNothing;
    for (const pqxx::row& row : work.exec_params("SELECT payload FROM event WHERE account_id = $1 AND sequence = $2",
                                                 account_id.value(), sequence)) {
      pqxx::binarystring payload(row[0]);
      stored = ViewOf(payload) == encoded ? Stored::kThis : Stored::kAnother;
    }
    return absl::OkStatus();
  }));
  return stored;
}

absl::StatusOr<std::map<AccountId, std::string>> Store::LoadBrokers() {
  std::map<AccountId, std::string> brokers;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row : work.exec("SELECT account_id, broker FROM account")) {
      AccountId id(row[0].as<std::string>());
      if (place_.Owns(id)) brokers[id] = row[1].as<std::string>();
    }
    return absl::OkStatus();
  }));
  return brokers;
}

absl::StatusOr<std::vector<orders::Account::Snapshot>> Store::LoadAccounts() {
  std::vector<orders::Account::Snapshot> accounts;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec("SELECT account_id, mode, currency, opening_cash::text, last_sequence, "
                                          "execution_sequence, halted, halt_reason FROM account")) {
      orders::Account::Snapshot account;
      account.id = AccountId(row[0].as<std::string>());
      if (!place_.Owns(account.id)) continue;
      account.mode = static_cast<AccountMode>(row[1].as<int>());
      account.currency = row[2].as<std::string>();
      ASSIGN_OR_RETURN(account.opening_cash, Decimal::Parse(row[3].as<std::string>()));
      account.last_sequence = row[4].as<std::uint64_t>();
      account.execution_sequence = row[5].as<std::uint64_t>();
      account.halted = row[6].as<bool>();
      account.halt_reason = row[7].as<std::string>();
      accounts.push_back(std::move(account));
    }
    return absl::OkStatus();
  }));
  return accounts;
}

absl::StatusOr<std::vector<Order>> Store::LoadWorkingOrders() {
  std::vector<Order> loaded;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec("SELECT payload FROM order_state WHERE working ORDER BY sequence")) {
      ASSIGN_OR_RETURN(Order order, ParseOrder(row[0]));
      if (place_.Owns(order.account_id)) loaded.push_back(std::move(order));
    }
    return absl::OkStatus();
  }));
  return loaded;
}

absl::StatusOr<std::vector<std::string>> Store::LoadOrderIds(const std::string& after, int limit) {
  std::vector<std::string> ids;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    ids.clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT order_id FROM order_state WHERE order_id > $1 ORDER BY order_id LIMIT $2", after, limit)) {
      ids.push_back(row[0].as<std::string>());
    }
    return absl::OkStatus();
  }));
  return ids;
}

absl::StatusOr<Order> Store::LoadOrder(const OrderId& id) {
  Order order;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    pqxx::result rows = work.exec_params("SELECT payload FROM order_state WHERE order_id = $1", id.value());
    if (rows.empty()) return absl::NotFoundError(ToAbsl("there is no order " + id.value()));
    ASSIGN_OR_RETURN(order, ParseOrder(rows[0][0]));
    return absl::OkStatus();
  }));
  return order;
}

absl::StatusOr<std::vector<Fill>> Store::LoadFills(const AccountId& account_id, std::uint64_t after, int limit) {
  std::vector<Fill> fills;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    fills.clear();
    // The numbers are written out, as the index event_booked has them, so that it is used.
    for (const pqxx::row& row : work.exec_params("SELECT payload FROM event WHERE account_id = $1 AND sequence > $2 "
                                                 "AND event_type IN (6, 18, 19) ORDER BY sequence LIMIT $3",
                                                 account_id.value(), after, limit)) {
      ASSIGN_OR_RETURN(OrderEvent event, wire::FromProto(Parse<order::v1::OrderEvent>(row[0])));
      if (event.fill) fills.push_back(std::move(*event.fill));
    }
    return absl::OkStatus();
  }));
  return fills;
}

absl::Status Store::SaveDeployment(const AccountId& account_id, const DeploymentId& id) {
  SqlBatch batch;
  batch.Statement("INSERT INTO deployment VALUES ($1, $2) ON CONFLICT DO NOTHING");
  batch.Text(account_id.value()).Text(id.value());
  return database_.FencedWrite(place_.key, place_.epoch, batch);
}

absl::StatusOr<std::set<std::pair<AccountId, DeploymentId>>> Store::LoadDeployments() {
  std::set<std::pair<AccountId, DeploymentId>> deployments;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row : work.exec("SELECT account_id, deployment_id FROM deployment")) {
      AccountId account(row[0].as<std::string>());
      if (place_.Owns(account)) deployments.emplace(std::move(account), DeploymentId(row[1].as<std::string>()));
    }
    return absl::OkStatus();
  }));
  return deployments;
}

absl::StatusOr<EncodedEvents> Store::LoadEvents(const AccountId& account_id, std::uint64_t after, int limit) {
  EncodedEvents events;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    events = EncodedEvents();
    for (const pqxx::row& row : work.exec_params("SELECT sequence, payload, checks FROM event WHERE account_id = $1 "
                                                 "AND sequence > $2 ORDER BY sequence LIMIT $3",
                                                 account_id.value(), after, limit)) {
      pqxx::binarystring payload(row[1]), checks(row[2]);
      events.Add(account_id.value(), row[0].as<std::uint64_t>(), ViewOf(payload), ViewOf(checks));
    }
    return absl::OkStatus();
  }));
  return events;
}

absl::StatusOr<std::vector<order::v1::OrderEvent>> Store::LoadOrderEvents(const OrderId& id) {
  std::vector<order::v1::OrderEvent> events;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload || checks FROM event WHERE order_id = $1 AND order_id <> '' ORDER BY sequence LIMIT 10000",
             id.value())) {
      events.push_back(Parse<order::v1::OrderEvent>(row[0]));
    }
    return absl::OkStatus();
  }));
  return events;
}

absl::StatusOr<std::vector<orders::OrderCourse>> Store::LoadCourses(const order::v1::GetOrderStatisticsRequest& request,
                                                                    std::int64_t since_nanos, int limit) {
  std::vector<orders::OrderCourse> courses;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    courses.clear();
    // Orders and events as of one moment.
    work.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    std::map<std::string, std::size_t> index;
    pqxx::result orders = work.exec_params(
        "SELECT payload FROM order_state WHERE create_nanos >= $1 AND ($2 = '' OR account_id = $2) AND "
        "($3 = '' OR symbol = $3) AND ($4 = '' OR deployment_id = $4) ORDER BY create_nanos DESC, order_id LIMIT $5",
        since_nanos, request.account_id(), request.symbol(), request.deployment_id(), limit);
    std::string ids;
    for (const pqxx::row& row : orders) {
      ASSIGN_OR_RETURN(Order order, ParseOrder(row[0]));
      index[order.order_id.value()] = courses.size();
      ids += (ids.empty() ? "" : ",") + work.quote(order.order_id.value());
      orders::OrderCourse& course = courses.emplace_back();
      course.status = order.status;
      bool refused = order.status == OrderStatus::kDenied || order.status == OrderStatus::kRejected;
      if (refused && order.rejection) course.refusal = {order.rejection->reason, order.rejection->check};
      course.quantity = order.quantity;
      course.filled_quantity = order.cumulative_quantity;
      course.create_time = order.create_time;
    }
    if (courses.empty()) return absl::OkStatus();
    for (const pqxx::row& row :
         work.exec("SELECT payload FROM event WHERE order_id IN (" + ids + ") AND event_type IN (" +
                   std::to_string(order::v1::ORDER_EVENT_TYPE_ACCEPTED) + "," +
                   std::to_string(order::v1::ORDER_EVENT_TYPE_FILLED) + ") ORDER BY account_id, sequence")) {
      auto event = Parse<order::v1::OrderEvent>(row[0]);
      orders::OrderCourse& course = courses[index.at(event.order().order_id())];
      UtcTime time = wire::FromProto(event.event_time());
      if (event.type() == order::v1::ORDER_EVENT_TYPE_ACCEPTED) {
        if (!course.accept_time) course.accept_time = time;
        continue;
      }
      if (!course.first_fill_time) course.first_fill_time = time;
      if (event.order().status() == order::v1::ORDER_STATUS_FILLED) course.fill_time = time;
    }
    return absl::OkStatus();
  }));
  return courses;
}

namespace {

// The last row's key: "<create_nanos>.<order_id>".
bool ParsePageToken(const std::string& token, std::int64_t* nanos, std::string* id) {
  std::size_t point = token.find('.');
  if (point == std::string::npos) return false;
  const char* begin = token.data();
  auto [end, error] = std::from_chars(begin, begin + point, *nanos);
  *id = token.substr(point + 1);
  return error == std::errc() && end == begin + point && *nanos > 0 && orders::IsIdentifier(*id, 64) &&
         id->find('.') == std::string::npos;  // OrderIdFor makes none
}

}  // namespace

bool Store::IsPageToken(const std::string& token) {
  std::int64_t nanos = 0;
  std::string id;
  return ParsePageToken(token, &nanos, &id);
}

absl::StatusOr<order::v1::ListOrdersResponse> Store::ListOrders(const order::v1::ListOrdersRequest& request) {
  int page_size = request.page_size() == 0 ? 100 : request.page_size();
  if (page_size < 1 || page_size > 500) return absl::InvalidArgumentError("page_size: 1 to 500 expected");
  std::int64_t before_nanos = 0;
  std::string before_id;
  if (!request.page_token().empty() && !ParsePageToken(request.page_token(), &before_nanos, &before_id)) {
    return absl::InvalidArgumentError("page_token: not one of ours");
  }
  order::v1::ListOrdersResponse response;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    if (!request.account_id().empty() &&
        work.exec_params("SELECT FROM account WHERE account_id = $1", request.account_id()).empty()) {
      return absl::NotFoundError(ToAbsl("there is no account " + request.account_id()));
    }
    std::string sql = "SELECT payload, create_nanos, order_id FROM order_state WHERE true";
    if (!request.account_id().empty()) sql += " AND account_id = " + work.quote(request.account_id());
    if (!request.symbol().empty()) sql += " AND symbol = " + work.quote(request.symbol());
    if (!request.deployment_id().empty()) sql += " AND deployment_id = " + work.quote(request.deployment_id());
    if (request.working_only()) sql += " AND working";
    if (request.statuses_size() > 0) {
      sql += " AND status IN (";
      for (int i = 0; i < request.statuses_size(); ++i) {
        sql += (i ? "," : "") + std::to_string(static_cast<int>(request.statuses(i)));
      }
      sql += ")";
    }
    if (!before_id.empty()) {
      sql += " AND (create_nanos, order_id) < (" + std::to_string(before_nanos) + "," + work.quote(before_id) + ")";
    }
    sql += " ORDER BY create_nanos DESC, order_id DESC LIMIT " + std::to_string(page_size + 1);
    pqxx::result rows = work.exec(sql);
    for (pqxx::result::size_type i = 0; i < rows.size(); ++i) {
      if (static_cast<int>(i) == page_size) {
        response.set_next_page_token(rows[i - 1][1].as<std::string>() + "." + rows[i - 1][2].as<std::string>());
        break;
      }
      *response.add_orders() = Parse<order::v1::Order>(rows[i][0]);
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace ballast
