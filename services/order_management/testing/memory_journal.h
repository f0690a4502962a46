#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "libs/platform/thread/mutex.h"
#include "services/order_management/journal.h"

namespace ballast {

// A journal without a database, for tests. What it keeps is a Disk, which outlives the journals of one process after
// another, and which fails when it is told to.
class MemoryJournal final : public Journal {
 public:
  class Disk {
   public:
    // The next Append answers `status`; `applied`: it happened all the same. In the order in which they were asked for.
    void FailNext(absl::Status status, bool applied) EXCLUDES(mutex_);
    // Every event of the account, in order.
    std::vector<OrderEvent> Events(const AccountId& account_id) EXCLUDES(mutex_);
    // Puts an event there that no writer of ours has made.
    void Intrude(const OrderEvent& event) EXCLUDES(mutex_);
    // How many calls of Append there were.
    int appends() EXCLUDES(mutex_);

   private:
    friend class MemoryJournal;
    struct Fault {
      absl::Status status;
      bool applied = false;
    };
    absl::Status Apply(const Commit& commit, std::uint64_t epoch) REQUIRES(mutex_);

    Mutex mutex_;
    std::uint64_t epoch_ GUARDED_BY(mutex_) = 0;
    std::map<AccountId, orders::Account::Snapshot> accounts_ GUARDED_BY(mutex_);
    std::map<AccountId, std::map<std::uint64_t, OrderEvent>> events_ GUARDED_BY(mutex_);
    std::map<AccountId, std::string> brokers_ GUARDED_BY(mutex_);
    std::map<AccountId, orders::Account::StoredBooks> books_ GUARDED_BY(mutex_);
    std::map<OrderId, Order> orders_ GUARDED_BY(mutex_);
    std::set<std::pair<AccountId, DeploymentId>> deployments_ GUARDED_BY(mutex_);
    std::deque<Fault> faults_ GUARDED_BY(mutex_);
    int appends_ GUARDED_BY(mutex_) = 0;
  };

  explicit MemoryJournal(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Fence() override;
  [[nodiscard]] std::uint64_t epoch() const override { return epoch_; }
  absl::Status Append(const Commit& commit) override;
  absl::StatusOr<Stored> Lookup(const AccountId& account_id, std::uint64_t sequence, std::string_view encoded) override;
  absl::StatusOr<std::vector<orders::Account::Snapshot>> LoadAccounts() override;
  absl::StatusOr<std::map<AccountId, std::string>> LoadBrokers() override;
  absl::StatusOr<std::vector<Order>> LoadWorkingOrders() override;
  absl::StatusOr<std::vector<std::string>> LoadOrderIds(const std::string& after, int limit) override;
  absl::StatusOr<Order> LoadOrder(const OrderId& id) override;
  absl::StatusOr<orders::Account::StoredBooks> LoadBooks(const AccountId& account_id) override;
  absl::StatusOr<std::uint64_t> BeforeNewestFills(const AccountId& account_id, int count) override;
  absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account_id, std::uint64_t after, int limit) override;
  absl::Status SaveDeployment(const AccountId& account_id, const DeploymentId& id) override;
  absl::StatusOr<std::set<std::pair<AccountId, DeploymentId>>> LoadDeployments() override;
  absl::StatusOr<EncodedEvents> LoadEvents(const AccountId& account_id, std::uint64_t after, int limit) override;

 private:
  std::shared_ptr<Disk> disk_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
