#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/ledger/mark_board.h"
#include "libs/platform/postgres/database.h"
#include "libs/risk/limits.h"
#include "libs/risk/loss_rules.h"
#include "services/risk/exposure_codec.h"

namespace ballast {

// Risk's part of Postgres: the only SQL here. Blocks.
class RiskStore {
 public:
  // What cannot be read back from the order log.
  struct EquityMark {
    ledger::DayBaseline baseline;
    risk::LossLatches latches;
    friend bool operator==(const EquityMark&, const EquityMark&) = default;
  };
  using Marks = std::map<AccountId, EquityMark>;
  using Closes = std::map<Symbol, ledger::MarkBoard::Closes>;
  explicit RiskStore(Database& database) : database_(database) {}

  absl::StatusOr<std::map<AccountId, risk::Limits>> LoadLimits();
  // Version `limits.version` + 1 when `limits.version` is the newest (0 when there is none stored); ABORTED otherwise.
  // A repeated request id changes nothing and answers the stored version.
  struct Update {
    AccountId account_id;
    risk::Limits limits;
    std::string reason;
    std::string actor;
    std::string request_id;
  };
  absl::StatusOr<risk::Limits> SaveLimits(const Update& update);
  absl::StatusOr<Marks> LoadMarks();
  absl::StatusOr<Closes> LoadCloses();
  absl::Status SaveMarks(const Marks& marks, const Closes& closes);
  // One that cannot be read is left out: its account's log is read from the beginning.
  absl::StatusOr<std::map<AccountId, KeptExposure>> LoadExposures();
  // After the marks: an account whose exposure is stored has its marks stored.
  absl::Status SaveExposures(const std::map<AccountId, KeptExposure>& exposures);
  // A person's word that tripped rules are over, and the account's marks after it. Answers the rules of the first
  // request with this id; ALREADY_EXISTS when that one said something else.
  struct Rearm {
    AccountId account_id;
    std::vector<std::string> asked;
    std::vector<std::string> rearmed;
    std::string reason;
    std::string actor;
    std::string request_id;
    EquityMark after;
  };
  struct Rearmed {
    std::vector<std::string> rules;
    // The request had been made before: nothing changed now.
    bool repeated = false;
  };
  absl::StatusOr<Rearmed> SaveRearm(const Rearm& rearm);

  // What others are to be told of the above, stored with it: changed limits, rules re-armed and tripped.
  enum class Target { kAudit = 1, kAlerts = 2 };
  struct Message {
    std::int64_t outbox_id = 0;
    Target target = Target::kAudit;
    // The request of the target's call, serialised.
    std::string request;
  };
  // Oldest first, so many at most for each target: what waits for one that is away is in nobody's way.
  static constexpr int kOutboxPage = 200;
  absl::StatusOr<std::vector<Message>> LoadOutbox();
  absl::Status RemoveMessages(const std::vector<std::int64_t>& outbox_ids);
  // It stays, and is not loaded again.
  absl::Status RefuseMessage(std::int64_t outbox_id, const std::string& why);

 private:
  Database& database_;
};

}  // namespace ballast
