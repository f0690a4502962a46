// How orders were executed: followed from the log and the market, stored, read again by the process that follows.
#include <set>

#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/strategy_runner/order_quality_codec.h"
#include "services/strategy_runner/order_quality_desk.h"
#include "services/strategy_runner/order_quality_postgres.h"
#include "services/strategy_runner/testing/memory_order_quality_store.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class QualityStage {
 public:
  QualityStage() {
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    Restart();
  }
  // A new process; the one before is gone without a word.
  void Restart() {
    desk.reset();
    board = std::make_unique<QuoteBoard>();
    store = std::make_unique<MemoryOrderQualityStore>(tables);
    desk = std::make_unique<OrderQualityDesk>(
        kept, OrderQualityDesk::Ports{.store = *store,
                                      .quotes = *board,
                                      .clock = clock,
                                      .log = *log,
                                      .metrics = metrics,
                                      .fail = [this](const std::string& why) { failed = why; }});
    ASSERT_EQ(desk->Recover(), absl::OkStatus());
  }
  // The market says so now; market and clock are one here.
  void Quote(const char* bid, const char* ask, bool halted = false) {
    broker::v1::StreamMarketDataResponse step;
    wire::ToProto(clock.Now(), step.mutable_market_time());
    broker::v1::Quote& quote = *step.add_quotes();
    quote.set_symbol("SPY");
    quote.mutable_bid_price()->set_value(bid);
    quote.mutable_ask_price()->set_value(ask);
    quote.set_halted(halted);
    board->Take(step, clock.Now());
  }
  void Pass(std::int64_t nanos) {
    clock.nanos += nanos;
    broker::v1::StreamMarketDataResponse step;
    wire::ToProto(clock.Now(), step.mutable_market_time());
    board->Take(step, clock.Now());
    desk->Work();
  }
  order::v1::OrderEvent Event(order::v1::OrderEventType type, order::v1::OrderStatus status, const char* filled = "0",
                              const char* price = "0", const std::string& id = "o1") {
    order::v1::OrderEvent event;
    event.set_account_id("paper");
    event.set_sequence(++sequence);
    event.set_type(type);
    wire::ToProto(clock.Now(), event.mutable_event_time());
    order::v1::Order& order = *event.mutable_order();
    order.set_order_id(id);
    order.set_account_id("paper");
    order.set_request_id("mine-" + id);
    order.set_symbol("SPY");
    order.set_side(type::v1::SIDE_BUY);
    order.set_type(type::v1::ORDER_TYPE_MARKET);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
    order.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    order.set_status(status);
    order.set_sequence(event.sequence());
    order.mutable_quantity()->set_value("10");
    order.mutable_cumulative_quantity()->set_value(filled);
    order.mutable_average_price()->set_value(price);
    order.mutable_leaves_quantity()->set_value("0");
    order.mutable_fees()->set_value(filled == std::string("0") ? "0" : "1");
    wire::ToProto(clock.Now(), order.mutable_create_time());
    return event;
  }
  order::v1::OrderEvent Filled(const char* quantity, const char* price) {
    order::v1::OrderEvent event =
        Event(order::v1::ORDER_EVENT_TYPE_FILLED, order::v1::ORDER_STATUS_FILLED, quantity, price);
    order::v1::Fill& fill = *event.mutable_fill();
    fill.set_execution_id("e1");
    fill.set_order_id("o1");
    fill.set_account_id("paper");
    fill.set_symbol("SPY");
    fill.set_side(type::v1::SIDE_BUY);
    fill.mutable_quantity()->set_value(quantity);
    fill.mutable_price()->set_value(price);
    fill.mutable_fee()->set_value("1");
    fill.set_fee_currency("USD");
    wire::ToProto(clock.Now(), fill.mutable_transact_time());
    return event;
  }
  order::v1::OrderEvent Sent(const std::string& id = "o1") {
    return Event(order::v1::ORDER_EVENT_TYPE_PENDING_NEW, order::v1::ORDER_STATUS_PENDING_NEW, "0", "0", id);
  }
  bool Tell(const std::vector<order::v1::OrderEvent>& events) {
    order::v1::StreamOrderEventsResponse response;
    for (const order::v1::OrderEvent& event : events) *response.add_events() = event;
    return desk->OnEvents(response);
  }
  execution::OrderQuality Stored(const std::string& id = "o1") const {
    return execution::QualityOf(*SingleOrderOf(tables->rows.at(id).kept));
  }

  std::int64_t kept = 100;
  std::uint64_t sequence = 0;
  StageClock clock;
  std::unique_ptr<Logger> log;
  Metrics metrics;
  std::unique_ptr<QuoteBoard> board;
  std::shared_ptr<MemoryOrderQualityTables> tables = std::make_shared<MemoryOrderQualityTables>();
  std::unique_ptr<MemoryOrderQualityStore> store;
  std::unique_ptr<OrderQualityDesk> desk;
  std::string failed;
};

