#pragma once

#include <optional>

#include "libs/base/decimal.h"

namespace ballast {

// |quantity| times price, rounded up; nothing when it is 10^18 or more, which is above any limit there can be.
// Whatever size somebody types: asking for its notional is never a broken program.
inline std::optional<Decimal> NotionalWithin(Decimal quantity, Decimal price) {
  const Decimal one = Decimal::FromInt(1), bound = Decimal::FromInt(1'000'000'000'000'000'000);
  Decimal size = quantity.Abs();
  if (size > one && price > one && size > Divide(bound, price, Rounding::kDown)) return std::nullopt;
  return Multiply(size, price, Rounding::kUp);
}

}  // namespace ballast
