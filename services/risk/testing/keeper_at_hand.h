#pragma once

#include <utility>

#include "services/risk/keeper.h"

namespace ballast {

// A storage that answers where it is asked.
class StorageAtHand : public RiskStorage {
 public:
  explicit StorageAtHand(RiskStore& store) : store_(store) {}
  void Write(Work work, Then then) override {
    work(store_);
    then();
  }
  [[nodiscard]] bool Read(Work work, Then then) override {
    Write(std::move(work), std::move(then));
    return true;
  }

 private:
  RiskStore& store_;
};

// A keeper whose storage answers at once, so that its calls can be written as if they returned what they answer.
class KeeperAtHand : private StorageAtHand, public RiskKeeper {
 public:
  KeeperAtHand(RiskStore& store, const Clock& clock, Logger& log, Metrics& metrics)
      : StorageAtHand(store), RiskKeeper(static_cast<RiskStorage&>(*this), clock, log, metrics), kept_(store) {}

  absl::Status Recover() { return RiskKeeper::Recover(kept_); }
  // False too when it waits: whoever asks so is told at once or not at all.
  bool OnStep(Step step) {
    // Its answer may come when this has returned.
    auto taken = std::make_shared<bool>(false);
    RiskKeeper::OnStep(std::move(step), [taken](bool ok) { *taken = ok; });
    return *taken;
  }
  void SaveAll() { RiskKeeper::SaveAll({}); }
  absl::StatusOr<Changed> UpdateLimits(const RiskStore::Update& update) {
    return Answer<absl::StatusOr<Changed>>([&](auto done) { RiskKeeper::UpdateLimits(update, std::move(done)); });
  }
  absl::Status SetScopedLimits(const RiskStore::SetUpdate& update, risk::v1::SetScopedLimitsResponse* response) {
    return Answer<absl::Status>([&](auto done) { RiskKeeper::SetScopedLimits(update, response, std::move(done)); });
  }
  absl::Status ListScopedLimits(bool history, risk::v1::ListScopedLimitsResponse* response) {
    return Answer<absl::Status>([&](auto done) { RiskKeeper::ListScopedLimits(history, response, std::move(done)); });
  }
  absl::Status ListLimitChanges(bool pending_only, risk::v1::ListLimitChangesResponse* response) {
    return Answer<absl::Status>(
        [&](auto done) { RiskKeeper::ListLimitChanges(pending_only, response, std::move(done)); });
  }
  absl::Status DecideLimitChange(const risk::v1::DecideLimitChangeRequest& request, risk::v1::LimitChange* change) {
    return Answer<absl::Status>([&](auto done) { RiskKeeper::DecideLimitChange(request, change, std::move(done)); });
  }
  absl::Status Rearm(const risk::v1::RearmLossRulesRequest& request, risk::v1::RearmLossRulesResponse* response) {
    return Answer<absl::Status>([&](auto done) { RiskKeeper::Rearm(request, response, std::move(done)); });
  }
  absl::StatusOr<BreakerRuleSet> UpdateBreakerRules(const RiskStore::RulesUpdate& update) {
    return Answer<absl::StatusOr<BreakerRuleSet>>(
        [&](auto done) { RiskKeeper::UpdateBreakerRules(update, std::move(done)); });
  }
  absl::Status RearmBreakers(const risk::v1::RearmBreakersRequest& request, risk::v1::RearmBreakersResponse* response) {
    return Answer<absl::Status>([&](auto done) { RiskKeeper::RearmBreakers(request, response, std::move(done)); });
  }
  absl::StatusOr<History> LimitsHistory(const std::string& account, std::uint64_t before, int count) {
    return Answer<absl::StatusOr<History>>(
        [&](auto done) { RiskKeeper::LimitsHistory(account, before, count, std::move(done)); });
  }

 private:
  template <typename T, typename Ask>
  static T Answer(const Ask& ask) {
    T answer = absl::InternalError("not answered");
    ask(Done<T>([&](T given) { answer = std::move(given); }));
    return answer;
  }

  RiskStore& kept_;
};

}  // namespace ballast
