#include "libs/ledger/day_baseline.h"

#include <algorithm>

namespace ballast::ledger {

void DayBaseline::Open(Decimal cash) { *this = {.day_start_equity = cash, .peak_equity = cash}; }

void DayBaseline::StartDay(std::int64_t new_day, std::optional<Decimal> close_equity) {
  if (new_day == day) return;
  bool first = day == -1;
  day = new_day;
  if (first) return;
  day_start_unknown = !close_equity.has_value();
  if (close_equity) day_start_equity = *close_equity;
}

void DayBaseline::Observe(Decimal equity) {
  if (day_start_unknown) day_start_equity = equity;
  peak_equity = peak_unknown ? equity : std::max(peak_equity, equity);
  day_start_unknown = peak_unknown = false;
}

}  // namespace ballast::ledger
