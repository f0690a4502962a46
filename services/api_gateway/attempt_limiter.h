#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace ballast {

// Counts wrong secrets by where they came from. Only wrong ones: who has the right one never meets it, whatever others
// do from the same address. Not thread-safe; no clock.
class AttemptLimiter {
 public:
  static constexpr int kFailuresMax = 5;
  static constexpr std::int64_t kWindowNs = 10'000'000'000;
  static constexpr std::size_t kSourcesMax = 1'000;

  // One more wrong secret; false when that were too many within the window.
  bool Admit(const std::string& source, std::int64_t now_ns);
  [[nodiscard]] std::size_t sources() const { return failures_.size(); }

 private:
  std::map<std::string, std::deque<std::int64_t>> failures_;
};

}  // namespace ballast
