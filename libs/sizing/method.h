#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace ballast::sizing {

// The numbers are stored and the wire's.
enum class Method : int {
  kFixedFraction = 1,
  kRiskPerTrade = 2,
  kKelly = 3,
  kVolatilityTarget = 4,
  kRiskParity = 5,
  kConsensus = 6,
};
// Those that a consensus can be made of.
constexpr std::array kVoters = {Method::kFixedFraction, Method::kRiskPerTrade, Method::kKelly,
                                Method::kVolatilityTarget, Method::kRiskParity};
constexpr std::array kMethods = {Method::kFixedFraction,    Method::kRiskPerTrade, Method::kKelly,
                                 Method::kVolatilityTarget, Method::kRiskParity,   Method::kConsensus};

enum class Consensus : int { kMedian = 1, kMinimum = 2, kWeighted = 3 };
enum class VolatilityMeasure : int { kEwma = 1, kAtr = 2 };

// "fixed_fraction", …
std::string_view NameOf(Method method);
std::string_view NameOf(Consensus rule);
std::string_view NameOf(VolatilityMeasure measure);
std::optional<Method> MethodNamed(std::string_view name);
std::optional<Consensus> ConsensusNamed(std::string_view name);
std::optional<VolatilityMeasure> MeasureNamed(std::string_view name);

}  // namespace ballast::sizing
