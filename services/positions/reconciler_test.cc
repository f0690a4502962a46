// The reconciler against a venue, a journal and an order manager that a test scripts, and a clock that it moves.
#include "services/positions/reconciler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "libs/wire/wire.h"
#include "services/positions/testing/memory_position_store.h"
#include "services/positions/testing/memory_reconciliation_store.h"

namespace ballast {
namespace {

const AccountId kPaper("paper");
constexpr std::int64_t kOneSecond = 1'000'000'000;

class TestClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = kOneSecond;
};

broker::v1::ExecutionReport Report(std::uint64_t number, const std::string& id, Side side, const char* quantity,
                                   const char* price) {
  broker::v1::ExecutionReport report;
  report.set_account_id("paper");
  report.set_execution_sequence(number);
  report.set_type(broker::v1::EXECUTION_TYPE_TRADE);
  report.set_execution_id(id);
  report.set_order_id("order-" + id);
  report.set_symbol("SPY");
  report.set_side(static_cast<type::v1::Side>(side));
  wire::ToProto(Decimal::Of(quantity), report.mutable_last_quantity());
  wire::ToProto(Decimal::Of(price), report.mutable_last_price());
  wire::ToProto(Decimal::Of("0.01"), report.mutable_fee());
  report.set_fee_currency("USD");
  return report;
}

// Everything outside the reconciler. A trade goes from the venue to the journal to the books; a test stops it where it
// likes.
class World : public Counterparts {
 public:
  absl::StatusOr<broker::v1::GetVenueStatementResponse> Statement(const AccountId&) override {
    if (!reachable) return absl::UnavailableError("the gateway is away");
    broker::v1::GetVenueStatementResponse statement;
    statement.set_account_id("paper");
    statement.set_currency("USD");
    wire::ToProto(cash, statement.mutable_cash());
    for (const auto& [symbol, quantity] : positions) {
      if (quantity.IsZero()) continue;
      auto* position = statement.add_positions();
      position->set_symbol(symbol);
      wire::ToProto(quantity, position->mutable_quantity());
    }
    for (const auto& order : venue_orders) *statement.add_open_orders() = order;
    statement.set_trade_number(trades.size());
    statement.set_execution_sequence(journal.size() + lost_reports);
    return statement;
  }
  absl::StatusOr<broker::v1::ListVenueTradesResponse> VenueTrades(const AccountId&, std::uint64_t after,
                                                                  int limit) override {
    broker::v1::ListVenueTradesResponse page;
    for (std::uint64_t i = after; i < trades.size() && page.trades_size() < limit; ++i) *page.add_trades() = trades[i];
    return page;
  }
  absl::StatusOr<broker::v1::ListExecutionsResponse> Journal(const AccountId&, std::uint64_t after,
                                                             int limit) override {
    broker::v1::ListExecutionsResponse page;
    for (std::uint64_t i = after; i < journal.size() && page.reports_size() < limit; ++i) {
      *page.add_reports() = journal[i];
      page.set_last_execution_sequence(i + 1);
    }
    return page;
  }
  absl::StatusOr<int> TellTrades(const AccountId&, const std::vector<std::uint64_t>& numbers) override {
    for (std::uint64_t number : numbers) {
      told.push_back(number);
      if (heals) Tell(trades[number - 1]);
    }
    return static_cast<int>(numbers.size());
  }
  absl::StatusOr<std::vector<order::v1::Order>> OpenOrders(const AccountId&) override {
    if (!orders_reachable) return absl::UnavailableError("order management is away");
    return our_orders;
  }
  absl::StatusOr<order::v1::ExternalPolicy> Policy(const AccountId&) override { return policy; }
  absl::StatusOr<order::v1::Order> FindOrder(const OrderId& id) override {
    for (const auto& order : our_orders) {
      if (order.order_id() == id.value()) return order;
    }
    return absl::NotFoundError("no such order");
  }
  absl::StatusOr<order::v1::DecideExternalOrderResponse> Decide(
      const order::v1::DecideExternalOrderRequest& request) override {
    decided.push_back(request);
    return absl::NotFoundError("it is not in the log");
  }
  absl::StatusOr<broker::v1::AdoptVenueOrderResponse> Adopt(
      const broker::v1::AdoptVenueOrderRequest& request) override {
    adopted.push_back(request);
    broker::v1::AdoptVenueOrderResponse response;
    for (auto& order : venue_orders) {
      if (order.order_id() != request.order_id()) continue;
      order.set_external(request.handling());
      response.mutable_order()->set_order_id(order.order_id());
      return response;
    }
    return absl::NotFoundError("the venue has no such order");
  }
  absl::Status ReportBreaks(const AccountId&, int halting, const std::string& message) override {
    reported.push_back(halting);
    reported_message = message;
    return absl::OkStatus();
  }
  absl::Status Append(const audit::v1::AppendRecordRequest& record) override {
    if (!audit_reachable) return absl::UnavailableError("the audit is away");
    records.push_back(record);
    return absl::OkStatus();
  }
  absl::Status Raise(const alert::v1::RaiseAlertRequest& alert) override {
    alerts.push_back(alert);
    return absl::OkStatus();
  }

