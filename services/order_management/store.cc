#include "services/order_management/store.h"

#include <charconv>
#include <map>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/orders/submit.h"
#include "libs/platform/postgres/sql_batch.h"
#include "libs/wire/packed_checks.h"
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

// The newest event of an order has what the order is.
constexpr char kOrderEvent[] = "JOIN event e ON e.account_id = o.account_id AND e.sequence = o.sequence ";

absl::StatusOr<Order> ParseOrder(const pqxx::field& field) {
  return wire::FromProto(Parse<order::v1::OrderEvent>(field).order());
}

// What risk said stands apart from the event.
void AddChecks(const pqxx::field& field, order::v1::OrderEvent& event) {
  pqxx::binarystring packed(field);
  std::string checks = wire::UnpackChecks(ViewOf(packed));
  event.MergeFromString(checks);
}

// Which events of a commit are an order's own.
struct OwnEvents {
  std::size_t newest = 0;
  std::string sequences;  // an array as text, without its end
};
using OrdersOfCommit = std::map<std::string_view, OwnEvents>;

void AddOrders(const Commit& commit, const OrdersOfCommit& orders, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray ids(Type::kText), accounts(Type::kText), sequences(Type::kBigint), symbols(Type::kText),
      deployments(Type::kText), statuses(Type::kInteger), workings(Type::kBoolean), creates(Type::kBigint),
      own_sequences(Type::kText);
  for (const auto& [id, own] : orders) {
    const Order& order = *commit.events[own.newest].order;
    ids.Add(id);
    accounts.Add(order.account_id.value());
    sequences.Add(static_cast<std::int64_t>(order.sequence));
    symbols.Add(order.symbol.value());
    deployments.Add(order.deployment_id.value());
    statuses.Add(static_cast<std::int64_t>(order.status));
    workings.Add(std::int64_t{!IsTerminal(order.status)});
    creates.Add(order.create_time.nanos);
    own_sequences.Add(own.sequences + "}");
  }
  batch.Statement("SELECT save_orders($1, $2, $3, $4, $5, $6, $7, $8, $9)");
  batch.Value(ids).Value(accounts).Value(sequences).Value(symbols).Value(deployments).Value(statuses);
  batch.Value(workings).Value(creates).Value(own_sequences);
}

void AddBooks(const orders::Account::StoredBooks& stored, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray deployments(Type::kText), symbols(Type::kText), quantities(Type::kText);
  for (const auto& [symbol, books] : stored.books.held()) {
    for (const auto& [deployment, held] : books) {
      deployments.Add(deployment.value());
      symbols.Add(symbol.value());
      quantities.Add(held.ToString());
    }
  }
  batch.Statement(
      "INSERT INTO books VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id) DO UPDATE SET sequence = "
      "excluded.sequence, deployment_ids = excluded.deployment_ids, symbols = excluded.symbols, quantities = "
      "excluded.quantities");
  batch.Text(stored.id.value()).Bigint(static_cast<std::int64_t>(stored.sequence));
  batch.Value(deployments).Value(symbols).Value(quantities);
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
  SqlArray accounts(Type::kText), sequences(Type::kBigint), types(Type::kInteger), payloads(Type::kBytes),
      checks(Type::kBytes);
  std::shared_ptr<const EncodedEvents> encoded = commit.encoded;
  if (!encoded) encoded = std::make_shared<const EncodedEvents>(commit.events);
  OrdersOfCommit orders;
  for (std::size_t i = 0; i < commit.events.size(); ++i) {
    const OrderEvent& event = commit.events[i];
    const EncodedEvents::Entry& entry = encoded->entries()[i];
    accounts.Add(event.account_id.value());
    sequences.Add(static_cast<std::int64_t>(event.sequence));
    types.Add(static_cast<std::int64_t>(event.type));
    payloads.Add(encoded->Event(entry));
    checks.Add(wire::PackChecks(encoded->Checks(entry)));
    if (!event.order) continue;
    OwnEvents& own = orders[event.order->order_id.value()];
    own.newest = i;
    own.sequences += (own.sequences.empty() ? "{" : ",") + std::to_string(event.sequence);
  }
  batch.Statement("SELECT append_events($1, $2, $3, $4, $5)");
  batch.Value(accounts).Value(sequences).Value(types).Value(payloads).Value(checks);
  if (!orders.empty()) AddOrders(commit, orders, batch);
  for (const orders::Account::StoredBooks& books : commit.books) AddBooks(books, batch);
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
    for (const pqxx::row& row : work.exec(std::string("SELECT e.payload FROM order_state o ") + kOrderEvent +
                                          "JOIN working_order w ON w.order_id = o.order_id ORDER BY o.sequence")) {
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
    pqxx::result rows = work.exec_params(
        std::string("SELECT e.payload FROM order_state o LEFT ") + kOrderEvent + "WHERE o.order_id = $1", id.value());
    if (rows.empty()) return absl::NotFoundError(ToAbsl("there is no order " + id.value()));
    // It was there: whoever is told that it was not would take its request id for unused.
    if (rows[0][0].is_null()) return absl::DataLossError(ToAbsl("order " + id.value() + " has lost its newest event"));
    ASSIGN_OR_RETURN(order, ParseOrder(rows[0][0]));
    return absl::OkStatus();
  }));
  return order;
}

