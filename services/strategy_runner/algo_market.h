#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/broker/v1/market_data_service.pb.h"
#include "libs/base/clock.h"
#include "libs/execution/parent.h"
#include "libs/model/market.h"

namespace ballast {

// The market as parent orders see it: what was told last, as long as it is told. The deciding thread only.
class AlgoMarket {
 public:
  // A market that has been silent for so long has no quotes any more.
  static constexpr std::int64_t kSilenceNsMax = 10'000'000'000;

  explicit AlgoMarket(const Clock& clock) : clock_(clock) {}

  // Bars of the shortest kind; empty until it is known which that is. What cannot be read is left out.
  std::vector<Bar> Take(const broker::v1::StreamMarketDataResponse& step);
  void OnLost() { quotes_.clear(); }
  void SetBarLength(std::int64_t seconds);

  [[nodiscard]] execution::Sight Of(const Symbol& symbol) const;
  // Zero until the market has said it.
  [[nodiscard]] UtcTime time() const { return time_; }
  void SetTime(UtcTime time) { time_ = std::max(time_, time); }
  // Empty: not known.
  [[nodiscard]] const std::string& timeframe() const { return timeframe_; }

 private:
  const Clock& clock_;
  std::map<Symbol, Quote> quotes_;
  UtcTime time_;
  std::string timeframe_;
  std::int64_t last_step_ns_ = 0;
};

}  // namespace ballast