  // The venue makes a trade and nobody hears of it.
  broker::v1::ExecutionReport Make(const std::string& id, Side side, const char* quantity, const char* price) {
    trades.push_back(Report(trades.size() + 1, id, side, quantity, price));
    positions["SPY"] += SignOf(side) > 0 ? Decimal::Of(quantity) : -Decimal::Of(quantity);
    Decimal notional = Multiply(Decimal::Of(quantity), Decimal::Of(price), Rounding::kHalfEven);
    cash += (SignOf(side) > 0 ? -notional : notional) - Decimal::Of("0.01");
    return trades.back();
  }
  // The gateway's journal has it, and with `book` our books too.
  void Tell(broker::v1::ExecutionReport report, bool book = true) {
    report.set_execution_sequence(journal.size() + 1);
    journal.push_back(report);
    if (book) Book(report);
  }
  void Book(const broker::v1::ExecutionReport& report) {
    OrderEvent event;
    event.account_id = kPaper;
    event.sequence = ++sequence;
    event.type = OrderEventType::kFilled;
    event.execution_sequence = report.execution_sequence();
    event.fill = Fill{.execution_id = ExecutionId(report.execution_id()),
                      .order_id = OrderId(report.order_id()),
                      .account_id = kPaper,
                      .symbol = Symbol(report.symbol()),
                      .side = static_cast<Side>(report.side()),
                      .quantity = *wire::FromProto(report.last_quantity(), "q"),
                      .price = *wire::FromProto(report.last_price(), "p"),
                      .fee = *wire::FromProto(report.fee(), "f"),
                      .fee_currency = "USD",
                      .sequence = sequence};
    Apply(event);
  }
  void Apply(const OrderEvent& event) {
    std::map<AccountId, PositionStore::Batch> batches;
    PositionStore::Batch& batch = batches[kPaper];
    batch.after = books[kPaper].totals().sequence;
    batch.opens = event.type == OrderEventType::kAccountOpened;
    auto applied = books[kPaper].Apply(event);
    ASSERT_TRUE(applied.ok);
    if (applied.fill) batch.fills.push_back(*applied.fill);
    ASSERT_TRUE(fills.Save(books, batches).ok());
  }
  // The venue changes a trade that it has made; a quantity of zero takes it back.
  broker::v1::ExecutionReport Correct(const std::string& id, std::uint32_t version, const char* quantity,
                                      const char* price) {
    broker::v1::ExecutionReport former = trades.front();
    for (const auto& trade : trades) {
      if (trade.execution_id() == id) former = trade;
    }
    Decimal old_quantity = *wire::FromProto(former.last_quantity(), "q");
    Decimal old_price = *wire::FromProto(former.last_price(), "p");
    Decimal now = Decimal::Of(quantity);
    bool busted = now.IsZero();
    positions["SPY"] += now - old_quantity;
    cash += Multiply(old_quantity, old_price, Rounding::kHalfEven) -
            Multiply(now, Decimal::Of(price), Rounding::kHalfEven) + (busted ? Decimal::Of("0.01") : Decimal());
    broker::v1::ExecutionReport report = Report(trades.size() + 1, id, Side::kBuy, quantity, price);
    report.set_type(busted ? broker::v1::EXECUTION_TYPE_TRADE_CANCEL : broker::v1::EXECUTION_TYPE_TRADE_CORRECT);
    report.set_exec_ref_id(id);
    report.set_version(version);
    trades.push_back(report);
    return report;
  }
  // Our books take back what it was, and book what it is.
  void BookVersion(const broker::v1::ExecutionReport& report, const char* old_quantity, const char* old_price) {
    auto fill = [&](bool reversal) {
      OrderEvent event;
      event.account_id = kPaper;
      event.sequence = ++sequence;
      event.type = reversal ? OrderEventType::kTradeCancel : OrderEventType::kTradeCorrect;
      event.execution_sequence = journal.size();
      event.fill =
          Fill{.execution_id =
                   ExecutionId(report.execution_id() + "/" + std::to_string(report.version()) + (reversal ? "r" : "")),
               .order_id = OrderId(report.order_id()),
               .account_id = kPaper,
               .symbol = Symbol(report.symbol()),
               .side = reversal ? Side::kSell : Side::kBuy,
               .quantity = reversal ? Decimal::Of(old_quantity) : *wire::FromProto(report.last_quantity(), "q"),
               .price = reversal ? Decimal::Of(old_price) : *wire::FromProto(report.last_price(), "p"),
               .fee = reversal ? -Decimal::Of("0.01") : Decimal::Of("0.01"),
               .fee_currency = "USD",
               .sequence = sequence,
               .exec_ref_id = ExecutionId(report.execution_id()),
               .version = report.version(),
               .reversal = reversal};
      Apply(event);
    };
    fill(true);
    if (report.type() == broker::v1::EXECUTION_TYPE_TRADE_CORRECT) fill(false);
  }
  World() {
    EXPECT_TRUE(fills.Fence().ok());
    OrderEvent opened;
    opened.account_id = kPaper;
    opened.sequence = ++sequence;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(1000);
    opened.currency = "USD";
    Apply(opened);
  }
  static order::v1::Order OurOrder(const std::string& id, order::v1::OrderStatus status) {
    order::v1::Order order;
    order.set_order_id(id);
    order.set_symbol("SPY");
    order.set_side(type::v1::SIDE_BUY);
    order.set_status(status);
    wire::ToProto(Decimal::FromInt(1), order.mutable_quantity());
    return order;
  }
  static broker::v1::VenueOrder VenueOrder(const std::string& id) {
    broker::v1::VenueOrder order;
    order.set_order_id(id);
    order.set_symbol("SPY");
    order.set_side(type::v1::SIDE_BUY);
    wire::ToProto(Decimal::FromInt(1), order.mutable_quantity());
    return order;
  }