absl::StatusOr<orders::Account::StoredBooks> Store::LoadBooks(const AccountId& account_id) {
  orders::Account::StoredBooks stored{.id = account_id};
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    stored = {.id = account_id};
    for (const pqxx::row& row : work.exec_params(
             "SELECT b.sequence, held.deployment_id, held.symbol, held.quantity FROM books b LEFT JOIN LATERAL "
             "unnest(b.deployment_ids, b.symbols, b.quantities) AS held (deployment_id, symbol, quantity) ON true "
             "WHERE b.account_id = $1",
             account_id.value())) {
      stored.sequence = row[0].as<std::uint64_t>();
      if (row[1].is_null()) continue;
      ASSIGN_OR_RETURN(Decimal held, Decimal::Parse(row[3].as<std::string>()));
      stored.books.Restore(Symbol(row[2].as<std::string>()), DeploymentId(row[1].as<std::string>()), held);
    }
    return absl::OkStatus();
  }));
  return stored;
}

absl::StatusOr<std::uint64_t> Store::BeforeNewestFills(const AccountId& account_id, int count) {
  std::uint64_t before = 0;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    before = 0;
    for (const pqxx::row& row : work.exec_params("SELECT sequence FROM event WHERE account_id = $1 AND event_type IN "
                                                 "(6, 18, 19) ORDER BY sequence DESC OFFSET $2 LIMIT 1",
                                                 account_id.value(), count)) {
      before = row[0].as<std::uint64_t>();
    }
    return absl::OkStatus();
  }));
  return before;
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
      events.Add(account_id.value(), row[0].as<std::uint64_t>(), ViewOf(payload), wire::UnpackChecks(ViewOf(checks)));
    }
    return absl::OkStatus();
  }));
  return events;
}

absl::StatusOr<std::vector<order::v1::OrderEvent>> Store::LoadOrderEvents(const OrderId& id) {
  std::vector<order::v1::OrderEvent> events;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    events.clear();
    auto add = [&](const pqxx::row& row) {
      auto event = Parse<order::v1::OrderEvent>(row[0]);
      if (event.order().order_id() != id.value()) return;
      AddChecks(row[1], event);
      events.push_back(std::move(event));
    };
    for (const pqxx::row& row : work.exec_params("SELECT e.payload, e.checks FROM order_state o JOIN event e ON "
                                                 "e.account_id = o.account_id AND e.sequence = "
                                                 "ANY(o.sequences) WHERE o.order_id = $1 ORDER BY e.sequence",
                                                 id.value())) {
      add(row);
    }
    // Its row names the first only.
    for (const pqxx::row& row : work.exec_params("SELECT e.payload, e.checks FROM order_state o JOIN event e ON "
                                                 "e.account_id = o.account_id AND e.sequence > "
                                                 "o.sequences[cardinality(o.sequences)] AND e.sequence <= o.sequence "
                                                 "AND position($1::bytea IN e.payload) > "
                                                 "0 WHERE o.order_id = $2 ORDER BY e.sequence LIMIT 10000",
                                                 pqxx::binarystring(id.value()), id.value())) {
      add(row);
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
        std::string("SELECT e.payload FROM (SELECT * FROM order_state WHERE create_nanos >= $1 AND ($2 = '' OR "
                    "account_id = $2) AND ($3 = '' OR symbol = $3) AND ($4 = '' OR deployment_id = $4) ORDER BY "
                    "create_nanos DESC, order_id LIMIT $5) o ") +
            kOrderEvent + "ORDER BY o.create_nanos DESC, o.order_id",
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
         work.exec("SELECT e.payload FROM order_state o JOIN event e ON e.account_id = o.account_id AND e.sequence = "
                   "ANY(o.sequences) WHERE o.order_id IN (" +
                   ids + ") AND e.event_type IN (" + std::to_string(order::v1::ORDER_EVENT_TYPE_ACCEPTED) + "," +
                   std::to_string(order::v1::ORDER_EVENT_TYPE_FILLED) + ") ORDER BY e.account_id, e.sequence")) {
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
    std::string sql = "SELECT e.payload, o.create_nanos, o.order_id FROM (SELECT * FROM order_state WHERE true";
    if (!request.account_id().empty()) sql += " AND account_id = " + work.quote(request.account_id());
    if (!request.symbol().empty()) sql += " AND symbol = " + work.quote(request.symbol());
    if (!request.deployment_id().empty()) sql += " AND deployment_id = " + work.quote(request.deployment_id());
    if (request.working_only()) sql += " AND order_id IN (SELECT order_id FROM working_order)";
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
    sql += " ORDER BY create_nanos DESC, order_id DESC LIMIT " + std::to_string(page_size + 1) + ") o " + kOrderEvent +
           "ORDER BY o.create_nanos DESC, o.order_id DESC";
    pqxx::result rows = work.exec(sql);
    for (pqxx::result::size_type i = 0; i < rows.size(); ++i) {
      if (static_cast<int>(i) == page_size) {
        response.set_next_page_token(rows[i - 1][1].as<std::string>() + "." + rows[i - 1][2].as<std::string>());
        break;
      }
      *response.add_orders() = std::move(*Parse<order::v1::OrderEvent>(rows[i][0]).mutable_order());
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace ballast
