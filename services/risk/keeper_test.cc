#include "services/risk/keeper.h"

#include <pqxx/pqxx>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/wire/wire.h"
#include "services/risk/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_risk();

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return *UtcTime::Parse("2026-01-01T00:00:00Z"); }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1'000'000'000;
};

// Keeps what risk says to the order manager.
class Said : public RiskKeeper::Sender {
 public:
  bool Push(risk::v1::RiskSessionResponse response) override {
    messages.push_back(std::move(response));
    return true;
  }
  void Close(grpc::Status) override { closed = true; }
  [[nodiscard]] bool done() const override { return closed; }
  std::vector<risk::v1::RiskSessionResponse> messages;
  bool closed = false;
};

// Risk over a real store, with the order manager and the market played by hand. The log is kept, as the order manager
// keeps it, and sent again after a restart.
class RiskKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    database = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database->Migrate(Migrations_risk()).ok());
    store = std::make_unique<PostgresRiskStore>(*database);
    Start();
    Hello();
    OrderEvent opened;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(100'000);
    opened.currency = "USD";
    Add(opened);
    Replayed();
  }
  // As after a SIGKILL when nothing was saved before.
  void Start() {
    keeper.reset();
    metrics = std::make_unique<Metrics>();
    keeper = std::make_unique<RiskKeeper>(*store, clock, *log, *metrics);
    ASSERT_EQ(keeper->Recover(), absl::OkStatus());
    std::vector<Instrument> instruments;
    for (const char* symbol : {"SPY", "IBM", "BTC-USD"}) {
      instruments.push_back({.symbol = Symbol(symbol),
                             .currency = "USD",
                             .tick_size = Decimal::Of("0.01"),
                             .lot_size = Decimal::Of("1"),
                             .shortable = true});
    }
    keeper->SetInstruments(instruments);
  }
  void Hello() {
    session = std::make_shared<Said>();
    risk::v1::RiskSessionRequest request;
    request.mutable_hello()->set_epoch(1);
    request.mutable_hello()->add_account_ids("paper");
    keeper->OnSession(request, session);
  }
  void Replayed() {
    risk::v1::RiskSessionRequest request;
    request.mutable_replayed();
    keeper->OnSession(request, session);
  }
  void Send(const OrderEvent& event) {
    risk::v1::RiskSessionRequest request;
    wire::ToProto(event, request.mutable_events()->add_events());
    keeper->OnSession(request, session);
  }
  void Add(OrderEvent event, bool send = true) {
    event.account_id = AccountId("paper");
    event.sequence = events.size() + 1;
    event.event_time = UtcTime{static_cast<std::int64_t>(event.sequence) * 1'000};
    events.push_back(event);
    if (send) Send(event);
  }
  void Fill(Side side, const char* quantity, const char* price, const char* time, const char* symbol = "SPY",
            bool send = true) {
    OrderEvent event;
    event.type = OrderEventType::kFilled;
    event.fill = ballast::Fill{.execution_id = ExecutionId("e" + std::to_string(events.size())),
                               .account_id = AccountId("paper"),
                               .symbol = Symbol(symbol),
                               .side = side,
                               .quantity = Decimal::Of(quantity),
                               .price = Decimal::Of(price),
                               .transact_time = *UtcTime::Parse(time)};
    Add(event, send);
  }
  void Restart() {
    keeper->Tick();
    Start();
    Hello();
    for (const OrderEvent& event : events) Send(event);
    Replayed();
  }
  static Quote Of(const char* symbol, const char* bid, const char* ask, const char* time, bool open = true) {
    Quote quote{.symbol = Symbol(symbol),
                .bid_price = Decimal::Of(bid),
                .ask_price = Decimal::Of(ask),
                .last_price = Decimal::Of("100"),
                .quote_time = *UtcTime::Parse(time)};
    quote.session_open = open;
    return quote;
  }
  void Step(std::vector<Quote> quotes, const char* time, bool lockstep = false) {
    EXPECT_TRUE(
        keeper->OnStep({.quotes = std::move(quotes), .market_time = *UtcTime::Parse(time), .lockstep = lockstep}));
  }
  void Spy(const char* bid, const char* ask, const char* time, bool open = true) {
    Step({Of("SPY", bid, ask, time, open)}, time);
  }
  risk::v1::GetRiskStateResponse State() {
    risk::v1::GetRiskStateResponse state;
    EXPECT_EQ(keeper->State("paper", &state), absl::OkStatus());
    return state;
  }
  static std::vector<std::string> Blocked(const risk::v1::GetRiskStateResponse& state) {
    return {state.blocked_by().begin(), state.blocked_by().end()};
  }
  risk::v1::PreviewOrderResponse Ask(Side side, const char* quantity, const char* account = "paper") {
    Order order{.account_id = AccountId(account),
                .symbol = Symbol("SPY"),
                .side = side,
                .type = OrderType::kMarket,
                .time_in_force = TimeInForce::kIoc,
                .quantity = Decimal::Of(quantity)};
    risk::v1::PreviewOrderResponse answer;
    keeper->Preview(order, &answer);
    return answer;
  }
  absl::Status Rearm(const char* request_id, const char* reason, risk::v1::RearmLossRulesResponse* response) {
    risk::v1::RearmLossRulesRequest request;
    request.set_request_id(request_id);
    request.set_account_id("paper");
    request.set_reason(reason);
    request.set_actor("ann");
    return keeper->Rearm(request, response);
  }
  // 400 long at 100, and down to 94 the same day: 2.4 %, above the day's 1 %.
  void Trip() {
    Spy("100", "100.02", "2024-06-03T15:00:00Z");
    Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
    Spy("94", "94.02", "2024-06-03T15:01:00Z");
  }

  HandClock clock;
  std::unique_ptr<Logger> log;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<Database> database;
  std::unique_ptr<RiskStore> store;
  std::unique_ptr<RiskKeeper> keeper;
  std::shared_ptr<Said> session;
  std::vector<OrderEvent> events;
};

