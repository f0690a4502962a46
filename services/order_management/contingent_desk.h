#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/orders/contingent.h"
#include "services/order_management/held_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// Does what orders that depend on each other have to do: asks orders::Judge after each fact about one of them, and
// after a restart, and carries its answer out. What follows from a fact is in the commit that has the fact. The
// writer's thread only.
class ContingentDesk {
 public:
  ContingentDesk(ShardFloor& floor, BrokerDesk& broker, HeldDesk& held, OrderDesk& orders)
      : floor_(floor), broker_(broker), held_(held), orders_(orders) {}

  // Before the first turn: the lists that can still change.
  void Recover();
  // What has just been decided.
  void See(const OrderEvent& event);
  // Judges the lists something has happened to.
  void Work();
  // A session has begun: what was told before may be lost.
  void OnBrokerReady();

 private:
  using Key = std::pair<AccountId, std::string>;

  // False: one of its orders cannot be read now, or something cannot be done yet.
  bool Judge(const Key& key);
  // Its orders by index, the one that was made to repair it last.
  bool Load(orders::Account& account, const std::string& list_id, std::vector<Order>* list);
  bool Act(orders::Account& account, const std::vector<Order>& list, const orders::ListAction& action);
  bool Release(orders::Account& account, const Order& parent, const Order& child, const orders::ListAction& action);
  bool Resize(orders::Account& account, const Order& order, const orders::ListAction& action);
  void Grow(orders::Account& account, const Order& order, const orders::ListAction& action);
  void Cancel(orders::Account& account, const Order& order, const std::string& why);
  void Flatten(const Order& entry, Decimal quantity, const std::string& why);
  // A person has to look; what is unprotected is taken out.
  void Race(orders::Account& account, const std::vector<Order>& list, const orders::ListRace& race);

  ShardFloor& floor_;
  BrokerDesk& broker_;
  HeldDesk& held_;
  OrderDesk& orders_;
  // Lists with an order that can still change, and how many orders they have.
  std::map<Key, std::uint32_t> lists_;
  // Those of them that something has happened to, or that wait.
  std::set<Key> due_;
  // Those that a person was called for.
  std::set<Key> raced_;
  // Quantities that the broker has refused: not asked for again.
  std::map<OrderId, Decimal> refused_;
  std::map<OrderId, Decimal> asked_;
};

}  // namespace ballast