  order::v1::ExternalPolicy policy;
  std::vector<order::v1::DecideExternalOrderRequest> decided;
  std::vector<broker::v1::AdoptVenueOrderRequest> adopted;
  // Numbers after the journal's end that the gateway has given.
  std::uint64_t lost_reports = 0;
  bool reachable = true;
  bool orders_reachable = true;
  bool audit_reachable = true;
  bool heals = true;
  Decimal cash = Decimal::FromInt(1000);
  std::map<std::string, Decimal> positions;
  std::vector<broker::v1::ExecutionReport> trades;
  std::vector<broker::v1::ExecutionReport> journal;
  std::vector<broker::v1::VenueOrder> venue_orders;
  std::vector<order::v1::Order> our_orders;
  std::vector<std::uint64_t> told;
  std::vector<int> reported;
  std::string reported_message;
  std::vector<audit::v1::AppendRecordRequest> records;
  std::vector<alert::v1::RaiseAlertRequest> alerts;
  std::uint64_t sequence = 0;
  AccountBooks books;
  MemoryPositionStore fills{std::make_shared<MemoryPositionStore::Disk>()};
};

class ReconcilerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    Start();
  }
  // A new process over what is stored.
  void Start() {
    store = std::make_unique<MemoryReconciliationStore>(disk);
    reconciler = std::make_unique<Reconciler>(
        options,
        Reconciler::Ports{
            .books = [this] { return present ? world.books : std::map<AccountId, positions::AccountBook>(); },
            .fills = world.fills,
            .store = *store,
            .others = world},
        clock, *log, metrics, [this](const std::string& why) { failed = why; });
    ASSERT_TRUE(reconciler->Recover().ok());
  }
  // Turns as they are due, for so long.
  void Run(std::int64_t seconds) {
    const std::int64_t end = clock.nanos + seconds * kOneSecond;
    while (true) {
      runtime::Turn turn = reconciler->Poll(clock.nanos);
      ASSERT_NE(turn.state, runtime::Turn::State::kEnded);
      if (turn.next_ns > end) break;
      clock.nanos = std::max(turn.next_ns, clock.nanos + 1);
    }
    clock.nanos = end;
  }
  position::v1::ReconciliationStatus Status() {
    position::v1::ListBreaksResponse response;
    reconciler->Show("paper", &response);
    return response.accounts_size() == 1 ? response.accounts(0) : position::v1::ReconciliationStatus();
  }
  std::vector<position::v1::Break> Breaks() {
    position::v1::ListBreaksResponse response;
    reconciler->Show("paper", &response);
    return {response.breaks().begin(), response.breaks().end()};
  }
  absl::StatusOr<position::v1::Break> Acknowledge(std::uint64_t number) {
    position::v1::AcknowledgeBreakRequest request;
    request.set_account_id("paper");
    request.set_break_id(number);
    request.set_reason("a deposit");
    request.set_actor("ann");
    absl::StatusOr<position::v1::Break> answer = absl::UnknownError("none");
    EXPECT_TRUE(reconciler->Acknowledge(request, [&](absl::StatusOr<position::v1::Break> told) { answer = told; }));
    (void)reconciler->Poll(clock.nanos);
    return answer;
  }

  World world;
  Reconciler::Options options;
  TestClock clock;
  std::unique_ptr<Logger> log;
  Metrics metrics;
  bool present = true;
  std::string failed;
  std::shared_ptr<MemoryReconciliationStore::Disk> disk = std::make_shared<MemoryReconciliationStore::Disk>();
  std::unique_ptr<MemoryReconciliationStore> store;
  std::unique_ptr<Reconciler> reconciler;
};

