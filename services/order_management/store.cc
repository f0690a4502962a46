#include "services/order_management/store.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <sstream>

#include "libs/base/absl_std.h"
#include "libs/orders/submit.h"
#include "libs/platform/postgres/sql_batch.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/log_page.h"
#include "libs/wire/packed_checks.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

std::string_view ViewOf(const pqxx::binarystring& bytes) { return {bytes.get(), bytes.size()}; }

template <typename Message>
Message Parse(std::string_view bytes) {
  Message message;
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

// Some rows of the log hold one event, others a page; `columns` of both are these.
constexpr char kColumns[] = "sequence, events, payload, checks";
enum Column : pqxx::row::size_type { kSequence, kEvents, kPayload, kChecks };

// Calls `visit` with the number of each event of a row, the event and what risk said of it.
absl::Status ForEachEvent(const pqxx::row& row,
                          const std::function<void(std::uint64_t, std::string_view, std::string_view)>& visit) {
  auto last = row[kSequence].as<std::uint64_t>();
  auto count = row[kEvents].as<std::uint64_t>();
  pqxx::binarystring payload(row[kPayload]), checks(row[kChecks]);
  if (count == 0) {
    visit(last, ViewOf(payload), ViewOf(checks));
    return absl::OkStatus();
  }
  std::optional<std::vector<wire::LogPage::Record>> events = wire::LogPage::Read(ViewOf(payload));
  if (!events || events->size() != count) {
    return absl::DataLossError(ToAbsl("the events up to " + std::to_string(last) + " of a log cannot be read"));
  }
  std::uint64_t sequence = last - count;
  for (const wire::LogPage::Record& record : *events) visit(++sequence, record.bytes, record.note);
  return absl::OkStatus();
}

// Where an event stands.
struct Place {
  std::string account_id;
  std::uint64_t sequence = 0;
};
struct Found {
  std::string event, packed_checks;
};

// The events at `places`, in their order; none where there is none. So many at a time that their rows are some 10 MB.
absl::StatusOr<std::vector<std::optional<Found>>> ReadEvents(pqxx::transaction_base& work,
                                                             const std::vector<Place>& places) {
  constexpr std::size_t kAtATime = 500;
  std::vector<std::optional<Found>> found(places.size());
  std::map<std::string, std::multimap<std::uint64_t, std::size_t>> accounts;
  for (std::size_t i = 0; i < places.size(); ++i) accounts[places[i].account_id].emplace(places[i].sequence, i);
  for (const auto& [account, wanted] : accounts) {
    for (auto next = wanted.begin(); next != wanted.end();) {
      std::string sequences = "{";
      for (std::size_t i = 0; i < kAtATime && next != wanted.end(); ++i, ++next) {
        sequences += (i == 0 ? "" : ",") + std::to_string(next->first);
      }
      for (const pqxx::row& row : work.exec_params(
               std::string("SELECT ") + kColumns +
                   " FROM event WHERE account_id = $1 AND sequence IN (SELECT (SELECT min(e.sequence) FROM event e "
                   "WHERE e.account_id = $1 AND e.sequence >= wanted.sequence) FROM unnest($2::bigint[]) AS wanted "
                   "(sequence))",
               account, sequences + "}")) {
        RETURN_IF_ERROR(ForEachEvent(row, [&](std::uint64_t sequence, std::string_view event, std::string_view checks) {
          auto [begin, end] = wanted.equal_range(sequence);
          for (auto it = begin; it != end; ++it) found[it->second] = {std::string(event), std::string(checks)};
        }));
      }
    }
  }
  return found;
}

absl::StatusOr<Order> OrderOf(const std::optional<Found>& newest, const std::string& id) {
  // It was there: whoever is told that it was not would take its request id for unused.
  if (!newest) return absl::DataLossError(ToAbsl("order " + id + " has lost its newest event"));
  return wire::FromProto(Parse<order::v1::OrderEvent>(newest->event).order());
}

bool MovesBooks(OrderEventType type) {
  return type == OrderEventType::kFilled || type == OrderEventType::kTradeCancel ||
         type == OrderEventType::kTradeCorrect;
}

// The rows of a commit: runs of events that follow each other in one account's log.
absl::Status AddPages(const Commit& commit, const EncodedEvents& encoded, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray accounts(Type::kText), firsts(Type::kBigint), lasts(Type::kBigint), booked(Type::kInteger),
      payloads(Type::kBytes);
  struct Page {
    std::uint64_t first = 0, last = 0;
    std::int64_t booked = 0;
    std::string payload;
  };
  std::map<std::string_view, Page> open;
  auto close = [&](std::string_view account, Page& page) {
    accounts.Add(account);
    firsts.Add(static_cast<std::int64_t>(page.first));
    lasts.Add(static_cast<std::int64_t>(page.last));
    booked.Add(page.booked);
    payloads.Add(page.payload);
    page = Page{.last = page.last};
  };
  for (std::size_t i = 0; i < commit.events.size(); ++i) {
    const OrderEvent& event = commit.events[i];
    const EncodedEvents::Entry& entry = encoded.entries()[i];
    auto [found, fresh] = open.try_emplace(event.account_id.value());
    Page& page = found->second;
    if (!fresh && event.sequence != page.last + 1) {
      if (event.sequence <= page.last) return absl::AlreadyExistsError("the sequence is there already");
      return absl::InternalError("the events of an account follow each other");
    }
    if (page.payload.empty()) page.first = event.sequence;
    page.last = event.sequence;
    page.booked += MovesBooks(event.type) ? 1 : 0;
    wire::LogPage::Append(encoded.Event(entry), wire::PackChecks(encoded.Checks(entry)), &page.payload);
    if (page.last - page.first + 1 == wire::LogPage::kRecords) close(found->first, page);
  }
  for (auto& [account, page] : open) {
    if (!page.payload.empty()) close(account, page);
  }
  batch.Statement("SELECT append_pages($1, $2, $3, $4, $5)");
  batch.Value(accounts).Value(firsts).Value(lasts).Value(booked).Value(payloads);
  return absl::OkStatus();
}

void AddBooks(const orders::Account::StoredBooks& stored, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray deployments(Type::kText), symbols(Type::kText), quantities(Type::kText), costs(Type::kText);
  for (const auto& [symbol, books] : stored.books.held()) {
    for (const auto& [deployment, held] : books) {
      deployments.Add(deployment.value());
      symbols.Add(symbol.value());
      quantities.Add(held.ToString());
      std::optional<Decimal> cost = stored.books.Cost(deployment, symbol);
      costs.Add(cost ? cost->ToString() : "");
    }
  }
  batch.Statement(
      "INSERT INTO books VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id) DO UPDATE SET sequence = "
      "excluded.sequence, deployment_ids = excluded.deployment_ids, symbols = excluded.symbols, quantities = "
      "excluded.quantities, costs = excluded.costs");
  batch.Text(stored.id.value()).Bigint(static_cast<std::int64_t>(stored.sequence));
  batch.Value(deployments).Value(symbols).Value(quantities).Value(costs);
}

}  // namespace

