#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "services/order_management/testing/memory_journal.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/storage.h"

namespace ballast::simulation {

// The journal of one process of the order manager. `die`: the process ends with this turn.
class FaultyJournal final : public Journal {
 public:
  FaultyJournal(Stage& stage, std::shared_ptr<MemoryJournal::Disk> disk, Auditor& auditor, std::function<void()> die)
      : stage_(stage), inner_(std::move(disk)), auditor_(auditor), place_(auditor.NewWriter()), die_(std::move(die)) {}

  absl::Status Fence() override { return inner_.Fence(); }
  [[nodiscard]] std::uint64_t epoch() const override { return inner_.epoch(); }
  absl::Status Append(const ballast::Commit& commit) override {
    return Commit(
        stage_,
        [&]() -> absl::Status {
          if (stage_.Has(Bug::kStorageLies) && stage_.Chance(10'000)) return absl::OkStatus();
          absl::Status status = inner_.Append(commit);
          if (stage_.Has(Bug::kOldWriterStores) && absl::IsFailedPrecondition(status) && inner_.Fence().ok())
            status = inner_.Append(commit);
          if (status.ok()) auditor_.OnStored(place_, commit.events);
          return status;
        },
        die_);
  }
  absl::StatusOr<Stored> Lookup(const AccountId& account, std::uint64_t sequence, std::string_view encoded) override {
    if (stage_.Has(Bug::kDoubtIsOurs)) return Stored::kThis;
    if (stage_.Chance(stage_.faults().refused)) return absl::UnavailableError("the storage is away");
    return inner_.Lookup(account, sequence, encoded);
  }
  absl::StatusOr<std::vector<orders::Account::Snapshot>> LoadAccounts() override {
    auto accounts = inner_.LoadAccounts();
    if (stage_.Has(Bug::kHaltForgotten) && accounts.ok()) {
      for (orders::Account::Snapshot& account : *accounts) account.halted = false;
    }
    return accounts;
  }
  absl::StatusOr<std::map<AccountId, std::string>> LoadBrokers() override { return inner_.LoadBrokers(); }
  absl::StatusOr<std::vector<Order>> LoadWorkingOrders() override { return inner_.LoadWorkingOrders(); }
  absl::StatusOr<std::vector<std::string>> LoadOrderIds(const std::string& after, int limit) override {
    return inner_.LoadOrderIds(after, limit);
  }
  absl::StatusOr<Order> LoadOrder(const OrderId& id) override {
    if (stage_.Chance(stage_.faults().refused)) return absl::UnavailableError("the storage is away");
    return inner_.LoadOrder(id);
  }
  absl::StatusOr<orders::Account::StoredBooks> LoadBooks(const AccountId& account) override {
    return inner_.LoadBooks(account);
  }
  absl::StatusOr<std::uint64_t> BeforeNewestFills(const AccountId& account, int count) override {
    return inner_.BeforeNewestFills(account, count);
  }
  absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account, std::uint64_t after, int limit) override {
    return inner_.LoadFills(account, after, limit);
  }
  absl::Status SaveDeployment(const AccountId& account, const DeploymentId& id) override {
    return inner_.SaveDeployment(account, id);
  }
  absl::StatusOr<std::set<std::pair<AccountId, DeploymentId>>> LoadDeployments() override {
    return inner_.LoadDeployments();
  }
  absl::StatusOr<EncodedEvents> LoadEvents(const AccountId& account, std::uint64_t after, int limit) override {
    return inner_.LoadEvents(account, after, limit);
  }

 private:
  Stage& stage_;
  MemoryJournal inner_;
  Auditor& auditor_;
  const std::uint64_t place_;
  std::function<void()> die_;
};

}  // namespace ballast::simulation
