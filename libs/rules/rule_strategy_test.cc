#include "libs/rules/rule_strategy.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/rules/rule_text.h"
#include "libs/rules/testing/golden.h"
#include "libs/strategy/testing/walk.h"

namespace ballast::rules {
namespace {

using strategy::Evaluation;
using strategy::Signal;
using ::testing::ElementsAre;

std::unique_ptr<strategy::Strategy> Made(const std::string& text, const strategy::Parameters& parameters = {}) {
  std::vector<Problem> problems;
  auto rules = RuleText::Read(text, problems);
  EXPECT_TRUE(rules) << ToString(problems);
  if (!rules) return nullptr;
  auto made = rules->Make(parameters);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? std::move(*made) : nullptr;
}

// '>' long, '<' short, 'x' out, '.' nothing.
std::string Signals(strategy::Strategy& strategy, const std::vector<const char*>& closes) {
  std::string signals;
  for (const char* close : closes) {
    Bar bar;
    bar.close = Decimal::Of(close);
    Signal signal = strategy.OnBar(bar).signal;
    signals += signal == Signal::kLong ? '>' : signal == Signal::kShort ? '<' : signal == Signal::kOut ? 'x' : '.';
  }
  return signals;
}

std::string Signals(const std::string& rules, const std::vector<const char*>& closes) {
  auto made = Made("{\"version\":1," + rules + "}");
  return made ? Signals(*made, closes) : "";
}

// The open alternates, and so does the signal: every bar is told with the values of all indicators.
TEST(RuleStrategy, IndicatorsGoldenSeries) {
  std::string indicators;
  for (const GoldenIndicator& each : kGoldenIndicators)
    indicators += (indicators.empty() ? "\"" : ",\"") + std::string(each.name) + "\":{" + each.text + "}";
  auto made = Made(R"({"version":1,"long":{"equals":["open",1]},"short":{"equals":["open",2]},"indicators":{)" +
                   indicators + "}}");
  ASSERT_TRUE(made);
  std::vector<std::map<std::string, std::string>> seen;
  for (const GoldenBar& golden : kGoldenBars) {
    Bar bar;
    bar.open = Decimal::FromInt(seen.size() % 2 == 0 ? 1 : 2);
    bar.high = Decimal::Of(golden.high);
    bar.low = Decimal::Of(golden.low);
    bar.close = Decimal::Of(golden.close);
    bar.volume = Decimal::Of(golden.volume);
    seen.push_back(made->OnBar(bar).inputs);
  }
  for (const GoldenIndicator& each : kGoldenIndicators) {
    for (int i = 0; i < static_cast<int>(seen.size()); ++i)
      EXPECT_EQ(seen[i][each.name] == "unknown", i < each.first) << each.name << " of bar " << i;
  }
  Decimal tolerance = Decimal::Of("0.000000001");
  for (const GoldenValue& each : kGoldenValues) {
    const std::string& text = seen[each.bar][each.name];
    auto value = Decimal::Parse(text);
    ASSERT_TRUE(value.ok()) << each.name << " of bar " << each.bar << ": " << text;
    EXPECT_LE((*value - Decimal::Of(each.value)).Abs(), tolerance)
        << each.name << " of bar " << each.bar << ": " << text << ", not " << each.value;
  }
}

constexpr const char* kEmaCross = R"({"version": 1,
  "parameters": {"fast": {"type": "integer", "default": 12, "minimum": 1, "maximum": 500},
                 "slow": {"type": "integer", "default": 26, "minimum": 2, "maximum": 1000}},
  "indicators": {"quick": {"type": "ema", "periods": "fast"}, "calm": {"type": "ema", "periods": "slow"}},
  "long": {"crosses_above": ["quick", "calm"]}, "short": {"crosses_below": ["quick", "calm"]}})";

