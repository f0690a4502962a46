#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/broker/broker.h"
#include "libs/venue/json.h"
#include "libs/venue/transport.h"

namespace ballast::kraken {

// What a trading message asked for; whoever sends keeps it by req_id until its answer.
struct Asked {
  enum class What : int { kAdd = 0, kAmend = 1, kCancel = 2 };
  What what = What::kAdd;
  OrderId order_id;
  // kAmend: all the terms the order is to have.
  Replacement terms;
};

// An answer to a method of WebSocket v2.
struct MethodAnswer {
  std::string method;
  // 0: it carries none.
  std::uint64_t req_id = 0;
  bool success = false;
  std::string error;
  // The venue's id.
  std::string broker_order_id;
  std::vector<std::string> warnings;
  // The venue's, of sending it; zero where it says none.
  UtcTime time;
};
// Nothing: no answer to a method (a channel's message has none).
std::optional<MethodAnswer> ReadMethodAnswer(const venue::Json& message);

// What was heard, and what is wrong where something is.
struct Told {
  std::vector<broker::Fact> facts;
  broker::ErrorClass error = broker::ErrorClass::kUnspecified;
  // For people, with the venue's own words.
  std::string problem;
};

// An added order is acknowledged, an amended one replaced; of a cancellation that worked nothing is told, as the
// channel of executions says when the order has ended. What may have been done all the same is OutcomeUnknown: whoever
// hears it asks the venue. `now` where the answer has no time.
Told Hear(const MethodAnswer& answer, const Asked& asked, UtcTime now);
// The same of one that the venue refuses by REST.
Told HearError(std::string_view error, const Asked& asked, UtcTime now);

// An answer of the REST interface: an error and a result may both be there.
struct Envelope {
  venue::Json result;
  // Empty: it worked. The venue's words, the first one first.
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};
struct RestAnswer {
  // kUnspecified: `envelope` has no errors.
  broker::ErrorClass error = broker::ErrorClass::kUnspecified;
  // Whether the request may have been done, where there is an error.
  bool may_be_done = false;
  std::string problem;
  Envelope envelope;
};
RestAnswer ReadRest(const venue::HttpAnswer& answer);

}  // namespace ballast::kraken
