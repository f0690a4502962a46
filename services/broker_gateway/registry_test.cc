#include "services/broker_gateway/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "libs/broker/testing/scripted_session.h"
#include "libs/orders/elsewhere.h"
#include "services/broker_gateway/broker_list.h"
#include "services/broker_gateway/testing/session_fixture.h"
#include "services/broker_gateway/venue_desks.h"

namespace ballast {
namespace {

using testing::ElementsAre;

const OrderId kOrder("o-1");

TEST(BrokerRegistry, NamesTheBrokersThatOrderManagementKnowsAndWithTheSameData) {
  const BrokerRegistry brokers = BrokerRegistry::BuiltIn();
  std::vector<std::string> names;
  for (const BrokerEntry& entry : brokers.entries()) {
    names.push_back(entry.id);
    EXPECT_EQ(broker::DescribeCapabilities(entry.capabilities),
              broker::DescribeCapabilities(broker::CapabilitiesOf(entry.id)));
    for (const Knob& knob : entry.settings) EXPECT_EQ(knob.name.rfind(entry.id + "_", 0), 0U) << knob.name;
  }
  EXPECT_EQ(names, broker::KnownBrokers());
}

TEST(BrokerRegistry, TellsWhatABrokerCan) {
  const BrokerRegistry brokers = BrokerRegistry::BuiltIn();
  broker::v1::Broker told;
  FillBroker(*brokers.Find("paper"), {.accounts = {AccountId("paper")}, .ready = 1, .open_orders = 2}, {}, &told);
  EXPECT_EQ(told.state(), "connected");
  broker::v1::Broker out;
  FillBroker(*brokers.Find("paper"), {.accounts = {AccountId("paper")}, .ready = 0, .open_orders = 2}, {}, &out);
  EXPECT_EQ(out.state(), "down");
  EXPECT_EQ(out.detail(), "0 of 1 accounts are connected");
  EXPECT_EQ(told.open_orders(), 2);
  EXPECT_THAT(told.asset_classes(), ElementsAre("equity", "crypto"));
  EXPECT_THAT(told.order_types(),
              ElementsAre("market", "limit", "stop", "stop_limit", "take_profit", "take_profit_limit"));
  EXPECT_EQ(told.times_in_force_size(), 7);
  EXPECT_EQ(told.acceptance_window_ms(), 3'000);
  EXPECT_EQ(told.native_contingencies_size(), 0);
  EXPECT_EQ(told.settings(0).name(), "paper_latency_ms");
}

TEST(BrokerRegistry, WhoseTimeIsTheWallsIsRefusedInAMarketOfAnotherTime) {
  const BrokerRegistry built_in = BrokerRegistry::BuiltIn();
  BrokerEntry entry = *built_in.Find("paper_ecn");
  entry.wall_time = true;
  const BrokerRegistry brokers({entry, *built_in.Find("paper")});
  paper::PaperBroker venue({}, {});
  auto time = [] { return UtcTime{1}; };
  const VenueDesks::Brokers kept = {{AccountId("a"), "paper_ecn"}};
  VenueDesks recorded(brokers, venue, time, {.wall_time = false});
  std::optional<Rejection> why = recorded.Join(AccountId("a"), "paper_ecn");
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->reason, RejectReason::kBrokerUnavailable);
  EXPECT_THAT(why->message, testing::HasSubstr("market_speed 1"));
  EXPECT_EQ(recorded.BrokerOf(AccountId("a")), "paper");
  EXPECT_TRUE(recorded.Restore({}, {}).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(recorded.Restore({}, kept)));
  VenueDesks present(brokers, venue, time, {});
  EXPECT_FALSE(present.Join(AccountId("a"), "paper_ecn").has_value());
  EXPECT_TRUE(present.Restore({}, kept).ok());
}

// A venue whose books are elsewhere: the scripted one as a second line of the table.
class SecondBrokerTest : public SessionTest {
 protected:
  struct Session : broker::ScriptedSession {
    Session(SecondBrokerTest* of) : broker::ScriptedSession(Can()), test(of) {
      says.push_back(broker::SessionState{.state = broker::SessionState::State::kReady});
    }
    void Submit(const Order& intent) override {
      broker::ScriptedSession::Submit(intent);
      auto kept = test->store_->LoadKept();
      for (const auto& each : kept.value()) test->stored_first += each.order.order_id == intent.order_id ? 1 : 0;
    }
    SecondBrokerTest* test;
  };
  static broker::Capabilities Can() {
    broker::Capabilities can;
    can.order_types = {OrderType::kMarket, OrderType::kLimit};
    can.times_in_force = {TimeInForce::kIoc, TimeInForce::kGtc};
    can.replace = true;
    return can;
  }
  Engine::Options OptionsOf() override {
    Engine::Options options;
    options.closed_orders_kept = closed_kept_;
    std::vector<BrokerEntry> entries = options.brokers.entries();
    entries.push_back({.id = "scripted",
                       .display_name = "Scripted",
                       .mode = AccountMode::kPaper,
                       .capabilities = Can(),
                       .session_down = session_down_,
                       .make = [this](const SessionPlace& place) {
                         auto session = std::make_unique<Session>(this);
                         EXPECT_EQ(place.account_id, AccountId("second"));
                         session_ = session.get();
                         return session;
                       }});
    options.brokers = BrokerRegistry(entries);
    return options;
  }
  // On the engine's thread, where the session lives.
  void In(const std::function<void(const Engine&)>& what) {
    std::promise<void> done;
    ASSERT_TRUE(engine_->Ask([&](const Engine& engine) {
      what(engine);
      done.set_value();
    }));
    done.get_future().wait();
    engine_->WakeUp();
  }
  void Says(const broker::Fact& fact) {
    In([&](const Engine&) { session_->says.push_back(fact); });
  }
  // Heard, too.
  void Down() {
    Says(broker::SessionState{.state = broker::SessionState::State::kDown});
    In([](const Engine&) {});
  }
  std::shared_ptr<TestSession> Connect(const std::string& account, const std::string& broker) {
    auto session = std::make_shared<TestSession>();
    broker::v1::OrderSessionRequest hello;
    hello.mutable_hello()->set_epoch(1);
    (*hello.mutable_hello()->mutable_after_execution_sequences())[account] = 0;
    EXPECT_TRUE(engine_->Instruct(hello, session));
    broker::v1::OrderSessionRequest open;
    open.mutable_open_account()->set_account_id(account);
    open.mutable_open_account()->set_currency("USD");
    open.mutable_open_account()->mutable_opening_cash()->set_value("100000");
    open.mutable_open_account()->set_broker(broker);
    EXPECT_TRUE(engine_->Instruct(open, session));
    return session;
  }
  broker::v1::OrderSessionRequest OrderOf(const std::string& account) {
    broker::v1::OrderSessionRequest request = NewOrder(kOrder.value());
    request.mutable_new_order()->mutable_order()->set_account_id(account);
    return request;
  }
  static broker::Trade TradeOf(const char* quantity) {
    return {.order_id = kOrder,
            .broker_order_id = "b-1",
            .root_id = ExecutionId("t-1"),
            .symbol = Symbol("BTC-USD"),
            .side = Side::kBuy,
            .quantity = Decimal::Of(quantity),
            .price = Decimal::Of("65000"),
            .fee_currency = "USD"};
  }
  Decimal Cash() {
    Decimal cash;
    In([&](const Engine& engine) { cash = engine.venue().FindLedger(AccountId("second"))->cash; });
    return cash;
  }
  Decimal Held() {
    Decimal held;
    In([&](const Engine& engine) {
      const auto& positions = engine.venue().FindLedger(AccountId("second"))->positions;
      if (auto found = positions.find(Symbol("BTC-USD")); found != positions.end()) held = found->second;
    });
    return held;
  }

