#include "libs/brokers/ibkr/messages.h"

#include "libs/base/absl_std.h"
#include "libs/brokers/ibkr/frame.h"
#include "libs/brokers/ibkr/open_order.h"

namespace ballast::ibkr {
namespace {

// From these server versions on a message has, or no longer has, a field.
constexpr int kSuggestedSizeOnly = 163;
constexpr int kSizeRules = 164;
constexpr int kAdvancedReject = 166;
constexpr int kPendingPriceRevision = 178;

std::vector<std::string> ListOf(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    std::size_t comma = text.find(',');
    if (comma != 0) items.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return items;
}

Message ReadOrderStatus(FieldReader& in) {
  OrderStatusReport report;
  report.order_id = in.RequiredInt("orderId");
  report.status = in.RequiredText("status");
  report.filled = in.RequiredDecimal("filled");
  report.remaining = in.RequiredDecimal("remaining");
  report.average_price = in.Number("avgFillPrice");
  report.perm_id = in.IntOrZero("permId");
  report.parent_id = in.IntOrZero("parentId");
  report.last_price = in.Number("lastFillPrice");
  report.client_id = in.IntOrZero("clientId");
  report.why_held = in.Text("whyHeld");
  report.market_cap_price = in.Number("mktCapPrice");
  return report;
}

Message ReadError(FieldReader& in, int version) {
  ErrorReport error;
  in.Skip(1, "version");
  error.id = in.RequiredInt("id");
  error.code = in.RequiredInt32("errorCode");
  error.text = in.Text("errorMsg");
  if (version >= kAdvancedReject) error.advanced_reject_json = in.Text("advancedOrderRejectJson");
  return error;
}

Message ReadExecution(FieldReader& in, int version) {
  Execution execution;
  execution.request_id = in.IntOrZero("reqId");
  execution.order_id = in.IntOrZero("orderId");
  execution.contract = ReadContract(in);
  execution.execution_id = in.RequiredText("execId");
  execution.time = in.RequiredTime("time");
  execution.account = in.Text("acctNumber");
  execution.exchange = in.Text("exchange");
  execution.side = in.RequiredText("side");
  execution.quantity = in.RequiredDecimal("shares");
  execution.price = in.RequiredDecimal("price");
  execution.perm_id = in.IntOrZero("permId");
  execution.client_id = in.IntOrZero("clientId");
  execution.liquidation = in.IntOrZero("liquidation") != 0;
  execution.cumulative_quantity = in.Number("cumQty");
  execution.average_price = in.Number("avgPrice");
  execution.order_ref = in.Text("orderRef");
  in.Skip(1, "evRule");
  in.Skip(1, "evMultiplier");
  in.Skip(1, "modelCode");
  execution.last_liquidity = in.IntOrZero("lastLiquidity");
  if (version >= kPendingPriceRevision) execution.pending_price_revision = in.Bool("pendingPriceRevision");
  return execution;
}

Message ReadCommission(FieldReader& in) {
  CommissionReport report;
  in.Skip(1, "version");
  report.execution_id = in.RequiredText("execId");
  report.commission = in.RequiredDecimal("commission");
  report.currency = in.Text("currency");
  report.realised_pnl = in.Number("realizedPNL");
  return report;
}

Message ReadPosition(FieldReader& in) {
  PositionReport position;
  in.Skip(1, "version");
  position.account = in.RequiredText("account");
  position.contract = ReadContract(in);
  position.quantity = in.RequiredDecimal("position");
  position.average_cost = in.Number("avgCost");
  return position;
}

Message ReadAccountValue(FieldReader& in) {
  AccountValue value;
  in.Skip(1, "version");
  value.request_id = in.RequiredInt("reqId");
  value.account = in.Text("account");
  value.tag = in.RequiredText("tag");
  value.value = in.Text("value");
  value.currency = in.Text("currency");
  return value;
}

Message ReadContractData(FieldReader& in, int version) {
  ContractData data;
  Contract& contract = data.contract;
  if (version < kSizeRules) in.Skip(1, "version");
  data.request_id = in.RequiredInt("reqId");
  contract.symbol = in.Text("symbol");
  contract.security_type = in.Text("secType");
  contract.last_trade_date = in.Text("lastTradeDate");
  contract.strike = in.Number("strike");
  contract.right = in.Text("right");
  contract.exchange = in.Text("exchange");
  contract.currency = in.Text("currency");
  contract.local_symbol = in.Text("localSymbol");
  in.Skip(1, "marketName");
  contract.trading_class = in.Text("tradingClass");
  contract.con_id = in.RequiredInt("conId");
  data.minimum_tick = in.Number("minTick");
  if (version < kSizeRules) in.Skip(1, "mdSizeMultiplier");
  contract.multiplier = in.Text("multiplier");
  data.order_types = ListOf(in.Text("orderTypes"));
  data.valid_exchanges = ListOf(in.Text("validExchanges"));
  in.Skip(1, "priceMagnifier");
  in.Skip(1, "underConId");
  data.long_name = in.Text("longName");
  contract.primary_exchange = in.Text("primaryExchange");
  in.Skip(1, "contractMonth");
  in.Skip(1, "industry");
  in.Skip(1, "category");
  in.Skip(1, "subcategory");
  data.time_zone = in.Text("timeZoneId");
  data.trading_hours = in.Text("tradingHours");
  data.liquid_hours = in.Text("liquidHours");
  in.Skip(1, "evRule");
  in.Skip(1, "evMultiplier");
  in.Skip(2 * in.Count("nSecIds", 2), "secId");
  in.Skip(1, "aggGroup");
  in.Skip(1, "underSymbol");
  in.Skip(1, "underSecType");
  data.market_rule_ids = ListOf(in.Text("marketRuleIds"));
  in.Skip(1, "realExpirationDate");
  data.stock_type = in.Text("stockType");
  if (version == kSuggestedSizeOnly) in.Skip(1, "suggestedSizeIncrement");
  if (version >= kSizeRules) {
    data.minimum_size = in.Number("minSize");
    data.size_increment = in.Number("sizeIncrement");
    in.Skip(1, "suggestedSizeIncrement");
  }
  return data;
}

Message ReadTickPrice(FieldReader& in) {
  TickPrice tick;
  in.Skip(1, "version");
  tick.request_id = in.RequiredInt("reqId");
  tick.tick_type = in.RequiredInt32("tickType");
  tick.price = in.Number("price");
  tick.size = in.Number("size");
  in.Skip(1, "attrMask");
  return tick;
}

Message ReadTickSize(FieldReader& in) {
  TickSize tick;
  in.Skip(1, "version");
  tick.request_id = in.RequiredInt("reqId");
  tick.tick_type = in.RequiredInt32("tickType");
  tick.size = in.Number("size");
  return tick;
}

Message ReadHistoricalData(FieldReader& in) {
  HistoricalData data;
  data.request_id = in.RequiredInt("reqId");
  in.Skip(1, "start");
  in.Skip(1, "end");
  constexpr std::size_t kBarFields = 8;
  std::size_t count = in.Count("barCount", kBarFields);
  for (std::size_t i = 0; i < count; ++i) {
    HistoricalBar& bar = data.bars.emplace_back();
    bar.start = in.RequiredTime("bar.date");
    bar.open = in.RequiredDecimal("bar.open");
    bar.high = in.RequiredDecimal("bar.high");
    bar.low = in.RequiredDecimal("bar.low");
    bar.close = in.RequiredDecimal("bar.close");
    bar.volume = in.Number("bar.volume");
    bar.average_price = in.Number("bar.wap");
    bar.trade_count = in.IntOrZero("bar.count");
  }
  return data;
}

Message ReadNextValidId(FieldReader& in) {
  in.Skip(1, "version");
  return NextValidId{.order_id = in.RequiredInt("orderId")};
}

Message ReadManagedAccounts(FieldReader& in) {
  in.Skip(1, "version");
  return ManagedAccounts{.accounts = ListOf(in.RequiredText("accounts"))};
}

Message ReadEnd(FieldReader& in, EndOf::List list) {
  EndOf end{.list = list};
  if (list == EndOf::List::kCompletedOrders) return end;
  in.Skip(1, "version");
  if (list != EndOf::List::kOpenOrders && list != EndOf::List::kPositions) end.request_id = in.RequiredInt("reqId");
  return end;
}

Message ReadAny(std::int64_t id, FieldReader& in, int version, std::string& name) {
  auto named = [&](const char* word) { name = word; };
  switch (id) {
    case 1:
      return named("tickPrice"), ReadTickPrice(in);
    case 2:
      return named("tickSize"), ReadTickSize(in);
    case 3:
      return named("orderStatus"), ReadOrderStatus(in);
    case 4:
      return named("error"), ReadError(in, version);
    case 5:
      return named("openOrder"), ReadOpenOrder(in, version);
    case 9:
      return named("nextValidId"), ReadNextValidId(in);
    case 10:
      return named("contractData"), ReadContractData(in, version);
    case 11:
      return named("execDetails"), ReadExecution(in, version);
    case 15:
      return named("managedAccounts"), ReadManagedAccounts(in);
    case 17:
      return named("historicalData"), ReadHistoricalData(in);
    case 52:
      return named("contractDataEnd"), ReadEnd(in, EndOf::List::kContractData);
    case 53:
      return named("openOrderEnd"), ReadEnd(in, EndOf::List::kOpenOrders);
    case 55:
      return named("execDetailsEnd"), ReadEnd(in, EndOf::List::kExecutions);
    case 59:
      return named("commissionReport"), ReadCommission(in);
    case 61:
      return named("position"), ReadPosition(in);
    case 62:
      return named("positionEnd"), ReadEnd(in, EndOf::List::kPositions);
    case 63:
      return named("accountSummary"), ReadAccountValue(in);
    case 64:
      return named("accountSummaryEnd"), ReadEnd(in, EndOf::List::kAccountSummary);
    case 102:
      return named("completedOrdersEnd"), ReadEnd(in, EndOf::List::kCompletedOrders);
    default:
      return Unknown{.message_id = id};
  }
}

}  // namespace

absl::StatusOr<Message> ReadMessage(std::string_view payload, int server_version) {
  ASSIGN_OR_RETURN(std::vector<std::string_view> fields, SplitFields(payload));
  FieldReader in(fields);
  std::int64_t id = in.RequiredInt("message id");
  RETURN_IF_ERROR(in.status());
  std::string name;
  Message message = ReadAny(id, in, server_version, name);
  if (!in.status().ok()) return absl::InvalidArgumentError(ToAbsl(name + ": " + MessageOf(in.status())));
  if (auto* unknown = std::get_if<Unknown>(&message)) unknown->fields.assign(fields.begin() + 1, fields.end());
  return message;
}

}  // namespace ballast::ibkr
