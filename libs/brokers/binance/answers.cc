#include "libs/brokers/binance/answers.h"

#include <algorithm>

#include "libs/brokers/binance/client_order_id.h"
#include "libs/brokers/binance/order_request.h"
#include "libs/brokers/binance/words.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using broker::ErrorClass;
using venue::Json;

Problem Unreadable(std::string what) {
  return {.error = ErrorClass::kUnreadable,
          .outcome_known = false,
          .http_status = 200,
          .rejection = {.reason = RejectReason::kBrokerUnavailable, .check = "venue", .message = std::move(what)}};
}

// The body of a success, or what is wrong with it.
struct Body {
  Json json;
  std::optional<Problem> problem;
};
Body BodyOf(const venue::HttpAnswer& answer) {
  if (answer.outcome != venue::Outcome::kAnswered || answer.status != 200)
    return {.json = {}, .problem = Judge(answer)};
  auto json = Json::Parse(answer.body);
  if (!json.ok()) return {.json = {}, .problem = Unreadable("the venue's answer is no JSON")};
  // The WebSocket's errors, and those that proxies wrap into a success.
  if (json->is_object() && json->Has("code")) return {.json = {}, .problem = Judge(answer)};
  return {.json = *std::move(json), .problem = std::nullopt};
}

broker::OutcomeUnknown UnknownOf(const OrderId& order_id, const Problem& problem) {
  return {.order_id = order_id, .error = problem.error, .message = problem.rejection.message};
}

// The venue's record of an order. Nothing: a part of it cannot be read.
std::optional<broker::OrderRecord> RecordOf(const OrderId& order_id, const Json& json, UtcTime as_of) {
  const OrderStatus status = StatusOf(json["status"].text());
  auto traded = json["executedQty"].AsDecimal();
  if (status == OrderStatus::kUnspecified || !traded.ok() || !json["orderId"].AsInt().ok()) return std::nullopt;
  return broker::OrderRecord{.order_id = order_id,
                             .broker_order_id = json["orderId"].text(),
                             .status = status,
                             .cumulative_quantity = *traded,
                             .as_of = as_of};
}

// Ours among the two ids that an answer may name it by.
bool Names(const Json& json, const char* name, const OrderId& order_id) {
  return OrderIdOf(json[name].text(), json["symbol"].text(), json["orderId"].text()) == order_id;
}

// A fee of an asset that is not named is no fee that can be booked.
bool HasFee(const absl::StatusOr<Decimal>& fee, const Json& asset) {
  return fee.ok() && (fee->IsZero() || !asset.text().empty());
}

// Of a trade that took at once; nothing: it cannot be read.
std::optional<broker::Trade> TakenOf(const Order& order, const Json& placed, const Json& fill, UtcTime time) {
  auto quantity = fill["qty"].AsDecimal();
  auto price = fill["price"].AsDecimal();
  auto fee = fill["commission"].AsDecimal();
  if (!quantity.ok() || !price.ok() || !HasFee(fee, fill["commissionAsset"]) || !fill["tradeId"].AsInt().ok())
    return std::nullopt;
  return broker::Trade{.order_id = order.order_id,
                       .broker_order_id = placed["orderId"].text(),
                       .root_id = ExecutionIdOf(placed["symbol"].text(), fill["tradeId"].text()),
                       .symbol = order.symbol,
                       .side = order.side,
                       .quantity = *quantity,
                       .price = *price,
                       .fee = *fee,
                       .fee_currency = fill["commissionAsset"].text(),
                       .maker = false,
                       .time = time};
}

std::optional<broker::Trade> TradeOf(const OrderId& order_id, const Symbols& symbols, const Json& json) {
  auto quantity = json["qty"].AsDecimal();
  auto price = json["price"].AsDecimal();
  auto fee = json["commission"].AsDecimal();
  std::optional<UtcTime> time = TimeOf(json["time"]);
  const Symbol& symbol = symbols.Ours(json["symbol"].text());
  // A side that is not said must not become the other one.
  if (!quantity.ok() || !price.ok() || !HasFee(fee, json["commissionAsset"]) || !time || symbol.empty() ||
      !json["id"].AsInt().ok() || json["isBuyer"].kind() != Json::Kind::kBool)
    return std::nullopt;
  return broker::Trade{.order_id = order_id,
                       .broker_order_id = json["orderId"].text(),
                       .root_id = ExecutionIdOf(json["symbol"].text(), json["id"].text()),
                       .symbol = symbol,
                       .side = json["isBuyer"].IsTrue() ? Side::kBuy : Side::kSell,
                       .quantity = *quantity,
                       .price = *price,
                       .fee = *fee,
                       .fee_currency = json["commissionAsset"].text(),
                       .maker = json["isMaker"].IsTrue(),
                       .time = *time};
}

