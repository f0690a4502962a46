#include "libs/alerts/folder.h"

#include <algorithm>

namespace ballast::alerts {
namespace {

// How many open alerts and minutes are kept in mind; the oldest go first.
constexpr std::size_t kOpenMax = 2'000;
constexpr std::size_t kMinutesMax = 500;
constexpr std::int64_t kNanosPerMinute = 60'000'000'000;

}  // namespace

Folder::Minute Folder::MinuteOf(const Alert& alert) { return {alert.first_time.nanos / kNanosPerMinute, alert.type}; }

bool Folder::Takes(const Alert& open, const Alert& fact) const {
  // Counted from the first, so that something that goes on for hours is told again every minute. Accounts may be at
  // different times while one catches up: the distance counts in both directions.
  Duration distance =
      fact.first_time >= open.first_time ? fact.first_time - open.first_time : open.first_time - fact.first_time;
  return !open.acknowledged && distance <= options_.window;
}

void Folder::Count(const Alert& alert) {
  if (alert.level == AlertLevel::kInfo && alert.title != kMoreTitle) ++new_infos_[MinuteOf(alert)];
}

Alert Folder::Add(Alert fact) {
  auto find = [&] {
    auto same = MayRepeat(fact) ? open_.find(KeyOf(fact)) : open_.end();
    return same != open_.end() && Takes(same->second, fact) ? same : open_.end();
  };
  auto same = find();
  if (same == open_.end() && fact.level == AlertLevel::kInfo) {
    auto minute = new_infos_.find(MinuteOf(fact));
    if (minute != new_infos_.end() && minute->second >= options_.info_per_minute_max) {
      fact.title = kMoreTitle;
      fact.text = kMoreText;
      fact.deployment_id = DeploymentId();
      fact.order_id = OrderId();
      fact.symbol = Symbol();
      same = find();
    }
  }
  if (same != open_.end()) {
    Alert& open = same->second;
    open.level = std::max(open.level, fact.level);
    open.last_time = std::max(open.last_time, fact.last_time);
    ++open.count;
    return open;
  }
  fact.alert_id = ++last_alert_id_;
  Count(fact);
  if (MayRepeat(fact)) open_[KeyOf(fact)] = fact;
  Forget();
  return fact;
}

void Folder::Restore(const Alert& alert) {
  if (alert.alert_id > last_alert_id_) {
    last_alert_id_ = alert.alert_id;
    Count(alert);
  }
  if (MayRepeat(alert)) {
    Alert& open = open_[KeyOf(alert)];
    // An older one was already followed by another with the same key.
    if (open.alert_id <= alert.alert_id) open = alert;
  }
  Forget();
}

void Folder::Forget() {
  while (open_.size() > kOpenMax) {
    open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& left, const auto& right) {
      return left.second.alert_id < right.second.alert_id;
    }));
  }
  while (new_infos_.size() > kMinutesMax) new_infos_.erase(new_infos_.begin());
}

}  // namespace ballast::alerts