TEST_F(RiskKeeperTest, AnOvernightGapIsTheNewDaysLossLongAndShort) {
  for (Side side : {Side::kBuy, Side::kSell}) {
    events.clear();
    SetUp();
    bool is_long = side == Side::kBuy;
    Spy("100", "100.02", "2024-06-03T19:59:00Z");
    Fill(side, "400", is_long ? "100.02" : "100", "2024-06-03T19:59:01Z");
    Spy("100", "100.02", "2024-06-03T20:00:00Z");
    Spy("95", "105", "2024-06-03T20:05:00Z", false);
    Spy(is_long ? "90" : "110", is_long ? "90.02" : "110.02", "2024-06-04T13:31:00Z");
    risk::v1::GetRiskStateResponse state = State();
    EXPECT_EQ(state.day_start_equity().value(), "99992") << "at the close, not at what came after it";
    EXPECT_EQ(state.loss_rules(0).trip_equity().value(), is_long ? "95992" : "95992");
    EXPECT_EQ(Ask(side, "1").rejection().reason(), type::v1::REJECT_REASON_DAILY_LOSS);
  }
}

TEST_F(RiskKeeperTest, ARestartBetweenCloseAndOpenForgetsNeitherTheCloseNorWhoHeldIt) {
  Spy("100", "100.02", "2024-06-03T19:59:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T19:59:01Z");
  Spy("97", "103", "2024-06-03T20:02:00Z", false);
  Restart();
  Spy("90", "90.02", "2024-06-04T13:31:00Z");
  EXPECT_EQ(State().day_start_equity().value(), "99992");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
}

TEST_F(RiskKeeperTest, AFillOfTheNewDayThatComesBeforeItsPricesEndsTheOldDayFirst) {
  Spy("100", "100.02", "2024-06-03T19:59:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T19:59:01Z");
  Spy("100", "100.02", "2024-06-03T20:00:00Z");
  Fill(Side::kSell, "400", "90", "2024-06-04T13:30:01Z");
  EXPECT_EQ(State().day_start_equity().value(), "99992");
  EXPECT_EQ(State().equity().value(), "95992");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
}

