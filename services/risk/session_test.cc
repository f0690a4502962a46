// The order manager's session with risk: who may hold it.
#include <gtest/gtest.h>

#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/platform/service/service.h"
#include "services/risk/keeper.h"
#include "services/risk/postgres_store.h"
#include "services/risk/testing/keeper_at_hand.h"

namespace ballast {

std::vector<Migration> Migrations_risk();

namespace {

class Session : public RiskKeeper::Sender {
 public:
  bool Push(risk::v1::RiskSessionResponse response) override {
    said.push_back(std::move(response));
    return true;
  }
  void Close(grpc::Status status) override { closed = status.error_code(); }
  [[nodiscard]] bool done() const override { return closed != grpc::OK; }
  std::vector<risk::v1::RiskSessionResponse> said;
  grpc::StatusCode closed = grpc::OK;
};

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    database_ = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database_->Migrate(Migrations_risk()).ok());
    store_ = std::make_unique<PostgresRiskStore>(*database_);
    keeper_ = std::make_unique<KeeperAtHand>(*store_, clock_, *log_, metrics_);
    ASSERT_TRUE(keeper_->Recover().ok());
  }
  void Hello(std::uint64_t epoch, const std::shared_ptr<Session>& session,
             const std::vector<std::string>& accounts = {"paper"}) {
    risk::v1::RiskSessionRequest request;
    request.mutable_hello()->set_epoch(epoch);
    for (const std::string& account : accounts) request.mutable_hello()->add_account_ids(account);
    keeper_->OnSession(request, session);
  }
  void Reserve(std::uint64_t correlation, const std::shared_ptr<Session>& session,
               const std::string& account = "paper") {
    risk::v1::RiskSessionRequest request;
    request.mutable_reserve()->set_correlation_id(correlation);
    request.mutable_reserve()->mutable_order()->set_account_id(account);
    keeper_->OnSession(request, session);
  }

  SystemClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<RiskStore> store_;
  std::unique_ptr<KeeperAtHand> keeper_;
};

TEST_F(SessionTest, AnOlderOrderManagerIsTurnedAwayAndTheNewerOneGoesOn) {
  auto newer = std::make_shared<Session>();
  auto older = std::make_shared<Session>();
  Hello(7, newer);
  ASSERT_EQ(newer->said.size(), 1U);
  EXPECT_TRUE(newer->said[0].has_ready());
  Hello(6, older);
  EXPECT_EQ(older->closed, grpc::FAILED_PRECONDITION);
  EXPECT_TRUE(older->said.empty());
  EXPECT_EQ(newer->closed, grpc::OK);
  Reserve(3, newer);
  ASSERT_EQ(newer->said.size(), 2U);
  EXPECT_EQ(newer->said[1].reserve_result().correlation_id(), 3U);
}

// Most events of an order change nothing that risk knows, and are passed by; the log has no gap all the same.
TEST_F(SessionTest, WhatIsPassedByCountsAndAGapInItIsSeen) {
  auto send = [&](const std::shared_ptr<Session>& session, std::uint64_t sequence, order::v1::OrderEventType type) {
    order::v1::OrderEvent event;
    event.set_account_id("paper");
    event.set_sequence(sequence);
    event.set_type(type);
    event.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    event.mutable_order()->set_order_id("o1");
    if (type == order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED) event.clear_order();
    risk::v1::RiskSessionRequest request;
    request.mutable_batch()->add_events(event.SerializeAsString());
    keeper_->OnSession(request, session);
  };
  auto first = std::make_shared<Session>();
  Hello(7, first);
  send(first, 1, order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED);
  send(first, 2, order::v1::ORDER_EVENT_TYPE_SUBMITTED);
  send(first, 3, order::v1::ORDER_EVENT_TYPE_ACCEPTED);
  send(first, 3, order::v1::ORDER_EVENT_TYPE_ACCEPTED);  // again: nothing
  EXPECT_EQ(first->closed, grpc::OK);
  send(first, 5, order::v1::ORDER_EVENT_TYPE_ACCEPTED);
  EXPECT_EQ(first->closed, grpc::DATA_LOSS);
  auto second = std::make_shared<Session>();
  Hello(8, second);
  ASSERT_EQ(second->said.size(), 1U);
  EXPECT_EQ(second->said[0].ready().applied_sequences().at("paper"), 3U);
  risk::v1::RiskSessionRequest unreadable;
  unreadable.mutable_batch()->add_events("\xff\xff\xff");
  keeper_->OnSession(unreadable, second);
  // It would be the same in the next session: the account is refused instead.
  EXPECT_EQ(second->closed, grpc::OK);
  risk::v1::GetRiskStateResponse state;
  ASSERT_TRUE(keeper_->State("paper", &state).ok());
  ASSERT_FALSE(state.blocked_by().empty());
  EXPECT_EQ(state.blocked_by(0), "order_log");
  // Of several accounts nobody knows whose it is.
  auto third = std::make_shared<Session>();
  Hello(9, third, {"a", "b"});
  keeper_->OnSession(unreadable, third);
  EXPECT_EQ(third->closed, grpc::DATA_LOSS);
}

