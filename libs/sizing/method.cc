#include "libs/sizing/method.h"

namespace ballast::sizing {

std::string_view NameOf(Method method) {
  switch (method) {
    case Method::kFixedFraction:
      return "fixed_fraction";
    case Method::kRiskPerTrade:
      return "risk_per_trade";
    case Method::kKelly:
      return "kelly";
    case Method::kVolatilityTarget:
      return "volatility_target";
    case Method::kRiskParity:
      return "risk_parity";
    case Method::kConsensus:
      return "consensus";
  }
  return "";
}

std::string_view NameOf(Consensus rule) {
  switch (rule) {
    case Consensus::kMedian:
      return "median";
    case Consensus::kMinimum:
      return "minimum";
    case Consensus::kWeighted:
      return "weighted";
  }
  return "";
}

std::string_view NameOf(VolatilityMeasure measure) { return measure == VolatilityMeasure::kAtr ? "atr" : "ewma"; }

std::optional<Method> MethodNamed(std::string_view name) {
  for (Method method : kMethods) {
    if (NameOf(method) == name) return method;
  }
  return std::nullopt;
}

std::optional<Consensus> ConsensusNamed(std::string_view name) {
  for (Consensus rule : {Consensus::kMedian, Consensus::kMinimum, Consensus::kWeighted}) {
    if (NameOf(rule) == name) return rule;
  }
  return std::nullopt;
}

std::optional<VolatilityMeasure> MeasureNamed(std::string_view name) {
  for (VolatilityMeasure measure : {VolatilityMeasure::kEwma, VolatilityMeasure::kAtr}) {
    if (NameOf(measure) == name) return measure;
  }
  return std::nullopt;
}

}  // namespace ballast::sizing
