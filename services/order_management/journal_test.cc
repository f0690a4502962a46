// What every journal promises, held against the one in memory and the one in a real Postgres.
#include "services/order_management/journal.h"

#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/wire/packed_checks.h"
#include "services/order_management/store.h"
#include "services/order_management/testing/memory_journal.h"

namespace ballast {

std::vector<Migration> Migrations_order_management();

namespace {

constexpr UtcTime kNow{1'700'000'000'000'000'000};

// Where journals of one process after another find the same log.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<Journal> Open() = 0;
};

class InMemory : public Storage {
 public:
  std::unique_ptr<Journal> Open() override { return std::make_unique<MemoryJournal>(disk_); }

 private:
  std::shared_ptr<MemoryJournal::Disk> disk_ = std::make_shared<MemoryJournal::Disk>();
};

class InPostgres : public Storage {
 public:
  InPostgres() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_order_management()).ok());
  }
  std::unique_ptr<Journal> Open() override { return std::make_unique<Store>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Storage>()> make;
};

class JournalTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    storage_ = GetParam().make();
    journal_ = Writer();
    account_.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::Of("100000.00000001"), kNow);
  }
  std::unique_ptr<Journal> Writer() {
    std::unique_ptr<Journal> journal = storage_->Open();
    EXPECT_TRUE(journal->Fence().ok());
    return journal;
  }
  // The account's first commit.
  Commit Opening() {
    orders::Account account;
    std::vector<OrderEvent> events =
        account.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::Of("100000.00000001"), kNow);
    return {.events = events, .accounts = {account.snapshot()}, .opened = {{AccountId("paper"), "paper"}}};
  }
  static Order MakeOrder(int number) {
    Order order;
    order.account_id = AccountId("paper");
    order.request_id = RequestId("r" + std::to_string(number));
    order.order_id = OrderId("o" + std::to_string(number));
    order.deployment_id = DeploymentId("ema");
    order.symbol = Symbol("BTC-USD");
    order.side = Side::kSell;
    order.type = OrderType::kLimit;
    order.time_in_force = TimeInForce::kGtc;
    order.quantity = Decimal::Of("0.123456789012345678");
    order.limit_price = Decimal::Of("65000.01");
    order.reason = "it's \\ \"quoted\" \xC3\xA9";
    return order;
  }
  Commit Accepted(int number) {
    std::vector<OrderEvent> events =
        account_.Accept(MakeOrder(number), "user:me", {{.name = "max_position"}}, true, kNow);
    return {.events = events, .accounts = {account_.snapshot()}, .opened = {}};
  }
  Commit Cancelled(int number) {
    orders::Report report;
    report.order_id = MakeOrder(number).order_id;
    report.type = OrderEventType::kCanceled;
    report.execution_sequence = account_.snapshot().execution_sequence + 1;
    std::vector<OrderEvent> events = account_.ApplyReport(report, kNow);
    return {.events = events, .accounts = {account_.snapshot()}, .opened = {}};
  }
  Commit Filled(int number) {
    orders::Report report;
    report.order_id = MakeOrder(number).order_id;
    report.type = OrderEventType::kFilled;
    report.fill.execution_id = ExecutionId("e" + std::to_string(number));
    report.fill.quantity = MakeOrder(number).quantity;
    report.fill.price = Decimal::Of("65000.01");
    report.fill.fee_currency = "USD";
    report.execution_sequence = account_.snapshot().execution_sequence + 1;
    std::vector<OrderEvent> events = account_.ApplyReport(report, kNow);
    return {.events = events, .accounts = {account_.snapshot()}, .opened = {}};
  }
  std::vector<std::string> OrderIds() {
    auto ids = journal_->LoadOrderIds("", 10'000);
    EXPECT_TRUE(ids.ok());
    return ids.ok() ? *ids : std::vector<std::string>();
  }
  std::vector<std::uint64_t> Sequences(std::uint64_t after = 0, int limit = 1'000) {
    auto events = journal_->LoadEvents(AccountId("paper"), after, limit);
    EXPECT_TRUE(events.ok());
    std::vector<std::uint64_t> sequences;
    for (const auto& entry : events->entries()) sequences.push_back(entry.sequence);
    return sequences;
  }

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Journal> journal_;
  orders::Account account_;
};

