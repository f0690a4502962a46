#include "libs/execution/algo.h"

#include <algorithm>
#include <utility>

namespace ballast::execution {
namespace {

// One slice every so long, where nobody has said how many.
constexpr Duration kDefaultSlice = Duration::Seconds(30);
constexpr std::int64_t kDefaultSlicesMin = 2;
constexpr std::int64_t kDefaultSlicesMax = 100;

class Faults {
 public:
  void Add(const char* field, RejectReason reason, std::string message) {
    all_.push_back({field, reason, std::move(message)});
  }
  // Must not be there: this type does not know it.
  void Foreign(const char* field, bool there, const AlgoSpec& spec) {
    if (there) Add(field, RejectReason::kUnsupported, std::string(NameOf(spec.type)) + " has no such term");
  }
  // low < value <= high.
  void Within(const char* field, Decimal value, const char* low, const char* high) {
    if (value > Decimal::Of(low) && value <= Decimal::Of(high)) return;
    Add(field, RejectReason::kOutOfRange, std::string("above ") + low + ", at most " + high + " expected");
  }
  std::vector<TermFault> Take() { return std::move(all_); }

 private:
  std::vector<TermFault> all_;
};

void CheckCommon(const AlgoSpec& spec, Faults& faults) {
  if (spec.side != Side::kBuy && spec.side != Side::kSell)
    faults.Add("side", RejectReason::kBadEnum, "SIDE_BUY or SIDE_SELL expected");
  if (!spec.quantity.IsPositive()) faults.Add("quantity", RejectReason::kOutOfRange, "above 0 expected");
  // So that what it is worth stays in range at any price an instrument may have.
  if (spec.quantity > Decimal::FromInt(1'000'000'000'000))
    faults.Add("quantity", RejectReason::kOutOfRange, "at most 1000000000000 expected");
  if (spec.limit_price && !spec.limit_price->IsPositive())
    faults.Add("limit_price", RejectReason::kOutOfRange, "above 0 expected");
  if (spec.limit_price && *spec.limit_price > Decimal::FromInt(100'000'000))
    faults.Add("limit_price", RejectReason::kOutOfRange, "at most 100000000 expected");
  if (spec.max_child_quantity.IsNegative())
    faults.Add("max_child_quantity", RejectReason::kOutOfRange, "above 0 expected");
  if (spec.jitter_ratio.IsNegative() || spec.jitter_ratio > Decimal::Of("0.5"))
    faults.Add("jitter_ratio", RejectReason::kOutOfRange, "0 to 0.5 expected");
  bool endless = spec.type == AlgoType::kIceberg && spec.duration.nanos == 0;
  if (!endless && (spec.duration < Duration::Seconds(1) || spec.duration > kDurationMax))
    faults.Add("duration_seconds", RejectReason::kOutOfRange, "1 to 604800 expected");
}

void CheckCurve(const AlgoSpec& spec, Faults& faults) {
  if (spec.volume_curve.empty())
    return faults.Add("volume_curve", RejectReason::kMissingField, "the relative volume of each slice is expected");
  if (spec.volume_curve.size() > static_cast<std::size_t>(kSlicesMax))
    return faults.Add("volume_curve", RejectReason::kOutOfRange, "at most 500 points are expected");
  Decimal sum;
  // So that their sum, and its product with a quantity, stay in range.
  const Decimal most = Decimal::FromInt(1'000'000'000);
  for (Decimal weight : spec.volume_curve) {
    if (weight.IsNegative() || weight > most)
      return faults.Add("volume_curve", RejectReason::kOutOfRange, "0 to 1000000000 expected at each point");
    sum += weight;
  }
  if (sum.IsZero()) faults.Add("volume_curve", RejectReason::kOutOfRange, "one point at least has to be above 0");
  if (spec.slices != 0 && spec.slices != static_cast<int>(spec.volume_curve.size()))
    faults.Add("slices", RejectReason::kOutOfRange, "as many as volume_curve has points, or 0, expected");
}

void CheckOwn(const AlgoSpec& spec, Faults& faults) {
  switch (spec.type) {
    case AlgoType::kUnspecified:
      return;
    case AlgoType::kTwap:
      return;
    case AlgoType::kVwap:
      return CheckCurve(spec, faults);
    case AlgoType::kPov:
      return faults.Within("participation_ratio", spec.participation_ratio, "0", "0.5");
    case AlgoType::kIceberg:
      if (!spec.limit_price) faults.Add("limit_price", RejectReason::kPriceRequired, "an iceberg rests at a price");
      if (!spec.display_quantity.IsPositive() || spec.display_quantity > spec.quantity)
        faults.Add("display_quantity", RejectReason::kOutOfRange, "above 0, at most the quantity, expected");
      return;
    case AlgoType::kImplementationShortfall:
      return faults.Within("urgency", spec.urgency, "0", "20");
  }
}

}  // namespace

const char* NameOf(AlgoType type) {
  switch (type) {
    case AlgoType::kUnspecified:
      return "unspecified";
    case AlgoType::kTwap:
      return "twap";
    case AlgoType::kVwap:
      return "vwap";
    case AlgoType::kPov:
      return "pov";
    case AlgoType::kIceberg:
      return "iceberg";
    case AlgoType::kImplementationShortfall:
      return "implementation_shortfall";
  }
  return "unspecified";
}

std::vector<TermFault> FaultsOf(const AlgoSpec& spec) {
  Faults faults;
  CheckCommon(spec, faults);
  if (spec.type == AlgoType::kUnspecified) {
    faults.Add("algo_type", RejectReason::kBadEnum, "an algorithm is expected");
    return faults.Take();
  }
  CheckOwn(spec, faults);
  if (spec.slices < 0 || spec.slices > kSlicesMax) faults.Add("slices", RejectReason::kOutOfRange, "1 to 500 expected");
  faults.Foreign("slices", spec.slices != 0 && !spec.scheduled(), spec);
  faults.Foreign("jitter_ratio", !spec.jitter_ratio.IsZero() && spec.type == AlgoType::kPov, spec);
  faults.Foreign("volume_curve", !spec.volume_curve.empty() && spec.type != AlgoType::kVwap, spec);
  faults.Foreign("participation_ratio", !spec.participation_ratio.IsZero() && spec.type != AlgoType::kPov, spec);
  faults.Foreign("display_quantity", !spec.display_quantity.IsZero() && spec.type != AlgoType::kIceberg, spec);
  faults.Foreign("urgency", !spec.urgency.IsZero() && spec.type != AlgoType::kImplementationShortfall, spec);
  return faults.Take();
}

std::vector<TermFault> FaultsOf(const AlgoSpec& spec, const Instrument& instrument) {
  Faults faults;
  auto lots = [&](const char* field, Decimal value) {
    if (!value.IsMultipleOf(instrument.lot_size))
      faults.Add(field, RejectReason::kQuantityOffLot, "a multiple of " + instrument.lot_size.ToString() + " expected");
  };
  lots("quantity", spec.quantity);
  lots("display_quantity", spec.display_quantity);
  lots("max_child_quantity", spec.max_child_quantity);
  if (spec.limit_price && !spec.limit_price->IsMultipleOf(instrument.tick_size)) {
    faults.Add("limit_price", RejectReason::kPriceOffTick,
               "a multiple of " + instrument.tick_size.ToString() + " expected");
  }
  return faults.Take();
}

AlgoSpec WithDefaults(AlgoSpec spec, std::uint64_t seed) {
  if (spec.seed == 0) spec.seed = seed;
  if (!spec.scheduled() || spec.slices != 0) return spec;
  spec.slices = spec.type == AlgoType::kVwap ? static_cast<int>(spec.volume_curve.size())
                                             : static_cast<int>(std::clamp(spec.duration.nanos / kDefaultSlice.nanos,
                                                                           kDefaultSlicesMin, kDefaultSlicesMax));
  return spec;
}

}  // namespace ballast::execution
