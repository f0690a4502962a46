#include "libs/orders/elsewhere.h"

#include "libs/model/reserved_request.h"

namespace ballast::orders {
namespace {

constexpr std::string_view kElsewhereWord = "elsewhere:";

}  // namespace

RequestId ElsewhereRequestId(const OrderId& order, int number) {
  return RequestId(std::string(kElsewhereRequests) + order.value() + "-" + std::to_string(number));
}

std::string ElsewhereReason(const OrderId& order) { return std::string(kElsewhereWord) + order.value(); }

std::optional<OrderId> ElsewhereOrigin(const Order& order) {
  if (!order.reason.starts_with(kElsewhereWord)) return std::nullopt;
  OrderId origin(order.reason.substr(kElsewhereWord.size()));
  for (int number = 1; number <= kElsewhereMost; ++number) {
    if (order.request_id == ElsewhereRequestId(origin, number)) return origin;
  }
  return std::nullopt;
}

bool WasLeftUnsent(const Order& order) {
  return order.status == OrderStatus::kRejected && order.cumulative_quantity.IsZero() && order.rejection &&
         order.rejection->reason == RejectReason::kBrokerUnavailable && order.rejection->check == kMayGoElsewhere;
}

std::optional<std::string> StaysBecause(const Order& order, bool of_router_or_algorithm) {
  if (ElsewhereOrigin(order)) return "it has gone elsewhere once already";
  if (order.external) return "it was made elsewhere";
  if (order.reduce_only) return "it gets out of a position, and that is where it is";
  if (!order.deployment_id.empty()) return "it is a deployment's, whose position is in its account";
  if (order.list) return "it is one of a list, whose other orders are in its account";
  if (of_router_or_algorithm) return "a router or an algorithm sent it and decides anew";
  if (order.type != OrderType::kMarket && order.type != OrderType::kLimit) return "it waits for a trigger at its venue";
  if (!order.locate_id.empty()) return "what it sells short was borrowed at its broker";
  return std::nullopt;
}

}  // namespace ballast::orders