 public:
  int stored_first = 0;

 protected:
  SessionDown session_down_;
  std::size_t closed_kept_ = 100;
  Session* session_ = nullptr;
};

TEST_F(SecondBrokerTest, AnOrderGoesToItsAccountsBrokerOnceAndIsStoredBeforeItLeaves) {
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  In([](const Engine&) {});
  In([&](const Engine&) { EXPECT_EQ(session_->submitted[kOrder], 1); });
  EXPECT_EQ(stored_first, 1);
  Says(broker::Ack{.order_id = kOrder, .broker_order_id = "b-1"});
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_NEW));
  Says(TradeOf("0.01"));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_EQ(Held(), Decimal::Of("0.01"));
  In([](const Engine& engine) {
    EXPECT_EQ(engine.desks().SeatsOf(*engine.options().brokers.Find("scripted")).accounts.size(), 1U);
    EXPECT_EQ(engine.venue().working_count(), 0U);  // the paper venue never saw it
  });
}

TEST_F(SecondBrokerTest, AfterARestartItIsAskedForAndNothingIsSentOrToldTwice) {
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  Says(TradeOf("0.004"));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  Start();
  session = Connect("second", "scripted");
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  Says(TradeOf("0.004"));
  broker::Trade rest = TradeOf("0.006");
  rest.root_id = ExecutionId("t-2");
  Says(rest);
  auto told = [&] {
    std::vector<std::string> trades;
    for (const auto& report : session->reports()) {
      if (report.type() == broker::v1::EXECUTION_TYPE_TRADE) trades.push_back(report.execution_id());
    }
    return trades;
  };
  ASSERT_TRUE(session->WaitForReports("o-1", broker::v1::EXECUTION_TYPE_TRADE, 2));
  EXPECT_THAT(told(), ElementsAre("t-1", "t-2"));
  EXPECT_EQ(Held(), Decimal::Of("0.01"));
  In([&](const Engine&) {
    EXPECT_EQ(session_->submitted[kOrder], 0);
    EXPECT_FALSE(session_->queried.empty());
  });
}

