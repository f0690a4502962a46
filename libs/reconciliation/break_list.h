#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/reconciliation/difference.h"

namespace ballast::reconciliation {

// Numbered as ballast.position.v1.BreakState.
enum class BreakState : int { kUnspecified = 0, kOpen = 1, kAcknowledged = 2, kResolved = 3 };

struct Break {
  std::uint64_t number = 0;
  Difference difference;
  BreakState state = BreakState::kOpen;
  // It holds entries of the account back.
  bool halts = false;
  UtcTime first_time;
  UtcTime last_time;
  UtcTime resolve_time;
  UtcTime acknowledge_time;
  std::string acknowledged_by;
  std::string acknowledge_reason;

  friend bool operator==(const Break&, const Break&) = default;
};

// The differences of one account over time. One that lasts longer than the grace is a break; it stays open until it is
// gone or a person has acknowledged it, and what is acknowledged is open again when its numbers change.
class BreakList {
 public:
  struct Patience {
    // So long a difference may be something under way.
    Duration grace = Duration::Seconds(5);
    // So long what heals by itself holds nothing back.
    Duration healing = Duration::Seconds(30);
  };
  // What one look has changed, each as it is now: to be stored and told.
  struct Changes {
    std::vector<Break> opened;
    std::vector<Break> changed;
    std::vector<Break> resolved;
    [[nodiscard]] bool empty() const { return opened.empty() && changed.empty() && resolved.empty(); }
  };

  BreakList() = default;
  explicit BreakList(Patience patience) : patience_(patience) {}

  // `found` are all there are of the types in `looked`; of others nothing is known now.
  Changes Look(const std::vector<Difference>& found, const std::set<BreakType>& looked, UtcTime now);
  // By a person. Nothing: there is no such break that is not resolved.
  std::optional<Break> Acknowledge(std::uint64_t number, const std::string& actor, const std::string& reason,
                                   UtcTime now);
  // From the store; resolved ones are not kept here.
  void Restore(Break stored);
  void RestoreNumber(std::uint64_t last) { last_number_ = last; }

  // Open and acknowledged ones, by number.
  [[nodiscard]] std::vector<Break> All() const;
  [[nodiscard]] std::uint64_t last_number() const { return last_number_; }
  // Differences that are no breaks yet.
  [[nodiscard]] int pending() const { return static_cast<int>(pending_.size()); }
  // Open ones, those of them that hold entries back, and acknowledged ones.
  [[nodiscard]] int Count(BreakState state) const;
  [[nodiscard]] int halting() const;
  // When the first one that is pending would be a break.
  [[nodiscard]] std::optional<UtcTime> NextDue() const;

 private:
  using Key = std::tuple<BreakType, Symbol, OrderId, ExecutionId>;
  [[nodiscard]] bool Halts(const Break& one, UtcTime now) const;

  Patience patience_;
  std::uint64_t last_number_ = 0;
  std::map<Key, UtcTime> pending_;
  std::map<Key, Break> breaks_;
};

}  // namespace ballast::reconciliation
