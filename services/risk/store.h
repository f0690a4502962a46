#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/ledger/mark_board.h"
#include "libs/risk/limit_book.h"
#include "libs/risk/limits.h"
#include "libs/risk/loss_rules.h"
#include "services/risk/breaker_store.h"
#include "services/risk/exposure_codec.h"

namespace ballast {

// What risk keeps: what it asks of its storage. Blocks. store_test.cc holds whatever implements it to the same
// promises.
class RiskStore {
 public:
  // What cannot be read back from the order log.
  struct EquityMark {
    ledger::DayBaseline baseline;
    risk::LossLatches latches;
    friend bool operator==(const EquityMark&, const EquityMark&) = default;
  };
  using Marks = std::map<AccountId, EquityMark>;

  virtual ~RiskStore() = default;

  virtual absl::StatusOr<std::map<AccountId, risk::Limits>> LoadLimits() = 0;
  // Version `limits.version` + 1 when `limits.version` is the newest (0 when there is none stored); ABORTED otherwise.
  // A repeated request id changes nothing and answers the stored version.
  struct Update {
    AccountId account_id;
    risk::Limits limits;
    std::string reason;
    std::string actor;
    std::string request_id;
  };
  virtual absl::StatusOr<risk::Limits> SaveLimits(const Update& update) = 0;
  // Versions below `before` (0: all), newest first.
  struct LimitsRecord {
    risk::Limits limits;
    std::string reason;
    std::string actor;
    UtcTime update_time;
  };
  virtual absl::StatusOr<std::vector<LimitsRecord>> ListLimits(const AccountId& account, std::uint64_t before,
                                                               int count) = 0;
  // The newest set and the newest override of each scope, those that are over among them.
  virtual absl::StatusOr<std::vector<risk::LimitSet>> LoadLimitSets() = 0;
  // As SaveLimits; of a scope that has none yet the version is 0.
  struct SetUpdate {
    risk::LimitSet set;
    std::string reason;
    std::string actor;
    std::string request_id;
  };
  virtual absl::StatusOr<risk::LimitSet> SaveLimitSet(const SetUpdate& update) = 0;
  // Every version there was, newest first; update_time, updated_by and reason set.
  virtual absl::StatusOr<std::vector<risk::v1::LimitSet>> ListLimitSets(int count) = 0;
  // Tells that an override is over; again and again, it is told once.
  virtual absl::Status EndOverride(const risk::LimitSet& set) = 0;
  // Stores it under its id, in the place of what it was, and tells of it.
  virtual absl::Status SaveLimitChange(const risk::v1::LimitChange& change) = 0;
  // NOT_FOUND: there is none.
  virtual absl::StatusOr<risk::v1::LimitChange> FindLimitChange(const std::string& change_id) = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<risk::v1::LimitChange>> ListLimitChanges(bool pending_only, int count) = 0;
  virtual absl::StatusOr<Marks> LoadMarks() = 0;
  virtual absl::StatusOr<ledger::SymbolCloses> LoadCloses() = 0;
  virtual absl::Status SaveMarks(const Marks& marks, const ledger::SymbolCloses& closes) = 0;
  // One that cannot be read is left out: its account's log is read from the beginning.
  virtual absl::StatusOr<std::map<AccountId, KeptExposure>> LoadExposures() = 0;
  // After the marks: an account whose exposure is stored has its marks stored.
  virtual absl::Status SaveExposures(const std::map<AccountId, KeptExposure>& exposures) = 0;
  // A person's word that tripped rules are over, and the account's marks after it. Answers the rules of the first
  // request with this id; ALREADY_EXISTS when that one said something else.
  struct Rearm {
    AccountId account_id;
    std::vector<std::string> asked;
    std::vector<std::string> rearmed;
    std::string reason;
    std::string actor;
    std::string request_id;
    // Nothing: no loss rule is asked about.
    std::optional<EquityMark> after;
    // Breakers of the account, or (no account) of the firm.
    BreakerChanges breakers;
    // The trips that it takes back, as they were when it was asked for. Not stored.
    risk::LossLatches losses = {};
    std::map<BreakerKey, risk::BreakerTrip> trips = {};
  };
  struct Rearmed {
    std::vector<std::string> rules;
    // The request had been made before: nothing changed now.
    bool repeated = false;
  };
  virtual absl::StatusOr<Rearmed> SaveRearm(const Rearm& rearm) = 0;

  // What others are to be told of the above, stored with it: changed limits, rules re-armed and tripped.
  enum class Target { kAudit = 1, kAlerts = 2, kOrders = 3 };
  static constexpr Target kTargets[] = {Target::kAudit, Target::kAlerts, Target::kOrders};
  struct Message {
    std::int64_t outbox_id = 0;
    Target target = Target::kAudit;
    // The request of the target's call, serialised.
    std::string request;
  };
  // The defaults when none were ever stored.
  virtual absl::StatusOr<BreakerRuleSet> LoadBreakerRules() = 0;
  // As SaveLimits.
  struct RulesUpdate {
    BreakerRuleSet rules;
    std::string reason;
    std::string actor;
    std::string request_id;
  };
  virtual absl::StatusOr<BreakerRuleSet> SaveBreakerRules(const RulesUpdate& update) = 0;
  virtual absl::StatusOr<Breakers> LoadBreakers() = 0;
  // With what others are to be told of it; the messages' ids are the store's to give.
  virtual absl::Status SaveBreakers(const BreakerChanges& changes, const std::vector<Message>& messages) = 0;
  // Oldest first, so many at most for each target: what waits for one that is away is in nobody's way.
  static constexpr int kOutboxPage = 200;
  virtual absl::StatusOr<std::vector<Message>> LoadOutbox() = 0;
  virtual absl::Status RemoveMessages(const std::vector<std::int64_t>& outbox_ids) = 0;
  // It stays, and is not loaded again.
  virtual absl::Status RefuseMessage(std::int64_t outbox_id, const std::string& why) = 0;
};

}  // namespace ballast