TEST(BrokerRegistry, WhatBecomesOfOrdersWhileASessionIsDownIsData) {
  BrokerRegistry brokers({{.id = "far"}, {.id = "near"}});
  EXPECT_TRUE(brokers.SetSessionDown({"far:refuse:250"}).ok());
  EXPECT_EQ(brokers.Find("far")->session_down.ToString(), "refuse:250");
  EXPECT_EQ(brokers.Find("near")->session_down.ToString(), "wait:5000");
  EXPECT_TRUE(brokers.SetSessionDown({"near:elsewhere:70"}).ok());
  EXPECT_EQ(brokers.Find("near")->session_down.ToString(), "elsewhere:70");
  EXPECT_TRUE(brokers.Find("near")->session_down.refuses_entries);
  EXPECT_TRUE(brokers.SetSessionDown({"near:wait:5000"}).ok());
  for (const char* wrong : {"far", "far:hope:5", "far:wait:-1", "far:wait:x", "far:wait:600001", "nobody:wait:5"})
    EXPECT_TRUE(absl::IsInvalidArgument(brokers.SetSessionDown({wrong}))) << wrong;
  broker::v1::Broker told;
  FillBroker(*brokers.Find("far"), {}, {}, &told);
  EXPECT_EQ(told.settings(0).name(), "session_down");
  EXPECT_EQ(told.settings(0).default_value(), "refuse:250");
}

// It goes nowhere else by itself, and nobody waits for ever.
TEST_F(SecondBrokerTest, WhatHasWaitedTooLongForItsSessionEndsNotSent) {
  session_down_ = {.wait = Duration::Millis(200)};
  Start();
  auto session = Connect("second", "scripted");
  Down();
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_NOT_SENT));
  EXPECT_EQ(session->ReportOf("o-1")->rejection().reason(), type::v1::REJECT_REASON_BROKER_UNAVAILABLE);
  Says(broker::SessionState{.state = broker::SessionState::State::kReady});
  In([](const Engine&) {});
  In([&](const Engine&) { EXPECT_EQ(session_->submitted[kOrder], 0); });
}

TEST_F(SecondBrokerTest, WhereEntriesAreRefusedWhileItsSessionIsDownWhatGetsOutWaits) {
  session_down_ = {.refuses_entries = true, .wait = Duration::Seconds(60)};
  Start();
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  Says(TradeOf("0.01"));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  Down();
  auto order = [&](const char* id, type::v1::Side side) {
    broker::v1::OrderSessionRequest request = OrderOf("second");
    request.mutable_new_order()->mutable_order()->set_order_id(id);
    request.mutable_new_order()->mutable_order()->set_side(side);
    return request;
  };
  ASSERT_TRUE(engine_->Instruct(order("entry", type::v1::SIDE_BUY), session));
  ASSERT_TRUE(engine_->Instruct(order("exit", type::v1::SIDE_SELL), session));
  ASSERT_TRUE(session->WaitForReport("entry", broker::v1::EXECUTION_TYPE_REJECTED));
  EXPECT_EQ(session->ReportOf("entry")->rejection().check(), "session_down");
  EXPECT_EQ(session->ReportOf("entry")->rejection().limit(), "refuse:60000");
  Says(broker::SessionState{.state = broker::SessionState::State::kReady});
  In([](const Engine&) {});
  In([&](const Engine&) {
    EXPECT_EQ(session_->submitted[OrderId("exit")], 1);
    EXPECT_EQ(session_->submitted[OrderId("entry")], 0);
  });
}

