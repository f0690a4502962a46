#include "libs/execution/quote_past.h"

#include <algorithm>

namespace ballast::execution {

Decimal SeenQuote::Middle() const {
  if (!bid.IsPositive() || !ask.IsPositive()) return {};
  return Divide(bid + ask, Decimal::FromInt(2), Rounding::kHalfEven);
}

void QuotePast::Add(const SeenQuote& quote) {
  if (!quotes_.empty() &&
      (quote.market_time < quotes_.back().market_time || quote.receive_time < quotes_.back().receive_time))
    return;
  quotes_.push_back(quote);
  if (quotes_.size() > kQuotesMost) quotes_.pop_front();
}

std::optional<SeenQuote> QuotePast::AsHeard(UtcTime time) const {
  auto after = std::upper_bound(quotes_.begin(), quotes_.end(), time,
                                [](UtcTime at, const SeenQuote& one) { return at < one.receive_time; });
  if (after == quotes_.begin()) return std::nullopt;
  return *std::prev(after);
}

std::optional<SeenQuote> QuotePast::AsOfMarket(UtcTime time, Duration late) const {
  auto after = std::upper_bound(quotes_.begin(), quotes_.end(), time,
                                [](UtcTime at, const SeenQuote& one) { return at < one.market_time; });
  if (after != quotes_.begin()) return *std::prev(after);
  if (after == quotes_.end() || after->market_time > time + late) return std::nullopt;
  return *after;
}

}  // namespace ballast::execution
