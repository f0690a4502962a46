#include "libs/audit/order_record.h"

#include <utility>

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
    case OrderType::kTakeProfit:
      return "TAKE_PROFIT";
    case OrderType::kTakeProfitLimit:
      return "TAKE_PROFIT_LIMIT";
    case OrderType::kTrailingStop:
      return "TRAILING_STOP";
    case OrderType::kTrailingStopLimit:
      return "TRAILING_STOP_LIMIT";
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
    case TimeInForce::kGtd:
      return "GTD";
    case TimeInForce::kAtOpen:
      return "AT_OPEN";
    case TimeInForce::kAtClose:
      return "AT_CLOSE";
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
    case OrderStatus::kNeverAccepted:
      return "NEVER_ACCEPTED";
    case OrderStatus::kHeld:
      return "HELD";
    case OrderStatus::kUnspecified:
      break;
  }
  return "";
}

const char* NameOf(ContingencyType type) {
  switch (type) {
    case ContingencyType::kOto:
      return "OTO";
    case ContingencyType::kOco:
      return "OCO";
    case ContingencyType::kOuo:
      return "OUO";
    case ContingencyType::kBracket:
      return "BRACKET";
    case ContingencyType::kUnspecified:
      break;
  }
  return "";
}

const char* NameOf(TrailingOffsetType type) {
  switch (type) {
    case TrailingOffsetType::kPrice:
      return "PRICE";
    case TrailingOffsetType::kPercent:
      return "PERCENT";
    case TrailingOffsetType::kTicks:
      return "TICKS";
    case TrailingOffsetType::kUnspecified:
      break;
  }
  return "";
}

