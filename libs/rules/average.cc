#include "libs/rules/average.h"

#include "libs/rules/indicator.h"

namespace ballast::rules {
namespace {

class SimpleAverageIndicator : public Indicator {
 public:
  explicit SimpleAverageIndicator(int periods) : average_(periods) {}

 private:
  Value Step(const Prices&, Decimal source) override { return average_.Push(source); }
  void Clear() override { average_.Clear(); }

  SimpleAverage average_;
};

class ExponentialAverageIndicator : public Indicator {
 public:
  explicit ExponentialAverageIndicator(int periods) : average_(periods) {}

 private:
  Value Step(const Prices&, Decimal source) override { return average_.Push(source); }
  void Clear() override { average_.Clear(); }

  ExponentialAverage average_;
};

// The newest number weighs `periods`, the oldest 1.
class WeightedAverageIndicator : public Indicator {
 public:
  explicit WeightedAverageIndicator(int periods) : periods_(periods), last_(periods) {}

 private:
  Value Step(const Prices&, Decimal source) override {
    if (last_.full()) {
      // Every weight falls by one: the plain sum goes, and with it the oldest.
      weighed_ -= sum_;
      sum_ -= last_.oldest();
    } else {
      ++pushed_;
    }
    sum_ += source;
    weighed_ += Decimal::FromUnits(source.units() * pushed_);
    last_.Push(source);
    if (!last_.full()) return std::nullopt;
    return Quotient(weighed_, Decimal::FromInt(periods_ * (periods_ + 1) / 2));
  }
  void Clear() override {
    last_.Clear();
    sum_ = weighed_ = Decimal();
    pushed_ = 0;
  }

  int periods_;
  Window<Decimal> last_;
  Decimal sum_;
  Decimal weighed_;
  int pushed_ = 0;
};

class MacdIndicator : public Indicator {
 public:
  MacdIndicator(int fast, int slow) : fast_(fast), slow_(slow) {}

 protected:
  Value Step(const Prices&, Decimal source) override {
    Value fast = fast_.Push(source), slow = slow_.Push(source);
    if (!fast || !slow) return std::nullopt;
    return Bounded(*fast - *slow);
  }
  void Clear() override {
    fast_.Clear();
    slow_.Clear();
  }

 private:
  ExponentialAverage fast_;
  ExponentialAverage slow_;
};

class MacdSignalIndicator : public MacdIndicator {
 public:
  MacdSignalIndicator(int fast, int slow, int signal) : MacdIndicator(fast, slow), signal_(signal) {}

 protected:
  Value Step(const Prices& prices, Decimal source) override {
    Value macd = MacdIndicator::Step(prices, source);
    return macd ? signal_.Push(*macd) : std::nullopt;
  }
  void Clear() override {
    MacdIndicator::Clear();
    signal_.Clear();
  }

 private:
  ExponentialAverage signal_;
};

}  // namespace

Value SimpleAverage::Push(Decimal number) {
  if (last_.full()) sum_ -= last_.oldest();
  sum_ += number;
  last_.Push(number);
  return last_.full() ? Quotient(sum_, periods_) : std::nullopt;
}

void SimpleAverage::Clear() {
  last_.Clear();
  sum_ = Decimal();
}

ExponentialAverage::ExponentialAverage(int periods)
    : periods_(periods), alpha_(Divide(Decimal::FromInt(2), Decimal::FromInt(periods + 1), Rounding::kHalfEven)) {}

Value ExponentialAverage::Push(Decimal number) {
  if (pushed_ == 0) {
    average_ = number;
  } else {
    average_ += Rounded(Multiply(number - average_, alpha_, Rounding::kHalfEven));
  }
  if (pushed_ < periods_) ++pushed_;
  return pushed_ == periods_ ? Bounded(average_) : std::nullopt;
}

Value WilderAverage::Push(Decimal number) {
  if (pushed_ < periods_) {
    average_ = pushed_ == 0 ? number : average_ + number;
    if (++pushed_ < periods_) return std::nullopt;
    average_ = Rounded(Divide(average_, Decimal::FromInt(periods_), Rounding::kHalfEven));
    return average_;
  }
  Decimal sum = Decimal::FromUnits(average_.units() * (periods_ - 1)) + number;
  average_ = Rounded(Divide(sum, Decimal::FromInt(periods_), Rounding::kHalfEven));
  return average_;
}

void WilderAverage::Clear() { pushed_ = 0; }

std::unique_ptr<Indicator> MakeSimpleAverage(int periods) { return std::make_unique<SimpleAverageIndicator>(periods); }
std::unique_ptr<Indicator> MakeExponentialAverage(int periods) {
  return std::make_unique<ExponentialAverageIndicator>(periods);
}
std::unique_ptr<Indicator> MakeWeightedAverage(int periods) {
  return std::make_unique<WeightedAverageIndicator>(periods);
}
std::unique_ptr<Indicator> MakeMacd(int fast, int slow) { return std::make_unique<MacdIndicator>(fast, slow); }
std::unique_ptr<Indicator> MakeMacdSignal(int fast, int slow, int signal) {
  return std::make_unique<MacdSignalIndicator>(fast, slow, signal);
}

}  // namespace ballast::rules