// One that has ended is told with what it had traded, so that nobody takes it for over before its trades are there.
Answer Ended(const OrderId& order_id, const Json& json, UtcTime time) {
  std::optional<broker::OrderRecord> record = RecordOf(order_id, json, time);
  if (record) return {.facts = {*std::move(record)}, .problem = std::nullopt};
  Problem problem = Unreadable("the venue's record of the order cannot be read");
  return {.facts = {UnknownOf(order_id, problem)}, .problem = std::move(problem)};
}

Answer NotCanceled(const OrderId& order_id, Problem problem, UtcTime time) {
  Answer out;
  // That a cancel has not left says nothing of the order, so it is no NotSent.
  if (problem.outcome_known) {
    out.facts.push_back(broker::CancelReject{.order_id = order_id, .rejection = problem.rejection, .time = time});
  } else {
    out.facts.push_back(UnknownOf(order_id, problem));
  }
  out.problem = std::move(problem);
  return out;
}

}  // namespace

Answer OnPlaced(const Order& order, const venue::HttpAnswer& answer, UtcTime time) {
  Answer out;
  auto [json, problem] = BodyOf(answer);
  if (!problem && (!json["orderId"].AsInt().ok() || !Names(json, "clientOrderId", order.order_id)))
    problem = Unreadable("the venue's answer is about no order of that id");
  if (problem) {
    if (!problem->outcome_known) {
      out.facts.push_back(UnknownOf(order.order_id, *problem));
    } else if (answer.outcome == venue::Outcome::kNotSent) {
      out.facts.push_back(
          broker::NotSent{.order_id = order.order_id, .error = problem->error, .message = problem->rejection.message});
    } else {
      out.facts.push_back(
          broker::DefinitiveReject{.order_id = order.order_id, .rejection = problem->rejection, .time = time});
    }
    out.problem = std::move(problem);
    return out;
  }
  const UtcTime at = TimeOf(json["transactTime"]).value_or(time);
  out.facts.push_back(broker::Ack{.order_id = order.order_id, .broker_order_id = json["orderId"].text(), .time = at});
  for (const Json& fill : json["fills"].items()) {
    if (auto trade = TakenOf(order, json, fill, at)) {
      out.facts.push_back(*std::move(trade));
    } else {
      out.problem = Unreadable("a trade in the venue's answer cannot be read");
    }
  }
  // The short form says no more than that it was taken.
  if (!json.Has("status")) return out;
  std::optional<broker::OrderRecord> record = RecordOf(order.order_id, json, at);
  if (!record) {
    out.problem = Unreadable("the status in the venue's answer cannot be read");
  } else if (IsTerminal(record->status) || record->cumulative_quantity.IsPositive()) {
    out.facts.push_back(*std::move(record));
  }
  return out;
}

Answer OnCanceled(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime time) {
  auto [json, problem] = BodyOf(answer);
  if (problem) return NotCanceled(order_id, *std::move(problem), time);
  // `clientOrderId` is the cancel's own.
  if (!Names(json, "origClientOrderId", order_id))
    return NotCanceled(order_id, Unreadable("the venue's answer is about no order of that id"), time);
  return Ended(order_id, json, TimeOf(json["transactTime"]).value_or(time));
}

ReplaceAnswer OnCancelReplaced(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime time) {
  ReplaceAnswer out;
  Body body = BodyOf(answer);
  // A success has at its top what a failure has in its data.
  Json data = body.json;
  if (body.problem) {
    auto json = answer.outcome == venue::Outcome::kAnswered ? Json::Parse(answer.body) : absl::StatusOr<Json>(Json());
    data = json.ok() ? (*json)["data"] : Json();
  }
  const std::string& canceled = data["cancelResult"].text();
  if (canceled == "SUCCESS") {
    out.canceled = Ended(order_id, data["cancelResponse"], time);
  } else if (canceled == "FAILURE") {
    const Json& why = data["cancelResponse"];
    auto code = why["code"].AsInt();
    out.canceled = NotCanceled(
        order_id, JudgeCode(answer.status, code.ok() ? static_cast<int>(*code) : 0, why["msg"].text()), time);
  } else {
    out.canceled = NotCanceled(order_id, body.problem.value_or(Unreadable("it names no result of the cancel")), time);
  }
  const std::string& made = data["newOrderResult"].text();
  if (made == "SUCCESS") {
    out.replacement = data["newOrderResponse"]["orderId"].text();
    out.replacement_known = !out.replacement.empty();
  } else {
    bool said = made == "FAILURE" || made == "NOT_ATTEMPTED";
    out.replacement_known = said ? answer.status < 500 : body.problem && body.problem->outcome_known;
  }
  if (body.problem) out.canceled.problem = std::move(body.problem);
  return out;
}