TEST_P(JournalTest, AnEmptyOneHasNothing) {
  EXPECT_TRUE(journal_->LoadAccounts()->empty());
  EXPECT_TRUE(journal_->LoadWorkingOrders()->empty());
  EXPECT_TRUE(journal_->LoadBrokers()->empty());
  EXPECT_TRUE(OrderIds().empty());
  EXPECT_TRUE(journal_->LoadEvents(AccountId("paper"), 0, 10)->entries().empty());
  EXPECT_EQ(*journal_->Lookup(AccountId("paper"), 1, ""), Journal::Stored::kNothing);
  EXPECT_TRUE(absl::IsNotFound(journal_->LoadOrder(OrderId("o1")).status()));
}

TEST_P(JournalTest, WhatWasAppendedIsThereForTheNextProcessToTheLastDigit) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  Commit accepted = Accepted(1);
  ASSERT_TRUE(journal_->Append(accepted).ok());
  journal_ = Writer();
  auto accounts = journal_->LoadAccounts();
  ASSERT_EQ(accounts->size(), 1U);
  EXPECT_EQ(accounts->front(), account_.snapshot());
  auto order = journal_->LoadOrder(OrderId("o1"));
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(*order, *account_.Find(OrderId("o1")));
  EXPECT_EQ(OrderIds(), std::vector<std::string>{"o1"});
  EXPECT_EQ(*journal_->LoadBrokers(), (std::map<AccountId, std::string>{{AccountId("paper"), "paper"}}));
}

TEST_P(JournalTest, WhatStandsAtASequenceIsThisEventOrAnother) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  Commit accepted = Accepted(1);
  ASSERT_TRUE(journal_->Append(accepted).ok());
  std::uint64_t last = accepted.events.back().sequence;
  EncodedEvents encoded(accepted.events);
  std::string_view bytes = encoded.Event(encoded.entries().back());
  EXPECT_EQ(*journal_->Lookup(AccountId("paper"), last, bytes), Journal::Stored::kThis);
  EXPECT_EQ(*journal_->Lookup(AccountId("paper"), last + 1, bytes), Journal::Stored::kNothing);
  EXPECT_EQ(*journal_->Lookup(AccountId("other"), last, bytes), Journal::Stored::kNothing);
  // The same decision of another writer, a moment later.
  accepted.events.back().event_time.nanos += 1;
  EncodedEvents later(accepted.events);
  EXPECT_EQ(*journal_->Lookup(AccountId("paper"), last, later.Event(later.entries().back())),
            Journal::Stored::kAnother);
}

TEST_P(JournalTest, OrderIdsComeInPages) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(journal_->Append(Accepted(i)).ok());
  std::vector<std::string> all;
  while (true) {
    auto page = journal_->LoadOrderIds(all.empty() ? "" : all.back(), 2);
    ASSERT_TRUE(page.ok());
    ASSERT_LE(page->size(), 2U);
    all.insert(all.end(), page->begin(), page->end());
    if (page->size() < 2) break;
  }
  EXPECT_EQ(all, (std::vector<std::string>{"o1", "o2", "o3", "o4", "o5"}));
}

TEST_P(JournalTest, EventsComeInOrderAndInPages) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(journal_->Append(Accepted(i)).ok());
  EXPECT_EQ(Sequences(), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(Sequences(2, 3), (std::vector<std::uint64_t>{3, 4, 5}));
  EXPECT_TRUE(Sequences(7).empty());
}

