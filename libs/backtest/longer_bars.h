#pragma once

#include <map>
#include <optional>
#include <string>

#include "libs/model/market.h"

namespace ballast::backtest {

// Bars of a longer timeframe made of the ones a run is told. One is complete with the last of its parts, or when a
// later one begins.
class LongerBars {
 public:
  // Both above zero; `longer` is a multiple of `length`.
  LongerBars(std::string timeframe, Duration longer, Duration length)
      : timeframe_(std::move(timeframe)), longer_(longer), length_(length) {}

  // The longer bar that this one completes.
  std::optional<Bar> Add(const Bar& bar);

 private:
  std::string timeframe_;
  Duration longer_;
  Duration length_;
  std::map<Symbol, Bar> open_;
};

}  // namespace ballast::backtest
