#pragma once

#include <set>

#include "services/order_management/broker_desk.h"
#include "services/order_management/risk_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// Sends out what has waited here (HELD). Nothing goes while there is no session to the gateway: it would be old before
// it left. Whoever calls calls again then. The writer's thread only.
class HeldDesk {
 public:
  HeldDesk(ShardFloor& floor, BrokerDesk& broker, RiskDesk& risk) : floor_(floor), broker_(broker), risk_(risk) {}

  // It has waited long enough and goes out with `quantity` in all, or waits for the trigger that its broker does not
  // know. One that may not leave any more ends REJECTED. False: not now.
  bool Release(orders::Account& account, const OrderId& id, Decimal quantity);
  // The same once risk has looked at it as it does at a new order; it ends REJECTED where risk says no. Risk that is
  // away says nothing.
  void ReleaseIfRiskApproves(orders::Account& account, const OrderId& id, Decimal quantity);
  // Its trigger was reached; `followed` is the order as it has followed the market. False: not now.
  bool Fire(orders::Account& account, const Order& followed);

 private:
  // False: it may not leave and has ended.
  bool MayLeave(orders::Account& account, Order order);
  void Send(orders::Account& account, Order order);

  ShardFloor& floor_;
  BrokerDesk& broker_;
  RiskDesk& risk_;
  // Risk is looking at them.
  std::set<OrderId> asked_;
};

}  // namespace ballast