Answer OnQueried(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime as_of) {
  Answer out;
  auto [json, problem] = BodyOf(answer);
  const bool answered = problem && problem->outcome_known && answer.status == 400;
  if (answered && problem->code == kNoSuchOrder) {
    out.facts.push_back(broker::NotFound{.order_id = order_id, .as_of = as_of});
    return out;
  }
  // Cancelled or expired without a trade more than 90 days ago.
  if (answered && problem->code == kArchivedOrder) {
    out.facts.push_back(broker::OrderRecord{.order_id = order_id, .status = OrderStatus::kCanceled, .as_of = as_of});
    return out;
  }
  if (!problem && !Names(json, "clientOrderId", order_id))
    problem = Unreadable("the venue's answer is about no order of that id");
  if (!problem) {
    if (auto record = RecordOf(order_id, json, as_of)) {
      out.facts.push_back(*std::move(record));
      return out;
    }
    problem = Unreadable("the venue's record of the order cannot be read");
  }
  out.problem = std::move(problem);
  return out;
}

Answer OnOpenOrders(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime as_of) {
  Answer out;
  auto [json, problem] = BodyOf(answer);
  if (!problem && !json.is_array()) problem = Unreadable("the venue's list of open orders cannot be read");
  out.problem = std::move(problem);
  if (out.problem) return out;
  for (const Json& each : json.items()) {
    if (!Names(each, "clientOrderId", order_id)) {
      // One that cannot be told from ours is no proof that ours is not there.
      if (each["clientOrderId"].text().empty()) out.problem = Unreadable("an open order without an id");
      continue;
    }
    if (auto record = RecordOf(order_id, each, as_of)) {
      out.facts.push_back(*std::move(record));
      out.problem.reset();
    } else {
      out.problem = Unreadable("the venue's record of the order cannot be read");
    }
    return out;
  }
  if (out.problem) return out;
  out.facts.push_back(broker::NotFound{.order_id = order_id, .as_of = as_of, .question = VenueQuestion::kOpenOrders});
  return out;
}

TradesAnswer OnTrades(const TradesAsked& asked, const Symbols& symbols, const venue::HttpAnswer& answer,
                      UtcTime as_of) {
  TradesAnswer out;
  auto [json, problem] = BodyOf(answer);
  if (!problem && !json.is_array()) problem = Unreadable("the venue's list of trades cannot be read");
  if (!problem && asked.broker_order_id.empty() && !json.items().empty())
    problem = Unreadable("the venue's trades name its own number of the order, which is not known");
  out.answer.problem = std::move(problem);
  if (out.answer.problem) return out;
  std::int64_t last = -1;
  for (const Json& each : json.items()) {
    if (auto number = each["id"].AsInt(); number.ok()) last = std::max(last, *number);
    if (each["orderId"].text() != asked.broker_order_id) {
      if (!each["orderId"].AsInt().ok()) out.answer.problem = Unreadable("a trade without the number of its order");
      continue;
    }
    if (auto trade = TradeOf(asked.order_id, symbols, each)) {
      out.answer.facts.push_back(*std::move(trade));
    } else {
      out.answer.problem = Unreadable("a trade of the order cannot be read");
    }
  }
  if (json.items().size() >= static_cast<std::size_t>(kTradesMax) && last >= 0) out.next_trade = last + 1;
  bool none = out.answer.facts.empty() && !out.answer.problem && !out.next_trade && asked.first_page;
  if (none) {
    out.answer.facts.push_back(
        broker::NotFound{.order_id = asked.order_id, .as_of = as_of, .question = VenueQuestion::kTrades});
  }
  return out;
}

}  // namespace ballast::binance
