#pragma once

#include "libs/rules/window.h"

namespace ballast::rules {

// The average of the last `periods` numbers. What was added is taken away again: the sum stays exact.
class SimpleAverage {
 public:
  explicit SimpleAverage(int periods) : periods_(Decimal::FromInt(periods)), last_(periods) {}

  // Nothing before there are `periods` of them.
  Value Push(Decimal number);
  void Clear();

 private:
  Decimal periods_;
  Window<Decimal> last_;
  Decimal sum_;
};

// alpha = 2 / (periods + 1), started at the first number; known from `periods` numbers on.
class ExponentialAverage {
 public:
  explicit ExponentialAverage(int periods);

  Value Push(Decimal number);
  void Clear() { pushed_ = 0; }

 private:
  int periods_;
  Decimal alpha_;
  Decimal average_;
  int pushed_ = 0;
};

// Wilder's: the plain average of the first `periods` numbers, then (average x (periods - 1) + number) / periods.
class WilderAverage {
 public:
  explicit WilderAverage(int periods) : periods_(periods) {}

  Value Push(Decimal number);
  void Clear();

 private:
  int periods_;
  // The sum until there are `periods` of them.
  Decimal average_;
  int pushed_ = 0;
};

}  // namespace ballast::rules
