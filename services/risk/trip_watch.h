#pragma once

#include <map>
#include <string>
#include <utility>

#include "libs/base/utc_time.h"
#include "libs/model/ids.h"

namespace ballast {

// Since when each trip has been seen here, by the wall clock: a trip's own time may be the market's. In memory: what an
// earlier process had seen counts as seen when this one began. One thread.
class TripWatch {
 public:
  // The trip that `name` (a rule, with its deployment and instrument where it has them) has now; the first time counts.
  void See(const AccountId& account, const std::string& name, UtcTime trip_time, UtcTime now) {
    Seen& seen = seen_[{account, name}];
    if (seen.trip_time == trip_time && seen.since.nanos != 0) return;
    seen = {.trip_time = trip_time, .since = now};
  }
  // Re-armed: the next one is another one, also at the same market time.
  void Forget(const AccountId& account, const std::string& name) { seen_.erase({account, name}); }
  // False for one that was never seen.
  [[nodiscard]] bool SeenBy(const AccountId& account, const std::string& name, UtcTime trip_time, UtcTime by) const {
    auto found = seen_.find({account, name});
    return found != seen_.end() && found->second.trip_time == trip_time && found->second.since <= by;
  }

 private:
  struct Seen {
    UtcTime trip_time;
    UtcTime since;
  };
  std::map<std::pair<AccountId, std::string>, Seen> seen_;
};

}  // namespace ballast
