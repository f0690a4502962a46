#include "libs/brokers/binance/execution_report.h"

#include "libs/base/absl_std.h"
#include "libs/brokers/binance/client_order_id.h"
#include "libs/brokers/binance/words.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using venue::Json;

// What every report of an order says.
struct Report {
  OrderId order_id;
  std::string venue_symbol;
  std::string broker_order_id;
  // kUnspecified: a word that nobody here knows.
  OrderStatus status = OrderStatus::kUnspecified;
  Decimal traded;
  UtcTime time;
};

bool WaitsForTrigger(std::string_view type) {
  return type == "STOP_LOSS" || type == "STOP_LOSS_LIMIT" || type == "TAKE_PROFIT" || type == "TAKE_PROFIT_LIMIT";
}

// `C` is the order's id where `c` is that of the cancel which ended it.
const std::string& ClientIdOf(const Json& json) {
  return json["C"].text().empty() ? json["c"].text() : json["C"].text();
}

std::optional<Report> ReportOf(const Json& json) {
  auto traded = json["z"].AsDecimal();
  std::optional<UtcTime> time = TimeOf(json["T"]);
  if (!json["i"].AsInt().ok() || json["s"].text().empty() || !traded.ok() || !time) return std::nullopt;
  return Report{.order_id = OrderIdOf(ClientIdOf(json), json["s"].text(), json["i"].text()),
                .venue_symbol = json["s"].text(),
                .broker_order_id = json["i"].text(),
                .status = StatusOf(json["X"].text()),
                .traded = *traded,
                .time = *time};
}

// The venue's reason, where it gives one.
std::optional<Rejection> WhyOf(const Json& json) {
  std::string why = json["eR"].text();
  if (why.empty() && json["r"].text() != "NONE") why = json["r"].text();
  if (why.empty()) return std::nullopt;
  RejectReason reason =
      why == "INSUFFICIENT_LIQUIDITY" || why == "UNFILLED_IOC_QUANTITY_EXPIRED" || why == "UNFILLED_FOK_ORDER_EXPIRED"
          ? RejectReason::kNoLiquidity
          : RejectReason::kBrokerRejected;
  return Rejection{.reason = reason, .check = "venue", .observed = why, .message = "the venue says " + why};
}

broker::OrderRecord RecordOf(const Report& report) {
  return {.order_id = report.order_id,
          .broker_order_id = report.broker_order_id,
          .status = report.status,
          .cumulative_quantity = report.traded,
          .as_of = report.time};
}

void TellTrade(const Json& json, const Report& report, const Symbols& symbols, UserEvent& out) {
  auto quantity = json["l"].AsDecimal();
  auto price = json["L"].AsDecimal();
  auto fee = json["n"].AsDecimal();
  auto number = json["t"].AsInt();
  const Side side = SideOf(json["S"].text());
  const Symbol& symbol = symbols.Ours(report.venue_symbol);
  if (!quantity.ok() || !price.ok() || !fee.ok() || !number.ok() || side == Side::kUnspecified ||
      (!fee->IsZero() && json["N"].text().empty())) {
    out.unreadable = "a trade of order " + report.broker_order_id;
    return;
  }
  if (symbol.empty()) {
    out.unreadable = "a trade of " + report.venue_symbol + ", which is not listed";
    return;
  }
  // Met at the venue: a trade of nothing, or one without a number. It is none, but its status counts.
  if (!quantity->IsPositive() || *number < 0) {
    out.facts.push_back(RecordOf(report));
    return;
  }
  out.facts.push_back(broker::Trade{.order_id = report.order_id,
                                    .broker_order_id = report.broker_order_id,
                                    .root_id = ExecutionIdOf(report.venue_symbol, json["t"].text()),
                                    .symbol = symbol,
                                    .side = side,
                                    .quantity = *quantity,
                                    .price = *price,
                                    .fee = *fee,
                                    .fee_currency = json["N"].text(),
                                    .maker = json["m"].IsTrue(),
                                    .time = report.time});
  // The sum beside the trade: one that was missed is seen to be missing.
  out.facts.push_back(RecordOf(report));
}

void TellEnd(const Json& json, const Report& report, UserEvent& out) {
  if (report.traded.IsPositive()) {
    out.facts.push_back(RecordOf(report));
  } else {
    out.facts.push_back(
        broker::Ended{.order_id = report.order_id, .status = report.status, .why = WhyOf(json), .time = report.time});
  }
}

