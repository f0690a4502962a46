// Orders whose venue was down: to whom they go, once, whoever dies on the way.
#include "services/strategy_runner/elsewhere_desk.h"

#include "gtest/gtest.h"
#include "libs/orders/elsewhere.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/strategy_runner/elsewhere_postgres.h"
#include "services/strategy_runner/testing/memory_elsewhere_store.h"
#include "services/strategy_runner/testing/route_stage.h"
#include "services/strategy_runner/testing/scripted_account.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

using execution::v1::ElsewhereOrder;

class ElsewhereStage {
 public:
  ElsewhereStage() {
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    gate.SetDays({});
    venues.accounts.clear_accounts();
    for (const char* account : {"first", "second", "third"}) {
      order::v1::Account& one = *venues.accounts.add_accounts();
      one.set_account_id(account);
      one.set_broker(std::string("venue-of-") + account);
      one.set_mode(type::v1::ACCOUNT_MODE_PAPER);
      one.set_currency("USD");
    }
    Restart();
  }
  // A new process; the one before is gone without a word.
  void Restart() {
    desk.reset();
    store = std::make_unique<MemoryElsewhereStore>(tables);
    desk =
        std::make_unique<ElsewhereDesk>(*ElsewherePolicies::Of({policy}),
                                        ElsewhereDesk::Ports{.neighbours = venues,
                                                             .children = venues,
                                                             .accounts = books,
                                                             .store = *store,
                                                             .gate = gate,
                                                             .clock = clock,
                                                             .log = *log,
                                                             .fail = [this](const std::string& why) { failed = why; }});
    ASSERT_EQ(desk->Recover(), absl::OkStatus());
  }
  // As the order log has it: refused, unsent.
  order::v1::OrderEvent Refused(std::uint64_t sequence, const std::string& id = "o1") const {
    order::v1::OrderEvent event;
    event.set_account_id("first");
    event.set_sequence(sequence);
    event.set_type(order::v1::ORDER_EVENT_TYPE_REJECTED);
    wire::ToProto(clock.Now(), event.mutable_event_time());
    order::v1::Order& order = *event.mutable_order();
    order.set_order_id(id);
    order.set_account_id("first");
    order.set_request_id("mine-" + id);
    order.set_symbol("SPY");
    order.set_side(type::v1::SIDE_BUY);
    order.set_type(type::v1::ORDER_TYPE_LIMIT);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_GTC);
    order.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    order.set_status(order::v1::ORDER_STATUS_REJECTED);
    order.mutable_quantity()->set_value("5");
    order.mutable_limit_price()->set_value("100");
    for (auto* zero : {order.mutable_cumulative_quantity(), order.mutable_leaves_quantity(),
                       order.mutable_average_price(), order.mutable_fees()})
      zero->set_value("0");
    order.mutable_rejection()->set_reason(type::v1::REJECT_REASON_BROKER_UNAVAILABLE);
    order.mutable_rejection()->set_check(std::string(orders::kMayGoElsewhere));
    return event;
  }
  bool Tell(const std::vector<order::v1::OrderEvent>& events) {
    order::v1::StreamOrderEventsResponse response;
    for (const order::v1::OrderEvent& event : events) *response.add_events() = event;
    return desk->OnEvents(response);
  }
  void Pass(std::int64_t nanos) {
    clock.nanos += nanos;
    desk->Work();
  }
  ElsewhereOrder Now(const std::string& id = "o1") { return tables->orders.at(id); }
  // "PLACED second third".
  std::string Told(const std::string& id = "o1") {
    if (!tables->orders.contains(id)) return "none";
    const ElsewhereOrder row = Now(id);
    std::string told = execution::v1::ElsewhereState_Name(row.state()).substr(16);
    for (const auto& attempt : row.attempts())
      told += " " + attempt.account_id() + ":" + execution::v1::AttemptState_Name(attempt.state()).substr(14);
    return told;
  }

  StageClock clock;
  std::string policy = "first|second,third";
  std::unique_ptr<Logger> log;
  StagedOrders orders;
  StagedVenues venues{orders};
  ScriptedAccount books;
  std::shared_ptr<MemoryElsewhereTables> tables = std::make_shared<MemoryElsewhereTables>();
  std::unique_ptr<MemoryElsewhereStore> store;
  EntryGate gate;
  std::unique_ptr<ElsewhereDesk> desk;
  std::string failed;
};

