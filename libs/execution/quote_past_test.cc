#include "libs/execution/quote_past.h"

#include "gtest/gtest.h"

namespace ballast::execution {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
UtcTime At(std::int64_t seconds) { return {1'700'000'000 * kSecond + seconds * kSecond}; }

// Heard 100 s after the market said it, as in a replay.
SeenQuote Seen(std::int64_t seconds, const char* bid, const char* ask) {
  return {
      .receive_time = At(seconds + 100), .market_time = At(seconds), .bid = Decimal::Of(bid), .ask = Decimal::Of(ask)};
}

TEST(QuotePastTest, WhatWasInForceAsAnOrderWasMadeIsTheLastThatHadBeenHeardOf) {
  QuotePast past;
  past.Add(Seen(0, "100", "102"));
  past.Add(Seen(10, "110", "112"));
  EXPECT_EQ(past.AsHeard(At(109))->Middle(), Decimal::Of("101"));
  EXPECT_EQ(past.AsHeard(At(110))->Middle(), Decimal::Of("111"));
  EXPECT_EQ(past.AsHeard(At(500))->Middle(), Decimal::Of("111"));
  EXPECT_FALSE(past.AsHeard(At(99)));
}

TEST(QuotePastTest, AMomentBeforeWhatIsKnownIsLookedAtALittleLaterOrNotAtAll) {
  QuotePast past;
  past.Add(Seen(10, "110", "112"));
  past.Add(Seen(20, "120", "122"));
  EXPECT_EQ(past.AsOfMarket(At(19), Duration::Seconds(2))->Middle(), Decimal::Of("111"));
  EXPECT_EQ(past.AsOfMarket(At(8), Duration::Seconds(2))->Middle(), Decimal::Of("111"));
  EXPECT_FALSE(past.AsOfMarket(At(7), Duration::Seconds(2)));
  past.Forget();
  EXPECT_FALSE(past.AsOfMarket(At(19), Duration::Seconds(2)));
}

TEST(QuotePastTest, ASideThatIsMissingHasNoMiddle) {
  EXPECT_EQ(Seen(0, "0", "102").Middle(), Decimal());
  EXPECT_EQ(Seen(0, "100", "0").Middle(), Decimal());
}

TEST(QuotePastTest, WhatGoesBackIsLeftOutAndTheOldestFallsOff) {
  QuotePast past;
  past.Add(Seen(10, "110", "112"));
  past.Add(Seen(5, "50", "52"));
  EXPECT_EQ(past.AsOfMarket(At(10), {})->Middle(), Decimal::Of("111"));
  for (std::size_t i = 0; i < QuotePast::kQuotesMost; ++i) past.Add(Seen(20 + static_cast<std::int64_t>(i), "1", "1"));
  EXPECT_FALSE(past.AsOfMarket(At(10), {}));
  EXPECT_TRUE(past.AsOfMarket(At(20), {}));
}

}  // namespace
}  // namespace ballast::execution