TEST_F(SessionTest, ANewerOneTakesOverAndTheFormerGetsNoRoom) {
  auto former = std::make_shared<Session>();
  auto latter = std::make_shared<Session>();
  Hello(7, former);
  Hello(8, latter);
  EXPECT_EQ(former->closed, grpc::ABORTED);
  Reserve(3, former);
  EXPECT_EQ(former->said.size(), 1U);
  Reserve(4, latter);
  EXPECT_EQ(latter->said.size(), 2U);
}

TEST_F(SessionTest, OrderManagersOfDifferentAccountsWorkSideBySide) {
  auto one = std::make_shared<Session>();
  auto two = std::make_shared<Session>();
  Hello(7, one, {"a", "b"});
  Hello(3, two, {"c"});
  Reserve(1, one, "a");
  Reserve(2, two, "c");
  EXPECT_EQ(one->said.size(), 2U);
  EXPECT_EQ(two->said.size(), 2U);
  EXPECT_EQ(two->said[0].ready().applied_sequences().size(), 1U);
}

TEST_F(SessionTest, NobodySpeaksOfAnothersAccount) {
  auto one = std::make_shared<Session>();
  auto two = std::make_shared<Session>();
  Hello(7, one, {"a"});
  Hello(9, two, {"c"});
  Reserve(1, two, "a");
  EXPECT_EQ(two->closed, grpc::FAILED_PRECONDITION);
  EXPECT_EQ(two->said.size(), 1U);
  Reserve(2, one, "a");
  EXPECT_EQ(one->said.size(), 2U);
}

TEST_F(SessionTest, WhoTakesAnAccountOverEndsItsFormerSessionOnly) {
  auto one = std::make_shared<Session>();
  auto two = std::make_shared<Session>();
  auto other = std::make_shared<Session>();
  Hello(7, one, {"a", "b"});
  Hello(8, other, {"c"});
  Hello(9, two, {"b"});
  EXPECT_EQ(one->closed, grpc::ABORTED);
  EXPECT_EQ(other->closed, grpc::OK);
  // The former one comes back with what it was, then with what is left to it.
  auto again = std::make_shared<Session>();
  Hello(7, again, {"a", "b"});
  EXPECT_EQ(again->closed, grpc::FAILED_PRECONDITION);
  EXPECT_EQ(two->closed, grpc::OK);
  again = std::make_shared<Session>();
  Hello(7, again, {"a"});
  Reserve(1, again, "a");
  EXPECT_EQ(again->said.size(), 2U);
}

TEST_F(SessionTest, WithoutAHelloNothingIsDecided) {
  auto silent = std::make_shared<Session>();
  Reserve(1, silent);
  EXPECT_EQ(silent->closed, grpc::FAILED_PRECONDITION);
  EXPECT_TRUE(silent->said.empty());
}

// An order that waits for another one, or for the open, is held against the market that it will meet.
TEST_F(SessionTest, WhatWaitsIsHeldAgainstThePriceOfThenAndReservesNothing) {
  auto session = std::make_shared<Session>();
  Hello(7, session);
  risk::v1::RiskSessionRequest opened;
  order::v1::OrderEvent event;
  event.set_account_id("paper");
  event.set_sequence(1);
  event.set_type(order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED);
  event.set_mode(type::v1::ACCOUNT_MODE_PAPER);
  event.mutable_cash()->set_value("100000");
  opened.mutable_batch()->add_events(event.SerializeAsString());
  keeper_->OnSession(opened, session);
  risk::v1::RiskSessionRequest replayed;
  replayed.mutable_replayed();
  keeper_->OnSession(replayed, session);
  Instrument instrument{.symbol = Symbol("SPY"), .currency = "USD", .tick_size = Decimal::Of("0.01")};
  instrument.lot_size = Decimal::FromInt(1);
  keeper_->SetInstruments({instrument});
  Quote quote{.symbol = Symbol("SPY"), .bid_price = Decimal::Of("100"), .ask_price = Decimal::Of("100.02")};
  quote.last_price = quote.bid_price;
  quote.session_open = true;
  quote.quote_time = clock_.Now();
  ASSERT_TRUE(keeper_->OnStep({.quotes = {quote}, .market_time = quote.quote_time}));
  auto ask = [&](const char* stop, const char* anchor, bool at_market) {
    risk::v1::RiskSessionRequest request;
    risk::v1::Reserve& reserve = *request.mutable_reserve();
    reserve.set_correlation_id(1);
    order::v1::Order& order = *reserve.mutable_order();
    order.set_account_id("paper");
    order.set_order_id("o1");
    order.set_symbol("SPY");
    order.set_side(type::v1::SIDE_SELL);
    order.set_type(type::v1::ORDER_TYPE_STOP);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_GTC);
    order.mutable_quantity()->set_value("1");
    order.mutable_stop_price()->set_value(stop);
    order.set_reduce_only(true);
    if (anchor != nullptr) reserve.mutable_anchor_price()->set_value(anchor);
    reserve.set_anchor_at_market(at_market);
    keeper_->OnSession(request, session);
    const risk::v1::ReserveResult& result = session->said.back().reserve_result();
    return result.approved() ? "" : result.rejection().check();
  };
  EXPECT_EQ(ask("95", nullptr, false), "reduce_only") << "there is nothing to reduce yet";
  EXPECT_EQ(ask("95", nullptr, true), "");
  EXPECT_EQ(ask("100.02", nullptr, true), "stop_side");
  EXPECT_EQ(ask("105", "110", false), "");
  EXPECT_EQ(ask("105", "110", true), "stop_side") << "a limit of 110 trades at the market's 100.02";
  EXPECT_EQ(ask("95", "97", true), "");
  EXPECT_EQ(ask("98", "97", true), "stop_side") << "a limit of 97 waits for 97";
  risk::v1::GetRiskStateResponse state;
  ASSERT_TRUE(keeper_->State("paper", &state).ok());
  EXPECT_EQ(state.open_orders(), 0);
}

