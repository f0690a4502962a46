#include "libs/risk/loss_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast::risk {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Decimal D(const char* text) { return Decimal::Of(text); }

struct World {
  Limits limits;  // 1 % a day, 5 % from the peak
  ledger::DayBaseline baseline{.day = 10, .day_start_equity = D("100000"), .peak_equity = D("100000")};
  LossLatches latches;
  std::vector<LossRule> Trip(const char* equity) {
    return TripLosses(limits, baseline, D(equity), UtcTime{7}, &latches);
  }
};

TEST(LossRulesTest, TheLevelsAreExact) {
  World world;
  auto level = [&](const char* equity) {
    return MeasureLoss(LossRule::kDailyLoss, world.limits, world.baseline, D(equity)).level_percent;
  };
  EXPECT_EQ(level("100500"), 0);
  EXPECT_EQ(level("99500.000000000000000001"), 0);
  EXPECT_EQ(level("99500"), 50);
  EXPECT_EQ(level("99250"), 75);
  EXPECT_EQ(level("99100"), 90);
  EXPECT_EQ(level("99000.000000000000000001"), 90);
  EXPECT_EQ(level("99000"), 100);
}

TEST(LossRulesTest, AReachedLimitLatchesOnceWithTheNumbersOfThatMoment) {
  World world;
  EXPECT_THAT(world.Trip("99000.01"), IsEmpty());
  EXPECT_THAT(world.Trip("99000"), ElementsAre(LossRule::kDailyLoss));
  EXPECT_THAT(world.Trip("94000"), ElementsAre(LossRule::kDrawdown));
  EXPECT_THAT(world.Trip("90000"), IsEmpty());
  EXPECT_EQ(world.latches.daily_loss->equity, D("99000"));
  EXPECT_EQ(world.latches.drawdown->loss(), D("6000"));
}

TEST(LossRulesTest, NeitherARecoveryNorANewDayNorAHigherLimitTakesItBack) {
  World world;
  world.Trip("94000");
  world.Trip("120000");
  world.baseline.StartDay(11, D("120000"));
  ClearDailyLoss(world.limits, 11, &world.latches);
  world.limits.daily_loss_ratio = world.limits.drawdown_ratio = D("0.9");
  world.Trip("120000");
  EXPECT_TRUE(world.latches.daily_loss);
  EXPECT_TRUE(world.latches.drawdown);
}

TEST(LossRulesTest, ADailyLossEndsWithItsDayOnlyWhereTheLimitsSaySo) {
  World world;
  world.limits.daily_loss_clears_next_day = true;
  world.Trip("94000");
  ClearDailyLoss(world.limits, 10, &world.latches);
  EXPECT_TRUE(world.latches.daily_loss);
  ClearDailyLoss(world.limits, 11, &world.latches);
  EXPECT_FALSE(world.latches.daily_loss);
  EXPECT_TRUE(world.latches.drawdown) << "a drawdown has no day";
}

TEST(LossRulesTest, AProfitNeverTripsAndALimitOfZeroAllowsNoLoss) {
  World world;
  world.limits.daily_loss_ratio = Decimal();
  EXPECT_THAT(world.Trip("100000"), IsEmpty());
  EXPECT_THAT(world.Trip("150000"), IsEmpty());
  EXPECT_THAT(world.Trip("99999.99"), ElementsAre(LossRule::kDailyLoss));
}

TEST(LossRulesTest, RearmedItMeasuresFromTheEquityOfNow) {
  World world;
  world.Trip("94000");
  for (LossRule rule : kLossRules) RearmLoss(rule, D("94000"), &world.baseline, &world.latches);
  EXPECT_THAT(world.Trip("93999"), IsEmpty());
  EXPECT_THAT(world.Trip("93060"), ElementsAre(LossRule::kDailyLoss)) << "1 % of 94,000";
  EXPECT_EQ(world.baseline.peak_equity, D("94000"));
}

TEST(LossRulesTest, RearmedWithoutAPriceItMeasuresFromTheFirstKnownEquity) {
  World world;
  world.Trip("94000");
  RearmLoss(LossRule::kDrawdown, std::nullopt, &world.baseline, &world.latches);
  EXPECT_THAT(world.Trip("93000"), IsEmpty()) << "nothing is measured from what is not known";
  world.baseline.Observe(D("93000"));
  EXPECT_EQ(world.baseline.peak_equity, D("93000"));
  EXPECT_FALSE(world.latches.drawdown);
}

}  // namespace
}  // namespace ballast::risk