TEST(RuleStrategy, EmaCrossAsRulesSignalsAsTheBuiltInOne) {
  std::size_t signals = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Bar> walk = strategy::Walk(3'000, seed);
    strategy::Parameters parameters = {{"fast", std::to_string(2 + seed)}, {"slow", std::to_string(10 + 3 * seed)}};
    auto built_in = strategy::Find("ema_cross")->make(parameters);
    ASSERT_TRUE(built_in.ok());
    auto rules = Made(kEmaCross, parameters);
    ASSERT_TRUE(rules);
    strategy::Signals expected = strategy::SignalsOf(**built_in, walk);
    EXPECT_EQ(strategy::SignalsOf(*rules, walk), expected) << "seed " << seed;
    signals += expected.size();
  }
  EXPECT_GT(signals, 500U) << "a property of nothing";
}

// A second one, warmed by no more than the bars it asks for, tells the same signals from then on.
TEST(RuleStrategy, StartedAgainItSignalsTheSame) {
  std::vector<Bar> walk = strategy::Walk(4'000, 7);
  auto whole = Made(kEmaCross), again = Made(kEmaCross);
  int warmup = again->warmup_bars();
  ASSERT_LT(warmup, 2'000);
  std::size_t from = 2'000, signals = 0;
  for (std::size_t i = from - warmup; i < from; ++i) (void)again->OnBar(walk[i]);
  for (std::size_t i = 0; i < walk.size(); ++i) {
    Signal signal = whole->OnBar(walk[i]).signal;
    if (i < from) continue;
    EXPECT_EQ(again->OnBar(walk[i]).signal, signal) << i;
    if (signal != Signal::kNone) ++signals;
  }
  EXPECT_GT(signals, 20U);
}

TEST(RuleStrategy, ASignalIsToldOnceWhileItHolds) {
  EXPECT_EQ(Signals(R"("long":{"above":["close",10]})", {"9", "11", "12", "13", "9", "10", "11"}), ".>....>");
}

TEST(RuleStrategy, ComparisonsAtTheEdge) {
  std::vector<const char*> closes = {"9", "10", "11"};
  EXPECT_EQ(Signals(R"("long":{"above":["close",10]})", closes), "..>");
  EXPECT_EQ(Signals(R"("long":{"at_least":["close",10]})", closes), ".>.");
  EXPECT_EQ(Signals(R"("long":{"below":["close",10]})", closes), ">..");
  EXPECT_EQ(Signals(R"("long":{"at_most":["close",9.5]})", closes), ">..");
  EXPECT_EQ(Signals(R"("long":{"equals":["close",10.0]})", closes), ".>.");
  EXPECT_EQ(Signals(R"("long":{"not":{"equals":["close",10.0]}})", closes), ">.>");
}

TEST(RuleStrategy, ATouchIsNoCrossAndTheFirstSideIsNone) {
  std::string up = R"("long":{"crosses_above":["close",10]})", down = R"("short":{"crosses_below":["close",10]})";
  EXPECT_EQ(Signals(up, {"11", "10", "11", "9", "10", "11", "12"}), ".....>.");
  EXPECT_EQ(Signals(down, {"9", "10", "9", "11", "10", "10", "9", "8"}), "......<.");
  EXPECT_EQ(Signals(up + "," + down, {"9", "11", "9", "11"}), ".><>");
}

TEST(RuleStrategy, OutGoesFirstAndAnEntryNeedsTheOthersFalse) {
  std::string rules = R"("long":{"above":["close",10]},"short":{"above":["close",20]},"out":{"above":["close",30]})";
  EXPECT_EQ(Signals(rules, {"9", "11", "21", "31", "32", "11"}), ".>.x.>");
}

TEST(RuleStrategy, UnknownGivesNoSignal) {
  // Out needs a bar more than the entry: until it is known, nothing is entered.
  EXPECT_EQ(Signals(R"("long":{"above":["close",10]},"out":{"above":[{"ago":{"of":"close","bars":2}},50]})",
                    {"11", "12", "13", "14"}),
            "..>.");
  // What is known to be true is enough for any, what is known to be false for all.
  std::string unknown = R"({"above":[{"ago":{"of":"close","bars":3}},0]})";
  EXPECT_EQ(Signals(R"("long":{"any":[{"above":["close",10]},)" + unknown + "]}", {"9", "11", "9", "9"}), ".>.>");
  EXPECT_EQ(Signals(R"("long":{"not":{"all":[{"above":["close",10]},)" + unknown + "]}}", {"9", "11", "9"}), ">.>");
  EXPECT_EQ(Signals(R"("long":{"not":)" + unknown + "}", {"9", "9", "9", "9"}), "....");
  // By nothing, and beyond what a number may be.
  EXPECT_EQ(Signals(R"("long":{"not":{"above":[{"divide":[1,{"subtract":["close",10]}]},0]}})", {"10", "9", "10", "8"}),
            ".>.>");
  std::string huge = R"({"multiply":["close","close","close","close"]})";
  EXPECT_EQ(Signals(R"("long":{"above":[)" + huge + ",0]}", {"99999999999999", "9"}), ".>");
}

TEST(RuleStrategy, ForBarsNeedsEveryOneOfThem) {
  std::string rules = R"("long":{"for_bars":{"condition":{"above":["close",10]},"bars":3}})";
  EXPECT_EQ(Signals(rules, {"11", "11", "11", "11", "9", "11", "11", "11"}), "..>....>");
  // Not known to have lasted is not known not to have.
  std::string opposite = R"("long":{"not":{"for_bars":{"condition":{"above":["close",10]},"bars":3}}})";
  EXPECT_EQ(Signals(opposite, {"11", "11", "11", "9"}), "...>");
}

TEST(RuleStrategy, CalculationsAreExact) {
  auto equals = [](const std::string& value, const char* number) {
    return Signals(R"("long":{"equals":[)" + value + "," + number + "]}", {"8"});
  };
  EXPECT_EQ(equals(R"({"add":["close",0.1,0.2]})", "8.3"), ">");
  EXPECT_EQ(equals(R"({"subtract":[0.3,0.1]})", "0.2"), ">");
  EXPECT_EQ(equals(R"({"multiply":["close",0.1,-3]})", "-2.4"), ">");
  EXPECT_EQ(equals(R"({"divide":["close",3]})", "2.666666666667"), ">") << "rounded at 12 places";
  EXPECT_EQ(equals(R"({"divide":[-1,"close"]})", "-0.125"), ">");
  EXPECT_EQ(equals(R"({"absolute":[-1.5]})", "1.5"), ">");
  EXPECT_EQ(equals(R"({"least":[3,"close",2]})", "2"), ">");
  EXPECT_EQ(equals(R"({"greatest":[3,"close",2]})", "8"), ">");
}

TEST(RuleStrategy, AnIndicatorStartsAnewAfterABarThatNobodyKnows) {
  std::string rules = R"("indicators":{"a":{"type":"sma","periods":2}},"long":{"above":["a",0]})";
  EXPECT_EQ(Signals(rules, {"1", "1", "1", "100000000000000", "1", "1"}), ".>...>");
}

TEST(RuleStrategy, SaysWhatItWasDecidedOn) {
  auto made = Made(R"({"version":1,"indicators":{"a":{"type":"sma","periods":2}},
    "long":{"all":[{"above":["close","a"]},{"below":[{"ago":{"of":"close","bars":1}},20]}]}})");
  Bar bar;
  bar.close = Decimal::Of("10");
  (void)made->OnBar(bar);
  bar.close = Decimal::Of("12");
  Evaluation evaluation = made->OnBar(bar);
  EXPECT_EQ(evaluation.signal, Signal::kLong);
  EXPECT_EQ(evaluation.reason, "long: all(close above a, ago(close, 1) below 20)");
  EXPECT_THAT(evaluation.inputs, ElementsAre(std::pair("a", "11"), std::pair("close", "12")));
}

}  // namespace
}  // namespace ballast::rules
