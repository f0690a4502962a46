#include "libs/orders/reduce_only.h"

#include <algorithm>
#include <tuple>

#include "libs/model/protection.h"
#include "libs/model/trigger.h"

namespace ballast::orders {
namespace {

using Group = std::tuple<Symbol, DeploymentId, Side, bool>;

bool IsStop(const Order& order) { return ballast::IsStop(order.type); }
// Where the market reaches it; nothing while a trailing stop sleeps.
std::optional<Decimal> ReachedAt(const Order& order) {
  return HasTrigger(order.type) ? order.stop_price : order.limit_price;
}

// The market reaches `left` first: by price, then by age. The protection supervisor's come last: they make room.
bool ReachedBefore(const Order* left, const Order* right) {
  if (IsProtection(*left) != IsProtection(*right)) return !IsProtection(*left);
  std::optional<Decimal> one = ReachedAt(*left), other = ReachedAt(*right);
  if (one.has_value() != other.has_value()) return one.has_value();
  if (one != other) {
    // A sell limit and a buy stop are reached from below, lowest first.
    bool upwards = (left->side == Side::kSell) != IsStop(*left);
    return upwards ? one < other : one > other;
  }
  return std::tie(left->create_time, left->order_id) < std::tie(right->create_time, right->order_id);
}

Decimal RoomFor(const Books& books, const Order& order, bool halted) {
  Decimal net = Books::Room(books.Net(order.symbol), order.side);
  Decimal own = Books::Room(books.Held(order.deployment_id, order.symbol), order.side);
  if (order.deployment_id.empty()) return halted ? net : std::max(net, own);
  return halted ? std::min(net, own) : own;
}

}  // namespace

std::vector<Trim> TrimsFor(const Books& books, const std::map<OrderId, Order>& orders, bool halted) {
  std::map<Group, std::vector<const Order*>> groups;
  for (const auto& [id, order] : orders) {
    // One that was never sent is looked at when it is.
    if (!order.reduce_only || IsTerminal(order.status) || order.status == OrderStatus::kPendingNew) continue;
    // Neither is what waits for anything but its own trigger.
    if (order.status == OrderStatus::kHeld && order.hold != HoldReason::kTrigger) continue;
    if (order.cancel_requested || order.type == OrderType::kMarket) continue;
    groups[{order.symbol, order.deployment_id, order.side, IsStop(order)}].push_back(&order);
  }
  std::vector<Trim> trims;
  for (auto& [group, resting] : groups) {
    std::sort(resting.begin(), resting.end(), ReachedBefore);
    const Decimal position = RoomFor(books, *resting.front(), halted);
    Decimal room = position;
    for (const Order* order : resting) {
      Decimal kept = std::min(order->leaves_quantity, room);
      room -= kept;
      if (kept == order->leaves_quantity) continue;
      trims.push_back({.order_id = order->order_id,
                       .quantity = order->cumulative_quantity + kept,
                       .why = {.reason = RejectReason::kReduceOnly,
                               .check = "reduce_only",
                               .limit = position.ToString(),
                               .observed = order->leaves_quantity.ToString(),
                               .message = position.IsZero() ? "the position this order could reduce is gone"
                                                            : "the position this order reduces has become smaller"}});
    }
  }
  return trims;
}

}  // namespace ballast::orders
