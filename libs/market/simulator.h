#pragma once

#include <cstdint>
#include <map>
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
  explicit Simulator(std::uint64_t seed);

  // One step: a new quote for every symbol.
  std::vector<Quote> Step(UtcTime now);

  struct SymbolState {
    // Millionths of a tick.
    std::int64_t mid = 0;
    std::int64_t trend = 0;
    std::int64_t noise = 0;
    std::int64_t regime_steps_left = 0;
    std::uint64_t sequence = 0;
  };
  [[nodiscard]] std::uint64_t step() const { return step_; }
  [[nodiscard]] const std::map<Symbol, SymbolState>& states() const { return states_; }
  void Restore(std::uint64_t step, const Symbol& symbol, const SymbolState& state);

 private:
  std::uint64_t seed_;
  std::uint64_t step_ = 0;
  std::vector<Instrument> instruments_;
  std::map<Symbol, SymbolState> states_;
};

}  // namespace ballast::market
