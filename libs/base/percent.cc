#include "libs/base/percent.h"

namespace ballast {

std::string PercentText(Decimal ratio) {
  return Multiply(ratio, Decimal::FromInt(100), Rounding::kHalfEven).ToString() + " %";
}

std::string PercentText(Decimal part, Decimal whole) {
  if (!whole.IsPositive()) return "";
  // Within these the quotient fits; beyond them a per cent says nothing anyway.
  Decimal bound = Decimal::FromInt(1'000'000'000'000);
  if (part.Abs() > bound || whole < Decimal::Of("0.0001")) return "";
  Decimal hundredths = MultiplyDivide(part, Decimal::FromInt(10'000), whole, Rounding::kUp);
  return Divide(hundredths.RoundTo(Decimal::FromInt(1), Rounding::kUp), Decimal::FromInt(100), Rounding::kUp)
             .ToString() +
         " %";
}

}  // namespace ballast