TEST(ElsewhereDeskTest, AnOrderThatWasNotSentGoesToTheFirstThatTakesIt) {
  ElsewhereStage stage;
  ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
  EXPECT_TRUE(stage.orders.calls.empty());  // stored first
  EXPECT_EQ(stage.tables->cursors.at("first"), 8U);
  stage.Pass(1);
  EXPECT_EQ(stage.Told(), "PLACED second:PLACED");
  ASSERT_EQ(stage.orders.by_request.size(), 1U);
  const order::v1::Order& went = stage.orders.by_request.at("elsewhere-o1-1");
  EXPECT_EQ(went.account_id(), "second");
  EXPECT_EQ(went.quantity().value(), "5");
  EXPECT_EQ(went.time_in_force(), type::v1::TIME_IN_FORCE_GTC);
  ASSERT_EQ(stage.venues.alerts.size(), 1U);
  EXPECT_EQ(stage.venues.alerts[0].level(), alert::v1::ALERT_LEVEL_INFO);
  // Told again, and by another process, it is the same.
  ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
  stage.Restart();
  ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
  stage.Pass(1);
  EXPECT_EQ(stage.orders.by_request.size(), 1U);
  EXPECT_FALSE(stage.desk->has_work());
}

TEST(ElsewhereDeskTest, WhoeverDiesItIsOneOrder) {
  // Before and after the row, the request, the answer.
  for (int died = 0; died < 4; ++died) {
    ElsewhereStage stage;
    if (died == 0) stage.tables->refuse_saves = 1;
    if (died == 1) stage.orders.lose_requests = 1;
    if (died == 2) stage.orders.lose_answers = 1;
    if (!stage.Tell({stage.Refused(8)})) {
      EXPECT_EQ(died, 0);
      EXPECT_EQ(stage.Told(), "none");
    } else {
      if (died == 3) stage.tables->refuse_saves = 2;
      stage.Pass(1);
    }
    stage.Restart();
    stage.tables->refuse_saves = 0;
    ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
    stage.Pass(1);
    EXPECT_EQ(stage.Told(), "PLACED second:PLACED") << died;
    EXPECT_EQ(stage.orders.by_request.size(), 1U) << died;
    EXPECT_EQ(stage.orders.Filled(), Decimal::Of("5")) << died;
  }
}

TEST(ElsewhereDeskTest, TheNextIsTriedOnlyWhenTheOneBeforeSurelyNeverLeft) {
  ElsewhereStage stage;
  stage.orders.refuse.push_back(type::v1::REJECT_REASON_INSUFFICIENT_FUNDS);
  ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
  stage.Pass(1);
  EXPECT_EQ(stage.Told(), "PLACED second:REFUSED third:PLACED");

  ElsewhereStage unknown;
  unknown.orders.fills = false;
  ASSERT_TRUE(unknown.Tell({unknown.Refused(8)}));
  unknown.orders.lose_answers = 1;
  unknown.Pass(1);
  EXPECT_EQ(unknown.Told(), "WORKING second:PENDING");
  unknown.orders.Change(unknown.orders.by_request.at("elsewhere-o1-1"), order::v1::ORDER_STATUS_UNKNOWN, "0");
  unknown.Pass(1);
  EXPECT_EQ(unknown.Told(), "PLACED second:PLACED");

  // A venue that has refused it is another matter.
  ElsewhereStage rejected;
  rejected.orders.fills = false;
  ASSERT_TRUE(rejected.Tell({rejected.Refused(8)}));
  rejected.orders.lose_answers = 1;
  rejected.Pass(1);
  order::v1::Order& order = rejected.orders.by_request.at("elsewhere-o1-1");
  rejected.orders.Change(order, order::v1::ORDER_STATUS_REJECTED, "0");
  order.mutable_rejection()->set_reason(type::v1::REJECT_REASON_BROKER_REJECTED);
  rejected.Pass(1);
  EXPECT_EQ(rejected.Told(), "REFUSED second:REFUSED");
  // One whose venue is down too has not left.
  ElsewhereStage down;
  down.orders.fills = false;
  ASSERT_TRUE(down.Tell({down.Refused(8)}));
  down.orders.lose_answers = 1;
  down.Pass(1);
  order::v1::Order& unsent = down.orders.by_request.at("elsewhere-o1-1");
  down.orders.Change(unsent, order::v1::ORDER_STATUS_REJECTED, "0");
  unsent.mutable_rejection()->set_reason(type::v1::REJECT_REASON_BROKER_UNAVAILABLE);
  unsent.mutable_rejection()->set_check("session_down");
  down.orders.fills = true;
  down.Pass(1);
  EXPECT_EQ(down.Told(), "PLACED second:REFUSED third:PLACED");
}

