#pragma once

#include <limits>
#include <string>
#include <vector>

#include "libs/backtest/candle_log.h"
#include "libs/backtest/resample.h"
#include "libs/backtest/run.h"
#include "libs/backtest/statistics.h"

namespace ballast::backtest {

// How much of it; `statistics` are of all trades.
struct ReportExtent {
  // The first ones.
  std::size_t trades_max = std::numeric_limits<std::size_t>::max();
  // -1: on one line.
  int indent = 1;
};

// A run as JSON (docs/reference/backtest.md): money and quantities as text, exact; figures as numbers; times in UTC.
std::string ReportJson(const RunOptions& setup, const Outcome& outcome, const Statistics& statistics,
                       const std::optional<Resampled>& resampled, const std::vector<std::string>& notes,
                       const CandleLog& candles, const ReportExtent& extent);

}  // namespace ballast::backtest