void TellExecution(const Json& json, const Symbols& symbols, UserEvent& out) {
  std::optional<Report> report = ReportOf(json);
  if (!report) {
    out.unreadable = "a report of an order";
    return;
  }
  if (!Decode(ClientIdOf(json))) {
    out.foreign = ForeignOrder{.order_id = report->order_id,
                               .venue_symbol = report->venue_symbol,
                               .broker_order_id = report->broker_order_id,
                               .client_order_id = ClientIdOf(json)};
  }
  const std::string& execution = json["x"].text();
  // The trade is one whatever its status is called.
  if (report->status == OrderStatus::kUnspecified) out.unreadable = "order status " + json["X"].text();
  if (execution == "TRADE") {
    TellTrade(json, *report, symbols, out);
  } else if (report->status == OrderStatus::kUnspecified) {
    return;
  } else if (execution == "NEW") {
    out.facts.push_back(
        broker::Ack{.order_id = report->order_id, .broker_order_id = report->broker_order_id, .time = report->time});
    // Told again when its stop is reached, and then it is on the book.
    if (WaitsForTrigger(json["o"].text()) && json["w"].IsTrue())
      out.facts.push_back(broker::Triggered{.order_id = report->order_id, .time = report->time});
  } else if (execution == "REJECTED") {
    out.facts.push_back(broker::DefinitiveReject{
        .order_id = report->order_id,
        .broker_order_id = report->broker_order_id,
        .rejection = WhyOf(json).value_or(Rejection{.reason = RejectReason::kBrokerRejected, .check = "venue"}),
        .time = report->time});
  } else if (execution == "REPLACED") {
    // An amendment in place, which only makes smaller.
    if (auto quantity = json["q"].AsDecimal(); quantity.ok()) {
      out.facts.push_back(
          broker::Restated{.order_id = report->order_id, .quantity = *quantity, .why = {}, .time = report->time});
    } else {
      out.unreadable = "the quantity of order " + report->broker_order_id;
    }
  } else if (report->status == OrderStatus::kCanceled || report->status == OrderStatus::kExpired) {
    TellEnd(json, *report, out);
  } else {
    // TRADE_PREVENTION of a part, and words that are not known yet: the status is the venue's all the same.
    out.facts.push_back(RecordOf(*report));
  }
  // Only a record carries it: without the word it would say nothing.
  if (report->status == OrderStatus::kUnspecified) {
    std::erase_if(out.facts,
                  [](const broker::Fact& fact) { return std::holds_alternative<broker::OrderRecord>(fact); });
  }
}

void TellBalances(const Json& json, UserEvent& out) {
  if (!json["B"].is_array()) out.unreadable = "the balances";
  for (const Json& each : json["B"].items()) {
    auto free = each["f"].AsDecimal();
    auto locked = each["l"].AsDecimal();
    if (each["a"].text().empty() || !free.ok() || !locked.ok()) {
      out.unreadable = "the balance of " + each["a"].text();
      continue;
    }
    out.balances.push_back({.asset = each["a"].text(), .free = *free, .locked = *locked});
  }
}

}  // namespace

UserEvent ReadUserEvent(std::string_view message, const Symbols& symbols) {
  UserEvent out;
  auto json = Json::Parse(message);
  if (!json.ok()) {
    out.unreadable = MessageOf(json.status());
    return out;
  }
  const Json& event = json->Has("event") ? (*json)["event"] : *json;
  out.name = event["e"].text();
  if (out.name.empty()) return out;
  if (out.name == "executionReport") {
    out.kind = EventKind::kExecution;
    TellExecution(event, symbols, out);
  } else if (out.name == "outboundAccountPosition") {
    out.kind = EventKind::kBalances;
    TellBalances(event, out);
  } else if (out.name == "listStatus") {
    out.kind = EventKind::kList;
  } else if (out.name == "eventStreamTerminated") {
    out.kind = EventKind::kStreamEnded;
    out.facts.push_back(broker::SessionState{.state = broker::SessionState::State::kDown,
                                             .detail = "the venue ended the account's stream"});
  } else {
    out.kind = EventKind::kOther;
  }
  return out;
}

}  // namespace ballast::binance
