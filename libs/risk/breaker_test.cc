#include "libs/risk/breaker.h"

#include <gtest/gtest.h>

#include <set>

#include "libs/base/rng.h"

namespace ballast::risk {
namespace {

Decimal D(const char* text) { return Decimal::Of(text); }

constexpr BreakerKind kKinds[] = {
    BreakerKind::kPortfolioLoss, BreakerKind::kDailyLoss,           BreakerKind::kPositionLoss,
    BreakerKind::kDrawdown,      BreakerKind::kVolatility,          BreakerKind::kLeverage,
    BreakerKind::kConcentration, BreakerKind::kStaleData,           BreakerKind::kRejectStorm,
    BreakerKind::kLatency,       BreakerKind::kReconciliationBreak, BreakerKind::kRunawayLoop,
    BreakerKind::kAuditLag,      BreakerKind::kClockOffset,         BreakerKind::kUnacknowledgedAlert};

struct World {
  BreakerRule rule;
  BreakerState state;
  std::int64_t seconds = 1'000;
  std::int64_t day = 5;
  std::optional<Decimal> day_start;

  explicit World(BreakerKind kind, const char* limit = "100") {
    rule = {.name = "one", .kind = kind, .scope = BreakerScope::kAccount, .limit = D(limit)};
    rule.latched = AlwaysLatched(kind);
  }
  BreakerSight Sight(std::optional<Decimal> figure) const {
    return {.figure = figure,
            .capital = D("100000"),
            .day_start = day_start,
            .time = UtcTime{seconds * 1'000'000'000},
            .day = day};
  }
  BreakerMove See(const char* figure) { return MoveBreaker(rule, Sight(D(figure)), &state); }
  BreakerMove SeeNothing() { return MoveBreaker(rule, Sight(std::nullopt), &state); }
};

// Below, at and above its limit, with nothing known, and every kind.
TEST(BreakerTest, EachKindTripsAtItsLimitAndNotBelow) {
  for (BreakerKind kind : kKinds) {
    bool loss = IsLoss(kind);
    struct Case {
      const char* figure;
      bool trips;
    };
    std::vector<Case> cases = {{"99.999999999999999999", false}, {"100", true}, {"101", true}};
    if (loss) cases = {{"-999.999999999999999999", false}, {"-1000", true}, {"-1001", true}};
    for (const Case& one : cases) {
      World world(kind, loss ? "0.01" : "100");
      world.day_start = Decimal();
      EXPECT_FALSE(world.SeeNothing().tripped);
      EXPECT_EQ(world.See(one.figure).tripped, one.trips) << static_cast<int>(kind) << " " << one.figure;
      EXPECT_FALSE(world.See(one.figure).tripped) << "once is enough";
    }
  }
}

TEST(BreakerTest, WithoutCapitalALossIsNotKnown) {
  World world(BreakerKind::kPortfolioLoss, "0.01");
  BreakerSight sight = world.Sight(D("-90000"));
  sight.capital.reset();
  EXPECT_FALSE(MoveBreaker(world.rule, sight, &world.state).tripped);
  EXPECT_FALSE(MeasureBreaker(world.rule, world.state, sight));
}

TEST(BreakerTest, WarningsAreToldOnceOnTheWayUpAndAgainAfterAWayDown) {
  World world(BreakerKind::kLeverage, "4");
  EXPECT_EQ(world.See("1.999999999999999999").warned_percent, 0);
  EXPECT_EQ(world.See("2").warned_percent, 50);
  EXPECT_EQ(world.See("2.9").warned_percent, 0);
  EXPECT_EQ(world.See("3").warned_percent, 75);
  EXPECT_EQ(world.See("2.1").warned_percent, 0);
  EXPECT_EQ(world.See("3").warned_percent, 0) << "to and fro across a level is no news";
  EXPECT_EQ(world.See("3.6").warned_percent, 90);
  EXPECT_EQ(world.See("1").warned_percent, 0);
  EXPECT_EQ(world.See("3.7").warned_percent, 90);
}

TEST(BreakerTest, ASelfClearingOneWaitsItsDwellBelowWhereItClears) {
  World world(BreakerKind::kStaleData, "100");
  ASSERT_TRUE(world.See("100").tripped);
  world.seconds += 30;
  EXPECT_FALSE(world.See("79").cleared);
  world.seconds += 29;
  EXPECT_FALSE(world.See("79").cleared) << "59 s";
  world.seconds += 1;
  EXPECT_TRUE(world.See("79").cleared);
  EXPECT_FALSE(world.state.trip);
}

TEST(BreakerTest, BetweenClearAndLimitTheDwellBeginsAgain) {
  World world(BreakerKind::kStaleData, "100");
  ASSERT_TRUE(world.See("150").tripped);
  world.seconds += 59;
  EXPECT_FALSE(world.See("80").cleared) << "hysteresis";
  world.seconds += 59;
  EXPECT_FALSE(world.See("10").cleared);
  EXPECT_EQ(ClearTime(world.rule, world.state)->nanos, (world.seconds + 1) * 1'000'000'000);
  EXPECT_FALSE(world.SeeNothing().cleared) << "not known is not below";
  world.seconds += 59;
  EXPECT_FALSE(world.See("10").cleared);
  world.seconds += 1;
  EXPECT_TRUE(world.See("10").cleared);
}

TEST(BreakerTest, ALatchedOneStaysUntilAPersonSaysSo) {
  for (BreakerKind kind : kKinds) {
    if (!AlwaysLatched(kind)) continue;
    World world(kind, IsLoss(kind) ? "0.01" : "1");
    world.day_start = Decimal();
    // Whatever the rule says: a pause never becomes a resume from a loss.
    world.rule.latched = false;
    ASSERT_TRUE(world.See(IsLoss(kind) ? "-5000" : "3").tripped);
    world.seconds += 1'000'000;
    world.day += 12;
    EXPECT_FALSE(world.See(IsLoss(kind) ? "50000" : "0").cleared);
    EXPECT_FALSE(ClearTime(world.rule, world.state));
    EXPECT_TRUE(world.state.trip);
    RearmBreaker(world.rule, world.Sight(D("0")), &world.state);
    EXPECT_FALSE(world.state.trip);
  }
}

TEST(BreakerTest, RearmedALossIsMeasuredFromNow) {
  World world(BreakerKind::kPositionLoss, "0.05");
  ASSERT_TRUE(world.See("-5000").tripped);
  RearmBreaker(world.rule, world.Sight(D("-6000")), &world.state);
  EXPECT_FALSE(world.See("-10999").tripped);
  EXPECT_TRUE(world.See("-11000").tripped);
}

TEST(BreakerTest, ADailyLossBeginsWithItsDayAndEndsWithItOnlyWhereTheRuleSaysSo) {
  World world(BreakerKind::kDailyLoss, "0.01");
  world.day_start = D("-300");
  EXPECT_FALSE(world.See("-1299").tripped);
  EXPECT_TRUE(world.See("-1300").tripped);
  world.day += 1;
  world.day_start = D("-1300");
  EXPECT_FALSE(world.See("-1300").cleared);
  EXPECT_TRUE(world.state.trip);
  world.rule.clears_next_day = true;
  EXPECT_TRUE(world.See("-1300").cleared);
  EXPECT_FALSE(world.See("-2299").tripped);
  EXPECT_TRUE(world.See("-2300").tripped);
}

TEST(BreakerTest, ADrawdownIsFromTheMostEverWon) {
  World world(BreakerKind::kDrawdown, "0.05");
  world.See("20000");
  EXPECT_FALSE(world.See("15001").tripped);
  EXPECT_TRUE(world.See("15000").tripped);
}

// Random walks that only ever win: no loss breaker trips, at whatever limit.
TEST(BreakerTest, AProfitNeverTripsOne) {
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    Rng rng(seed);
    World world(kKinds[rng.Below(4)], "0");
    world.rule.limit = Decimal::FromUnits(static_cast<std::int64_t>(rng.Below(1'000)));
    world.day_start = Decimal();
    Decimal result;
    for (int i = 0; i < 50; ++i) {
      BreakerMove move = MoveBreaker(world.rule, world.Sight(result), &world.state);
      ASSERT_FALSE(move.tripped || move.warned_percent > 0) << seed;
      result += Decimal::FromInt(static_cast<std::int64_t>(rng.Below(3)));
      if (rng.Below(5) == 0) {
        ++world.day;
        world.day_start = result;
      }
    }
  }
}

// Whatever is seen in whatever order: what is latched is tripped until it is re-armed; what clears itself has been
// below for its dwell; it trips exactly when the limit is reached.
TEST(BreakerTest, HoldsItsPromisesOnRandomSights) {
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    Rng rng(seed);
    World world(kKinds[rng.Below(12)], "0.01");
    if (!IsLoss(world.rule.kind)) world.rule.limit = Decimal::FromInt(1 + static_cast<std::int64_t>(rng.Below(20)));
    world.rule.latched = world.rule.latched || rng.Below(2) == 0;
    world.rule.clears_next_day = world.rule.kind == BreakerKind::kDailyLoss && rng.Below(2) == 0;
    std::int64_t over = 0;
    for (int i = 0; i < 80; ++i) {
      world.seconds += static_cast<std::int64_t>(rng.Below(40));
      bool next_day = rng.Below(10) == 0;
      if (next_day) ++world.day;
      bool was = world.state.trip.has_value();
      std::int64_t trip_day = was ? world.state.trip->day : 0;
      Decimal figure = Decimal::FromInt(rng.Between(IsLoss(world.rule.kind) ? -4'000 : 0, 30));
      BreakerSight sight = world.Sight(rng.Below(8) == 0 ? std::nullopt : std::optional(figure));
      BreakerMove move = MoveBreaker(world.rule, sight, &world.state);
      auto measure = MeasureBreaker(world.rule, world.state, sight);
      ASSERT_FALSE(move.tripped && move.cleared && !world.rule.clears_next_day);
      if (move.tripped) {
        ASSERT_TRUE(measure && measure->reached) << seed;
      } else if (!was && !move.cleared && measure) {
        ASSERT_FALSE(measure->reached) << seed;
      }
      if (was && move.cleared) {
        bool by_day = world.rule.clears_next_day && trip_day < world.day;
        ASSERT_TRUE(by_day || (!world.rule.latches() && world.seconds - over >= 60)) << seed;
      }
      bool high = !measure || measure->observed >= Multiply(measure->limit, world.rule.clear_ratio, Rounding::kDown);
      if (world.state.trip && high) over = world.seconds;
    }
  }
}

TEST(BreakerTest, TheDefaultsAreSoundAndCoverEveryKind) {
  std::set<BreakerKind> kinds;
  std::set<std::string> names;
  for (const BreakerRule& rule : DefaultBreakerRules()) {
    auto fault = FaultOf(rule);
    EXPECT_FALSE(fault) << rule.name << ": " << fault->message;
    EXPECT_TRUE(names.insert(rule.name).second);
    kinds.insert(rule.kind);
  }
  EXPECT_EQ(kinds.size(), std::size(kKinds));
}

TEST(BreakerTest, ARuleThatCannotBeIsNamedByItsField) {
  struct Case {
    const char* field;
    void (*spoil)(BreakerRule&);
  };
  const Case cases[] = {
      {"name", [](BreakerRule& r) { r.name = "Loud"; }},
      {"name", [](BreakerRule& r) { r.name = "daily_loss"; }},
      {"name", [](BreakerRule& r) { r.name.assign(41, 'a'); }},
      {"kind", [](BreakerRule& r) { r.kind = static_cast<BreakerKind>(16); }},
      {"scope", [](BreakerRule& r) { r.scope = BreakerScope::kUnspecified; }},
      {"scope", [](BreakerRule& r) { r.scope = BreakerScope::kDeployment; }},
      {"deployment_id", [](BreakerRule& r) { r.deployment_id = DeploymentId("d"); }},
      {"limit", [](BreakerRule& r) { r.limit = Decimal(); }},
      {"limit", [](BreakerRule& r) { r.limit = Decimal::FromInt(-1); }},
      {"clear_ratio", [](BreakerRule& r) { r.clear_ratio = Decimal::Of("1.01"); }},
      {"dwell_ms", [](BreakerRule& r) { r.dwell = Duration::Millis(999); }},
      {"window_ms", [](BreakerRule& r) { r.window = Duration::Seconds(601); }},
      {"clears_next_day", [](BreakerRule& r) { r.clears_next_day = true; }},
      {"latched",
       [](BreakerRule& r) {
         r.kind = BreakerKind::kDrawdown;
         r.limit = Decimal::Of("0.1");
       }},
      {"action", [](BreakerRule& r) { r.action = BreakerAction::kUnspecified; }},
      {"action",
       [](BreakerRule& r) {
         r.scope = BreakerScope::kFirm;
         r.action = BreakerAction::kHalt;
       }},
  };
  for (const Case& one : cases) {
    BreakerRule rule = World(BreakerKind::kLeverage, "4").rule;
    ASSERT_FALSE(FaultOf(rule));
    one.spoil(rule);
    auto fault = FaultOf(rule);
    ASSERT_TRUE(fault) << one.field;
    EXPECT_EQ(fault->field, one.field);
  }
}

TEST(BreakerTest, WhoReadsItKnowsWhatToDo) {
  World world(BreakerKind::kStaleData, "100");
  world.See("150");
  EXPECT_NE(DescribeBreaker(world.rule, world.state).find("150 reached its limit of 100"), std::string::npos);
  EXPECT_NE(DescribeBreaker(world.rule, world.state).find("80 % of its limit for 60 s"), std::string::npos);
  World latched(BreakerKind::kReconciliationBreak, "1");
  latched.See("2");
  EXPECT_NE(DescribeBreaker(latched.rule, latched.state).find("re-arms it with a reason"), std::string::npos);
}

}  // namespace
}  // namespace ballast::risk
