#pragma once

#include <map>
#include <optional>
#include <string>

#include "ballast/broker/v1/market_data_service.pb.h"
#include "libs/execution/single_order.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// Each instrument's newest quotes as the market told of them. Any thread; never waits for anything slow.
class QuoteBoard {
 public:
  // `now`: by the clock that order events are timed with.
  void Take(const broker::v1::StreamMarketDataResponse& step, UtcTime now) EXCLUDES(mutex_);
  // The market is not heard any more: what was before says nothing of what comes after.
  void Forget() EXCLUDES(mutex_);

  // In force as an event of that time was made.
  [[nodiscard]] std::optional<execution::SeenQuote> AsHeard(const std::string& symbol, UtcTime time) const
      EXCLUDES(mutex_);
  bool Mark(const std::string& symbol, execution::SingleOrder& order) const EXCLUDES(mutex_);
  // Of the market; zero until it has said it.
  [[nodiscard]] UtcTime market_time() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  UtcTime market_time_ GUARDED_BY(mutex_);
  std::map<std::string, execution::QuotePast> past_ GUARDED_BY(mutex_);
};

}  // namespace ballast