TEST(ElsewhereDeskTest, ALimitThatRefusesItIsNotEvadedInTheNextAccount) {
  for (auto reason : {type::v1::REJECT_REASON_MAX_POSITION, type::v1::REJECT_REASON_DUPLICATE_ORDER,
                      type::v1::REJECT_REASON_PRICE_COLLAR}) {
    ElsewhereStage stage;
    stage.orders.refuse.push_back(reason);
    ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
    stage.Pass(1);
    EXPECT_EQ(stage.Told(), "REFUSED second:REFUSED");
    EXPECT_EQ(stage.Now().note(), "second: no (a_limit: 5, limit 3)");
    ASSERT_EQ(stage.orders.submits.size(), 1U);
    // A person's own repeat counts as one.
    EXPECT_FALSE(stage.orders.submits[0].confirm_duplicate());
  }
  ElsewhereStage impossible;
  impossible.orders.fail.push_back(absl::FailedPreconditionError("not here"));
  ASSERT_TRUE(impossible.Tell({impossible.Refused(8)}));
  impossible.Pass(1);
  EXPECT_EQ(impossible.Told(), "REFUSED second:REFUSED");
}

TEST(ElsewhereDeskTest, WhoHaltsTheAccountHaltsWhatItHasBegun) {
  ElsewhereStage stage;
  ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
  stage.venues.accounts.mutable_accounts(0)->set_halted(true);
  stage.Pass(1);
  EXPECT_EQ(stage.Told(), "REFUSED second:REFUSED");
  EXPECT_TRUE(stage.orders.submits.empty());
  // Between two sends of the same.
  ElsewhereStage again;
  again.orders.lose_requests = 1;
  ASSERT_TRUE(again.Tell({again.Refused(8)}));
  again.Pass(1);
  again.venues.accounts.mutable_accounts(0)->set_halted(true);
  again.Pass(1);
  EXPECT_EQ(again.Told(), "WORKING second:PENDING");
  again.Pass(ElsewhereDesk::kTime.nanos + ElsewhereDesk::kSettled.nanos);
  EXPECT_EQ(again.Told(), "REFUSED second:REFUSED");
  EXPECT_EQ(again.orders.submits.size(), 1U);
}

TEST(ElsewhereDeskTest, WhatHasNoLimitGoesAsSoonAsAnyOrderOrNotAtAll) {
  for (std::int64_t more : {0, 1}) {
    ElsewhereStage stage;
    order::v1::OrderEvent event = stage.Refused(8);
    event.mutable_order()->set_type(type::v1::ORDER_TYPE_MARKET);
    event.mutable_order()->clear_limit_price();
    *event.mutable_order()->mutable_create_time() = event.event_time();
    ASSERT_TRUE(stage.Tell({event}));
    stage.Pass(ElsewhereDesk::kMarketTime.nanos + more);
    EXPECT_EQ(stage.Told().substr(0, 6), more == 0 ? "PLACED" : "REFUSE");
    EXPECT_EQ(stage.orders.submits.size(), more == 0 ? 1U : 0U);
  }
}

TEST(ElsewhereDeskTest, AFloodDoesNotGoOnToTheNextVenue) {
  ElsewhereStage stage;
  std::vector<order::v1::OrderEvent> flood;
  for (std::size_t i = 0; i <= ElsewhereDesk::kOpenMost; ++i)
    flood.push_back(stage.Refused(8 + i, "o" + std::to_string(i)));
  ASSERT_TRUE(stage.Tell(flood));
  const std::string last = "o" + std::to_string(ElsewhereDesk::kOpenMost);
  EXPECT_EQ(stage.Told(last), "REFUSED");
  EXPECT_EQ(stage.Now(last).note(), "200 others are on their way, 200 may be");
  stage.Pass(1);
  EXPECT_EQ(stage.orders.by_request.size(), ElsewhereDesk::kOpenMost);
  EXPECT_EQ(stage.Told("o0"), "PLACED second:PLACED");
  // There is room again.
  ASSERT_TRUE(stage.Tell({stage.Refused(8 + ElsewhereDesk::kOpenMost + 1, "later")}));
  stage.Pass(1);
  EXPECT_EQ(stage.Told("later"), "PLACED second:PLACED");
}

