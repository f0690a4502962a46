#include "services/order_management/store.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <span>

#include "libs/base/absl_std.h"
#include "libs/platform/postgres/sql_batch.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/log_page.h"
#include "libs/wire/packed_checks.h"
#include "libs/wire/wire.h"
#include "services/order_management/event_rows.h"

namespace ballast {

// Events whose orders' rows are made together: most orders that fill at once are over by then.
constexpr std::size_t kUnmadeMax = 1'000;

absl::Status Store::Fence() {
  // Where the shard was claimed as a lease it has its epoch already.
  if (place_.epoch == 0) {
    ASSIGN_OR_RETURN(place_.epoch, database_.ClaimEpoch(place_.key));
  }
  return absl::OkStatus();
}

namespace {

// Whether it is what nearly every commit is: events of one account, and where that stands after them.
bool OfOneAccount(const Commit& commit) {
  if (commit.events.empty() || commit.accounts.size() != 1 || !commit.opened.empty()) return false;
  const AccountId& id = commit.accounts.front().id;
  return commit.accounts.front().last_sequence == commit.events.back().sequence &&
         std::all_of(commit.events.begin(), commit.events.end(),
                     [&id](const OrderEvent& event) { return event.account_id == id; });
}

void AddAccount(const orders::Account::Snapshot& account, SqlBatch& batch) {
  batch.Statement("SELECT save_account($1, $2, $3, $4, $5, $6, $7, $8)");
  batch.Text(account.id.value()).Integer(static_cast<int>(account.mode)).Text(account.currency);
  batch.Numeric(account.opening_cash).Bigint(static_cast<std::int64_t>(account.last_sequence));
  batch.Bigint(static_cast<std::int64_t>(account.execution_sequence)).Boolean(account.halted);
  batch.Text(account.halt_reason);
}

}  // namespace

absl::Status Store::Append(const Commit& commit) {
  std::shared_ptr<const EncodedEvents> encoded = commit.encoded;
  if (!encoded) encoded = std::make_shared<const EncodedEvents>(commit.events);
  ASSIGN_OR_RETURN(LogPages pages, PagesOf(commit, *encoded));
  SqlBatch batch;
  const bool together = OfOneAccount(commit);
  if (together) {
    const orders::Account::Snapshot& account = commit.accounts.front();
    batch.Statement("SELECT append_account_pages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    batch.Text(place_.key).Bigint(static_cast<std::int64_t>(place_.epoch)).Text(account.id.value());
    batch.Value(pages.first_sequences).Value(pages.last_sequences).Value(pages.booked).Value(pages.payloads);
    batch.Integer(static_cast<int>(account.mode)).Text(account.currency).Numeric(account.opening_cash);
    batch.Bigint(static_cast<std::int64_t>(account.execution_sequence)).Boolean(account.halted);
    batch.Text(account.halt_reason);
  } else {
    for (const auto& [id, broker] : commit.opened) {
      batch.Statement("INSERT INTO account VALUES ($1, 0, '', 0, $2, 0, 0, false, '')").Text(id.value()).Text(broker);
    }
    batch.Statement("SELECT append_pages($1, $2, $3, $4, $5)");
    batch.Value(pages.account_ids).Value(pages.first_sequences).Value(pages.last_sequences).Value(pages.booked);
    batch.Value(pages.payloads);
    for (const orders::Account::Snapshot& account : commit.accounts) AddAccount(account, batch);
  }
  bool makes_rows = unmade_.events() >= kUnmadeMax && !unmade_incomplete_;
  if (makes_rows) unmade_.AddTo(batch);
  for (const orders::Account::StoredBooks& books : commit.books) AddBooks(books, batch);
  for (const OrderEvent& event : commit.events) {
    if (event.type != OrderEventType::kExternalPolicy || !event.external_policy) continue;
    order::v1::ExternalPolicy policy;
    wire::ToProto(*event.external_policy, &policy);
    batch.Statement("UPDATE account SET external_policy = $1 WHERE account_id = $2");
    batch.Bytes(policy.SerializeAsString()).Text(event.account_id.value());
  }
  // The statement of one account asks for the epoch itself.
  RETURN_IF_ERROR(together ? database_.FencedWrite(std::span<const ballast::Fence>(), batch)
                           : database_.FencedWrite(place_.key, place_.epoch, batch));
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
                                          "execution_sequence, halted, halt_reason, external_policy FROM account")) {
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
      pqxx::binarystring policy(row[8]);
      order::v1::ExternalPolicy external;
      external.ParseFromArray(policy.get(), static_cast<int>(policy.size()));
      account.external = wire::FromProto(external);
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

}  // namespace ballast
