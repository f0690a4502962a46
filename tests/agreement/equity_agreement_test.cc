#include <gtest/gtest.h>

#include "libs/base/rng.h"
#include "libs/positions/account_book.h"
#include "libs/risk/exposure.h"

// Risk refuses by an equity, positions shows one: the same events and quotes make the same number of both, to the last
// digit, at every event.
namespace ballast {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;
constexpr int kSymbols = 4;

struct Pair {
  ledger::MarketCalendar calendar{ledger::DayBoundary::kNewYork};
  risk::Market market;
  risk::Exposure exposure;
  positions::AccountBook book;

  void Apply(const OrderEvent& event) {
    if (event.fill) Day(calendar.DayOf(event.fill->transact_time), true);
    ASSERT_TRUE(exposure.Apply(event));
    ASSERT_TRUE(book.Apply(event).ok);
    Observe();
  }
  void Take(const Quote& quote) {
    market.quotes[quote.symbol] = quote;
    (void)market.board.Take(quote);
    Day(calendar.Advance(quote.quote_time), false);
    Observe();
  }
  void Day(std::int64_t day, bool only_later) {
    if (only_later && day <= exposure.baseline.day) return;
    if (day != exposure.baseline.day)
      exposure.baseline.StartDay(day, exposure.EquityAt(market.board.ClosesBefore(day)));
    book.StartDay(market.board, day);
  }
  void Observe() {
    if (auto equity = exposure.Equity(market)) exposure.baseline.Observe(*equity);
    book.Mark(market.board.now());
  }
};

TEST(EquityAgreement, RiskAndPositionsAgreeAtEveryEventToTheLastDigit) {
  int known = 0, days = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    Pair pair;
    OrderEvent opened;
    opened.sequence = 1;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(1'000'000);
    opened.currency = "USD";
    pair.Apply(opened);
    UtcTime now = *UtcTime::Parse("2024-03-08T14:30:00Z");
    for (int i = 0; i < 400; ++i) {
      now = now + Duration{static_cast<std::int64_t>(rng.Below(3)) * kHour};
      Symbol symbol("S" + std::to_string(rng.Below(kSymbols)));
      auto price = [&] { return Decimal::FromUnits(static_cast<__int128>(rng.Between(1, 9'000'000)) * 7'777'777'777); };
      if (rng.Below(3) != 0) {
        Quote quote{.symbol = symbol, .bid_price = price(), .quote_time = now};
        // Some of them locked, crossed or empty.
        quote.ask_price = rng.Below(6) == 0 ? price() : quote.bid_price + Decimal::FromUnits(rng.Between(0, 999'999));
        if (rng.Below(10) == 0) quote.bid_price = Decimal();
        quote.last_price = price();
        quote.session_open = rng.Below(3) != 0;
        pair.Take(quote);
      } else {
        OrderEvent event;
        event.sequence = pair.exposure.applied_sequence() + 1;
        event.type = OrderEventType::kFilled;
        event.fill =
            Fill{.deployment_id = DeploymentId(std::string(rng.Below(3), 'd')),
                 .symbol = symbol,
                 .side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell,
                 .quantity = Decimal::FromUnits(static_cast<__int128>(rng.Between(1, 5'000'000)) * 333'333'333'333),
                 .price = price(),
                 .fee = Decimal::FromUnits(rng.Between(0, 90'000'000)),
                 .fee_currency = rng.Below(4) == 0 ? "BNB" : "USD",
                 .transact_time = now};
        pair.Apply(event);
      }
      auto ours = pair.exposure.Equity(pair.market), theirs = pair.book.Equity(pair.market.board.now());
      ASSERT_EQ(ours.has_value(), theirs.has_value()) << "seed " << seed << " event " << i;
      if (ours) {
        ASSERT_EQ(*ours, *theirs) << "seed " << seed << " event " << i;
      }
      known += ours ? 1 : 0;
      ASSERT_EQ(pair.exposure.baseline, pair.book.totals().baseline) << "seed " << seed << " event " << i;
    }
    days += static_cast<int>(pair.exposure.baseline.day -
                             TradingDay(*UtcTime::Parse("2024-03-08T14:30:00Z"), ledger::DayBoundary::kNewYork));
  }
  EXPECT_GT(known, 10'000);
  EXPECT_GT(days, 400);
}

}  // namespace
}  // namespace ballast