// Events whose orders' rows are made together: most orders that fill at once are over by then.
constexpr std::size_t kUnmadeMax = 1'000;

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
  std::shared_ptr<const EncodedEvents> encoded = commit.encoded;
  if (!encoded) encoded = std::make_shared<const EncodedEvents>(commit.events);
  RETURN_IF_ERROR(AddPages(commit, *encoded, batch));
  bool makes_rows = unmade_.events() >= kUnmadeMax && !unmade_incomplete_;
  if (makes_rows) unmade_.AddTo(batch);
  for (const orders::Account::StoredBooks& books : commit.books) AddBooks(books, batch);
  for (const orders::Account::Snapshot& account : commit.accounts) {
    batch.Statement("SELECT save_account($1, $2, $3, $4, $5, $6, $7, $8)");
    batch.Text(account.id.value()).Integer(static_cast<int>(account.mode)).Text(account.currency);
    batch.Numeric(account.opening_cash).Bigint(static_cast<std::int64_t>(account.last_sequence));
    batch.Bigint(static_cast<std::int64_t>(account.execution_sequence)).Boolean(account.halted);
    batch.Text(account.halt_reason);
  }
  RETURN_IF_ERROR(database_.FencedWrite(place_.key, place_.epoch, batch));
  if (makes_rows) unmade_.Clear();
  for (const OrderEvent& event : commit.events) {
    if (!unmade_incomplete_ && !unmade_.Take(event)) unmade_incomplete_ = true;
  }
  // Rare, and nothing hangs on it but how much a reader finds to do.
  if (unmade_incomplete_ && MakeRows().ok()) {
    unmade_.Clear();
    unmade_incomplete_ = false;
  }
  return absl::OkStatus();
}