TEST_P(JournalTest, OnlyOrdersThatCanChangeAreWorking) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(journal_->Append(Accepted(i)).ok());
  ASSERT_TRUE(journal_->Append(Cancelled(2)).ok());
  auto working = journal_->LoadWorkingOrders();
  ASSERT_EQ(working->size(), 2U);
  EXPECT_EQ(working->front().order_id, OrderId("o1"));
  EXPECT_EQ(working->back().order_id, OrderId("o3"));
  EXPECT_EQ(journal_->LoadOrder(OrderId("o2"))->status, OrderStatus::kCanceled);
}

TEST_P(JournalTest, ASequenceIsTakenOnce) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  orders::Account before = account_;
  ASSERT_TRUE(journal_->Append(Accepted(1)).ok());
  account_ = before;
  Commit again = Accepted(2);
  EXPECT_TRUE(absl::IsAlreadyExists(journal_->Append(again)));
  EXPECT_TRUE(absl::IsNotFound(journal_->LoadOrder(OrderId("o2")).status()));
  EXPECT_EQ(journal_->LoadOrder(OrderId("o1"))->status, OrderStatus::kSubmitted);
  EXPECT_TRUE(absl::IsAlreadyExists(journal_->Append(Opening())));
}

TEST_P(JournalTest, ACommitThatBeginsInsideAnotherIsRefused) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  orders::Account before = account_;
  ASSERT_TRUE(journal_->Append(Accepted(1)).ok());
  account_ = before;
  Commit longer = Accepted(2);
  Commit more = Accepted(3);
  longer.events.insert(longer.events.end(), more.events.begin(), more.events.end());
  longer.accounts = more.accounts;
  EXPECT_TRUE(absl::IsAlreadyExists(journal_->Append(longer)));
  EXPECT_EQ(Sequences(), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(OrderIds(), std::vector<std::string>{"o1"});
}

TEST_P(JournalTest, ABatchIsAllOrNothing) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  Commit batch = Accepted(1);
  batch.events.push_back(batch.events.front());  // the same sequence twice
  EXPECT_FALSE(journal_->Append(batch).ok());
  EXPECT_EQ(Sequences(), (std::vector<std::uint64_t>{1}));
  EXPECT_TRUE(OrderIds().empty());
  EXPECT_EQ(journal_->LoadAccounts()->front().last_sequence, 1U);
}

TEST_P(JournalTest, AnAccountNobodyOpenedIsRefusedForGood) {
  EXPECT_TRUE(absl::IsInternal(journal_->Append(Accepted(1))));
  EXPECT_TRUE(OrderIds().empty());
}

