#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "ballast/backtest/v1/backtest_service.pb.h"

namespace ballast {

// What a list shows of a report. INVALID_ARGUMENT for what is no report of that kind.
absl::StatusOr<std::map<std::string, std::string>> FiguresOf(backtest::v1::BacktestKind kind,
                                                             const std::string& report);

}  // namespace ballast
