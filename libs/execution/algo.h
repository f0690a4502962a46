#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/model/rejection.h"

namespace ballast::execution {

// Numbers of ballast.execution.v1.AlgoType.
enum class AlgoType : int {
  kUnspecified = 0,
  kTwap = 1,
  kVwap = 2,
  kPov = 3,
  kIceberg = 4,
  kImplementationShortfall = 5,
};

// "twap", "vwap", "pov", "iceberg", "implementation_shortfall".
const char* NameOf(AlgoType type);

// The terms of a parent order. Unset numbers are zero.
struct AlgoSpec {
  AccountId account_id;
  // Empty: by hand.
  DeploymentId deployment_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  // No child is priced worse.
  std::optional<Decimal> limit_price;
  AlgoType type = AlgoType::kUnspecified;
  // Market time.
  UtcTime start_time;
  // Zero: no end.
  Duration duration;
  int slices = 0;
  // Of a slice's length, or of an iceberg child's size.
  Decimal jitter_ratio;
  std::uint64_t seed = 0;
  std::vector<Decimal> volume_curve = {};
  Decimal participation_ratio;
  Decimal display_quantity;
  Decimal urgency;
  // Zero: no bound.
  Decimal max_child_quantity;
  bool reduce_only = false;

  [[nodiscard]] std::optional<UtcTime> end_time() const {
    if (duration.nanos == 0) return std::nullopt;
    return start_time + duration;
  }
  // Its children follow a schedule in time.
  [[nodiscard]] bool scheduled() const {
    return type == AlgoType::kTwap || type == AlgoType::kVwap || type == AlgoType::kImplementationShortfall;
  }

  friend bool operator==(const AlgoSpec&, const AlgoSpec&) = default;
};

inline constexpr int kSlicesMax = 500;
// A week.
inline constexpr Duration kDurationMax = Duration::Seconds(7 * 24 * 3600);

// A term that is refused; `field` as in the proto.
struct TermFault {
  std::string field;
  RejectReason reason = RejectReason::kUnspecified;
  std::string message;

  friend bool operator==(const TermFault&, const TermFault&) = default;
};

// What is wrong with the terms, all of it; empty: nothing. Terms that the type does not know must be unset.
std::vector<TermFault> FaultsOf(const AlgoSpec& spec);
// The same against the instrument: lots and ticks.
std::vector<TermFault> FaultsOf(const AlgoSpec& spec, const Instrument& instrument);
// `spec` (without faults) with what was left to us: the number of slices, and `seed` where none was given.
AlgoSpec WithDefaults(AlgoSpec spec, std::uint64_t seed);

}  // namespace ballast::execution
