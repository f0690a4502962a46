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
  }

  std::shared_ptr<MemoryStrategyTables> tables_;
  std::uint64_t epoch_ = 0;
  std::deque<Failure> failures_;
};

}  // namespace ballast
