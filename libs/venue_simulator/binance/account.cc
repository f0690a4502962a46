// Balances, orders and trades of an account (rest-api.md, "Account Endpoints").
#include <algorithm>

#include "libs/venue_simulator/binance/operations.h"

namespace ballast::venue_simulator::binance {
namespace {

// "The time between startTime and endTime can't be longer than 24 hours."
constexpr Duration kWindowMax = Duration::Seconds(86'400);

Reply Account(Market& market, const Call& call) {
  JsonText text;
  WriteAccount(text, market.exchange, call.account, call.may_trade, call.parameters.Get("omitZeroBalances") == "true",
               call.now, call.unit);
  return Reply(text.Take());
}

Reply Commission(Market& market, const Call& call) {
  std::string symbol;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  const AccountSettings& settings = market.exchange.settings(call.account);
  JsonText text;
  text.Open('{').Text("symbol", symbol);
  for (const char* name : {"standardCommission", "specialCommission", "taxCommission"}) {
    bool standard = std::string_view(name).starts_with("standard");
    text.Open(name, '{')
        .Amount("maker", standard ? settings.maker_fee : Decimal())
        .Amount("taker", standard ? settings.taker_fee : Decimal())
        .Amount("buyer", Decimal())
        .Amount("seller", Decimal())
        .Close('}');
  }
  text.Open("discount", '{')
      .Bool("enabledForAccount", !settings.fee_asset.empty())
      .Bool("enabledForSymbol", true)
      .Text("discountAsset", settings.fee_asset.empty() ? "BNB" : settings.fee_asset)
      .Amount("discount", Decimal::FromInt(1) - settings.fee_discount)
      .Close('}')
      .Close('}');
  return Reply(text.Take());
}

Reply OpenOrders(Market& market, const Call& call) {
  std::string symbol;
  if (call.parameters.Has("symbol")) {
    if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  }
  JsonText text;
  text.Open('[');
  for (std::int64_t id : market.exchange.open_orders(call.account)) {
    const Order& order = *market.exchange.order(id);
    if (symbol.empty() || order.terms.symbol == symbol) WriteOrder(text, order, call.unit);
  }
  text.Close(']');
  return Reply(text.Take());
}

struct Window {
  std::string symbol;
  std::optional<std::int64_t> order;
  std::optional<std::int64_t> from;
  std::optional<UtcTime> start;
  std::optional<UtcTime> end;
  std::size_t limit = 0;
  [[nodiscard]] bool Has(UtcTime time) const { return (!start || time >= *start) && (!end || time <= *end); }
  // Where to begin was said: the first `limit` from there; else the latest.
  [[nodiscard]] bool forward() const { return start || from; }
};

std::optional<Failure> ReadWindow(const Market& market, const Call& call, Window* window) {
  constexpr std::int64_t kLimitMax = 1000;
  const Parameters& parameters = call.parameters;
  if (auto failure = ReadSymbol(market, parameters, &window->symbol)) return failure;
  std::optional<Failure> failure;
  window->order = parameters.Int("orderId", failure);
  window->from = parameters.Int("fromId", failure);
  window->start = parameters.Time("startTime", failure);
  window->end = parameters.Time("endTime", failure);
  if (failure) return failure;
  if (window->start && window->end && *window->end - *window->start > kWindowMax) {
    return Failure{-1127, "More than 24 hours between startTime and endTime."};
  }
  if (window->start && window->end && *window->end < *window->start) {
    return Failure{-1128, "Combination of optional parameters invalid."};
  }
  return ReadLimit(parameters, kLimitMax, 500, &window->limit);
}

template <typename T>
void Cut(std::vector<T>& rows, std::size_t limit, bool forward) {
  if (rows.size() <= limit) return;
  if (forward) {
    rows.resize(limit);
  } else {
    rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(limit));
  }
}

Reply AllOrders(Market& market, const Call& call) {
  Window window;
  if (auto failure = ReadWindow(market, call, &window)) return *failure;
  std::vector<const Order*> rows;
  for (std::int64_t id : market.exchange.orders(call.account)) {
    const Order* order = market.exchange.order(id);
    bool fits =
        order->terms.symbol == window.symbol && (!window.order || id >= *window.order) && window.Has(order->created);
    if (fits) rows.push_back(order);
  }
  Cut(rows, window.limit, window.forward() || window.order.has_value());
  JsonText text;
  text.Open('[');
  for (const Order* order : rows) WriteOrder(text, *order, call.unit);
  text.Close(']');
  return Reply(text.Take());
}

Reply MyTrades(Market& market, const Call& call) {
  Window window;
  if (auto failure = ReadWindow(market, call, &window)) return *failure;
  if ((window.order || window.from) && (window.start || window.end)) {
    return Failure{-1128, "Combination of optional parameters invalid."};
  }
  std::vector<const Fill*> rows;
  for (const Fill& fill : market.exchange.fills(call.account)) {
    bool fits = fill.symbol == window.symbol && (!window.order || fill.order_id == *window.order) &&
                (!window.from || fill.trade_id >= *window.from) && window.Has(fill.time);
    if (fits) rows.push_back(&fill);
  }
  Cut(rows, window.limit, window.forward());
  JsonText text;
  text.Open('[');
  for (const Fill* fill : rows) WriteTrade(text, *fill, call.unit);
  text.Close(']');
  return Reply(text.Take());
}

}  // namespace

std::vector<Operation> AccountOperations() {
  return {
      {"GET", "account", "account.status", Security::kSigned, 20, 0, "omitZeroBalances", Account},
      {"GET", "account/commission", "account.commission", Security::kSigned, 20, 0, "symbol", Commission},
      {"GET", "openOrders", "openOrders.status", Security::kSigned, 6, 0, "symbol", OpenOrders},
      {"GET", "allOrders", "allOrders", Security::kSigned, 20, 0, "symbol orderId startTime endTime limit", AllOrders},
      {"GET", "myTrades", "myTrades", Security::kSigned, 20, 0, "symbol orderId startTime endTime fromId limit",
       MyTrades},
  };
}

}  // namespace ballast::venue_simulator::binance
