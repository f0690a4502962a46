#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/runtime/testing/faults.h"
#include "services/broker_gateway/store.h"

namespace ballast {

// What the gateway keeps without a database, for tests. What it keeps is a Disk, which outlives the stores of one
// process after another, and which fails when it is told to. One thread.
class MemoryBrokerStore final : public BrokerStore {
 public:
  struct Disk {
    std::uint64_t epoch = 0;
    std::map<AccountId, std::vector<broker::v1::ExecutionReport>> reports;
    std::map<AccountId, std::vector<broker::v1::ExecutionReport>> trades;
    std::map<OrderId, BrokerCommit::VenueOrder> orders;
    std::map<AccountId, paper::Ledger> ledgers;
    std::map<OrderId, broker::OrderDesk::Kept> kept;
    VenueDesks::Brokers brokers;
    std::map<AccountId, std::uint64_t> epochs;
    std::map<std::string, market::SourceState> markets;
    // By source, symbol, timeframe and start.
    std::map<std::tuple<std::string, Symbol, std::string, std::int64_t>, Bar> bars;
    runtime::Faults faults;
  };

  explicit MemoryBrokerStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Fence() override {
    epoch_ = ++disk_->epoch;
    return absl::OkStatus();
  }
  absl::Status Append(const BrokerCommit& commit) override {
    return disk_->faults.Commit([&]() -> absl::Status {
      RETURN_IF_ERROR(Fenced());
      std::map<AccountId, std::uint64_t> first;
      for (const broker::v1::ExecutionReport& report : commit.reports)
        first.try_emplace(AccountId(report.account_id()), report.execution_sequence());
      for (const auto& [account, number] : first) {
        const auto& there = disk_->reports[account];
        if (!there.empty() && there.back().execution_sequence() >= number)
          return absl::AlreadyExistsError("a number of a report is given already");
      }
      for (const auto& report : commit.reports) disk_->reports[AccountId(report.account_id())].push_back(report);
      for (const auto& trade : commit.trades) disk_->trades[AccountId(trade.account_id())].push_back(trade);
      for (const BrokerCommit::VenueOrder& each : commit.orders)
        disk_->orders.insert_or_assign(each.order.order_id, each);
      for (const paper::Ledger& ledger : commit.ledgers) disk_->ledgers.insert_or_assign(ledger.account_id, ledger);
      for (const auto& [id, kept] : commit.kept) {
        if (kept)
          disk_->kept.insert_or_assign(id, *kept);
        else
          disk_->kept.erase(id);
      }
      disk_->brokers.insert(commit.joined.begin(), commit.joined.end());
      if (commit.market) KeepMarket(*commit.market, commit.bars);
      return absl::OkStatus();
    });
  }

  absl::Status LoadBroker(paper::PaperBroker& venue) override {
    for (const auto& [id, ledger] : disk_->ledgers) {
      paper::Ledger stored = ledger;
      auto trades = disk_->trades.find(id);
      bool none = trades == disk_->trades.end() || trades->second.empty();
      stored.trades = none ? 0 : trades->second.back().execution_sequence();
      venue.RestoreLedger(std::move(stored));
    }
    UtcTime newest;
    for (const auto& [id, each] : disk_->orders) newest = std::max(newest, each.order.create_time);
    venue.RestoreForgotten(newest);
    for (const auto& [id, each] : disk_->orders) {
      if (!IsTerminal(each.order.status)) venue.RestoreOrder(each.order, each.state);
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<broker::OrderDesk::Kept>> LoadKept() override {
    std::vector<broker::OrderDesk::Kept> all;
    for (const auto& [id, kept] : disk_->kept) all.push_back(kept);
    return all;
  }
  absl::StatusOr<VenueDesks::Brokers> LoadBrokers() override { return disk_->brokers; }
  absl::StatusOr<Order> LoadOrder(const OrderId& id) override {
    auto found = disk_->orders.find(id);
    if (found == disk_->orders.end()) return absl::NotFoundError("the gateway never received this order");
    return found->second.order;
  }
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadExecutions(const AccountId& account, std::uint64_t after,
                                                                          int limit) override {
    return PageOf(disk_->reports[account], after, limit);
  }
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadVenueTrades(const AccountId& account,
                                                                           std::uint64_t after, int limit) override {
    return PageOf(disk_->trades[account], after, limit);
  }
  absl::Status SaveEpochs(const std::set<AccountId>& accounts, std::uint64_t epoch) override {
    for (const AccountId& account : accounts) disk_->epochs[account] = std::max(disk_->epochs[account], epoch);
    return absl::OkStatus();
  }
  absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadEpochs() override { return disk_->epochs; }

  absl::Status SaveMarket(const market::SourceState& state, const std::vector<Bar>& bars) override {
    return disk_->faults.Commit([&]() -> absl::Status {
      RETURN_IF_ERROR(Fenced());
      KeepMarket(state, bars);
      return absl::OkStatus();
    });
  }
  absl::StatusOr<market::SourceState> LoadMarket(const std::string& key) override {
    auto found = disk_->markets.find(key);
    return found == disk_->markets.end() ? market::SourceState{.key = key} : found->second;
  }
  absl::Status RefuseOtherReplay(const std::string& key) override {
    for (const auto& [other, state] : disk_->markets) {
      if (other.starts_with("replay:") && other != key && state.step > 0)
        return absl::FailedPreconditionError(ToAbsl("other recorded data was begun here: " + other));
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Bar>> LoadBars(const std::string& key, const Symbol& symbol, const std::string& timeframe,
                                            int limit) override {
    std::vector<Bar> bars;
    for (const auto& [place, bar] : disk_->bars) {
      if (std::get<0>(place) == key && std::get<1>(place) == symbol && std::get<2>(place) == timeframe)
        bars.push_back(bar);
    }
    if (static_cast<int>(bars.size()) > limit) bars.erase(bars.begin(), bars.end() - limit);
    return bars;
  }

 private:
  absl::Status Fenced() const {
    if (epoch_ == disk_->epoch) return absl::OkStatus();
    return absl::FailedPreconditionError("a newer writer exists");
  }
  void KeepMarket(const market::SourceState& state, const std::vector<Bar>& bars) {
    disk_->markets[state.key] = state;
    for (const Bar& bar : bars)
      disk_->bars.try_emplace({state.key, bar.symbol, bar.timeframe, bar.start_time.nanos}, bar);
  }
  static std::vector<broker::v1::ExecutionReport> PageOf(const std::vector<broker::v1::ExecutionReport>& all,
                                                         std::uint64_t after, int limit) {
    std::vector<broker::v1::ExecutionReport> page;
    for (const broker::v1::ExecutionReport& report : all) {
      if (report.execution_sequence() > after && static_cast<int>(page.size()) < limit) page.push_back(report);
    }
    return page;
  }

  std::shared_ptr<Disk> disk_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
