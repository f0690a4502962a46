#include "libs/rules/rule_text.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/absl_std.h"
#include "libs/base/rng.h"
#include "libs/rules/deviation.h"
#include "libs/strategy/testing/walk.h"

namespace ballast::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> ProblemsOf(const std::string& text) {
  std::vector<Problem> problems;
  auto rules = RuleText::Read(text, problems);
  EXPECT_NE(rules.has_value(), !problems.empty()) << "refused without a reason, or taken with one";
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(ToString(problem));
  return texts;
}

constexpr const char* kWhole = R"({
  "version": 1, "name": "All of it", "description": "Each thing once.",
  "parameters": {
    "window": {"type": "integer", "default": 20, "minimum": 2, "maximum": 100, "description": "bars"},
    "wide": {"default": 2.5, "minimum": 0, "maximum": 4}},
  "indicators": {
    "upper": {"type": "bollinger_upper", "of": "typical", "periods": "window", "deviations": "wide"},
    "strength": {"type": "rsi", "of": "upper", "periods": 14},
    "range": {"type": "atr", "periods": 14},
    "usual": {"type": "average_volume", "periods": "window"}},
  "long": {"all": [{"crosses_above": ["close", "upper"]}, {"above": ["volume", {"multiply": ["usual", 1.5]}]},
                   {"not": {"for_bars": {"condition": {"at_least": ["strength", 70]}, "bars": 3}}}]},
  "short": {"below": ["close", {"subtract": [{"ago": {"of": "close", "bars": 5}}, {"multiply": ["range", 2]}]}]},
  "out": {"any": [{"below": ["close", "open"]}, {"at_most": ["strength", 30]}]}
})";

TEST(RuleText, AWholeOneIsTaken) {
  EXPECT_THAT(ProblemsOf(kWhole), IsEmpty());
  std::vector<Problem> problems;
  auto rules = RuleText::Read(kWhole, problems);
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->name(), "All of it");
  auto parameters = rules->parameters();
  ASSERT_THAT(parameters, SizeIs(2));
  EXPECT_EQ(parameters[0].name, "wide");
  EXPECT_EQ(parameters[0].default_value, "2.5");
  EXPECT_EQ(parameters[1].maximum, "100");
  EXPECT_TRUE(rules->EntryFor("rule:x@1").make({}).ok());
}

TEST(RuleText, BadParametersAreNamed) {
  std::vector<Problem> problems;
  auto rules = RuleText::Read(kWhole, problems);
  ASSERT_TRUE(rules);
  auto message = [&](const strategy::Parameters& given) { return MessageOf(rules->Make(given).status()); };
  EXPECT_EQ(message({{"window", "1"}}), "parameters.window: 2 to 100 expected, not 1");
  EXPECT_EQ(message({{"window", "2.5"}}), "parameters.window: a whole number is expected");
  EXPECT_THAT(message({{"wide", "x"}}), HasSubstr("parameters.wide: "));
  EXPECT_EQ(message({{"speed", "1"}}), "parameters.speed: there is no such parameter");
  EXPECT_EQ(message({{"wide", "3.25"}, {"window", "100"}}), "");
}

TEST(RuleText, BrokenJsonHasLineAndColumn) {
  EXPECT_THAT(ProblemsOf("{\n  \"version\": 1,\n  \"long\" {}\n}"), ElementsAre(HasSubstr("line 3, column 10: ")));
  EXPECT_THAT(ProblemsOf(""), ElementsAre(HasSubstr("line 1, column 1: ")));
  EXPECT_THAT(ProblemsOf("{\"version\": 1"), ElementsAre(HasSubstr("line 1, column 14: ")));
  EXPECT_THAT(ProblemsOf("{\"name\": \"\xff\"}"), ElementsAre(HasSubstr("line 1, column 11: ")));
  EXPECT_THAT(ProblemsOf("{\"name\": 1e999}"), ElementsAre(HasSubstr("line 1, column ")));
}

TEST(RuleText, EveryProblemAtOnceWithItsPlace) {
  EXPECT_THAT(
      ProblemsOf(R"({"version": 2, "speed": 1,
        "parameters": {"Fast": {}, "n": {"type": "integer", "default": 5.5, "minimum": 0, "maximum": 9},
                       "m": {"default": 10, "minimum": 0, "maximum": 9}},
        "indicators": {"a": {"type": "ema", "periods": 1001}, "b": {"type": "magic"}, "c": {"type": "sma"},
                       "d": {"type": "sma", "periods": "m"}, "close": {"type": "sma", "periods": 2},
                       "e": {"type": "atr", "periods": 2, "of": "open"}, "m": {"type": "sma", "periods": 3}},
        "long": {"above": ["close"]}, "short": {"over": [1, 2]},
        "out": {"all": [{"above": ["x/y", 1e3]}, {"any": []}, {"above": ["close", {"power": [1, 2]}]}]}})"),
      ElementsAre(HasSubstr("/speed: there is no such key here"), "/version: 1 is expected",
                  HasSubstr("/parameters/Fast: no name"), "/parameters/n/default: a whole number is expected",
                  "/parameters/m/default: 0 to 9 is expected, not 10",
                  "/indicators/a/periods: a whole number from 1 to 1000 is expected, not 1001",
                  HasSubstr("/indicators/b/type: there is no indicator 'magic'; there are: sma, ema"),
                  "/indicators/c: periods is missing",
                  "/indicators/d/periods: the parameter 'm' is not of type integer from 1 to 1000",
                  HasSubstr("/indicators/close: no name"), HasSubstr("/indicators/e/of: there is no such key here"),
                  "/indicators/m: there is a parameter of that name", "/long/above: an array of 2 numbers is expected",
                  HasSubstr("/short: a condition is an object with one key"),
                  "/out/all/0/above/0: there is no series, parameter or indicator 'x/y'",
                  HasSubstr("/out/all/0/above/1: '1e3': not a decimal"),
                  "/out/all/1/any: 1 to 16 conditions are expected",
                  HasSubstr("/out/all/2/above/1/power: no calculation")));
}