absl::Status Store::MakeRows(const std::function<bool(const AccountId&)>& wanted) {
  std::vector<std::string> behind;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    behind.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id FROM account WHERE indexed_sequence < last_sequence")) {
      auto id = row[0].as<std::string>();
      if (!wanted || wanted(AccountId(id))) behind.push_back(std::move(id));
    }
    return absl::OkStatus();
  }));
  for (const std::string& id : behind) RETURN_IF_ERROR(MakeRowsOf(id));
  return absl::OkStatus();
}

absl::Status Store::MakeRowsOf(const std::string& id) {
  constexpr std::uint64_t kAtATime = 4'000;
  while (true) {
    OrderIndex found;
    RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
      found.Clear();
      pqxx::row account =
          work.exec_params1("SELECT indexed_sequence, last_sequence FROM account WHERE account_id = $1", id);
      auto cursor = account[0].as<std::uint64_t>();
      std::uint64_t last = std::min(account[1].as<std::uint64_t>(), cursor + kAtATime);
      bool whole = true;
      for (const pqxx::row& row : work.exec_params(
               std::string("SELECT ") + kColumns +
                   " FROM event WHERE account_id = $1 AND sequence > $2 AND sequence < $3 ORDER BY sequence",
               id, cursor, last + wire::LogPage::kRecords)) {
        RETURN_IF_ERROR(ForEachEvent(row, [&](std::uint64_t sequence, std::string_view event, std::string_view) {
          if (sequence <= cursor || sequence > last) return;
          auto read = Parse<order::v1::OrderEvent>(event);
          whole = whole && sequence == cursor + 1 && read.sequence() == sequence &&
                  found.Take(id, sequence, read.has_order() ? &read.order() : nullptr);
          cursor = sequence;
        }));
      }
      // Fewer orders than there are is no answer.
      if (whole && cursor == last) return absl::OkStatus();
      return absl::DataLossError(ToAbsl("the log of " + id + " cannot be read between its events " +
                                        account[0].c_str() + " and " + std::to_string(last)));
    }));
    if (found.events() == 0) return absl::OkStatus();
    // In one message, so that its writer never waits for this process; of one account, so that no two wait for each
    // other.
    SqlBatch batch;
    found.AddTo(batch);
    RETURN_IF_ERROR(database_.FencedWrite(std::span<const ballast::Fence>(), batch));
  }
}

absl::StatusOr<Journal::Stored> Store::Lookup(const AccountId& account_id, std::uint64_t sequence,
                                              std::string_view encoded) {
  Stored stored = Stored::kNothing;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    stored = Stored::kNothing;
    ASSIGN_OR_RETURN(auto found, ReadEvents(work, {{account_id.value(), sequence}}));
    if (found[0]) stored = found[0]->event == encoded ? Stored::kThis : Stored::kAnother;
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
  RETURN_IF_ERROR(MakeRows([this](const AccountId& id) { return place_.Owns(id); }));
  std::vector<Order> loaded;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    loaded.clear();
    std::vector<Place> places;
    std::vector<std::string> ids;
    for (const pqxx::row& row : work.exec("SELECT o.account_id, o.sequence, o.order_id FROM order_state o JOIN "
                                          "working_order w ON w.order_id = o.order_id ORDER BY o.sequence")) {
      Place place{.account_id = row[0].as<std::string>(), .sequence = row[1].as<std::uint64_t>()};
      if (!place_.Owns(AccountId(place.account_id))) continue;
      places.push_back(std::move(place));
      ids.push_back(row[2].as<std::string>());
    }
    ASSIGN_OR_RETURN(auto newest, ReadEvents(work, places));
    for (std::size_t i = 0; i < newest.size(); ++i) {
      ASSIGN_OR_RETURN(Order order, OrderOf(newest[i], ids[i]));
      loaded.push_back(std::move(order));
    }
    return absl::OkStatus();
  }));
  return loaded;
}

