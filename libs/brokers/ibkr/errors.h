#pragma once

#include <string_view>

#include "libs/broker/broker.h"

// What the codes of the venue's error messages mean. Many are no errors: the venue tells news the same way.
namespace ballast::ibkr {

// What a code says about the order whose id came with it; without one (-1), about every order under way.
enum class OrderEffect : int {
  // Nothing; it is about something else.
  kNone = 0,
  // The order was not taken and will not be.
  kRejected = 1,
  // A new order is rejected; one that works already stays as it was, without the change that was asked for.
  kRejectedUnlessWorking = 2,
  // The change that was asked for is not made; the order works as it was.
  kChangeRejected = 3,
  // This message placed nothing; an order of that id is there already, and it may be ours.
  kDuplicateId = 4,
  // The order has ended as asked; no error at all.
  kCancelled = 5,
  // It lives on; for people.
  kWarning = 6,
  // Its state is not what we think: ask for it.
  kQuery = 7,
  // Whatever was under way may have arrived or not.
  kUnknownState = 8,
};

// What a code says about the way to the venue, whatever id came with it.
enum class SessionEffect : int {
  kNone = 0,
  // For people.
  kInformation = 1,
  // TWS is there, the broker behind it is not: no new orders, and the state of those that are out is not known.
  kLost = 2,
  // The broker is there again; what was subscribed to has to be asked for again, and the account compared.
  kRestoredDataLost = 3,
  // The same, and subscriptions go on; the account has to be compared.
  kRestoredDataKept = 4,
  // This connection is of no more use.
  kReconnect = 5,
  // Another session holds our client id: wait, then connect again.
  kClientIdInUse = 6,
  // Fewer messages.
  kSlowDown = 7,
  // One of the servers for data is away, is back, or sleeps until it is needed.
  kFarmBroken = 8,
  kFarmOk = 9,
  kFarmIdle = 10,
  // Data that was asked for does not come, or comes late.
  kDataRefused = 11,
};

struct ErrorMeaning {
  int code = 0;
  OrderEffect order = OrderEffect::kNone;
  SessionEffect session = SessionEffect::kNone;
  broker::ErrorClass error_class = broker::ErrorClass::kUnspecified;
  // False: nobody here knows this code. It then ends no order; the order is to be asked for.
  bool known = true;
  // Ours, in short; the venue's own text says more.
  std::string_view meaning;
};

// Of any code. 2100 to 2199 are warnings wherever the table does not say otherwise.
ErrorMeaning MeaningOf(int code);

// What becomes of an order, where that depends on whether it worked before this message: never kRejectedUnlessWorking.
OrderEffect EffectOn(const ErrorMeaning& meaning, bool was_working);

}  // namespace ballast::ibkr
