#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/backtest/run.h"

namespace ballast::backtest {

// A decision that was another one when the data ended with it.
struct LookedAhead {
  UtcTime time;
  Symbol symbol;
  // "enter_long: reason (name value, …)", or "none".
  std::string with_all;
  std::string with_past;
};

struct LookAheadReport {
  // Decisions of the whole run that are no "hold".
  std::size_t signals = 0;
  // Those at which the data was cut; every decision before is compared with it, so the last one covers all.
  std::size_t checked = 0;
  // The first difference of each cut, once; at most 50.
  std::vector<LookedAhead> differences;
};

// What to play: everything up to and including a time, and nothing that is later anywhere in it.
using PlayUntil = std::function<std::unique_ptr<Feed>(UtcTime last)>;

// Plays the whole, then for up to `checks_max` of its signals, spread evenly, the data cut at the signal's time, and
// compares every decision up to there. `done` hears how many of how many plays are over. INVALID_ARGUMENT for what
// cannot be deployed.
absl::StatusOr<LookAheadReport> CheckLookAhead(RunOptions setup, const std::vector<Instrument>& instruments,
                                               const PlayUntil& play, UtcTime last, std::size_t checks_max,
                                               const std::function<void(std::size_t, std::size_t)>& done);

}  // namespace ballast::backtest
