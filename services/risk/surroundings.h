#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "libs/base/utc_time.h"

namespace ballast {

// What risk sees of its surroundings that no order may be opened without: the audit chain, the clocks, the alerts that
// somebody has to acknowledge. What is not watched is not known, and what is watched and silent grows old. Monotonic
// times are the process' own, a replay's market among them or not. Pure. One thread.
class Surroundings {
 public:
  // From now on somebody asks the audit service.
  void WatchAudit(std::int64_t now_ns) {
    if (!head_seen_ns_) head_seen_ns_ = watched_ns_ = now_ns;
  }
  // Something has happened that the chain is to hold.
  void OnEvent(UtcTime event_time, std::int64_t now_ns) {
    // One a second is exact enough, and few.
    if (!uncovered_.empty() && now_ns - uncovered_.back().seen_ns < kSecondNs) {
      uncovered_.back().newest = std::max(uncovered_.back().newest, event_time);
      return;
    }
    if (uncovered_.size() >= kUncoveredMax) return;  // what waits for longer is as old already
    uncovered_.push_back({.seen_ns = now_ns, .newest = event_time});
  }
  // The chain's last record is of this time. Those of one moment stand in it in any order, each account's being a log
  // of its own: what is younger by less than kSameMoment counts as there.
  void OnAuditHead(UtcTime head_time, std::int64_t now_ns) {
    head_seen_ns_ = now_ns;
    while (!uncovered_.empty() && uncovered_.front().newest <= head_time + kSameMoment) uncovered_.pop_front();
  }
  // Milliseconds since when something is not seen to be in the chain, or since the chain was last seen.
  [[nodiscard]] std::optional<std::int64_t> AuditLag(std::int64_t now_ns) const {
    if (!head_seen_ns_) return std::nullopt;
    std::int64_t since = *head_seen_ns_;
    if (!uncovered_.empty()) since = std::min(since, std::max(uncovered_.front().seen_ns, watched_ns_));
    return (now_ns - since) / 1'000'000;
  }

  // How much later by our clock than by its own time a step of the market came, where that can be told; below zero: its
  // clock is ahead.
  void OnStepDelay(std::optional<Duration> delay, std::int64_t now_ns) {
    if (!delay) {
      least_ = former_ = std::nullopt;
      return;
    }
    if (!least_ || now_ns - window_ns_ >= kWindowNs) {
      former_ = least_;
      least_ = *delay;
      window_ns_ = now_ns;
    }
    least_ = std::min(*least_, *delay);
  }
  // The least of up to two windows, without sign: what is on its way for long now and then is no offset. Nothing: not
  // known yet, or the market's time does not run as fast as ours (it is a replay's, or sped up).
  [[nodiscard]] std::optional<std::int64_t> ClockOffset() const {
    if (!least_ || !former_) return std::nullopt;
    std::int64_t drift = least_->nanos - former_->nanos;
    if (drift > kSecondNs || drift < -kSecondNs) return std::nullopt;
    // Both have to say it.
    auto size = [](Duration each) { return each.nanos < 0 ? -each.nanos : each.nanos; };
    return std::min(size(*least_), size(*former_)) / 1'000'000;
  }

  // When the oldest CRITICAL alert that nobody has acknowledged was raised; nothing: there is none.
  void OnAlerts(std::optional<UtcTime> oldest) {
    alerts_known_ = true;
    oldest_alert_ = oldest;
  }
  [[nodiscard]] std::optional<std::int64_t> AlertAge(UtcTime now) const {
    if (!alerts_known_) return std::nullopt;
    if (!oldest_alert_) return 0;
    return std::max<std::int64_t>((now - *oldest_alert_).nanos, 0) / 1'000'000;
  }

 private:
  static constexpr std::int64_t kSecondNs = 1'000'000'000;
  static constexpr Duration kSameMoment = Duration::Seconds(5);
  static constexpr std::int64_t kWindowNs = 5 * kSecondNs;
  static constexpr std::size_t kUncoveredMax = 1'000;
  struct Uncovered {
    std::int64_t seen_ns = 0;
    UtcTime newest;
  };
  std::optional<std::int64_t> head_seen_ns_;
  std::int64_t watched_ns_ = 0;
  std::deque<Uncovered> uncovered_;
  std::optional<Duration> least_;
  std::optional<Duration> former_;
  std::int64_t window_ns_ = 0;
  bool alerts_known_ = false;
  std::optional<UtcTime> oldest_alert_;
};

}  // namespace ballast
