#include "libs/risk/lookback.h"

#include <algorithm>

namespace ballast::risk {

void EventCount::Add(std::int64_t now_ns) {
  std::int64_t slot = std::max(now_ns / kSlotNs, newest_);
  if (slot - newest_ >= kSlots) {
    counts_.fill(0);
  } else {
    for (std::int64_t number = newest_ + 1; number <= slot; ++number) counts_[number % kSlots] = 0;
  }
  newest_ = slot;
  ++counts_[slot % kSlots];
}

std::int64_t EventCount::Within(Duration window, std::int64_t now_ns) const {
  std::int64_t now = now_ns / kSlotNs;
  std::int64_t first = std::max({now - window.nanos / kSlotNs + 1, newest_ - kSlots + 1, std::int64_t{0}});
  std::int64_t sum = 0;
  for (std::int64_t number = first; number <= newest_; ++number) sum += counts_[number % kSlots];
  return sum;
}

void PriceRange::Add(Decimal price, std::int64_t now_ns) {
  std::int64_t number = now_ns / kSlotNs;
  if (slots_.empty() || slots_.back().number < number) {
    slots_.push_back({.number = number, .low = price, .high = price});
    while (slots_.front().number <= number - kSlots) slots_.pop_front();
    return;
  }
  Slot& slot = slots_.back();
  slot.low = std::min(slot.low, price);
  slot.high = std::max(slot.high, price);
}

Decimal PriceRange::Within(Duration window, std::int64_t now_ns) const {
  std::int64_t first = now_ns / kSlotNs - window.nanos / kSlotNs + 1;
  Decimal low, high;
  for (auto slot = slots_.rbegin(); slot != slots_.rend() && slot->number >= first; ++slot) {
    low = low.IsPositive() ? std::min(low, slot->low) : slot->low;
    high = std::max(high, slot->high);
  }
  if (!low.IsPositive()) return Decimal();
  // Prices so far apart say nothing exact, and their quotient may leave the decimal's range.
  constexpr std::int64_t kMost = 1'000;
  if (Divide(high, Decimal::FromInt(kMost), Rounding::kDown) >= low) return Decimal::FromInt(kMost);
  return Divide(high - low, low, Rounding::kUp);
}

}  // namespace ballast::risk