absl::StatusOr<std::vector<std::string>> Store::LoadOrderIds(const std::string& after, int limit) {
  RETURN_IF_ERROR(MakeRows());
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
  RETURN_IF_ERROR(MakeRows());
  Order order;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    pqxx::result rows =
        work.exec_params("SELECT account_id, sequence FROM order_state WHERE order_id = $1", id.value());
    if (rows.empty()) return absl::NotFoundError(ToAbsl("there is no order " + id.value()));
    ASSIGN_OR_RETURN(auto newest, ReadEvents(work, {{rows[0][0].as<std::string>(), rows[0][1].as<std::uint64_t>()}}));
    ASSIGN_OR_RETURN(order, OrderOf(newest[0], id.value()));
    return absl::OkStatus();
  }));
  return order;
}

absl::StatusOr<orders::Account::StoredBooks> Store::LoadBooks(const AccountId& account_id) {
  orders::Account::StoredBooks stored{.id = account_id};
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    stored = {.id = account_id};
    for (const pqxx::row& row : work.exec_params(
             "SELECT b.sequence, held.deployment_id, held.symbol, held.quantity, held.cost FROM books b LEFT JOIN "
             "LATERAL "
             "unnest(b.deployment_ids, b.symbols, b.quantities, b.costs) AS held (deployment_id, symbol, quantity, "
             "cost) ON true WHERE b.account_id = $1",
             account_id.value())) {
      stored.sequence = row[0].as<std::uint64_t>();
      if (row[1].is_null()) continue;
      ASSIGN_OR_RETURN(Decimal held, Decimal::Parse(row[3].as<std::string>()));
      std::optional<Decimal> cost;
      if (!row[4].is_null() && !row[4].as<std::string>().empty()) {
        ASSIGN_OR_RETURN(cost, Decimal::Parse(row[4].as<std::string>()));
      }
      stored.books.Restore(Symbol(row[2].as<std::string>()), DeploymentId(row[1].as<std::string>()), held, cost);
    }
    return absl::OkStatus();
  }));
  return stored;
}

absl::StatusOr<std::uint64_t> Store::BeforeNewestFills(const AccountId& account_id, int count) {
  std::uint64_t before = 0;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    before = 0;
    // The row that has it: the newest one with more than `count` fills in it and after it.
    for (const pqxx::row& row : work.exec_params(
             std::string("SELECT ") + kColumns + ", newer FROM (SELECT " + kColumns +
                 ", sum(greatest(booked, 1)) OVER (ORDER BY sequence DESC) AS total, sum(greatest(booked, 1)) OVER "
                 "(ORDER BY sequence DESC) - greatest(booked, 1) AS newer FROM event WHERE account_id = $1 AND "
                 "event_type IN (6, 18, 19)) AS counted WHERE total > $2 ORDER BY sequence DESC LIMIT 1",
             account_id.value(), count)) {
      std::vector<std::uint64_t> fills;
      RETURN_IF_ERROR(ForEachEvent(row, [&](std::uint64_t sequence, std::string_view event, std::string_view) {
        std::optional<wire::EventHeader> header = wire::ReadHeader(event);
        if (header && MovesBooks(header->type)) fills.push_back(sequence);
      }));
      auto left = static_cast<std::size_t>(count - row[kChecks + 1].as<int>());
      if (left >= fills.size()) return absl::DataLossError("a row of the log has fewer fills than it says");
      before = fills[fills.size() - 1 - left];
    }
    return absl::OkStatus();
  }));
  return before;
}

