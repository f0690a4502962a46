#pragma once

#include <optional>

#include "libs/base/decimal.h"

namespace ballast::rules {

// A number that is not known yet, or that no bar of this market can give (a division by zero, 10^14 and more), is none.
using Value = std::optional<Decimal>;

// Results are rounded half-even to 12 places.
[[nodiscard]] Decimal Rounded(Decimal number);
// Nothing from 10^14 on: a thousand of them, each a thousand times, still fit a Decimal.
[[nodiscard]] Value Bounded(Decimal number);

// Rounded and bounded; of operands of any size that a Decimal has, without overflow.
[[nodiscard]] Value Product(Decimal left, Decimal right);
// Nothing for a divisor of zero.
[[nodiscard]] Value Quotient(Decimal dividend, Decimal divisor);

}  // namespace ballast::rules
