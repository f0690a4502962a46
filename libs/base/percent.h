#pragma once

#include <string>

#include "libs/base/decimal.h"

namespace ballast {

// For texts that people read: a ratio as per cent, exact: 0.092 is "9.2 %". Fields of an API carry ratios.
[[nodiscard]] std::string PercentText(Decimal ratio);
// part / whole to hundredths of a per cent, away from zero so that what is over a limit never reads as the limit.
// Empty when whole is not positive or the quotient leaves the decimal's range.
[[nodiscard]] std::string PercentText(Decimal part, Decimal whole);

}  // namespace ballast
