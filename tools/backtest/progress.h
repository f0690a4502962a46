#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace ballast::backtest {

// How far something is, on standard error: one moving line for a person at a terminal, lines of "progress DONE TOTAL"
// for a program that asked for them, and nothing otherwise. Any thread.
class Progress {
 public:
  explicit Progress(bool for_programs);

  // At most ten times a second, but the last one always.
  void Tell(std::size_t done, std::size_t total, const std::string& what);
  // The line is taken away.
  void Clear();

 private:
  const bool for_programs_;
  const bool terminal_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point told_;
};

}  // namespace ballast::backtest
