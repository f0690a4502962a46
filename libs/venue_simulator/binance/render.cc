#include "libs/venue_simulator/binance/render.h"

#include "libs/venue_simulator/binance/words.h"

namespace ballast::venue_simulator::binance {
namespace {

void WriteHead(JsonText& text, const Order& order) {
  text.Text("symbol", order.terms.symbol).Number("orderId", order.id).Number("orderListId", order.list_id);
}

void WriteAmounts(JsonText& text, const Order& order) {
  text.Amount("price", order.terms.price)
      .Amount("origQty", order.terms.quantity)
      .Amount("executedQty", order.executed)
      .Amount("origQuoteOrderQty", order.terms.quote_quantity)
      .Amount("cummulativeQuoteQty", order.executed_quote)
      .Text("status", NameOf(order.status))
      .Text("timeInForce", NameOf(order.terms.time_in_force))
      .Text("type", NameOf(order.terms.type))
      .Text("side", NameOf(order.terms.side));
}

// "Conditional fields in Order Responses".
void WriteConditional(JsonText& text, const Order& order, bool always, TimeUnit unit) {
  if (always || IsStop(order.terms.type)) text.Amount("stopPrice", order.terms.stop_price);
  if (order.terms.trailing_delta != 0) {
    text.Number("trailingDelta", order.terms.trailing_delta)
        .Number("trailingTime", order.extreme.IsZero() ? -1 : unit(order.updated));
  }
  if (always || order.terms.iceberg_quantity.IsPositive()) text.Amount("icebergQty", order.terms.iceberg_quantity);
  if (order.terms.strategy_id) text.Number("strategyId", *order.terms.strategy_id);
  if (order.terms.strategy_type) text.Number("strategyType", *order.terms.strategy_type);
  if (order.expiry != ExpiryReason::kNone) text.Text("expiryReason", NameOf(order.expiry));
}

void WriteLeg(JsonText& text, const Order& order) {
  text.Open('{').Text("symbol", order.terms.symbol).Number("orderId", order.id);
  text.Text("clientOrderId", order.terms.client_id).Close('}');
}

void WriteFilter(JsonText& text, std::string_view type, std::initializer_list<std::pair<const char*, Decimal>> values) {
  text.Open('{').Text("filterType", type);
  for (const auto& [name, value] : values) text.Amount(name, value);
  text.Close('}');
}

}  // namespace

void WritePlaced(JsonText& text, const Order& order, const std::vector<Fill>& fills, ResponseType type, TimeUnit unit) {
  text.Open('{');
  WriteHead(text, order);
  text.Text("clientOrderId", order.terms.client_id).Number("transactTime", unit(order.updated));
  if (type != ResponseType::kAck) {
    WriteAmounts(text, order);
    WriteConditional(text, order, false, unit);
    text.Number("workingTime", order.working_since ? unit(*order.working_since) : -1)
        .Text("selfTradePreventionMode", NameOf(order.terms.self_trade));
  }
  if (type == ResponseType::kFull) {
    text.Open("fills", '[');
    for (const Fill& fill : fills) {
      text.Open('{')
          .Amount("price", fill.price)
          .Amount("qty", fill.quantity)
          .Amount("commission", fill.fee)
          .Text("commissionAsset", fill.fee_asset)
          .Number("tradeId", fill.trade_id)
          .Close('}');
    }
    text.Close(']');
  }
  text.Close('}');
}

void WriteOrder(JsonText& text, const Order& order, TimeUnit unit) {
  text.Open('{');
  WriteHead(text, order);
  text.Text("clientOrderId", order.terms.client_id);
  WriteAmounts(text, order);
  WriteConditional(text, order, true, unit);
  text.Number("time", unit(order.created))
      .Number("updateTime", unit(order.updated))
      .Bool("isWorking", order.working)
      .Number("workingTime", order.working_since ? unit(*order.working_since) : -1)
      .Text("selfTradePreventionMode", NameOf(order.terms.self_trade))
      .Close('}');
}

void WriteCanceled(JsonText& text, const Order& order, std::string_view cancel_id, TimeUnit unit) {
  text.Open('{').Text("symbol", order.terms.symbol).Text("origClientOrderId", order.terms.client_id);
  text.Number("orderId", order.id).Number("orderListId", order.list_id);
  text.Text("clientOrderId", cancel_id).Number("transactTime", unit(order.updated));
  WriteAmounts(text, order);
  WriteConditional(text, order, false, unit);
  text.Text("selfTradePreventionMode", NameOf(order.terms.self_trade)).Close('}');
}

void WriteTrade(JsonText& text, const Fill& fill, TimeUnit unit) {
  text.Open('{')
      .Text("symbol", fill.symbol)
      .Number("id", fill.trade_id)
      .Number("orderId", fill.order_id)
      .Number("orderListId", fill.list_id)
      .Amount("price", fill.price)
      .Amount("qty", fill.quantity)
      .Amount("quoteQty", fill.quote)
      .Amount("commission", fill.fee)
      .Text("commissionAsset", fill.fee_asset)
      .Number("time", unit(fill.time))
      .Bool("isBuyer", fill.side == Side::kBuy)
      .Bool("isMaker", fill.maker)
      .Bool("isBestMatch", true)
      .Close('}');
}

void WriteAccount(JsonText& text, const Exchange& exchange, AccountId account, bool may_trade, bool omit_zero,
                  UtcTime now, TimeUnit unit) {
  const AccountSettings& settings = exchange.settings(account);
  // "makerCommission" counts basis points.
  auto points = [](Decimal rate) {
    Decimal count =
        Multiply(rate, Decimal::FromInt(10'000), Rounding::kHalfEven).RoundTo(Decimal::FromInt(1), Rounding::kHalfEven);
    return std::stoll(count.ToString());
  };
  text.Open('{')
      .Number("makerCommission", points(settings.maker_fee))
      .Number("takerCommission", points(settings.taker_fee))
      .Number("buyerCommission", 0)
      .Number("sellerCommission", 0)
      .Open("commissionRates", '{')
      .Amount("maker", settings.maker_fee)
      .Amount("taker", settings.taker_fee)
      .Amount("buyer", Decimal())
      .Amount("seller", Decimal())
      .Close('}')
      .Bool("canTrade", may_trade)
      .Bool("canWithdraw", false)
      .Bool("canDeposit", false)
      .Bool("brokered", false)
      .Bool("requireSelfTradePrevention", false)
      .Bool("preventSor", false)
      .Number("updateTime", unit(now))
      .Text("accountType", "SPOT")
      .Open("balances", '[');
  for (const auto& [asset, balance] : exchange.ledger().All(account)) {
    if (omit_zero && balance.total().IsZero()) continue;
    text.Open('{').Text("asset", asset).Amount("free", balance.free).Amount("locked", balance.locked).Close('}');
  }
  text.Close(']').Open("permissions", '[').Text("SPOT").Close(']').Number("uid", account).Close('}');
}

void WriteList(JsonText& text, const OrderList& list, const Exchange& exchange, TimeUnit unit) {
  text.Number("orderListId", list.id)
      .Text("contingencyType", "OCO")
      .Text("listStatusType", list.done ? "ALL_DONE" : "EXEC_STARTED")
      .Text("listOrderStatus", list.done ? "ALL_DONE" : "EXECUTING")
      .Text("listClientOrderId", list.client_id)
      .Number("transactionTime", unit(list.time))
      .Text("symbol", list.symbol)
      .Open("orders", '[');
  for (std::int64_t id : {list.first, list.second}) WriteLeg(text, *exchange.order(id));
  text.Close(']');
}

void WriteSymbol(JsonText& text, const Instrument& instrument) {
  constexpr int kPrecision = 8;
  text.Open('{').Text("symbol", instrument.symbol).Text("status", NameOf(instrument.status));
  text.Text("baseAsset", instrument.base).Number("baseAssetPrecision", kPrecision);
  text.Text("quoteAsset", instrument.quote).Number("quotePrecision", kPrecision);
  text.Number("quoteAssetPrecision", kPrecision).Number("baseCommissionPrecision", kPrecision);
  text.Number("quoteCommissionPrecision", kPrecision).Open("orderTypes", '[');
  for (const char* type :
       {"LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}) {
    text.Text(type);
  }
  text.Close(']');
  for (const char* yes : {"icebergAllowed", "ocoAllowed"}) text.Bool(yes, true);
  for (const char* no : {"otoAllowed", "opoAllowed"}) text.Bool(no, false);
  for (const char* yes : {"quoteOrderQtyMarketAllowed", "allowTrailingStop", "cancelReplaceAllowed"}) {
    text.Bool(yes, true);
  }
  for (const char* no : {"amendAllowed", "pegInstructionsAllowed"}) text.Bool(no, false);
  text.Bool("isSpotTradingAllowed", true).Bool("isMarginTradingAllowed", false).Open("filters", '[');
  WriteFilter(text, "PRICE_FILTER",
              {{"minPrice", instrument.price_min}, {"maxPrice", instrument.price_max}, {"tickSize", instrument.tick}});
  WriteFilter(text, "LOT_SIZE",
              {{"minQty", instrument.quantity_min}, {"maxQty", instrument.quantity_max}, {"stepSize", instrument.lot}});
  text.Open('{').Text("filterType", "ICEBERG_PARTS").Number("limit", instrument.iceberg_parts_max).Close('}');
  WriteFilter(text, "MARKET_LOT_SIZE",
              {{"minQty", Decimal()}, {"maxQty", instrument.market_quantity_max}, {"stepSize", Decimal()}});
  text.Open('{')
      .Text("filterType", "TRAILING_DELTA")
      .Number("minTrailingAboveDelta", instrument.trailing_min)
      .Number("maxTrailingAboveDelta", instrument.trailing_max)
      .Number("minTrailingBelowDelta", instrument.trailing_min)
      .Number("maxTrailingBelowDelta", instrument.trailing_max)
      .Close('}');
  text.Open('{').Text("filterType", "PERCENT_PRICE_BY_SIDE");
  for (const char* side : {"bid", "ask"}) {
    text.Text(std::string(side) + "MultiplierUp", instrument.band_high.ToString());
    text.Text(std::string(side) + "MultiplierDown", instrument.band_low.ToString());
  }
  text.Number("avgPriceMins", 0).Close('}');
  text.Open('{')
      .Text("filterType", "NOTIONAL")
      .Amount("minNotional", instrument.notional_min)
      .Bool("applyMinToMarket", true)
      .Amount("maxNotional", instrument.notional_max)
      .Bool("applyMaxToMarket", true)
      .Number("avgPriceMins", 0)
      .Close('}');
  text.Open('{').Text("filterType", "MAX_NUM_ORDERS").Number("maxNumOrders", instrument.orders_max).Close('}');
  text.Open('{').Text("filterType", "MAX_NUM_ALGO_ORDERS").Number("maxNumAlgoOrders", instrument.stops_max).Close('}');
  text.Close(']').Open("permissions", '[').Close(']');
  text.Open("permissionSets", '[').Open('[').Text("SPOT").Close(']').Close(']');
  text.Text("defaultSelfTradePreventionMode", "EXPIRE_MAKER").Open("allowedSelfTradePreventionModes", '[');
  for (const char* mode : {"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"}) text.Text(mode);
  text.Close(']').Close('}');
}

std::string ExecutionReport(const Execution& execution, TimeUnit unit) {
  const Order& order = execution.order;
  const Fill& fill = execution.fill;
  bool trade = execution.kind == ExecutionKind::kTrade;
  bool canceled = execution.kind == ExecutionKind::kCanceled;
  constexpr const char* kKinds[] = {"NEW", "TRADE", "CANCELED", "EXPIRED"};
  bool prevented = order.status == OrderStatus::kExpiredInMatch;
  JsonText text;
  text.Open('{').Text("e", "executionReport").Number("E", unit(execution.time)).Text("s", order.terms.symbol);
  text.Text("c", canceled ? execution.cancel_id : order.terms.client_id)
      .Text("S", NameOf(order.terms.side))
      .Text("o", NameOf(order.terms.type))
      .Text("f", NameOf(order.terms.time_in_force))
      .Amount("q", order.terms.quantity)
      .Amount("p", order.terms.price)
      .Amount("P", order.terms.stop_price)
      .Amount("F", order.terms.iceberg_quantity)
      .Number("g", order.list_id)
      .Text("C", canceled ? order.terms.client_id : "")
      .Text("x", prevented ? "TRADE_PREVENTION" : kKinds[static_cast<int>(execution.kind)])
      .Text("X", NameOf(order.status))
      .Text("r", "NONE")
      .Number("i", order.id)
      .Amount("l", trade ? fill.quantity : Decimal())
      .Amount("z", order.executed)
      .Amount("L", trade ? fill.price : Decimal())
      .Text("n", trade ? fill.fee.ToStringMinPlaces(8) : "0");
  if (trade) {
    text.Text("N", fill.fee_asset);
  } else {
    text.Key("N").Null();
  }
  text.Number("T", unit(execution.time))
      .Number("t", trade ? fill.trade_id : -1)
      .Number("v", 0)
      .Number("I", execution.execution_id)
      .Bool("w", order.working && order.open())
      .Bool("m", trade && fill.maker)
      .Bool("M", false)
      .Number("O", unit(order.created))
      .Amount("Z", order.executed_quote)
      .Amount("Y", trade ? fill.quote : Decimal())
      .Amount("Q", order.terms.quote_quantity);
  if (order.working_since) text.Number("W", unit(*order.working_since));
  text.Text("V", NameOf(order.terms.self_trade));
  if (order.terms.trailing_delta != 0) text.Number("d", order.terms.trailing_delta);
  if (order.terms.strategy_id) text.Number("j", *order.terms.strategy_id);
  if (order.terms.strategy_type) text.Number("J", *order.terms.strategy_type);
  if (order.expiry != ExpiryReason::kNone) text.Text("eR", NameOf(order.expiry));
  text.Close('}');
  return text.Take();
}

std::string AccountPosition(const BalancesChanged& changed, const Ledger& ledger, TimeUnit unit) {
  JsonText text;
  text.Open('{').Text("e", "outboundAccountPosition").Number("E", unit(changed.time));
  text.Number("u", unit(changed.time)).Open("B", '[');
  for (const std::string& asset : changed.assets) {
    Balance balance = ledger.Of(changed.account, asset);
    text.Open('{').Text("a", asset).Amount("f", balance.free).Amount("l", balance.locked).Close('}');
  }
  text.Close(']').Close('}');
  return text.Take();
}

std::string ListStatus(const ListChanged& changed, const Exchange& exchange, TimeUnit unit) {
  const OrderList& list = changed.list;
  JsonText text;
  text.Open('{').Text("e", "listStatus").Number("E", unit(changed.time)).Text("s", list.symbol);
  text.Number("g", list.id).Text("c", "OCO").Text("l", list.done ? "ALL_DONE" : "EXEC_STARTED");
  text.Text("L", list.done ? "ALL_DONE" : "EXECUTING").Text("r", "NONE").Text("C", list.client_id);
  text.Number("T", unit(changed.time)).Open("O", '[');
  for (std::int64_t id : {list.first, list.second}) {
    const Order& leg = *exchange.order(id);
    text.Open('{').Text("s", list.symbol).Number("i", id).Text("c", leg.terms.client_id).Close('}');
  }
  text.Close(']').Close('}');
  return text.Take();
}

}  // namespace ballast::venue_simulator::binance
