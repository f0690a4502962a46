#include "libs/execution/schedule.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/base/rng.h"

namespace ballast::execution {
namespace {

// For each slice the part of `total` that is to have been sent once it has begun.
struct Parts {
  std::vector<Decimal> cumulative;
  Decimal total;
};

Parts EqualParts(int slices) {
  Parts parts{.cumulative = {}, .total = Decimal::FromInt(slices)};
  for (int i = 1; i <= slices; ++i) parts.cumulative.push_back(Decimal::FromInt(i));
  return parts;
}

Parts CurveParts(const std::vector<Decimal>& curve) {
  Parts parts;
  for (Decimal weight : curve) parts.cumulative.push_back(parts.total += weight);
  return parts;
}

// Without hyperbolic functions: s(m) = sinh(m a) / sinh(a) is s(m + 1) = 2 cosh(a) s(m) - s(m - 1).
Parts FrontLoadedParts(Decimal urgency, int slices) {
  Decimal step = Divide(urgency, Decimal::FromInt(slices), Rounding::kHalfEven);
  Decimal two_cosh = Decimal::FromInt(2) + Multiply(step, step, Rounding::kHalfEven);
  std::vector<Decimal> sinh = {Decimal(), Decimal::FromInt(1)};
  while (static_cast<int>(sinh.size()) <= slices) {
    Decimal next = Multiply(two_cosh, sinh.back(), Rounding::kHalfEven) - sinh[sinh.size() - 2];
    sinh.push_back(next);
  }
  Parts parts{.cumulative = {}, .total = sinh.back()};
  for (int i = 1; i <= slices; ++i)
    parts.cumulative.push_back(parts.total - sinh[static_cast<std::size_t>(slices - i)]);
  return parts;
}

Parts PartsOf(const AlgoSpec& spec) {
  if (spec.type == AlgoType::kVwap) return CurveParts(spec.volume_curve);
  if (spec.type == AlgoType::kImplementationShortfall) return FrontLoadedParts(spec.urgency, spec.slices);
  return EqualParts(spec.slices);
}

// By chance, within the jitter's part of the slice.
Duration Delay(const AlgoSpec& spec, int slice, Duration length) {
  if (spec.jitter_ratio.IsZero()) return {};
  constexpr std::int64_t kParts = 1'000'000'000;
  Decimal most = Multiply(spec.jitter_ratio, Decimal::FromInt(kParts), Rounding::kFloor);
  std::int64_t bound = static_cast<std::int64_t>(most.units() / Decimal::FromInt(1).units());
  // Each slice has its own chance, so that one can be known without those before it.
  Rng rng(spec.seed + 0x9e3779b97f4a7c15ULL * static_cast<std::uint64_t>(slice + 1));
  std::int64_t chosen = rng.Between(0, bound);
  return {static_cast<std::int64_t>(static_cast<__int128>(length.nanos) * chosen / kParts)};
}

}  // namespace

std::vector<ScheduleStep> ScheduleOf(const AlgoSpec& spec, Decimal lot) {
  if (!spec.scheduled()) return {};
  CHECK(spec.slices > 0, "a schedule has slices");
  CHECK(spec.duration.nanos > 0, "a schedule has an end");
  Parts parts = PartsOf(spec);
  Duration length{spec.duration.nanos / spec.slices};
  std::vector<ScheduleStep> schedule;
  for (int i = 0; i < spec.slices; ++i) {
    Decimal exact =
        MultiplyDivide(spec.quantity, parts.cumulative[static_cast<std::size_t>(i)], parts.total, Rounding::kDown);
    bool last = i + 1 == spec.slices;
    schedule.push_back({spec.start_time + Duration{length.nanos * i} + Delay(spec, i, length),
                        last ? spec.quantity : exact.RoundTo(lot, Rounding::kDown)});
  }
  return schedule;
}

Decimal TargetAt(const std::vector<ScheduleStep>& schedule, UtcTime now) {
  auto after = std::upper_bound(schedule.begin(), schedule.end(), now,
                                [](UtcTime time, const ScheduleStep& step) { return time < step.time; });
  return after == schedule.begin() ? Decimal() : std::prev(after)->cumulative;
}

}  // namespace ballast::execution
