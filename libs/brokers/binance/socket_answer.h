#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/utc_time.h"
#include "libs/brokers/binance/errors.h"
#include "libs/venue/signing/binance.h"

namespace ballast::binance {

// One message of the WebSocket API ("/ws-api/v3"): an answer to a request, or an event of a subscription.
struct SocketAnswer {
  // The request's; empty: no answer.
  std::string id;
  int status = 0;
  // What an answer other than 200 says.
  std::optional<Problem> problem;
  // It asks for a pause until then (error.data.retryAfter).
  std::optional<UtcTime> retry_time;
  // Of a subscription.
  std::optional<std::int64_t> subscription;
  // An event is in it: for ReadUserEvent.
  bool event = false;
};
// INVALID_ARGUMENT: it is neither.
absl::StatusOr<SocketAnswer> ReadSocketAnswer(std::string_view message);

// Begins the account's stream on this connection, for keys of every kind (user-data-stream.md). INVALID_ARGUMENT: as
// the signer says.
absl::StatusOr<std::string> SubscribeMessage(const std::string& id, UtcTime venue_time,
                                             const signing::BinanceSigner& signer);

}  // namespace ballast::binance