TEST_F(RiskKeeperTest, OverAWeekendTheEquitySleepsAndTheCoinDoesNot) {
  Step({Of("SPY", "100", "100.02", "2024-06-07T20:00:00Z"), Of("BTC-USD", "50", "50.01", "2024-06-07T20:00:00Z")},
       "2024-06-07T20:00:00Z");
  Fill(Side::kBuy, "100", "100", "2024-06-07T20:00:00Z");
  Fill(Side::kBuy, "100", "50", "2024-06-07T20:00:00Z", "BTC-USD");
  Step({Of("BTC-USD", "49", "49.01", "2024-06-08T12:00:00Z")}, "2024-06-08T12:00:00Z");
  EXPECT_EQ(State().day_start_equity().value(), "100000");
  Step({Of("BTC-USD", "48", "48.01", "2024-06-10T03:59:00Z")}, "2024-06-10T03:59:00Z");  // Sunday in New York
  Step({Of("SPY", "99", "99.02", "2024-06-10T13:31:00Z"), Of("BTC-USD", "47", "47.01", "2024-06-10T13:31:00Z")},
       "2024-06-10T13:31:00Z");
  EXPECT_EQ(State().day_start_equity().value(), "99800");
  EXPECT_EQ(State().uses(0).used(), "200");
}

TEST_F(RiskKeeperTest, WhileTheLogIsReplayedNoBaselineIsTakenAndNoneStored) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kSell, "500", "100", "2024-06-03T15:00:01Z");
  Fill(Side::kBuy, "500", "100.02", "2024-06-03T15:00:02Z");
  Spy("100", "100.02", "2024-06-03T15:01:00Z");
  keeper->Tick();
  Start();
  Hello();
  Send(events[0]);
  Send(events[1]);  // short 500 of old, and the price has halved: a peak that never was
  Spy("50", "50.02", "2024-06-05T15:00:00Z");
  keeper->Tick();
  EXPECT_THAT(Blocked(State()), ElementsAre("replaying"));
  Send(events[2]);
  Replayed();
  Spy("50", "50.02", "2024-06-05T15:01:00Z");
  keeper->Tick();
  EXPECT_EQ(State().peak_equity().value(), "100000");
  EXPECT_EQ(State().day_start_equity().value(), "99990");
  EXPECT_EQ(store->LoadMarks()->at(AccountId("paper")).baseline.peak_equity, Decimal::FromInt(100'000));
  EXPECT_THAT(Blocked(State()), IsEmpty());
}

TEST_F(RiskKeeperTest, AReservationFollowsTheWholeLogSoItEndsTheReplayToo) {
  Start();
  Hello();
  for (const OrderEvent& event : events) Send(event);
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("replaying"));
  risk::v1::RiskSessionRequest request;
  request.mutable_reserve()->set_correlation_id(1);
  keeper->OnSession(request, session);
  EXPECT_THAT(Blocked(State()), IsEmpty());
}

// It would be the same in the next session: whoever ended each over it would hold up every account.
TEST_F(RiskKeeperTest, AnEventThatCannotBeReadStopsItsAccountAndNoOther) {
  OrderEvent opened = events.front();
  opened.account_id = AccountId("second");
  Send(opened);
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  EXPECT_TRUE(Ask(Side::kBuy, "1").approved());
  risk::v1::RiskSessionRequest request;
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z", "SPY", false);
  wire::ToProto(events.back(), request.mutable_events()->add_events());
  request.mutable_events()->mutable_events(0)->mutable_fill()->mutable_quantity()->set_value("seven");
  keeper->OnSession(request, session);
  Fill(Side::kBuy, "1", "100.02", "2024-06-03T15:00:02Z");
  EXPECT_FALSE(session->done()) << "the session goes on";
  risk::v1::PreviewOrderResponse refused = Ask(Side::kBuy, "1");
  ASSERT_FALSE(refused.approved());
  EXPECT_EQ(refused.rejection().check(), "order_log");
  EXPECT_THAT(refused.rejection().message(), ::testing::HasSubstr("event 2"));
  EXPECT_EQ(State().opening(), risk::v1::OPENING_BLOCKED);
  EXPECT_TRUE(Ask(Side::kBuy, "1", "second").approved());
  // A market that waits for its executions does not wait for ever.
  EXPECT_TRUE(keeper->OnStep({.market_time = *UtcTime::Parse("2024-06-03T15:00:03Z"),
                              .lockstep = true,
                              .execution_sequences = {{AccountId("paper"), 7}}}));
}

