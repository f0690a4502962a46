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
    Row{kPendingReplace, Event::kPendingCancel, kPendingCancel},
    // What waits here on purpose. Nothing of it is anywhere else, so it ends at once.
    Row{kUnspecified, Event::kHeld, kHeld},
    Row{kHeld, Event::kHeld, kHeld},  // for something else, or with another quantity
    Row{kHeld, Event::kTrailed, kHeld},
    Row{kHeld, Event::kReleased, kPendingNew},
    Row{kHeld, Event::kTriggered, kPendingNew},
    Row{kHeld, Event::kRejected, kRejected},
    Row{kHeld, Event::kCanceled, kCanceled},
    Row{kHeld, Event::kExpired, kExpired},
    // Only what the broker has confirmed is replaced: of anything else nobody knows the terms.
    Row{kNew, Event::kPendingReplace, kPendingReplace},
    Row{kPartiallyFilled, Event::kPendingReplace, kPendingReplace},
    // The broker's. What overtakes the acknowledgement implies it, and it says nothing new when it comes.
    Row{kSubmitted, Event::kUnknown, kUnknown},
    Row{kUnknown, Event::kUnknown, kUnknown},
    Row{kSubmitted, Event::kNeverAccepted, kNeverAccepted},
    Row{kUnknown, Event::kNeverAccepted, kNeverAccepted},
    Row{kPendingCancel, Event::kNeverAccepted, kNeverAccepted},
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
    Row{kPendingReplace, Event::kAccepted, kPendingReplace},
    Row{kPendingReplace, Event::kTriggered, kPendingReplace},
    Row{kPendingReplace, Event::kRestated, kPendingReplace},
    Row{kPendingReplace, Event::kUnknown, kPendingReplace},
    Row{kPendingReplace, Event::kRejected, kRejected},
    Row{kPendingReplace, Event::kCanceled, kCanceled},
    Row{kPendingReplace, Event::kExpired, kExpired},
};

// Other terms are in force, or are not. With as much filled as they are about, the order is.
std::optional<OrderStatus> AfterReplace(const TransitionInput& input) {
  switch (input.from) {
    case kNew:
    case kPartiallyFilled:
    case kPendingReplace:
      if (input.event == Event::kReplaced && input.complete) return kFilled;
      return input.any_filled ? kPartiallyFilled : kNew;
    case kPendingCancel:
      return input.event == Event::kReplaced && input.complete ? kFilled : kPendingCancel;
    case kHeld:
      return input.event == Event::kReplaced ? std::optional(kHeld) : std::nullopt;
    case kFilled:
      if (input.event == Event::kReplaced && !input.complete) return std::nullopt;  // it had nothing left to replace
      return kFilled;
    case kCanceled:
    case kExpired:
    case kRejected:
    case kNeverAccepted:
      // The question was overtaken by the end.
      return input.event == Event::kReplaceRejected ? std::optional(input.from) : std::nullopt;
    default:
      return std::nullopt;
  }
}

// What only the venue can say of an order that had ended otherwise than by filling.
std::optional<OrderStatus> AfterReopening(const TransitionInput& input) {
  switch (input.from) {
    case kCanceled:
    case kExpired:
    case kRejected:
    case kNeverAccepted:
      return input.any_filled ? kPartiallyFilled : kNew;
    default:
      return std::nullopt;
  }
}

// A trade less. What has ended stays ended: of what was filled, the rest works nowhere any more.
std::optional<OrderStatus> AfterTradeCancel(const TransitionInput& input) {
  if (input.from == kUnspecified || input.from == kDenied || input.from == kPendingNew || input.from == kHeld)
    return std::nullopt;
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
    // A fill that is told late says that the order had not ended as was believed: it is open until the venue says how
    // it stands. One that only corrects what was told says nothing of that.
    bool corrects = input.event == Event::kTradeCorrect && IsTerminal(input.from);
    if (corrects || input.from == kFilled || input.from == kPendingCancel || input.from == kPendingReplace)
      return input.from;
    return kPartiallyFilled;
  }
  if (input.event == Event::kTradeCancel) return AfterTradeCancel(input);
  if (input.event == Event::kReopened) return AfterReopening(input);
  if (input.event == Event::kReplaced || input.event == Event::kReplaceRejected) return AfterReplace(input);
  if (input.event == Event::kCancelRejected) {
    if (input.from == kPendingCancel && input.outcome_unknown) return kUnknown;
    if (input.from == kPendingCancel && input.replace_pending) return kPendingReplace;
    if (input.from == kPendingCancel) return input.any_filled ? kPartiallyFilled : kNew;
    // The answer to a repeated cancel, when the first one was answered or the order ended.
    bool ours_alone =
        input.from == kUnspecified || input.from == kDenied || input.from == kPendingNew || input.from == kHeld;
    return ours_alone ? std::nullopt : std::optional(input.from);
  }
  for (const Row& row : kTable) {
    if (row.from == input.from && row.event == input.event) return row.to;
  }
  return std::nullopt;
}

}  // namespace ballast::orders