TEST_F(ReconcilerTest, NothingIsDifferentWhereAllThreeAgree) {
  for (int i = 0; i < 50; ++i)
    world.Tell(world.Make("e" + std::to_string(i), i % 3 == 0 ? Side::kSell : Side::kBuy, "2", "100.01"));
  world.our_orders = {World::OurOrder("a", order::v1::ORDER_STATUS_NEW),
                      World::OurOrder("held", order::v1::ORDER_STATUS_HELD)};
  world.venue_orders = {World::VenueOrder("a")};
  Run(100);
  EXPECT_EQ(Status().matched_trades(), 50U);
  EXPECT_EQ(Status().open_breaks(), 0);
  EXPECT_EQ(Status().pending(), 0);
  EXPECT_TRUE(Status().has_orders_time());
  EXPECT_TRUE(Status().has_positions_time());
  // Every ten seconds, the first at once.
  EXPECT_EQ(Status().comparisons(), 11U);
  EXPECT_EQ(world.reported, std::vector<int>(11, 0));
  EXPECT_TRUE(world.alerts.empty());
}

TEST_F(ReconcilerTest, ATradeThatWasNeverToldIsToldOnceAndBooked) {
  world.Make("lost", Side::kBuy, "2", "100");
  Run(30);
  EXPECT_EQ(world.told, std::vector<std::uint64_t>{1});
  EXPECT_EQ(Status().healed_trades(), 1U);
  EXPECT_EQ(Status().matched_trades(), 1U);
  EXPECT_EQ(Status().open_breaks(), 0);
  EXPECT_EQ(world.books.at(kPaper).totals().fills, 1);
  // It held nothing back.
  EXPECT_EQ(std::count(world.reported.begin(), world.reported.end(), 0),
            static_cast<std::ptrdiff_t>(world.reported.size()));
}

TEST_F(ReconcilerTest, ATradeThatCannotBeToldHoldsEntriesBackAndIsNeverMadeUp) {
  world.heals = false;
  world.Make("lost", Side::kBuy, "2", "100");
  Run(20);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Breaks()[0].type(), position::v1::BREAK_TYPE_MISSED_EXECUTION);
  EXPECT_FALSE(Breaks()[0].halts());
  // What explains the position is the trade: the position is no break of its own.
  Run(20);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_TRUE(Breaks()[0].halts());
  EXPECT_EQ(world.reported.back(), 1);
  EXPECT_EQ(world.books.at(kPaper).totals().fills, 0);
}

TEST_F(ReconcilerTest, ATradeUnderWayIsNoBreakAndOneThatStaysUnbookedIs) {
  auto trade = world.Make("e", Side::kBuy, "2", "100");
  world.Tell(trade, false);
  Run(3);
  EXPECT_EQ(Status().pending(), 1);
  EXPECT_TRUE(Breaks().empty());
  world.Book(world.journal[0]);
  Run(3);
  EXPECT_EQ(Status().pending(), 0);
  world.Tell(world.Make("f", Side::kBuy, "2", "100"), false);
  Run(60);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Breaks()[0].type(), position::v1::BREAK_TYPE_MISSING_FILL);
  EXPECT_EQ(Breaks()[0].execution_id(), "f");
  EXPECT_TRUE(world.told.empty());
  world.Book(world.journal[1]);
  Run(5);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(world.reported.back(), 0);
}

TEST_F(ReconcilerTest, AFillThatTheVenueNeverMadeIsABreakThatStays) {
  auto invented = Report(1, "ghost", Side::kSell, "5", "100");
  world.Tell(invented);
  Run(10);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Breaks()[0].type(), position::v1::BREAK_TYPE_UNKNOWN_FILL);
  EXPECT_EQ(Breaks()[0].venue(), "");
  EXPECT_TRUE(Breaks()[0].halts());
  Run(600);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_TRUE(Breaks()[0].aged());
  // Nothing was booked against it.
  EXPECT_EQ(world.books.at(kPaper).totals().fills, 1);
}

