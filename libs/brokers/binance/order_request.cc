#include "libs/brokers/binance/order_request.h"

#include <string_view>

#include "libs/brokers/binance/capabilities.h"
#include "libs/brokers/binance/client_order_id.h"
#include "libs/model/trigger.h"

namespace ballast::binance {
namespace {

constexpr const char* kOrderPath = "/api/v3/order";
constexpr std::int64_t kNanosPerMilli = 1'000'000;

Rejection Lacks(std::string what, std::string message) {
  return {.reason = RejectReason::kBrokerUnsupported,
          .check = "capability",
          .observed = std::move(what),
          .message = std::move(message)};
}

Rejection Wrong(RejectReason reason, std::string field, std::string observed) {
  return {.reason = reason, .check = field, .observed = std::move(observed), .message = field + " is not usable"};
}

std::optional<Rejection> AddSymbol(Parameters& out, const Symbol& symbol, const Symbols& symbols) {
  const std::string& name = symbols.VenueName(symbol);
  if (name.empty()) {
    return Rejection{.reason = RejectReason::kUnknownInstrument,
                     .check = "symbol",
                     .observed = symbol.value(),
                     .message = "the venue has not listed " + symbol.value()};
  }
  out.emplace_back("symbol", name);
  return std::nullopt;
}

// By our id, or by the venue's where it is none of ours.
std::optional<Rejection> AddId(Parameters& out, const OrderId& order_id, const std::string& broker_order_id) {
  if (auto ours = Encode({.order_id = order_id}); ours.ok()) {
    out.emplace_back("origClientOrderId", *ours);
    return std::nullopt;
  }
  if (broker_order_id.empty()) return Wrong(RejectReason::kBadIdentifier, "order_id", order_id.value());
  out.emplace_back("orderId", broker_order_id);
  return std::nullopt;
}

std::string_view TypeName(OrderType type, bool post_only) {
  switch (type) {
    case OrderType::kMarket:
      return "MARKET";
    case OrderType::kLimit:
      return post_only ? "LIMIT_MAKER" : "LIMIT";
    case OrderType::kStop:
      return "STOP_LOSS";
    case OrderType::kStopLimit:
      return "STOP_LOSS_LIMIT";
    case OrderType::kTakeProfit:
      return "TAKE_PROFIT";
    case OrderType::kTakeProfitLimit:
      return "TAKE_PROFIT_LIMIT";
    default:
      return "";
  }
}

std::string_view TimeName(TimeInForce time) {
  switch (time) {
    case TimeInForce::kGtc:
      return "GTC";
    case TimeInForce::kIoc:
      return "IOC";
    case TimeInForce::kFok:
      return "FOK";
    default:
      return "";
  }
}

std::optional<Rejection> CheckPrice(const std::optional<Decimal>& price, bool needed, const char* field) {
  if (!needed && price) return Wrong(RejectReason::kPriceForbidden, field, price->ToString());
  if (needed && !price) return Wrong(RejectReason::kPriceRequired, field, "");
  if (needed && !price->IsPositive()) return Wrong(RejectReason::kOutOfRange, field, price->ToString());
  return std::nullopt;
}

// What the venue has no word for.
std::optional<Rejection> CheckTerms(const Order& order) {
  const bool limit = HasLimit(order.type);
  if (order.side != Side::kBuy && order.side != Side::kSell) return Wrong(RejectReason::kBadEnum, "side", "");
  if (TypeName(order.type, false).empty())
    return Lacks("order_type." + std::string(broker::NameOf(order.type)), "the venue has no such order");
  if (TimeName(order.time_in_force).empty())
    return Lacks("time_in_force." + std::string(broker::NameOf(order.time_in_force)), "the venue has no such time");
  // Without a limit it names no time: a market order ends at once, and a stop waits until it is reached.
  if (!limit && order.time_in_force == TimeInForce::kFok)
    return Lacks("time_in_force.fok", "the venue fills all or nothing at a limit only");
  if (!limit && HasTrigger(order.type) && order.time_in_force != TimeInForce::kGtc)
    return Lacks("time_in_force.ioc", "a stop that becomes a market order waits until it is reached");
  if (order.post_only && (order.type != OrderType::kLimit || order.time_in_force != TimeInForce::kGtc))
    return Lacks("post_only", "only a limit order that rests can be one that never takes");
  if (order.reduce_only && order.side == Side::kBuy)
    return Lacks("reduce_only", "on spot nothing is short, so no buy can reduce anything");
  if (HasTrigger(order.type) && order.trigger_source == TriggerSource::kBidAsk)
    return Lacks("trigger_source.bid_ask", "the venue compares with the last trade's price only");
  if (order.display_quantity) {
    if (!limit || order.time_in_force != TimeInForce::kGtc)
      return Lacks("display_quantity", "the venue hides a part only of a limit order that is good till cancelled");
    if (!order.display_quantity->IsPositive() || *order.display_quantity > order.quantity)
      return Wrong(RejectReason::kOutOfRange, "display_quantity", order.display_quantity->ToString());
  }
  if (!order.quantity.IsPositive()) return Wrong(RejectReason::kOutOfRange, "quantity", order.quantity.ToString());
  if (auto why = CheckPrice(order.limit_price, limit, "limit_price")) return why;
  return CheckPrice(order.stop_price, HasTrigger(order.type), "stop_price");
}

void AddTerms(Parameters& out, const Order& order) {
  out.emplace_back("side", order.side == Side::kBuy ? "BUY" : "SELL");
  out.emplace_back("type", TypeName(order.type, order.post_only));
  // LIMIT_MAKER has none, nor has an order that becomes a market order.
  if (HasLimit(order.type) && !order.post_only) out.emplace_back("timeInForce", TimeName(order.time_in_force));
  out.emplace_back("quantity", order.quantity.ToString());
  if (order.limit_price) out.emplace_back("price", order.limit_price->ToString());
  if (order.stop_price) out.emplace_back("stopPrice", order.stop_price->ToString());
  if (order.display_quantity) out.emplace_back("icebergQty", order.display_quantity->ToString());
}

}  // namespace

RequestOrRejection PlaceRequest(const Order& order, const Symbols& symbols) {
  Request request{.method = "POST", .path = kOrderPath};
  if (auto why = CheckTerms(order)) return *std::move(why);
  if (auto why = AddSymbol(request.parameters, order.symbol, symbols)) return *std::move(why);
  auto id = Encode({.order_id = order.order_id});
  if (!id.ok()) return Wrong(RejectReason::kBadIdentifier, "order_id", order.order_id.value());
  AddTerms(request.parameters, order);
  request.parameters.emplace_back("newClientOrderId", *id);
  // With the trades that it made at once; without the word some types say less.
  request.parameters.emplace_back("newOrderRespType", "FULL");
  return request;
}

RequestOrRejection CancelRequest(const broker::CancelIntent& intent, const Symbol& symbol, const Symbols& symbols) {
  Request request{.method = "DELETE", .path = kOrderPath};
  if (auto why = AddSymbol(request.parameters, symbol, symbols)) return *std::move(why);
  if (auto why = AddId(request.parameters, intent.order_id, intent.broker_order_id)) return *std::move(why);
  return request;
}

RequestOrRejection CancelReplaceRequest(const Order& order, const Replacement& terms, const Symbols& symbols) {
  Request request{.method = "POST", .path = "/api/v3/order/cancelReplace"};
  Order next = order;
  next.quantity = terms.quantity.value_or(order.quantity) - order.cumulative_quantity;
  if (terms.limit_price) next.limit_price = terms.limit_price;
  if (terms.stop_price) next.stop_price = terms.stop_price;
  if (auto why = CheckTerms(next)) return *std::move(why);
  if (auto why = AddSymbol(request.parameters, order.symbol, symbols)) return *std::move(why);
  const bool numbered = terms.number >= 1 && terms.number <= static_cast<std::uint32_t>(kReplacementMax);
  auto id = Encode({.order_id = order.order_id, .replacement = numbered ? static_cast<int>(terms.number) : -1});
  if (!id.ok()) return Wrong(RejectReason::kBadIdentifier, "order_id", order.order_id.value());
  AddTerms(request.parameters, next);
  // Without it the new one would be made beside the old one.
  request.parameters.emplace_back("cancelReplaceMode", "STOP_ON_FAILURE");
  // The venue's number where there is one: the order may itself stand in the place of another.
  if (!order.broker_order_id.empty()) {
    request.parameters.emplace_back("cancelOrderId", order.broker_order_id);
  } else {
    request.parameters.emplace_back("cancelOrigClientOrderId", Encode({.order_id = order.order_id}).value());
  }
  request.parameters.emplace_back("newClientOrderId", *id);
  request.parameters.emplace_back("newOrderRespType", "FULL");
  return request;
}

RequestOrRejection QueryOrderRequest(const OrderId& order_id, const std::string& broker_order_id, const Symbol& symbol,
                                     const Symbols& symbols) {
  Request request{.method = "GET", .path = kOrderPath, .weight = 4};
  if (auto why = AddSymbol(request.parameters, symbol, symbols)) return *std::move(why);
  if (auto why = AddId(request.parameters, order_id, broker_order_id)) return *std::move(why);
  return request;
}

RequestOrRejection OpenOrdersRequest(const Symbol& symbol, const Symbols& symbols) {
  Request request{.method = "GET", .path = "/api/v3/openOrders", .weight = symbol.empty() ? 80 : 6};
  if (symbol.empty()) return request;
  if (auto why = AddSymbol(request.parameters, symbol, symbols)) return *std::move(why);
  return request;
}

RequestOrRejection TradesRequest(const TradesQuestion& question, const Symbols& symbols) {
  const bool one = !question.broker_order_id.empty();
  Request request{.method = "GET", .path = "/api/v3/myTrades", .weight = one ? 5 : 20};
  if (auto why = AddSymbol(request.parameters, question.symbol, symbols)) return *std::move(why);
  if (one) request.parameters.emplace_back("orderId", question.broker_order_id);
  // The venue takes a number and a time only apart.
  if (question.from_trade) {
    request.parameters.emplace_back("fromId", std::to_string(*question.from_trade));
  } else if (!one && question.since != UtcTime{}) {
    request.parameters.emplace_back("startTime", std::to_string(question.since.nanos / kNanosPerMilli));
  }
  request.parameters.emplace_back("limit", std::to_string(kTradesMax));
  return request;
}

void AddTime(Request& request, UtcTime venue_time) {
  request.parameters.emplace_back("recvWindow", std::to_string(kRecvWindow.nanos / kNanosPerMilli));
  request.parameters.emplace_back("timestamp", std::to_string(venue_time.nanos / kNanosPerMilli));
}

}  // namespace ballast::binance