TEST(ElsewhereDeskTest, ADayThatEndsHoldsIt) {
  auto told = [](const char* account) {
    ElsewhereStage stage;
    stage.gate.SetDays({{account, {.ending = {TradingCalendar::kUnspecified}}}});
    EXPECT_TRUE(stage.Tell({stage.Refused(8)}));
    stage.Pass(1);
    return stage.Told();
  };
  EXPECT_EQ(told("second"), "PLACED second:REFUSED third:PLACED");
  EXPECT_EQ(told("first"), "REFUSED second:REFUSED");
}

TEST(ElsewhereDeskTest, AnotherOrderOfItsIdIsNotIts) {
  ElsewhereStage stage;
  order::v1::SubmitOrderRequest strange;
  strange.set_request_id("elsewhere-o1-1");
  strange.set_account_id("second");
  strange.set_symbol("SPY");
  strange.set_side(type::v1::SIDE_SELL);
  strange.mutable_quantity()->set_value("5");
  ASSERT_TRUE(stage.orders.Submit(strange).ok());
  ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
  stage.Pass(1);
  EXPECT_EQ(stage.Told(), "REFUSED second:REFUSED");
  EXPECT_NE(stage.Now().note().find("used by another order"), std::string::npos) << stage.Now().note();
  EXPECT_FALSE(stage.Now().attempts(0).has_order());
}

TEST(ElsewhereDeskTest, ARefusalOfTheSecondRequestSaysNothingOfTheFirst) {
  for (bool dies : {false, true}) {
    ElsewhereStage stage;
    stage.orders.lose_requests = 1;
    ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
    stage.Pass(1);
    if (dies) stage.Restart();
    stage.orders.fail.push_back(absl::FailedPreconditionError("not now"));
    stage.Pass(1);
    EXPECT_EQ(stage.Told(), "WORKING second:PENDING");
    // The first one was only slow.
    const order::v1::SubmitOrderRequest slow = stage.orders.submits[0];
    ASSERT_TRUE(stage.orders.Submit(slow).ok());
    stage.Pass(1);
    EXPECT_EQ(stage.Told(), "PLACED second:PLACED");
    EXPECT_EQ(stage.orders.by_request.size(), 1U);
  }
}

TEST(ElsewhereDeskTest, APolicyThatWasAwayMakesUpForNothing) {
  ElsewhereStage stage;
  ASSERT_TRUE(stage.Tell({stage.Refused(8)}));
  stage.policy = "third|second";
  stage.Restart();
  EXPECT_FALSE(stage.tables->cursors.contains("first"));
  stage.policy = "first|second,third";
  stage.Restart();
  EXPECT_FALSE(stage.desk->cursors().contains("first"));
}

TEST(ElsewhereDeskTest, WhoIsNotFitForItIsPassedOver) {
  auto told = [](const std::function<void(ElsewhereStage&)>& change) {
    ElsewhereStage stage;
    change(stage);
    EXPECT_TRUE(stage.Tell({stage.Refused(8)}));
    stage.Pass(1);
    return stage.Told();
  };
  using Stage = ElsewhereStage;
  const std::string passed = "PLACED second:REFUSED third:PLACED";
  EXPECT_EQ(told([](Stage& s) { s.venues.accounts.mutable_accounts(1)->set_halted(true); }), passed);
  EXPECT_EQ(told([](Stage& s) { s.venues.accounts.mutable_accounts(1)->set_mode(type::v1::ACCOUNT_MODE_LIVE); }),
            passed);
  EXPECT_EQ(told([](Stage& s) { s.venues.accounts.mutable_accounts(1)->set_currency("EUR"); }), passed);
  EXPECT_EQ(told([](Stage& s) { s.venues.accounts.mutable_accounts(1)->set_broker("venue-of-first"); }), passed);
  EXPECT_EQ(told([](Stage& s) { s.venues.accounts.mutable_accounts(1)->set_account_id("gone"); }), passed);
  // What somebody holds there would be closed by it; here that is so in both.
  EXPECT_EQ(told([](Stage& s) {
              s.books.books[{"", "SPY"}] = Decimal::FromInt(-1);
            }),
            "REFUSED second:REFUSED third:REFUSED");
  EXPECT_EQ(told([](Stage& s) { s.books.books[{"", "SPY"}] = Decimal::FromInt(1); }), "PLACED second:PLACED");
  EXPECT_EQ(told([](Stage& s) { s.books.books[{"", "IBM"}] = Decimal::FromInt(-1); }), "PLACED second:PLACED");
}

