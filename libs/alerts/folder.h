#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "libs/alerts/alert.h"

namespace ballast::alerts {

// Turns a stream of facts into alerts that people can read: one and the same fact told again within a window becomes
// one alert with a count, and information beyond a rate becomes one "more of it" alert of the account with a count,
// whose words are nobody's in particular. Different facts never share an alert that speaks for one of them: what is
// about an order happened to that order once, and is never folded. Nothing is lost without being counted. A value: copy
// it, work on the copy, keep the copy once the result is stored.
class Folder {
 public:
  struct Options {
    Duration window = Duration::Seconds(60);
    // New INFO alerts a minute and type, by the alerts' own time; warnings and worse are never held back.
    std::int64_t info_per_minute_max = 30;
  };

  Folder() : Folder(Options{}) {}
  explicit Folder(Options options) : options_(options) {}

  // Where the fact went: a new alert (its alert_id is the next one) or an older one, changed. `fact` has no id.
  Alert Add(Alert fact);
  // What is stored: after a restart, oldest first, and after each acknowledgement. An acknowledged alert takes no more
  // facts: what comes after it must be seen again.
  void Restore(const Alert& alert);

  [[nodiscard]] std::uint64_t last_alert_id() const { return last_alert_id_; }

 private:
  // type, title, text, account, deployment, symbol: all of what is said.
  using Key = std::tuple<AlertType, std::string, std::string, AccountId, DeploymentId, Symbol>;
  // type, minute since 1970
  using Minute = std::pair<std::int64_t, AlertType>;

  static Key KeyOf(const Alert& alert) {
    return {alert.type, alert.title, alert.text, alert.account_id, alert.deployment_id, alert.symbol};
  }
  // Whether the same may be told again; not of an order.
  static bool MayRepeat(const Alert& alert) { return alert.order_id.empty(); }
  static Minute MinuteOf(const Alert& alert);
  [[nodiscard]] bool Takes(const Alert& open, const Alert& fact) const;
  void Count(const Alert& alert);
  void Forget();

  Options options_;
  std::uint64_t last_alert_id_ = 0;
  std::map<Key, Alert> open_;
  std::map<Minute, std::int64_t> new_infos_;
};

// The alert that stands for information held back.
inline constexpr char kMoreTitle[] = "More information";
inline constexpr char kMoreText[] =
    "Too much in one minute to be told one by one; orders, fills and decisions have all of it in their lists.";

}  // namespace ballast::alerts
