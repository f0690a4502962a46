#pragma once

#include <nlohmann/json.hpp>

#include "libs/backtest/run.h"

namespace ballast::backtest {

// What was run, as the head of every report.
nlohmann::ordered_json SetupJson(const RunOptions& setup);

}  // namespace ballast::backtest