TEST_F(ReconcilerTest, APositionAndCashThatNothingExplainsAreBreaksWithTheNumbersOfBoth) {
  world.Tell(world.Make("e", Side::kBuy, "3", "100"));
  Run(1);
  world.positions["SPY"] += Decimal::FromInt(2);
  world.cash -= Decimal::FromInt(7);
  Run(40);
  ASSERT_EQ(Breaks().size(), 2U);
  EXPECT_EQ(Breaks()[1].type(), position::v1::BREAK_TYPE_POSITION);
  EXPECT_EQ(Breaks()[1].symbol(), "SPY");
  EXPECT_EQ(Breaks()[1].ours(), "3");
  EXPECT_EQ(Breaks()[1].venue(), "5");
  EXPECT_EQ(Breaks()[1].difference(), "2");
  EXPECT_EQ(Breaks()[0].type(), position::v1::BREAK_TYPE_CASH);
  EXPECT_EQ(Breaks()[0].difference(), "-7");
  EXPECT_EQ(world.reported.back(), 2);
  EXPECT_NE(world.reported_message.find("3 here, 5 at the venue"), std::string::npos);
  ASSERT_EQ(world.alerts.size(), 2U);
  EXPECT_EQ(world.alerts[0].level(), alert::v1::ALERT_LEVEL_CRITICAL);
  EXPECT_EQ(world.records.size(), 2U);
  // Never flattened, never booked by itself.
  EXPECT_EQ(world.books.at(kPaper).totals().fills, 1);
  // The venue takes its mistake back.
  world.positions["SPY"] -= Decimal::FromInt(2);
  world.cash += Decimal::FromInt(7);
  Run(5);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(world.reported.back(), 0);
  ASSERT_EQ(store->LoadBreaks(kPaper, 10)->size(), 2U);
  EXPECT_EQ((*store->LoadBreaks(kPaper, 10))[0].state, reconciliation::BreakState::kResolved);
}

TEST_F(ReconcilerTest, ACorrectionIsOneOfTheSameTradeAndHealsWhenItWasNotHeard) {
  world.Tell(world.Make("e", Side::kBuy, "2", "100"));
  Run(1);
  EXPECT_EQ(Status().matched_trades(), 1U);
  // The venue corrects it to another price, and nobody hears of it.
  const broker::v1::ExecutionReport corrected = world.Correct("e", 1, "2", "101");
  world.heals = false;
  Run(12);
  ASSERT_FALSE(world.told.empty());
  EXPECT_EQ(world.told.front(), 2U);
  EXPECT_TRUE(Breaks().empty());
  world.Tell(corrected, false);
  world.BookVersion(corrected, "2", "100");
  Run(12);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(Status().matched_trades(), 2U);
  EXPECT_EQ(Status().pending(), 0);
  EXPECT_EQ(world.reported.back(), 0);
  // Taken back: nothing of it is left anywhere.
  const broker::v1::ExecutionReport busted = world.Correct("e", 2, "0", "0");
  world.Tell(busted, false);
  world.BookVersion(busted, "2", "101");
  Run(12);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(Status().matched_trades(), 3U);
  EXPECT_TRUE(world.books.at(kPaper).net().empty());
}

TEST_F(ReconcilerTest, OtherNumbersWithoutAnotherVersionAreAskedAbout) {
  world.Tell(world.Make("e", Side::kBuy, "2", "100"));
  Run(1);
  broker::v1::ExecutionReport silent = Report(world.trades.size() + 1, "e", Side::kBuy, "2", "103");
  silent.set_type(broker::v1::EXECUTION_TYPE_TRADE_CORRECT);
  world.trades.push_back(silent);
  Run(60);
  ASSERT_EQ(Breaks().size(), 2U);  // that, and the cash that it would have taken
  EXPECT_EQ(Breaks()[1].type(), position::v1::BREAK_TYPE_EXECUTION_DIFFERS);
  EXPECT_TRUE(Breaks()[1].halts());
  EXPECT_TRUE(world.told.empty());
  EXPECT_EQ(world.books.at(kPaper).totals().fills, 1);
}

TEST_F(ReconcilerTest, AnOrderMadeElsewhereIsTakenInByPolicyAndOneOfOursNever) {
  world.policy.set_handling(order::v1::EXTERNAL_HANDLING_ATTRIBUTE);
  world.policy.set_actor("user:a");
  world.policy.add_rules()->set_deployment_id("momentum");
  world.venue_orders = {World::VenueOrder("elsewhere"), World::VenueOrder("ours")};
  world.venue_orders[0].set_external(order::v1::EXTERNAL_HANDLING_ASK);
  Run(1);
  ASSERT_EQ(world.adopted.size(), 1U);
  EXPECT_EQ(world.adopted[0].order_id(), "elsewhere");
  EXPECT_EQ(world.adopted[0].deployment_id(), "momentum");
  EXPECT_EQ(world.adopted[0].actor(), "user:a");
  world.our_orders = {World::OurOrder("elsewhere", order::v1::ORDER_STATUS_NEW),
                      World::OurOrder("ours", order::v1::ORDER_STATUS_NEW)};
  world.our_orders[0].mutable_external()->set_handling(order::v1::EXTERNAL_HANDLING_ATTRIBUTE);
  Run(20);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(world.adopted.size(), 1U);
  position::v1::ListBreaksResponse shown;
  reconciler->Show("", &shown);
  ASSERT_EQ(shown.external_orders_size(), 1);
  EXPECT_EQ(shown.external_orders(0).handling(), order::v1::EXTERNAL_HANDLING_ATTRIBUTE);
}

