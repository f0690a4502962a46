#pragma once

#include <string>

#include "libs/broker/broker.h"
#include "libs/venue/transport.h"

namespace ballast::binance {

// What an answer that is none of success says.
struct Problem {
  broker::ErrorClass error = broker::ErrorClass::kUnspecified;
  // The venue did nothing of what was asked. False: nobody knows, and it has to be asked.
  bool outcome_known = false;
  // Our clock and the venue's are apart: it is asked for the time before anything is signed again.
  bool clock = false;
  // The venue's number; 0 where it gave none.
  int code = 0;
  int http_status = 0;
  // For orders: why it was refused, with the venue's words.
  Rejection rejection;
};

// The codes that decide more than an error's class (errors.md).
inline constexpr int kUnknownOrderToCancel = -2011;
inline constexpr int kNoSuchOrder = -2013;
inline constexpr int kArchivedOrder = -2026;
inline constexpr int kReplacePartlyDone = -2021;
inline constexpr int kReplaceNotDone = -2022;

// Of an answer with a status other than 200, or of none. An HTTP status of 5xx says nothing about what was done
// whatever its body says; a code that is not known says as little.
Problem Judge(const venue::HttpAnswer& answer);
// The same of a code and its text, with the status it came with: of one half of a cancelReplace, or of the WebSocket.
Problem JudgeCode(int http_status, int code, const std::string& message);

}  // namespace ballast::binance
