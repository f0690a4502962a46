#include "services/api_gateway/stream_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/platform/service/service.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Keeps what it is sent; says no when it is told to be full.
class Page : public WebSocket {
 public:
  bool Send(std::shared_ptr<const std::string> text) override {
    if (full) return false;
    messages.push_back(Json::parse(*text));
    return true;
  }
  void Close(int code, const std::string&) override { closed = code; }

  std::vector<Json> Of(const std::string& type) const {
    std::vector<Json> found;
    for (const Json& message : messages) {
      if (message["type"] == type) found.push_back(message);
    }
    return found;
  }
  bool full = false;
  int closed = 0;
  std::vector<Json> messages;
};

order::v1::Order MakeOrder(const std::string& id, std::uint64_t sequence, order::v1::OrderStatus status) {
  order::v1::Order order;
  order.set_order_id(id);
  order.set_sequence(sequence);
  order.set_status(status);
  return order;
}
position::v1::Position MakePosition(const std::string& symbol, const std::string& quantity) {
  position::v1::Position position;
  position.set_account_id("paper");
  position.set_symbol(symbol);
  position.mutable_quantity()->set_value(quantity);
  return position;
}

broker::v1::StreamMarketDataResponse MakeStep(const std::string& symbol, std::uint64_t sequence) {
  broker::v1::StreamMarketDataResponse step;
  step.set_step(sequence);
  step.mutable_market_time()->set_seconds(1'000);
  broker::v1::Quote& quote = *step.add_quotes();
  quote.set_symbol(symbol);
  quote.set_sequence(sequence);
  quote.mutable_quote_time()->set_seconds(998);
  broker::v1::GetBookResponse& book = *step.add_books();
  book.set_symbol(symbol);
  book.add_bids()->mutable_price()->set_value(std::to_string(sequence));
  return step;
}

class StreamHubTest : public ::testing::Test {
 protected:
  // Somebody was here a moment ago.
  StreamHubTest() { hub_.Leave(Join().get()); }
  std::shared_ptr<Page> Join(const std::string& run = "", std::int64_t after = -1) {
    auto page = std::make_shared<Page>();
    hub_.Join(page, run, after);
    return page;
  }
  void Order(const std::string& id, std::uint64_t sequence,
             order::v1::OrderStatus status = order::v1::ORDER_STATUS_NEW) {
    hub_.With([&](LiveModel& model) { model.OnOrder(MakeOrder(id, sequence, status)); });
  }
  void Quote(const std::string& symbol, std::uint64_t sequence) { hub_.OnMarket(MakeStep(symbol, sequence)); }
  // A round in which quotes and heartbeats rest.
  void Tick() { hub_.Tick(1); }

  SystemClock clock_;
  Metrics metrics_;
  std::string status_ = R"({"version":"1"})";
  StreamHub hub_{{.default_account = "paper", .ring_max = 10, .resume_max = 5, .status = [this] { return status_; }},
                 clock_,
                 metrics_};
};

TEST_F(StreamHubTest, AClientGetsASnapshotAndThenEveryChangeInOrder) {
  Order("o1", 1);
  Tick();
  auto page = Join();
  ASSERT_THAT(page->Of("snapshot"), SizeIs(1));
  Json snapshot = page->messages[0];
  EXPECT_EQ(snapshot["sequence"], 1);
  EXPECT_EQ(snapshot["data"]["orders"][0]["order_id"], "o1");
  EXPECT_TRUE(snapshot["data"]["summary"].is_null());
  Order("o1", 2, order::v1::ORDER_STATUS_FILLED);
  Tick();
  Order("o2", 3);
  Tick();
  auto deltas = page->Of("delta");
  ASSERT_THAT(deltas, SizeIs(2));
  EXPECT_EQ(deltas[0]["sequence"], 2);
  EXPECT_EQ(deltas[0]["topic"], "orders");
  EXPECT_EQ(deltas[0]["data"][0]["status"], "ORDER_STATUS_FILLED");
  EXPECT_EQ(deltas[1]["sequence"], 3);
}

TEST_F(StreamHubTest, AChangeNotYetSentIsInTheNextDeltaAndNotInTheSnapshot) {
  Order("o1", 1);
  auto page = Join();
  EXPECT_THAT(page->messages[0]["data"]["orders"], IsEmpty());
  Tick();
  EXPECT_EQ(page->Of("delta")[0]["sequence"], 1);
}

TEST_F(StreamHubTest, ChangesOfOneRoundAreOneDeltaWithTheNewestState) {
  auto page = Join();
  for (std::uint64_t i = 1; i <= 5; ++i) Order("o1", i);
  Order("o1", 3, order::v1::ORDER_STATUS_SUBMITTED);  // an old state that comes late
  Order("o2", 6);
  Tick();
  Tick();
  auto deltas = page->Of("delta");
  ASSERT_THAT(deltas, SizeIs(1));
  ASSERT_THAT(deltas[0]["data"], SizeIs(2));
  EXPECT_EQ(deltas[0]["data"][0]["sequence"], "5");
}

TEST_F(StreamHubTest, QuotesAreGatheredAndTheHeartbeatNamesTheLastDelta) {
  auto page = Join();
  for (int round = 1; round < 5; ++round) {
    Quote("AAPL", static_cast<std::uint64_t>(round));
    hub_.Tick(round);
  }
  EXPECT_THAT(page->Of("delta"), IsEmpty());
  hub_.Tick(5);
  ASSERT_THAT(page->Of("delta"), SizeIs(1));
  EXPECT_EQ(page->Of("delta")[0]["data"][0]["sequence"], "4");
  status_ = R"({"version":"2"})";
  hub_.Tick(20);
  EXPECT_EQ(page->Of("delta")[1]["topic"], "status");
  EXPECT_EQ(page->Of("heartbeat").back()["sequence"], 2);
  EXPECT_EQ(page->messages.back()["type"], "heartbeat");
  hub_.Tick(40);  // an unchanged status is not sent again
  EXPECT_THAT(page->Of("delta"), SizeIs(2));
}

TEST_F(StreamHubTest, AClientThatWasAwayForAMomentGoesOnWhereItWas) {
  for (std::uint64_t i = 1; i <= 8; ++i) {
    Order("o" + std::to_string(i), i);
    Tick();
  }
  auto page = Join(hub_.run(), 5);
  EXPECT_THAT(page->Of("snapshot"), IsEmpty());
  std::vector<std::int64_t> sequences;
  for (const Json& delta : page->Of("delta")) sequences.push_back(delta["sequence"].get<std::int64_t>());
  EXPECT_THAT(sequences, ElementsAre(6, 7, 8));
  auto current = Join(hub_.run(), 8);
  EXPECT_THAT(current->messages, SizeIs(1));
  EXPECT_EQ(current->messages[0]["type"], "heartbeat");
}

TEST_F(StreamHubTest, OthersStartAfresh) {
  for (std::uint64_t i = 1; i <= 20; ++i) {
    Order("o" + std::to_string(i), i);
    Tick();
  }
  EXPECT_THAT(Join("", 19)->Of("snapshot"), SizeIs(1));             // of no run
  EXPECT_THAT(Join("another run", 19)->Of("snapshot"), SizeIs(1));  // of an earlier process
  EXPECT_THAT(Join(hub_.run(), 21)->Of("snapshot"), SizeIs(1));     // from the future
  EXPECT_THAT(Join(hub_.run(), 2)->Of("snapshot"), SizeIs(1));      // older than the ring
  EXPECT_THAT(Join(hub_.run(), 12)->Of("snapshot"), SizeIs(1));     // more than the client should swallow at once
  EXPECT_THAT(Join(hub_.run(), 15)->Of("snapshot"), IsEmpty());
}

TEST_F(StreamHubTest, AClientThatIsFullIsLeftAloneAndTheOthersGoOn) {
  auto slow = Join();
  auto good = Join();
  slow->full = true;
  Order("o1", 1);
  Tick();
  slow->full = false;
  Order("o2", 2);
  Tick();
  EXPECT_THAT(slow->Of("delta"), IsEmpty());
  EXPECT_THAT(good->Of("delta"), SizeIs(2));
}

TEST_F(StreamHubTest, AClientThatLeftGetsNothing) {
  auto page = Join();
  hub_.Leave(page.get());
  Order("o1", 1);
  Tick();
  EXPECT_THAT(page->Of("delta"), IsEmpty());
}

TEST_F(StreamHubTest, AStreamEndsWithItsSession) {
  bool holds = true;
  StreamHub hub({.default_account = "paper", .session_holds = [&](const std::string&) { return holds; }}, clock_,
                metrics_);
  auto browser = std::make_shared<Page>();
  auto script = std::make_shared<Page>();
  hub.Join(browser, "", -1, "cookie");
  hub.Join(script, "", -1);
  hub.Tick(20);
  EXPECT_EQ(browser->closed, 0);
  holds = false;
  hub.Tick(40);
  EXPECT_EQ(browser->closed, 1008);
  EXPECT_EQ(script->closed, 0);
  EXPECT_THAT(script->Of("heartbeat"), SizeIs(3));
}

TEST_F(StreamHubTest, APositionMissingFromANewSnapshotIsToldAsFlat) {
  position::v1::StreamPositionsResponse first;
  *first.add_positions() = MakePosition("AAPL", "5");
  *first.add_positions() = MakePosition("MSFT", "-2");
  first.set_snapshot(true);
  position::v1::StreamPositionsResponse second;
  *second.add_positions() = MakePosition("MSFT", "-2");
  second.set_snapshot(true);
  hub_.With([&](LiveModel& model) { model.OnPositions("paper", std::move(first)); });
  Tick();
  auto page = Join();
  hub_.With([&](LiveModel& model) { model.OnPositions("paper", std::move(second)); });
  Tick();
  std::map<std::string, std::string> quantities;
  Json rows = page->Of("delta")[0]["data"];
  for (const Json& row : rows) quantities[row["symbol"]] = row["quantity"];
  EXPECT_EQ(quantities["AAPL"], "0");
  EXPECT_EQ(quantities["MSFT"], "-2");
}

TEST_F(StreamHubTest, WorkingOrdersStayHoweverManyCloseAfterThem) {
  Order("working", 1);
  for (std::uint64_t i = 2; i < 500; ++i) Order("o" + std::to_string(i), i, order::v1::ORDER_STATUS_FILLED);
  Tick();
  Json orders = Join()->messages[0]["data"]["orders"];
  EXPECT_THAT(orders, SizeIs(200));
  EXPECT_EQ(orders[0]["order_id"], "working");
  EXPECT_EQ(orders[199]["order_id"], "o499");
}

TEST_F(StreamHubTest, TheStatusCountsOrdersSignalsAndWhatWorks) {
  order::v1::OrderEvent event;
  event.set_type(order::v1::ORDER_EVENT_TYPE_PENDING_NEW);
  *event.mutable_order() = MakeOrder("o1", 1, order::v1::ORDER_STATUS_PENDING_NEW);
  strategy::v1::StreamDeploymentsResponse deployments;
  for (const char* id : {"d1", "d2"}) {
    strategy::v1::Deployment& deployment = *deployments.add_deployments();
    deployment.set_deployment_id(id);
    deployment.set_signals(3);
    deployment.mutable_spec()->set_account_id("paper");
  }
  gateway::v1::GetStatusResponse status;
  hub_.With([&](LiveModel& model) {
    model.AddOrderCount(10);
    model.OnOrderEvent(OrderEventType::kPendingNew, event.order().SerializeAsString());
    model.OnDeployments(std::move(deployments));
    model.FillStatus(&status);
    EXPECT_EQ(model.AccountOfDeployment("d2"), "paper");
    EXPECT_EQ(model.AccountOfDeployment("d3"), "");
  });
  EXPECT_EQ(status.orders(), 11);
  EXPECT_EQ(status.working_orders(), 1);
  EXPECT_EQ(status.signals(), 6);
}

TEST_F(StreamHubTest, BacktestsAreToldAsTheyChangeAndTheNewestStay) {
  auto page = Join();
  auto told = [&](int number, backtest::v1::BacktestStatus status, std::int64_t done) {
    backtest::v1::StreamBacktestsResponse update;
    backtest::v1::Backtest& one = *update.add_backtests();
    one.set_backtest_id("B-" + std::to_string(number));
    one.set_status(status);
    one.set_done(done);
    hub_.With([&](LiveModel& model) { model.OnBacktests(std::move(update)); });
    hub_.Tick(1);
  };
  told(1, backtest::v1::BACKTEST_STATUS_RUNNING, 3);
  told(1, backtest::v1::BACKTEST_STATUS_SUCCEEDED, 9);
  auto deltas = page->Of("delta");
  ASSERT_THAT(deltas, SizeIs(2));
  EXPECT_EQ(deltas[0]["topic"], "backtests");
  EXPECT_EQ(deltas[0]["data"][0]["done"], "3");
  EXPECT_EQ(deltas[1]["data"][0]["status"], "BACKTEST_STATUS_SUCCEEDED");
  for (int number = 2; number <= 120; ++number) told(number, backtest::v1::BACKTEST_STATUS_SUCCEEDED, 9);
  Json snapshot = Join()->Of("snapshot")[0]["data"]["backtests"];
  EXPECT_THAT(snapshot, SizeIs(100));
  EXPECT_EQ(snapshot.back()["backtest_id"], "B-120");
}

TEST_F(StreamHubTest, QuoteAndBookAreOneRowOfOneStep) {
  auto page = Join();
  Quote("AAPL", 7);
  Quote("AAPL", 8);
  Quote("MSFT", 9);
  hub_.Tick(5);
  Json rows = page->Of("delta")[0]["data"];
  ASSERT_THAT(rows, SizeIs(2));
  for (const Json& row : rows) {
    EXPECT_EQ(row["step"], row["sequence"]);
    EXPECT_EQ(row["bids"][0]["price"], row["sequence"]);
    EXPECT_THAT(row["asks"], IsEmpty());
    EXPECT_EQ(row["age_ms"], "2000");
    EXPECT_EQ(row["stale"], false);
  }
  // A quote that comes without its book has none, not the last one's.
  broker::v1::StreamMarketDataResponse bare = MakeStep("AAPL", 10);
  bare.clear_books();
  hub_.OnMarket(std::move(bare));
  hub_.Tick(10);
  EXPECT_THAT(page->Of("delta")[1]["data"][0]["bids"], IsEmpty());
}

TEST_F(StreamHubTest, DeadPricesAreTold) {
  auto page = Join();
  EXPECT_EQ(page->Of("heartbeat")[0]["market"]["state"], "unknown");
  EXPECT_TRUE(page->Of("heartbeat")[0]["market"]["age_ms"].is_null());
  Quote("AAPL", 1);
  hub_.Tick(5);
  hub_.Tick(20);
  EXPECT_EQ(page->Of("heartbeat").back()["market"]["state"], "live");
  // Last heard long ago.
  std::int64_t long_ago = clock_.MonotonicNanos() - 10'000'000'000;
  hub_.With([&](LiveModel& model) { model.OnMarket(MakeStep("AAPL", 2), long_ago); });
  hub_.Tick(25);
  hub_.Tick(40);
  Json row = page->Of("delta").back()["data"][0];
  EXPECT_EQ(row["sequence"], "2");
  EXPECT_EQ(row["stale"], true);
  Json market = page->Of("heartbeat").back()["market"];
  EXPECT_EQ(market["state"], "silent");
  EXPECT_GE(market["age_ms"].get<std::int64_t>(), 10'000);
  EXPECT_EQ(market["step"], 2);
  // It speaks again, of something else: what stands is told as live.
  Quote("MSFT", 3);
  hub_.Tick(45);
  Json rows = page->Of("delta").back()["data"];
  ASSERT_THAT(rows, SizeIs(2));
  for (const Json& each : rows) EXPECT_EQ(each["stale"], false);
  // Over is over, however short ago.
  broker::v1::StreamMarketDataResponse end;
  end.set_end_of_data(true);
  hub_.OnMarket(std::move(end));
  hub_.Tick(50);
  hub_.Tick(60);
  EXPECT_EQ(page->Of("delta").back()["data"][0]["stale"], true);
  EXPECT_EQ(page->Of("heartbeat").back()["market"]["state"], "ended");
}

TEST_F(StreamHubTest, EquityPointsAndDecisionsNameTheirAccount) {
  for (const char* account : {"paper", "second"}) {
    position::v1::StreamPositionsResponse update;
    update.mutable_equity_point()->mutable_time()->set_seconds(5);
    update.mutable_equity_point()->mutable_equity()->set_value(account == std::string("paper") ? "1" : "2");
    hub_.With([&](LiveModel& model) { model.OnPositions(account, std::move(update)); });
  }
  strategy::v1::StreamDeploymentsResponse deployments;
  deployments.add_deployments()->set_deployment_id("d1");
  deployments.mutable_deployments(0)->mutable_spec()->set_account_id("second");
  deployments.add_decisions()->set_deployment_id("d1");
  hub_.With([&](LiveModel& model) { model.OnDeployments(std::move(deployments)); });
  auto page = Join();
  Tick();
  std::map<std::string, std::string> equity;
  for (const Json& delta : page->Of("delta")) {
    if (delta["topic"] == "decisions") EXPECT_EQ(delta["data"][0]["account_id"], "second");
    if (delta["topic"] != "equity") continue;
    for (const Json& row : delta["data"]) equity[row["account_id"]] = row["equity"];
  }
  // The same moment of two accounts is two points.
  EXPECT_EQ(equity, (std::map<std::string, std::string>{{"paper", "1"}, {"second", "2"}}));
  EXPECT_THAT(Join()->messages[0]["data"]["equity"], SizeIs(2));
}

TEST_F(StreamHubTest, WithoutRisksWordNothingMayBeOpened) {
  hub_.With([](LiveModel& model) {
    risk::v1::StreamOpeningsResponse update;
    update.add_answers()->set_account_id("paper");
    update.mutable_answers(0)->set_opening(risk::v1::OPENING_OPEN);
    model.OnOpenings(std::move(update));
  });
  Tick();
  auto page = Join();
  EXPECT_EQ(page->messages[0]["data"]["openings"][0]["opening"], "OPENING_OPEN");
  hub_.With([](LiveModel& model) { model.OnRiskLost(); });
  Tick();
  ASSERT_THAT(page->Of("delta"), SizeIs(1));
  Json row = page->Of("delta")[0]["data"][0];
  EXPECT_EQ(row["opening"], "OPENING_BLOCKED");
  EXPECT_EQ(row["blocks"][0]["name"], "risk_unavailable");
}

TEST_F(StreamHubTest, NothingIsMadeWhileNobodyLooks) {
  int statuses = 0;
  StreamHub hub({.default_account = "paper",
                 .idle_rounds = 3,
                 .status = [&] { return ++statuses, std::string("{\"version\":\"1\"}"); }},
                clock_, metrics_);
  auto add = [&](std::uint64_t i) {
    hub.With([&](LiveModel& model) {
      model.OnOrder(MakeOrder("o" + std::to_string(i), i, order::v1::ORDER_STATUS_FILLED));
    });
  };
  // Nobody has looked yet.
  hub.Tick(0);
  EXPECT_EQ(statuses, 0);
  auto page = std::make_shared<Page>();
  hub.Join(page, "", -1);
  EXPECT_EQ(statuses, 1);
  add(1);
  hub.Tick(20);
  std::int64_t last = page->messages.back()["sequence"];
  EXPECT_EQ(statuses, 2);
  hub.Leave(page.get());
  // Away for a moment: it goes on where it was.
  add(2);
  hub.Tick(21);
  auto back = std::make_shared<Page>();
  hub.Join(back, hub.run(), last);
  EXPECT_THAT(back->Of("snapshot"), IsEmpty());
  EXPECT_THAT(back->Of("delta"), SizeIs(1));
  hub.Leave(back.get());
  // Away for long: no status, and no more rows than a snapshot has.
  for (std::int64_t round = 40; round < 400; round += 20) hub.Tick(round);
  int asked = statuses;
  for (std::uint64_t i = 3; i < 1'000; ++i) {
    add(i);
    hub.Tick(static_cast<std::int64_t>(i) * 20);
  }
  EXPECT_EQ(statuses, asked);
  auto later = std::make_shared<Page>();
  hub.Join(later, hub.run(), last + 1);
  ASSERT_THAT(later->Of("snapshot"), SizeIs(1));
  Json snapshot = later->Of("snapshot")[0];
  EXPECT_EQ(statuses, asked + 1);
  EXPECT_EQ(snapshot["data"]["status"]["version"], "1");
  EXPECT_THAT(snapshot["data"]["orders"], SizeIs(200));
  EXPECT_EQ(snapshot["data"]["orders"][199]["order_id"], "o999");
  // And from there on without a gap.
  add(1'000);
  hub.Tick(30'001);
  ASSERT_THAT(later->Of("delta"), SizeIs(1));
  EXPECT_EQ(later->Of("delta")[0]["sequence"].get<std::int64_t>(), snapshot["sequence"].get<std::int64_t>() + 1);
  EXPECT_EQ(later->Of("delta")[0]["data"][0]["order_id"], "o1000");
}

}  // namespace
}  // namespace ballast