TEST(ElsewhereDeskTest, WhatStaysSaysWhyAndWhatIsNoneOfItIsNothing) {
  ElsewhereStage stage;
  order::v1::OrderEvent deployed = stage.Refused(8, "deployed");
  deployed.mutable_order()->set_deployment_id("demo");
  order::v1::OrderEvent leg = stage.Refused(9, "leg");
  leg.mutable_order()->set_reason("route");
  order::v1::OrderEvent other = stage.Refused(10, "other");
  other.mutable_order()->mutable_rejection()->set_check("session_down");
  order::v1::OrderEvent unknown = stage.Refused(11, "unknown");
  unknown.mutable_order()->set_status(order::v1::ORDER_STATUS_UNKNOWN);
  ASSERT_TRUE(stage.Tell({deployed, leg, other, unknown}));
  stage.Pass(1);
  EXPECT_EQ(stage.Told("deployed"), "STAYS");
  EXPECT_NE(stage.Now("deployed").note(), "");
  EXPECT_EQ(stage.Told("leg"), "STAYS");
  EXPECT_EQ(stage.Told("other"), "none");
  EXPECT_EQ(stage.Told("unknown"), "none");
  EXPECT_TRUE(stage.orders.calls.empty());
  EXPECT_TRUE(stage.venues.alerts.empty());
  EXPECT_EQ(stage.tables->cursors.at("first"), 11U);
}

TEST(ElsewhereDeskTest, WhatIsHeardOfTooLateGoesNowhere) {
  ElsewhereStage stage;
  order::v1::OrderEvent event = stage.Refused(8);
  stage.clock.nanos += ElsewhereDesk::kTime.nanos + 1;
  ASSERT_TRUE(stage.Tell({event}));
  EXPECT_EQ(stage.Told(), "REFUSED");
  EXPECT_EQ(stage.venues.alerts.size(), 1U);
  // Nor what nobody has answered for in its time; but what was taken is found.
  for (bool taken : {false, true}) {
    ElsewhereStage late;
    ASSERT_TRUE(late.Tell({late.Refused(8)}));
    (taken ? late.orders.lose_answers : late.orders.lose_requests) = 1;
    late.Pass(1);
    EXPECT_EQ(late.Told(), "WORKING second:PENDING");
    late.Pass(ElsewhereDesk::kTime.nanos + 1);
    EXPECT_EQ(late.Told(), taken ? "PLACED second:PLACED" : "WORKING second:PENDING");
    late.Pass(ElsewhereDesk::kSettled.nanos);
    EXPECT_EQ(late.Told(), taken ? "PLACED second:PLACED" : "REFUSED second:REFUSED");
    EXPECT_EQ(late.orders.by_request.size(), taken ? 1U : 0U);
    EXPECT_EQ(late.venues.alerts.back().level(), taken ? alert::v1::ALERT_LEVEL_INFO : alert::v1::ALERT_LEVEL_WARNING);
  }
}

