#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/algo_store.h"

namespace ballast {

// What survives a crash; several stores over one of these are the processes of one service, one after another.
struct MemoryAlgoTables {
  std::uint64_t epoch = 0;
  std::map<std::string, execution::v1::KeptAlgoOrder> orders;
  std::map<std::string, std::map<std::uint32_t, execution::v1::ChildOrder>> children;
};

// The store without a database. One thread.
class MemoryAlgoStore final : public AlgoStore {
 public:
  explicit MemoryAlgoStore(std::shared_ptr<MemoryAlgoTables> tables = std::make_shared<MemoryAlgoTables>())
      : tables_(std::move(tables)) {}

  absl::Status Fence() override {
    epoch_ = ++tables_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Row>> LoadActive() override {
    std::vector<Row> rows;
    for (const std::string& id : NewestFirst()) {
      const execution::v1::KeptAlgoOrder& kept = tables_->orders[id];
      if (IsActive(kept.order().status()) || kept.watched() || kept.alert_due()) rows.insert(rows.begin(), *RowOf(id));
    }
    return rows;
  }
  absl::StatusOr<bool> Any() override { return !tables_->orders.empty(); }
  absl::StatusOr<std::optional<Row>> Find(const std::string& algo_order_id) override { return RowOf(algo_order_id); }
  absl::StatusOr<std::vector<Row>> Read(const Range& range) override {
    std::vector<Row> rows;
    for (const std::string& id : NewestFirst()) {
      const execution::v1::AlgoOrder& order = tables_->orders[id].order();
      UtcTime created = wire::FromProto(order.create_time());
      auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
      bool wanted = fits(range.account_id, order.spec().account_id()) &&
                    fits(range.deployment_id, order.spec().deployment_id()) &&
                    fits(range.symbol, order.spec().symbol()) && created >= range.from && created < range.to;
      if (wanted && rows.size() < static_cast<std::size_t>(range.most)) rows.push_back(*RowOf(id));
    }
    return rows;
  }
  absl::Status Save(const Batch& batch) override {
    if (!failures_.empty()) {
      auto [status, applied] = failures_.front();
      failures_.pop_front();
      if (applied) Apply(batch);
      return status;
    }
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    Apply(batch);
    return absl::OkStatus();
  }
  absl::StatusOr<execution::v1::ListAlgoOrdersResponse> List(
      const execution::v1::ListAlgoOrdersRequest& request) override {
    ASSIGN_OR_RETURN(AlgoPage page, AlgoPage::Of(request));
    execution::v1::ListAlgoOrdersResponse response;
    for (const std::string& id : NewestFirst()) {
      const execution::v1::AlgoOrder& order = tables_->orders[id].order();
      bool before = page.before_id.empty() || std::pair(wire::FromProto(order.create_time()).nanos, id) <
                                                  std::pair(page.before_nanos, page.before_id);
      bool wanted = (request.account_id().empty() || request.account_id() == order.spec().account_id()) &&
                    (!request.active_only() || IsActive(order.status()));
      if (before && wanted && response.algo_orders_size() < page.size) *response.add_algo_orders() = order;
    }
    page.Close(response);
    return response;
  }

  // The next Save answers this; `applied`: it was done all the same, as when only the answer is lost.
  void FailNext(absl::Status status, bool applied = false) { failures_.emplace_back(std::move(status), applied); }

 private:
  std::vector<std::string> NewestFirst() {
    std::vector<std::pair<std::int64_t, std::string>> all;
    for (const auto& [id, kept] : tables_->orders)
      all.emplace_back(wire::FromProto(kept.order().create_time()).nanos, id);
    std::sort(all.rbegin(), all.rend());
    std::vector<std::string> ids;
    for (auto& one : all) ids.push_back(std::move(one.second));
    return ids;
  }
  std::optional<Row> RowOf(const std::string& id) {
    auto found = tables_->orders.find(id);
    if (found == tables_->orders.end()) return std::nullopt;
    Row row{.kept = found->second};
    for (const auto& [number, child] : tables_->children[id]) row.children.push_back(child);
    return row;
  }
  void Apply(const Batch& batch) {
    for (const Row& row : batch.rows) {
      const std::string& id = row.kept.order().algo_order_id();
      tables_->orders[id] = row.kept;
      for (const execution::v1::ChildOrder& child : row.children) tables_->children[id][child.number()] = child;
    }
  }

  std::shared_ptr<MemoryAlgoTables> tables_;
  std::uint64_t epoch_ = 0;
  std::deque<std::pair<absl::Status, bool>> failures_;
};

}  // namespace ballast
