#include "libs/venue_simulator/binance/terms.h"

#include <algorithm>
#include <array>

#include "libs/venue_simulator/binance/words.h"

namespace ballast::venue_simulator::binance {
namespace {

constexpr std::string_view kClientIdRange = "^[a-zA-Z0-9-_]{1,36}$";
// errors.md, -1134.
constexpr std::int64_t kStrategyTypeMin = 1'000'000;

struct Wanted {
  bool time_in_force;
  bool price;
  bool stop;
};

// "Additional mandatory parameters based on order type".
Wanted WantedOf(OrderType type) {
  switch (type) {
    case OrderType::kLimit:
      return {true, true, false};
    case OrderType::kMarket:
      return {false, false, false};
    case OrderType::kLimitMaker:
      return {false, true, false};
    case OrderType::kStopLoss:
    case OrderType::kTakeProfit:
      return {false, false, true};
    case OrderType::kStopLossLimit:
    case OrderType::kTakeProfitLimit:
      return {true, true, true};
  }
  return {};
}

Failure Unneeded(std::string_view name) {
  if (name == "timeInForce") return {-1114, "TimeInForce parameter sent when not required."};
  return {-1106, "Parameter '" + std::string(name) + "' sent when not required."};
}

// What is needed by this type is there, and nothing that it has no use for.
std::optional<Failure> CheckPresence(const Parameters& parameters, OrderType type) {
  Wanted wanted = WantedOf(type);
  if (wanted.time_in_force && !parameters.Has("timeInForce")) return Missing("timeInForce");
  if (!wanted.time_in_force && parameters.Has("timeInForce")) return Unneeded("timeInForce");
  bool by_quote = parameters.Has("quoteOrderQty");
  if (type == OrderType::kMarket) {
    if (!parameters.Has("quantity") && !by_quote) {
      return Failure{-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"};
    }
    if (parameters.Has("quantity") && by_quote) return Failure{-1128, "Combination of optional parameters invalid."};
  } else {
    if (!parameters.Has("quantity")) return Missing("quantity");
    if (by_quote) return Unneeded("quoteOrderQty");
  }
  if (wanted.price && !parameters.Has("price")) return Missing("price");
  if (!wanted.price && parameters.Has("price")) return Unneeded("price");
  if (wanted.stop && !parameters.Has("stopPrice") && !parameters.Has("trailingDelta")) {
    return Failure{-1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"};
  }
  for (const char* name : {"stopPrice", "trailingDelta"}) {
    if (!wanted.stop && parameters.Has(name)) return Unneeded(name);
  }
  if (!wanted.price && parameters.Has("icebergQty")) return Unneeded("icebergQty");
  return std::nullopt;
}

std::optional<Failure> ReadEnums(const Parameters& parameters, OrderTerms* terms) {
  for (const char* name : {"symbol", "side", "type"}) {
    if (!parameters.Has(name)) return Missing(name);
  }
  auto side = SideOf(parameters.Get("side"));
  if (!side) return Failure{-1117, "Invalid side."};
  auto type = OrderTypeOf(parameters.Get("type"));
  if (!type) return Failure{-1116, "Invalid orderType."};
  terms->symbol = parameters.Get("symbol");
  terms->side = *side;
  terms->type = *type;
  if (auto failure = CheckPresence(parameters, *type)) return failure;
  if (parameters.Has("timeInForce")) {
    auto time_in_force = TimeInForceOf(parameters.Get("timeInForce"));
    if (!time_in_force) return Failure{-1115, "Invalid timeInForce."};
    terms->time_in_force = *time_in_force;
  }
  // What symbols say is their default.
  terms->self_trade = SelfTrade::kExpireMaker;
  if (parameters.Has("selfTradePreventionMode")) {
    auto mode = SelfTradeOf(parameters.Get("selfTradePreventionMode"));
    if (!mode) return Invalid("selfTradePreventionMode");
    terms->self_trade = *mode;
  }
  return std::nullopt;
}

}  // namespace

bool IsClientId(std::string_view text) {
  constexpr std::size_t kLengthMax = 36;
  return !text.empty() && text.size() <= kLengthMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::optional<Failure> ReadTerms(const Parameters& parameters, AccountId account, std::string made_id,
                                 OrderTerms* terms) {
  terms->account = account;
  if (auto failure = ReadEnums(parameters, terms)) return failure;
  terms->client_id = parameters.Has("newClientOrderId") ? parameters.Get("newClientOrderId") : std::move(made_id);
  if (!IsClientId(terms->client_id)) return Illegal("newClientOrderId", kClientIdRange);
  std::optional<Failure> failure;
  terms->quantity = parameters.Amount("quantity", failure).value_or(Decimal());
  terms->quote_quantity = parameters.Amount("quoteOrderQty", failure).value_or(Decimal());
  terms->price = parameters.Amount("price", failure).value_or(Decimal());
  terms->stop_price = parameters.Amount("stopPrice", failure).value_or(Decimal());
  terms->iceberg_quantity = parameters.Amount("icebergQty", failure).value_or(Decimal());
  constexpr std::int64_t kDeltaMax = 10'000;
  std::int64_t delta = parameters.Int("trailingDelta", failure).value_or(0);
  if (delta > kDeltaMax || (delta == 0 && parameters.Has("trailingDelta"))) {
    if (!failure) failure = Failure{-1013, "Filter failure: TRAILING_DELTA"};
  }
  terms->trailing_delta = static_cast<int>(std::min(delta, kDeltaMax));
  terms->strategy_id = parameters.Int("strategyId", failure);
  terms->strategy_type = parameters.Int("strategyType", failure);
  if (failure) return failure;
  if (terms->strategy_type && *terms->strategy_type < kStrategyTypeMin) {
    return Failure{-1134, "`strategyType` was less than 1000000."};
  }
  if (parameters.Has("quoteOrderQty") && terms->quote_quantity.IsZero()) {
    return Illegal("quoteOrderQty", "^([0-9]{1,20})(\\.[0-9]{1,20})?$");
  }
  if (terms->iceberg_quantity.IsPositive() && terms->time_in_force != TimeInForce::kGtc) {
    return Failure{-1013, "Unsupported order combination"};
  }
  return std::nullopt;
}

std::optional<Failure> ReadLeg(const Parameters& parameters, std::string_view prefix, AccountId account,
                               std::string made_id, OrderTerms* terms) {
  // "aboveStopPrice" is what "stopPrice" is to a single order.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kNames{{
      {"Type", "type"},
      {"ClientOrderId", "newClientOrderId"},
      {"IcebergQty", "icebergQty"},
      {"Price", "price"},
      {"StopPrice", "stopPrice"},
      {"TrailingDelta", "trailingDelta"},
      {"TimeInForce", "timeInForce"},
      {"StrategyId", "strategyId"},
      {"StrategyType", "strategyType"},
  }};
  Parameters::List list;
  for (const char* shared : {"symbol", "side", "quantity", "selfTradePreventionMode"}) {
    if (parameters.Has(shared)) list.emplace_back(shared, parameters.Get(shared));
  }
  for (const auto& [leg, single] : kNames) {
    std::string name = std::string(prefix) + std::string(leg);
    if (parameters.Has(name)) list.emplace_back(single, parameters.Get(name));
  }
  if (!parameters.Has(std::string(prefix) + "Type")) return Missing(std::string(prefix) + "Type");
  return ReadTerms(Parameters(std::move(list)), account, std::move(made_id), terms);
}

Failure FailureOf(Refusal refusal) {
  auto filter = [](const char* name) { return Failure{-1013, std::string("Filter failure: ") + name}; };
  auto rejected = [](const char* text) { return Failure{-2010, text}; };
  switch (refusal) {
    case Refusal::kUnknownSymbol:
      return {-1121, "Invalid symbol."};
    case Refusal::kMarketClosed:
      return rejected("Market is closed.");
    case Refusal::kPriceFilter:
      return filter("PRICE_FILTER");
    case Refusal::kPercentPrice:
      return filter("PERCENT_PRICE_BY_SIDE");
    case Refusal::kLotSize:
      return filter("LOT_SIZE");
    case Refusal::kMarketLotSize:
      return filter("MARKET_LOT_SIZE");
    case Refusal::kNotional:
      return filter("NOTIONAL");
    case Refusal::kIcebergParts:
      return filter("ICEBERG_PARTS");
    case Refusal::kIcebergTooLarge:
      return rejected("IcebergQty exceeds QTY.");
    case Refusal::kOrdersMax:
      return filter("MAX_NUM_ORDERS");
    case Refusal::kStopsMax:
      return filter("MAX_NUM_ALGO_ORDERS");
    case Refusal::kTrailingDelta:
      return filter("TRAILING_DELTA");
    case Refusal::kBalance:
      return rejected("Account has insufficient balance for requested action.");
    case Refusal::kDuplicate:
      return rejected("Duplicate order sent.");
    case Refusal::kWouldTake:
      return rejected("Order would immediately match and take.");
    case Refusal::kWouldTrigger:
      return rejected("Order would trigger immediately.");
    case Refusal::kPricesOfList:
      return rejected("The relationship of the prices for the orders is not correct.");
    case Refusal::kNoLiquidity:
      return rejected("Order book liquidity is less than symbol minimum quantity.");
    case Refusal::kUnknownOrder:
      return {-2011, "Unknown order sent."};
    case Refusal::kNone:
      break;
  }
  return {-1000, "An unknown error occurred while processing the request."};
}

}  // namespace ballast::venue_simulator::binance
