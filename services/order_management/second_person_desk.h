#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/model/order.h"
#include "libs/orders/second_person.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// Which decisions take two persons here, and those that wait for the second one. Any thread.
class SecondPersonDesk {
 public:
  // `on_paper`: paper accounts are held to the same as live ones, whatever their venue.
  SecondPersonDesk(bool on_paper, const Clock& clock, Logger& log) : on_paper_(on_paper), clock_(clock), log_(log) {}

  // With real money, where the venue's silence never proves anything: then a person's word alone would end the order.
  [[nodiscard]] bool ResolvingTakesTwo(AccountMode mode, const std::string& broker) const;
  [[nodiscard]] bool ResumingTakesTwo(AccountMode mode) const { return on_paper_ || mode == AccountMode::kLive; }

  // Who has decided: another person has asked for the same, and Done follows when it was done. PERMISSION_DENIED: it
  // waits for one. `asked.ask_time` is set here.
  absl::StatusOr<std::string> Ask(orders::AwaitedDecision asked) EXCLUDES(mutex_);
  void Done(const orders::AwaitedDecision& asked) EXCLUDES(mutex_);

  struct Waiting {
    orders::AwaitedDecision asked;
    UtcTime expire_time;
  };
  [[nodiscard]] std::vector<Waiting> List(const AccountId& account_id) EXCLUDES(mutex_);

 private:
  const bool on_paper_;
  const Clock& clock_;
  Logger& log_;
  Mutex mutex_;
  // An hour: long enough to fetch somebody, too short to find yesterday's word still standing.
  orders::SecondPersons persons_ GUARDED_BY(mutex_){Duration::Seconds(3'600)};
};

}  // namespace ballast
