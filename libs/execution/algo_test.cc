#include "libs/execution/algo.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "libs/execution/refusal.h"

namespace ballast::execution {
namespace {

AlgoSpec Twap() {
  return {.account_id = AccountId("paper"),
          .symbol = Symbol("BTC-USD"),
          .side = Side::kBuy,
          .quantity = Decimal::Of("1"),
          .type = AlgoType::kTwap,
          .duration = Duration::Seconds(600)};
}

std::vector<std::string> Fields(const std::vector<TermFault>& faults) {
  std::vector<std::string> fields;
  for (const TermFault& fault : faults) fields.push_back(fault.field);
  std::sort(fields.begin(), fields.end());
  return fields;
}

TEST(AlgoTest, WhatEachNeedsIsEnough) {
  EXPECT_TRUE(FaultsOf(Twap()).empty());
  AlgoSpec vwap = Twap();
  vwap.type = AlgoType::kVwap;
  vwap.volume_curve = {Decimal::Of("3"), Decimal(), Decimal::Of("1.5")};
  EXPECT_TRUE(FaultsOf(vwap).empty());
  AlgoSpec pov = Twap();
  pov.type = AlgoType::kPov;
  pov.participation_ratio = Decimal::Of("0.5");
  EXPECT_TRUE(FaultsOf(pov).empty());
  AlgoSpec iceberg = Twap();
  iceberg.type = AlgoType::kIceberg;
  iceberg.limit_price = Decimal::Of("100");
  iceberg.display_quantity = Decimal::Of("1");
  iceberg.duration = {};
  EXPECT_TRUE(FaultsOf(iceberg).empty());
  AlgoSpec shortfall = Twap();
  shortfall.type = AlgoType::kImplementationShortfall;
  shortfall.urgency = Decimal::Of("20");
  EXPECT_TRUE(FaultsOf(shortfall).empty());
}

TEST(AlgoTest, EveryFaultIsTold) {
  AlgoSpec spec = Twap();
  spec.side = Side::kUnspecified;
  spec.quantity = Decimal::Of("-1");
  spec.limit_price = Decimal();
  spec.jitter_ratio = Decimal::Of("0.51");
  spec.duration = Duration::Seconds(604'801);
  spec.slices = 501;
  spec.volume_curve = {Decimal::Of("1")};
  spec.participation_ratio = Decimal::Of("0.1");
  spec.display_quantity = Decimal::Of("1");
  spec.urgency = Decimal::Of("1");
  spec.max_child_quantity = Decimal::Of("-1");
  EXPECT_EQ(Fields(FaultsOf(spec)),
            (std::vector<std::string>{"display_quantity", "duration_seconds", "jitter_ratio", "limit_price",
                                      "max_child_quantity", "participation_ratio", "quantity", "side", "slices",
                                      "urgency", "volume_curve"}));
  EXPECT_EQ(Fields(FaultsOf(AlgoSpec{.side = Side::kBuy, .quantity = Decimal::Of("1")})),
            (std::vector<std::string>{"algo_type", "duration_seconds"}));
}

// A quantity times a price is calculated all the time: a product out of range would end the process.
TEST(AlgoTest, WhatItIsWorthStaysInRange) {
  AlgoSpec spec = Twap();
  spec.quantity = Decimal::Of("1000000000000");
  spec.limit_price = Decimal::Of("100000000");
  EXPECT_TRUE(FaultsOf(spec).empty());
  EXPECT_TRUE(Multiply(spec.quantity, *spec.limit_price, Rounding::kHalfEven).IsPositive());
  spec.quantity += Decimal::Of("0.00000001");
  spec.limit_price = *spec.limit_price + Decimal::Of("0.01");
  EXPECT_EQ(Fields(FaultsOf(spec)), (std::vector<std::string>{"limit_price", "quantity"}));
}

TEST(AlgoTest, BoundsOfEachType) {
  AlgoSpec pov = Twap();
  pov.type = AlgoType::kPov;
  for (const char* bad : {"0", "0.500001", "-0.1"}) {
    pov.participation_ratio = Decimal::Of(bad);
    EXPECT_EQ(Fields(FaultsOf(pov)), std::vector<std::string>{"participation_ratio"}) << bad;
  }
  AlgoSpec vwap = Twap();
  vwap.type = AlgoType::kVwap;
  for (const std::vector<Decimal>& bad : {std::vector<Decimal>{},
                                          {Decimal(), Decimal()},
                                          {Decimal::Of("1"), Decimal::Of("-1")},
                                          std::vector<Decimal>(501, Decimal::Of("1"))}) {
    vwap.volume_curve = bad;
    EXPECT_EQ(Fields(FaultsOf(vwap)), std::vector<std::string>{"volume_curve"});
  }
  vwap.volume_curve = {Decimal::Of("1"), Decimal::Of("1")};
  vwap.slices = 3;
  EXPECT_EQ(Fields(FaultsOf(vwap)), std::vector<std::string>{"slices"});
  AlgoSpec iceberg = Twap();
  iceberg.type = AlgoType::kIceberg;
  iceberg.display_quantity = Decimal::Of("1.1");
  EXPECT_EQ(Fields(FaultsOf(iceberg)), (std::vector<std::string>{"display_quantity", "limit_price"}));
}

TEST(AlgoTest, LotsAndTicks) {
  Instrument instrument{.tick_size = Decimal::Of("0.01"), .lot_size = Decimal::Of("0.001")};
  AlgoSpec spec = Twap();
  spec.quantity = Decimal::Of("1.0005");
  spec.limit_price = Decimal::Of("99.999");
  spec.max_child_quantity = Decimal::Of("0.0001");
  EXPECT_EQ(Fields(FaultsOf(spec, instrument)),
            (std::vector<std::string>{"limit_price", "max_child_quantity", "quantity"}));
  EXPECT_TRUE(FaultsOf(Twap(), instrument).empty());
}

TEST(AlgoTest, DefaultsAreStatedOnce) {
  EXPECT_EQ(WithDefaults(Twap(), 7).slices, 20);
  EXPECT_EQ(WithDefaults(Twap(), 7).seed, 7U);
  AlgoSpec given = Twap();
  given.slices = 5;
  given.seed = 9;
  EXPECT_EQ(WithDefaults(given, 7), given);
  AlgoSpec brief = Twap();
  brief.duration = Duration::Seconds(10);
  EXPECT_EQ(WithDefaults(brief, 7).slices, 2);
  brief.duration = kDurationMax;
  EXPECT_EQ(WithDefaults(brief, 7).slices, 100);
}

TEST(AlgoTest, WhatIsNotKnownStopsTheParent) {
  EXPECT_EQ(RemedyFor(RejectReason::kOrderRate), Remedy::kRetryLater);
  EXPECT_EQ(RemedyFor(RejectReason::kMaxNotional), Remedy::kShrink);
  for (RejectReason reason : {RejectReason::kKillSwitch, RejectReason::kAccountHalted, RejectReason::kBreaker,
                              RejectReason::kDailyLoss, RejectReason::kUnspecified, static_cast<RejectReason>(2999)})
    EXPECT_EQ(RemedyFor(reason), Remedy::kStop);
}

}  // namespace
}  // namespace ballast::execution