TEST(OrderQualityTest, AnOrdersCostIsToldInItsParts) {
  QualityStage stage;
  stage.Quote("99", "101");
  stage.clock.nanos += 1;
  ASSERT_TRUE(stage.Tell({stage.Sent()}));
  ASSERT_TRUE(stage.Tell({stage.Filled("10", "101")}));
  stage.clock.nanos += kSecond - 1;
  stage.Quote("103", "105");
  stage.Pass(kSecond);
  const execution::OrderQuality told = stage.Stored();
  EXPECT_EQ(*told.arrival_slippage, Decimal::Of("100"));
  EXPECT_EQ(*told.spread_cost, Decimal::Of("10"));
  EXPECT_EQ(told.shortfall->total(), Decimal::Of("11"));
  EXPECT_EQ(told.markouts[0].amount, Decimal::Of("30"));
  EXPECT_EQ(told.markouts[1].measured_quantity, Decimal());
  EXPECT_TRUE(stage.tables->rows.at("o1").watched);
  EXPECT_EQ(stage.tables->cursors.at("paper"), 2U);
}

// Killed after anything: what was stored is known, and what nobody saw is not made up.
TEST(OrderQualityTest, TheProcessThatFollowsLooksOn) {
  QualityStage stage;
  stage.Quote("99", "101");
  stage.clock.nanos += 1;
  const order::v1::OrderEvent sent = stage.Sent();
  ASSERT_TRUE(stage.Tell({sent}));
  stage.Pass(kSecond);
  stage.Restart();
  EXPECT_EQ(stage.desk->followed(), 1U);
  ASSERT_TRUE(stage.Tell({sent}));  // told again
  ASSERT_TRUE(stage.Tell({stage.Filled("10", "101")}));
  // Died before that was stored: the log tells it again.
  stage.Restart();
  --stage.sequence;
  ASSERT_TRUE(stage.Tell({stage.Filled("10", "101")}));
  stage.Quote("103", "105");
  stage.Pass(10 * kSecond);
  EXPECT_EQ(*stage.Stored().arrival_slippage, Decimal::Of("100"));
  EXPECT_EQ(stage.Stored().markouts[1].measured_quantity, Decimal::Of("10"));
  // Nobody hears the market for five minutes.
  stage.Restart();
  stage.Pass(400 * kSecond);
  stage.Pass(2 * kSecond);
  EXPECT_EQ(stage.desk->followed(), 0U);
  EXPECT_FALSE(stage.tables->rows.at("o1").watched);
  EXPECT_EQ(stage.Stored().markouts[3].measured_quantity, Decimal());
}

TEST(OrderQualityTest, AMarketThatNobodyStandsBehindIsNoPrice) {
  QualityStage stage;
  stage.Quote("99", "101", true);
  stage.clock.nanos += 1;
  ASSERT_TRUE(stage.Tell({stage.Sent(), stage.Filled("10", "101")}));
  stage.Pass(2 * kSecond);
  EXPECT_FALSE(stage.Stored().arrival_slippage);
  EXPECT_EQ(stage.Stored().markouts[0].measured_quantity, Decimal());
}

TEST(OrderQualityTest, AGapIsReadAgainAndWhatIsNotStoredIsStoredWithTheNext) {
  QualityStage stage;
  ASSERT_TRUE(stage.Tell({stage.Sent()}));
  ++stage.sequence;
  EXPECT_FALSE(stage.Tell({stage.Filled("10", "101")}));
  stage.tables->refuse_saves = 1;
  stage.Pass(kSecond);
  EXPECT_TRUE(stage.tables->rows.empty());
  stage.Pass(kSecond);
  EXPECT_TRUE(stage.tables->rows.contains("o1"));
  ASSERT_TRUE(MemoryOrderQualityStore(stage.tables).Fence().ok());
  stage.sequence = 1;
  ASSERT_TRUE(stage.Tell({stage.Filled("10", "101")}));
  stage.Pass(kSecond);
  EXPECT_NE(stage.failed, "");
}

