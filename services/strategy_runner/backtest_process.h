#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace ballast {

// One child process without our environment, files or signal mask; what it writes to standard error is read, the rest
// is thrown away. One thread, which must outlive it where the child was told to end with its parent.
class BacktestProcess {
 public:
  // UNAVAILABLE when it cannot be started.
  static absl::StatusOr<BacktestProcess> Start(const std::string& program, const std::vector<std::string>& arguments);
  BacktestProcess(BacktestProcess&& other) noexcept;
  BacktestProcess& operator=(BacktestProcess&&) = delete;
  // Kills what still runs and waits for its end.
  ~BacktestProcess();

  // To be polled for reading; ended when it is closed at the other end.
  [[nodiscard]] int output() const { return output_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Complete lines that have come since; does not wait.
  std::vector<std::string> ReadLines();
  // With all that it started.
  void Kill();

  struct End {
    int code = 0;
    // 0: it ended by itself.
    int signal = 0;
  };
  // Nothing while it runs.
  std::optional<End> Poll();

 private:
  BacktestProcess(pid_t pid, int output) : pid_(pid), output_(output) {}
  pid_t pid_ = -1;
  int output_ = -1;
  bool reaped_ = false;
  std::string rest_;
};

}  // namespace ballast