TEST_F(ReconcilerTest, OrdersThatOnlyOneSideHasAreBreaks) {
  world.our_orders = {World::OurOrder("dropped", order::v1::ORDER_STATUS_NEW),
                      World::OurOrder("sent", order::v1::ORDER_STATUS_SUBMITTED)};
  world.venue_orders = {World::VenueOrder("elsewhere")};
  Run(10);
  ASSERT_EQ(Breaks().size(), 2U);
  std::map<position::v1::BreakType, std::string> found;
  for (const auto& one : Breaks()) found[one.type()] = one.order_id();
  EXPECT_EQ(found[position::v1::BREAK_TYPE_EXTERNAL_ORDER], "elsewhere");
  EXPECT_EQ(found[position::v1::BREAK_TYPE_ORDER_NOT_AT_VENUE], "dropped");
}

// After a gateway's death: who sent it asks the venue what became of it, which may take longer than the patience here.
TEST_F(ReconcilerTest, AnOrderWhoseOutcomeIsNotKnownIsNoBreakUntilItIs) {
  world.our_orders = {World::OurOrder("in_doubt", order::v1::ORDER_STATUS_NEW)};
  world.our_orders[0].set_outcome_unknown(true);
  Run(60);
  EXPECT_TRUE(Breaks().empty());
  world.our_orders[0].set_outcome_unknown(false);
  // The next look comes in ten seconds, and patience after it.
  Run(30);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Breaks()[0].type(), position::v1::BREAK_TYPE_ORDER_NOT_AT_VENUE);
}

TEST_F(ReconcilerTest, AnOrderWhoseEndIsToldAndNotTakenInIsNoBreakHoweverLongItTakes) {
  world.Tell(world.Make("e", Side::kBuy, "1", "100"));
  // It has ended at the venue, which is told, and order management has not taken it in.
  world.our_orders = {World::OurOrder("ended", order::v1::ORDER_STATUS_NEW)};
  broker::v1::ExecutionReport end = Report(2, "", Side::kBuy, "0", "0");
  end.set_type(broker::v1::EXECUTION_TYPE_CANCELED);
  world.journal.push_back(end);
  Run(60);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(world.reported.back(), 0);
  // Taken in, and the order is open here all the same.
  OrderEvent taken;
  taken.account_id = kPaper;
  taken.sequence = ++world.sequence;
  taken.type = OrderEventType::kCancelRejected;
  taken.execution_sequence = 2;
  world.Apply(taken);
  Run(10);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Breaks()[0].type(), position::v1::BREAK_TYPE_ORDER_NOT_AT_VENUE);
}

TEST_F(ReconcilerTest, WithoutAnAnswerNothingIsABreakAndNothingIsGone) {
  world.positions["SPY"] += Decimal::FromInt(2);
  Run(10);
  ASSERT_EQ(Breaks().size(), 1U);
  const auto before = world.reported.size();
  world.reachable = false;
  world.positions.clear();
  Run(60);
  EXPECT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Status().problem(), "the gateway is away");
  EXPECT_EQ(world.reported.size(), before);
  world.orders_reachable = false;
  world.reachable = true;
  Run(60);
  EXPECT_EQ(Status().problem(), "order management is away");
  EXPECT_EQ(Breaks().size(), 1U);
  world.orders_reachable = true;
  Run(15);
  EXPECT_EQ(Status().problem(), "");
  EXPECT_TRUE(Breaks().empty());
}

TEST_F(ReconcilerTest, NothingIsComparedWhileOurLogIsReadUpToItsHead) {
  present = false;
  world.Tell(world.Make("e", Side::kBuy, "3", "100"), false);
  Run(60);
  EXPECT_TRUE(world.reported.empty());
  present = true;
  world.Book(world.journal[0]);
  Run(2);
  EXPECT_EQ(world.reported, std::vector<int>{0});
}

TEST_F(ReconcilerTest, AnAcknowledgedBreakHoldsNothingBackOverARestart) {
  world.cash += Decimal::FromInt(50);
  Run(10);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(world.reported.back(), 1);
  EXPECT_TRUE(absl::IsNotFound(Acknowledge(7).status()));
  auto acknowledged = Acknowledge(1);
  ASSERT_TRUE(acknowledged.ok()) << acknowledged.status();
  EXPECT_EQ(acknowledged->state(), position::v1::BREAK_STATE_ACKNOWLEDGED);
  EXPECT_EQ(acknowledged->acknowledged_by(), "ann");
  EXPECT_EQ(world.reported.back(), 0);
  Start();
  Run(60);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Breaks()[0].state(), position::v1::BREAK_STATE_ACKNOWLEDGED);
  EXPECT_EQ(Breaks()[0].acknowledge_reason(), "a deposit");
  EXPECT_EQ(world.reported.back(), 0);
  // More of it is another matter.
  world.cash += Decimal::FromInt(1);
  Run(60);
  EXPECT_EQ(Breaks()[0].state(), position::v1::BREAK_STATE_OPEN);
  EXPECT_EQ(world.reported.back(), 1);
}

