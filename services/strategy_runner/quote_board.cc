#include "services/strategy_runner/quote_board.h"

#include <algorithm>

#include "libs/wire/wire.h"

namespace ballast {

void QuoteBoard::Take(const broker::v1::StreamMarketDataResponse& step, UtcTime now) {
  MutexLock lock(mutex_);
  market_time_ = std::max(market_time_, wire::FromProto(step.market_time()));
  for (const broker::v1::Quote& quote : step.quotes()) {
    execution::SeenQuote seen{.receive_time = now, .market_time = wire::FromProto(step.market_time())};
    auto bid = Decimal::Parse(quote.bid_price().value());
    auto ask = Decimal::Parse(quote.ask_price().value());
    // What nobody stands behind, or cannot be read, is known to be no price.
    if (bid.ok() && ask.ok() && !quote.stale() && !quote.halted()) {
      seen.bid = *bid;
      seen.ask = *ask;
    }
    past_[quote.symbol()].Add(seen);
  }
}

void QuoteBoard::Forget() {
  MutexLock lock(mutex_);
  past_.clear();
}

std::optional<execution::SeenQuote> QuoteBoard::AsHeard(const std::string& symbol, UtcTime time) const {
  MutexLock lock(mutex_);
  auto past = past_.find(symbol);
  return past == past_.end() ? std::nullopt : past->second.AsHeard(time);
}

bool QuoteBoard::Mark(const std::string& symbol, execution::SingleOrder& order) const {
  MutexLock lock(mutex_);
  auto past = past_.find(symbol);
  return past != past_.end() && order.Mark(past->second, market_time_);
}

UtcTime QuoteBoard::market_time() const {
  MutexLock lock(mutex_);
  return market_time_;
}

}  // namespace ballast
