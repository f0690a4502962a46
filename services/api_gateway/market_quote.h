#pragma once

#include <string>

#include "ballast/broker/v1/market_data_service.pb.h"
#include "services/api_gateway/json.h"

namespace ballast {

// A quote as a page sees it: with the book of the same step, so that the two never contradict, and with its age.
struct MarketQuote {
  broker::v1::Quote quote;
  // Empty when none came with it.
  broker::v1::GetBookResponse book;
  std::uint64_t step = 0;
  google::protobuf::Timestamp market_time;
  // Nothing is heard of the market any more, or it is over.
  bool market_silent = false;
};

// Fields of the quote, "age_ms" (market time, never below 0) and "stale"; true when the market itself says so, too.
Json QuoteJson(const MarketQuote& row);
// The same with "step", "bids" and "asks".
std::string ToJsonText(const MarketQuote& row);

}  // namespace ballast
