#pragma once

#include <string>
#include <vector>

#include "libs/backtest/resample.h"
#include "libs/backtest/run.h"
#include "libs/backtest/statistics.h"

namespace ballast::backtest {

// A run as JSON (docs/reference/backtest.md): money and quantities as text, exact; figures as numbers; times in UTC.
std::string ReportJson(const RunOptions& setup, const Outcome& outcome, const Statistics& statistics,
                       const std::optional<Resampled>& resampled, const std::vector<std::string>& notes);

}  // namespace ballast::backtest