absl::StatusOr<std::vector<Fill>> Store::LoadFills(const AccountId& account_id, std::uint64_t after, int limit) {
  constexpr int kRowsAtATime = 64;
  std::vector<Fill> fills;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    fills.clear();
    std::uint64_t cursor = after;
    while (true) {
      // The numbers are written out, as the index event_booked has them, so that it is used.
      pqxx::result rows = work.exec_params(std::string("SELECT ") + kColumns +
                                               " FROM event WHERE account_id = $1 AND sequence > $2 AND event_type IN "
                                               "(6, 18, 19) ORDER BY sequence LIMIT $3",
                                           account_id.value(), cursor, kRowsAtATime);
      if (rows.empty()) return absl::OkStatus();
      for (const pqxx::row& row : rows) {
        absl::Status read;
        RETURN_IF_ERROR(ForEachEvent(row, [&](std::uint64_t sequence, std::string_view bytes, std::string_view) {
          std::optional<wire::EventHeader> header = wire::ReadHeader(bytes);
          if (sequence <= after || !header || !MovesBooks(header->type)) return;
          auto event = wire::FromProto(Parse<order::v1::OrderEvent>(bytes));
          read.Update(event.status());
          if (event.ok() && event->fill && static_cast<int>(fills.size()) < limit) fills.push_back(*event->fill);
        }));
        RETURN_IF_ERROR(read);
        cursor = row[kSequence].as<std::uint64_t>();
        if (static_cast<int>(fills.size()) == limit) return absl::OkStatus();
      }
    }
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
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    events = EncodedEvents();
    std::uint64_t last = after + static_cast<std::uint64_t>(limit);
    // The log has no gap: the row with the last one ends within a page after it.
    for (const pqxx::row& row :
         work.exec_params(std::string("SELECT ") + kColumns +
                              " FROM event WHERE account_id = $1 AND sequence > $2 AND sequence < $3 ORDER BY sequence",
                          account_id.value(), after, last + wire::LogPage::kRecords)) {
      RETURN_IF_ERROR(ForEachEvent(row, [&](std::uint64_t sequence, std::string_view event, std::string_view checks) {
        if (sequence > after && sequence <= last)
          events.Add(account_id.value(), sequence, event, wire::UnpackChecks(checks));
      }));
    }
    return absl::OkStatus();
  }));
  return events;
}

absl::StatusOr<std::vector<order::v1::OrderEvent>> Store::LoadOrderEvents(const OrderId& id) {
  RETURN_IF_ERROR(MakeRows());
  std::map<std::uint64_t, order::v1::OrderEvent> own;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    own.clear();
    auto add = [&](std::uint64_t sequence, std::string_view bytes, std::string_view checks) {
      auto event = Parse<order::v1::OrderEvent>(bytes);
      if (event.order().order_id() != id.value()) return;
      event.MergeFromString(wire::UnpackChecks(checks));  // what risk said stands apart from the event
      own.insert_or_assign(sequence, std::move(event));
    };
    std::vector<Place> places;
    for (const pqxx::row& row : work.exec_params(
             "SELECT o.account_id, own.sequence FROM order_state o CROSS JOIN unnest(o.sequences) AS own (sequence) "
             "WHERE o.order_id = $1",
             id.value())) {
      places.push_back({.account_id = row[0].as<std::string>(), .sequence = row[1].as<std::uint64_t>()});
    }
    ASSIGN_OR_RETURN(auto found, ReadEvents(work, places));
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i]) add(places[i].sequence, found[i]->event, found[i]->packed_checks);
    }
    // Its row names the first only.
    for (const pqxx::row& row :
         work.exec_params("SELECT e.sequence, e.events, e.payload, e.checks FROM order_state o JOIN event e ON "
                          "e.account_id = o.account_id AND e.sequence > o.sequences[cardinality(o.sequences)] AND "
                          "e.sequence < o.sequence + greatest(e.events, 1) AND position($1::bytea IN e.payload) > 0 "
                          "WHERE o.order_id = $2 ORDER BY e.sequence LIMIT 10000",
                          pqxx::binarystring(id.value()), id.value())) {
      RETURN_IF_ERROR(ForEachEvent(row, add));
    }
    return absl::OkStatus();
  }));
  std::vector<order::v1::OrderEvent> events;
  for (auto& [sequence, event] : own) events.push_back(std::move(event));
  return events;
}

