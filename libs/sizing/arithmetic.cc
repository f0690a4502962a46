#include "libs/sizing/arithmetic.h"

#include <algorithm>

#include "libs/base/check.h"

namespace ballast::sizing {

Decimal QuotientWithin(Decimal dividend, Decimal divisor) {
  CHECK(divisor.IsPositive() && !dividend.IsNegative(), "amounts and prices are not negative");
  const Decimal one = Decimal::FromInt(1);
  if (divisor < one && dividend > Multiply(kMost, divisor, Rounding::kDown)) return kMost;
  return std::min(kMost, Divide(dividend, divisor, Rounding::kDown));
}

Decimal ProductWithin(Decimal left, Decimal right) {
  CHECK(!left.IsNegative() && !right.IsNegative(), "amounts and prices are not negative");
  const Decimal one = Decimal::FromInt(1);
  if (left > one && right > one && left > Divide(kMost, right, Rounding::kDown)) return kMost;
  return std::min(kMost, Multiply(left, right, Rounding::kUp));
}

Decimal SquareRoot(Decimal value) {
  CHECK(!value.IsNegative() && value <= Decimal::FromInt(100), "a variance of returns");
  // sqrt(u / 10^18) = sqrt(u x 10^18) / 10^18, in whole numbers; 100 x 10^36 fits.
  constexpr __int128 kOne = 1'000'000'000'000'000'000;
  __int128 square = value.units() * kOne;
  if (square == 0) return {};
  // From above, Newton's steps go down until they have arrived.
  __int128 root = kOne * 10;
  while (true) {
    __int128 next = (root + square / root) / 2;
    if (next >= root) return Decimal::FromUnits(root);
    root = next;
  }
}

}  // namespace ballast::sizing
