#pragma once

#include "libs/platform/postgres/database.h"
#include "services/risk/store.h"

namespace ballast {

// Risk's part of Postgres: the only SQL here.
class PostgresRiskStore final : public RiskStore {
 public:
  explicit PostgresRiskStore(Database& database) : database_(database) {}

  absl::StatusOr<std::map<AccountId, risk::Limits>> LoadLimits() override;
  absl::StatusOr<risk::Limits> SaveLimits(const Update& update) override;
  absl::StatusOr<std::vector<LimitsRecord>> ListLimits(const AccountId& account, std::uint64_t before,
                                                       int count) override;
  absl::StatusOr<std::vector<risk::LimitSet>> LoadLimitSets() override;
  absl::StatusOr<risk::LimitSet> SaveLimitSet(const SetUpdate& update) override;
  absl::StatusOr<std::vector<risk::v1::LimitSet>> ListLimitSets(int count) override;
  absl::Status EndOverride(const risk::LimitSet& set) override;
  absl::Status SaveLimitChange(const risk::v1::LimitChange& change) override;
  absl::StatusOr<risk::v1::LimitChange> FindLimitChange(const std::string& change_id) override;
  absl::StatusOr<std::vector<risk::v1::LimitChange>> ListLimitChanges(bool pending_only, int count) override;
  absl::StatusOr<Marks> LoadMarks() override;
  absl::StatusOr<ledger::SymbolCloses> LoadCloses() override;
  absl::Status SaveMarks(const Marks& marks, const ledger::SymbolCloses& closes) override;
  absl::StatusOr<std::map<AccountId, KeptExposure>> LoadExposures() override;
  absl::Status SaveExposures(const std::map<AccountId, KeptExposure>& exposures) override;
  absl::StatusOr<Rearmed> SaveRearm(const Rearm& rearm) override;
  absl::StatusOr<BreakerRuleSet> LoadBreakerRules() override;
  absl::StatusOr<BreakerRuleSet> SaveBreakerRules(const RulesUpdate& update) override;
  absl::StatusOr<Breakers> LoadBreakers() override;
  absl::Status SaveBreakers(const BreakerChanges& changes, const std::vector<Message>& messages) override;
  absl::StatusOr<std::vector<Message>> LoadOutbox() override;
  absl::Status RemoveMessages(const std::vector<std::int64_t>& outbox_ids) override;
  absl::Status RefuseMessage(std::int64_t outbox_id, const std::string& why) override;

 private:
  Database& database_;
};

}  // namespace ballast