TEST_F(ReconcilerTest, ARestartReadsOnAndCountsNothingTwice) {
  world.Tell(world.Make("a", Side::kBuy, "3", "100"));
  // Under way while the process dies.
  world.Make("b", Side::kBuy, "1", "100");
  world.heals = false;
  Run(10);
  EXPECT_EQ(Status().matched_trades(), 1U);
  Start();
  Run(2);
  EXPECT_EQ(Status().matched_trades(), 1U);
  ASSERT_EQ(Breaks().size(), 1U);
  EXPECT_EQ(Breaks()[0].break_id(), 1U);
  world.heals = true;
  Run(30);
  EXPECT_EQ(Status().matched_trades(), 2U);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(world.books.at(kPaper).totals().fills, 2);
}

TEST_F(ReconcilerTest, ACommitThatFailsIsMadeWithTheNextComparison) {
  world.cash += Decimal::FromInt(50);
  Run(4);
  // In doubt: it was made, and its answer lost.
  disk->faults.FailNext(absl::UnknownError("lost"), true);
  disk->faults.FailNext(absl::UnavailableError("no room"), false);
  Run(4);
  EXPECT_EQ(Breaks().size(), 1U);
  Run(10);
  ASSERT_EQ(store->LoadBreaks(kPaper, 10)->size(), 1U);
  // People hear of it once: the request id of a fact is always the same.
  std::set<std::string> ids;
  for (const auto& alert : world.alerts) ids.insert(alert.request_id());
  EXPECT_EQ(ids.size(), 1U);
}

TEST_F(ReconcilerTest, WhatCannotBeToldYetIsToldLater) {
  world.audit_reachable = false;
  world.cash += Decimal::FromInt(50);
  Run(20);
  EXPECT_EQ(world.alerts.size(), 1U);
  EXPECT_TRUE(world.records.empty());
  Start();
  world.audit_reachable = true;
  Run(5);
  ASSERT_EQ(world.records.size(), 1U);
  EXPECT_EQ(world.records[0].action(), "reconciliation.break_opened");
}

