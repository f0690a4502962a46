#include "libs/orders/transition.h"

#include <array>

namespace ballast::orders {
namespace {

struct Row {
  OrderStatus from;
  OrderEventType event;
  OrderStatus to;
};
using enum OrderStatus;
using Event = OrderEventType;

// Everything that may happen; what is not here is illegal. Fills have rules of their own below: they always count.
constexpr std::array kTable = {
    // Ours.
    Row{kUnspecified, Event::kPendingNew, kPendingNew},
    Row{kUnspecified, Event::kDenied, kDenied},
    Row{kPendingNew, Event::kSubmitted, kSubmitted},
    Row{kPendingNew, Event::kRejected, kRejected},  // too old to send
    Row{kPendingNew, Event::kCanceled, kCanceled},  // before it was sent
    Row{kSubmitted, Event::kPendingCancel, kPendingCancel},
    Row{kUnknown, Event::kPendingCancel, kPendingCancel},
    Row{kNew, Event::kPendingCancel, kPendingCancel},
    Row{kPartiallyFilled, Event::kPendingCancel, kPendingCancel},
    // The broker's. What overtakes the acknowledgement implies it, and it says nothing new when it comes.
    Row{kSubmitted, Event::kUnknown, kUnknown},
    Row{kUnknown, Event::kUnknown, kUnknown},
    Row{kNew, Event::kUnknown, kNew},
    Row{kPartiallyFilled, Event::kUnknown, kPartiallyFilled},
    Row{kPendingCancel, Event::kUnknown, kPendingCancel},
    Row{kSubmitted, Event::kTriggered, kNew},
    Row{kUnknown, Event::kTriggered, kNew},
    Row{kUnknown, Event::kRestated, kNew},
    Row{kPartiallyFilled, Event::kAccepted, kPartiallyFilled},
    Row{kFilled, Event::kAccepted, kFilled},
    Row{kCanceled, Event::kAccepted, kCanceled},
    Row{kExpired, Event::kAccepted, kExpired},
    Row{kSubmitted, Event::kAccepted, kNew},
    Row{kSubmitted, Event::kRejected, kRejected},
    Row{kSubmitted, Event::kCanceled, kCanceled},  // IOC and FOK that met nothing
    Row{kSubmitted, Event::kExpired, kExpired},
    Row{kSubmitted, Event::kRestated, kSubmitted},
    Row{kUnknown, Event::kAccepted, kNew},
    Row{kUnknown, Event::kRejected, kRejected},
    Row{kUnknown, Event::kCanceled, kCanceled},
    Row{kUnknown, Event::kExpired, kExpired},
    Row{kNew, Event::kAccepted, kNew},
    Row{kNew, Event::kTriggered, kNew},
    Row{kNew, Event::kRestated, kNew},       // made smaller
    Row{kNew, Event::kRejected, kRejected},  // a stop that could not become an order
    Row{kNew, Event::kCanceled, kCanceled},
    Row{kNew, Event::kExpired, kExpired},
    Row{kPartiallyFilled, Event::kTriggered, kPartiallyFilled},
    Row{kPartiallyFilled, Event::kRestated, kPartiallyFilled},
    Row{kPartiallyFilled, Event::kCanceled, kCanceled},
    Row{kPartiallyFilled, Event::kExpired, kExpired},
    Row{kPendingCancel, Event::kAccepted, kPendingCancel},  // the acknowledgement overtaken by our cancel
    Row{kPendingCancel, Event::kTriggered, kPendingCancel},
    Row{kPendingCancel, Event::kRestated, kPendingCancel},
    Row{kPendingCancel, Event::kRejected, kRejected},
    Row{kPendingCancel, Event::kCanceled, kCanceled},
    Row{kPendingCancel, Event::kExpired, kExpired},
};

// A trade less. What has ended stays ended: of what was filled, the rest works nowhere any more.
std::optional<OrderStatus> AfterTradeCancel(const TransitionInput& input) {
  if (input.from == kUnspecified || input.from == kDenied || input.from == kPendingNew) return std::nullopt;
  if (input.from == kFilled) return input.complete ? kFilled : kCanceled;
  if (input.from == kPartiallyFilled) return input.any_filled ? kPartiallyFilled : kNew;
  return input.from;
}

}  // namespace

std::optional<OrderStatus> NextStatus(const TransitionInput& input) {
  if (input.event == Event::kFilled || input.event == Event::kTradeCorrect) {
    // A fill beats every belief but two: an order that never left us, and one refused here.
    if (input.from == kUnspecified || input.from == kDenied) return std::nullopt;
    if (input.complete) return kFilled;
    // A late partial fill does not bring a dead order back to life: what ended stays ended, the fill is booked.
    if (IsTerminal(input.from) || input.from == kPendingCancel) return input.from;
    return kPartiallyFilled;
  }
  if (input.event == Event::kTradeCancel) return AfterTradeCancel(input);
  if (input.event == Event::kCancelRejected) {
    if (input.from == kPendingCancel && input.outcome_unknown) return kUnknown;
    if (input.from == kPendingCancel) return input.any_filled ? kPartiallyFilled : kNew;
    // The answer to a repeated cancel, when the first one was answered or the order ended.
    bool ours_alone = input.from == kUnspecified || input.from == kDenied || input.from == kPendingNew;
    return ours_alone ? std::nullopt : std::optional(input.from);
  }
  for (const Row& row : kTable) {
    if (row.from == input.from && row.event == input.event) return row.to;
  }
  return std::nullopt;
}

}  // namespace ballast::orders
