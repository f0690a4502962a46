#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "libs/base/rng.h"
#include "libs/model/market.h"

namespace ballast::market {

// The instruments of the simulated market: equities in cents and crypto, all in USD.
std::vector<Instrument> SimulatedInstruments();

// A market made from a seed: the same seed and steps give the same quotes. Each symbol has a mid price in ticks that
// moves by a trend and noise; trend and volatility belong to a regime that lasts for some hundred steps. Integer
// arithmetic only. Pure: a step is a function of the state, the seed and the step's number, so a restart goes on from
// stored prices.
class Simulator {
 public:
  // What happens besides: halts, and prices that jump. Nothing of it moves the prices of a market without it.
  struct Events {
    // How many there are of a symbol in a day of steps on average.
    int halts_per_day = 0;
    int gaps_per_day = 0;
    std::int64_t steps_per_day = 345'600;
    // Of each halt.
    std::int64_t halt_steps = 1'200;
    // A halt ends in an auction: prices move on unseen, and trading resumes where they are. Without, where it stopped.
    bool auction = true;
    // How far a price jumps at most, and how far one opens from where it closed, in ppm.
    std::int64_t gap_ppm = 50'000;
    std::int64_t open_gap_ppm = 0;
  };
  // Of the symbols whose market has hours.
  struct Sessions {
    std::set<Symbol> closed;
    // In their first step since they were closed.
    std::set<Symbol> opening;
  };
  explicit Simulator(std::uint64_t seed) : Simulator(seed, Events()) {}
  Simulator(std::uint64_t seed, Events events);

  // One step: a new quote for every symbol; of one that is halted the prices of before.
  std::vector<Quote> Step(UtcTime now, const Sessions& sessions);
  std::vector<Quote> Step(UtcTime now) { return Step(now, Sessions()); }
  // The price jumps before the next step. False: there is no such symbol.
  bool Jump(const Symbol& symbol, Decimal ratio);

  struct SymbolState {
    // Millionths of a tick.
    std::int64_t mid = 0;
    std::int64_t trend = 0;
    std::int64_t noise = 0;
    std::int64_t regime_steps_left = 0;
    std::uint64_t sequence = 0;
    // Of a halt: how long it lasts, where the price stood, and why (an index of its reasons).
    std::int64_t halt_steps_left = 0;
    std::int64_t halt_mid = 0;
    std::int64_t halt_reason = 0;
  };
  [[nodiscard]] std::uint64_t step() const { return step_; }
  [[nodiscard]] const std::map<Symbol, SymbolState>& states() const { return states_; }
  void Restore(std::uint64_t step, const Symbol& symbol, const SymbolState& state);

 private:
  // Whether a halt begins or ends, and whether the price jumps, in this step.
  void Happen(const Symbol& symbol, std::uint64_t salt, const Sessions& sessions, SymbolState& state) const;

  std::uint64_t seed_;
  Events events_;
  std::uint64_t step_ = 0;
  std::vector<Instrument> instruments_;
  std::map<Symbol, SymbolState> states_;
};

}  // namespace ballast::market
