#include "libs/rules/number.h"

#include "libs/base/wide.h"

namespace ballast::rules {
namespace {

const Decimal kRulePlaces = Decimal::FromUnits(1'000'000);  // 10^-12
constexpr Decimal kRuleLimit = Decimal::FromInt(100'000'000'000'000);

int BitsOf(Decimal number) {
  auto magnitude = static_cast<wide::U128>(number.Abs().units());
  return wide::High(magnitude) != 0 ? 128 - std::countl_zero(wide::High(magnitude))
                                    : 64 - std::countl_zero(wide::Low(magnitude));
}

}  // namespace

Decimal Rounded(Decimal number) { return number.RoundTo(kRulePlaces, Rounding::kHalfEven); }

Value Bounded(Decimal number) {
  if (number >= kRuleLimit || number <= -kRuleLimit) return std::nullopt;
  return number;
}

Value Product(Decimal left, Decimal right) {
  // 10^18 has 60 bits. A product of 186 bits and more is at least 2^124 units, which is far beyond the limit of
  // 10^32 units; one of fewer fits.
  constexpr int kProductBitsMax = 185;
  if (BitsOf(left) + BitsOf(right) > kProductBitsMax) return std::nullopt;
  Value product = Bounded(Multiply(left, right, Rounding::kHalfEven));
  return product ? Value(Rounded(*product)) : product;
}

Value Quotient(Decimal dividend, Decimal divisor) {
  if (divisor.IsZero()) return std::nullopt;
  // As above: from 66 bits more on the quotient is at least 2^124 units; with fewer it stays below 2^126.
  constexpr int kMoreBitsMax = 65;
  if (BitsOf(dividend) - BitsOf(divisor) > kMoreBitsMax) return std::nullopt;
  Value quotient = Bounded(Divide(dividend, divisor, Rounding::kHalfEven));
  return quotient ? Value(Rounded(*quotient)) : quotient;
}

}  // namespace ballast::rules