TEST_F(SecondBrokerTest, AnEntryThatMayGoElsewhereIsRefusedSoAndWhatGetsOutWaits) {
  session_down_ = {.refuses_entries = true, .wait = Duration::Seconds(60), .elsewhere = true};
  Start();
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  Says(TradeOf("0.01"));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  Down();
  for (const auto& [id, side] : {std::pair("entry", type::v1::SIDE_BUY), std::pair("exit", type::v1::SIDE_SELL)}) {
    broker::v1::OrderSessionRequest request = OrderOf("second");
    request.mutable_new_order()->mutable_order()->set_order_id(id);
    request.mutable_new_order()->mutable_order()->set_side(side);
    ASSERT_TRUE(engine_->Instruct(request, session));
  }
  ASSERT_TRUE(session->WaitForReport("entry", broker::v1::EXECUTION_TYPE_REJECTED));
  EXPECT_EQ(session->ReportOf("entry")->rejection().check(), orders::kMayGoElsewhere);
  Says(broker::SessionState{.state = broker::SessionState::State::kReady});
  In([](const Engine&) {});
  In([&](const Engine&) {
    EXPECT_EQ(session_->submitted[OrderId("exit")], 1);
    EXPECT_EQ(session_->submitted[OrderId("entry")], 0);
  });
}

// Told under one session and sent again by an order manager that has not heard of it: it must not be made twice.
TEST_F(SecondBrokerTest, AnOrderThatHasEndedIsKnownAfterARestart) {
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  Says(TradeOf("0.01"));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  Start();
  session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  In([](const Engine&) {});
  In([&](const Engine&) { EXPECT_EQ(session_->submitted[kOrder], 0); });
  EXPECT_EQ(session->CountOf("o-1", broker::v1::EXECUTION_TYPE_REJECTED), 0U);
  // And what the venue takes back of it is taken back.
  broker::Trade bust = TradeOf("0.01");
  bust.version = 1;
  bust.busted = true;
  Says(bust);
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE_CANCEL));
  EXPECT_EQ(Held(), Decimal());
  EXPECT_EQ(Cash(), Decimal::FromInt(100'000));
}

TEST_F(SecondBrokerTest, CashMovesWithWhatTradesThere) {
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  broker::Trade trade = TradeOf("0.004");
  trade.fee = Decimal::Of("0.26");
  Says(trade);
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_EQ(Cash(), Decimal::Of("99739.74"));
  trade.version = 1;
  trade.price = Decimal::Of("64000");
  Says(trade);
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_TRADE_CORRECT));
  EXPECT_EQ(Cash(), Decimal::Of("99743.74"));
  // What was moved is known after a restart too.
  Start();
  session = Connect("second", "scripted");
  // A fee in what was bought is taken from that.
  trade.version = 2;
  trade.fee = Decimal::Of("0.0001");
  trade.fee_currency = "BTC";
  Says(trade);
  ASSERT_TRUE(session->WaitForReports("o-1", broker::v1::EXECUTION_TYPE_TRADE_CORRECT, 2));
  EXPECT_EQ(Cash(), Decimal::Of("99744"));
  EXPECT_EQ(Held(), Decimal::Of("0.0039"));
}

// A correction of one that has ended is about that one: it takes no other's place among those that are known.
TEST_F(SecondBrokerTest, WhatIsToldOfAnEndedOrderDoesNotMakeItTwo) {
  closed_kept_ = 2;
  Start();
  auto session = Connect("second", "scripted");
  auto trade = [&](const char* order, int version, const char* price) {
    broker::Trade told = TradeOf("0.01");
    told.order_id = OrderId(order);
    told.broker_order_id = std::string("b-") + order;
    told.root_id = ExecutionId(std::string("t-") + order);
    told.version = version;
    told.price = Decimal::Of(price);
    Says(told);
    ASSERT_TRUE(session->WaitForReport(
        order, version == 0 ? broker::v1::EXECUTION_TYPE_TRADE : broker::v1::EXECUTION_TYPE_TRADE_CORRECT));
  };
  auto knows = [&](const char* order) {
    bool known = false;
    In([&](const Engine& engine) { known = engine.desks().Find(AccountId("second"), OrderId(order)) != nullptr; });
    return known;
  };
  for (const char* order : {"o-1", "o-2", "o-3"}) {
    broker::v1::OrderSessionRequest request = OrderOf("second");
    request.mutable_new_order()->mutable_order()->set_order_id(order);
    ASSERT_TRUE(engine_->Instruct(request, session));
    trade(order, 0, "65000");
    if (std::string(order) == "o-1") trade(order, 1, "64000");
    if (std::string(order) == "o-2") EXPECT_TRUE(knows("o-1")) << "two have ended, and two are kept";
  }
  EXPECT_FALSE(knows("o-1"));
  EXPECT_TRUE(knows("o-2"));
  EXPECT_TRUE(knows("o-3"));
}

