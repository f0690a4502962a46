// Order lists: one cancels the other (rest-api.md, "Order lists").
#include "libs/venue_simulator/binance/operations.h"
#include "libs/venue_simulator/binance/terms.h"

namespace ballast::venue_simulator::binance {
namespace {

bool TakesProfit(OrderType type) {
  return type == OrderType::kLimitMaker || type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
}

std::optional<Failure> Arrange(const OrderTerms& above, const OrderTerms& below) {
  for (const OrderTerms* leg : {&above, &below}) {
    if (!TakesProfit(leg->type) && !IsStopLoss(leg->type)) return Failure{-1158, "Order type not supported in OCO."};
  }
  if (TakesProfit(above.type) && TakesProfit(below.type)) {
    return Failure{-1168, "At least one OCO order must be contingent."};
  }
  bool buy = above.side == Side::kBuy;
  bool limit_above = above.type == OrderType::kLimitMaker;
  bool limit_below = below.type == OrderType::kLimitMaker;
  if (buy && limit_above) return Failure{-1165, "A limit order in a buy OCO must be below."};
  if (!buy && limit_below) return Failure{-1166, "A limit order in a sell OCO must be above."};
  if (buy && IsStopLoss(below.type)) return Failure{-1196, "A stop loss order in a buy OCO must be above."};
  if (!buy && IsStopLoss(above.type)) return Failure{-1197, "A stop loss order in a sell OCO must be below."};
  if (buy && TakesProfit(above.type)) return Failure{-1198, "A take profit order in a buy OCO must be below."};
  if (!buy && TakesProfit(below.type)) return Failure{-1199, "A take profit order in a sell OCO must be above."};
  return std::nullopt;
}

Reply PlaceOco(Market& market, const Call& call) {
  std::string symbol;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  OrderTerms above;
  OrderTerms below;
  if (auto failure = ReadLeg(call.parameters, "above", call.account, market.MakeId(), &above)) return *failure;
  if (auto failure = ReadLeg(call.parameters, "below", call.account, market.MakeId(), &below)) return *failure;
  if (auto failure = Arrange(above, below)) return *failure;
  std::string client_id =
      call.parameters.Has("listClientOrderId") ? call.parameters.Get("listClientOrderId") : market.MakeId();
  if (!IsClientId(client_id)) return Illegal("listClientOrderId", "^[a-zA-Z0-9-_]{1,36}$");
  const OrderList* same = market.exchange.ListBy(call.account, client_id);
  if (same != nullptr && !same->done) return FailureOf(Refusal::kDuplicate);
  if (!call.may_trade) return Failure{-2010, "This account may not place or cancel orders."};
  std::string response = call.parameters.Get("newOrderRespType");
  auto type = response == "ACK" ? ResponseType::kAck : ResponseType::kResult;
  bool stop_above = IsStopLoss(above.type);
  OrderTerms resting = stop_above ? below : above;
  OrderTerms stop = stop_above ? above : below;
  Exchange::Placed placed =
      market.exchange.PlaceList(std::move(resting), std::move(stop), std::move(client_id), call.now);
  if (placed.refusal != Refusal::kNone) return FailureOf(placed.refusal);
  const OrderList& list = *market.exchange.list(placed.id);
  JsonText text;
  text.Open('{');
  WriteList(text, list, market.exchange, call.unit);
  text.Open("orderReports", '[');
  for (std::int64_t leg : {list.first, list.second}) {
    WritePlaced(text, *market.exchange.order(leg), {}, type, call.unit);
  }
  text.Close(']').Close('}');
  return Reply(text.Take());
}

std::optional<Failure> FindList(const Market& market, const Call& call, std::string_view client_name,
                                const OrderList** list) {
  const Parameters& parameters = call.parameters;
  if (!parameters.Has("orderListId") && !parameters.Has(client_name)) {
    return Failure{-1102,
                   "Param '" + std::string(client_name) + "' or 'orderListId' must be sent, but both were empty/null!"};
  }
  std::optional<Failure> failure;
  auto id = parameters.Int("orderListId", failure);
  if (failure) return failure;
  *list = id ? market.exchange.list(*id) : market.exchange.ListBy(call.account, parameters.Get(client_name));
  bool fits = *list != nullptr && (*list)->account == call.account &&
              (!parameters.Has(client_name) || (*list)->client_id == parameters.Get(client_name));
  if (!fits) *list = nullptr;
  return std::nullopt;
}

Reply CancelList(Market& market, const Call& call) {
  std::string symbol;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  const OrderList* list = nullptr;
  if (auto failure = FindList(market, call, "listClientOrderId", &list)) return *failure;
  if (list == nullptr || list->done || list->symbol != symbol) return FailureOf(Refusal::kUnknownOrder);
  if (!call.may_trade) return Failure{-2011, "This account may not place or cancel orders."};
  std::string cancel_id =
      call.parameters.Has("newClientOrderId") ? call.parameters.Get("newClientOrderId") : market.MakeId();
  if (!IsClientId(cancel_id)) return Illegal("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$");
  const Order* first = market.exchange.order(list->first);
  market.exchange.Cancel(first->open() ? list->first : list->second, cancel_id, call.now);
  JsonText text;
  text.Open('{');
  WriteList(text, *list, market.exchange, call.unit);
  text.Open("orderReports", '[');
  for (std::int64_t leg : {list->first, list->second}) {
    WriteCanceled(text, *market.exchange.order(leg), cancel_id, call.unit);
  }
  text.Close(']').Close('}');
  return Reply(text.Take());
}

Reply QueryList(Market& market, const Call& call) {
  const OrderList* list = nullptr;
  if (auto failure = FindList(market, call, "origClientOrderId", &list)) return *failure;
  if (list == nullptr) return Failure{-2013, "Order does not exist."};
  JsonText text;
  text.Open('{');
  WriteList(text, *list, market.exchange, call.unit);
  text.Close('}');
  return Reply(text.Take());
}

template <bool open_only>
Reply QueryLists(Market& market, const Call& call) {
  JsonText text;
  text.Open('[');
  for (const auto& [id, list] : market.exchange.lists()) {
    if (list.account != call.account || (open_only && list.done)) continue;
    text.Open('{');
    WriteList(text, list, market.exchange, call.unit);
    text.Close('}');
  }
  text.Close(']');
  return Reply(text.Take());
}

constexpr std::string_view kOcoParameters =
    "symbol side quantity listClientOrderId aboveType aboveClientOrderId aboveIcebergQty abovePrice aboveStopPrice "
    "aboveTrailingDelta aboveTimeInForce aboveStrategyId aboveStrategyType belowType belowClientOrderId "
    "belowIcebergQty belowPrice belowStopPrice belowTrailingDelta belowTimeInForce belowStrategyId belowStrategyType "
    "newOrderRespType selfTradePreventionMode";

}  // namespace

std::vector<Operation> ListOperations() {
  return {
      {"POST", "orderList/oco", "orderList.place.oco", Security::kSigned, 1, 2, kOcoParameters, PlaceOco},
      {"DELETE", "orderList", "orderList.cancel", Security::kSigned, 1, -1,
       "symbol orderListId listClientOrderId newClientOrderId", CancelList},
      {"GET", "orderList", "orderList.status", Security::kSigned, 4, 0, "orderListId origClientOrderId", QueryList},
      {"GET", "openOrderList", "openOrderLists.status", Security::kSigned, 6, 0, "", QueryLists<true>},
      {"GET", "allOrderList", "allOrderLists", Security::kSigned, 20, 0, "fromId startTime endTime limit",
       QueryLists<false>},
  };
}

}  // namespace ballast::venue_simulator::binance
