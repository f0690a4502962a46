#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/orders/account.h"
#include "services/order_management/event_hub.h"
#include "services/order_management/journal.h"
#include "services/order_management/order_ids.h"

namespace ballast {

// What the writer knows: its accounts with their working orders, where they were opened, the deployments that orders
// may name, and which order ids were ever used. The writer's thread only.
class ShardAccounts {
 public:
  ShardAccounts(Journal& journal, Logger& log) : journal_(journal), ids_(journal, log) {}

  // Everything that is stored; tells the hub where each log ends. Blocks.
  absl::Status Recover(EventHub& hub);
  // A new one, which is not open yet.
  orders::Account& Add(const AccountId& id, const std::string& broker);

  [[nodiscard]] std::map<AccountId, orders::Account>& all() { return all_; }
  [[nodiscard]] const std::string& BrokerOf(const AccountId& id) { return brokers_[id]; }
  // Null: there is none.
  orders::Account* Find(const AccountId& id);
  // Null: there is none. UNAVAILABLE: it cannot be read now. May block.
  absl::StatusOr<const Order*> LoadOrder(orders::Account& account, const OrderId& id);
  // The account that holds this order, which is then in memory; NOT_FOUND. May block.
  absl::StatusOr<orders::Account*> Of(const OrderId& id);

  // The order's id is used from now on.
  void Use(const OrderId& id) { ids_.Add(id); }
  [[nodiscard]] OrderIds& ids() { return ids_; }

  [[nodiscard]] bool Knows(const AccountId& id, const DeploymentId& deployment) const {
    return deployments_.contains({id, deployment});
  }
  // Blocks until it is stored.
  absl::Status Register(const AccountId& id, const DeploymentId& deployment);

 private:
  Journal& journal_;
  OrderIds ids_;
  std::map<AccountId, orders::Account> all_;
  std::map<AccountId, std::string> brokers_;
  std::set<std::pair<AccountId, DeploymentId>> deployments_;
};

}  // namespace ballast
