// Orders: place, test, cancel, replace (rest-api.md, "Trading endpoints").
#include <algorithm>

#include "libs/venue_simulator/binance/operations.h"
#include "libs/venue_simulator/binance/terms.h"

namespace ballast::venue_simulator::binance {
namespace {

struct Placement {
  OrderTerms terms;
  ResponseType response = ResponseType::kAck;
};

std::optional<Failure> ReadPlacement(Market& market, const Call& call, Placement* placement) {
  if (auto failure = ReadTerms(call.parameters, call.account, market.MakeId(), &placement->terms)) return failure;
  if (market.exchange.Find(placement->terms.symbol) == nullptr) return Failure{-1121, "Invalid symbol."};
  OrderType type = placement->terms.type;
  placement->response =
      type == OrderType::kMarket || type == OrderType::kLimit ? ResponseType::kFull : ResponseType::kAck;
  std::string wanted = call.parameters.Get("newOrderRespType");
  if (wanted == "ACK") {
    placement->response = ResponseType::kAck;
  } else if (wanted == "RESULT") {
    placement->response = ResponseType::kResult;
  } else if (wanted == "FULL") {
    placement->response = ResponseType::kFull;
  } else if (!wanted.empty()) {
    return Invalid("newOrderRespType");
  }
  return std::nullopt;
}

const Failure kMayNot{-2010, "This account may not place or cancel orders."};

Reply Place(Market& market, const Call& call, const Placement& placement) {
  Exchange::Placed placed = market.exchange.Place(placement.terms, call.now);
  if (placed.refusal != Refusal::kNone) return FailureOf(placed.refusal);
  std::vector<Fill> fills;
  for (const Fill& fill : market.exchange.fills(call.account)) {
    if (fill.order_id == placed.id) fills.push_back(fill);
  }
  JsonText text;
  WritePlaced(text, *market.exchange.order(placed.id), fills, placement.response, call.unit);
  return Reply(text.Take());
}

Reply PlaceOrder(Market& market, const Call& call) {
  Placement placement;
  if (auto failure = ReadPlacement(market, call, &placement)) return *failure;
  if (!call.may_trade) return kMayNot;
  return Place(market, call, placement);
}

Reply TestOrder(Market& market, const Call& call) {
  Placement placement;
  if (auto failure = ReadPlacement(market, call, &placement)) return *failure;
  Refusal refusal = market.exchange.Check(placement.terms);
  // A test goes as far as the engine's door: it does not ask for balances.
  if (refusal != Refusal::kNone && refusal != Refusal::kBalance) return FailureOf(refusal);
  if (call.parameters.Get("computeCommissionRates") != "true") return Reply("{}");
  const AccountSettings& settings = market.exchange.settings(call.account);
  JsonText text;
  text.Open('{');
  for (const char* name : {"standardCommissionForOrder", "specialCommissionForOrder", "taxCommissionForOrder"}) {
    bool standard = std::string_view(name).starts_with("standard");
    text.Open(name, '{')
        .Amount("maker", standard ? settings.maker_fee : Decimal())
        .Amount("taker", standard ? settings.taker_fee : Decimal())
        .Close('}');
  }
  text.Open("discount", '{')
      .Bool("enabledForAccount", !settings.fee_asset.empty())
      .Bool("enabledForSymbol", true)
      .Text("discountAsset", settings.fee_asset.empty() ? "BNB" : settings.fee_asset)
      .Amount("discount", settings.fee_discount)
      .Close('}')
      .Close('}');
  return Reply(text.Take());
}

// The order that `id_name` and `client_name` mean; null where they mean none.
std::optional<Failure> FindOrder(const Market& market, const Call& call, std::string_view id_name,
                                 std::string_view client_name, const Order** order) {
  const Parameters& parameters = call.parameters;
  std::string symbol;
  if (auto failure = ReadSymbol(market, parameters, &symbol)) return failure;
  if (!parameters.Has(id_name) && !parameters.Has(client_name)) {
    return Failure{-1102, "Param '" + std::string(client_name) + "' or '" + std::string(id_name) +
                              "' must be sent, but both were empty/null!"};
  }
  std::optional<Failure> failure;
  auto id = parameters.Int(id_name, failure);
  if (failure) return failure;
  const Exchange& exchange = market.exchange;
  *order = id ? exchange.order(*id) : exchange.OrderBy(call.account, symbol, parameters.Get(client_name));
  bool fits = *order != nullptr && (*order)->terms.account == call.account && (*order)->terms.symbol == symbol &&
              (!parameters.Has(client_name) || (*order)->terms.client_id == parameters.Get(client_name));
  if (!fits) *order = nullptr;
  return std::nullopt;
}

struct Cancellation {
  std::int64_t order = 0;
  std::string cancel_id;
};

// Whether it may be cancelled as things are.
std::optional<Failure> ReadCancellation(Market& market, const Call& call, std::string_view id_name,
                                        std::string_view client_name, std::string_view cancel_name,
                                        Cancellation* cancellation) {
  const Order* order = nullptr;
  if (auto failure = FindOrder(market, call, id_name, client_name, &order)) return failure;
  std::string restriction = call.parameters.Get("cancelRestrictions");
  if (!restriction.empty() && restriction != "ONLY_NEW" && restriction != "ONLY_PARTIALLY_FILLED") {
    return Failure{-1145, "Invalid cancelRestrictions"};
  }
  cancellation->cancel_id = call.parameters.Has(cancel_name) ? call.parameters.Get(cancel_name) : market.MakeId();
  if (!IsClientId(cancellation->cancel_id)) return Illegal(cancel_name, "^[a-zA-Z0-9-_]{1,36}$");
  if (order == nullptr || !order->open()) return FailureOf(Refusal::kUnknownOrder);
  if (!restriction.empty() && (order->status == OrderStatus::kNew) != (restriction == "ONLY_NEW")) {
    return Failure{-2011, "Order was not canceled due to cancel restrictions."};
  }
  cancellation->order = order->id;
  return std::nullopt;
}

void WriteListCanceled(JsonText& text, const Market& market, std::int64_t list_id, const std::string& cancel_id,
                       TimeUnit unit) {
  const OrderList& list = *market.exchange.list(list_id);
  text.Open('{');
  WriteList(text, list, market.exchange, unit);
  text.Open("orderReports", '[');
  for (std::int64_t leg : {list.first, list.second}) {
    WriteCanceled(text, *market.exchange.order(leg), cancel_id, unit);
  }
  text.Close(']').Close('}');
}

std::string Cancel(Market& market, const Call& call, const Cancellation& cancellation) {
  market.exchange.Cancel(cancellation.order, cancellation.cancel_id, call.now);
  const Order& order = *market.exchange.order(cancellation.order);
  JsonText text;
  if (order.list_id >= 0) {
    WriteListCanceled(text, market, order.list_id, cancellation.cancel_id, call.unit);
  } else {
    WriteCanceled(text, order, cancellation.cancel_id, call.unit);
  }
  return text.Take();
}

Reply CancelOrder(Market& market, const Call& call) {
  Cancellation cancellation;
  if (auto failure =
          ReadCancellation(market, call, "orderId", "origClientOrderId", "newClientOrderId", &cancellation)) {
    return *failure;
  }
  if (!call.may_trade) return Failure{-2011, kMayNot.message};
  return Reply(Cancel(market, call, cancellation));
}

Reply CancelAll(Market& market, const Call& call) {
  std::string symbol;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  std::vector<std::int64_t> open;
  for (std::int64_t id : market.exchange.open_orders(call.account)) {
    if (market.exchange.order(id)->terms.symbol == symbol) open.push_back(id);
  }
  if (open.empty()) return FailureOf(Refusal::kUnknownOrder);
  if (!call.may_trade) return Failure{-2011, kMayNot.message};
  std::string cancel_id = market.MakeId();
  JsonText text;
  text.Open('[');
  for (std::int64_t id : open) {
    // The other leg of a list is gone with the first.
    if (market.exchange.Cancel(id, cancel_id, call.now) != Refusal::kNone) continue;
    const Order& order = *market.exchange.order(id);
    if (order.list_id >= 0) {
      WriteListCanceled(text, market, order.list_id, cancel_id, call.unit);
    } else {
      WriteCanceled(text, order, cancel_id, call.unit);
    }
  }
  text.Close(']');
  return Reply(text.Take());
}

Reply CancelReplace(Market& market, const Call& call) {
  std::string mode = call.parameters.Get("cancelReplaceMode");
  if (mode.empty()) return Missing("cancelReplaceMode");
  if (mode != "STOP_ON_FAILURE" && mode != "ALLOW_FAILURE") return Invalid("cancelReplaceMode");
  Placement placement;
  if (auto failure = ReadPlacement(market, call, &placement)) return *failure;
  if (!call.may_trade) return kMayNot;
  // Filters come before both of them.
  Refusal refusal = market.exchange.Check(placement.terms);
  if (refusal != Refusal::kNone && FailureOf(refusal).code == -1013) return FailureOf(refusal);

  Cancellation cancellation;
  auto not_cancelled = ReadCancellation(market, call, "cancelOrderId", "cancelOrigClientOrderId",
                                        "cancelNewClientOrderId", &cancellation);
  if (not_cancelled && not_cancelled->code != -2011) return *not_cancelled;
  Reply cancelled = not_cancelled ? Reply(*not_cancelled) : Reply(Cancel(market, call, cancellation));
  bool attempt = cancelled.ok() || mode == "ALLOW_FAILURE";
  Reply placed = attempt ? Place(market, call, placement) : Reply("null");
  auto word = [](const Reply& reply) { return reply.ok() ? "SUCCESS" : "FAILURE"; };
  JsonText text;
  text.Open('{').Text("cancelResult", word(cancelled)).Text("newOrderResult", attempt ? word(placed) : "NOT_ATTEMPTED");
  text.Key("cancelResponse").Raw(cancelled.json).Key("newOrderResponse").Raw(placed.json).Close('}');
  bool all = cancelled.ok() && attempt && placed.ok();
  if (all) return Reply(text.Take());
  bool none = !cancelled.ok() && (!attempt || !placed.ok());
  JsonText error;
  error.Open('{')
      .Number("code", none ? -2022 : -2021)
      .Text("msg", none ? "Order cancel-replace failed." : "Order cancel-replace partially failed.")
      .Key("data")
      .Raw(text.Take())
      .Close('}');
  Reply reply(error.Take());
  reply.status = none ? 400 : 409;
  return reply;
}

Reply QueryOrder(Market& market, const Call& call) {
  const Order* order = nullptr;
  if (auto failure = FindOrder(market, call, "orderId", "origClientOrderId", &order)) return *failure;
  if (order == nullptr) return Failure{-2013, "Order does not exist."};
  JsonText text;
  WriteOrder(text, *order, call.unit);
  return Reply(text.Take());
}

constexpr std::string_view kTestParameters =
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId strategyType stopPrice "
    "trailingDelta icebergQty newOrderRespType selfTradePreventionMode computeCommissionRates";
constexpr std::string_view kReplaceParameters =
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId strategyType stopPrice "
    "trailingDelta icebergQty newOrderRespType selfTradePreventionMode cancelReplaceMode cancelNewClientOrderId "
    "cancelOrigClientOrderId cancelOrderId cancelRestrictions orderRateLimitExceededMode";

}  // namespace

std::vector<Operation> TradingOperations() {
  return {
      {"POST", "order", "order.place", Security::kSigned, 1, 1, kOrderParameters, PlaceOrder},
      {"POST", "order/test", "order.test", Security::kSigned, 1, 0, kTestParameters, TestOrder},
      {"DELETE", "order", "order.cancel", Security::kSigned, 1, -1,
       "symbol orderId origClientOrderId newClientOrderId cancelRestrictions", CancelOrder},
      {"DELETE", "openOrders", "openOrders.cancelAll", Security::kSigned, 1, -1, "symbol", CancelAll},
      {"POST", "order/cancelReplace", "order.cancelReplace", Security::kSigned, 1, 1, kReplaceParameters,
       CancelReplace},
      {"GET", "order", "order.status", Security::kSigned, 4, 0, "symbol orderId origClientOrderId", QueryOrder},
  };
}

}  // namespace ballast::venue_simulator::binance
