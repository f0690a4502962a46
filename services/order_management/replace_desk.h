#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "services/order_management/broker_desk.h"
#include "services/order_management/risk_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// Gives orders other terms: asks risk, makes the wish durable, and only then tells the broker; until the broker has
// answered, the old terms hold. The writer's thread only.
class ReplaceDesk {
 public:
  using Reply = std::function<void(OrderReply)>;

  ReplaceDesk(ShardFloor& floor, BrokerDesk& broker, RiskDesk& risk) : floor_(floor), broker_(broker), risk_(risk) {}

  // The order is in memory.
  void Replace(orders::Account& account, const OrderId& id, Replacement terms, const std::string& actor,
               std::optional<UtcTime> deadline, Reply reply);

 private:
  // Why it cannot be asked for, if so.
  [[nodiscard]] std::optional<Rejection> Refusal(const orders::Account& account, const Order& order,
                                                 const Replacement& terms, std::optional<UtcTime> deadline) const;
  // The order's next event: the wish, or where it is held here the new terms.
  void Take(orders::Account& account, const OrderId& id, const Replacement& terms, const std::string& actor,
            OrderReply answer, const Reply& reply);
  void Remember(const OrderId& id, const Replacement& terms);

  ShardFloor& floor_;
  BrokerDesk& broker_;
  RiskDesk& risk_;
  struct Known {
    OrderId order_id;
    Replacement terms;
  };
  // The newest requests that were taken, so that one that is told again does not undo a later one.
  std::map<std::string, Known> known_;
  std::deque<std::string> known_order_;
  // Risk is looking at them.
  std::map<OrderId, Replacement> asked_;
};

}  // namespace ballast
