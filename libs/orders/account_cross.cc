#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/orders/account.h"
#include "libs/orders/order_id.h"
#include "libs/orders/set_status.h"

namespace ballast::orders {
namespace {

// The first book of the side, by name; nothing when there is none.
std::optional<Books::Part> FirstOf(const Books& books, const Symbol& symbol, bool is_long) {
  auto found = books.held().find(symbol);
  if (found == books.held().end()) return std::nullopt;
  for (const auto& [deployment, held] : found->second) {
    if (held.IsPositive() == is_long) return Books::Part{deployment, held.Abs()};
  }
  return std::nullopt;
}

}  // namespace

std::vector<OrderEvent> Account::Cross(const Symbol& symbol, Decimal price, const CrossTerms& terms, UtcTime now) {
  CHECK(price.IsPositive(), "books are crossed at a price");
  std::vector<OrderEvent> events;
  while (books_.Opposed(symbol)) {
    const Books::Part longs = *FirstOf(books_, symbol, true), shorts = *FirstOf(books_, symbol, false);
    const Decimal quantity = std::min(longs.quantity, shorts.quantity);
    for (const auto& [part, side] : {std::pair(longs, Side::kSell), std::pair(shorts, Side::kBuy)}) {
      Order order;
      order.account_id = snapshot_.id;
      // Its own for every leg, over restarts too: the log's head only grows.
      order.request_id = RequestId(terms.request + "." + std::to_string(snapshot_.last_sequence + 1));
      order.order_id = OrderIdFor(order.account_id, order.request_id);
      order.deployment_id = part.deployment_id;
      order.symbol = symbol;
      order.side = side;
      order.type = OrderType::kMarket;
      order.time_in_force = TimeInForce::kIoc;
      order.quantity = quantity;
      order.reduce_only = true;
      order.reason = terms.reason;
      const OrderId id = order.order_id;
      std::vector<OrderEvent> taken =
          Accept(std::move(order), terms.actor,
                 {{.name = "book_cross", .used = part.quantity.ToString(), .after = "0", .passed = true}}, false, now);
      for (OrderEvent& event : taken) events.push_back(std::move(event));
      OrderEvent event = Next(OrderEventType::kFilled, now, terms.actor);
      event.order = *Find(id);
      event.order->cumulative_quantity = quantity;
      event.order->average_price = price;
      SetStatus(*event.order, OrderStatus::kFilled);
      event.fill = Fill{.execution_id = ExecutionId("cross-" + id.value()),
                        .order_id = id,
                        .account_id = snapshot_.id,
                        .deployment_id = part.deployment_id,
                        .symbol = symbol,
                        .side = side,
                        .quantity = quantity,
                        .price = price,
                        .fee_currency = snapshot_.currency,
                        .transact_time = now,
                        .sequence = event.sequence,
                        .reason = terms.reason};
      event.fill->reversal = true;
      Push(std::move(event), events);
    }
  }
  return events;
}

}  // namespace ballast::orders