TEST(ElsewhereDeskTest, AGapIsReadAgainAndANewerProcessTakesOver) {
  ElsewhereStage stage;
  order::v1::StreamOrderEventsResponse heads;
  (*heads.mutable_head_sequences())["first"] = 7;
  (*heads.mutable_head_sequences())["nobody's"] = 9;
  ASSERT_TRUE(stage.desk->OnEvents(heads));
  EXPECT_EQ(stage.tables->cursors, (ElsewhereStore::Cursors{{"first", 7}}));
  EXPECT_FALSE(stage.Tell({stage.Refused(9)}));
  EXPECT_EQ(stage.Told(), "none");
  // What is nothing to it is stored now and then.
  order::v1::OrderEvent header;
  header.set_account_id("first");
  header.set_sequence(8);
  header.set_type(order::v1::ORDER_EVENT_TYPE_FILLED);
  ASSERT_TRUE(stage.Tell({header}));
  EXPECT_EQ(stage.tables->cursors.at("first"), 7U);
  stage.Pass(2'000'000'000);
  EXPECT_EQ(stage.tables->cursors.at("first"), 8U);
  ASSERT_TRUE(MemoryElsewhereStore(stage.tables).Fence().ok());
  EXPECT_FALSE(stage.Tell({stage.Refused(9)}));
  EXPECT_NE(stage.failed, "");
  EXPECT_TRUE(stage.orders.calls.empty());
}

TEST(ElsewherePolicyTest, OneForASymbolStandsBeforeTheAccounts) {
  auto policies = ElsewherePolicies::Of({"a|b,c", "a@BTC-USD|c", ""});
  ASSERT_TRUE(policies.ok());
  EXPECT_EQ(policies->Find("a", "SPY")->alternatives(0), "b");
  EXPECT_EQ(policies->Find("a", "BTC-USD")->alternatives(0), "c");
  EXPECT_EQ(policies->Find("b", "SPY"), nullptr);
  for (const char* wrong : {"a", "a|", "a|a", "a|b,b", "|b", "a@|b", "a@b@c|d", "a|b|c", "a|b,c,d,e,f,g", "a|b c"})
    EXPECT_TRUE(absl::IsInvalidArgument(ElsewherePolicies::Of({wrong}).status())) << wrong;
  EXPECT_TRUE(absl::IsInvalidArgument(ElsewherePolicies::Of({"a|b", "a|c"}).status()));
}

class ElsewhereStoreTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("Postgres")) {
      database = TestPostgres::Get().NewSchema();
      ASSERT_TRUE(database->Migrate(Migrations_strategy_runner()).ok());
    }
  }
  std::unique_ptr<ElsewhereStore> Open() {
    if (database) return std::make_unique<PostgresElsewhereStore>(*database);
    return std::make_unique<MemoryElsewhereStore>(tables);
  }
  static ElsewhereOrder Row(const std::string& id, std::int64_t seconds, execution::v1::ElsewhereState state) {
    ElsewhereOrder row;
    row.mutable_order()->set_order_id(id);
    row.mutable_reject_time()->set_seconds(seconds);
    row.set_state(state);
    return row;
  }
  static std::string Ids(const absl::StatusOr<std::vector<ElsewhereOrder>>& rows) {
    std::string ids;
    for (const ElsewhereOrder& row : *rows) ids += row.order().order_id() + " ";
    return ids;
  }
  std::unique_ptr<Database> database;
  std::shared_ptr<MemoryElsewhereTables> tables = std::make_shared<MemoryElsewhereTables>();
};

TEST_P(ElsewhereStoreTest, RowsAndPlacesAreStoredTogetherByTheNewestAlone) {
  constexpr auto kWorking = execution::v1::ELSEWHERE_STATE_WORKING;
  constexpr auto kPlaced = execution::v1::ELSEWHERE_STATE_PLACED;
  auto store = Open();
  ASSERT_TRUE(store->Fence().ok());
  ASSERT_TRUE(store->Save({.made = {Row("a", 7, kWorking), Row("b", 9, kWorking)}, .cursors = {{{"first", 5}}}}).ok());
  ASSERT_TRUE(store->Save({.made = {Row("a", 7, kPlaced)}, .changed = {Row("b", 9, kPlaced)}}).ok());
  EXPECT_EQ(Ids(store->Read({.most = 10})), "b a ");
  EXPECT_EQ(Ids(store->Read({.active_only = true, .most = 10})), "a ");
  EXPECT_EQ(Ids(store->Read({.before_nanos = 9'000'000'000, .before_id = "b", .most = 1})), "a ");
  ASSERT_TRUE(store->Save({.cursors = {{{"second", 2}}}}).ok());
  EXPECT_EQ(*store->LoadCursors(), (ElsewhereStore::Cursors{{"second", 2}}));
  auto next = Open();
  ASSERT_TRUE(next->Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Save({.made = {Row("c", 9, kWorking)}, .cursors = {{{"x", 1}}}})));
  EXPECT_EQ(Ids(next->Read({.most = 10})), "b a ");
  EXPECT_EQ(*next->LoadCursors(), (ElsewhereStore::Cursors{{"second", 2}}));
}

INSTANTIATE_TEST_SUITE_P(Stores, ElsewhereStoreTest, ::testing::Values("Memory", "Postgres"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace ballast
