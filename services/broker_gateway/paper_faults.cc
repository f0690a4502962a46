#include "services/broker_gateway/paper_faults.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

absl::StatusOr<Order> OrderElsewhere(const AccountId& account, const broker::v1::VenueOrderElsewhere& from) {
  Order order;
  order.order_id = OrderId(from.order_id());
  order.account_id = account;
  order.symbol = Symbol(from.symbol());
  order.side = static_cast<Side>(from.side());
  order.type = from.has_limit_price() ? OrderType::kLimit : OrderType::kMarket;
  order.time_in_force = TimeInForce::kGtc;
  order.status = OrderStatus::kSubmitted;
  order.external = External{};
  ASSIGN_OR_RETURN(order.quantity, wire::FromProto(from.quantity(), "quantity"));
  order.leaves_quantity = order.quantity;
  if (from.has_limit_price()) {
    ASSIGN_OR_RETURN(order.limit_price, wire::FromProto(from.limit_price(), "limit_price"));
  }
  return order;
}

}  // namespace

absl::Status PaperFaults::Plant(const broker::v1::PlantPaperFaultRequest& request, paper::PaperBroker& venue,
                                UtcTime now) {
  using Request = broker::v1::PlantPaperFaultRequest;
  const AccountId account(request.account_id());
  if (venue.FindLedger(account) == nullptr) return absl::NotFoundError("the venue has no such account");
  switch (request.fault_case()) {
    case Request::kUnheardTrades:
      unheard_trades_[account] = request.unheard_trades();
      return absl::OkStatus();
    case Request::kCash: {
      ASSIGN_OR_RETURN(Decimal cash, wire::FromProto(request.cash(), "cash"));
      venue.Adjust(account, cash, Symbol(), Decimal());
      return absl::OkStatus();
    }
    case Request::kPosition: {
      ASSIGN_OR_RETURN(Decimal quantity, wire::FromProto(request.position().quantity(), "quantity"));
      venue.Adjust(account, Decimal(), Symbol(request.position().symbol()), quantity);
      return absl::OkStatus();
    }
    case Request::kOrder: {
      ASSIGN_OR_RETURN(Order order, OrderElsewhere(account, request.order()));
      order.create_time = now;
      venue.Submit(order, now);
      return absl::OkStatus();
    }
    case Request::kDroppedOrderId: {
      const OrderId id(request.dropped_order_id());
      const Order* order = venue.Find(id);
      if (order == nullptr || order->account_id != account) return absl::NotFoundError("the venue has no such order");
      unheard_orders_.insert(id);
      venue.Cancel(account, id, now, std::nullopt);
      return absl::OkStatus();
    }
    case Request::FAULT_NOT_SET:
    default:  // what happens to a trade, or to the market, is seen to by whoever has those
      break;
  }
  return absl::InvalidArgumentError("no fault is named");
}

void PaperFaults::Swallow(paper::Changes& changes) {
  std::erase_if(changes.executions, [&](const broker::Execution& execution) {
    if (unheard_orders_.contains(execution.order_id)) return true;
    auto unheard = unheard_trades_.find(execution.account_id);
    if (execution.type != broker::ExecutionType::kTrade || unheard == unheard_trades_.end() || unheard->second <= 0)
      return false;
    --unheard->second;
    return true;
  });
}

}  // namespace ballast