TEST_P(JournalTest, AnOvertakenWriterChangesNothing) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  std::unique_ptr<Journal> newer = Writer();
  EXPECT_GT(newer->epoch(), journal_->epoch());
  Commit accepted = Accepted(1);
  EXPECT_TRUE(absl::IsFailedPrecondition(journal_->Append(accepted)));
  EXPECT_EQ(Sequences(), (std::vector<std::uint64_t>{1}));
  ASSERT_TRUE(newer->Append(accepted).ok());
  EXPECT_EQ(Sequences(), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_P(JournalTest, ThousandOrdersAreOneCommit) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  Commit batch;
  for (int i = 0; i < 1'000; ++i) {
    Commit one = Accepted(i);
    batch.events.insert(batch.events.end(), one.events.begin(), one.events.end());
  }
  batch.accounts = {account_.snapshot()};
  ASSERT_TRUE(journal_->Append(batch).ok());
  EXPECT_EQ(OrderIds().size(), 1'000U);
  EXPECT_EQ(Sequences(1, 5'000).size(), 2'000U);
  for (std::uint64_t after : {0U, 1U, 2U, 31U, 32U, 33U, 64U, 1'990U}) {
    for (int limit : {1, 31, 32, 33, 500}) {
      std::vector<std::uint64_t> wanted;
      for (std::uint64_t next = after + 1; next <= 2'001 && wanted.size() < static_cast<std::size_t>(limit); ++next)
        wanted.push_back(next);
      EXPECT_EQ(Sequences(after, limit), wanted) << after << " " << limit;
    }
  }
  EncodedEvents encoded(batch.events);
  for (std::size_t i : {0U, 31U, 32U, 1'999U}) {
    const EncodedEvents::Entry& entry = encoded.entries()[i];
    EXPECT_EQ(*journal_->Lookup(AccountId("paper"), entry.sequence, encoded.Event(entry)), Journal::Stored::kThis);
  }
  auto working = journal_->LoadWorkingOrders();
  ASSERT_EQ(working->size(), 1'000U);
  for (int i = 0; i < 1'000; ++i)
    EXPECT_EQ((*working)[static_cast<std::size_t>(i)], *account_.Find(MakeOrder(i).order_id));
}

TEST_P(JournalTest, FillsAreCountedAcrossRows) {
  ASSERT_TRUE(journal_->Append(Opening()).ok());
  std::vector<std::uint64_t> fills;
  int number = 0;
  for (int size : {1, 40, 3, 33}) {
    Commit commit;
    for (int i = 0; i < size; ++i) {
      Commit accepted = Accepted(++number);
      Commit filled = Filled(number);
      fills.push_back(filled.events.front().sequence);
      for (const Commit& part : {accepted, filled})
        commit.events.insert(commit.events.end(), part.events.begin(), part.events.end());
    }
    commit.accounts = {account_.snapshot()};
    ASSERT_TRUE(journal_->Append(commit).ok());
  }
  const AccountId paper("paper");
  for (int count = 0; count < static_cast<int>(fills.size()); ++count) {
    EXPECT_EQ(*journal_->BeforeNewestFills(paper, count), fills[fills.size() - 1 - static_cast<std::size_t>(count)])
        << count;
  }
  EXPECT_EQ(*journal_->BeforeNewestFills(paper, static_cast<int>(fills.size())), 0U);
  for (std::size_t from : {0U, 1U, 20U, 43U, 76U}) {
    std::uint64_t after = from == 0 ? 0 : fills[from - 1];
    for (int limit : {1, 5, 1'000}) {
      auto loaded = journal_->LoadFills(paper, after, limit);
      ASSERT_TRUE(loaded.ok());
      ASSERT_EQ(loaded->size(), std::min(fills.size() - from, static_cast<std::size_t>(limit)));
      for (std::size_t i = 0; i < loaded->size(); ++i) EXPECT_EQ((*loaded)[i].sequence, fills[from + i]);
    }
  }
}

// One that was there and cannot be read is not one that never was: its request id would be used again.
TEST(PostgresJournalTest, AnOrderWhoseEventIsGoneIsNotTakenForUnused) {
  std::unique_ptr<Database> database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate(Migrations_order_management()).ok());
  Store store(*database);
  ASSERT_TRUE(store.Fence().ok());
  orders::Account account;
  std::vector<OrderEvent> events =
      account.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::FromInt(1'000), kNow);
  ASSERT_TRUE(
      store.Append({.events = events, .accounts = {account.snapshot()}, .opened = {{AccountId("paper"), "paper"}}})
          .ok());
  Order order;
  order.account_id = AccountId("paper");
  order.order_id = OrderId("o1");
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kBuy;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = Decimal::FromInt(1);
  ASSERT_TRUE(
      store.Append({.events = account.Accept(order, "user:me", {}, true, kNow), .accounts = {account.snapshot()}})
          .ok());
  EXPECT_TRUE(store.LoadOrder(OrderId("o1")).ok());
  ASSERT_TRUE(database
                  ->Transaction([](pqxx::transaction_base& work) {
                    work.exec("DELETE FROM event WHERE sequence > 1");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(absl::IsDataLoss(store.LoadOrder(OrderId("o1")).status()));
  EXPECT_TRUE(absl::IsNotFound(store.LoadOrder(OrderId("o2")).status()));
}

// A log that an older version has begun.
TEST(PostgresJournalTest, RowsOfOneEventEachAreReadWithThoseThatCameAfter) {
  std::unique_ptr<Database> database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate(Migrations_order_management()).ok());
  Store store(*database);
  ASSERT_TRUE(store.Fence().ok());
  const AccountId paper("paper");
  orders::Account account;
  std::vector<OrderEvent> events = account.Open(paper, AccountMode::kPaper, "USD", Decimal::FromInt(1'000), kNow);
  ASSERT_TRUE(store.Append({.events = events, .accounts = {account.snapshot()}, .opened = {{paper, "paper"}}}).ok());
  Order order;
  order.account_id = paper;
  order.order_id = OrderId("o1");
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kBuy;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = Decimal::FromInt(1);
  auto store_next = [&](std::vector<OrderEvent> next) {
    EXPECT_TRUE(store.Append({.events = next, .accounts = {account.snapshot()}}).ok());
    events.insert(events.end(), next.begin(), next.end());
  };
  auto report = [&](OrderEventType type) {
    orders::Report told{
        .order_id = order.order_id, .type = type, .execution_sequence = account.snapshot().execution_sequence + 1};
    if (type != OrderEventType::kFilled) return told;
    told.fill.execution_id = ExecutionId("e1");
    told.fill.quantity = order.quantity;
    told.fill.price = Decimal::FromInt(100);
    told.fill.fee_currency = "USD";
    return told;
  };
  store_next(account.Accept(order, "user:me", {{.name = "max_position"}}, true, kNow));
  EncodedEvents encoded(events);
  ASSERT_TRUE(database
                  ->Transaction([&](pqxx::transaction_base& work) {
                    work.exec("DELETE FROM event");
                    for (std::size_t i = 0; i < events.size(); ++i) {
                      const EncodedEvents::Entry& entry = encoded.entries()[i];
                      work.exec_params(
                          "INSERT INTO event (account_id, sequence, event_type, payload, checks) VALUES "
                          "('paper', $1, $2, $3, $4)",
                          entry.sequence, static_cast<int>(events[i].type),
                          pqxx::binarystring(std::string(encoded.Event(entry))),
                          pqxx::binarystring(wire::PackChecks(encoded.Checks(entry))));
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(store.LoadOrder(order.order_id)->status, OrderStatus::kSubmitted);
  EXPECT_TRUE(absl::IsAlreadyExists(store.Append({.events = {events.back()}, .accounts = {account.snapshot()}})));
  store_next(account.ApplyReport(report(OrderEventType::kFilled), kNow));
  EncodedEvents all(events);
  auto loaded = store.LoadEvents(paper, 0, 100);
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->entries().size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(loaded->Event(loaded->entries()[i]), all.Event(all.entries()[i])) << i;
    EXPECT_EQ(loaded->Checks(loaded->entries()[i]), all.Checks(all.entries()[i])) << i;
  }
  EXPECT_EQ(store.LoadOrder(order.order_id)->status, OrderStatus::kFilled);
  auto own = store.LoadOrderEvents(order.order_id);
  ASSERT_TRUE(own.ok());
  ASSERT_EQ(own->size(), events.size() - 1);
  EXPECT_EQ(own->front().checks_size(), 1);
  EXPECT_EQ(store.LoadFills(paper, 0, 10)->size(), 1U);
}

// Rows of orders are made long after their events, by the writer or by who reads: each event is counted once, and one
// who reads finds everything that is in the log.
TEST(PostgresJournalTest, WhoeverMakesTheRowsOfOrdersNoEventIsCountedTwiceOrLeftOut) {
  std::unique_ptr<Database> database = TestPostgres::Get().NewSchema();
  ASSERT_TRUE(database->Migrate(Migrations_order_management()).ok());
  Store writer(*database), reader(*database);
  ASSERT_TRUE(writer.Fence().ok());
  const AccountId paper("paper");
  orders::Account account;
  std::map<std::string, std::vector<std::uint64_t>> own;
  std::set<std::string> working;
  int lost_answers = 0;
  auto append = [&](const std::vector<OrderEvent>& events, bool answered = true) {
    // One whose answer was lost is stored, and this store does not know.
    Store other(*database, {.epoch = writer.epoch()});
    Commit commit{.events = events, .accounts = {account.snapshot()}};
    if (account.snapshot().last_sequence == 1) commit.opened = {{paper, "paper"}};
    ASSERT_TRUE((answered ? writer : other).Append(commit).ok());
    lost_answers += answered ? 0 : 1;
    for (const OrderEvent& event : events) {
      if (!event.order) continue;
      const std::string& id = event.order->order_id.value();
      own[id].push_back(event.sequence);
      if (IsTerminal(event.order->status))
        working.erase(id);
      else
        working.insert(id);
    }
  };
  auto check = [&] {
    auto open = reader.LoadWorkingOrders();
    ASSERT_TRUE(open.ok()) << open.status();
    std::set<std::string> found;
    for (const Order& order : *open) found.insert(order.order_id.value());
    EXPECT_EQ(found, working);
    EXPECT_EQ(reader.LoadOrderIds("", 10'000)->size(), own.size());
    for (const auto& [id, sequences] : own) {
      auto events = reader.LoadOrderEvents(OrderId(id));
      ASSERT_TRUE(events.ok());
      std::vector<std::uint64_t> numbers;
      for (const auto& event : *events) numbers.push_back(event.sequence());
      ASSERT_EQ(numbers, sequences) << id;
      ASSERT_EQ(static_cast<std::uint64_t>(reader.LoadOrder(OrderId(id))->sequence), sequences.back()) << id;
    }
    EXPECT_TRUE(database
                    ->Transaction([&](pqxx::transaction_base& work) {
                      auto rows = work.exec1("SELECT sum(cardinality(sequences)), count(*) FROM order_state");
                      std::size_t events = 0;
                      for (const auto& [id, sequences] : own) events += sequences.size();
                      EXPECT_EQ(rows[0].as<std::size_t>(), events);
                      EXPECT_EQ(rows[1].as<std::size_t>(), own.size());
                      return absl::OkStatus();
                    })
                    .ok());
  };
  append(account.Open(paper, AccountMode::kPaper, "USD", Decimal::FromInt(1'000), kNow));
  std::uint64_t random = 7;
  auto next_random = [&random](std::uint64_t below) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return (random >> 33) % below;
  };
  int number = 0;
  for (int step = 0; step < 1'500; ++step) {
    bool answered = next_random(400) != 0;
    if (working.size() < 3 || next_random(2) == 0) {
      Order order;
      order.account_id = paper;
      order.order_id = OrderId("o" + std::to_string(++number));
      order.symbol = Symbol("BTC-USD");
      order.side = number % 2 == 0 ? Side::kBuy : Side::kSell;
      order.type = OrderType::kMarket;
      order.time_in_force = TimeInForce::kIoc;
      order.quantity = Decimal::FromInt(1);
      append(account.Accept(order, "user:me", {}, true, kNow), answered);
    } else {
      orders::Report filled{
          .execution_sequence = account.snapshot().execution_sequence + 1,
          .type = OrderEventType::kFilled,
          .order_id = OrderId(*std::next(working.begin(), static_cast<std::ptrdiff_t>(next_random(working.size()))))};
      filled.fill.execution_id = ExecutionId("e" + std::to_string(step));
      filled.fill.quantity = Decimal::FromInt(1);
      filled.fill.price = Decimal::FromInt(100);
      filled.fill.fee_currency = "USD";
      append(account.ApplyReport(filled, kNow), answered);
    }
    if (next_random(150) == 0) {
      ASSERT_TRUE(reader.LoadOrder(OrderId("o1")).ok());
    }
    if (step == 700) check();
  }
  EXPECT_GT(lost_answers, 0);
  check();
}

INSTANTIATE_TEST_SUITE_P(Journals, JournalTest,
                         testing::Values(Kind{.name = "Memory", .make = [] { return std::make_unique<InMemory>(); }},
                                         Kind{.name = "Postgres",
                                              .make = [] { return std::make_unique<InPostgres>(); }}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace ballast
