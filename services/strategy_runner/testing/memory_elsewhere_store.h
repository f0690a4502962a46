#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/wire/wire.h"
#include "services/strategy_runner/elsewhere_store.h"

namespace ballast {

// What survives a crash.
struct MemoryElsewhereTables {
  std::uint64_t epoch = 0;
  std::map<std::string, execution::v1::ElsewhereOrder> orders;
  ElsewhereStore::Cursors cursors;
  int saves = 0;
  // The next saves are not done.
  int refuse_saves = 0;
};

// The store without a database. One thread.
class MemoryElsewhereStore final : public ElsewhereStore {
 public:
  explicit MemoryElsewhereStore(std::shared_ptr<MemoryElsewhereTables> tables) : tables_(std::move(tables)) {}

  absl::Status Fence() override {
    epoch_ = ++tables_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<Cursors> LoadCursors() override { return tables_->cursors; }
  absl::StatusOr<std::vector<execution::v1::ElsewhereOrder>> Read(const Range& range) override {
    auto place = [](const execution::v1::ElsewhereOrder& row) {
      return std::pair(wire::FromProto(row.reject_time()).nanos, row.order().order_id());
    };
    std::vector<execution::v1::ElsewhereOrder> rows;
    for (const auto& [id, row] : tables_->orders) {
      if (range.active_only && !IsActive(row.state())) continue;
      if (range.before_id.empty() || place(row) < std::pair(range.before_nanos, range.before_id)) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [&](const auto& one, const auto& other) { return place(one) > place(other); });
    if (rows.size() > static_cast<std::size_t>(range.most)) rows.resize(static_cast<std::size_t>(range.most));
    return rows;
  }
  absl::Status Save(const Batch& batch) override {
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    if (tables_->refuse_saves > 0 && tables_->refuse_saves--) return absl::UnavailableError("not stored");
    ++tables_->saves;
    for (const execution::v1::ElsewhereOrder& row : batch.made) tables_->orders.emplace(row.order().order_id(), row);
    for (const execution::v1::ElsewhereOrder& row : batch.changed) tables_->orders[row.order().order_id()] = row;
    if (batch.cursors) tables_->cursors = *batch.cursors;
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<MemoryElsewhereTables> tables_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
