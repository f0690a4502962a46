#include "libs/risk/what_if.h"

#include <gtest/gtest.h>

namespace ballast::risk {
namespace {

Decimal D(const char* text) { return Decimal::Of(text); }

struct World {
  Exposure exposure;
  Market market;

  World() {
    OrderEvent opened;
    opened.sequence = 1;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = D("100000");
    opened.currency = "USD";
    exposure.Apply(opened);
    Fill(Side::kBuy, "100", "100", "AAPL");
    Fill(Side::kSell, "50", "200", "MSFT");
    Price("AAPL", "100", "100.02");
    Price("MSFT", "199.98", "200");
  }
  void Fill(Side side, const char* quantity, const char* price, const char* symbol) {
    OrderEvent event;
    event.sequence = exposure.applied_sequence() + 1;
    event.type = OrderEventType::kFilled;
    event.fill = ballast::Fill{.symbol = Symbol(symbol), .side = side, .quantity = D(quantity), .price = D(price)};
    exposure.Apply(event);
  }
  void Price(const char* symbol, const char* bid, const char* ask) {
    Quote quote{.symbol = Symbol(symbol), .bid_price = D(bid), .ask_price = D(ask), .last_price = D(bid)};
    quote.session_open = true;
    market.quotes[quote.symbol] = quote;
    (void)market.board.Take(quote);
  }
};

TEST(WhatIfTest, AMoveOfOneOfAllAndOfNone) {
  World world;
  EXPECT_EQ(StandingOf(world.exposure, world.market).equity, D("100000"));
  EXPECT_EQ(StandingOf(world.exposure, world.market).gross, D("20000"));
  EXPECT_EQ(StandingOf(world.exposure, world.market).net, D("0"));
  Market fallen = MovedMarket(world.market, {{.symbol = Symbol("AAPL"), .ratio = D("-0.1")}});
  EXPECT_EQ(StandingOf(world.exposure, fallen).equity, D("99000"));
  Market all = MovedMarket(world.market, {{.ratio = D("0.1")}, {.symbol = Symbol("AAPL"), .ratio = D("0")}});
  EXPECT_EQ(StandingOf(world.exposure, all).equity, D("99000")) << "the short costs more, what is named stays";
  EXPECT_EQ(StandingOf(world.exposure, MovedMarket(world.market, {})).equity, D("100000"));
  EXPECT_EQ(StandingOf(world.exposure, world.market).equity, D("100000")) << "the market itself has not moved";
}

TEST(WhatIfTest, AClosedMarketMovesFromWhatItIsValuedAt) {
  World world;
  Quote stub{.symbol = Symbol("AAPL"), .bid_price = D("1"), .ask_price = D("900"), .last_price = D("100")};
  world.market.quotes[stub.symbol] = stub;
  (void)world.market.board.Take(stub);
  Market fallen = MovedMarket(world.market, {{.symbol = Symbol("AAPL"), .ratio = D("-0.1")}});
  EXPECT_EQ(StandingOf(world.exposure, fallen).equity, D("99000"));
}

TEST(WhatIfTest, AnOrderIsFilledAtItsLimitOrAtTheTouch) {
  World world;
  Order order{.symbol = Symbol("AAPL"), .side = Side::kBuy, .type = OrderType::kMarket, .quantity = D("10")};
  auto after = FilledExposure(world.exposure, &order, world.market);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->Position(order.symbol), D("110"));
  EXPECT_EQ(StandingOf(*after, world.market).equity, D("99999.8")) << "the spread is paid";
  order.limit_price = D("101");
  EXPECT_EQ(StandingOf(*FilledExposure(world.exposure, &order, world.market), world.market).equity, D("99990"));
  EXPECT_EQ(world.exposure.Position(order.symbol), D("100"));
  order.symbol = Symbol("NOPE");
  EXPECT_FALSE(FilledExposure(world.exposure, &order, world.market));
}

TEST(WhatIfTest, TheWorstIsLostWhenNoStopHolds) {
  World world;
  EXPECT_EQ(WorstLoss(world.exposure, world.market, D("0.1")), D("2000")) << "long and short alike";
  EXPECT_EQ(WorstLoss(world.exposure, world.market, D("1")), D("20000"));
  EXPECT_EQ(StandingOf(world.exposure, GappedMarket(world.exposure, world.market, D("0.1"))).equity, D("98000"));
  EXPECT_EQ(StandingOf(world.exposure, GappedMarket(world.exposure, world.market, D("1"))).equity, D("80010"))
      << "at a price of nothing there would be no price";
  world.market.quotes.erase(Symbol("MSFT"));
  world.market.board = ledger::MarkBoard();
  EXPECT_FALSE(WorstLoss(world.exposure, world.market, D("0.1")));
}

}  // namespace
}  // namespace ballast::risk
