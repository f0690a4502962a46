#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/wire/wire.h"
#include "services/risk/postgres_store.h"
#include "services/risk/testing/keeper_at_hand.h"

namespace ballast {

std::vector<Migration> Migrations_risk();

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override {
    return *UtcTime::Parse("2026-01-01T00:00:00Z") + Duration::Seconds(wall_s);
  }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1'000'000'000;
  std::int64_t wall_s = 0;
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
    keeper = std::make_unique<KeeperAtHand>(*store, clock, *log, *metrics);
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
  std::unique_ptr<KeeperAtHand> keeper;
  std::shared_ptr<Said> session;
  std::vector<OrderEvent> events;
};

}  // namespace ballast
