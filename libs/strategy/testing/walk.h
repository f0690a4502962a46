#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "libs/base/rng.h"
#include "libs/strategy/strategy.h"

namespace ballast::strategy {

// A made walk in cents, from a seed.
inline std::vector<Bar> Walk(int bars, std::uint64_t seed) {
  Rng rng(seed);
  std::int64_t cents = 10'000;
  auto price = [](std::int64_t at) { return Decimal::FromUnits(static_cast<__int128>(at) * 10'000'000'000'000'000); };
  std::vector<Bar> walk;
  for (int i = 0; i < bars; ++i) {
    std::int64_t open = cents;
    cents = std::max<std::int64_t>(cents + rng.Between(-60, 60), 100);
    Bar bar;
    bar.open = price(open);
    bar.high = price(std::max(open, cents) + rng.Between(0, 20));
    bar.low = price(std::min(open, cents) - rng.Between(0, 20));
    bar.close = price(cents);
    bar.volume = Decimal::FromInt(rng.Between(0, 900));
    walk.push_back(bar);
  }
  return walk;
}

using Signals = std::vector<std::pair<int, int>>;

// Which bar gave which signal.
inline Signals SignalsOf(Strategy& strategy, const std::vector<Bar>& bars) {
  Signals signals;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    Evaluation evaluation = strategy.OnBar(bars[i]);
    if (evaluation.signal != Signal::kNone) signals.emplace_back(i, static_cast<int>(evaluation.signal));
  }
  return signals;
}

}  // namespace ballast::strategy
