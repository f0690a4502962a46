#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/backtest/feed.h"
#include "tools/backtest/request.h"

namespace ballast::backtest {

// A market that can be played as often as one likes, by several threads at once.
struct MarketChoice {
  std::vector<Instrument> instruments;
  // From one time to before another; zero: no such end.
  std::function<std::unique_ptr<Feed>(UtcTime from, UtcTime before)> play;
  // All steps up to and including a time; what is later is nowhere in it.
  std::function<std::unique_ptr<Feed>(UtcTime last)> until;
  // What strategies are told.
  std::string timeframe;
  UtcTime first;
  UtcTime last;
  // Nobody quoted any of it: each bar's quote is made of its close and the spread model.
  bool quotes_are_modelled = false;
  // What a person should know of it: the files, the spread model, warnings.
  std::vector<std::string> notes;
  // Days of results in a year: 365 where one of the instruments never closes.
  int periods_per_year = 252;
};

// INVALID_ARGUMENT with the data's own range where no bar is complete from `from` to before `before` (zero: no such
// end): a play of nothing would look like one that lost nothing.
absl::Status HasBars(const MarketChoice& market, UtcTime from, UtcTime before);

// Reads the files. INVALID_ARGUMENT or NOT_FOUND with everything that is wrong, one a line. Blocks.
absl::StatusOr<MarketChoice> ChooseMarket(const Request& request);

}  // namespace ballast::backtest
