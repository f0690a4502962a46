#include "libs/matching/book.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast::matching {
namespace {

Quote MakeQuote() {
  Quote quote;
  quote.bid_price = Decimal::Of("99.99");
  quote.bid_size = Decimal::Of("10");
  quote.ask_price = Decimal::Of("100.01");
  quote.ask_size = Decimal::Of("20");
  return quote;
}

Instrument MakeInstrument() {
  Instrument instrument;
  instrument.tick_size = Decimal::Of("0.01");
  instrument.lot_size = Decimal::Of("1");
  return instrument;
}

TEST(BookTest, ABuyWalksUpTheAsks) {
  auto levels = Opposite(MakeQuote(), MakeInstrument(), Side::kBuy, 3, Decimal());
  auto matches = Walk(levels, Side::kBuy, Decimal::Of("25"), std::nullopt, Decimal::Of("1"));
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].price, Decimal::Of("100.01"));
  EXPECT_EQ(matches[0].quantity, Decimal::Of("20"));
  EXPECT_EQ(matches[1].price, Decimal::Of("100.02"));
  EXPECT_EQ(matches[1].quantity, Decimal::Of("5"));
}

TEST(BookTest, WhatWasTakenIsGone) {
  auto levels = Opposite(MakeQuote(), MakeInstrument(), Side::kSell, 2, Decimal::Of("12"));
  ASSERT_EQ(levels.size(), 1U);
  EXPECT_EQ(levels[0].price, Decimal::Of("99.98"));
  EXPECT_EQ(levels[0].size, Decimal::Of("13"));
}

TEST(BookTest, ATickThatIsCoarseBesideThePriceEndsTheBook) {
  struct Case {
    const char* bid;
    const char* ask;
    const char* tick;
    std::size_t levels;
  };
  const Case cases[] = {{"0.00001234", "0.00001235", "0.00001", 1},
                        {"0.00002", "0.00003", "0.00001", 1},
                        {"0.00000888", "0.00000889", "0.00000001", 5},
                        {"0.10", "0.11", "0.01", 1},
                        {"0.52", "0.53", "0.01", 3},
                        {"64257", "64259", "0.01", 5}};
  for (const Case& item : cases) {
    Quote quote = MakeQuote();
    quote.bid_price = Decimal::Of(item.bid);
    quote.ask_price = Decimal::Of(item.ask);
    Instrument instrument = MakeInstrument();
    instrument.tick_size = Decimal::Of(item.tick);
    for (Side side : {Side::kBuy, Side::kSell}) {
      auto levels = Opposite(quote, instrument, side, 5, Decimal());
      EXPECT_EQ(levels.size(), item.levels) << item.bid;
      Decimal best = side == Side::kBuy ? quote.ask_price : quote.bid_price;
      for (const Level& level : levels) EXPECT_LE((level.price - best).Abs(), Reach(best));
    }
  }
}

TEST(BookPropertyTest, NoMatchIsWorseThanTheLimitAndNothingIsMadeUp) {
  Rng rng(5);
  for (int i = 0; i < 5'000; ++i) {
    Side side = rng.Below(2) ? Side::kBuy : Side::kSell;
    Decimal quantity = Decimal::FromInt(rng.Between(1, 200));
    Decimal limit = Decimal::FromInt(rng.Between(9'990, 10'010));
    limit = Divide(limit, Decimal::FromInt(100), Rounding::kHalfEven);
    auto levels = Opposite(MakeQuote(), MakeInstrument(), side, 5, Decimal::FromInt(rng.Between(0, 40)));
    Decimal available, sum;
    for (const Level& level : levels) available += level.size;
    for (const Match& match : Walk(levels, side, quantity, limit, Decimal::FromInt(1))) {
      sum += match.quantity;
      if (side == Side::kBuy)
        EXPECT_LE(match.price, limit);
      else
        EXPECT_GE(match.price, limit);
    }
    ASSERT_LE(sum, quantity);
    ASSERT_LE(sum, available);
  }
}

}  // namespace
}  // namespace ballast::matching
