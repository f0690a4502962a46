#pragma once

#include "libs/base/decimal.h"

namespace ballast::sizing {

// No quantity and no amount is larger: what would be stays there, so that no price or size that somebody types is a
// broken program.
inline const Decimal kMost = Decimal::FromInt(100'000'000'000'000'000);

// Rounded down, kMost at most. Neither is negative, the divisor is above zero (CHECK).
[[nodiscard]] Decimal QuotientWithin(Decimal dividend, Decimal divisor);
// Rounded up, kMost at most; neither is negative.
[[nodiscard]] Decimal ProductWithin(Decimal left, Decimal right);
// Rounded down at 18 places; of 0 to 100 (CHECK).
[[nodiscard]] Decimal SquareRoot(Decimal value);

}  // namespace ballast::sizing
