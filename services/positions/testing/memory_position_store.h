#pragma once

#include <map>
#include <memory>
#include <utility>

#include "libs/runtime/testing/faults.h"
#include "services/positions/store.h"

namespace ballast {

// Books and fills without a database, for tests. What it keeps is a Disk, which outlives the stores of one process
// after another, and which fails when it is told to.
class MemoryPositionStore final : public PositionStore {
 public:
  struct Disk {
    std::uint64_t epoch = 0;
    AccountBooks books;
    std::map<AccountId, std::map<std::uint64_t, Fill>> fills;
    std::map<std::pair<AccountId, UtcTime>, EquityMark> points;
    ledger::SymbolCloses closes;
    runtime::Faults faults;
  };

  explicit MemoryPositionStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Fence() override {
    epoch_ = ++disk_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<AccountBooks> Load() override { return disk_->books; }
  absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadSequences() override {
    std::map<AccountId, std::uint64_t> sequences;
    for (const auto& [id, book] : disk_->books) sequences[id] = book.totals().sequence;
    return sequences;
  }
  absl::Status Save(const AccountBooks& books, const std::map<AccountId, Batch>& batches) override {
    return disk_->faults.Commit([&] { return Apply(books, batches); });
  }
  absl::Status SaveMarks(const AccountBooks& books, const std::vector<EquityMark>& marks,
                         const ledger::SymbolCloses& closes) override {
    return disk_->faults.Commit([&]() -> absl::Status {
      if (epoch_ != disk_->epoch) return Overtaken();
      for (const auto& [id, book] : books) {
        if (disk_->books.contains(id)) disk_->books[id] = Marked(disk_->books[id], book);
      }
      for (const EquityMark& mark : marks) disk_->points.try_emplace({mark.account_id, mark.time}, mark);
      for (const auto& [symbol, both] : closes) disk_->closes.insert_or_assign(symbol, both);
      return absl::OkStatus();
    });
  }
  absl::StatusOr<ledger::SymbolCloses> LoadCloses() override { return disk_->closes; }
  absl::StatusOr<std::map<ExecutionId, std::uint64_t>> LoadBooked(const AccountId& account,
                                                                  const std::vector<Fill>& fills) override {
    std::map<ExecutionId, std::uint64_t> booked;
    for (const auto& [sequence, there] : disk_->fills[account]) {
      for (const Fill& fill : fills) {
        if (fill.execution_id == there.execution_id) booked[fill.execution_id] = sequence;
      }
    }
    return booked;
  }
  absl::Status ThinEquity() override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account, std::uint64_t after, int limit) override {
    std::vector<Fill> page;
    const auto& fills = disk_->fills[account];
    for (auto at = fills.upper_bound(after); at != fills.end() && page.size() < static_cast<std::size_t>(limit); ++at) {
      page.push_back(at->second);
    }
    return page;
  }

  absl::StatusOr<std::vector<Fill>> LoadFillsOf(const AccountId& account, const ExecutionId& root) override {
    std::vector<Fill> found;
    for (const auto& [sequence, fill] : disk_->fills[account]) {
      if (fill.execution_id == root || fill.exec_ref_id == root) found.push_back(fill);
    }
    return found;
  }

 private:
  static absl::Status Overtaken() { return absl::FailedPreconditionError("a newer process has taken over"); }

  absl::Status Apply(const AccountBooks& books, const std::map<AccountId, Batch>& batches) {
    if (epoch_ != disk_->epoch) return Overtaken();
    for (const auto& [id, batch] : batches) {
      auto there = disk_->books.find(id);
      std::uint64_t sequence = there == disk_->books.end() ? 0 : there->second.totals().sequence;
      if (sequence != batch.after) return absl::AbortedError("the stored account is not where the batch begins");
      std::map<ExecutionId, std::uint64_t> booked;
      for (const auto& [number, fill] : disk_->fills[id]) booked[fill.execution_id] = number;
      for (const Fill& fill : batch.fills) {
        if (!booked.try_emplace(fill.execution_id, fill.sequence).second) {
          return absl::AlreadyExistsError("the execution is booked already");
        }
      }
    }
    for (const auto& [id, batch] : batches) {
      disk_->books[id] = books.at(id);
      for (const Fill& fill : batch.fills) disk_->fills[id][fill.sequence] = fill;
    }
    return absl::OkStatus();
  }

  // What marks move of it, and nothing else.
  static positions::AccountBook Marked(const positions::AccountBook& stored, const positions::AccountBook& marked) {
    positions::AccountBook::Totals totals = stored.totals();
    totals.baseline = marked.totals().baseline;
    auto net = stored.net();
    auto books = stored.books();
    auto book_totals = stored.book_totals();
    auto widen = [](auto& holdings, const auto& by) {
      for (auto& [key, holding] : holdings) {
        auto found = by.find(key);
        if (found == by.end() || found->second.open_time != holding.open_time) continue;
        holding.highest = found->second.highest;
        holding.lowest = found->second.lowest;
      }
    };
    widen(net, marked.net());
    widen(books, marked.books());
    for (auto& [id, one] : book_totals) {
      auto found = marked.book_totals().find(id);
      if (found == marked.book_totals().end()) continue;
      one.peak_pnl = found->second.peak_pnl;
      one.max_drawdown = found->second.max_drawdown;
      one.day_start_pnl = found->second.day_start_pnl;
      one.day_start_unknown = found->second.day_start_unknown;
    }
    return {totals, std::move(net), std::move(books), std::move(book_totals)};
  }

  std::shared_ptr<Disk> disk_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