const char* NameOf(HoldReason hold) {
  switch (hold) {
    case HoldReason::kParent:
      return "PARENT";
    case HoldReason::kTrigger:
      return "TRIGGER";
    case HoldReason::kSession:
      return "SESSION";
    case HoldReason::kUnspecified:
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

std::string Json(const Rejection& rejection) {
  JsonObject json;
  json.Add("check", rejection.check);
  json.Add("limit", rejection.limit);
  if (!rejection.limit_scope.empty()) json.Add("limit_scope", rejection.limit_scope);
  json.Add("message", rejection.message);
  json.Add("observed", rejection.observed);
  json.AddNumber("reason", static_cast<std::uint64_t>(rejection.reason));
  if (!rejection.related_order_id.empty()) json.Add("related_order_id", rejection.related_order_id);
  return std::move(json).Take();
}

std::string Json(const Trailing& trailing) {
  JsonObject json;
  if (trailing.activation_price) json.Add("activation_price", trailing.activation_price->ToString());
  if (trailing.high_water_mark) json.Add("high_water_mark", trailing.high_water_mark->ToString());
  if (trailing.limit_offset) json.Add("limit_offset", trailing.limit_offset->ToString());
  json.Add("offset", trailing.offset.ToString());
  json.Add("offset_type", NameOf(trailing.offset_type));
  return std::move(json).Take();
}

std::string Json(const ListPlace& place) {
  JsonObject json;
  json.Add("contingency_type", NameOf(place.contingency));
  json.AddNumber("index", place.index);
  json.Add("list_id", place.list_id);
  json.AddNumber("size", place.size);
  return std::move(json).Take();
}

std::string Json(const Replacement& replacement) {
  JsonObject json;
  if (replacement.limit_price) json.Add("limit_price", replacement.limit_price->ToString());
  json.AddNumber("number", replacement.number);
  if (replacement.quantity) json.Add("quantity", replacement.quantity->ToString());
  json.Add("request_id", replacement.request_id);
  if (replacement.stop_price) json.Add("stop_price", replacement.stop_price->ToString());
  return std::move(json).Take();
}

// Those that refused; the order log has the whole list.
std::string JsonOfFailed(const std::vector<RiskCheck>& checks) {
  std::string out = "[";
  for (const RiskCheck& check : checks) {
    if (check.passed) continue;
    JsonObject json;
    json.Add("after", check.after);
    json.Add("limit", check.limit);
    json.Add("name", check.name);
    json.Add("used", check.used);
    if (out.size() > 1) out += ',';
    out += std::move(json).Take();
  }
  return out + "]";
}

// What of an order an event's record says.
enum class Part {
  kNothing,
  // What was asked for: the first record of the order.
  kIntent,
  // How far it got.
  kProgress,
  kEverything,
};

Part PartOf(OrderEventType type) {
  switch (type) {
    case OrderEventType::kDenied:
    case OrderEventType::kPendingNew:
      return Part::kIntent;
    case OrderEventType::kReplaceRejected:
      return Part::kProgress;
    case OrderEventType::kSubmitted:
    case OrderEventType::kPendingCancel:
      return Part::kNothing;
    case OrderEventType::kAccepted:
    case OrderEventType::kFilled:
    case OrderEventType::kCancelRejected:
    case OrderEventType::kCanceled:
    case OrderEventType::kRejected:
    case OrderEventType::kExpired:
      return Part::kProgress;
    default:
      // Rare, or younger than this list: better too much than too little.
      return Part::kEverything;
  }
}

const char* NameOf(ExternalHandling handling) {
  switch (handling) {
    case ExternalHandling::kAsk:
      return "ASK";
    case ExternalHandling::kAdopt:
      return "ADOPT";
    case ExternalHandling::kIgnore:
      return "IGNORE";
    case ExternalHandling::kAttribute:
      return "ATTRIBUTE";
    case ExternalHandling::kUnspecified:
      break;
  }
  return "";
}

std::string Json(const External& external) {
  JsonObject json;
  json.Add("actor", external.actor);
  json.Add("handling", NameOf(external.handling));
  json.Add("reason", external.reason);
  json.Add("request_id", external.request_id);
  return std::move(json).Take();
}

std::string Json(const ExternalPolicy& policy) {
  std::string rules;
  for (const AttributionRule& rule : policy.rules) {
    rules += (rules.empty() ? "" : ", ") + (rule.symbol.empty() ? "*" : rule.symbol.value()) + " to " +
             rule.deployment_id.value();
  }
  JsonObject json;
  json.Add("handling", NameOf(policy.handling));
  json.Add("reason", policy.reason);
  json.Add("request_id", policy.request_id);
  json.Add("rules", rules);
  return std::move(json).Take();
}

std::string Json(const Order& order, OrderEventType type) {
  Part part = PartOf(type);
  bool intent = part == Part::kIntent || part == Part::kEverything;
  bool progress = part == Part::kProgress || part == Part::kEverything;
  bool everything = part == Part::kEverything;
  JsonObject json;
  if (progress && !order.average_price.IsZero()) json.Add("average_price", order.average_price.ToString());
  // Told once, when it is new.
  if (everything || type == OrderEventType::kAccepted) json.Add("broker_order_id", order.broker_order_id);
  if (everything && order.cancel_requested) json.AddRaw("cancel_requested", "true");
  if (progress && !order.cumulative_quantity.IsZero())
    json.Add("cumulative_quantity", order.cumulative_quantity.ToString());
  if (intent && order.confirm_soft_collar) json.AddRaw("confirm_soft_collar", "true");
  if (intent) json.Add("deployment_id", order.deployment_id.value());
  if (intent && order.display_quantity) json.Add("display_quantity", order.display_quantity->ToString());
  if (intent && order.expire_time.nanos != 0) json.Add("expire_time", order.expire_time.ToString());
  if (everything && order.external) json.AddRaw("external", Json(*order.external));
  if (everything) json.Add("fees", order.fees.ToString());
  if (intent && order.hold != HoldReason::kUnspecified) json.Add("hold", NameOf(order.hold));
  if (intent && order.hold_until_open) json.AddRaw("hold_until_open", "true");
  if (progress && !order.leaves_quantity.IsZero()) json.Add("leaves_quantity", order.leaves_quantity.ToString());
  if (intent) {
    if (order.limit_price) json.Add("limit_price", order.limit_price->ToString());
    if (order.list) json.AddRaw("list", Json(*order.list));
    if (!order.locate_id.empty()) json.Add("locate_id", order.locate_id);
    if (order.pending_replace) json.AddRaw("pending_replace", Json(*order.pending_replace));
    if (order.post_only) json.AddRaw("post_only", "true");
    if (order.protective_stop_price) json.Add("protective_stop_price", order.protective_stop_price->ToString());
    json.Add("quantity", order.quantity.ToString());
    json.Add("reason", order.reason);
    if (order.reduce_only) json.AddRaw("reduce_only", "true");
    if (everything && order.rejection) json.AddRaw("rejection", Json(*order.rejection));
    json.Add("request_id", order.request_id.value());
    if (!order.requested_quantity.IsZero()) json.Add("requested_quantity", order.requested_quantity.ToString());
    json.Add("side", NameOf(order.side));
  }
  if (everything) json.Add("status", NameOf(order.status));
  if (intent) {
    if (order.stop_price) json.Add("stop_price", order.stop_price->ToString());
    json.Add("symbol", order.symbol.value());
    json.Add("time_in_force", NameOf(order.time_in_force));
    if (order.trailing) json.AddRaw("trailing", Json(*order.trailing));
    if (order.trigger_source == TriggerSource::kLast) json.Add("trigger_source", "LAST");
    json.Add("type", NameOf(order.type));
  }
  return json.empty() ? std::string() : std::move(json).Take();
}

std::string Json(const Fill& fill, bool of_known_order) {
  JsonObject json;
  if (!of_known_order) json.Add("deployment_id", fill.deployment_id.value());
  if (!fill.exec_ref_id.empty()) json.Add("exec_ref_id", fill.exec_ref_id.value());
  json.Add("execution_id", fill.execution_id.value());
  if (!fill.fee.IsZero()) {
    json.Add("fee", fill.fee.ToString());
    json.Add("fee_currency", fill.fee_currency);
  }
  if (fill.maker) json.AddRaw("maker", "true");
  if (!of_known_order) json.Add("order_id", fill.order_id.value());
  json.Add("price", fill.price.ToString());
  json.Add("quantity", fill.quantity.ToString());
  if (fill.reversal) json.AddRaw("reversal", "true");
  if (!of_known_order || fill.reversal) json.Add("side", NameOf(fill.side));
  if (!of_known_order) {
    json.Add("symbol", fill.symbol.value());
  }
  json.Add("transact_time", fill.transact_time.ToString());
  if (fill.transfer) json.AddRaw("transfer", "true");
  return std::move(json).Take();
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
    case OrderEventType::kNeverAccepted:
      return "order.never_accepted";
    case OrderEventType::kReopened:
      return "order.reopened";
    case OrderEventType::kTriggered:
      return "order.triggered";
    case OrderEventType::kRestated:
      return "order.restated";
    case OrderEventType::kTradeCancel:
      return "order.trade_cancel";
    case OrderEventType::kTradeCorrect:
      return "order.trade_correct";
    case OrderEventType::kIllegalReport:
      return "order.illegal_report";
    case OrderEventType::kHeld:
      return "order.held";
    case OrderEventType::kReleased:
      return "order.released";
    case OrderEventType::kTrailed:
      return "order.trailed";
    case OrderEventType::kPendingReplace:
      return "order.pending_replace";
    case OrderEventType::kReplaced:
      return "order.replaced";
    case OrderEventType::kReplaceRejected:
      return "order.replace_rejected";
    case OrderEventType::kAccountHalted:
      return "account.halted";
    case OrderEventType::kAccountResumed:
      return "account.resumed";
    case OrderEventType::kUnprotected:
      return "position.unprotected";
    case OrderEventType::kProtected:
      return "position.protected";
    case OrderEventType::kAdopted:
      return "order.adopted";
    case OrderEventType::kExternalDecided:
      return "order.external_decided";
    case OrderEventType::kExternalPolicy:
      return "account.external_policy";
    case OrderEventType::kUnspecified:
      break;
  }
  return "order.unspecified";
}

Record RecordOf(const OrderEvent& event, std::string_view checks_digest) {
  JsonObject detail;
  if (event.type == OrderEventType::kAccountOpened) detail.Add("cash", event.cash.ToString());
  if (!event.checks.empty() && event.type == OrderEventType::kDenied)
    detail.AddRaw("checks", JsonOfFailed(event.checks));
  detail.Add("checks_digest", checks_digest);
  if (event.type == OrderEventType::kAccountOpened) detail.Add("currency", event.currency);
  if (event.execution_sequence != 0) detail.AddNumber("execution_sequence", event.execution_sequence);
  if (event.external_policy) detail.AddRaw("external_policy", Json(*event.external_policy));
  if (event.fill) detail.AddRaw("fill", Json(*event.fill, event.order.has_value()));
  // An account does not change from paper to live: its opening says it for good.
  if (event.type == OrderEventType::kAccountOpened) detail.Add("mode", NameOf(event.mode));
  if (event.order) {
    if (std::string order = Json(*event.order, event.type); !order.empty()) detail.AddRaw("order", order);
  }
  if (event.rejection) detail.AddRaw("rejection", Json(*event.rejection));
  detail.AddNumber("sequence", event.sequence);
  Record record;
  record.time = event.event_time;
  record.actor = Printable(event.actor.empty() ? "system" : event.actor);
  record.action = ActionOf(event.type);
  record.account_id = Printable(event.account_id.value());
  record.detail = std::move(detail).Take();
  if (event.order) {
    record.subject = Printable("order:" + event.order->order_id.value());
    // Of what asked for it; the subject ties the rest to it.
    if (PartOf(event.type) == Part::kIntent) record.request_id = Printable(event.order->request_id.value());
  } else {
    record.subject = "account:" + record.account_id;
  }
  return record;
}

}  // namespace ballast::audit
