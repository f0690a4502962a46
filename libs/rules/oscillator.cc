#include <algorithm>

#include "libs/rules/average.h"
#include "libs/rules/indicator.h"

namespace ballast::rules {
namespace {

constexpr Decimal kRuleMiddle = Decimal::FromInt(50);

// part / whole in hundredths; the middle where there is no whole.
Value PercentOf(Decimal part, Decimal whole) {
  if (whole.IsZero()) return kRuleMiddle;
  return Quotient(Decimal::FromUnits(part.units() * 100), whole);
}

class RelativeStrength : public Indicator {
 public:
  explicit RelativeStrength(int periods) : gain_(periods), loss_(periods) {}

 private:
  Value Step(const Prices&, Decimal source) override {
    Value before = before_;
    before_ = source;
    if (!before) return std::nullopt;
    Decimal change = source - *before;
    Value gain = gain_.Push(change.IsPositive() ? change : Decimal());
    Value loss = loss_.Push(change.IsNegative() ? -change : Decimal());
    return gain && loss ? PercentOf(*gain, *gain + *loss) : std::nullopt;
  }
  void Clear() override {
    before_.reset();
    gain_.Clear();
    loss_.Clear();
  }

  WilderAverage gain_;
  WilderAverage loss_;
  Value before_;
};

class TrueRange : public Indicator {
 public:
  explicit TrueRange(int periods) : average_(periods) {}

 private:
  Value Step(const Prices& prices, Decimal) override {
    Value close = close_;
    close_ = prices.close;
    if (!close) return std::nullopt;
    Value average = average_.Push(std::max(prices.high, *close) - std::min(prices.low, *close));
    return average ? Bounded(*average) : average;
  }
  void Clear() override {
    close_.reset();
    average_.Clear();
  }

  WilderAverage average_;
  Value close_;
};

class StochasticK : public Indicator {
 public:
  explicit StochasticK(int periods) : highest_(periods, true), lowest_(periods, false) {}

 protected:
  Value Step(const Prices& prices, Decimal) override {
    Value high = highest_.Push(prices.high), low = lowest_.Push(prices.low);
    return high && low ? PercentOf(prices.close - *low, *high - *low) : std::nullopt;
  }
  void Clear() override {
    highest_.Clear();
    lowest_.Clear();
  }

 private:
  Extremum highest_;
  Extremum lowest_;
};

class StochasticD : public StochasticK {
 public:
  StochasticD(int periods, int smooth) : StochasticK(periods), average_(smooth) {}

 protected:
  Value Step(const Prices& prices, Decimal source) override {
    Value k = StochasticK::Step(prices, source);
    if (k) return average_.Push(*k);
    average_.Clear();
    return std::nullopt;
  }
  void Clear() override {
    StochasticK::Clear();
    average_.Clear();
  }

 private:
  SimpleAverage average_;
};

class RateOfChange : public Indicator {
 public:
  explicit RateOfChange(int periods) : last_(periods) {}

 private:
  Value Step(const Prices&, Decimal source) override {
    Value before = last_.full() ? Value(last_.oldest()) : std::nullopt;
    last_.Push(source);
    if (!before) return std::nullopt;
    return Quotient(Decimal::FromUnits((source - *before).units() * 100), *before);
  }
  void Clear() override { last_.Clear(); }

  Window<Decimal> last_;
};

}  // namespace

std::unique_ptr<Indicator> MakeRelativeStrength(int periods) { return std::make_unique<RelativeStrength>(periods); }
std::unique_ptr<Indicator> MakeTrueRange(int periods) { return std::make_unique<TrueRange>(periods); }
std::unique_ptr<Indicator> MakeStochastic(int periods) { return std::make_unique<StochasticK>(periods); }
std::unique_ptr<Indicator> MakeStochasticAverage(int periods, int smooth) {
  return std::make_unique<StochasticD>(periods, smooth);
}
std::unique_ptr<Indicator> MakeRateOfChange(int periods) { return std::make_unique<RateOfChange>(periods); }

}  // namespace ballast::rules
