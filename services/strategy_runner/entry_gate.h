#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/day_end/plan.h"
#include "libs/platform/thread/mutex.h"
#include "services/strategy_runner/standing.h"

namespace ballast {

// Who may open something, as the thread that ends days and moves stages has said it last; for those who send orders on
// a thread of their own. Any thread. Days are known by their times too, so that whoever is ahead of that thread in the
// market's time is held by the same step.
class EntryGate {
 public:
  struct Policy {
    day_end::Policy plan;
    // An end that had begun by then is not its business.
    UtcTime since;
  };
  // A day whose end has begun: nothing is opened from then to its close, both included.
  struct Window {
    TradingCalendar calendar = TradingCalendar::kUnspecified;
    UtcTime from;
    UtcTime to;
  };
  struct Days {
    std::vector<Policy> policies;
    std::vector<Window> begun;
    // Being ended just now, whatever the time.
    std::set<TradingCalendar> ending;
  };
  struct Permit {
    // In words; empty: something may be opened.
    std::string wait;
    // Its stage sends nothing at all, in words, or nothing but what closes; else empty.
    std::string nothing;
    bool only_closes = false;
    // Its stage permits this part of a size.
    std::optional<Decimal> size_ratio;
  };

  // By account.
  void SetDays(std::map<std::string, Days> days) EXCLUDES(mutex_);
  // Deployments that there are, and whose.
  void SetDeployment(const std::string& deployment, const std::string& account) EXCLUDES(mutex_);
  [[nodiscard]] bool Owns(const std::string& account, const std::string& deployment) const EXCLUDES(mutex_);
  void SetStanding(const std::string& deployment, const Standing& standing) EXCLUDES(mutex_);

  // An instrument whose calendar is not known is of every one. Before the first SetDays everything waits.
  [[nodiscard]] Permit For(const std::string& account, const std::string& deployment, TradingCalendar calendar,
                           UtcTime time) const EXCLUDES(mutex_);

 private:
  [[nodiscard]] std::string WaitOf(const std::string& account, TradingCalendar calendar, UtcTime time) const
      REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::optional<std::map<std::string, Days>> days_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> owners_ GUARDED_BY(mutex_);
  std::map<std::string, Standing> standings_ GUARDED_BY(mutex_);
};

}  // namespace ballast
