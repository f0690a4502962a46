#pragma once

#include <algorithm>
#include <memory>

#include "libs/platform/thread/mutex.h"
#include "services/order_management/lease_journal.h"

namespace ballast {

// Leases without a database, for tests; several managers share a Table.
class MemoryLeases final : public LeaseJournal {
 public:
  struct Table {
    Mutex mutex;
    std::vector<orders::Lease> rows GUARDED_BY(mutex) = {orders::Lease{.shard = 0, .epoch = 1}};
  };

  explicit MemoryLeases(std::shared_ptr<Table> table) : table_(std::move(table)) {}

  absl::StatusOr<std::vector<orders::Lease>> Read() override {
    MutexLock lock(table_->mutex);
    return table_->rows;
  }
  absl::Status Renew(const std::string& owner) override {
    MutexLock lock(table_->mutex);
    for (orders::Lease& row : table_->rows) {
      if (row.owner == owner) ++row.renewals;
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::uint64_t> Claim(int shard, std::uint64_t epoch, const std::string& owner,
                                      const std::string& address) override {
    MutexLock lock(table_->mutex);
    std::uint64_t newest = 0;
    for (const orders::Lease& row : table_->rows) newest = std::max(newest, row.epoch);
    for (orders::Lease& row : table_->rows) {
      if (row.shard != shard || row.epoch != epoch) continue;
      row = {.shard = shard, .owner = owner, .address = address, .epoch = newest + 1};
      return row.epoch;
    }
    return absl::AbortedError("another one has taken the shard");
  }
  absl::Status Want(int shard, const std::string& by) override {
    MutexLock lock(table_->mutex);
    for (orders::Lease& row : table_->rows) {
      if (row.shard == shard) row.wanted_by = by;
    }
    return absl::OkStatus();
  }
  absl::Status GiveBack(int shard, std::uint64_t epoch) override {
    MutexLock lock(table_->mutex);
    for (orders::Lease& row : table_->rows) {
      if (row.shard == shard && row.epoch == epoch) row.owner = row.address = "";
    }
    return absl::OkStatus();
  }
  absl::Status Arrange(int shards, const std::vector<orders::Lease>& seen) override {
    MutexLock lock(table_->mutex);
    bool same = seen.size() == table_->rows.size();
    std::uint64_t epoch = 0;
    for (std::size_t i = 0; same && i < seen.size(); ++i) {
      same = seen[i].epoch == table_->rows[i].epoch && seen[i].renewals == table_->rows[i].renewals;
      epoch = std::max(epoch, seen[i].epoch);
    }
    if (!same) return absl::AbortedError("somebody has changed the shards");
    table_->rows.clear();
    for (int shard = 0; shard < shards; ++shard) table_->rows.push_back({.shard = shard, .epoch = epoch + 1});
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<Table> table_;
};

}  // namespace ballast
