#include "libs/brokers/kraken/executions.h"

#include <utility>

#include "libs/base/absl_std.h"
#include "libs/brokers/kraken/client_order_id.h"
#include "libs/brokers/kraken/symbol.h"

namespace ballast::kraken {
namespace {

using venue::Json;

// A snapshot repeats the last 50 trades; so many more are remembered that no repetition is older.
constexpr std::size_t kTradesKept = 10'000;

OrderStatus StatusOf(std::string_view word) {
  if (word == "pending_new" || word == "new") return OrderStatus::kNew;
  if (word == "partially_filled") return OrderStatus::kPartiallyFilled;
  if (word == "filled") return OrderStatus::kFilled;
  if (word == "canceled") return OrderStatus::kCanceled;
  if (word == "expired") return OrderStatus::kExpired;
  return OrderStatus::kUnspecified;
}

std::optional<Rejection> WhyOf(const Json& item) {
  const std::string& words = item["reason"].text();
  if (words.empty()) return std::nullopt;
  bool post_only = words.find("ost only") != std::string::npos;
  return Rejection{.reason = post_only ? RejectReason::kWouldTake : RejectReason::kBrokerRejected,
                   .check = "venue",
                   .observed = words,
                   .message = "kraken: " + words};
}

}  // namespace

void Executions::Connect() {
  last_sequence_ = 0;
  for (const std::string& id : std::exchange(ended_, {})) orders_.Erase(id);
}

void Executions::Remember(const Order& order, const std::string& broker_order_id) {
  if (broker_order_id.empty()) return;
  auto [known, fresh] = orders_.Insert(broker_order_id);
  known.order_id = order.order_id;
  if (!fresh) return;
  known.symbol = order.symbol;
  known.side = order.side;
  known.quantity = order.quantity;
  known.traded = order.cumulative_quantity;
}

bool Executions::IsNew(const std::string& exec_id) {
  if (!trades_.insert(exec_id).second) return false;
  trade_ages_.push_back(exec_id);
  if (trade_ages_.size() > kTradesKept) {
    trades_.erase(trade_ages_.front());
    trade_ages_.pop_front();
  }
  return true;
}

ExecutionNews Executions::Read(const Json& message) {
  ExecutionNews news;
  if (message["channel"].text() != "executions") return news;
  if (absl::StatusOr<std::int64_t> sequence = message["sequence"].AsInt(); sequence.ok()) {
    news.gap = *sequence != last_sequence_ + 1;
    last_sequence_ = *sequence;
  } else {
    news.gap = true;
  }
  // What it says is true with a gap before it too.
  for (const Json& item : message["data"].items()) ReadOne(item, news);
  return news;
}

void Executions::ReadOne(const Json& item, ExecutionNews& news) {
  const std::string& id = item["order_id"].text();
  if (id.empty()) {
    news.unreadable.push_back("an execution of no order");
    return;
  }
  Known& known = orders_.Insert(id).first;
  if (known.order_id.empty()) known.order_id = OrderIdOf(item["cl_ord_id"].text()).value_or(OrderId());
  if (!item["symbol"].text().empty()) known.symbol = SymbolOf(item["symbol"].text());
  if (item["side"].text() == "buy") known.side = Side::kBuy;
  if (item["side"].text() == "sell") known.side = Side::kSell;
  if (known.order_id.empty()) {
    news.elsewhere.push_back(id);
    return;
  }
  absl::StatusOr<UtcTime> time = UtcTime::Parse(item["timestamp"].text());
  if (!time.ok()) news.unreadable.push_back(id + ": " + MessageOf(time.status()));
  const std::string& type = item["exec_type"].text();
  if (type == "trade") {
    ReadTrade(item, id, known, time.value_or(UtcTime{}), news);
  } else {
    ReadState(item, id, known, time.value_or(UtcTime{}), news);
  }
}

void Executions::ReadTrade(const Json& item, const std::string& id, Known& known, UtcTime time, ExecutionNews& news) {
  const std::string& exec_id = item["exec_id"].text();
  absl::StatusOr<Decimal> quantity = item["last_qty"].AsDecimal();
  absl::StatusOr<Decimal> price = item["last_price"].AsDecimal();
  // A fee that is not said is not none.
  if (exec_id.empty() || !quantity.ok() || !price.ok() || known.side == Side::kUnspecified || known.symbol.empty() ||
      !item["fees"].is_array()) {
    news.unreadable.push_back(id + ": a trade that is not whole");
    return;
  }
  broker::Trade trade{.order_id = known.order_id,
                      .broker_order_id = id,
                      .root_id = ExecutionId(exec_id),
                      .symbol = known.symbol,
                      .side = known.side,
                      .quantity = *quantity,
                      .price = *price,
                      .maker = item["liquidity_ind"].text() == "m",
                      .time = time};
  for (const Json& each : item["fees"].items()) {
    absl::StatusOr<Decimal> fee = each["qty"].AsDecimal();
    std::string asset = AssetName(each["asset"].text());
    if (fee.ok() && (trade.fee_currency.empty() || trade.fee_currency == asset)) {
      trade.fee += *fee;
      trade.fee_currency = std::move(asset);
    } else {
      news.unreadable.push_back(id + ": a fee of " + exec_id + " that cannot be told with it");
    }
  }
  if (!IsNew(exec_id)) return;
  known.acknowledged = true;
  news.facts.emplace_back(std::move(trade));
  // One that is told again after a start is in the count already; one that is missing leaves the count behind.
  absl::StatusOr<Decimal> done = item["cum_qty"].AsDecimal();
  if (!done.ok() || *done > known.traded) known.traded += *quantity;
  if (!done.ok() || *done <= known.traded) return;
  known.traded = *done;
  news.facts.emplace_back(broker::OrderRecord{.order_id = known.order_id,
                                              .broker_order_id = id,
                                              .status = OrderStatus::kPartiallyFilled,
                                              .cumulative_quantity = *done,
                                              .as_of = time});
}

void Executions::ReadState(const Json& item, const std::string& id, Known& known, UtcTime time, ExecutionNews& news) {
  const std::string& type = item["exec_type"].text();
  OrderStatus status = StatusOf(item["order_status"].text());
  if (type == "pending_new" || type == "new") {
    if (!std::exchange(known.acknowledged, true))
      news.facts.emplace_back(broker::Ack{.order_id = known.order_id, .broker_order_id = id, .time = time});
  } else if (type == "canceled" || type == "expired") {
    if (!std::exchange(known.ended, true)) ended_.push_back(id);
    news.facts.emplace_back(broker::Ended{.order_id = known.order_id,
                                          .status = type == "expired" ? OrderStatus::kExpired : OrderStatus::kCanceled,
                                          .why = WhyOf(item),
                                          .time = time});
  } else if (type == "filled") {
    // Its trades have been told one by one; nothing is added here.
    if (!std::exchange(known.ended, true)) ended_.push_back(id);
  } else if (type == "amended" || type == "restated") {
    absl::StatusOr<Decimal> quantity = item["order_qty"].AsDecimal();
    if (quantity.ok() && quantity->IsPositive() && *quantity != known.quantity)
      news.facts.emplace_back(
          broker::Restated{.order_id = known.order_id, .quantity = *quantity, .why = WhyOf(item), .time = time});
  } else if (type != "status" && type != "iceberg_refill") {
    news.unreadable.push_back(id + ": no known kind of execution: " + type.substr(0, 40));
  }
  if (absl::StatusOr<Decimal> quantity = item["order_qty"].AsDecimal(); quantity.ok()) known.quantity = *quantity;
  if (item["triggers"]["status"].text() == "triggered" && !std::exchange(known.triggered, true))
    news.facts.emplace_back(broker::Triggered{.order_id = known.order_id, .time = time});
  absl::StatusOr<Decimal> done = item["cum_qty"].AsDecimal();
  if (!done.ok()) return;
  // The venue counts more than has been told: whoever hears the record asks for the trades that are missing.
  bool record = type == "status" || *done > known.traded;
  if (record && status != OrderStatus::kUnspecified) {
    news.facts.emplace_back(broker::OrderRecord{.order_id = known.order_id,
                                                .broker_order_id = id,
                                                .status = status,
                                                .cumulative_quantity = *done,
                                                .as_of = time});
  }
}

}  // namespace ballast::kraken
