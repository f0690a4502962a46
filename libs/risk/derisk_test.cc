#include "libs/risk/derisk.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast::risk {
namespace {

Decimal D(const char* text) { return Decimal::Of(text); }

struct World {
  Limits limits;
  ledger::DayBaseline baseline{.day = 1, .day_start_equity = D("100000"), .peak_equity = D("100000")};
  World() {
    limits.derisk_floor = D("0.2");
    limits.derisk_volatility = D("0.04");
  }
  // 5 % from the peak: 95,000 is the stop, and half of the way there is 97,500.
  [[nodiscard]] Decimal At(const char* equity, const char* range = "0") const {
    return RiskScale(limits, baseline, D(equity), D(range));
  }
};

TEST(DeriskTest, BelowAtAndAboveWhereItBegins) {
  World world;
  EXPECT_EQ(world.At("103000"), D("1")) << "a profit scales nothing";
  EXPECT_EQ(world.At("97500.01"), D("1"));
  EXPECT_EQ(world.At("97500"), D("1"));
  EXPECT_EQ(world.At("96250"), D("0.6")) << "half of the way between start and stop";
  EXPECT_EQ(world.At("95250"), D("0.28"));
  EXPECT_EQ(world.At("95000"), D("0.2"));
  EXPECT_EQ(world.At("50000"), D("0.2"));
}

TEST(DeriskTest, VolatilityScalesByAsMuchAsItIsMore) {
  World world;
  EXPECT_EQ(world.At("100000", "0.04"), D("1"));
  EXPECT_EQ(world.At("100000", "0.08"), D("0.5"));
  EXPECT_EQ(world.At("100000", "4"), D("0.2"));
  EXPECT_EQ(world.At("96250", "0.05"), D("0.6")) << "the smaller of both";
  world.limits.derisk_volatility = Decimal();
  EXPECT_EQ(world.At("100000", "4"), D("1")) << "off";
}

TEST(DeriskTest, OffAndMissing) {
  World world;
  EXPECT_EQ(RiskScale(world.limits, world.baseline, std::nullopt, Decimal()), D("0.2"));
  world.baseline.peak_unknown = true;
  EXPECT_EQ(world.At("100000"), D("0.2"));
  world.limits.derisk_floor = D("1");
  EXPECT_EQ(world.At("50000", "9"), D("1"));
  EXPECT_EQ(RiskScale(world.limits, world.baseline, std::nullopt, Decimal()), D("1"));
}

TEST(DeriskTest, NeverOutsideItsBoundsAndNeverMoreByALargerLoss) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Rng rng(seed);
    World world;
    world.limits.derisk_floor = Decimal::FromUnits(rng.Between(0, 100) * 10'000'000'000'000'000);
    world.limits.derisk_start = Decimal::FromUnits(rng.Between(0, 100) * 10'000'000'000'000'000);
    world.limits.drawdown_ratio = Decimal::FromUnits(rng.Between(0, 100) * 10'000'000'000'000'000);
    std::int64_t high = rng.Between(0, 110'000), low = rng.Between(0, high);
    Decimal range = Decimal::FromUnits(rng.Between(0, 100) * 1'000'000'000'000'000);
    Decimal more = RiskScale(world.limits, world.baseline, Decimal::FromInt(high), range);
    Decimal less = RiskScale(world.limits, world.baseline, Decimal::FromInt(low), range);
    ASSERT_LE(less, more) << seed;
    ASSERT_GE(less, world.limits.derisk_floor) << seed;
    ASSERT_LE(more, D("1")) << seed;
  }
}

}  // namespace
}  // namespace ballast::risk
