#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
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
  // Whose day is being ended for this account: its deployments enter nothing of theirs.
  void SetEnding(const std::string& account, std::set<TradingCalendar> calendars) {
    ending_[account] = std::move(calendars);
  }

  // Nothing: it has not been quoted, or is not known.
  [[nodiscard]] const Quote* QuoteOf(const Symbol& symbol) const;
  [[nodiscard]] const Instrument* InstrumentOf(const Symbol& symbol) const;

  // Valid until the next Take. Stopping and paused ones enter nothing.
  [[nodiscard]] strategy::DecisionContext Context(const LiveDeployment& live, std::optional<Decimal> equity,
                                                  std::optional<sizing::Ceiling> ceiling = std::nullopt) const;
  // The market waits for its readers.
  [[nodiscard]] bool lockstep() const { return lockstep_; }
  [[nodiscard]] bool has_spoken() const { return time_.nanos != 0; }
  // Zero until the market has said it.
  [[nodiscard]] UtcTime time() const { return time_; }
  // What the service's clock said as the market spoke last.
  [[nodiscard]] UtcTime heard() const { return heard_; }
  [[nodiscard]] bool has_instruments() const { return !instruments_.empty(); }
  // Unspecified for an instrument that is not known.
  [[nodiscard]] TradingCalendar CalendarOf(const Symbol& symbol) const;
  // It is in its session and not halted, by its last quote.
  [[nodiscard]] bool Trades(const Symbol& symbol) const;

 private:
  const Clock& clock_;
  Logger& log_;
  std::map<Symbol, Quote> quotes_;
  std::map<Symbol, Instrument> instruments_;
  std::map<std::string, std::set<TradingCalendar>> ending_;
  UtcTime time_;
  UtcTime heard_;
  bool lockstep_ = false;
};

}  // namespace ballast
