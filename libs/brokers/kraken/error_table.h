#pragma once

#include <string_view>

#include "libs/broker/broker.h"

namespace ballast::kraken {

// What an error says about the request it answers.
enum class Meaning : int {
  kUnknown = 0,  // it may have been done: only a query tells
  kNotDone = 1,  // not done, and later it may pass
  kKey = 2,      // not done; nothing passes before the key, or the token, is another
  kRefused = 3,  // not done; the same again gets the same answer
  kNotNow = 4,   // not done: the market or the venue does not take such an order now
  kGone = 5,     // the order it was about is done, cancelled, or never was: only a query tells
  kWarning = 6,  // no error at all
};

struct ErrorRow {
  // What the error's text begins with.
  std::string_view begins;
  Meaning meaning = Meaning::kUnknown;
  broker::ErrorClass error = broker::ErrorClass::kUnreadable;
  RejectReason reason = RejectReason::kUnspecified;
};

// The row with the longest beginning that fits; an error that no row knows is kUnknown and kUnreadable.
const ErrorRow& RowOf(std::string_view error);

}  // namespace ballast::kraken
