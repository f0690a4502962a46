#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/orders/second_person.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"
#include "services/broker_gateway/kill_desk.h"

namespace ballast {

// Who may let a kill switch go: of an account with real money two persons, whatever everybody else is set up to. Any
// thread. Engaging it never takes two.
class ReleaseGuard {
 public:
  // `kill` outlives it. `on_paper`: paper accounts are held to the same.
  ReleaseGuard(const KillDesk& kill, bool on_paper, const Clock& clock, Logger& log)
      : kill_(kill), on_paper_(on_paper), clock_(clock), log_(log) {}

  [[nodiscard]] bool TakesTwo(const AccountId& account_id) const {
    return on_paper_ || kill_.HoldsRealMoney(account_id);
  }
  // Of the account's switch (none: that of every account) the command, empty: each. OK: it may be let go, and Done
  // follows. PERMISSION_DENIED: it waits for a second person, or nobody says who asks. A switch that is not engaged is
  // let go by anybody.
  absl::Status Ask(const AccountId& account_id, const std::string& command_id, const std::string& reason,
                   const std::string& actor) EXCLUDES(mutex_);
  void Done(const AccountId& account_id) EXCLUDES(mutex_);

  struct Waiting {
    orders::AwaitedDecision asked;
    UtcTime expire_time;
  };
  [[nodiscard]] std::vector<Waiting> List(const AccountId& account_id) EXCLUDES(mutex_);

 private:
  const KillDesk& kill_;
  const bool on_paper_;
  const Clock& clock_;
  Logger& log_;
  Mutex mutex_;
  orders::SecondPersons persons_ GUARDED_BY(mutex_){Duration::Seconds(3'600)};
};

}  // namespace ballast
