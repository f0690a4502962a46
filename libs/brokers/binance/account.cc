#include "libs/brokers/binance/account.h"

#include <array>
#include <utility>

#include "libs/brokers/binance/client_order_id.h"
#include "libs/brokers/binance/words.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using venue::Json;

OrderType TypeOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, OrderType>, 7> kWords = {
      {{"MARKET", OrderType::kMarket},
       {"LIMIT", OrderType::kLimit},
       {"LIMIT_MAKER", OrderType::kLimit},
       {"STOP_LOSS", OrderType::kStop},
       {"STOP_LOSS_LIMIT", OrderType::kStopLimit},
       {"TAKE_PROFIT", OrderType::kTakeProfit},
       {"TAKE_PROFIT_LIMIT", OrderType::kTakeProfitLimit}}};
  for (const auto& [name, type] : kWords) {
    if (name == word) return type;
  }
  return OrderType::kUnspecified;
}

TimeInForce TimeInForceOf(std::string_view word) {
  if (word == "GTC") return TimeInForce::kGtc;
  if (word == "IOC") return TimeInForce::kIoc;
  return word == "FOK" ? TimeInForce::kFok : TimeInForce::kUnspecified;
}

std::optional<Order> OrderOf(const Json& json, const Symbols& symbols) {
  auto quantity = json["origQty"].AsDecimal();
  auto traded = json["executedQty"].AsDecimal();
  const std::string& name = json["symbol"].text();
  Order order;
  order.status = StatusOf(json["status"].text());
  order.side = SideOf(json["side"].text());
  const bool readable = quantity.ok() && traded.ok() && !name.empty() && json["orderId"].AsInt().ok() &&
                        order.status != OrderStatus::kUnspecified && order.side != Side::kUnspecified;
  if (!readable) return std::nullopt;
  order.order_id = OrderIdOf(json["clientOrderId"].text(), name, json["orderId"].text());
  order.broker_order_id = json["orderId"].text();
  const Symbol& ours = symbols.Ours(name);
  order.symbol = ours.empty() ? Symbol(name) : ours;
  order.type = TypeOf(json["type"].text());
  order.time_in_force = TimeInForceOf(json["timeInForce"].text());
  order.post_only = json["type"].text() == "LIMIT_MAKER";
  order.quantity = *quantity;
  order.cumulative_quantity = *traded;
  order.leaves_quantity = *quantity - *traded;
  // A price of zero is none.
  if (auto price = json["price"].AsDecimal(); price.ok() && price->IsPositive()) order.limit_price = *price;
  if (auto price = json["stopPrice"].AsDecimal(); price.ok() && price->IsPositive()) order.stop_price = *price;
  order.create_time = TimeOf(json["time"]).value_or(UtcTime{});
  order.update_time = TimeOf(json["updateTime"]).value_or(order.create_time);
  return order;
}

}  // namespace

absl::StatusOr<Account> ReadAccount(std::string_view body) {
  auto json = Json::Parse(body);
  if (!json.ok()) return json.status();
  if (!(*json)["balances"].is_array()) return absl::InvalidArgumentError("account: there are no balances");
  Account out;
  out.may_trade = (*json)["canTrade"].IsTrue();
  for (const Json& each : (*json)["balances"].items()) {
    auto free = each["free"].AsDecimal();
    auto locked = each["locked"].AsDecimal();
    if (each["asset"].text().empty() || !free.ok() || !locked.ok())
      return absl::InvalidArgumentError("account: a balance cannot be read");
    out.balances.push_back({.asset = each["asset"].text(), .free = *free, .locked = *locked});
  }
  return out;
}

absl::StatusOr<std::vector<Order>> ReadOpenOrders(std::string_view body, const Symbols& symbols) {
  auto json = Json::Parse(body);
  if (!json.ok()) return json.status();
  if (!json->is_array()) return absl::InvalidArgumentError("openOrders: it is no list");
  std::vector<Order> orders;
  for (const Json& each : json->items()) {
    std::optional<Order> order = OrderOf(each, symbols);
    if (!order) return absl::InvalidArgumentError("openOrders: an order cannot be read");
    orders.push_back(*std::move(order));
  }
  return orders;
}

broker::Statement StatementOf(const AccountId& account_id, const std::string& currency, const Account& account,
                              const std::vector<Listing>& listings, std::vector<Order> open_orders, UtcTime as_of) {
  broker::Statement out{.account_id = account_id, .as_of = as_of, .currency = currency};
  for (Order& order : open_orders) order.account_id = account_id;
  out.open_orders = std::move(open_orders);
  for (const Balance& balance : account.balances) {
    const Decimal total = balance.free + balance.locked;
    if (balance.asset == currency) out.cash = total;
    if (total.IsZero()) continue;
    for (const Listing& listing : listings) {
      const std::string& name = listing.instrument.symbol.value();
      if (listing.instrument.currency == currency && name == balance.asset + "-" + currency)
        out.positions[listing.instrument.symbol] = total;
    }
  }
  return out;
}

}  // namespace ballast::binance
