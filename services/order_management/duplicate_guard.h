#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "libs/model/order.h"

namespace ballast {

// Sees an order that is like one of a moment ago: a finger that hit twice, a program that sends again under another
// request id.
class DuplicateGuard {
 public:
  DuplicateGuard(std::int64_t manual_ms, std::int64_t strategy_ms) : manual_ms_(manual_ms), strategy_ms_(strategy_ms) {}

  // Why it is not taken without a confirmation, if so; else it is the one that later ones are like. Monotonic time.
  std::optional<Rejection> Look(const Order& order, std::int64_t now_ns);

 private:
  void Forget(std::int64_t now_ns);

  const std::int64_t manual_ms_;
  const std::int64_t strategy_ms_;
  // What was asked for lately, and the same as it was asked for.
  std::map<std::string, std::int64_t> recent_;
  std::deque<std::pair<std::int64_t, std::string>> times_;
};

}  // namespace ballast
