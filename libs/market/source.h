#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/market/simulator.h"
#include "libs/model/market.h"
#include "libs/model/quote_fault.h"

namespace ballast::market {

// A quote that could not be used: the former one of its symbol stands, stale.
struct SkippedQuote {
  Symbol symbol;
  QuoteFault fault = QuoteFault::kNone;
  Decimal bid_price;
  Decimal ask_price;
};

// One move of the market: what is new at `time`.
struct MarketStep {
  // From 1, gapless.
  std::uint64_t number = 0;
  UtcTime time;
  std::vector<Quote> quotes;
  // Bars that are complete at `time`.
  std::vector<Bar> bars;
  std::vector<SkippedQuote> skipped;
};

// What makes a source go on where it stopped.
struct SourceState {
  // Of which source and data: a position means nothing to another one.
  std::string key;
  std::uint64_t step = 0;
  UtcTime time;
  // The simulator's only.
  std::map<Symbol, Simulator::SymbolState> symbols;
};

// Where the market comes from. One thread; a step is a function of the state and `now`, never of a clock.
class Source {
 public:
  virtual ~Source() = default;
  // "simulated" or "replay".
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual const std::vector<Instrument>& instruments() const = 0;

  // A first start's past: `steps` of it up to `now`, as complete bars. None where the past is the data's.
  virtual std::vector<Bar> MakePast(UtcTime now, int steps) = 0;
  // The next step; none when the data is over. `now` is wall time, for a source that has no time of its own.
  virtual std::optional<MarketStep> Step(UtcTime now) = 0;
  // A symbol's price jumps before the next step. False: there is none such, or the prices are recorded.
  virtual bool Jump(const Symbol&, Decimal) { return false; }
  // Market time between the last step and the next; none when the data is over or nothing was stepped yet.
  [[nodiscard]] virtual std::optional<Duration> UntilNext() const = 0;
  // 0 to 1 where there is an end, otherwise 0. For display.
  [[nodiscard]] virtual double progress() const = 0;

  [[nodiscard]] virtual SourceState state() const = 0;
  // Goes on from `state`, whose key is this source's. The step it stands on is given again where it can be made again.
  virtual std::optional<MarketStep> Restore(const SourceState& state) = 0;
  // The newest quote of every symbol that has one.
  [[nodiscard]] virtual std::vector<Quote> quotes() const = 0;
  // How many quotes could not be used so far.
  [[nodiscard]] virtual std::uint64_t skipped_quotes() const { return 0; }
};

}  // namespace ballast::market
