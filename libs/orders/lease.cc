#include "libs/orders/lease.h"

namespace ballast::orders {

std::int64_t LeaseHolder::Silence(const Lease& row, std::int64_t now_ns, bool gap) {
  Seen& seen = seen_.try_emplace(row.shard, Seen{row.epoch, row.renewals, now_ns}).first->second;
  if (gap || seen.epoch != row.epoch || seen.renewals != row.renewals) seen = {row.epoch, row.renewals, now_ns};
  return now_ns - seen.since_ns;
}

LeaseHolder::Step LeaseHolder::Observe(const std::vector<Lease>& rows, std::int64_t now_ns, bool ready) {
  // While nobody could be read nobody could renew either: silence counts only where it was listened to.
  bool gap = now_ns - last_ns_ > options_.lease_ns / 2;
  last_ns_ = now_ns;
  Step step;
  for (const Lease& row : rows) {
    bool silent = Silence(row, now_ns, gap) >= options_.lease_ns;
    bool home = options_.home.contains(row.shard);
    if (auto held = held_.find(row.shard); held != held_.end()) {
      if (row.owner != options_.name || row.epoch != held->second) {
        step.lost.push_back(row.shard);
      } else if (!row.wanted_by.empty() && row.wanted_by != options_.name) {
        step.give_back.push_back(row.shard);
      }
    } else if (row.owner == options_.name || silent || (row.owner.empty() && home)) {
      // Its own name without holding it: an earlier life, which is over or will be refused.
      step.claim.push_back({.shard = row.shard, .epoch = row.epoch});
    } else if (home && ready && row.wanted_by != options_.name) {
      step.want.push_back(row.shard);
    }
  }
  return step;
}

}  // namespace ballast::orders
