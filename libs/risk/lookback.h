#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"

namespace ballast::risk {

// What happened in the last minutes, in slots of so long: the oldest slot counts whole or not at all.
inline constexpr std::int64_t kSlotNs = 5'000'000'000;
inline constexpr std::int64_t kSlots = 120;

// How often something happened. Counting costs an addition, and no memory of its own for each.
class EventCount {
 public:
  // Time never goes back by more than a slot matters; an earlier one counts in the newest slot.
  void Add(std::int64_t now_ns);
  [[nodiscard]] std::int64_t Within(Duration window, std::int64_t now_ns) const;

 private:
  std::array<std::uint32_t, kSlots> counts_{};
  // Number of the newest slot since time began.
  std::int64_t newest_ = 0;
};

// Between which prices an instrument moved.
class PriceRange {
 public:
  void Add(Decimal price, std::int64_t now_ns);
  // Highest less lowest over the lowest; zero without two prices.
  [[nodiscard]] Decimal Within(Duration window, std::int64_t now_ns) const;

 private:
  struct Slot {
    std::int64_t number = 0;
    Decimal low;
    Decimal high;
  };
  std::deque<Slot> slots_;
};

}  // namespace ballast::risk
