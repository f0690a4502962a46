#pragma once

#include "libs/base/wide.h"
#include "libs/rules/window.h"

namespace ballast::rules {

// The greatest whole number whose square is not above `square`.
wide::U128 SquareRoot(const wide::U256& square);

// The standard deviation of the last `periods` numbers, of all of them (divided by `periods`, not by one less). The
// sums and the root are whole numbers: exact, then rounded to 12 places.
class Deviation {
 public:
  explicit Deviation(int periods) : periods_(periods), last_(periods) {}

  // Nothing before there are `periods` of them.
  Value Push(Decimal number);
  void Clear();

 private:
  int periods_;
  Window<Decimal> last_;
  Decimal sum_;
  // In units of 10^-36. A thousand squares of numbers below 10^14 have at most 224 bits.
  wide::U256 squares_{};
};

}  // namespace ballast::rules