namespace {

void AddCourse(const Order& order, std::vector<orders::OrderCourse>& courses) {
  orders::OrderCourse& course = courses.emplace_back();
  course.status = order.status;
  bool refused = order.status == OrderStatus::kDenied || order.status == OrderStatus::kRejected ||
                 order.status == OrderStatus::kNeverAccepted;
  if (refused && order.rejection) course.refusal = {order.rejection->reason, order.rejection->check};
  course.quantity = order.quantity;
  course.filled_quantity = order.cumulative_quantity;
  course.create_time = order.create_time;
}

void AddStep(std::string_view encoded, orders::OrderCourse& course) {
  std::optional<wire::EventHeader> header = wire::ReadHeader(encoded);
  if (!header) return;
  if (header->type == OrderEventType::kAccepted) {
    if (!course.accept_time) course.accept_time = header->event_time;
  } else if (header->type == OrderEventType::kFilled) {
    if (!course.first_fill_time) course.first_fill_time = header->event_time;
    auto event = Parse<order::v1::OrderEvent>(encoded);
    if (event.order().status() == order::v1::ORDER_STATUS_FILLED) course.fill_time = header->event_time;
  }
}

}  // namespace

absl::StatusOr<std::vector<orders::OrderCourse>> Store::LoadCourses(const order::v1::GetOrderStatisticsRequest& request,
                                                                    std::int64_t since_nanos, int limit) {
  RETURN_IF_ERROR(MakeRows());
  std::vector<orders::OrderCourse> courses;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    courses.clear();
    // Orders and events as of one moment.
    work.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    pqxx::result orders = work.exec_params(
        "SELECT account_id, sequence, order_id, array_to_string(sequences, ' ') FROM order_state WHERE create_nanos >= "
        "$1 AND ($2 = '' OR account_id = $2) AND ($3 = '' OR symbol = $3) AND ($4 = '' OR deployment_id = $4) ORDER BY "
        "create_nanos DESC, order_id LIMIT $5",
        since_nanos, request.account_id(), request.symbol(), request.deployment_id(), limit);
    constexpr pqxx::result::size_type kAtATime = 500;
    for (pqxx::result::size_type begin = 0; begin < orders.size(); begin += kAtATime) {
      std::vector<Place> newest, own;
      std::vector<std::size_t> course_of;
      auto end = std::min(begin + kAtATime, orders.size());
      for (auto i = begin; i < end; ++i) {
        std::string account = orders[i][0].as<std::string>();
        newest.push_back({.account_id = account, .sequence = orders[i][1].as<std::uint64_t>()});
        std::istringstream sequences(orders[i][3].as<std::string>());
        for (std::uint64_t sequence = 0; sequences >> sequence;) {
          own.push_back({.account_id = account, .sequence = sequence});
          course_of.push_back(i);
        }
      }
      ASSIGN_OR_RETURN(auto states, ReadEvents(work, newest));
      for (std::size_t i = 0; i < states.size(); ++i) {
        ASSIGN_OR_RETURN(Order order, OrderOf(states[i], orders[begin + i][2].as<std::string>()));
        AddCourse(order, courses);
      }
      ASSIGN_OR_RETURN(auto events, ReadEvents(work, own));
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (events[i]) AddStep(events[i]->event, courses[course_of[i]]);
      }
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
  RETURN_IF_ERROR(MakeRows());
  order::v1::ListOrdersResponse response;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    if (!request.account_id().empty() &&
        work.exec_params("SELECT FROM account WHERE account_id = $1", request.account_id()).empty()) {
      return absl::NotFoundError(ToAbsl("there is no account " + request.account_id()));
    }
    std::string sql = "SELECT account_id, sequence, create_nanos, order_id FROM order_state WHERE true";
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
    sql += " ORDER BY create_nanos DESC, order_id DESC LIMIT " + std::to_string(page_size + 1);
    pqxx::result rows = work.exec(sql);
    std::vector<Place> places;
    for (pqxx::result::size_type i = 0; i < rows.size(); ++i) {
      if (static_cast<int>(i) == page_size) {
        response.set_next_page_token(rows[i - 1][2].as<std::string>() + "." + rows[i - 1][3].as<std::string>());
        break;
      }
      places.push_back({.account_id = rows[i][0].as<std::string>(), .sequence = rows[i][1].as<std::uint64_t>()});
    }
    ASSIGN_OR_RETURN(auto newest, ReadEvents(work, places));
    for (const std::optional<Found>& found : newest) {
      if (found) *response.add_orders() = std::move(*Parse<order::v1::OrderEvent>(found->event).mutable_order());
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace ballast
