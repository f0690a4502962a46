#pragma once

#include <string>
#include <vector>

#include "libs/backtest/look_ahead.h"
#include "tools/backtest/sweep.h"
#include "tools/backtest/walk_forward.h"

namespace ballast::backtest {

// What ran over many combinations or many cuts, as JSON (docs/reference/backtest.md). `compact`: on one line.
std::string SweepJson(const RunOptions& setup, const ParameterGrid& grid, const std::string& piece,
                      const std::string& by, const std::vector<SweepRow>& rows, const MarketChoice& market,
                      bool compact);
std::string WalkForwardJson(const RunOptions& setup, const ParameterGrid& grid, const std::string& by,
                            const std::vector<Fold>& folds, double return_ratio, const std::vector<std::string>& notes,
                            bool compact);
std::string LookAheadJson(const RunOptions& setup, const LookAheadReport& report, const std::vector<std::string>& notes,
                          bool compact);
// One line of a sweep's table.
std::string SweepRowJson(const SweepRow& row);

}  // namespace ballast::backtest
