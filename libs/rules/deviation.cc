#include "libs/rules/deviation.h"

#include "libs/rules/average.h"
#include "libs/rules/indicator.h"

namespace ballast::rules {
namespace {

wide::U256 SquareOf(Decimal number) {
  auto magnitude = static_cast<wide::U128>(number.Abs().units());
  return wide::Multiply(magnitude, magnitude);
}

void AddTo(wide::U256& sum, const wide::U256& more) {
  wide::U128 carry = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    carry += static_cast<wide::U128>(sum[i]) + more[i];
    sum[i] = wide::Low(carry);
    carry >>= 64;
  }
}

// less <= sum
void TakeFrom(wide::U256& sum, const wide::U256& less) {
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    wide::U128 take = static_cast<wide::U128>(less[i]) + borrow;
    borrow = sum[i] < take ? 1 : 0;
    sum[i] -= wide::Low(take);
  }
}

wide::U256 Times(const wide::U256& number, std::uint64_t factor) {
  wide::U256 product{};
  wide::U128 carry = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    carry += static_cast<wide::U128>(number[i]) * factor;
    product[i] = wide::Low(carry);
    carry >>= 64;
  }
  return product;
}

class DeviationIndicator : public Indicator {
 public:
  explicit DeviationIndicator(int periods) : deviation_(periods) {}

 private:
  Value Step(const Prices&, Decimal source) override { return deviation_.Push(source); }
  void Clear() override { deviation_.Clear(); }

  Deviation deviation_;
};

class BollingerIndicator : public Indicator {
 public:
  BollingerIndicator(int periods, Decimal deviations)
      : average_(periods), deviation_(periods), deviations_(deviations) {}

 private:
  Value Step(const Prices&, Decimal source) override {
    Value average = average_.Push(source), deviation = deviation_.Push(source);
    Value distance = deviation ? Product(*deviation, deviations_) : std::nullopt;
    return average && distance ? Bounded(*average + *distance) : std::nullopt;
  }
  void Clear() override {
    average_.Clear();
    deviation_.Clear();
  }

  SimpleAverage average_;
  Deviation deviation_;
  Decimal deviations_;
};

}  // namespace

wide::U128 SquareRoot(const wide::U256& square) {
  int bits = 0;
  for (std::size_t i = 0; i < square.size(); ++i) {
    if (square[i] != 0) bits = static_cast<int>(64 * (i + 1)) - std::countl_zero(square[i]);
  }
  CHECK(bits <= 252, "a square beyond what the quotient below can hold");
  if (bits == 0) return 0;
  // Newton's steps from above the root come down to it and never go below.
  wide::U128 root = static_cast<wide::U128>(1) << ((bits + 1) / 2);
  while (true) {
    wide::U128 next = (root + wide::Divide(square, root).quotient) >> 1;
    if (next >= root) return root;
    root = next;
  }
}

Value Deviation::Push(Decimal number) {
  if (last_.full()) {
    sum_ -= last_.oldest();
    TakeFrom(squares_, SquareOf(last_.oldest()));
  }
  sum_ += number;
  AddTo(squares_, SquareOf(number));
  last_.Push(number);
  if (!last_.full()) return std::nullopt;
  // n^2 variance = n (sum of squares) - (sum)^2
  wide::U256 scaled = Times(squares_, static_cast<std::uint64_t>(periods_));
  TakeFrom(scaled, SquareOf(sum_));
  return Quotient(Decimal::FromUnits(static_cast<__int128>(SquareRoot(scaled))), Decimal::FromInt(periods_));
}

void Deviation::Clear() {
  last_.Clear();
  sum_ = Decimal();
  squares_ = {};
}

std::unique_ptr<Indicator> MakeDeviation(int periods) { return std::make_unique<DeviationIndicator>(periods); }
std::unique_ptr<Indicator> MakeBollinger(int periods, Decimal deviations) {
  return std::make_unique<BollingerIndicator>(periods, deviations);
}

}  // namespace ballast::rules
