#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ballast/risk/v1/breaker.pb.h"
#include "libs/risk/lookback.h"
#include "services/risk/breaker_store.h"
#include "services/risk/store.h"

namespace ballast {

// Every breaker of the firm, its accounts and their deployments: what each sees, its state, and what became of that
// since it was last stored. Whoever has it holds a lock; only OnAsked and BlockOf are on the way of an order.
class BreakerDesk {
 public:
  // What there is to see at one moment.
  struct World {
    const std::map<AccountId, risk::Exposure>& accounts;
    // Accounts whose whole log has come; the others are not known.
    const std::set<AccountId>& known;
    // No account is missing among them.
    bool all_known = false;
    const risk::Market& market;
    UtcTime time;
    std::int64_t day = 0;
    // Of the ages of quotes and of counts; and the market's own time, which a replay runs through as fast as it likes.
    std::int64_t now_ns = 0;
    std::int64_t market_ns = 0;
    bool lockstep = false;
    // Milliseconds, as Surroundings tells them; nothing: not known.
    std::optional<std::int64_t> audit_lag_ms = {};
    std::optional<std::int64_t> clock_offset_ms = {};
    std::optional<std::int64_t> alert_age_ms = {};
  };

  void Restore(BreakerRuleSet rules, Breakers breakers);
  void SetRules(BreakerRuleSet rules);
  [[nodiscard]] const BreakerRuleSet& rules() const { return rules_; }

  // An order was asked for by a deployment, taken or not.
  void OnAsked(const AccountId& account, const DeploymentId& deployment, std::int64_t now_ns);
  // The broker rejected one.
  void OnRejected(const AccountId& account, const DeploymentId& deployment, std::int64_t now_ns);
  void OnQuote(const Quote& quote, std::int64_t market_ns);
  // Nothing: it cannot be told.
  void OnStepDelay(std::optional<std::int64_t> delay_ms) { delay_ms_ = delay_ms; }
  void OnBreaks(const AccountId& account, int open_breaks) { open_breaks_[account] = open_breaks; }
  // The most that anything the account holds moved within the window.
  [[nodiscard]] Decimal RangeOf(const risk::Exposure& exposure, Duration window, std::int64_t market_ns) const;
  // Before anything of `day` counts.
  void StartDay(const AccountId& account, const risk::Exposure& exposure, std::int64_t day,
                const ledger::Marks& closes);
  // Another kind of time: what happened in the one means nothing in the other.
  void ForgetTimes();

  // True when something was tripped or cleared.
  bool Look(const World& world);
  // The first tripped one in the way of an order; null: none.
  [[nodiscard]] const risk::BreakerBlock* BlockOf(const AccountId& account, const DeploymentId& deployment) const;
  // All of them, for the account as a whole (no deployment) or for one of its deployments.
  [[nodiscard]] std::vector<std::pair<BreakerKey, const risk::BreakerBlock*>> BlocksOf(
      const AccountId& account, const DeploymentId& deployment) const;
  // Deployments that something tripped stands in the way of, beyond what stands in the account's.
  [[nodiscard]] std::set<DeploymentId> BlockedDeployments(const AccountId& account) const;

  // Tripped ones of the account and its deployments, or (no account) of the firm, as they would be re-armed now.
  // `deployment`: of that one only. `names`: those only.
  [[nodiscard]] BreakerChanges WouldRearm(const World& world, const AccountId& account, const DeploymentId& deployment,
                                          const std::vector<risk::TripName>& names) const;
  // What is tripped of `changes` now: a re-arming is about these trips and about no later ones.
  [[nodiscard]] std::map<BreakerKey, risk::BreakerTrip> TripsOf(const BreakerChanges& changes) const;
  // All that are tripped.
  [[nodiscard]] std::map<BreakerKey, risk::BreakerTrip> Trips() const;
  // It is stored once more as it is.
  void Touch(const BreakerKey& key);
  // What was stored is so.
  void Take(const BreakerChanges& changes);

  // Of the firm, of all accounts (none named) or of one. `quiet`: those that nothing is used of too.
  void Describe(const World& world, const AccountId& account, bool quiet,
                google::protobuf::RepeatedPtrField<risk::v1::Breaker>* out) const;

  // To be stored, and what others are to be told with it; PutBack when it was not.
  struct Unsaved {
    BreakerChanges changes;
    std::vector<RiskStore::Message> messages;
    [[nodiscard]] bool empty() const { return changes.empty() && messages.empty(); }
  };
  [[nodiscard]] Unsaved TakeUnsaved();
  void PutBack(Unsaved unsaved);

 private:
  // What is seen of one account.
  struct Sum {
    const risk::Exposure* exposure = nullptr;
    // Nothing: a position has no price.
    std::optional<Decimal> equity;
    Decimal gross;
    Decimal largest;
    std::int64_t oldest_ms = 0;
    // What was owned when the day began.
    std::optional<Decimal> capital;
  };
  struct Pulse {
    std::map<DeploymentId, risk::EventCount> asked;
    std::map<DeploymentId, risk::EventCount> rejected;
  };
  struct DayStart {
    std::int64_t day = -1;
    std::optional<Decimal> result;
    std::map<DeploymentId, std::optional<Decimal>> deployments;
  };
  using Sums = std::map<AccountId, Sum>;

  static std::set<DeploymentId> DeploymentsOf(const risk::Exposure& exposure);
  [[nodiscard]] Sums SumsOf(const World& world) const;
  [[nodiscard]] risk::BreakerSight SightOf(const risk::BreakerRule& rule, const BreakerKey& key, const World& world,
                                           const Sums& sums) const;
  [[nodiscard]] risk::BreakerSight SightOfAccount(const risk::BreakerRule& rule, const BreakerKey& key,
                                                  const World& world, const Sum& sum) const;
  void SightOfLoss(const BreakerKey& key, const World& world, const Sum& sum, risk::BreakerSight* sight) const;
  template <typename Visit>
  void ForEachKey(const risk::BreakerRule& rule, const World& world, Visit visit) const;
  [[nodiscard]] const risk::BreakerRule* RuleOf(const std::string& name) const;
  void Tell(RiskStore::Target target, const google::protobuf::MessageLite& request);
  void TellOf(const BreakerKey& key, const risk::BreakerRule& rule, const risk::BreakerState& before,
              const risk::BreakerState& after, const risk::BreakerMove& move, UtcTime time);
  bool LookAt(const risk::BreakerRule& rule, const BreakerKey& key, const risk::BreakerSight& sight);
  // Those that no rule holds against anything any more.
  bool DropOrphans(const World& world);
  void FindBlocks();

  BreakerRuleSet rules_;
  Breakers breakers_;
  // Tripped ones, by account (the firm's under none).
  std::map<AccountId, std::vector<BreakerKey>> blocks_;
  // Restored ones have not been seen since: their dwell begins anew.
  bool restored_ = false;
  BreakerChanges dirty_;
  std::vector<RiskStore::Message> messages_;
  std::map<AccountId, Pulse> pulses_;
  std::map<AccountId, DayStart> day_starts_;
  std::map<AccountId, int> open_breaks_;
  std::map<Symbol, risk::PriceRange> ranges_;
  std::optional<std::int64_t> delay_ms_;
};

}  // namespace ballast
