#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "libs/base/utc_time.h"
#include "libs/broker/broker.h"
#include "libs/model/order.h"

namespace ballast::kraken {

// What every trading message carries.
struct Sending {
  // Of GetWebSocketsToken.
  std::string_view token;
  // The answer carries it.
  std::uint64_t req_id = 0;
  // The deadline counts from here (kDeadline in capabilities.h).
  UtcTime now;
};

// A message for WebSocket v2, or why the venue cannot be asked for that: BROKER_UNSUPPORTED for what its protocol has
// no words for, BAD_IDENTIFIER, PRICE_REQUIRED or OUT_OF_RANGE for an order that is not whole.
using Message = std::variant<std::string, Rejection>;

// A trigger that does not say its source compares with the last trade, which is all the venue has but an index.
Message AddOrder(const Order& order, const Sending& sending);
// By the venue's id, or ours where the venue's is not known. `quantity`: what the order has now, in all; the venue
// wants one in every amendment. Ids stay, and the place in the queue where the venue can keep it.
Message AmendOrder(const broker::ReplaceIntent& intent, Decimal quantity, const Sending& sending);
// No deadline: a cancellation may be late.
Message CancelOrder(const broker::CancelIntent& intent, const Sending& sending);
// Everything the account has open, whoever placed it.
std::string CancelAll(const Sending& sending);

}  // namespace ballast::kraken