// Not even whose event it is can be read: of a session with one account that is clear.
TEST_F(RiskKeeperTest, BytesThatAreNoMessageStopTheOneAccountOfTheirSession) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  EXPECT_TRUE(Ask(Side::kBuy, "1").approved());
  risk::v1::RiskSessionRequest request;
  request.mutable_batch()->add_events("\xff\xff\xff");
  keeper->OnSession(request, session);
  EXPECT_FALSE(session->done());
  EXPECT_EQ(Ask(Side::kBuy, "1").rejection().check(), "order_log");
}

TEST_F(RiskKeeperTest, ATrippedRuleOutlivesRecoveryNewDayRestartAndAHigherLimit) {
  Trip();
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
  EXPECT_EQ(State().opening(), risk::v1::OPENING_BLOCKED);
  EXPECT_EQ(State().loss_rules(0).state(), risk::v1::LOSS_RULE_STATE_TRIPPED);
  EXPECT_EQ(State().loss_rules(0).trip_limit().value(), "1000");
  Spy("120", "120.02", "2024-06-03T15:02:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "a recovery";
  Spy("120", "120.02", "2024-06-04T15:00:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "a new day";
  Restart();
  Spy("120", "120.02", "2024-06-04T15:01:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "a restart";
  RiskStore::Update update{.account_id = AccountId("paper"), .reason = "more", .actor = "ann", .request_id = "l1"};
  update.limits.daily_loss_ratio = Decimal::Of("0.9");
  ASSERT_TRUE(keeper->UpdateLimits(update).ok());
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "another limit";
  risk::v1::PreviewOrderResponse answer = Ask(Side::kBuy, "1");
  EXPECT_EQ(answer.rejection().reason(), type::v1::REJECT_REASON_DAILY_LOSS);
  EXPECT_EQ(answer.rejection().limit(), "1000");
  EXPECT_EQ(answer.rejection().observed(), "2408");
  EXPECT_THAT(answer.rejection().message(), HasSubstr("resumes the account with a reason"));
  EXPECT_TRUE(Ask(Side::kSell, "400").approved()) << "getting out always works";
}

TEST_F(RiskKeeperTest, RearmedWithAReasonItMeasuresFromNowAndOnlyOnce) {
  Trip();
  risk::v1::RearmLossRulesResponse first, again;
  ASSERT_EQ(Rearm("a", "looked at it", &first), absl::OkStatus());
  EXPECT_THAT(std::vector<std::string>(first.rearmed().begin(), first.rearmed().end()), ElementsAre("daily_loss"));
  EXPECT_EQ(first.baseline().value(), "97592");
  EXPECT_EQ(State().opening(), risk::v1::OPENING_OPEN);
  EXPECT_TRUE(Ask(Side::kSell, "1").approved());
  Spy("91", "91.02", "2024-06-03T15:03:00Z");
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "1.2 % below the new baseline";
  ASSERT_EQ(Rearm("a", "looked at it", &again), absl::OkStatus());
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss")) << "the same request, asked again, is the old one";
  EXPECT_TRUE(absl::IsAlreadyExists(Rearm("a", "another reason", &again)));
  ASSERT_EQ(Rearm("b", "looked again", &again), absl::OkStatus());
  Restart();
  Spy("91", "91.02", "2024-06-03T15:04:00Z");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  EXPECT_EQ(State().day_start_equity().value(), "96392");
}

TEST_F(RiskKeeperTest, NothingStaysStuckWhenAHeldInstrumentHasNoPrice) {
  Trip();
  Restart();
  EXPECT_EQ(State().opening(), risk::v1::OPENING_BLOCKED);
  risk::v1::RearmLossRulesResponse response;
  ASSERT_EQ(Rearm("a", "go on", &response), absl::OkStatus());
  EXPECT_FALSE(response.has_baseline());
  EXPECT_THAT(Blocked(State()), ElementsAre("equity_unknown"));
  Spy("94", "94.02", "2024-06-03T15:05:00Z");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  EXPECT_EQ(State().day_start_equity().value(), "97592");
}

TEST_F(RiskKeeperTest, ALowerLimitThatIsReachedAlreadyTripsAtOnce) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
  Spy("99", "99.02", "2024-06-03T15:01:00Z");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  RiskStore::Update update{.account_id = AccountId("paper"), .reason = "less", .actor = "ann", .request_id = "l1"};
  update.limits.daily_loss_ratio = Decimal::Of("0.001");
  ASSERT_TRUE(keeper->UpdateLimits(update).ok());
  EXPECT_THAT(Blocked(State()), ElementsAre("daily_loss"));
}

TEST_F(RiskKeeperTest, ATripIsStoredBeforeALockstepMarketMovesOn) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
  Step({Of("SPY", "94", "94.02", "2024-06-03T15:01:00Z")}, "2024-06-03T15:01:00Z", true);
  EXPECT_TRUE(store->LoadMarks()->at(AccountId("paper")).latches.daily_loss);
}

TEST_F(RiskKeeperTest, ATripAsksToBeStoredAtOnce) {
  int asked = 0;
  keeper->Tick();
  keeper->SetWake([&] { ++asked; });
  Trip();
  EXPECT_GE(asked, 1);
}

// Which event risk asks for next after it has started anew.
class StoredRiskTest : public RiskKeeperTest {
 protected:
  std::uint64_t Applied() {
    Start();
    Hello();
    EXPECT_EQ(session->messages.size(), 1U);
    const auto& applied = session->messages[0].ready().applied_sequences();
    auto found = applied.find("paper");
    return found == applied.end() ? 0 : found->second;
  }
  void SendFrom(std::size_t first) {
    for (std::size_t i = first; i < events.size() && !session->closed; ++i) Send(events[i]);
    if (!session->closed) Replayed();
  }
  void Trade() {
    Spy("100", "100.02", "2024-06-03T15:00:00Z");
    Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
    Order resting{.order_id = OrderId("o1"),
                  .account_id = AccountId("paper"),
                  .symbol = Symbol("SPY"),
                  .side = Side::kBuy,
                  .type = OrderType::kLimit,
                  .time_in_force = TimeInForce::kGtc,
                  .quantity = Decimal::FromInt(7),
                  .limit_price = Decimal::FromInt(90),
                  .status = OrderStatus::kNew,
                  .leaves_quantity = Decimal::FromInt(7)};
    OrderEvent event;
    event.type = OrderEventType::kAccepted;
    event.order = resting;
    event.execution_sequence = 5;
    Add(event);
  }
  std::string Shown() {
    Spy("99", "99.02", "2024-06-03T15:10:00Z");
    return State().ShortDebugString();
  }
};

TEST_F(StoredRiskTest, ItGoesOnFromWhatItHasStoredAndIsTheSame) {
  Trade();
  std::string before = Shown();
  keeper->SaveAll();
  ASSERT_EQ(Applied(), 2U) << "the newest of three once more, to know the log again";
  EXPECT_THAT(Blocked(State()), Contains("replaying"));
  SendFrom(2);
  EXPECT_FALSE(session->closed);
  EXPECT_EQ(Shown(), before);
  // What comes after the end of a process is the rest.
  Add([] {
    OrderEvent event;
    event.type = OrderEventType::kAccountHalted;
    return event;
  }());
  before = Shown();
  ASSERT_EQ(Applied(), 2U);
  SendFrom(2);
  EXPECT_EQ(Shown(), before);
}

TEST_F(StoredRiskTest, ItIsStoredByItselfWhenMuchHasCome) {
  Trade();
  for (int i = 0; i < 996; ++i) Fill(i % 2 == 0 ? Side::kBuy : Side::kSell, "1", "100", "2024-06-03T15:00:02Z");
  keeper->Tick();
  EXPECT_TRUE(store->LoadExposures()->empty());
  Fill(Side::kBuy, "1", "100", "2024-06-03T15:00:03Z");
  keeper->Tick();
  EXPECT_EQ(Applied(), 999U);
  SendFrom(999);
  EXPECT_EQ(State().applied_sequence(), 1'000U);
}

TEST_F(StoredRiskTest, AnotherLogIsReadFromItsBeginning) {
  Trade();
  keeper->SaveAll();
  // Restored from an older copy, and gone on differently.
  events[2].event_time.nanos += 1;
  ASSERT_EQ(Applied(), 2U);
  SendFrom(2);
  EXPECT_TRUE(session->closed);
  Hello();
  EXPECT_EQ(session->messages[0].ready().applied_sequences().at("paper"), 0U);
  SendFrom(0);
  EXPECT_FALSE(session->closed);
  EXPECT_EQ(State().applied_sequence(), 3U);
  keeper->SaveAll();
  EXPECT_EQ(Applied(), 2U);
}

TEST_F(StoredRiskTest, AShorterLogIsReadFromItsBeginning) {
  Trade();
  keeper->SaveAll();
  events.resize(2);
  ASSERT_EQ(Applied(), 2U);
  SendFrom(2);  // nothing is left to send
  EXPECT_TRUE(session->closed);
  Hello();
  EXPECT_EQ(session->messages[0].ready().applied_sequences().at("paper"), 0U);
  SendFrom(0);
  EXPECT_EQ(State().applied_sequence(), 2U);
  EXPECT_EQ(State().open_orders(), 0);
  keeper->Tick();
  EXPECT_EQ(Applied(), 1U) << "the longer one is not left in the store";
}

TEST_F(StoredRiskTest, AnEmptiedLogThatBeginsAnewIsBelieved) {
  Trade();
  keeper->SaveAll();
  ASSERT_EQ(Applied(), 2U);
  SendFrom(0);  // event 1 where event 3 was asked for
  EXPECT_TRUE(session->closed);
  Hello();
  SendFrom(0);
  EXPECT_EQ(State().applied_sequence(), 3U);
}

TEST_F(StoredRiskTest, NothingIsReservedOnWhatWasNotSeenInTheLog) {
  Trade();
  keeper->SaveAll();
  ASSERT_EQ(Applied(), 2U);
  risk::v1::RiskSessionRequest request;
  request.mutable_reserve()->set_correlation_id(1);
  request.mutable_reserve()->mutable_order()->set_account_id("paper");
  keeper->OnSession(request, session);
  EXPECT_TRUE(session->closed);
  EXPECT_EQ(session->messages.size(), 1U);
}

TEST_F(StoredRiskTest, WhatCannotBeReadIsReadFromTheLog) {
  Trade();
  keeper->SaveAll();
  ASSERT_TRUE(database
                  ->Transaction([](pqxx::transaction_base& work) {
                    work.exec("UPDATE exposure SET payload = 'x'");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(Applied(), 0U);
  SendFrom(0);
  EXPECT_EQ(State().applied_sequence(), 3U);
}

TEST_F(RiskKeeperTest, UnusableQuotesMoveNothingAndAreSaidToBeOld) {
  Spy("100", "100.02", "2024-06-03T15:00:00Z");
  Fill(Side::kBuy, "400", "100.02", "2024-06-03T15:00:01Z");
  for (auto [bid, ask] : {std::pair{"50", "50"}, {"51", "50"}, {"0", "50"}, {"0", "0"}})
    Spy(bid, ask, "2024-06-03T15:01:00Z");
  EXPECT_EQ(State().equity().value(), "99992");
  EXPECT_THAT(Blocked(State()), IsEmpty());
  clock.nanos += 6'000'000'000;
  Spy("50", "50", "2024-06-03T15:01:00Z");
  risk::v1::GetRiskStateResponse state = State();
  ASSERT_EQ(state.stale_symbols_size(), 1);
  EXPECT_EQ(state.oldest_mark_age_ms(), 60'000);
}

}  // namespace
}  // namespace ballast