// Each of them alone is within the limits; together they are not, and no event of either has come yet.
TEST_F(SessionTest, TwoOrdersThatGrowSideBySideShareWhatIsLeft) {
  auto session = std::make_shared<Session>();
  Hello(7, session);
  std::uint64_t sequence = 0;
  auto send = [&](order::v1::OrderEvent event) {
    event.set_account_id("paper");
    event.set_sequence(++sequence);
    risk::v1::RiskSessionRequest request;
    request.mutable_batch()->add_events(event.SerializeAsString());
    keeper_->OnSession(request, session);
  };
  order::v1::OrderEvent opened;
  opened.set_type(order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED);
  opened.set_mode(type::v1::ACCOUNT_MODE_PAPER);
  opened.mutable_cash()->set_value("100000");
  send(opened);
  auto order_of = [](const char* id, const std::string& quantity) {
    order::v1::Order order;
    order.set_account_id("paper");
    order.set_order_id(id);
    order.set_symbol("SPY");
    order.set_side(type::v1::SIDE_BUY);
    order.set_type(type::v1::ORDER_TYPE_LIMIT);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_GTC);
    order.set_status(order::v1::ORDER_STATUS_PENDING_NEW);
    for (auto* each : {order.mutable_quantity(), order.mutable_leaves_quantity()}) each->set_value(quantity);
    order.mutable_cumulative_quantity()->set_value("0");
    order.mutable_limit_price()->set_value("100");
    return order;
  };
  for (const char* id : {"o1", "o2"}) {
    order::v1::OrderEvent event;
    event.set_type(order::v1::ORDER_EVENT_TYPE_PENDING_NEW);
    *event.mutable_order() = order_of(id, "1");
    send(event);
  }
  risk::v1::RiskSessionRequest replayed;
  replayed.mutable_replayed();
  keeper_->OnSession(replayed, session);
  Instrument instrument{.symbol = Symbol("SPY"), .currency = "USD", .tick_size = Decimal::Of("0.01")};
  instrument.lot_size = Decimal::FromInt(1);
  keeper_->SetInstruments({instrument});
  Quote quote{.symbol = Symbol("SPY"), .bid_price = Decimal::Of("100"), .ask_price = Decimal::Of("100.02")};
  quote.last_price = quote.bid_price;
  quote.session_open = true;
  quote.quote_time = clock_.Now();
  ASSERT_TRUE(keeper_->OnStep({.quotes = {quote}, .market_time = quote.quote_time}));
  auto grow = [&](const char* id, const std::string& quantity) {
    risk::v1::RiskSessionRequest request;
    risk::v1::Reserve& reserve = *request.mutable_reserve();
    reserve.set_correlation_id(1);
    reserve.set_replaces(true);
    *reserve.mutable_order() = order_of(id, quantity);
    reserve.mutable_order()->clear_status();
    keeper_->OnSession(request, session);
    return session->said.back().reserve_result();
  };
  risk::v1::ReserveResult most = grow("o1", "5000");
  ASSERT_FALSE(most.approved());
  const std::string passable = most.passable_quantity();
  ASSERT_GT(std::stoi(passable), 1) << most.ShortDebugString();
  ASSERT_TRUE(grow("o1", passable).approved());
  EXPECT_FALSE(grow("o2", passable).approved()) << "what is left was approved a moment ago";
  risk::v1::ReserveResult same = grow("o2", "1");
  EXPECT_TRUE(same.approved()) << same.ShortDebugString();
  risk::v1::RiskSessionRequest let_go;
  let_go.mutable_void_()->set_account_id("paper");
  let_go.mutable_void_()->set_order_id("o1");
  keeper_->OnSession(let_go, session);
  EXPECT_TRUE(grow("o2", passable).approved());
}

}  // namespace
}  // namespace ballast
