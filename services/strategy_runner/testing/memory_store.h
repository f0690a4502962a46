#pragma once

#include <deque>
#include <memory>

#include "libs/base/absl_std.h"
#include "services/strategy_runner/store.h"

namespace ballast {

// What survives a crash; several stores over one of these are the processes of one service, one after another.
struct MemoryStrategyTables {
  std::uint64_t epoch = 0;
  std::map<std::string, DeploymentRow> rows;
  std::map<std::string, std::map<Symbol, strategy::SymbolState>> states;
  std::map<std::string, std::map<std::uint64_t, StoredDecision>> decisions;
  std::map<std::string, OrderCursor> cursors;
  std::map<std::pair<std::string, int>, session::v1::DayEndPolicy> day_end_policies;
  std::map<std::tuple<std::string, int, std::int64_t>, session::v1::DayEnd> day_ends;
  std::map<std::string, graduation::v1::KeptGraduation> graduations;
};

// The store without a database. One thread.
class MemoryStrategyStore final : public StrategyStore {
 public:
  explicit MemoryStrategyStore(std::shared_ptr<MemoryStrategyTables> tables = std::make_shared<MemoryStrategyTables>())
      : tables_(std::move(tables)) {}

  absl::Status Fence() override {
    epoch_ = ++tables_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Loaded>> Load() override {
    std::vector<Loaded> loaded;
    for (const auto& [id, row] : tables_->rows) {
      Loaded& one = loaded.emplace_back(Loaded{.row = row, .states = tables_->states[id]});
      for (const auto& [sequence, decision] : tables_->decisions[id]) {
        if (decision.open) one.open_decisions.push_back(decision);
      }
    }
    return loaded;
  }
  absl::StatusOr<std::map<std::string, OrderCursor>> LoadCursors() override { return tables_->cursors; }

  absl::StatusOr<DayEnds> LoadDayEnds() override {
    DayEnds all;
    for (const auto& [key, policy] : tables_->day_end_policies) all.policies.push_back(policy);
    for (const auto& [key, day_end] : tables_->day_ends) all.ends.push_back(day_end);
    return all;
  }

  absl::StatusOr<std::vector<graduation::v1::KeptGraduation>> LoadGraduations() override {
    std::vector<graduation::v1::KeptGraduation> all;
    for (const auto& [id, one] : tables_->graduations) all.push_back(one);
    return all;
  }

  absl::Status Save(const Batch& batch) override {
    ++saves;
    if (!failures_.empty()) {
      Failure failure = failures_.front();
      failures_.pop_front();
      if (failure.applied) Apply(batch);
      return failure.status;
    }
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    Apply(batch);
    return absl::OkStatus();
  }
  absl::StatusOr<strategy::v1::ListDecisionsResponse> ListDecisions(
      const strategy::v1::ListDecisionsRequest& request) override {
    ASSIGN_OR_RETURN(DecisionPage page, DecisionPage::Of(request));
    if (!tables_->rows.contains(request.deployment_id()))
      return absl::NotFoundError(ToAbsl("there is no deployment '" + request.deployment_id() + "'"));
    strategy::v1::ListDecisionsResponse response;
    const auto& all = tables_->decisions[request.deployment_id()];
    for (auto at = all.rbegin(); at != all.rend() && response.decisions_size() < page.size; ++at) {
      if (static_cast<std::int64_t>(at->first) < page.before) *response.add_decisions() = at->second.decision;
    }
    page.Close(response);
    return response;
  }

  // The next Save answers this; `applied`: it was done all the same, as when only the answer is lost.
  void FailNext(absl::Status status, bool applied = false) { failures_.push_back({std::move(status), applied}); }
  [[nodiscard]] const MemoryStrategyTables& tables() const { return *tables_; }

  int saves = 0;

 private:
  struct Failure {
    absl::Status status;
    bool applied;
  };
  void Apply(const Batch& batch) {
    for (const DeploymentRow& row : batch.rows) {
      UtcTime created =
          tables_->rows.contains(row.deployment_id) ? tables_->rows[row.deployment_id].create_time : row.create_time;
      tables_->rows[row.deployment_id] = row;
      tables_->rows[row.deployment_id].create_time = created;
    }
    for (const auto& [id, states] : batch.states) {
      for (const auto& [symbol, state] : states) tables_->states[id][symbol] = state;
    }
    for (const StoredDecision& decision : batch.decisions) {
      StoredDecision& kept = tables_->decisions[decision.decision.deployment_id()][decision.decision.sequence()];
      // What it sends is never changed.
      auto submit = kept.submit ? kept.submit : decision.submit;
      kept = decision;
      kept.submit = submit;
    }
    for (const auto& [account, cursor] : batch.cursors) tables_->cursors[account] = cursor;
    for (const auto& policy : batch.day_end_policies)
      tables_->day_end_policies[{policy.account_id(), policy.calendar()}] = policy;
    for (const auto& one : batch.graduations) tables_->graduations[one.graduation().deployment_id()] = one;
    for (const auto& day_end : batch.day_ends)
      tables_->day_ends[{day_end.account_id(), day_end.calendar(), day_end.close_time().seconds()}] = day_end;
  }

  std::shared_ptr<MemoryStrategyTables> tables_;
  std::uint64_t epoch_ = 0;
  std::deque<Failure> failures_;
};

}  // namespace ballast
