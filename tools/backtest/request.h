#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/backtest/bar_feed.h"
#include "libs/backtest/run.h"

namespace ballast::backtest {

// What the command line says, as it was written.
struct Request {
  // Where {symbol}_1m_trades.csv.gz and {symbol}_1m_quotes.csv.gz are.
  std::string data = "data";
  std::vector<std::string> symbols;
  // A file of bars instead, of one symbol (docs/reference/data.md, "Your own bars"); then `timeframe`, where it is
  // given, is its bars' length.
  std::string bars;
  bool timeframe_given = false;
  // For `bars`: whose wall clock times without a zone are of; what is wrong is left out; the tick is guessed.
  std::string timezone;
  bool repair = false;
  bool guess_tick = false;
  // "SYMBOL,asset_class=…,tick_size=…,lot_size=…"; see docs/reference/data.md.
  std::vector<std::string> instruments;
  std::string strategy = "ema_cross";
  // A file of docs/reference/rules.md instead.
  std::string rules;
  // What they are called in the report; empty: "rules:" and the file.
  std::string rules_id;
  std::vector<std::string> parameters;
  std::string timeframe = "1m";
  std::string cash = "100000";
  std::string size = "0.02";
  std::string stop = "0.02";
  std::string target = "0.05";
  int positions_max = 3;
  bool allow_short = false;
  // NAME=VALUE of docs/reference/deployments.md.
  std::vector<std::string> settings;
  // NAME=VALUE of docs/reference/risk.md.
  std::vector<std::string> limits;
  std::string spread = "0.0002";
  int slippage_ticks = 0;
  int depth = 5;
  // "2018-04-04" or a time; empty: from the beginning, to the end.
  std::string from;
  std::string before;
};

// Everything but the market. INVALID_ARGUMENT naming the option.
absl::StatusOr<RunOptions> ReadRunOptions(const Request& request);
absl::StatusOr<SpreadModel> ReadSpread(const Request& request);
absl::StatusOr<UtcTime> ReadTime(const std::string& option, const std::string& text);
// NAME=VALUE each.
absl::StatusOr<strategy::Parameters> ReadParameters(const std::vector<std::string>& texts);

}  // namespace ballast::backtest
