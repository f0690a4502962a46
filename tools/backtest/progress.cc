#include "tools/backtest/progress.h"

#include <unistd.h>

#include <iostream>

namespace ballast::backtest {

Progress::Progress(bool for_programs) : for_programs_(for_programs), terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::Tell(std::size_t done, std::size_t total, const std::string& what) {
  if (!for_programs_ && !terminal_) return;
  std::lock_guard lock(mutex_);
  auto now = std::chrono::steady_clock::now();
  if (done != total && now - told_ < std::chrono::milliseconds(100)) return;
  told_ = now;
  if (for_programs_)
    std::cerr << "progress " << done << " " << total << std::endl;
  else
    std::cerr << "\r\033[K" << done << " of " << total << " " << what << std::flush;
}

void Progress::Clear() {
  std::lock_guard lock(mutex_);
  if (terminal_ && !for_programs_) std::cerr << "\r\033[K" << std::flush;
}

}  // namespace ballast::backtest
