#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libs/platform/metrics/metrics.h"
#include "services/order_management/broker_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

using OrderReplies = std::vector<std::function<void(OrderReply)>>;

// Takes orders into the log or refuses them there, and tells who asked once that is durable. The writer's thread only.
class OrderDesk {
 public:
  OrderDesk(ShardFloor& floor, BrokerDesk& broker, Metrics& metrics);

  // Who is told of an order, what they are told beside it, and until when they wait.
  struct Asked {
    std::optional<UtcTime> deadline;
    std::vector<RiskCheck> checks;
    // Instead of `checks`: as in OrderEvent.
    std::string encoded_checks;
    OrderReplies replies;
  };

  void Deny(Order order, const std::string& actor, Rejection rejection, std::vector<RiskCheck> checks,
            OrderReplies replies);
  // What risk has approved. It is sent, or waits here: for what its `hold` says, or for a trigger its broker does not
  // know.
  void Accept(Order order, const std::string& actor, Asked asked);
  // Own resting orders that a reduction which goes out now would trade with: their cancels leave before it.
  void CancelCrossed(const AccountId& account_id, const std::vector<OrderId>& ids);
  // Takes an order that risk is not asked about; it hears of it from the log. It is sent, or waits here for a trigger
  // its broker does not know.
  void Place(Order order, const std::string& actor, RiskCheck check);

 private:
  // Tells who asked what became of an order that is durable; `release`: it is sent too, if it may still leave.
  void Answer(orders::Account& account, const OrderId& id, bool release, Asked asked);
  // Whether it is claimed for the broker at once.
  bool Claims();

  ShardFloor& floor_;
  BrokerDesk& broker_;
  Counter& denials_;
};

}  // namespace ballast
