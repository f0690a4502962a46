#include "libs/rules/indicator.h"
#include "libs/rules/window.h"

namespace ballast::rules {
namespace {

class ExtremumIndicator : public Indicator {
 public:
  ExtremumIndicator(int periods, bool greatest) : extremum_(periods, greatest) {}

 private:
  Value Step(const Prices&, Decimal source) override { return extremum_.Push(source); }
  void Clear() override { extremum_.Clear(); }

  Extremum extremum_;
};

// The typical prices by their volumes; their plain average where there was no volume.
class VwapIndicator : public Indicator {
 public:
  explicit VwapIndicator(int periods) : periods_(Decimal::FromInt(periods)), last_(periods) {}

 private:
  struct Weighed {
    Decimal typical;
    Decimal volume;
    Decimal product;
  };

  Value Step(const Prices& prices, Decimal) override {
    Value product = Product(prices.typical, prices.volume);
    if (!product) {
      Clear();
      return std::nullopt;
    }
    if (last_.full()) {
      sum_.typical -= last_.oldest().typical;
      sum_.volume -= last_.oldest().volume;
      sum_.product -= last_.oldest().product;
    }
    last_.Push({.typical = prices.typical, .volume = prices.volume, .product = *product});
    sum_.typical += prices.typical;
    sum_.volume += prices.volume;
    sum_.product += *product;
    if (!last_.full()) return std::nullopt;
    return sum_.volume.IsPositive() ? Quotient(sum_.product, sum_.volume) : Quotient(sum_.typical, periods_);
  }
  void Clear() override {
    last_.Clear();
    sum_ = {};
  }

  Decimal periods_;
  Window<Weighed> last_;
  Weighed sum_;
};

}  // namespace

std::unique_ptr<Indicator> MakeHighest(int periods) { return std::make_unique<ExtremumIndicator>(periods, true); }
std::unique_ptr<Indicator> MakeLowest(int periods) { return std::make_unique<ExtremumIndicator>(periods, false); }
std::unique_ptr<Indicator> MakeVwap(int periods) { return std::make_unique<VwapIndicator>(periods); }

}  // namespace ballast::rules
