#include "libs/sizing/sizer.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/rng.h"

namespace ballast::sizing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Decimal D(const char* text) { return Decimal::Of(text); }
double ToDouble(Decimal value) { return std::stod(value.ToString()); }

// 100,000 to share, at 50, a stop at 49, whole lots, a fee of 0.1 %.
class SizerTest : public ::testing::Test {
 protected:
  SizerTest() {
    instrument.lot_size = D("1");
    instrument.min_notional = D("10");
    instrument.taker_fee_ratio = D("0.001");
  }
  Situation Now() {
    return {.side = side,
            .price = D("50"),
            .counted_price = D("50"),
            .stop_price = stop,
            .capital = capital,
            .fixed_ratio = D("0.02"),
            .instrument = instrument,
            .move = move,
            .moves = moves,
            .record = record,
            .track = track,
            .ceiling = ceiling};
  }
  Result Of(Method method) { return Size(method, settings, Now()); }
  std::vector<std::string> CapsOf(const Result& result) {
    std::vector<std::string> names;
    for (const Cap& cap : result.caps) names.push_back(cap.name);
    return names;
  }

  Settings settings;
  Instrument instrument;
  Side side = Side::kBuy;
  Decimal capital = D("100000");
  std::optional<Decimal> stop = D("49");
  std::optional<Decimal> move = D("0.001");
  std::vector<std::optional<Decimal>> moves = {D("0.001")};
  TradeRecord record;
  Track track;
  Ceiling ceiling;
};

TEST_F(SizerTest, FixedFraction) {
  Result result = Of(Method::kFixedFraction);
  // 2,000 of money at 50.
  EXPECT_EQ(result.quantity, D("40"));
  EXPECT_EQ(result.notional, D("2000"));
  // 1 a unit, and 0.05 + 0.049 in fees.
  EXPECT_EQ(result.loss_at_stop, D("43.96"));
  EXPECT_THAT(result.caps, IsEmpty());
  EXPECT_THAT(result.refusal, IsEmpty());
  instrument.lot_size = D("7");
  EXPECT_EQ(Of(Method::kFixedFraction).quantity, D("35"));
}

TEST_F(SizerTest, RiskPerTradeLosesNoMoreThanItsPartAtTheStopOnEitherSide) {
  // 1,000 over 1.099; over 1 + 0.05 + 0.051 on the other side.
  EXPECT_EQ(Of(Method::kRiskPerTrade).quantity, D("909"));
  side = Side::kSell;
  stop = D("51");
  Result sold = Of(Method::kRiskPerTrade);
  EXPECT_EQ(sold.quantity, D("908"));
  EXPECT_LE(*sold.loss_at_stop, D("1000"));
  EXPECT_GT(*sold.loss_at_stop + D("1.101"), D("1000"));
  stop = D("49");
  Result wrong = Of(Method::kRiskPerTrade);
  EXPECT_FALSE(wrong.known);
  EXPECT_THAT(wrong.refusal, HasSubstr("wrong side"));
  stop.reset();
  EXPECT_FALSE(Of(Method::kRiskPerTrade).known);
}

TEST_F(SizerTest, KellyTakesTheFixedFractionUntilThereAreTradesEnough) {
  for (int i = 0; i < 19; ++i) Close(record, D("10"), D("1000"));
  Result few = Of(Method::kKelly);
  EXPECT_EQ(few.quantity, D("40"));
  EXPECT_THAT(few.inputs["instead"], HasSubstr("fewer than 20"));
  Close(record, D("10"), D("1000"));
  EXPECT_EQ(Of(Method::kKelly).inputs.count("instead"), 0U);
}

