#include "libs/audit/order_record.h"

#include "libs/audit/canonical_json.h"

namespace ballast::audit {
namespace {

const char* NameOf(Side side) {
  switch (side) {
    case Side::kBuy:
      return "BUY";
    case Side::kSell:
      return "SELL";
    case Side::kUnspecified:
      break;
  }
  return "";
}

const char* NameOf(OrderType type) {
  switch (type) {
    case OrderType::kMarket:
      return "MARKET";
    case OrderType::kLimit:
      return "LIMIT";
    case OrderType::kStop:
      return "STOP";
    case OrderType::kStopLimit:
      return "STOP_LIMIT";
    case OrderType::kUnspecified:
      break;
  }
  return "";
}

const char* NameOf(TimeInForce time_in_force) {
  switch (time_in_force) {
    case TimeInForce::kGtc:
      return "GTC";
    case TimeInForce::kDay:
      return "DAY";
    case TimeInForce::kIoc:
      return "IOC";
    case TimeInForce::kFok:
      return "FOK";
    case TimeInForce::kUnspecified:
      break;
  }
  return "";
}

const char* NameOf(OrderStatus status) {
  switch (status) {
    case OrderStatus::kDenied:
      return "DENIED";
    case OrderStatus::kPendingNew:
      return "PENDING_NEW";
    case OrderStatus::kSubmitted:
      return "SUBMITTED";
    case OrderStatus::kUnknown:
      return "UNKNOWN";
    case OrderStatus::kNew:
      return "NEW";
    case OrderStatus::kPartiallyFilled:
      return "PARTIALLY_FILLED";
    case OrderStatus::kPendingCancel:
      return "PENDING_CANCEL";
    case OrderStatus::kPendingReplace:
      return "PENDING_REPLACE";
    case OrderStatus::kFilled:
      return "FILLED";
    case OrderStatus::kCanceled:
      return "CANCELED";
    case OrderStatus::kRejected:
      return "REJECTED";
    case OrderStatus::kExpired:
      return "EXPIRED";
    case OrderStatus::kUnspecified:
      break;
  }
  return "";
}

const char* NameOf(AccountMode mode) {
  switch (mode) {
    case AccountMode::kPaper:
      return "PAPER";
    case AccountMode::kLive:
      return "LIVE";
    case AccountMode::kUnspecified:
      break;
  }
  return "";
}

std::string Bool(bool value) { return value ? "true" : "false"; }

std::string Json(const Rejection& rejection) {
  JsonObject json;
  json.Add("check", rejection.check);
  json.Add("limit", rejection.limit);
  json.Add("message", rejection.message);
  json.Add("observed", rejection.observed);
  json.AddRaw("reason", std::to_string(static_cast<int>(rejection.reason)));
  return json.ToString();
}

std::string Json(const std::vector<RiskCheck>& checks) {
  std::string out = "[";
  for (const RiskCheck& check : checks) {
    JsonObject json;
    json.Add("after", check.after);
    json.Add("limit", check.limit);
    json.Add("name", check.name);
    json.AddRaw("passed", Bool(check.passed));
    json.Add("used", check.used);
    if (out.size() > 1) out += ',';
    out += json.ToString();
  }
  return out + "]";
}

std::string Json(const Order& order) {
  JsonObject json;
  json.Add("average_price", order.average_price.ToString());
  json.Add("broker_order_id", order.broker_order_id);
  if (order.cancel_requested) json.AddRaw("cancel_requested", "true");
  json.Add("create_time", order.create_time.ToString());
  json.Add("cumulative_quantity", order.cumulative_quantity.ToString());
  json.Add("deployment_id", order.deployment_id.value());
  json.Add("fees", order.fees.ToString());
  json.Add("leaves_quantity", order.leaves_quantity.ToString());
  if (order.limit_price) json.Add("limit_price", order.limit_price->ToString());
  json.Add("order_id", order.order_id.value());
  json.Add("quantity", order.quantity.ToString());
  json.Add("reason", order.reason);
  if (order.reduce_only) json.AddRaw("reduce_only", "true");
  if (order.rejection) json.AddRaw("rejection", Json(*order.rejection));
  json.Add("request_id", order.request_id.value());
  json.Add("side", NameOf(order.side));
  json.Add("status", NameOf(order.status));
  if (order.stop_price) json.Add("stop_price", order.stop_price->ToString());
  json.Add("symbol", order.symbol.value());
  json.Add("time_in_force", NameOf(order.time_in_force));
  json.Add("type", NameOf(order.type));
  return json.ToString();
}

std::string Json(const Fill& fill) {
  JsonObject json;
  json.Add("deployment_id", fill.deployment_id.value());
  json.Add("execution_id", fill.execution_id.value());
  json.Add("fee", fill.fee.ToString());
  json.Add("fee_currency", fill.fee_currency);
  json.AddRaw("maker", Bool(fill.maker));
  json.Add("order_id", fill.order_id.value());
  json.Add("price", fill.price.ToString());
  json.Add("quantity", fill.quantity.ToString());
  json.Add("side", NameOf(fill.side));
  json.Add("symbol", fill.symbol.value());
  json.Add("transact_time", fill.transact_time.ToString());
  return json.ToString();
}

}  // namespace

std::string ActionOf(OrderEventType type) {
  switch (type) {
    case OrderEventType::kAccountOpened:
      return "account.opened";
    case OrderEventType::kDenied:
      return "order.denied";
    case OrderEventType::kPendingNew:
      return "order.pending_new";
    case OrderEventType::kSubmitted:
      return "order.submitted";
    case OrderEventType::kAccepted:
      return "order.accepted";
    case OrderEventType::kFilled:
      return "order.filled";
    case OrderEventType::kPendingCancel:
      return "order.pending_cancel";
    case OrderEventType::kCancelRejected:
      return "order.cancel_rejected";
    case OrderEventType::kCanceled:
      return "order.canceled";
    case OrderEventType::kRejected:
      return "order.rejected";
    case OrderEventType::kExpired:
      return "order.expired";
    case OrderEventType::kUnknown:
      return "order.unknown";
    case OrderEventType::kTriggered:
      return "order.triggered";
    case OrderEventType::kRestated:
      return "order.restated";
    case OrderEventType::kIllegalReport:
      return "order.illegal_report";
    case OrderEventType::kAccountHalted:
      return "account.halted";
    case OrderEventType::kAccountResumed:
      return "account.resumed";
    case OrderEventType::kUnspecified:
      break;
  }
  return "order.unspecified";
}

Record RecordOf(const OrderEvent& event) {
  JsonObject detail;
  detail.AddRaw("sequence", std::to_string(event.sequence));
  detail.Add("mode", NameOf(event.mode));
  if (event.execution_sequence != 0) detail.AddRaw("execution_sequence", std::to_string(event.execution_sequence));
  if (event.order) detail.AddRaw("order", Json(*event.order));
  if (event.fill) detail.AddRaw("fill", Json(*event.fill));
  if (event.rejection) detail.AddRaw("rejection", Json(*event.rejection));
  if (!event.checks.empty()) detail.AddRaw("checks", Json(event.checks));
  if (event.type == OrderEventType::kAccountOpened) {
    detail.Add("cash", event.cash.ToString());
    detail.Add("currency", event.currency);
  }
  Record record;
  record.time = event.event_time;
  record.actor = Printable(event.actor.empty() ? "system" : event.actor);
  record.action = ActionOf(event.type);
  record.account_id = Printable(event.account_id.value());
  record.detail = detail.ToString();
  if (event.order) {
    record.subject = Printable("order:" + event.order->order_id.value());
    record.request_id = Printable(event.order->request_id.value());
  } else {
    record.subject = "account:" + record.account_id;
  }
  return record;
}

}  // namespace ballast::audit