TEST(RuleText, ADefaultBeyondItsBoundsIsOneProblem) {
  EXPECT_THAT(ProblemsOf(R"({"version":1,"parameters":{"n":{"type":"integer","default":0,"minimum":1,"maximum":9}},
      "indicators":{"a":{"type":"sma","periods":"n"}},"long":{"above":["close",{"ago":{"of":"a","bars":"n"}}]}})"),
              ElementsAre("/parameters/n/default: 1 to 9 is expected, not 0"));
}

TEST(RuleText, ACircleOfIndicatorsIsNamed) {
  EXPECT_THAT(ProblemsOf(R"({"version":1,"indicators":{"a":{"type":"sma","of":"b","periods":2},
      "b":{"type":"sma","of":{"add":["c",1]},"periods":2},"c":{"type":"sma","of":"a","periods":2}},
      "long":{"above":["a","c"]}})"),
              ElementsAre("/indicators/c/of: indicators in a circle: a -> b -> c -> a"));
}

TEST(RuleText, KeysStandOnceAndSomethingMustTrade) {
  EXPECT_THAT(ProblemsOf(R"({"version":1,"long":{"above":["close",1],"above":["close",2]}})"),
              ElementsAre("/long/above: the key is there twice"));
  EXPECT_THAT(ProblemsOf(R"({"version":1,"out":{"above":["close",1]}})"), ElementsAre(HasSubstr("long or short")));
  EXPECT_THAT(ProblemsOf("[]"), ElementsAre("the text: an object is expected"));
}

