#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tools/backtest/request.h"
#include "tools/backtest/shared_sweep.h"
#include "tools/backtest/supervised.h"

namespace ballast::backtest {

// Everything that may stand on the command line.
struct Options {
  Request request;
  // A command that starts a strategy's process, instead of a strategy.
  std::string external;
  std::string out;
  std::vector<std::string> grid;
  std::string by = "sharpe";
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  int folds = 4;
  // "0/10": the first of ten pieces of a sweep.
  std::string piece = "0/1";
  std::size_t resamples = 1'000;
  // Signals that a look-ahead check recomputes.
  std::size_t checks = 100;
  // NAME@VERSION of own data, and who has it.
  std::string data_set;
  std::string data_address;
  std::string scratch;
  // Lines of progress for a program, and a report that a message holds.
  bool for_programs = false;
  SharedSweep shared;
  Supervision supervision;
};

// The options of what is played, of a grid, and of a sweep that several processes share.
void AddMarket(CLI::App& command, Options& options);
void AddGrid(CLI::App& command, Options& options);
void AddShared(CLI::App& command, Options& options, bool required);

}  // namespace ballast::backtest
