#include "libs/risk/pre_trade.h"

#include <gtest/gtest.h>

#include <functional>

#include "libs/base/rng.h"

namespace ballast::risk {
namespace {

const BreakerBlock kTripped{
    .rule = {.name = "volatility", .kind = BreakerKind::kVolatility, .scope = BreakerScope::kAccount},
    .state = {.trip = BreakerTrip{.time = UtcTime{7}, .observed = Decimal::FromInt(2), .limit = Decimal::FromInt(1)}}};

struct World {
  const BreakerBlock* block = nullptr;
  Limits limits;
  Exposure exposure;
  Market market;
  Order order;
  std::int64_t now_ns = 1'000'000'000;

  World() {
    Instrument instrument{.symbol = Symbol("AAPL"),
                          .currency = "USD",
                          .tick_size = Decimal::Of("0.01"),
                          .lot_size = Decimal::Of("1"),
                          .min_notional = Decimal::Of("1"),
                          .shortable = true};
    market.instruments[instrument.symbol] = instrument;
    SetQuote("99.99", "100");
    OrderEvent opened;
    opened.sequence = 1;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(100'000);
    exposure.Apply(opened);
    order = MakeOrder("o1", Side::kBuy, "10");
  }
  void SetQuote(const char* bid, const char* ask) {
    Quote quote;
    quote.symbol = Symbol("AAPL");
    quote.bid_price = quote.last_price = Decimal::Of(bid);
    quote.ask_price = Decimal::Of(ask);
    quote.session_open = true;
    market.quotes[quote.symbol] = quote;
    market.arrival_ns[quote.symbol] = now_ns;
  }
  static Order MakeOrder(const char* id, Side side, const char* quantity) {
    Order made;
    made.order_id = OrderId(id);
    made.deployment_id = DeploymentId("d");
    made.symbol = Symbol("AAPL");
    made.side = side;
    made.type = OrderType::kMarket;
    made.time_in_force = TimeInForce::kIoc;
    made.quantity = made.leaves_quantity = Decimal::Of(quantity);
    return made;
  }
  void Filled(Side side, const char* quantity, const char* price, const char* symbol = "AAPL") {
    OrderEvent event;
    event.sequence = exposure.applied_sequence() + 1;
    event.type = OrderEventType::kFilled;
    event.fill = Fill{.deployment_id = DeploymentId("d"),
                      .symbol = Symbol(symbol),
                      .side = side,
                      .quantity = Decimal::Of(quantity),
                      .price = Decimal::Of(price)};
    exposure.Apply(event);
  }
  // A limit order of deployment d that works.
  void Rests(const char* id, Side side, const char* quantity, const char* price) {
    Order resting = MakeOrder(id, side, quantity);
    resting.type = OrderType::kLimit;
    resting.time_in_force = TimeInForce::kGtc;
    resting.limit_price = Decimal::Of(price);
    Works(resting);
  }
  void Works(Order working) {
    OrderEvent event;
    event.sequence = exposure.applied_sequence() + 1;
    event.type = OrderEventType::kAccepted;
    working.status = OrderStatus::kNew;
    event.order = working;
    exposure.Apply(event);
  }
  PreTradeResult Run() const {
    return CheckPreTrade(
        {.order = order, .limits = limits, .exposure = exposure, .market = market, .now_ns = now_ns, .block = block});
  }
};

TEST(PreTradeTest, AnOrdinaryOrderPassesEveryCheck) {
  PreTradeResult result = World().Run();
  EXPECT_FALSE(result.rejection.has_value()) << result.rejection->message;
  EXPECT_EQ(result.checks.size(), 36U);
}

TEST(PreTradeTest, EachCheckRefusesWhatItIsFor) {
  struct Case {
    const char* check;
    RejectReason reason;
    std::function<void(World&)> spoil;
  };
  const Case cases[] = {
      {"known_instrument", RejectReason::kUnknownInstrument, [](World& w) { w.order.symbol = Symbol("NOPE"); }},
      {"restricted", RejectReason::kRestricted, [](World& w) { w.limits.restricted.insert(Symbol("AAPL")); }},
      {"limits_known", RejectReason::kRiskUnavailable, [](World& w) { w.limits.unusable = {"drawdown_ratio"}; }},
      {"trading_halted", RejectReason::kTradingHalted,
       [](World& w) {
         OrderEvent e;
         e.sequence = 2;
         e.type = OrderEventType::kAccountHalted;
         w.exposure.Apply(e);
       }},
      {"price_known", RejectReason::kStalePrice, [](World& w) { w.market.quotes.clear(); }},
      {"session_open", RejectReason::kMarketClosed,
       [](World& w) { w.market.quotes[Symbol("AAPL")].session_open = false; }},
      {"session_open", RejectReason::kInstrumentHalted,
       [](World& w) { w.market.quotes[Symbol("AAPL")].halted = true; }},
      {"price_age", RejectReason::kStalePrice, [](World& w) { w.now_ns += 5'001'000'000; }},
      {"price_age", RejectReason::kStalePrice, [](World& w) { w.market.quotes[Symbol("AAPL")].stale = true; }},
      {"price_crossed", RejectReason::kCrossedPrice, [](World& w) { w.SetQuote("100.01", "100"); }},
      {"tick_size", RejectReason::kPriceOffTick,
       [](World& w) {
         w.order.type = OrderType::kLimit;
         w.order.limit_price = Decimal::Of("99.995");
       }},
      {"lot_size", RejectReason::kQuantityOffLot, [](World& w) { w.order.quantity = Decimal::Of("1.5"); }},
      {"max_order_quantity", RejectReason::kMaxQuantity,
       [](World& w) { w.limits.max_order_quantity = Decimal::Of("9"); }},
      {"max_order_notional", RejectReason::kMaxNotional,
       [](World& w) { w.limits.max_order_notional = Decimal::Of("999.99"); }},
      {"min_notional", RejectReason::kMinNotional,
       [](World& w) { w.market.instruments[Symbol("AAPL")].min_notional = Decimal::Of("1000.01"); }},
      {"stop_side", RejectReason::kStopWrongSide,
       [](World& w) {
         w.order.type = OrderType::kStop;
         w.order.stop_price = Decimal::Of("100");
       }},
      {"price_collar", RejectReason::kPriceCollar,
       [](World& w) {
         w.order.type = OrderType::kLimit;
         w.order.limit_price = Decimal::Of("110");
       }},
      {"soft_collar", RejectReason::kSoftCollar,
       [](World& w) {
         w.order.type = OrderType::kLimit;
         w.order.limit_price = Decimal::Of("103");
       }},
      {"self_trade", RejectReason::kSelfTrade, [](World& w) { w.Rests("mine", Side::kSell, "1", "100"); }},
      {"locate", RejectReason::kLocateRequired,
       [](World& w) {
         w.order.side = Side::kSell;
         w.limits.require_locate = true;
       }},
      {"risk_per_trade", RejectReason::kRiskPerTrade,
       [](World& w) { w.limits.risk_per_trade_ratio = Decimal::Of("0.0099"); }},
      {"portfolio_risk", RejectReason::kPortfolioRisk,
       [](World& w) { w.limits.portfolio_risk_ratio = Decimal::Of("0.0099"); }},
      {"order_rate", RejectReason::kOrderRate, [](World& w) { w.exposure.recent_orders.assign(20, {}); }},
      {"order_rate_per_deployment", RejectReason::kOrderRate, [](World& w) { w.limits.order_rate_per_deployment = 0; }},
      {"repeated_orders", RejectReason::kOrderRate, [](World& w) { w.limits.repeated_orders_per_second = 0; }},
      {"max_open_orders", RejectReason::kMaxOpenOrders, [](World& w) { w.limits.max_open_orders = 0; }},
      {"reduce_only", RejectReason::kReduceOnly, [](World& w) { w.order.reduce_only = true; }},
      {"short_selling", RejectReason::kShortNotAllowed,
       [](World& w) {
         w.order.side = Side::kSell;
         w.limits.allow_short = false;
       }},
      {"equity", RejectReason::kBuyingPower, [](World& w) { w.Filled(Side::kBuy, "1", "100", "UNPRICED"); }},
      {"max_position", RejectReason::kMaxPosition, [](World& w) { w.order.quantity = Decimal::Of("21"); }},
      {"concentration", RejectReason::kConcentration,
       [](World& w) { w.limits.concentration_ratio = Decimal::Of("0.0099"); }},
      {"gross_leverage", RejectReason::kGrossLeverage,
       [](World& w) { w.limits.gross_leverage = Decimal::Of("0.0099"); }},
      {"net_leverage", RejectReason::kNetLeverage, [](World& w) { w.limits.net_leverage = Decimal::Of("0.0099"); }},
      {"breaker", RejectReason::kBreaker, [](World& w) { w.block = &kTripped; }},
      {"max_open_positions_per_deployment", RejectReason::kMaxOpenPositions,
       [](World& w) { w.limits.max_open_positions_per_deployment = 0; }},
      {"max_open_positions", RejectReason::kMaxOpenPositions, [](World& w) { w.limits.max_open_positions = 0; }},
      {"daily_loss", RejectReason::kDailyLoss,
       [](World& w) { w.exposure.baseline.day_start_equity = Decimal::Of("101011"); }},
      {"drawdown", RejectReason::kDrawdown, [](World& w) { w.exposure.baseline.peak_equity = Decimal::Of("105264"); }},
  };
  for (const Case& item : cases) {
    World world;
    item.spoil(world);
    PreTradeResult result = world.Run();
    ASSERT_TRUE(result.rejection.has_value()) << item.check;
    EXPECT_EQ(result.rejection->check, item.check);
    EXPECT_EQ(result.rejection->reason, item.reason) << item.check;
  }
}

// 1 % of the equity: 10 at 100 is at it.
TEST(PreTradeTest, NetLeverageBelowAtAboveMissingAndOff) {
  World world;
  world.limits.net_leverage = Decimal::Of("0.01");
  for (const char* passes : {"9", "10"}) {
    world.order.quantity = Decimal::Of(passes);
    EXPECT_FALSE(world.Run().rejection) << passes;
  }
  world.order.quantity = Decimal::Of("11");
  ASSERT_TRUE(world.Run().rejection);
  EXPECT_EQ(world.Run().rejection->check, "net_leverage");
  // Shorts count against longs, and what is pending counts at its worst.
  world.Filled(Side::kSell, "5", "100");
  EXPECT_FALSE(world.Run().rejection);
  world.exposure.Reserve(World::MakeOrder("o3", Side::kBuy, "5"), 100'000'000'000);
  EXPECT_TRUE(world.Run().rejection);
  world.limits.net_leverage = world.limits.gross_leverage;
  EXPECT_FALSE(world.Run().rejection) << "off: the gross says it all";
  World unpriced;
  unpriced.limits.net_leverage = Decimal::Of("0.01");
  unpriced.exposure.Reserve(World::MakeOrder("o4", Side::kBuy, "1"), 100'000'000'000);
  unpriced.market.quotes.clear();
  EXPECT_TRUE(unpriced.Run().rejection);
}

TEST(PreTradeTest, RateOfADeploymentBelowAtAboveMissingAndOff) {
  World world;
  world.limits.order_rate_per_deployment = 3;
  Order other = World::MakeOrder("x", Side::kSell, "1");
  for (int sent : {0, 2}) {  // below; and the third is at it
    world.exposure.recent_orders.assign(sent, RecentOrder::Of(other, 0));
    EXPECT_FALSE(world.Run().rejection) << sent;
  }
  world.exposure.recent_orders.assign(3, RecentOrder::Of(other, 0));
  ASSERT_TRUE(world.Run().rejection);
  EXPECT_EQ(world.Run().rejection->check, "order_rate_per_deployment");
  EXPECT_EQ(world.Run().rejection->limit, "3");
  EXPECT_EQ(world.Run().rejection->observed, "4");
  // Somebody else's do not count, and an order by hand has no deployment.
  other.deployment_id = DeploymentId("e");
  world.exposure.recent_orders.assign(3, RecentOrder::Of(other, 0));
  EXPECT_FALSE(world.Run().rejection);
  world.order.deployment_id = DeploymentId();
  world.limits.order_rate_per_deployment = 0;
  EXPECT_FALSE(world.Run().rejection) << "missing";
  world.order.deployment_id = DeploymentId("d");
  EXPECT_TRUE(world.Run().rejection);
  world.limits.order_rate_per_deployment = world.limits.order_rate_per_second;
  EXPECT_FALSE(world.Run().rejection) << "off: the account's rate says it all";
}

TEST(PreTradeTest, RepeatedOrdersBelowAtAboveMissingAndOff) {
  World world;
  world.limits.repeated_orders_per_second = 3;
  for (int sent : {0, 2}) {
    world.exposure.recent_orders.assign(sent, RecentOrder::Of(world.order, 0));
    EXPECT_FALSE(world.Run().rejection) << sent;
  }
  world.exposure.recent_orders.assign(3, RecentOrder::Of(world.order, 0));
  ASSERT_TRUE(world.Run().rejection);
  EXPECT_EQ(world.Run().rejection->check, "repeated_orders");
  EXPECT_EQ(world.Run().rejection->limit, "3");
  EXPECT_EQ(world.Run().rejection->observed, "4");
  // Any part that differs makes it another order; a price does not, nor its type.
  const Order repeated = world.order;
  world.order.quantity = Decimal::Of("9");
  EXPECT_FALSE(world.Run().rejection);
  world.order = repeated;
  world.order.side = Side::kSell;
  EXPECT_FALSE(world.Run().rejection);
  world.order = repeated;
  world.order.deployment_id = DeploymentId();
  EXPECT_FALSE(world.Run().rejection);
  world.order = repeated;
  world.order.type = OrderType::kLimit;
  world.order.limit_price = Decimal::Of("99");
  EXPECT_TRUE(world.Run().rejection);
  world.limits.repeated_orders_per_second = world.limits.order_rate_per_second;
  EXPECT_FALSE(world.Run().rejection) << "off: the account's rate says it all";
}

TEST(PreTradeTest, RatesOfPartsLetReductionsPass) {
  World world;
  world.Filled(Side::kBuy, "10", "100");
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  world.limits.order_rate_per_deployment = world.limits.repeated_orders_per_second = 0;
  EXPECT_FALSE(world.Run().rejection);
}

TEST(PreTradeTest, NoRateRefusesAReduction) {
  World world;
  world.Filled(Side::kBuy, "10", "100");
  world.limits.order_rate_per_second = 0;
  world.exposure.recent_orders.assign(500, RecentOrder::Of(world.order, 0));
  EXPECT_EQ(world.Run().rejection->check, "order_rate");
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  EXPECT_FALSE(world.Run().rejection) << "a hundred reductions in a second are taken";
  world.order.quantity = Decimal::Of("11");
  EXPECT_EQ(world.Run().rejection->check, "order_rate") << "and one that goes beyond is none";
}

// 3 % of the last price 99.99 from the ask 100 is 102.9997, from the bid 99.99 it is 96.9903.
TEST(PreTradeTest, TheSoftCollarBelowAtAboveConfirmedAndOff) {
  struct Case {
    Side side;
    const char* limit;
    const char* check;
  };
  const Case cases[] = {{Side::kBuy, "102.99", ""},
                        {Side::kBuy, "103", "soft_collar"},
                        {Side::kBuy, "50", ""},
                        {Side::kSell, "97", ""},
                        {Side::kSell, "96.99", "soft_collar"},
                        {Side::kSell, "150", ""},
                        {Side::kBuy, "110", "price_collar"}};
  for (const Case& item : cases) {
    World world;
    world.order = World::MakeOrder("o2", item.side, "10");
    world.order.type = OrderType::kLimit;
    world.order.limit_price = Decimal::Of(item.limit);
    auto check = [&] {
      PreTradeResult result = world.Run();
      return result.rejection ? result.rejection->check : "";
    };
    EXPECT_EQ(check(), item.check) << item.limit;
    world.order.confirm_soft_collar = true;
    EXPECT_EQ(check(), item.check) << "a deployment's order cannot be confirmed " << item.limit;
    const std::string hard = item.check == std::string("price_collar") ? "price_collar" : "";
    world.limits.soft_collar_passes_deployments = true;
    EXPECT_EQ(check(), hard) << item.limit;
    world.limits.soft_collar_passes_deployments = false;
    world.order.deployment_id = DeploymentId();
    EXPECT_EQ(check(), hard) << "by hand it can " << item.limit;
    world.order.confirm_soft_collar = false;
    EXPECT_EQ(check(), item.check) << item.limit;
    world.limits.soft_collar_ratio = world.limits.price_collar_ratio;
    EXPECT_EQ(check(), hard) << "off " << item.limit;
  }
  // At it, exactly.
  World world;
  world.SetQuote("100", "100.01");
  world.order.type = OrderType::kLimit;
  world.order.limit_price = Decimal::Of("103.01");
  world.order.quantity = Decimal::Of("1");
  EXPECT_FALSE(world.Run().rejection);
  world.order.limit_price = Decimal::Of("103.02");
  ASSERT_TRUE(world.Run().rejection);
  EXPECT_EQ(world.Run().rejection->limit, "103.01");
  // Getting out is not held up.
  World out;
  out.Filled(Side::kBuy, "10", "100");
  out.order = World::MakeOrder("o2", Side::kSell, "10");
  out.order.type = OrderType::kLimit;
  out.order.limit_price = Decimal::Of("95");
  EXPECT_FALSE(out.Run().rejection);
}

TEST(PreTradeTest, AnOrderDoesNotTradeWithTheAccountsOwn) {
  World world;
  world.Rests("mine", Side::kSell, "1", "100.5");
  EXPECT_FALSE(world.Run().rejection) << "a market order reaches to the ask, 100";
  world.order.type = OrderType::kLimit;
  for (auto [limit, check] :
       {std::pair("100.49", ""), std::pair("100.5", "self_trade"), std::pair("101", "self_trade")}) {
    world.order.limit_price = Decimal::Of(limit);
    EXPECT_EQ(world.Run().rejection ? world.Run().rejection->check : "", check) << limit;
  }
  world.Rests("better", Side::kSell, "1", "100.2");
  std::optional<Rejection> rejection = world.Run().rejection;
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->related_order_id, "better") << "the best of them";
  EXPECT_EQ(rejection->limit, "100.2");
  EXPECT_EQ(rejection->observed, "101");
  // Another deployment's is the account's as well; another side or symbol is not met; a stop waits.
  world.order.deployment_id = DeploymentId("other");
  EXPECT_TRUE(world.Run().rejection);
  world.order.type = OrderType::kStop;
  world.order.limit_price.reset();
  world.order.stop_price = Decimal::Of("101");
  EXPECT_FALSE(world.Run().rejection);
  world.order = World::MakeOrder("o2", Side::kSell, "1");
  EXPECT_FALSE(world.Run().rejection);
  // What never rests is met by nobody.
  World passing;
  Order immediate = World::MakeOrder("mine", Side::kSell, "1");
  immediate.type = OrderType::kLimit;
  immediate.limit_price = Decimal::Of("100");
  passing.Works(immediate);
  EXPECT_FALSE(passing.Run().rejection);
  world.limits.allow_self_trade = true;
  world.order = World::MakeOrder("o3", Side::kBuy, "1");
  world.order.type = OrderType::kLimit;
  world.order.limit_price = Decimal::Of("101");
  EXPECT_FALSE(world.Run().rejection) << "off";
}

TEST(PreTradeTest, ARefusedSelfTradeSaysWhetherTheOwnOrderRestsOrIsOnlyNotKnownToHaveFilled) {
  World world;
  world.order.type = OrderType::kLimit;
  world.order.limit_price = Decimal::Of("101");
  world.Rests("mine", Side::kSell, "1", "100.5");
  ASSERT_TRUE(world.Run().rejection);
  EXPECT_NE(world.Run().rejection->message.find("mine rests at 100.5"), std::string::npos);
  // A sale at the bid or below it trades at once; until its fill is known it is in the way.
  World sent;
  sent.order = world.order;
  sent.Rests("mine", Side::kSell, "1", "99");
  ASSERT_TRUE(sent.Run().rejection);
  EXPECT_EQ(sent.Run().rejection->check, "self_trade");
  EXPECT_NE(
      sent.Run().rejection->message.find("mine trades at once at 99 and counts as resting until its fill is known"),
      std::string::npos)
      << sent.Run().rejection->message;
}

TEST(PreTradeTest, AReductionIsNotRefusedForAnOwnOrderAndTellsWhichItMeets) {
  World world;
  world.Filled(Side::kBuy, "10", "100");
  world.Rests("bid", Side::kBuy, "1", "99.99");
  world.Rests("lower", Side::kBuy, "1", "99");
  world.order = World::MakeOrder("out", Side::kSell, "10");
  EXPECT_FALSE(world.Run().rejection);
  EXPECT_EQ(OwnOrdersCrossed(world.order, world.exposure, world.market), std::vector<OrderId>{OrderId("bid")});
  world.order.type = OrderType::kLimit;
  world.order.limit_price = Decimal::Of("98");
  EXPECT_EQ(OwnOrdersCrossed(world.order, world.exposure, world.market),
            (std::vector<OrderId>{OrderId("bid"), OrderId("lower")}));
  world.order.limit_price = Decimal::Of("100");
  EXPECT_TRUE(OwnOrdersCrossed(world.order, world.exposure, world.market).empty());
}

TEST(PreTradeTest, AShortSaleNeedsALocateWhereLimitsAskForOne) {
  World world;
  world.Filled(Side::kBuy, "5", "100");
  world.order = World::MakeOrder("o2", Side::kSell, "6");
  EXPECT_FALSE(world.Run().rejection) << "off";
  world.limits.require_locate = true;
  EXPECT_EQ(world.Run().rejection->check, "locate");
  EXPECT_EQ(world.Run().rejection->observed, "-1");
  world.order.locate_id = "prime-7";
  EXPECT_FALSE(world.Run().rejection);
  world.order.locate_id.clear();
  world.order.quantity = Decimal::Of("5");
  EXPECT_FALSE(world.Run().rejection) << "it is no short sale";
}

// 100,000 of equity, 0.1 % of it is 100: 10 at 100 with the stop at 90.
TEST(PreTradeTest, RiskPerTradeBelowAtAboveMissingAndOff) {
  World world;
  world.limits.risk_per_trade_ratio = Decimal::Of("0.001");
  for (auto [stop, check] : {std::pair("95", ""), std::pair("90", ""), std::pair("89.99", "risk_per_trade"),
                             std::pair("100", "risk_per_trade"), std::pair("101", "risk_per_trade")}) {
    world.order.protective_stop_price = Decimal::Of(stop);
    EXPECT_EQ(world.Run().rejection ? world.Run().rejection->check : "", check) << stop;
  }
  world.order.protective_stop_price = Decimal::Of("80");
  EXPECT_EQ(world.Run().rejection->limit, "100");
  EXPECT_EQ(world.Run().rejection->observed, "200");
  // None: all of it may be lost, or as much as limits say.
  world.order.protective_stop_price.reset();
  ASSERT_TRUE(world.Run().rejection);
  EXPECT_EQ(world.Run().rejection->observed, "1000");
  EXPECT_NE(world.Run().rejection->message.find("it has no stop: 100 % of its notional counts as lost"),
            std::string::npos);
  world.limits.unprotected_loss_ratio = Decimal::Of("0.1");
  EXPECT_FALSE(world.Run().rejection);
  // A short is lost upwards, at the price it asks for.
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  world.order.type = OrderType::kLimit;
  world.order.limit_price = Decimal::Of("105");
  world.order.protective_stop_price = Decimal::Of("115");
  EXPECT_FALSE(world.Run().rejection);
  world.order.protective_stop_price = Decimal::Of("115.01");
  EXPECT_EQ(world.Run().rejection->check, "risk_per_trade");
  world.limits.risk_per_trade_ratio = Decimal::FromInt(Limits::kRiskOff);
  EXPECT_FALSE(world.Run().rejection) << "off";
  // A reduction risks nothing.
  world.limits.risk_per_trade_ratio = Decimal();
  EXPECT_TRUE(world.Run().rejection);
  world.Filled(Side::kBuy, "10", "100");
  world.order = World::MakeOrder("o3", Side::kSell, "10");
  EXPECT_FALSE(world.Run().rejection);
}

TEST(PreTradeTest, PortfolioRiskCountsPositionsAtTheirStopsAndWorkingEntriesAtTheirs) {
  World world;
  world.limits.max_position_ratio = world.limits.concentration_ratio = Decimal::FromInt(1);
  world.limits.portfolio_risk_ratio = Decimal::Of("0.01");  // 1,000 of 100,000
  world.order.protective_stop_price = Decimal::Of("90");    // 10 at 100: 100
  auto used = [&] {
    for (const RiskCheck& check : world.Run().checks) {
      if (check.name == "portfolio_risk") return check.used;
    }
    return std::string("not asked");
  };
  EXPECT_EQ(used(), "0");
  world.Filled(Side::kBuy, "10", "99.99");
  EXPECT_EQ(used(), "999.9") << "no stop: the whole of it at the bid";
  EXPECT_EQ(world.Run().rejection->check, "portfolio_risk");
  Order stop = World::MakeOrder("stop", Side::kSell, "6");
  stop.type = OrderType::kStop;
  stop.time_in_force = TimeInForce::kGtc;
  stop.stop_price = Decimal::Of("89.99");
  stop.reduce_only = true;
  world.Works(stop);
  EXPECT_EQ(used(), "459.96") << "6 at 10, 4 at all";
  EXPECT_FALSE(world.Run().rejection);
  // More stops than there is to protect: the furthest count first.
  stop.order_id = OrderId("stop2");
  stop.stop_price = Decimal::Of("79.99");
  world.Works(stop);
  EXPECT_EQ(used(), "160") << "6 at 20, 4 at 10";
  stop.order_id = OrderId("above");
  stop.stop_price = Decimal::Of("99.995");
  world.Works(stop);
  EXPECT_EQ(used(), "160");
  Order entry = World::MakeOrder("entry", Side::kBuy, "10");
  entry.type = OrderType::kLimit;
  entry.time_in_force = TimeInForce::kGtc;
  entry.limit_price = Decimal::Of("95");
  entry.protective_stop_price = Decimal::Of("21");
  world.Works(entry);
  EXPECT_EQ(used(), "900") << "at it with the order: 1000";
  EXPECT_FALSE(world.Run().rejection);
  world.order.quantity = Decimal::Of("11");
  EXPECT_EQ(world.Run().rejection->check, "portfolio_risk");
  EXPECT_EQ(world.Run().rejection->limit, "1000");
  world.limits.portfolio_risk_ratio = Decimal::FromInt(Limits::kRiskOff);
  EXPECT_FALSE(world.Run().rejection) << "off";
}

TEST(PreTradeTest, ATrippedBreakerLetsReductionsPass) {
  World world;
  world.Filled(Side::kBuy, "10", "100");
  world.block = &kTripped;
  EXPECT_TRUE(world.Run().rejection);
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  EXPECT_FALSE(world.Run().rejection);
}

TEST(PreTradeTest, AProfitTripsNoLossLimit) {
  World world;
  world.exposure.baseline.day_start_equity = Decimal::Of("50000");
  world.exposure.baseline.peak_equity = Decimal::Of("50000");
  EXPECT_FALSE(world.Run().rejection.has_value());
}

TEST(PreTradeTest, GettingOutAlwaysWorksWhileTheMarketIsOpen) {
  World world;
  world.Filled(Side::kBuy, "500", "100");  // far above every limit
  world.exposure.baseline.day_start_equity = Decimal::Of("200000");
  world.now_ns += 60'000'000'000;  // and the price is stale
  world.order = World::MakeOrder("o2", Side::kSell, "500");
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.order.quantity = Decimal::Of("501");  // one more would open a short
  EXPECT_TRUE(world.Run().rejection.has_value());
  world.order.quantity = Decimal::Of("500");
  world.exposure.Reserve(World::MakeOrder("o3", Side::kSell, "1"), 100'000'000'000);  // one is on its way out already
  EXPECT_TRUE(world.Run().rejection.has_value());
}

TEST(PreTradeTest, AHandMadeReduceOnlyOrderIsAboutTheNetPosition) {
  World world;
  world.Filled(Side::kBuy, "10", "100");  // deployment d's
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  world.order.deployment_id = DeploymentId();
  world.order.reduce_only = true;
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.order.quantity = Decimal::Of("11");
  PreTradeResult result = world.Run();
  ASSERT_TRUE(result.rejection.has_value());
  EXPECT_EQ(result.rejection->reason, RejectReason::kReduceOnly);
  EXPECT_EQ(result.rejection->limit, "10");
  EXPECT_EQ(result.rejection->observed, "11");
  EXPECT_NE(result.rejection->message.find("deployment d 10"), std::string::npos) << result.rejection->message;
  // Another deployment has nothing to reduce.
  world.order.quantity = Decimal::Of("10");
  world.order.deployment_id = DeploymentId("other");
  EXPECT_TRUE(world.Run().rejection.has_value());
}

TEST(PreTradeTest, AStopSharesThePositionWithATargetButNotWithAnotherStop) {
  World world;
  world.Filled(Side::kBuy, "10", "100");
  auto exit = [&](const char* id, OrderType type) {
    Order order = World::MakeOrder(id, Side::kSell, "10");
    order.type = type;
    order.time_in_force = TimeInForce::kGtc;
    (type == OrderType::kLimit ? order.limit_price : order.stop_price) =
        Decimal::Of(type == OrderType::kLimit ? "101" : "99");
    order.reduce_only = true;
    return order;
  };
  world.exposure.Reserve(exit("target", OrderType::kLimit), 100'000'000'000);
  world.order = exit("stop", OrderType::kStop);
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.exposure.Reserve(world.order, 100'000'000'000);
  for (OrderType type : {OrderType::kStop, OrderType::kLimit}) {
    world.order = exit("second", type);
    EXPECT_TRUE(world.Run().rejection.has_value());
  }
  // Out at once: what rests is trimmed by its fill.
  world.order = World::MakeOrder("now", Side::kSell, "10");
  world.order.reduce_only = true;
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.exposure.Reserve(world.order, 100'000'000'000);
  world.order.order_id = OrderId("again");
  EXPECT_TRUE(world.Run().rejection.has_value());
}

TEST(PreTradeTest, AHaltedAccountIsNeverTakenOverZero) {
  World world;
  world.Filled(Side::kBuy, "10", "100");
  OrderEvent other;
  other.sequence = world.exposure.applied_sequence() + 1;
  other.type = OrderEventType::kFilled;
  other.fill = Fill{.deployment_id = DeploymentId("other"),
                    .symbol = Symbol("AAPL"),
                    .side = Side::kSell,
                    .quantity = Decimal::Of("4"),
                    .price = Decimal::Of("100")};
  world.exposure.Apply(other);
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  world.order.reduce_only = true;
  EXPECT_FALSE(world.Run().rejection.has_value());  // its own book's, within the limits
  OrderEvent halted;
  halted.sequence = world.exposure.applied_sequence() + 1;
  halted.type = OrderEventType::kAccountHalted;
  world.exposure.Apply(halted);
  EXPECT_TRUE(world.Run().rejection.has_value());
  world.order.quantity = Decimal::Of("6");
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.order.deployment_id = DeploymentId("other");
  EXPECT_TRUE(world.Run().rejection.has_value());
}

// One row a price: what the rules on prices say to it, at both sides of every edge. Bid 99.99, ask 100, last 99.99,
// collar 10 %: a reach of 9.999.
TEST(PreTradeTest, PricesAreHeldAgainstTheMarket) {
  struct Case {
    Side side;
    OrderType type;
    const char* stop;
    const char* limit;
    const char* check;  // nullptr: passes
  };
  const Case cases[] = {
      {Side::kBuy, OrderType::kStop, "100.01", nullptr, nullptr},
      {Side::kBuy, OrderType::kStop, "100", nullptr, "stop_side"},
      {Side::kBuy, OrderType::kStop, "99.99", nullptr, "stop_side"},
      {Side::kBuy, OrderType::kStop, "0.01", nullptr, "stop_side"},
      {Side::kBuy, OrderType::kStop, "109.99", nullptr, nullptr},
      {Side::kBuy, OrderType::kStop, "110", nullptr, "price_collar"},
      {Side::kBuy, OrderType::kStop, "999999999999999999", nullptr, "price_collar"},
      {Side::kSell, OrderType::kStop, "99.98", nullptr, nullptr},
      {Side::kSell, OrderType::kStop, "99.99", nullptr, "stop_side"},
      {Side::kSell, OrderType::kStop, "100", nullptr, "stop_side"},
      {Side::kSell, OrderType::kStop, "999999999999999999", nullptr, "stop_side"},
      {Side::kSell, OrderType::kStop, "90", nullptr, nullptr},
      {Side::kSell, OrderType::kStop, "89.99", nullptr, "price_collar"},
      {Side::kSell, OrderType::kStop, "0.01", nullptr, "price_collar"},
      {Side::kBuy, OrderType::kLimit, nullptr, "109.99", nullptr},
      {Side::kBuy, OrderType::kLimit, nullptr, "110", "price_collar"},
      {Side::kBuy, OrderType::kLimit, nullptr, "1", nullptr},
      {Side::kSell, OrderType::kLimit, nullptr, "90", nullptr},
      {Side::kSell, OrderType::kLimit, nullptr, "89.99", "price_collar"},
      {Side::kSell, OrderType::kLimit, nullptr, "150", nullptr},
      {Side::kBuy, OrderType::kStopLimit, "101", "102", nullptr},
      {Side::kBuy, OrderType::kStopLimit, "100", "102", "stop_side"},
      {Side::kBuy, OrderType::kStopLimit, "101", "110", "price_collar"},
      {Side::kBuy, OrderType::kStopLimit, "110", "105", "price_collar"},
      {Side::kBuy, OrderType::kStopLimit, "105", "95.01", nullptr},
      {Side::kBuy, OrderType::kStopLimit, "105", "95", "price_collar"},
      {Side::kSell, OrderType::kStopLimit, "99", "98", nullptr},
      {Side::kSell, OrderType::kStopLimit, "99.99", "98", "stop_side"},
      {Side::kSell, OrderType::kStopLimit, "99", "89.99", "price_collar"},
      {Side::kSell, OrderType::kStopLimit, "89.99", "95", "price_collar"},
      {Side::kSell, OrderType::kStopLimit, "95", "104.99", nullptr},
      {Side::kSell, OrderType::kStopLimit, "95", "105", "price_collar"},
  };
  for (const Case& item : cases) {
    for (bool reducing : {false, true}) {
      World world;
      world.limits.soft_collar_ratio = world.limits.price_collar_ratio;
      if (reducing) world.Filled(Opposite(item.side), "10", "100");
      world.order = World::MakeOrder("o2", item.side, "10");
      world.order.type = item.type;
      world.order.time_in_force = TimeInForce::kGtc;
      if (item.stop != nullptr) world.order.stop_price = Decimal::Of(item.stop);
      if (item.limit != nullptr) world.order.limit_price = Decimal::Of(item.limit);
      PreTradeResult result = world.Run();
      std::string row = std::string(item.side == Side::kBuy ? "buy" : "sell") + " stop " +
                        (item.stop != nullptr ? item.stop : "-") + " limit " +
                        (item.limit != nullptr ? item.limit : "-") + (reducing ? " reducing" : "");
      ASSERT_EQ(result.reduces, reducing) << row;
      EXPECT_EQ(result.rejection ? result.rejection->check : "", item.check != nullptr ? item.check : "") << row;
    }
  }
}

TEST(PreTradeTest, ATakeProfitIsHeldAgainstTheMarket) {
  struct Case {
    Side side;
    const char* trigger;
    const char* limit;
    const char* check;
    TriggerSource source = TriggerSource::kUnspecified;
  };
  const Case cases[] = {
      // Bid 99.99, ask 100, last 99.99; the collar is 10 % of the last price.
      {Side::kSell, "100", nullptr, ""},
      {Side::kSell, "99.99", nullptr, "stop_side"},
      {Side::kSell, "90", nullptr, "stop_side"},
      {Side::kSell, "500", nullptr, ""},
      {Side::kBuy, "99.99", nullptr, ""},
      {Side::kBuy, "100", nullptr, "stop_side"},
      {Side::kBuy, "1", nullptr, ""},
      {Side::kBuy, "99.99", nullptr, "stop_side", TriggerSource::kLast},
      {Side::kBuy, "99.98", nullptr, "", TriggerSource::kLast},
      {Side::kSell, "120", "119", ""},
      {Side::kSell, "120", "129.99", ""},
      {Side::kSell, "120", "130", "price_collar"},
      {Side::kSell, "120", "110.01", ""},
      {Side::kSell, "120", "110", "price_collar"},
      {Side::kBuy, "80", "90", "price_collar"},
      {Side::kBuy, "80", "70", "price_collar"},
      {Side::kBuy, "80", "80", ""},
  };
  for (const Case& item : cases) {
    World world;
    world.order = World::MakeOrder("o2", item.side, "10");
    world.order.type = item.limit != nullptr ? OrderType::kTakeProfitLimit : OrderType::kTakeProfit;
    world.order.time_in_force = TimeInForce::kGtc;
    world.order.trigger_source = item.source;
    world.order.stop_price = Decimal::Of(item.trigger);
    if (item.limit != nullptr) world.order.limit_price = Decimal::Of(item.limit);
    world.limits.max_position_ratio = world.limits.concentration_ratio = Decimal::FromInt(1);
    PreTradeResult result = world.Run();
    EXPECT_EQ(result.rejection ? result.rejection->check : "", item.check)
        << static_cast<int>(item.side) << " " << item.trigger << " " << (item.limit != nullptr ? item.limit : "-");
  }
}

TEST(PreTradeTest, ATrailingStopMayTrailAsFarAsAStopMayLie) {
  struct Case {
    TrailingOffsetType type;
    const char* offset;
    const char* limit_offset;
    const char* activation;
    const char* check;
  };
  const Case cases[] = {
      {TrailingOffsetType::kPrice, "9.99", nullptr, nullptr, ""},
      {TrailingOffsetType::kPrice, "10", nullptr, nullptr, "price_collar"},
      {TrailingOffsetType::kPrice, "999999999999999999", nullptr, nullptr, "price_collar"},
      {TrailingOffsetType::kPercent, "9.99", nullptr, nullptr, ""},
      {TrailingOffsetType::kPercent, "11", nullptr, nullptr, "price_collar"},
      {TrailingOffsetType::kTicks, "999", nullptr, nullptr, ""},
      {TrailingOffsetType::kTicks, "1000", nullptr, nullptr, "price_collar"},
      {TrailingOffsetType::kTicks, "999999999999999999", nullptr, nullptr, "price_collar"},
      {TrailingOffsetType::kPrice, "1", nullptr, "150", ""},
      {TrailingOffsetType::kPrice, "1", nullptr, "150.001", "tick_size"},
      {TrailingOffsetType::kPrice, "1", "9.99", nullptr, ""},
      {TrailingOffsetType::kPrice, "1", "10", nullptr, "price_collar"},
      {TrailingOffsetType::kPercent, "1", "99", nullptr, "price_collar"},
  };
  for (const Case& item : cases) {
    for (Side side : {Side::kSell, Side::kBuy}) {
      World world;
      world.order = World::MakeOrder("o2", side, "10");
      world.order.type = item.limit_offset != nullptr ? OrderType::kTrailingStopLimit : OrderType::kTrailingStop;
      world.order.time_in_force = TimeInForce::kGtc;
      world.order.trailing = Trailing{.offset = Decimal::Of(item.offset), .offset_type = item.type};
      if (item.limit_offset != nullptr) world.order.trailing->limit_offset = Decimal::Of(item.limit_offset);
      if (item.activation != nullptr) world.order.trailing->activation_price = Decimal::Of(item.activation);
      world.limits.max_position_ratio = world.limits.concentration_ratio = Decimal::FromInt(1);
      PreTradeResult result = world.Run();
      EXPECT_EQ(result.rejection ? result.rejection->check : "", item.check)
          << static_cast<int>(side) << " " << item.offset << " "
          << (item.limit_offset != nullptr ? item.limit_offset : "-");
    }
  }
}

// A child of a bracket whose entry rests far below the market: its prices are right beside the entry's, and nothing of
// the account is asked.
TEST(PreTradeTest, AnOrderThatWaitsForAnotherIsHeldAgainstItsPrice) {
  World world;
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  world.order.type = OrderType::kStop;
  world.order.time_in_force = TimeInForce::kGtc;
  world.order.reduce_only = true;
  auto run = [&](const char* stop, const char* anchor) {
    world.order.stop_price = Decimal::Of(stop);
    PreTradeResult result = CheckPreTrade({.order = world.order,
                                           .limits = world.limits,
                                           .exposure = world.exposure,
                                           .market = world.market,
                                           .now_ns = world.now_ns,
                                           .anchor_price = Decimal::Of(anchor)});
    return result.rejection ? result.rejection->check : "";
  };
  EXPECT_EQ(run("48", "50"), "");
  EXPECT_EQ(run("98", "50"), "stop_side") << "it would fire when the entry has filled";
  EXPECT_EQ(run("44", "50"), "price_collar");
  EXPECT_EQ(run("48.001", "50"), "tick_size");
  world.order.quantity = Decimal::Of("10.5");
  EXPECT_EQ(run("48", "50"), "lot_size");
  world.order.quantity = Decimal::Of("999999999");
  EXPECT_EQ(run("48", "50"), "max_order_quantity");
}

TEST(PreTradeTest, AnAuctionIsWaitedForWhileTheMarketIsClosed) {
  for (TimeInForce time : {TimeInForce::kAtOpen, TimeInForce::kAtClose, TimeInForce::kGtd, TimeInForce::kIoc}) {
    World world;
    world.market.quotes.begin()->second.session_open = false;
    world.order.type = time == TimeInForce::kGtd ? OrderType::kLimit : OrderType::kMarket;
    if (time == TimeInForce::kGtd) world.order.limit_price = Decimal::FromInt(99);
    world.order.time_in_force = time;
    PreTradeResult result = world.Run();
    EXPECT_EQ(result.rejection ? result.rejection->check : "", time == TimeInForce::kIoc ? "session_open" : "");
  }
}

TEST(PreTradeTest, TheShownPartIsWholeLots) {
  World world;
  world.order.type = OrderType::kLimit;
  world.order.time_in_force = TimeInForce::kGtc;
  world.order.limit_price = Decimal::FromInt(99);
  world.order.display_quantity = Decimal::Of("1.5");
  EXPECT_EQ(world.Run().rejection->check, "lot_size");
  world.order.display_quantity = Decimal::Of("1");
  EXPECT_FALSE(world.Run().rejection.has_value());
}

TEST(ExposureTest, WhatWaitsForItsParentDoesNotCountAndAReplacementCountsAtItsWorst) {
  Exposure exposure;
  OrderEvent opened{.sequence = 1, .type = OrderEventType::kAccountOpened};
  opened.cash = Decimal::FromInt(1000);
  ASSERT_TRUE(exposure.Apply(opened));
  auto apply = [&](OrderEventType type, OrderStatus status, HoldReason hold, std::optional<Decimal> replaced) {
    OrderEvent event{.sequence = exposure.applied_sequence() + 1, .type = type};
    event.order = World::MakeOrder("o1", Side::kBuy, "10");
    event.order->status = status;
    event.order->hold = hold;
    if (replaced) event.order->pending_replace = Replacement{.quantity = replaced, .number = 1};
    ASSERT_TRUE(exposure.Apply(event));
  };
  auto pending = [&] { return exposure.Pending(Symbol("AAPL"), Side::kBuy); };
  apply(OrderEventType::kHeld, OrderStatus::kHeld, HoldReason::kParent, {});
  EXPECT_EQ(pending(), Decimal());
  apply(OrderEventType::kHeld, OrderStatus::kHeld, HoldReason::kTrigger, {});
  EXPECT_EQ(pending(), Decimal::FromInt(10));
  apply(OrderEventType::kReleased, OrderStatus::kPendingNew, HoldReason::kUnspecified, {});
  EXPECT_EQ(pending(), Decimal::FromInt(10));
  apply(OrderEventType::kPendingReplace, OrderStatus::kPendingReplace, HoldReason::kUnspecified, Decimal::FromInt(25));
  EXPECT_EQ(pending(), Decimal::FromInt(25));
  apply(OrderEventType::kPendingReplace, OrderStatus::kPendingReplace, HoldReason::kUnspecified, Decimal::FromInt(4));
  EXPECT_EQ(pending(), Decimal::FromInt(10)) << "the smaller one is not in force yet";
  std::optional<PendingOrder> aside = exposure.SetAside(OrderId("o1"));
  ASSERT_TRUE(aside.has_value());
  EXPECT_EQ(pending(), Decimal());
  exposure.PutBack(OrderId("o1"), *aside);
  EXPECT_EQ(pending(), Decimal::FromInt(10));
}

TEST(PreTradeTest, AStopOnTheWrongSideSaysItsNumbers) {
  World world;
  world.order.type = OrderType::kStop;
  world.order.stop_price = Decimal::Of("1");
  std::optional<Rejection> rejection = world.Run().rejection;
  ASSERT_TRUE(rejection.has_value());
  EXPECT_EQ(rejection->reason, RejectReason::kStopWrongSide);
  EXPECT_EQ(rejection->limit, "100");
  EXPECT_EQ(rejection->observed, "1");
  EXPECT_EQ(rejection->message, "a buy stop must be above the ask, or it fires at once: stop 1, bid 99.99, ask 100");
}

TEST(PreTradeTest, AStopThatReducesIsJudgedOnTheNewestPriceThereIs) {
  World world;
  world.Filled(Side::kBuy, "10", "100");
  world.order = World::MakeOrder("o2", Side::kSell, "10");
  world.order.type = OrderType::kStop;
  world.order.time_in_force = TimeInForce::kGtc;
  world.order.stop_price = Decimal::Of("99");
  world.now_ns += 60'000'000'000;  // old, but it is what is known
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.order.stop_price = Decimal::Of("101");
  EXPECT_EQ(world.Run().rejection->check, "stop_side");
  world.SetQuote("0", "100");  // nobody bids: nothing to fire on, and protection is not held up
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.order.deployment_id = DeploymentId("another");  // which reduces nothing
  EXPECT_EQ(world.Run().rejection->check, "price_crossed");
  world.market.quotes.clear();
  EXPECT_EQ(world.Run().rejection->reason, RejectReason::kStalePrice);
}

TEST(PreTradeTest, ThePricesAreJudgedBeforeTheSizesTheyWouldSpoil) {
  World world;
  world.order.type = OrderType::kLimit;
  world.order.time_in_force = TimeInForce::kGtc;
  world.order.quantity = world.order.leaves_quantity = Decimal::Of("999999999999999999");
  world.order.limit_price = Decimal::Of("999999999999999999");
  EXPECT_EQ(world.Run().rejection->check, "price_collar");
  world.order.limit_price = Decimal::Of("100");
  EXPECT_EQ(world.Run().rejection->check, "max_order_quantity");
  world.limits.max_order_quantity = Decimal::Of("999999999999999999");
  EXPECT_EQ(world.Run().rejection->check, "max_order_notional");
}

TEST(PreTradeTest, TheSmallestNotionalIsMeasuredAtThePriceAskedFor) {
  World world;
  world.order.type = OrderType::kLimit;
  world.order.time_in_force = TimeInForce::kGtc;
  world.order.quantity = Decimal::Of("1");
  world.order.limit_price = Decimal::Of("1");
  EXPECT_FALSE(world.Run().rejection.has_value());
  world.order.limit_price = Decimal::Of("0.99");  // the market at 100 does not make it larger
  EXPECT_EQ(world.Run().rejection->check, "min_notional");
}

TEST(PreTradeTest, SharesAreToldInPerCent) {
  World world;
  world.order.quantity = Decimal::Of("21");
  EXPECT_EQ(world.Run().rejection->message,
            "the position would be too large for one trade: 2.1 % of the equity where 2 % is allowed");
  world.order = World::MakeOrder("o1", Side::kBuy, "10");
  world.order.type = OrderType::kLimit;
  world.order.limit_price = Decimal::Of("110");
  EXPECT_EQ(
      world.Run().rejection->message,
      "the limit price is too far through the market: 110 is above 109.999, 10 % of the last price 99.99 from the "
      "ask");
}

TEST(ExposureTest, OnlyAFeeInTheAccountsCurrencyIsTakenFromTheCash) {
  Exposure exposure;
  OrderEvent event{.sequence = 1, .type = OrderEventType::kAccountOpened};
  event.cash = Decimal::FromInt(1000);
  event.currency = "USD";
  ASSERT_TRUE(exposure.Apply(event));
  for (const char* currency : {"USD", "BNB"}) {
    OrderEvent filled{.sequence = exposure.applied_sequence() + 1, .type = OrderEventType::kFilled};
    filled.fill = Fill{.symbol = Symbol("AAPL"),
                       .side = Side::kBuy,
                       .quantity = Decimal::FromInt(1),
                       .price = Decimal::FromInt(100),
                       .fee = Decimal::FromInt(2),
                       .fee_currency = currency};
    ASSERT_TRUE(exposure.Apply(filled));
  }
  EXPECT_EQ(exposure.cash(), Decimal::FromInt(798));
}

// Whatever is reserved, filled, cancelled or lapses: approved exposure never passes the position limit.
TEST(PreTradePropertyTest, RacingOrdersNeverShareTheLastUnitOfALimit) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed);
    World world;
    world.limits.allow_short = false;
    std::vector<Order> reserved, open;
    for (int step = 0; step < 120; ++step) {
      auto event = [&](const Order& order, OrderEventType type) {
        OrderEvent made;
        made.sequence = world.exposure.applied_sequence() + 1;
        made.type = type;
        made.order = order;
        return made;
      };
      switch (rng.Below(4)) {
        case 0:
        case 1: {
          world.order =
              World::MakeOrder(("o" + std::to_string(step)).c_str(), rng.Below(4) ? Side::kBuy : Side::kSell, "1");
          world.order.quantity = world.order.leaves_quantity = Decimal::FromInt(rng.Between(1, 9));
          if (!world.Run().rejection) {
            world.exposure.Reserve(world.order, INT64_MAX);
            reserved.push_back(world.order);
          }
          break;
        }
        case 2:
          if (!reserved.empty()) {
            Order order = reserved.back();
            reserved.pop_back();
            order.status = OrderStatus::kPendingNew;
            world.exposure.Apply(event(order, OrderEventType::kPendingNew));
            open.push_back(order);
          }
          break;
        default:
          if (!open.empty()) {
            Order order = open.back();
            open.pop_back();
            OrderEvent made = event(order, OrderEventType::kFilled);
            made.fill = Fill{.deployment_id = order.deployment_id,
                             .symbol = order.symbol,
                             .side = order.side,
                             .quantity = order.quantity,
                             .price = Decimal::Of("100")};
            made.order->status = OrderStatus::kFilled;
            made.order->leaves_quantity = Decimal();
            world.exposure.Apply(made);
          }
      }
      Exposure::BookKey key{DeploymentId("d"), Symbol("AAPL")};
      Decimal worst = world.exposure.BookPosition(key) + world.exposure.PendingInBook(key, Side::kBuy);
      ASSERT_LE(worst, Decimal::Of("20")) << "seed " << seed;
      ASSERT_FALSE((world.exposure.BookPosition(key) - world.exposure.PendingInBook(key, Side::kSell)).IsNegative());
    }
    for (const Order& order : reserved) world.exposure.Void(order.order_id);
    for (Order& order : open) {
      OrderEvent made;
      made.sequence = world.exposure.applied_sequence() + 1;
      made.type = OrderEventType::kCanceled;
      order.status = OrderStatus::kCanceled;
      made.order = order;
      world.exposure.Apply(made);
    }
    ASSERT_EQ(world.exposure.open_orders(), 0U);
  }
}

}  // namespace
}  // namespace ballast::risk
