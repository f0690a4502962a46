#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"

namespace ballast::execution {

// A quote, and when it was heard of. A price of zero: nobody stands behind it.
struct SeenQuote {
  // By the clock of who heard it, and of the market.
  UtcTime receive_time;
  UtcTime market_time;
  Decimal bid;
  Decimal ask;

  // Zero where a side is missing.
  [[nodiscard]] Decimal Middle() const;
  friend bool operator==(const SeenQuote&, const SeenQuote&) = default;
};

// One instrument's newest quotes, so that what is heard of late is still held against the market of its moment. Pure.
class QuotePast {
 public:
  static constexpr std::size_t kQuotesMost = 512;

  // As they come; one that is older than the newest is left out.
  void Add(const SeenQuote& quote);
  // Nothing is known from before any more.
  void Forget() { quotes_.clear(); }

  // What was in force at that moment of its own clock; nothing: that is longer ago than is kept.
  [[nodiscard]] std::optional<SeenQuote> AsHeard(UtcTime time) const;
  // What was in force at that moment of the market or, where that is not kept, came first within `late` of it.
  [[nodiscard]] std::optional<SeenQuote> AsOfMarket(UtcTime time, Duration late) const;

 private:
  std::deque<SeenQuote> quotes_;
};

}  // namespace ballast::execution