TEST(OrderQualityTest, MoreThanCanBeFollowedAreLeftOutAndCounted) {
  QualityStage stage;
  for (std::size_t i = 0; i <= OrderQualityDesk::kFollowedMost; ++i)
    ASSERT_TRUE(stage.Tell({stage.Sent("o" + std::to_string(i))}));
  EXPECT_EQ(stage.desk->followed(), OrderQualityDesk::kFollowedMost);
  EXPECT_NE(stage.metrics.Text().find("ballast_strategy_quality_left_out_total 1"), std::string::npos);
  // The place in the log is stored with the last of them, and not before.
  stage.Pass(kSecond);
  EXPECT_EQ(stage.tables->rows.size(), OrderQualityDesk::kSavedAtOnce);
  EXPECT_TRUE(stage.tables->cursors.empty());
  stage.desk->Close();
  EXPECT_EQ(stage.tables->rows.size(), OrderQualityDesk::kFollowedMost);
  EXPECT_EQ(stage.tables->cursors.at("paper"), OrderQualityDesk::kFollowedMost + 1);
}

class OrderQualityStoreTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("Postgres")) {
      database = TestPostgres::Get().NewSchema();
      ASSERT_TRUE(database->Migrate(Migrations_strategy_runner()).ok());
    }
  }
  std::unique_ptr<OrderQualityStore> Open() {
    if (database) return std::make_unique<PostgresOrderQualityStore>(*database);
    return std::make_unique<MemoryOrderQualityStore>(tables);
  }
  static OrderQualityStore::Row Row(const std::string& id, std::int64_t seconds, const std::string& account = "paper") {
    OrderQualityStore::Row row;
    row.kept.set_order_id(id);
    row.kept.set_account_id(account);
    row.kept.set_symbol("SPY");
    row.kept.mutable_create_time()->set_seconds(seconds);
    return row;
  }
  static std::string Ids(const absl::StatusOr<std::vector<OrderQualityStore::Row>>& rows) {
    std::string ids;
    for (const OrderQualityStore::Row& row : *rows) ids += row.kept.order_id() + " ";
    return ids;
  }

  std::unique_ptr<Database> database;
  std::shared_ptr<MemoryOrderQualityTables> tables = std::make_shared<MemoryOrderQualityTables>();
};

TEST_P(OrderQualityStoreTest, TheNewestComeFirstWithoutChildrenAndTheOldestGo) {
  auto store = Open();
  ASSERT_TRUE(store->Fence().ok());
  OrderQualityStore::Row child = Row("child", 9), watched = Row("watched", 1);
  child.child = true;
  watched.watched = true;
  ASSERT_TRUE(store->Save({.rows = {Row("a", 5), Row("b", 7), Row("c", 7, "other"), child, watched}}).ok());
  EXPECT_EQ(Ids(store->Read({.most = 10})), "c b a watched ");
  EXPECT_EQ(Ids(store->Read({.most = 2})), "c b ");
  EXPECT_EQ(Ids(store->Read({.account_id = "paper", .symbol = "SPY", .most = 10})), "b a watched ");
  EXPECT_EQ(Ids(store->Read({.from = {5 * kSecond}, .to = {7 * kSecond}, .most = 10})), "a ");
  EXPECT_EQ(Ids(store->LoadWatched(10)), "watched ");
  EXPECT_TRUE((*store->Find("child"))->child);
  EXPECT_FALSE(store->Find("none")->has_value());
  ASSERT_TRUE(store->Trim(2).ok());
  EXPECT_EQ(Ids(store->Read({.most = 10})), "c watched ");
}

TEST_P(OrderQualityStoreTest, ARowStandsInForWhatWasThereAndTheNewestProcessAloneWrites) {
  auto store = Open();
  ASSERT_TRUE(store->Fence().ok());
  OrderQualityStore::Row row = Row("a", 5);
  row.watched = true;
  ASSERT_TRUE(store->Save({.rows = {row}, .cursors = OrderQualityStore::Cursors{{"paper", 7}}}).ok());
  row.watched = false;
  row.kept.set_sequence(8);
  ASSERT_TRUE(store->Save({.rows = {row}, .cursors = OrderQualityStore::Cursors{{"paper", 8}}}).ok());
  EXPECT_EQ((*store->Find("a"))->kept.sequence(), 8U);
  EXPECT_EQ(Ids(store->LoadWatched(10)), "");
  EXPECT_EQ(*store->LoadCursors(), (OrderQualityStore::Cursors{{"paper", 8}}));
  auto next = Open();
  ASSERT_TRUE(next->Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save({.rows = {Row("b", 1)}})));
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Trim(0)));
  EXPECT_EQ(Ids(next->Read({.most = 10})), "a ");
}

INSTANTIATE_TEST_SUITE_P(Stores, OrderQualityStoreTest, ::testing::Values("Memory", "Postgres"));

}  // namespace
}  // namespace ballast
