#include "libs/sizing/settings.h"

#include <algorithm>
#include <set>

namespace ballast::sizing {
namespace {

std::string FaultOfRatio(const char* name, Decimal value, const char* most) {
  if (value.IsPositive() && value <= Decimal::Of(most)) return "";
  return std::string(name) + ": above 0 and at most " + most + " expected, not " + value.ToString();
}

std::string FaultOfCount(const char* name, int value, int least, int most) {
  if (value >= least && value <= most) return "";
  return std::string(name) + ": " + std::to_string(least) + " to " + std::to_string(most) + " expected, not " +
         std::to_string(value);
}

}  // namespace

std::string Fault(const Settings& settings) {
  for (std::string fault : {FaultOfRatio("risk_ratio", settings.risk_ratio, "0.2"),
                            FaultOfRatio("kelly_fraction", settings.kelly_fraction, "1"),
                            FaultOfRatio("kelly_cap_ratio", settings.kelly_cap_ratio, "1"),
                            FaultOfCount("kelly_prior_trades", settings.kelly_prior_trades, 0, 1000),
                            FaultOfCount("kelly_minimum_trades", settings.kelly_minimum_trades, 1, 1000),
                            FaultOfRatio("volatility_ratio", settings.volatility_ratio, "0.2"),
                            FaultOfRatio("volatility_decay", settings.volatility_decay, "0.999"),
                            FaultOfCount("volatility_periods", settings.volatility_periods, 2, 500)}) {
    if (!fault.empty()) return fault;
  }
  std::set<Method> seen;
  for (Method member : settings.members) {
    if (std::find(kVoters.begin(), kVoters.end(), member) == kVoters.end())
      return "members: a consensus is made of methods that are none";
    if (!seen.insert(member).second) return "members: " + std::string(NameOf(member)) + " is named twice";
  }
  return "";
}

const std::vector<Method>& MembersOf(const Settings& settings) {
  static const std::vector<Method> kAll(kVoters.begin(), kVoters.end());
  return settings.members.empty() ? kAll : settings.members;
}

}  // namespace ballast::sizing