TEST(RuleText, IsBounded) {
  auto long_of = [](const std::string& condition) { return "{\"version\":1,\"long\":" + condition + "}"; };
  auto nested = [&](int depth) {
    std::string text = R"({"above":["close",1]})";
    for (int i = 0; i < depth; ++i) text = "{\"not\":" + text + "}";
    return long_of(text);
  };
  EXPECT_THAT(ProblemsOf(nested(14)), IsEmpty());
  EXPECT_THAT(ProblemsOf(nested(15)),
              ElementsAre(HasSubstr("nested deeper than 16"), HasSubstr("nested deeper than 16")));
  EXPECT_THAT(ProblemsOf(nested(60)), ElementsAre(HasSubstr("nested deeper than 16")));
  EXPECT_THAT(ProblemsOf(std::string(30'000, '[')), ElementsAre(HasSubstr("nested too deep")));
  EXPECT_THAT(ProblemsOf(std::string(65'537, ' ')),
              ElementsAre("the text: 65536 bytes at most are expected, not 65537"));
  std::string all;
  for (int i = 0; i < 16; ++i) {
    std::string any;
    for (int j = 0; j < 16; ++j) any += (any.empty() ? "" : ",") + std::string(R"({"above":["close",1]})");
    all += (all.empty() ? "" : ",") + ("{\"any\":[" + any + "]}");
  }
  EXPECT_THAT(ProblemsOf(long_of("{\"all\":[" + all + "]}")), ElementsAre(HasSubstr("more than 500")));
  std::string indicators;
  for (int i = 0; i < 65; ++i)
    indicators += (i == 0 ? "" : ",") + ("\"i" + std::to_string(i) + R"(":{"type":"sma","periods":2})");
  EXPECT_THAT(ProblemsOf("{\"version\":1,\"indicators\":{" + indicators + R"(},"long":{"above":["i1",1]}})"),
              ElementsAre("/indicators: at most 64 indicators are expected"));
  // Each of the last 1000 bars of the one before: more of the past than a market answers with.
  std::string chain;
  for (int i = 0; i < 7; ++i) {
    chain += (i == 0 ? "" : ",") + ("\"i" + std::to_string(i) + R"(":{"type":"sma","periods":1000,"of":")") +
             (i == 0 ? "close" : "i" + std::to_string(i - 1)) + "\"}";
  }
  EXPECT_THAT(ProblemsOf("{\"version\":1,\"indicators\":{" + chain + R"(},"long":{"above":["i6",1]}})"),
              ElementsAre(HasSubstr("6994 bars before its first signal")));
}

// Bytes changed, cut, doubled and put in: it is refused with a place, or it is a strategy that runs.
TEST(RuleText, NoDamageBringsItDown) {
  Rng rng(11);
  std::vector<Bar> walk = strategy::Walk(60, 3);
  const std::string whole = kWhole;
  const std::string bytes = "{}[]\",:0123456789.-eE \n\\/abtrufls\xff\x01";
  int refused = 0, taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    for (std::uint64_t changes = 1 + rng.Below(4); changes > 0; --changes) {
      std::size_t at = rng.Below(text.size());
      std::size_t length = 1 + rng.Below(std::min<std::size_t>(text.size() - at, 30));
      switch (rng.Below(5)) {
        case 0:
          text[at] = bytes[rng.Below(bytes.size())];
          break;
        case 1:
          text.insert(at, 1, bytes[rng.Below(bytes.size())]);
          break;
        case 2:
          text.erase(at, length);
          break;
        case 3:
          text.insert(rng.Below(text.size()), text.substr(at, length));
          break;
        default:
          if (rng.Below(10) == 0) text.resize(at + 1);
      }
      if (text.empty()) text = "x";
    }
    std::vector<Problem> problems;
    auto rules = RuleText::Read(text, problems);
    if (!rules) {
      ++refused;
      ASSERT_FALSE(problems.empty()) << text;
      for (const Problem& problem : problems) {
        ASSERT_FALSE(problem.message.empty()) << text;
        bool top = problem.message.find("missing") != std::string::npos ||
                   problem.message.find("is expected") != std::string::npos ||
                   problem.message.find("bars before its first signal") != std::string::npos;
        ASSERT_TRUE(problem.line > 0 || !problem.pointer.empty() || top) << text << "\n" << ToString(problem);
      }
      continue;
    }
    ++taken;
    auto made = rules->Make({});
    ASSERT_TRUE(made.ok()) << text;
    for (const Bar& bar : walk) (void)(*made)->OnBar(bar);
  }
  EXPECT_GT(refused, 10'000);
  EXPECT_GT(taken, 200);
}

// Numbers up to the edge of a Decimal, in bars that no market has: never beyond it.
TEST(RuleText, NoBarBringsItDown) {
  Rng rng(5);
  std::vector<Problem> problems;
  auto rules = RuleText::Read(kWhole, problems);
  auto made = rules->Make({});
  ASSERT_TRUE(made.ok());
  auto wild = [&]() {
    Decimal value = Decimal::FromUnits(static_cast<__int128>(rng.Next()));
    for (std::uint64_t i = rng.Below(17); i > 0; --i) value = Decimal::FromUnits(value.units() * 10);
    return rng.Below(4) == 0 ? -value : value;
  };
  for (int i = 0; i < 50'000; ++i) {
    Bar bar;
    bar.open = wild();
    bar.high = wild();
    bar.low = wild();
    bar.close = wild();
    bar.volume = wild();
    (void)(*made)->OnBar(bar);
  }
}

TEST(RuleText, TheExamplesTrade) {
  std::vector<Bar> walk = strategy::Walk(5'000, 4);
  int examples = 0;
  for (const auto& file : std::filesystem::directory_iterator(BALLAST_EXAMPLES)) {
    std::ifstream stream(file.path());
    std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    std::vector<Problem> problems;
    auto rules = RuleText::Read(text, problems);
    ASSERT_TRUE(rules) << file.path() << "\n" << ToString(problems);
    auto made = rules->Make({});
    ASSERT_TRUE(made.ok()) << file.path();
    std::map<strategy::Signal, int> signals;
    for (const Bar& bar : walk) ++signals[(*made)->OnBar(bar).signal];
    EXPECT_GT(signals[strategy::Signal::kLong], 5) << file.path();
    EXPECT_GT(signals[strategy::Signal::kOut], 5) << file.path();
    ++examples;
  }
  EXPECT_GE(examples, 2);
}

TEST(SquareRoot, IsTheGreatestWholeNumberNotAbove) {
  Rng rng(9);
  auto square = [](wide::U128 root) { return wide::Multiply(root, root); };
  EXPECT_EQ(SquareRoot({}), 0U);
  EXPECT_EQ(SquareRoot({3, 0, 0, 0}), 1U);
  EXPECT_EQ(SquareRoot({4, 0, 0, 0}), 2U);
  for (int i = 0; i < 20'000; ++i) {
    wide::U128 root = (static_cast<wide::U128>(rng.Next()) << 64 | rng.Next()) >> (2 + rng.Below(120));
    if (root < 2) continue;
    wide::U256 exact = square(root);
    EXPECT_EQ(SquareRoot(exact), root);
    wide::U256 less = exact;
    for (std::size_t at = 0; less[at]-- == 0; ++at) {
    }
    EXPECT_EQ(SquareRoot(less), root - 1);
  }
}

}  // namespace
}  // namespace ballast::rules
