#include "libs/brokers/kraken/order_request.h"

#include <optional>
#include <utility>

#include "libs/brokers/kraken/capabilities.h"
#include "libs/brokers/kraken/client_order_id.h"
#include "libs/brokers/kraken/object_text.h"
#include "libs/brokers/kraken/symbol.h"
#include "libs/model/trigger.h"

namespace ballast::kraken {
namespace {

// The venue keeps no order with a date beyond a month.
constexpr Duration kExpiryMax = Duration::Seconds(30LL * 24 * 3600);
// An iceberg shows at least this part of itself.
constexpr std::int64_t kDisplayPart = 15;

Rejection Refuse(RejectReason reason, std::string check, std::string message, std::string observed = {}) {
  return {.reason = reason,
          .check = std::move(check),
          .observed = std::move(observed),
          .message = "kraken: " + std::move(message)};
}
Rejection Lacks(std::string check, std::string message) {
  return Refuse(RejectReason::kBrokerUnsupported, std::move(check), std::move(message));
}

// Null: it has no word for it, or none that is used here (capabilities.cc).
const char* TypeName(const Order& order) {
  switch (order.type) {
    case OrderType::kMarket:
      return "market";
    case OrderType::kLimit:
      return order.display_quantity ? "iceberg" : "limit";
    case OrderType::kStop:
      return "stop-loss";
    case OrderType::kStopLimit:
      return "stop-loss-limit";
    case OrderType::kTakeProfit:
      return "take-profit";
    case OrderType::kTakeProfitLimit:
      return "take-profit-limit";
    default:
      return nullptr;
  }
}

const char* TimeName(TimeInForce time) {
  switch (time) {
    case TimeInForce::kGtc:
      return "GTC";
    case TimeInForce::kIoc:
      return "IOC";
    case TimeInForce::kGtd:
      return "GTD";
    default:
      return nullptr;
  }
}

std::optional<Rejection> CheckTime(const Order& order, UtcTime now) {
  if (TimeName(order.time_in_force) == nullptr)
    return Lacks("time_in_force", "takes good till cancelled, immediate or cancel, and good till date only");
  if (order.type == OrderType::kMarket && order.time_in_force == TimeInForce::kGtd)
    return Lacks("time_in_force", "a market order has no date");
  if (HasTrigger(order.type) && order.time_in_force == TimeInForce::kIoc)
    return Lacks("time_in_force", "an order that waits for a trigger is not immediate");
  if (order.time_in_force != TimeInForce::kGtd) return std::nullopt;
  if (order.expire_time <= now || order.expire_time - now > kExpiryMax)
    return Refuse(RejectReason::kOutOfRange, "expire_time", "a date from now to 30 days ahead",
                  order.expire_time.ToString());
  return std::nullopt;
}

std::optional<Rejection> CheckTerms(const Order& order) {
  if (order.side != Side::kBuy && order.side != Side::kSell)
    return Refuse(RejectReason::kMissingField, "side", "neither buys nor sells");
  if (!order.quantity.IsPositive())
    return Refuse(RejectReason::kOutOfRange, "quantity", "a quantity above zero", order.quantity.ToString());
  if (HasLimit(order.type) && !order.limit_price)
    return Refuse(RejectReason::kPriceRequired, "limit_price", "the order has no limit");
  if (HasTrigger(order.type) && !order.stop_price)
    return Refuse(RejectReason::kPriceRequired, "stop_price", "the order has no trigger");
  if (HasTrigger(order.type) && order.trigger_source == TriggerSource::kBidAsk)
    return Lacks("trigger_source", "compares triggers with the last trade, never with bid and ask");
  if (order.post_only && (order.type != OrderType::kLimit || order.time_in_force == TimeInForce::kIoc))
    return Lacks("post_only", "only a limit that rests can be post-only");
  if (!order.display_quantity) return std::nullopt;
  if (order.type != OrderType::kLimit || order.time_in_force == TimeInForce::kIoc)
    return Lacks("display_quantity", "only a limit that rests can show a part of itself");
  Decimal least = Divide(order.quantity, Decimal::FromInt(kDisplayPart), Rounding::kCeiling);
  if (*order.display_quantity < least || *order.display_quantity > order.quantity)
    return Refuse(RejectReason::kOutOfRange, "display_quantity", "shows from a 15th to all of the quantity",
                  order.display_quantity->ToString());
  return std::nullopt;
}

std::string Framed(std::string_view method, const ObjectText& params, std::uint64_t req_id) {
  return ObjectText().Text("method", method).Raw("params", params.text()).Whole("req_id", req_id).text();
}

std::string DeadlineOf(UtcTime now) { return (now + kDeadline).ToString(); }

struct Name {
  std::string_view field;
  std::string value;
};
// How the venue is told which order is meant.
std::optional<Name> NameOf(const OrderId& order_id, const std::string& broker_order_id) {
  if (!broker_order_id.empty()) return Name{"order_id", broker_order_id};
  std::optional<std::string> ours = ClientOrderIdOf(order_id);
  if (!ours) return std::nullopt;
  return Name{"cl_ord_id", *std::move(ours)};
}
Rejection NoName(const OrderId& order_id) {
  return Refuse(RejectReason::kBadIdentifier, "order_id", "neither an id of the venue nor one it can take",
                order_id.value());
}

}  // namespace

Message AddOrder(const Order& order, const Sending& sending) {
  const char* type = TypeName(order);
  if (type == nullptr) return Lacks("order_type", "has no such order, or none that is used here");
  if (std::optional<Rejection> why = CheckTime(order, sending.now)) return *std::move(why);
  if (std::optional<Rejection> why = CheckTerms(order)) return *std::move(why);
  std::optional<std::string> id = ClientOrderIdOf(order.order_id);
  if (!id) return NoName(order.order_id);
  ObjectText params;
  params.Text("order_type", type)
      .Text("side", order.side == Side::kBuy ? "buy" : "sell")
      .Number("order_qty", order.quantity)
      .Text("symbol", WsNameOf(order.symbol));
  if (HasLimit(order.type)) params.Number("limit_price", *order.limit_price);
  if (HasTrigger(order.type)) {
    params.Raw(
        "triggers",
        ObjectText().Text("reference", "last").Number("price", *order.stop_price).Text("price_type", "static").text());
  }
  // A market order is done at once whatever it says.
  if (order.type != OrderType::kMarket) params.Text("time_in_force", TimeName(order.time_in_force));
  if (order.time_in_force == TimeInForce::kGtd) params.Text("expire_time", order.expire_time.ToString());
  if (order.display_quantity) params.Number("display_qty", *order.display_quantity);
  if (order.post_only) params.Bool("post_only", true);
  // In what is bought a fee would make the position smaller than what has traded.
  params.Text("fee_preference", "quote");
  params.Text("cl_ord_id", *id).Text("deadline", DeadlineOf(sending.now)).Text("token", sending.token);
  return Framed("add_order", params, sending.req_id);
}

Message AmendOrder(const broker::ReplaceIntent& intent, Decimal quantity, const Sending& sending) {
  std::optional<Name> name = NameOf(intent.order_id, intent.broker_order_id);
  if (!name) return NoName(intent.order_id);
  const Replacement& terms = intent.terms;
  if (!terms.quantity && !terms.limit_price && !terms.stop_price)
    return Refuse(RejectReason::kMissingField, "replacement", "nothing is to be another");
  Decimal wanted = terms.quantity.value_or(quantity);
  if (!wanted.IsPositive())
    return Refuse(RejectReason::kOutOfRange, "quantity", "a quantity above zero", wanted.ToString());
  ObjectText params;
  params.Text(name->field, name->value).Number("order_qty", wanted);
  if (terms.limit_price) params.Number("limit_price", *terms.limit_price);
  if (terms.stop_price) params.Number("trigger_price", *terms.stop_price).Text("trigger_price_type", "static");
  params.Text("deadline", DeadlineOf(sending.now)).Text("token", sending.token);
  return Framed("amend_order", params, sending.req_id);
}

Message CancelOrder(const broker::CancelIntent& intent, const Sending& sending) {
  std::optional<Name> name = NameOf(intent.order_id, intent.broker_order_id);
  if (!name) return NoName(intent.order_id);
  ObjectText params;
  params.Raw(name->field, "[" + ObjectText::Quoted(name->value) + "]").Text("token", sending.token);
  return Framed("cancel_order", params, sending.req_id);
}

std::string CancelAll(const Sending& sending) {
  return Framed("cancel_all", ObjectText().Text("token", sending.token), sending.req_id);
}

}  // namespace ballast::kraken
