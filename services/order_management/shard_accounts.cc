#include "services/order_management/shard_accounts.h"

#include "libs/base/absl_std.h"
#include "services/order_management/books_recovery.h"

namespace ballast {

absl::Status ShardAccounts::Recover(EventHub& hub) {
  ASSIGN_OR_RETURN(std::vector<orders::Account::Snapshot> snapshots, journal_.LoadAccounts());
  for (orders::Account::Snapshot& snapshot : snapshots) {
    AccountId id = snapshot.id;
    hub.SetHead(id, snapshot.last_sequence);
    all_[id].Restore(std::move(snapshot));
  }
  ASSIGN_OR_RETURN(std::vector<Order> working, journal_.LoadWorkingOrders());
  for (const Order& order : working) all_[order.account_id].Load(order);
  RETURN_IF_ERROR(ids_.Recover());
  ASSIGN_OR_RETURN(brokers_, journal_.LoadBrokers());
  ASSIGN_OR_RETURN(deployments_, journal_.LoadDeployments());
  for (auto& [id, account] : all_) RETURN_IF_ERROR(RecoverBooks(journal_, account));
  return absl::OkStatus();
}

orders::Account& ShardAccounts::Add(const AccountId& id, const std::string& broker) {
  brokers_[id] = broker;
  return all_[id];
}

orders::Account* ShardAccounts::Find(const AccountId& id) {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

absl::StatusOr<const Order*> ShardAccounts::LoadOrder(orders::Account& account, const OrderId& id) {
  if (const Order* order = account.Find(id)) return order;
  if (!ids_.MayHold(id)) return nullptr;
  auto stored = journal_.LoadOrder(id);
  if (absl::IsNotFound(stored.status())) return nullptr;
  RETURN_IF_ERROR(stored.status());
  if (stored->account_id != account.snapshot().id) return nullptr;
  account.Load(*stored);
  return account.Find(id);
}

absl::StatusOr<orders::Account*> ShardAccounts::Of(const OrderId& id) {
  for (auto& [account_id, account] : all_) {
    if (account.Find(id) != nullptr) return &account;
  }
  absl::Status none = absl::NotFoundError(ToAbsl("there is no order " + id.value()));
  if (!ids_.MayHold(id)) return none;
  ASSIGN_OR_RETURN(Order stored, journal_.LoadOrder(id));
  orders::Account* account = Find(stored.account_id);
  if (account == nullptr) return none;
  account->Load(stored);
  return account;
}

absl::Status ShardAccounts::Register(const AccountId& id, const DeploymentId& deployment) {
  RETURN_IF_ERROR(journal_.SaveDeployment(id, deployment));
  deployments_.emplace(id, deployment);
  return absl::OkStatus();
}

}  // namespace ballast
