#include "libs/execution/schedule.h"

#include <cmath>

#include "gtest/gtest.h"
#include "libs/base/rng.h"

namespace ballast::execution {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

AlgoSpec Spec(AlgoType type, const char* quantity, int slices, std::int64_t seconds) {
  return {.side = Side::kBuy,
          .quantity = Decimal::Of(quantity),
          .type = type,
          .start_time = UtcTime{1'700'000'000 * kSecond},
          .duration = Duration::Seconds(seconds),
          .slices = slices,
          .seed = 42};
}

std::vector<std::string> Cumulative(const std::vector<ScheduleStep>& schedule) {
  std::vector<std::string> all;
  for (const ScheduleStep& step : schedule) all.push_back(step.cumulative.ToString());
  return all;
}

double ToDouble(Decimal value) { return std::stod(value.ToString()); }

TEST(ScheduleTest, TwapIsEqualPartsAtEqualTimes) {
  AlgoSpec spec = Spec(AlgoType::kTwap, "10", 4, 400);
  auto schedule = ScheduleOf(spec, Decimal::Of("1"));
  EXPECT_EQ(Cumulative(schedule), (std::vector<std::string>{"2", "5", "7", "10"}));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(schedule[static_cast<std::size_t>(i)].time, spec.start_time + Duration::Seconds(100 * i));
  EXPECT_EQ(TargetAt(schedule, spec.start_time - Duration{1}), Decimal());
  EXPECT_EQ(TargetAt(schedule, spec.start_time), Decimal::Of("2"));
  EXPECT_EQ(TargetAt(schedule, spec.start_time + Duration::Seconds(199)), Decimal::Of("5"));
  EXPECT_EQ(TargetAt(schedule, spec.start_time + Duration::Seconds(4000)), Decimal::Of("10"));
}

TEST(ScheduleTest, FewerLotsThanSlicesComeLate) {
  auto schedule = ScheduleOf(Spec(AlgoType::kTwap, "2", 5, 50), Decimal::Of("1"));
  EXPECT_EQ(Cumulative(schedule), (std::vector<std::string>{"0", "0", "1", "1", "2"}));
}

TEST(ScheduleTest, VwapFollowsItsCurve) {
  AlgoSpec spec = Spec(AlgoType::kVwap, "1", 4, 40);
  spec.volume_curve = {Decimal::Of("4"), Decimal::Of("0"), Decimal::Of("1.5"), Decimal::Of("2.5")};
  EXPECT_EQ(Cumulative(ScheduleOf(spec, Decimal::Of("0.0001"))),
            (std::vector<std::string>{"0.5", "0.5", "0.6875", "1"}));
}

// Against the formula it is from, in floating point.
TEST(ScheduleTest, ShortfallIsAlmgrenAndChriss) {
  for (const char* urgency : {"0.01", "1", "3.5", "20"}) {
    for (int slices : {2, 10, 500}) {
      AlgoSpec spec = Spec(AlgoType::kImplementationShortfall, "1000000", slices, 1000);
      spec.urgency = Decimal::Of(urgency);
      auto schedule = ScheduleOf(spec, Decimal::Of("0.000001"));
      double step = ToDouble(spec.urgency) / slices;
      double kappa = std::acosh(1 + step * step / 2);
      for (int i = 0; i < slices; ++i) {
        double left = std::sinh(kappa * (slices - i - 1)) / std::sinh(kappa * slices);
        EXPECT_NEAR(ToDouble(schedule[static_cast<std::size_t>(i)].cumulative), 1e6 * (1 - left), 1e-3)
            << urgency << " " << slices << " " << i;
      }
    }
  }
}

TEST(ScheduleTest, WithoutUrgencyItIsNearlyATwap) {
  AlgoSpec spec = Spec(AlgoType::kImplementationShortfall, "100", 4, 40);
  spec.urgency = Decimal::Of("0.001");
  EXPECT_EQ(Cumulative(ScheduleOf(spec, Decimal::Of("0.01"))), (std::vector<std::string>{"25", "50", "75", "100"}));
}

// Whatever the terms: it ends with all of it, never falls, keeps to lots, and each slice begins within its own time.
TEST(ScheduleTest, HoldsForRandomTerms) {
  Rng rng(7);
  for (int round = 0; round < 3000; ++round) {
    auto type = static_cast<AlgoType>(std::array{1, 2, 5}[rng.Below(3)]);
    int slices = static_cast<int>(rng.Between(1, 40));
    std::int64_t seconds = rng.Between(1, 100'000);
    Decimal lot = std::array{Decimal::Of("1"), Decimal::Of("0.001"), Decimal::Of("25")}[rng.Below(3)];
    AlgoSpec spec = Spec(type, "1", slices, seconds);
    spec.quantity = Multiply(lot, Decimal::FromInt(rng.Between(1, 5000)), Rounding::kDown);
    spec.seed = rng.Next();
    spec.jitter_ratio = Divide(Decimal::FromInt(rng.Between(0, 50)), Decimal::FromInt(100), Rounding::kDown);
    spec.urgency = Divide(Decimal::FromInt(rng.Between(1, 2000)), Decimal::FromInt(100), Rounding::kDown);
    if (type == AlgoType::kVwap) {
      for (int i = 0; i < slices; ++i) spec.volume_curve.push_back(Decimal::FromInt(rng.Between(0, 9)));
      spec.volume_curve.back() = Decimal::FromInt(1);
    }
    auto schedule = ScheduleOf(spec, lot);
    ASSERT_EQ(schedule.size(), static_cast<std::size_t>(slices));
    ASSERT_EQ(schedule, ScheduleOf(spec, lot));
    Decimal before;
    std::int64_t length = spec.duration.nanos / slices;
    for (int i = 0; i < slices; ++i) {
      const ScheduleStep& step = schedule[static_cast<std::size_t>(i)];
      ASSERT_GE(step.cumulative, before);
      ASSERT_TRUE(step.cumulative.IsMultipleOf(lot));
      before = step.cumulative;
      ASSERT_GE(step.time, spec.start_time + Duration{length * i});
      ASSERT_LE(step.time, spec.start_time + Duration{length * i + length / 2});
    }
    ASSERT_EQ(before, spec.quantity);
  }
}

TEST(ScheduleTest, AnotherSeedIsAnotherSchedule) {
  AlgoSpec spec = Spec(AlgoType::kTwap, "10", 4, 400);
  spec.jitter_ratio = Decimal::Of("0.5");
  auto one = ScheduleOf(spec, Decimal::Of("1"));
  spec.seed = 43;
  EXPECT_NE(one, ScheduleOf(spec, Decimal::Of("1")));
}

}  // namespace
}  // namespace ballast::execution
