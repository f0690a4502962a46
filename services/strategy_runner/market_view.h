#pragma once

#include <map>
#include <optional>
#include <vector>

#include "ballast/broker/v1/market_data_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "services/strategy_runner/deployments.h"

namespace ballast {

// The market as it was told last. The deciding thread only.
class MarketView {
 public:
  // What one step brought.
  struct News {
    std::vector<Symbol> quoted;
    std::vector<Bar> bars;
  };

  MarketView(const Clock& clock, Logger& log) : clock_(clock), log_(log) {}

  // What cannot be read is said and left out.
  News Take(const broker::v1::StreamMarketDataResponse& step);
  void SetInstruments(std::vector<Instrument> instruments);
  void SetLockstep(bool lockstep) { lockstep_ = lockstep; }

  // Valid until the next Take. Stopping and paused ones enter nothing.
  [[nodiscard]] strategy::DecisionContext Context(const LiveDeployment& live, std::optional<Decimal> equity,
                                                  std::optional<sizing::Ceiling> ceiling = std::nullopt) const;
  // The market waits for its readers.
  [[nodiscard]] bool lockstep() const { return lockstep_; }
  [[nodiscard]] bool has_spoken() const { return time_.nanos != 0; }
  // Zero until the market has said it.
  [[nodiscard]] UtcTime time() const { return time_; }
  [[nodiscard]] bool has_instruments() const { return !instruments_.empty(); }

 private:
  const Clock& clock_;
  Logger& log_;
  std::map<Symbol, Quote> quotes_;
  std::map<Symbol, Instrument> instruments_;
  UtcTime time_;
  bool lockstep_ = false;
};

}  // namespace ballast
