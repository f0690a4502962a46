#pragma once

#include <string>
#include <vector>

#include "ballast/backtest/v1/backtest_service.pb.h"
#include "libs/platform/grpc/status.h"
#include "libs/strategy/spec.h"
#include "services/strategy_runner/rule_shelf.h"

namespace ballast {

// A backtest that somebody asked for, ready for ballast-backtest.
struct BacktestPlan {
  // Its command and options, but those that say where things are: "run", "--symbols=SPY", …
  std::vector<std::string> arguments;
  // Of a strategy written as rules: what has to lie in a file. Empty: there is none.
  std::string rules;
  std::string strategy_id;
  std::string fingerprint;
};

// Checks everything that can be checked without the data; one error per field that is wrong.
BacktestPlan PlanOf(const backtest::v1::BacktestSpec& spec, const RuleShelf& shelf, std::vector<FieldError>& errors);

// The same text for the same strategy, version and parameters, defaults filled in and numbers in one spelling.
std::string FingerprintOf(const std::string& strategy_id, const strategy::Parameters& parameters,
                          const RuleShelf& shelf);

// What is beyond strategy, account, symbols, timeframe and parameters, as strategy::SetSetting reads it back.
std::vector<std::string> SettingTexts(const strategy::Spec& spec);

}  // namespace ballast
