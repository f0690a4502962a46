#include "services/order_management/testing/memory_journal.h"

#include <algorithm>

namespace ballast {

void MemoryJournal::Disk::FailNext(absl::Status status, bool applied) {
  MutexLock lock(mutex_);
  faults_.push_back({.status = std::move(status), .applied = applied});
}

std::vector<OrderEvent> MemoryJournal::Disk::Events(const AccountId& account_id) {
  MutexLock lock(mutex_);
  std::vector<OrderEvent> events;
  for (const auto& [sequence, event] : events_[account_id]) events.push_back(event);
  return events;
}

void MemoryJournal::Disk::Intrude(const OrderEvent& event) {
  MutexLock lock(mutex_);
  events_[event.account_id][event.sequence] = event;
}

int MemoryJournal::Disk::appends() {
  MutexLock lock(mutex_);
  return appends_;
}

absl::Status MemoryJournal::Disk::Apply(const Commit& commit, std::uint64_t epoch) {
  if (epoch != epoch_) return absl::FailedPreconditionError("a newer writer has taken over");
  std::set<AccountId> known;
  for (const auto& [id, account] : accounts_) known.insert(id);
  for (const auto& [id, broker] : commit.opened) {
    if (!known.insert(id).second) return absl::AlreadyExistsError("the account is there already");
  }
  std::set<std::pair<AccountId, std::uint64_t>> taken;
  for (const OrderEvent& event : commit.events) {
    if (!known.contains(event.account_id)) return absl::InternalError("there is no such account");
    bool there = events_[event.account_id].contains(event.sequence);
    if (there || !taken.insert({event.account_id, event.sequence}).second) {
      return absl::AlreadyExistsError("the sequence is there already");
    }
  }
  for (const auto& [id, broker] : commit.opened) {
    accounts_[id].id = id;
    brokers_[id] = broker;
  }
  for (const OrderEvent& event : commit.events) {
    events_[event.account_id][event.sequence] = event;
    if (event.order) orders_[event.order->order_id] = *event.order;
  }
  for (const orders::Account::Snapshot& account : commit.accounts) accounts_[account.id] = account;
  for (const orders::Account::StoredBooks& books : commit.books) books_[books.id] = books;
  return absl::OkStatus();
}

absl::Status MemoryJournal::Fence() {
  MutexLock lock(disk_->mutex_);
  epoch_ = ++disk_->epoch_;
  return absl::OkStatus();
}

absl::Status MemoryJournal::Append(const Commit& commit) {
  MutexLock lock(disk_->mutex_);
  ++disk_->appends_;
  if (disk_->faults_.empty()) return disk_->Apply(commit, epoch_);
  Disk::Fault fault = std::move(disk_->faults_.front());
  disk_->faults_.pop_front();
  if (fault.applied) {
    absl::Status applied = disk_->Apply(commit, epoch_);
    if (!applied.ok()) return applied;
  }
  return fault.status;
}

absl::StatusOr<Journal::Stored> MemoryJournal::Lookup(const AccountId& account_id, std::uint64_t sequence,
                                                      std::string_view encoded) {
  MutexLock lock(disk_->mutex_);
  const auto& log = disk_->events_[account_id];
  auto found = log.find(sequence);
  if (found == log.end()) return Stored::kNothing;
  EncodedEvents there({found->second});
  return there.Event(there.entries().front()) == encoded ? Stored::kThis : Stored::kAnother;
}

absl::StatusOr<std::map<AccountId, std::string>> MemoryJournal::LoadBrokers() {
  MutexLock lock(disk_->mutex_);
  return disk_->brokers_;
}

absl::StatusOr<std::vector<orders::Account::Snapshot>> MemoryJournal::LoadAccounts() {
  MutexLock lock(disk_->mutex_);
  std::vector<orders::Account::Snapshot> accounts;
  for (const auto& [id, account] : disk_->accounts_) accounts.push_back(account);
  return accounts;
}

absl::StatusOr<std::vector<Order>> MemoryJournal::LoadWorkingOrders() {
  MutexLock lock(disk_->mutex_);
  std::vector<Order> working;
  for (const auto& [id, order] : disk_->orders_) {
    if (!IsTerminal(order.status)) working.push_back(order);
  }
  std::sort(working.begin(), working.end(),
            [](const Order& left, const Order& right) { return left.sequence < right.sequence; });
  return working;
}

absl::StatusOr<std::vector<std::string>> MemoryJournal::LoadOrderIds(const std::string& after, int limit) {
  MutexLock lock(disk_->mutex_);
  std::vector<std::string> ids;
  for (auto it = disk_->orders_.upper_bound(OrderId(after));
       it != disk_->orders_.end() && static_cast<int>(ids.size()) < limit; ++it) {
    ids.push_back(it->first.value());
  }
  return ids;
}

absl::StatusOr<Order> MemoryJournal::LoadOrder(const OrderId& id) {
  MutexLock lock(disk_->mutex_);
  auto found = disk_->orders_.find(id);
  if (found == disk_->orders_.end()) return absl::NotFoundError("there is no such order");
  return found->second;
}

absl::StatusOr<orders::Account::StoredBooks> MemoryJournal::LoadBooks(const AccountId& account_id) {
  MutexLock lock(disk_->mutex_);
  auto found = disk_->books_.find(account_id);
  return found == disk_->books_.end() ? orders::Account::StoredBooks{.id = account_id} : found->second;
}

absl::StatusOr<std::uint64_t> MemoryJournal::BeforeNewestFills(const AccountId& account_id, int count) {
  MutexLock lock(disk_->mutex_);
  const auto& log = disk_->events_[account_id];
  for (auto it = log.rbegin(); it != log.rend(); ++it) {
    if (it->second.fill && count-- == 0) return it->first;
  }
  return 0;
}

absl::StatusOr<std::vector<Fill>> MemoryJournal::LoadFills(const AccountId& account_id, std::uint64_t after,
                                                           int limit) {
  MutexLock lock(disk_->mutex_);
  std::vector<Fill> fills;
  const auto& log = disk_->events_[account_id];
  for (auto it = log.upper_bound(after); it != log.end() && static_cast<int>(fills.size()) < limit; ++it) {
    if (it->second.fill) fills.push_back(*it->second.fill);
  }
  return fills;
}

absl::Status MemoryJournal::SaveDeployment(const AccountId& account_id, const DeploymentId& id) {
  MutexLock lock(disk_->mutex_);
  if (epoch_ != disk_->epoch_) return absl::FailedPreconditionError("a newer writer has taken over");
  disk_->deployments_.emplace(account_id, id);
  return absl::OkStatus();
}

absl::StatusOr<std::set<std::pair<AccountId, DeploymentId>>> MemoryJournal::LoadDeployments() {
  MutexLock lock(disk_->mutex_);
  return disk_->deployments_;
}

absl::StatusOr<EncodedEvents> MemoryJournal::LoadEvents(const AccountId& account_id, std::uint64_t after, int limit) {
  MutexLock lock(disk_->mutex_);
  std::vector<OrderEvent> page;
  const auto& log = disk_->events_[account_id];
  for (auto it = log.upper_bound(after); it != log.end() && static_cast<int>(page.size()) < limit; ++it) {
    page.push_back(it->second);
  }
  return EncodedEvents(page);
}

}  // namespace ballast
