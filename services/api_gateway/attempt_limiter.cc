#include "services/api_gateway/attempt_limiter.h"

#include <algorithm>

namespace ballast {

bool AttemptLimiter::Admit(const std::string& source, std::int64_t now_ns) {
  // A clock that was set back makes times of the future: they count for nothing.
  auto over = [&](std::int64_t at) { return at > now_ns || now_ns - at >= kWindowNs; };
  if (failures_.size() >= kSourcesMax && !failures_.contains(source)) {
    std::erase_if(failures_, [&](const auto& entry) { return over(entry.second.back()); });
    if (failures_.size() >= kSourcesMax) {
      failures_.erase(std::min_element(failures_.begin(), failures_.end(), [](const auto& left, const auto& right) {
        return left.second.back() < right.second.back();
      }));
    }
  }
  std::deque<std::int64_t>& times = failures_[source];
  std::erase_if(times, over);
  if (times.size() >= static_cast<std::size_t>(kFailuresMax)) return false;
  times.push_back(now_ns);
  return true;
}

}  // namespace ballast
