#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/strategy/spec.h"

namespace ballast::strategy {

// Sets what is written as name=value in a configured deployment and on the backtest's command line: the names of
// docs/reference/deployments.md. False: there is no such setting. INVALID_ARGUMENT, naming it, for a value that cannot
// be; what only shows together (Fault) is looked at by the caller.
absl::StatusOr<bool> SetSetting(Spec& spec, const std::string& name, const std::string& value);

// Of the settings beyond strategy, account, symbols and timeframe: empty, or "name: why".
std::string Fault(const Spec& spec);
// Seconds of "1m", …; 0 when there is no such timeframe.
std::int64_t SecondsOf(std::string_view timeframe);

}  // namespace ballast::strategy
