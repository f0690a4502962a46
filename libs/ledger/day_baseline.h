#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/decimal.h"

namespace ballast::ledger {

// What an account's losses are measured from: what was owned when the day before ended, and the most ever owned. One
// piece of arithmetic for risk, which refuses by it, and for positions, which shows it.
struct DayBaseline {
  // No day has begun yet: -1.
  std::int64_t day = -1;
  Decimal day_start_equity;
  Decimal peak_equity;
  // A figure could not be valued when it was due; the first equity that is known takes its place.
  bool day_start_unknown = false;
  bool peak_unknown = false;

  // The account is opened with this much.
  void Open(Decimal cash);
  // Before anything of `day` counts. `close_equity`: what was owned at the former day's end, at the close marks. The
  // first day of an account begins with its opening cash.
  void StartDay(std::int64_t new_day, std::optional<Decimal> close_equity);
  // The account is worth this much now.
  void Observe(Decimal equity);

  friend bool operator==(const DayBaseline&, const DayBaseline&) = default;
};

}  // namespace ballast::ledger