// It was let through, and then the session was away: what is true when it leaves counts.
TEST_F(SecondBrokerTest, WhatWaitedForTheSessionPassesTheLastCheckAgainAsItLeaves) {
  auto session = Connect("second", "scripted");
  Down();
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  In([](const Engine&) {});
  ASSERT_TRUE(kill_->Engage({.command_id = "halt-1", .reason = "test", .actor = "test", .engaged = true}).ok());
  Says(broker::SessionState{.state = broker::SessionState::State::kReady});
  auto report = (session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_REJECTED), session->ReportOf("o-1"));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->rejection().reason(), type::v1::REJECT_REASON_KILL_SWITCH);
  In([&](const Engine&) { EXPECT_EQ(session_->submitted[kOrder], 0); });
}

TEST_F(SecondBrokerTest, OtherTermsThatWaitedForTheSessionPassTheLastCheckAgainToo) {
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  Says(broker::Ack{.order_id = kOrder, .broker_order_id = "b-1"});
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_NEW));
  Down();
  broker::v1::OrderSessionRequest other;
  other.mutable_replace()->set_account_id("second");
  other.mutable_replace()->set_order_id("o-1");
  other.mutable_replace()->mutable_replacement()->mutable_quantity()->set_value("0.02");
  other.mutable_replace()->mutable_replacement()->set_number(1);
  ASSERT_TRUE(engine_->Instruct(other, session));
  In([](const Engine&) {});
  ASSERT_TRUE(kill_->Engage({.command_id = "halt-1", .reason = "test", .actor = "test", .engaged = true}).ok());
  Says(broker::SessionState{.state = broker::SessionState::State::kReady});
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_REPLACE_REJECTED));
  In([&](const Engine&) { EXPECT_TRUE(session_->replaced.empty()); });
}

TEST_F(SecondBrokerTest, TheKillSwitchCancelsThereToo) {
  auto session = Connect("second", "scripted");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  Says(broker::Ack{.order_id = kOrder, .broker_order_id = "b-1"});
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_NEW));
  ASSERT_TRUE(
      kill_->Engage({.command_id = "cancel-1", .reason = "test", .actor = "test", .engaged = true, .cancel_all = true})
          .ok());
  engine_->WakeUp();
  In([](const Engine&) {});
  In([&](const Engine&) { EXPECT_EQ(session_->cancelled.size(), 1U); });
  Says(broker::Ended{.order_id = kOrder, .status = OrderStatus::kCanceled});
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_CANCELED));
}

TEST_F(SecondBrokerTest, AnUnknownBrokerIsRefusedAndThoseThereAreAreNamed) {
  auto session = Connect("third", "nowhere");
  ASSERT_TRUE(engine_->Instruct(OrderOf("third"), session));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_REJECTED));
  const auto refusal = session->ReportOf("o-1")->rejection();
  EXPECT_EQ(refusal.reason(), type::v1::REJECT_REASON_BROKER_UNSUPPORTED);
  EXPECT_EQ(refusal.observed(), "nowhere");
  EXPECT_EQ(refusal.limit(), "binance, paper, paper_ecn, scripted");
}

TEST_F(SecondBrokerTest, AnAccountStaysWithTheBrokerItWasOpenedWith) {
  auto session = Connect("second", "scripted");
  In([](const Engine&) {});
  Start();
  session = Connect("second", "paper");
  ASSERT_TRUE(engine_->Instruct(OrderOf("second"), session));
  ASSERT_TRUE(session->WaitForReport("o-1", broker::v1::EXECUTION_TYPE_REJECTED));
  EXPECT_EQ(session->ReportOf("o-1")->rejection().limit(), "scripted");
}

TEST_F(SecondBrokerTest, AnAccountOfABrokerThatIsGoneKeepsTheGatewayFromStarting) {
  Connect("second", "scripted");
  In([](const Engine&) {});
  worker_.reset();
  engine_ = std::make_unique<Engine>(Engine::Options{}, *store_, *kill_, clock_, *log_, metrics_, redis_,
                                     [](const std::string&) {});
  absl::Status recovered = engine_->Recover();
  EXPECT_TRUE(absl::IsFailedPrecondition(recovered)) << recovered;
  EXPECT_THAT(std::string(recovered.message()),
              testing::HasSubstr("there is no broker 'scripted'; there are: binance, paper"));
}

}  // namespace
}  // namespace ballast