TEST_F(SizerTest, KellyIsShrunkAndCapped) {
  // 60 trades: 33 of +2 %, 27 of -2 %. Mean 0.002, mean square 0.0004; shrunk by 60 of 90: (0.12 / 90) / 0.0004 = 3.33,
  // a quarter is 0.833, capped at 0.1.
  for (int i = 0; i < 33; ++i) Close(record, D("20"), D("1000"));
  for (int i = 0; i < 27; ++i) Close(record, D("-20"), D("1000"));
  Result capped = Of(Method::kKelly);
  EXPECT_EQ(capped.quantity, D("200"));
  EXPECT_THAT(CapsOf(capped), ElementsAre("kelly_cap"));
  // At the cap exactly there is none; below it the formula's.
  settings.kelly_cap_ratio = D("1");
  double expected = std::floor(100'000 * (0.12 / 90 / 0.0004) * 0.25 / 50);
  EXPECT_EQ(ToDouble(Of(Method::kKelly).quantity), expected);
  EXPECT_THAT(Of(Method::kKelly).caps, IsEmpty());
  // Without the prior it would be more, with a stronger one less.
  settings.kelly_prior_trades = 0;
  EXPECT_GT(ToDouble(Of(Method::kKelly).quantity), expected);
  settings.kelly_prior_trades = 1'000;
  EXPECT_LT(ToDouble(Of(Method::kKelly).quantity), expected);
}

TEST_F(SizerTest, KellyTakesNothingWithoutAnEdgeAndThatIsAnAnswer) {
  for (int i = 0; i < 30; ++i) Close(record, i % 2 == 0 ? D("20") : D("-21"), D("1000"));
  Result none = Of(Method::kKelly);
  EXPECT_TRUE(none.known);
  EXPECT_TRUE(none.quantity.IsZero());
  EXPECT_THAT(none.refusal, HasSubstr("no edge"));
}

TEST_F(SizerTest, VolatilityTargetMovesTheCapitalByItsPart) {
  // 100 of money for a move of 0.4 %: 25,000.
  move = D("0.004");
  EXPECT_EQ(Of(Method::kVolatilityTarget).quantity, D("500"));
  move.reset();
  EXPECT_FALSE(Of(Method::kVolatilityTarget).known);
}

TEST_F(SizerTest, RiskParityGivesEachInstrumentTheSameMove) {
  moves = {D("0.001"), D("0.004")};
  move = D("0.001");
  Result calm = Of(Method::kRiskParity);
  move = D("0.004");
  Result wild = Of(Method::kRiskParity);
  // Together what two fixed fractions take, 4,000; by 4 to 1.
  EXPECT_EQ(calm.quantity, D("64"));
  EXPECT_EQ(wild.quantity, D("16"));
  EXPECT_EQ(Multiply(calm.notional, D("0.001"), Rounding::kDown), Multiply(wild.notional, D("0.004"), Rounding::kDown));
  moves.emplace_back();
  EXPECT_FALSE(Of(Method::kRiskParity).known);
}

TEST_F(SizerTest, ConsensusIsMedianOrMinimumOfThoseThatCanBeAsked) {
  settings.members = {Method::kFixedFraction, Method::kRiskPerTrade, Method::kVolatilityTarget};
  move = D("0.004");
  // 40, 909, 500.
  EXPECT_EQ(Of(Method::kConsensus).quantity, D("500"));
  settings.consensus = Consensus::kMinimum;
  EXPECT_EQ(Of(Method::kConsensus).quantity, D("40"));
  settings.consensus = Consensus::kMedian;
  stop.reset();
  Result two = Of(Method::kConsensus);
  EXPECT_EQ(two.quantity, D("270"));
  EXPECT_THAT(two.inputs["risk_per_trade"], HasSubstr("no vote"));
  settings.members = {Method::kRiskPerTrade};
  EXPECT_FALSE(Of(Method::kConsensus).known);
}

TEST_F(SizerTest, ConsensusIsWeighedByWhatEachMethodWouldHaveMade) {
  settings.members = {Method::kFixedFraction, Method::kVolatilityTarget};
  settings.consensus = Consensus::kWeighted;
  move = D("0.004");
  EXPECT_THAT(Of(Method::kConsensus).inputs["rule"], HasSubstr("too few"));
  auto record_of = [](const char* sum, const char* squares) {
    return MethodRecord{.trades = 25, .return_sum = D(sum), .return_squares = D(squares), .profit = {}};
  };
  // The same steadiness, three times the return: 3 to 1.
  track = {{Method::kFixedFraction, record_of("0.3", "0.04")}, {Method::kVolatilityTarget, record_of("0.1", "0.04")}};
  Result weighed = Of(Method::kConsensus);
  EXPECT_EQ(weighed.quantity, D("155")) << "40 x 0.75 + 500 x 0.25";
  EXPECT_EQ(weighed.inputs["weight_fixed_fraction"], "0.75");
  // One that has lost has no weight; where all have, the least is taken.
  track[Method::kVolatilityTarget] = record_of("-0.1", "0.04");
  EXPECT_EQ(Of(Method::kConsensus).quantity, D("40"));
  track[Method::kFixedFraction] = record_of("-0.2", "0.04");
  EXPECT_THAT(Of(Method::kConsensus).inputs["rule"], HasSubstr("no method has earned"));
}

// Each ceiling below, at and above what the method asks for: 40 lots, 2,000 of money.
TEST_F(SizerTest, EachCeilingCutsAndSaysSo) {
  struct Case {
    const char* name;
    std::optional<Decimal> Ceiling::*field;
    // Just enough for 40; fees come out of what is paid with.
    const char* enough;
    const char* less;
  };
  for (const Case& one : {Case{"order_quantity", &Ceiling::order_quantity, "40", "39.5"},
                          Case{"order_notional", &Ceiling::order_notional, "2000", "1999.99"},
                          Case{"position_ratio", &Ceiling::position_notional, "2000", "1999.99"},
                          Case{"concentration", &Ceiling::concentration_notional, "2000", "1999.99"},
                          Case{"buying_power", &Ceiling::buying_power, "2002", "2001.99"},
                          Case{"capital", &Ceiling::capital, "2002", "2001.99"},
                          Case{"risk_per_trade", &Ceiling::loss_at_stop, "43.96", "43.95"}}) {
    ceiling = {};
    ceiling.*one.field = D(one.enough);
    Result enough = Of(Method::kFixedFraction);
    EXPECT_EQ(enough.quantity, D("40")) << one.name;
    EXPECT_THAT(enough.caps, IsEmpty()) << one.name;
    ceiling.*one.field = D(one.enough) + D("1000");
    EXPECT_EQ(Of(Method::kFixedFraction).quantity, D("40")) << one.name;
    ceiling.*one.field = D(one.less);
    Result cut = Of(Method::kFixedFraction);
    EXPECT_EQ(cut.quantity, D("39")) << one.name;
    EXPECT_THAT(CapsOf(cut), ElementsAre(one.name));
    for (const char* nothing : {"0", "-5"}) {
      ceiling.*one.field = D(nothing);
      Result none = Of(Method::kFixedFraction);
      EXPECT_TRUE(none.quantity.IsZero()) << one.name;
      EXPECT_THAT(none.refusal, HasSubstr(one.name));
    }
  }
}

TEST_F(SizerTest, BelowTheSmallestOrderIsARefusal) {
  capital = D("2499");
  EXPECT_THAT(Of(Method::kFixedFraction).refusal, HasSubstr("smallest order"));
  capital = D("2500");
  EXPECT_EQ(Of(Method::kFixedFraction).quantity, D("1"));
  instrument.min_notional = D("50.01");
  EXPECT_THAT(Of(Method::kFixedFraction).refusal, HasSubstr("smallest order"));
}

TEST_F(SizerTest, ForMoney) {
  EXPECT_EQ(SizeForMoney(D("199.99"), Now()).quantity, D("3"));
  ceiling.order_quantity = D("2");
  EXPECT_EQ(SizeForMoney(D("199.99"), Now()).quantity, D("2"));
  EXPECT_TRUE(SizeForMoney(D("-1"), Now()).quantity.IsZero());
}

TEST(SizerBounds, NoPriceOrSizeIsABrokenProgramAndNoCeilingIsPassed) {
  Rng rng(7);
  const char* const kNumbers[] = {"0.000000000000000001", "0.01", "1", "50", "99999.99", "1000000000",
                                  "999999999999999999"};
  auto pick = [&] { return D(kNumbers[rng.Below(std::size(kNumbers))]); };
  Track track;
  for (int i = 0; i < 3'000; ++i) {
    Instrument instrument;
    instrument.lot_size = D(rng.Below(2) == 0 ? "1" : "0.00000001");
    instrument.taker_fee_ratio = D("0.001");
    TradeRecord record;
    for (int n = 0; n < 25; ++n) Close(record, rng.Below(3) == 0 ? -pick() : pick(), pick());
    Situation s{.side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell,
                .price = pick(),
                .counted_price = pick(),
                .stop_price = pick(),
                .capital = pick(),
                .fixed_ratio = D("0.02"),
                .instrument = instrument,
                .move = D("0.000000001"),
                .moves = {D("0.000000001"), D("10")},
                .record = record,
                .track = track,
                .ceiling = {.order_quantity = pick(), .order_notional = pick(), .buying_power = pick()}};
    for (Method method : kMethods) {
      Result result = Size(method, Settings(), s);
      ASSERT_LE(result.quantity, *s.ceiling.order_quantity);
      ASSERT_FALSE(result.quantity.IsNegative());
      ASSERT_TRUE(result.quantity.IsMultipleOf(instrument.lot_size));
      if (result.notional < D("10000000000")) ASSERT_LE(result.notional, *s.ceiling.order_notional + s.counted_price);
    }
  }
}

TEST(SizingSettings, AFaultIsNamed) {
  EXPECT_EQ(Fault(Settings()), "");
  EXPECT_THAT(Fault({.risk_ratio = D("0.3")}), HasSubstr("risk_ratio"));
  EXPECT_THAT(Fault({.kelly_cap_ratio = D("0")}), HasSubstr("kelly_cap_ratio"));
  EXPECT_THAT(Fault({.volatility_periods = 1}), HasSubstr("volatility_periods"));
  EXPECT_THAT(Fault({.members = {Method::kConsensus}}), HasSubstr("members"));
  EXPECT_THAT(Fault({.members = {Method::kKelly, Method::kKelly}}), HasSubstr("twice"));
}

TEST(SizingNames, AreReadAsTheyAreWritten) {
  for (Method method : kMethods) EXPECT_EQ(MethodNamed(NameOf(method)), method);
  EXPECT_EQ(MethodNamed("nothing"), std::nullopt);
  EXPECT_EQ(ConsensusNamed("weighted"), Consensus::kWeighted);
  EXPECT_EQ(MeasureNamed("atr"), VolatilityMeasure::kAtr);
}

}  // namespace
}  // namespace ballast::sizing
