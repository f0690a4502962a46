#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/wire/wire.h"
#include "services/strategy_runner/order_quality_store.h"

namespace ballast {

// What survives a crash.
struct MemoryOrderQualityTables {
  std::uint64_t epoch = 0;
  std::map<std::string, OrderQualityStore::Row> rows;
  OrderQualityStore::Cursors cursors;
  int saves = 0;
  // The next saves are not done.
  int refuse_saves = 0;
};

// The store without a database. One thread.
class MemoryOrderQualityStore final : public OrderQualityStore {
 public:
  explicit MemoryOrderQualityStore(std::shared_ptr<MemoryOrderQualityTables> tables) : tables_(std::move(tables)) {}

  absl::Status Fence() override {
    epoch_ = ++tables_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<Cursors> LoadCursors() override { return tables_->cursors; }
  absl::StatusOr<std::vector<Row>> LoadWatched(int most) override {
    return Newest(most, [](const Row& row) { return row.watched; });
  }
  absl::StatusOr<std::optional<Row>> Find(const std::string& order_id) override {
    auto found = tables_->rows.find(order_id);
    return found == tables_->rows.end() ? std::optional<Row>() : std::optional(found->second);
  }
  absl::StatusOr<std::vector<Row>> Read(const Range& range) override {
    return Newest(range.most, [&](const Row& row) {
      const UtcTime made = wire::FromProto(row.kept.create_time());
      auto is = [](const std::string& asked, const std::string& one) { return asked.empty() || asked == one; };
      return !row.child && is(range.account_id, row.kept.account_id()) &&
             is(range.deployment_id, row.kept.deployment_id()) && is(range.symbol, row.kept.symbol()) &&
             made >= range.from && made < range.to;
    });
  }
  absl::Status Save(const Batch& batch) override {
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    if (tables_->refuse_saves > 0 && tables_->refuse_saves--) return absl::UnavailableError("not stored");
    ++tables_->saves;
    for (const Row& row : batch.rows) tables_->rows[row.kept.order_id()] = row;
    if (batch.cursors) tables_->cursors = *batch.cursors;
    return absl::OkStatus();
  }
  absl::Status Trim(std::int64_t most) override {
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    std::vector<Row> all = Newest(1'000'000, [](const Row&) { return true; });
    for (std::size_t i = static_cast<std::size_t>(most); i < all.size(); ++i) {
      if (!all[i].watched) tables_->rows.erase(all[i].kept.order_id());
    }
    return absl::OkStatus();
  }

 private:
  template <typename Fits>
  std::vector<Row> Newest(int most, Fits fits) const {
    auto place = [](const Row& row) {
      return std::pair(wire::FromProto(row.kept.create_time()).nanos, row.kept.order_id());
    };
    std::vector<Row> rows;
    for (const auto& [id, row] : tables_->rows) {
      if (fits(row)) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [&](const Row& one, const Row& other) { return place(one) > place(other); });
    if (rows.size() > static_cast<std::size_t>(most)) rows.resize(static_cast<std::size_t>(most));
    return rows;
  }

  std::shared_ptr<MemoryOrderQualityTables> tables_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
