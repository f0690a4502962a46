#include "libs/rules/indicator_type.h"

#include <algorithm>
#include <string>

namespace ballast::rules {
namespace {

using Periods = std::vector<int>;

// An exponential average of n forgets by (n - 1) / (n + 1) a bar, Wilder's by (n - 1) / n.
constexpr int kExponentialPeriods = 8;
constexpr int kWilderPeriods = 16;

int First(const Periods& p) { return p[0]; }
int FirstAndOne(const Periods& p) { return p[0] + 1; }
int Wilder(const Periods& p) { return kWilderPeriods * p[0] + 1; }
int Exponential(const Periods& p) { return kExponentialPeriods * p[0]; }

std::vector<IndicatorType> MakeTypes() {
  auto simple = [](const Periods& p, Decimal) { return MakeSimpleAverage(p[0]); };
  auto longer = [](const Periods& p) { return std::max(p[0], p[1]); };
  auto longer_settled = [](const Periods& p) { return kExponentialPeriods * std::max(p[0], p[1]); };
  return {
      {.name = "sma",
       .source = "close",
       .periods = {"periods"},
       .make = simple,
       .known_after = First,
       .settled_after = First},
      {.name = "ema",
       .source = "close",
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeExponentialAverage(p[0]); },
       .known_after = First,
       .settled_after = Exponential},
      {.name = "wma",
       .source = "close",
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeWeightedAverage(p[0]); },
       .known_after = First,
       .settled_after = First},
      {.name = "rsi",
       .source = "close",
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeRelativeStrength(p[0]); },
       .known_after = FirstAndOne,
       .settled_after = Wilder},
      {.name = "atr",
       .source = "close",
       .source_can_be_said = false,
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeTrueRange(p[0]); },
       .known_after = FirstAndOne,
       .settled_after = Wilder},
      {.name = "highest",
       .source = "high",
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeHighest(p[0]); },
       .known_after = First,
       .settled_after = First},
      {.name = "lowest",
       .source = "low",
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeLowest(p[0]); },
       .known_after = First,
       .settled_after = First},
      {.name = "vwap",
       .source = "close",
       .source_can_be_said = false,
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeVwap(p[0]); },
       .known_after = First,
       .settled_after = First},
      {.name = "roc",
       .source = "close",
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeRateOfChange(p[0]); },
       .known_after = FirstAndOne,
       .settled_after = FirstAndOne},
      {.name = "deviation",
       .source = "close",
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeDeviation(p[0]); },
       .known_after = First,
       .settled_after = First},
      {.name = "bollinger_upper",
       .source = "close",
       .periods = {"periods"},
       .deviations = true,
       .make = [](const Periods& p, Decimal d) { return MakeBollinger(p[0], d); },
       .known_after = First,
       .settled_after = First},
      {.name = "bollinger_lower",
       .source = "close",
       .periods = {"periods"},
       .deviations = true,
       .make = [](const Periods& p, Decimal d) { return MakeBollinger(p[0], -d); },
       .known_after = First,
       .settled_after = First},
      {.name = "macd",
       .source = "close",
       .periods = {"fast", "slow"},
       .make = [](const Periods& p, Decimal) { return MakeMacd(p[0], p[1]); },
       .known_after = longer,
       .settled_after = longer_settled},
      {.name = "macd_signal",
       .source = "close",
       .periods = {"fast", "slow", "signal"},
       .make = [](const Periods& p, Decimal) { return MakeMacdSignal(p[0], p[1], p[2]); },
       .known_after = [](const Periods& p) { return std::max(p[0], p[1]) + p[2] - 1; },
       .settled_after = [](const Periods& p) { return kExponentialPeriods * (std::max(p[0], p[1]) + p[2]); }},
      {.name = "stochastic_k",
       .source = "close",
       .source_can_be_said = false,
       .periods = {"periods"},
       .make = [](const Periods& p, Decimal) { return MakeStochastic(p[0]); },
       .known_after = First,
       .settled_after = First},
      {.name = "stochastic_d",
       .source = "close",
       .source_can_be_said = false,
       .periods = {"periods", "smooth"},
       .make = [](const Periods& p, Decimal) { return MakeStochasticAverage(p[0], p[1]); },
       .known_after = [](const Periods& p) { return p[0] + p[1] - 1; },
       .settled_after = [](const Periods& p) { return p[0] + p[1] - 1; }},
      {.name = "average_volume",
       .source = "volume",
       .source_can_be_said = false,
       .periods = {"periods"},
       .make = simple,
       .known_after = First,
       .settled_after = First},
  };
}

const std::vector<IndicatorType>& IndicatorTypes() {
  static const std::vector<IndicatorType> kTypes = MakeTypes();
  return kTypes;
}

}  // namespace

const IndicatorType* FindIndicatorType(std::string_view name) {
  for (const IndicatorType& type : IndicatorTypes()) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::string IndicatorTypeNames() {
  std::string names;
  for (const IndicatorType& type : IndicatorTypes()) names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

}  // namespace ballast::rules
