#include "libs/reconciliation/break_list.h"

#include <algorithm>
#include <utility>

namespace ballast::reconciliation {

bool BreakList::Halts(const Break& one, UtcTime now) const {
  if (one.state != BreakState::kOpen) return false;
  return !HealsByItself(one.difference.type) || now - one.first_time >= patience_.healing;
}

BreakList::Changes BreakList::Look(const std::vector<Difference>& found, const std::set<BreakType>& looked,
                                   UtcTime now) {
  Changes changes;
  std::set<Key> there;
  for (const Difference& difference : found) {
    const Key key(difference.Key());
    there.insert(key);
    auto known = breaks_.find(key);
    if (known == breaks_.end()) {
      const UtcTime first = pending_.try_emplace(key, now).first->second;
      if (now - first < patience_.grace) continue;
      pending_.erase(key);
      Break opened{.number = ++last_number_, .difference = difference, .first_time = first, .last_time = now};
      opened.halts = Halts(opened, now);
      changes.opened.push_back(opened);
      breaks_.emplace(key, std::move(opened));
      continue;
    }
    Break& one = known->second;
    const Break before = one;
    one.last_time = now;
    if (one.difference.gist != difference.gist) one.state = BreakState::kOpen;
    one.difference = difference;
    one.halts = Halts(one, now);
    if (one.difference != before.difference || one.state != before.state || one.halts != before.halts)
      changes.changed.push_back(one);
  }
  auto gone = [&](const Key& key) { return looked.contains(std::get<BreakType>(key)) && !there.contains(key); };
  std::erase_if(pending_, [&](const auto& entry) { return gone(entry.first); });
  for (auto it = breaks_.begin(); it != breaks_.end();) {
    if (!gone(it->first)) {
      ++it;
      continue;
    }
    Break& one = it->second;
    one.state = BreakState::kResolved;
    one.halts = false;
    one.resolve_time = now;
    changes.resolved.push_back(std::move(one));
    it = breaks_.erase(it);
  }
  return changes;
}

std::optional<Break> BreakList::Acknowledge(std::uint64_t number, const std::string& actor, const std::string& reason,
                                            UtcTime now) {
  for (auto& [key, one] : breaks_) {
    if (one.number != number) continue;
    if (one.state == BreakState::kAcknowledged) return one;
    one.state = BreakState::kAcknowledged;
    one.halts = false;
    one.acknowledge_time = now;
    one.acknowledged_by = actor;
    one.acknowledge_reason = reason;
    return one;
  }
  return std::nullopt;
}

void BreakList::Restore(Break stored) {
  last_number_ = std::max(last_number_, stored.number);
  if (stored.state == BreakState::kResolved) return;
  Key key(stored.difference.Key());
  breaks_.insert_or_assign(std::move(key), std::move(stored));
}

std::vector<Break> BreakList::All() const {
  std::vector<Break> all;
  all.reserve(breaks_.size());
  for (const auto& [key, one] : breaks_) all.push_back(one);
  std::sort(all.begin(), all.end(), [](const Break& a, const Break& b) { return a.number < b.number; });
  return all;
}

int BreakList::Count(BreakState state) const {
  return static_cast<int>(
      std::count_if(breaks_.begin(), breaks_.end(), [&](const auto& entry) { return entry.second.state == state; }));
}

int BreakList::halting() const {
  return static_cast<int>(
      std::count_if(breaks_.begin(), breaks_.end(), [](const auto& entry) { return entry.second.halts; }));
}

std::optional<UtcTime> BreakList::NextDue() const {
  std::optional<UtcTime> due;
  for (const auto& [key, first] : pending_) {
    UtcTime at = first + patience_.grace;
    if (!due || at < *due) due = at;
  }
  return due;
}

}  // namespace ballast::reconciliation
