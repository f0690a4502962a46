#include "libs/alerts/rules.h"

namespace ballast::alerts {
namespace {

struct Words {
  AlertType type;
  AlertLevel level;
  const char* title;
};

// A fill that ends a position for a reason of its own is news about the position, not about the order.
Words WordsOfFill(const std::string& reason, bool complete) {
  if (reason == "stop_loss") return {AlertType::kPosition, AlertLevel::kWarning, "Position closed by stop loss"};
  if (reason == "take_profit") return {AlertType::kPosition, AlertLevel::kInfo, "Position closed by take profit"};
  if (reason == "trailing_stop")
    return {AlertType::kPosition, AlertLevel::kWarning, "Position closed by trailing stop"};
  if (reason == "protection_flatten")
    return {AlertType::kPosition, AlertLevel::kWarning, "Position closed because it could not be protected"};
  if (reason == "emergency_stop")
    return {AlertType::kPosition, AlertLevel::kWarning, "Position closed by emergency stop"};
  if (complete) return {AlertType::kOrder, AlertLevel::kInfo, "Order filled"};
  return {AlertType::kOrder, AlertLevel::kInfo, "Order partly filled"};
}

std::optional<Words> WordsOf(const OrderEvent& event) {
  switch (event.type) {
    case OrderEventType::kFilled: {
      bool complete = !event.order || event.order->status == OrderStatus::kFilled;
      std::string reason = event.order && !event.order->reason.empty() ? event.order->reason
                           : event.fill                                ? event.fill->reason
                                                                       : std::string();
      return WordsOfFill(reason, complete);
    }
    case OrderEventType::kDenied:
      return Words{AlertType::kRisk, AlertLevel::kWarning, "Order refused"};
    case OrderEventType::kRejected:
      return Words{AlertType::kOrder, AlertLevel::kWarning, "Order rejected"};
    case OrderEventType::kCancelRejected:
      return Words{AlertType::kOrder, AlertLevel::kWarning, "Cancel rejected"};
    case OrderEventType::kReplaceRejected:
      return Words{AlertType::kOrder, AlertLevel::kWarning, "Replacement rejected"};
    case OrderEventType::kExpired:
      return Words{AlertType::kOrder, AlertLevel::kInfo, "Order expired"};
    case OrderEventType::kUnknown:
      return Words{AlertType::kError, AlertLevel::kError, "Order outcome unknown"};
    case OrderEventType::kNeverAccepted:
      return Words{AlertType::kOrder, AlertLevel::kWarning, "Order never accepted by the broker"};
    case OrderEventType::kReopened:
      return Words{AlertType::kError, AlertLevel::kError, "Ended order is open at the broker"};
    case OrderEventType::kTradeCancel:
      return Words{AlertType::kOrder, AlertLevel::kError, "Trade taken back by the broker"};
    case OrderEventType::kTradeCorrect:
      return Words{AlertType::kOrder, AlertLevel::kWarning, "Trade corrected by the broker"};
    case OrderEventType::kIllegalReport:
      return Words{AlertType::kError, AlertLevel::kCritical, "Illegal broker report"};
    case OrderEventType::kAccountHalted:
      return Words{AlertType::kRisk, AlertLevel::kCritical, "Account halted"};
    case OrderEventType::kAccountResumed:
      return Words{AlertType::kRisk, AlertLevel::kInfo, "Account resumed"};
    case OrderEventType::kUnprotected:
      return Words{AlertType::kPosition, AlertLevel::kCritical, "Position without protection"};
    case OrderEventType::kProtected:
      return Words{AlertType::kPosition, AlertLevel::kInfo, "Position protected again"};
    case OrderEventType::kAdopted:
      return Words{AlertType::kOrder, AlertLevel::kWarning, "Order made elsewhere"};
    case OrderEventType::kExternalPolicy:
      return Words{AlertType::kRisk, AlertLevel::kInfo, "Policy for orders made elsewhere"};
    case OrderEventType::kExternalDecided:
      // Once for the word, not for each trade that it moves.
      if (event.fill) return std::nullopt;
      return Words{AlertType::kOrder, AlertLevel::kInfo, "Order made elsewhere: decided"};
    case OrderEventType::kUnspecified:
    case OrderEventType::kAccountOpened:
    case OrderEventType::kPendingNew:
    case OrderEventType::kSubmitted:
    case OrderEventType::kAccepted:
    case OrderEventType::kPendingCancel:
    case OrderEventType::kCanceled:
    case OrderEventType::kTriggered:
    case OrderEventType::kRestated:
    case OrderEventType::kHeld:
    case OrderEventType::kReleased:
    case OrderEventType::kTrailed:
    case OrderEventType::kPendingReplace:
    case OrderEventType::kReplaced:
      return std::nullopt;
  }
  return std::nullopt;
}

const char* HandlingWords(ExternalHandling handling) {
  switch (handling) {
    case ExternalHandling::kAdopt:
      return "adopted";
    case ExternalHandling::kIgnore:
      return "left alone";
    case ExternalHandling::kAttribute:
      return "attributed";
    default:
      return "a person is asked";
  }
}

const char* Verb(Side side) { return side == Side::kBuy ? "buy" : "sell"; }

std::string DescribeFill(const Fill& fill, const std::optional<Order>& order) {
  std::string text = (fill.side == Side::kBuy ? "Bought " : "Sold ") + fill.quantity.ToString() + " " +
                     fill.symbol.value() + " at " + fill.price.ToStringMinPlaces(2);
  if (order && order->status != OrderStatus::kFilled) {
    text += ", " + order->cumulative_quantity.ToString() + " of " + order->quantity.ToString() + " so far";
  }
  if (!fill.fee.IsZero()) text += "; fee " + fill.fee.ToStringMinPlaces(2) + " " + fill.fee_currency;
  return text;
}

std::string Describe(const OrderEvent& event) {
  bool traded = event.type == OrderEventType::kFilled || event.type == OrderEventType::kTradeCorrect ||
                event.type == OrderEventType::kTradeCancel;
  if (traded && event.fill) return DescribeFill(*event.fill, event.order);
  std::string text;
  if (event.order) {
    text = std::string(Verb(event.order->side)) + " " + event.order->quantity.ToString() + " " +
           event.order->symbol.value();
  }
  bool of_external = event.type == OrderEventType::kAdopted || event.type == OrderEventType::kExternalDecided;
  if (of_external && event.order && event.order->external) {
    const External& external = *event.order->external;
    text += std::string(": ") + HandlingWords(external.handling);
    if (!event.order->deployment_id.empty()) text += " to " + event.order->deployment_id.value();
    if (!external.actor.empty()) text += " by " + external.actor;
    if (!external.reason.empty()) text += ", " + external.reason;
  }
  if (event.external_policy) {
    text = std::string(HandlingWords(event.external_policy->handling)) + ", by " + event.external_policy->actor + ": " +
           event.external_policy->reason;
  }
  if (event.rejection) {
    const Rejection& rejection = *event.rejection;
    if (!text.empty()) text += ": ";
    text += rejection.message.empty() ? "no reason was given" : rejection.message;
    if (!rejection.check.empty() && !rejection.limit.empty()) {
      text += " (" + rejection.check + ": limit " + rejection.limit + ", observed " + rejection.observed + ")";
    }
  }
  bool of_account = event.type == OrderEventType::kAccountHalted || event.type == OrderEventType::kAccountResumed;
  if (of_account && !event.actor.empty()) text += (text.empty() ? "by " : ", by ") + event.actor;
  return text;
}

}  // namespace

bool IsTold(OrderEventType type) {
  OrderEvent event;
  event.type = type;
  return WordsOf(event).has_value();
}

std::optional<Alert> AlertFor(const OrderEvent& event) {
  std::optional<Words> words = WordsOf(event);
  if (!words) return std::nullopt;
  Alert alert;
  alert.type = words->type;
  alert.level = words->level;
  alert.title = words->title;
  alert.text = Describe(event);
  // Callers' words end up in logs and on screens: one line, no control characters.
  for (char& c : alert.text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  alert.account_id = event.account_id;
  if (event.order) {
    alert.deployment_id = event.order->deployment_id;
    alert.order_id = event.order->order_id;
    alert.symbol = event.order->symbol;
  } else if (event.fill) {
    alert.deployment_id = event.fill->deployment_id;
    alert.order_id = event.fill->order_id;
    alert.symbol = event.fill->symbol;
  }
  alert.first_time = alert.last_time = event.event_time;
  return alert;
}

}  // namespace ballast::alerts
