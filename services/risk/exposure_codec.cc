#include "services/risk/exposure_codec.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

void ToProto(const KeptExposure& kept, risk::v1::StoredExposure* out) {
  const risk::Exposure::Snapshot& snapshot = kept.snapshot;
  out->set_applied_sequence(snapshot.applied_sequence);
  wire::ToProto(snapshot.event_time, out->mutable_event_time());
  out->set_event_type(static_cast<order::v1::OrderEventType>(snapshot.event_type));
  out->set_halted(snapshot.halted);
  wire::ToProto(snapshot.cash, out->mutable_cash());
  wire::ToProto(snapshot.opening_cash, out->mutable_opening_cash());
  out->set_currency(snapshot.currency);
  for (const auto& [key, quantity] : snapshot.books) {
    auto* book = out->add_books();
    book->set_deployment_id(key.first.value());
    book->set_symbol(key.second.value());
    wire::ToProto(quantity, book->mutable_quantity());
    if (auto flow = snapshot.flows.find(key); flow != snapshot.flows.end())
      wire::ToProto(flow->second, book->mutable_flow());
  }
  for (const auto& [deployment, flow] : snapshot.closed_flows) {
    auto* closed = out->add_closed();
    closed->set_deployment_id(deployment.value());
    wire::ToProto(flow, closed->mutable_flow());
  }
  for (const auto& [id, order] : snapshot.open_orders) {
    auto* open = out->add_open_orders();
    open->set_order_id(id.value());
    open->set_deployment_id(order.deployment_id.value());
    open->set_symbol(order.symbol.value());
    open->set_side(static_cast<type::v1::Side>(order.side));
    open->set_type(static_cast<type::v1::OrderType>(order.type));
    open->set_reduce_only(order.reduce_only);
    open->set_yields(order.yields);
    open->set_immediate(order.immediate);
    if (order.limit_price) wire::ToProto(*order.limit_price, open->mutable_limit_price());
    if (order.stop_price) wire::ToProto(*order.stop_price, open->mutable_stop_price());
    if (order.protective_stop_price) wire::ToProto(*order.protective_stop_price, open->mutable_protective_stop_price());
    wire::ToProto(order.quantity, open->mutable_quantity());
  }
  out->set_mode(static_cast<type::v1::AccountMode>(snapshot.mode));
  out->set_execution_sequence(kept.execution_sequence);
}

absl::StatusOr<KeptExposure> FromProto(const risk::v1::StoredExposure& proto) {
  if (proto.applied_sequence() == 0) return absl::InvalidArgumentError("an exposure without any event");
  // Of a version that kept no flows: what was won or lost could not be told.
  if (!proto.has_opening_cash()) return absl::InvalidArgumentError("an exposure without its flows");
  KeptExposure kept{.execution_sequence = proto.execution_sequence()};
  risk::Exposure::Snapshot& snapshot = kept.snapshot;
  snapshot.applied_sequence = proto.applied_sequence();
  snapshot.event_time = wire::FromProto(proto.event_time());
  snapshot.event_type = static_cast<OrderEventType>(proto.event_type());
  snapshot.halted = proto.halted();
  ASSIGN_OR_RETURN(snapshot.cash, wire::FromProto(proto.cash(), "cash"));
  ASSIGN_OR_RETURN(snapshot.opening_cash, wire::FromProto(proto.opening_cash(), "opening_cash"));
  snapshot.currency = proto.currency();
  // Of a version that did not keep it: there were none but paper accounts.
  snapshot.mode = proto.mode() == type::v1::ACCOUNT_MODE_LIVE ? AccountMode::kLive : AccountMode::kPaper;
  for (const auto& book : proto.books()) {
    ASSIGN_OR_RETURN(Decimal quantity, wire::FromProto(book.quantity(), "books.quantity"));
    risk::Exposure::BookKey key{DeploymentId(book.deployment_id()), Symbol(book.symbol())};
    snapshot.books[key] = quantity;
    ASSIGN_OR_RETURN(snapshot.flows[key], wire::FromProto(book.flow(), "books.flow"));
  }
  for (const auto& closed : proto.closed()) {
    ASSIGN_OR_RETURN(snapshot.closed_flows[DeploymentId(closed.deployment_id())],
                     wire::FromProto(closed.flow(), "closed.flow"));
  }
  snapshot.open_orders.reserve(static_cast<std::size_t>(proto.open_orders_size()));
  for (const auto& open : proto.open_orders()) {
    risk::PendingOrder order{.deployment_id = DeploymentId(open.deployment_id()),
                             .symbol = Symbol(open.symbol()),
                             .side = static_cast<Side>(open.side()),
                             .type = static_cast<OrderType>(open.type()),
                             .reduce_only = open.reduce_only()};
    if (open.has_limit_price()) {
      ASSIGN_OR_RETURN(order.limit_price, wire::FromProto(open.limit_price(), "open_orders.limit_price"));
    }
    ASSIGN_OR_RETURN(order.quantity, wire::FromProto(open.quantity(), "open_orders.quantity"));
    order.yields = open.yields();
    order.immediate = open.immediate();
    if (open.has_stop_price()) {
      ASSIGN_OR_RETURN(order.stop_price, wire::FromProto(open.stop_price(), "open_orders.stop_price"));
    }
    if (open.has_protective_stop_price()) {
      ASSIGN_OR_RETURN(order.protective_stop_price,
                       wire::FromProto(open.protective_stop_price(), "open_orders.protective_stop_price"));
    }
    snapshot.open_orders.emplace_back(OrderId(open.order_id()), std::move(order));
  }
  return kept;
}

}  // namespace ballast