TEST_F(ReconcilerTest, EachDayThatHasEndedHasACertificateThatNamesTheOneBefore) {
  auto day = [&](std::int64_t number) { world.books.at(kPaper).StartDay(ledger::MarkBoard(), number); };
  day(20'000);
  world.Tell(world.Make("a", Side::kBuy, "3", "100"));
  Run(60);
  EXPECT_TRUE(store->LoadTieOuts(kPaper, 10)->empty());
  day(20'001);
  Run(15);
  ASSERT_EQ(store->LoadTieOuts(kPaper, 10)->size(), 1U);
  position::v1::TieOut first = (*store->LoadTieOuts(kPaper, 10))[0];
  EXPECT_EQ(first.day(), "2024-10-04");
  EXPECT_TRUE(first.ties()) << first.text();
  EXPECT_EQ(first.fills(), 1U);
  EXPECT_EQ(first.lines(0).closing().value(), "699.99");
  EXPECT_EQ(first.lines(1).symbol(), "SPY");
  EXPECT_EQ(first.lines(1).closing().value(), "3");
  EXPECT_EQ(first.former_hash(), "");
  // Over a restart, from the long side to the short one.
  world.Tell(world.Make("b", Side::kSell, "5", "100"));
  Start();
  Run(15);
  day(20'002);
  Run(15);
  ASSERT_EQ(store->LoadTieOuts(kPaper, 10)->size(), 2U);
  position::v1::TieOut second = (*store->LoadTieOuts(kPaper, 10))[0];
  EXPECT_TRUE(second.ties()) << second.text();
  EXPECT_EQ(second.fills(), 1U);
  EXPECT_EQ(second.lines(1).opening().value(), "3");
  EXPECT_EQ(second.lines(1).closing().value(), "-2");
  EXPECT_EQ(second.former_hash(), first.hash());
  EXPECT_NE(second.hash(), first.hash());
  // Books that stand in a certified day again after a restart end it no second time.
  Start();
  day(20'001);
  Run(15);
  day(20'002);
  Run(15);
  ASSERT_EQ(store->LoadTieOuts(kPaper, 10)->size(), 2U);
  // A day with a difference says so.
  world.cash += Decimal::FromInt(4);
  day(20'003);
  Run(15);
  EXPECT_EQ((*store->LoadTieOuts(kPaper, 10))[0].former_hash(), second.hash());
  position::v1::TieOut third = (*store->LoadTieOuts(kPaper, 10))[0];
  EXPECT_FALSE(third.ties());
  ASSERT_EQ(third.differences_size(), 1);
  EXPECT_NE(third.differences(0).find("at the venue"), std::string::npos);
  std::vector<std::string> titles;
  for (const auto& alert : world.alerts) titles.push_back(alert.title());
  EXPECT_EQ(std::count(titles.begin(), titles.end(), "Day tied out"), 2);
  EXPECT_EQ(std::count(titles.begin(), titles.end(), "Day does not tie out"), 1);
}

TEST_F(ReconcilerTest, ReportsThatWereLostAreWaitedForAndThenLeftOut) {
  world.Tell(world.Make("e", Side::kBuy, "1", "100"));
  world.lost_reports = 3;
  Run(3);
  EXPECT_NE(Status().problem().find("journal"), std::string::npos);
  EXPECT_TRUE(world.reported.empty());
  Run(40);
  EXPECT_EQ(Status().problem(), "");
  EXPECT_EQ(Status().matched_trades(), 1U);
  EXPECT_EQ(world.reported.back(), 0);
}

TEST_F(ReconcilerTest, AnOlderProcessStoresNothingMoreAndEnds) {
  Run(1);
  MemoryReconciliationStore newer(disk);
  ASSERT_TRUE(newer.Fence().ok());
  Run(20);
  EXPECT_NE(failed.find("newer"), std::string::npos);
}

TEST_F(ReconcilerTest, SeveralPagesThatAllThreeTellAlikeAreReadAtOnce) {
  constexpr int kTrades = 3'000;
  for (int i = 0; i < kTrades; ++i)
    world.Tell(world.Make("e" + std::to_string(i), i % 2 == 0 ? Side::kBuy : Side::kSell, "1", "10"));
  Run(1);
  EXPECT_EQ(Status().problem(), "");
  EXPECT_EQ(Status().matched_trades(), std::uint64_t{kTrades});
  EXPECT_EQ(world.reported.back(), 0);
}

// A long past is never in memory as a whole: the venue waits for the journal, which has other reports between the
// trades.
TEST_F(ReconcilerTest, WhoIsFarAheadWaitsForTheOthers) {
  for (int i = 0; i < 25'000; ++i) {
    broker::v1::ExecutionReport trade =
        world.Make("e" + std::to_string(i), i % 2 == 0 ? Side::kBuy : Side::kSell, "1", "10");
    // Of four reports in the journal one is a trade.
    for (int other = 0; other < 3; ++other) {
      broker::v1::ExecutionReport report = trade;
      report.set_type(broker::v1::EXECUTION_TYPE_NEW);
      report.set_execution_sequence(world.journal.size() + 1);
      world.journal.push_back(report);
    }
    trade.set_execution_sequence(world.journal.size() + 1);
    world.journal.push_back(trade);
  }
  Run(0);
  EXPECT_NE(Status().problem().find("still reading"), std::string::npos);
  EXPECT_TRUE(world.reported.empty());
  MemoryReconciliationStore stored(disk);
  auto loaded = stored.Load();
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->size(), 1U);
  const ReconciliationState& state = loaded->begin()->second.state;
  EXPECT_GT(state.trade_number, 0U);
  EXPECT_GT(state.execution_sequence, 0U);
  auto ahead = std::count_if(state.open.begin(), state.open.end(), [](const auto& seen) { return !seen.journal; });
  EXPECT_LE(ahead, 5'000 + 1'000);
}

// A past that one of the three does not have at all: it holds entries back, and what is kept and told of it has a
// bound.
TEST_F(ReconcilerTest, APastThatIsMissingAsAWholeIsToldInPart) {
  options.trades_told_max = 10;
  options.trades_open_max = 1'500;
  Start();
  for (int i = 1; i <= 2'500; ++i)
    world.Tell(Report(static_cast<std::uint64_t>(i), "ghost" + std::to_string(i), i % 2 == 0 ? Side::kBuy : Side::kSell,
                      "1", "10"));
  Run(30);
  EXPECT_EQ(Breaks().size(), 10U);
  EXPECT_NE(Status().problem().find("trades differ; the first 10 are told"), std::string::npos) << Status().problem();
  EXPECT_GT(world.reported.back(), 0);
  MemoryReconciliationStore stored(disk);
  auto loaded = stored.Load();
  ASSERT_TRUE(loaded.ok());
  // The page with which it was more.
  EXPECT_EQ(loaded->begin()->second.state.open.size(), 2'000U);
}

// What was only never told heals, however much of it there is: who told too much waits, and the others are read on.
TEST_F(ReconcilerTest, MoreThanIsKeptThatWasNeverToldHealsAllTheSame) {
  options.trades_told_max = 10;
  options.trades_open_max = 500;
  Start();
  for (int i = 0; i < 2'200; ++i) world.Make("e" + std::to_string(i), i % 2 == 0 ? Side::kBuy : Side::kSell, "1", "10");
  Run(120);
  EXPECT_EQ(Status().matched_trades(), 2'200U);
  EXPECT_TRUE(Breaks().empty());
  EXPECT_EQ(world.reported.back(), 0);
}

}  // namespace
}  // namespace ballast
