#pragma once

#include <string>
#include <vector>

#include "libs/market/bars.h"
#include "libs/market/source.h"

namespace ballast::market {

// The simulator as a source: every symbol is quoted in every step and bars are built from the last prices. At normal
// speed its time is the wall's; otherwise it has a time of its own that moves by one tick a step, so that the same seed
// gives the same market whatever the wall says. Time never goes back, also when the speed is changed at a restart.
class SimulatedSource : public Source {
 public:
  struct Options {
    std::uint64_t seed = 7;
    Duration tick = Duration::Millis(250);
    bool wall_time = true;
    // Without wall time: the time before the first step.
    UtcTime start;
    // Equities keep the sessions of their exchange. Without it this market never closes: a demonstration at any hour.
    bool exchange_hours = false;
    Simulator::Events events = {};
  };
  explicit SimulatedSource(Options options);

  // A first start has a past: `steps` of it up to `now` (or Options.start). Returns its complete bars, 5s and longer.
  std::vector<Bar> MakePast(UtcTime now, int steps) override;

  [[nodiscard]] std::string name() const override { return "simulated"; }
  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return instruments_; }
  std::optional<MarketStep> Step(UtcTime now) override;
  bool Jump(const Symbol& symbol, Decimal ratio) override { return simulator_.Jump(symbol, ratio); }
  [[nodiscard]] std::optional<Duration> UntilNext() const override { return options_.tick; }
  [[nodiscard]] double progress() const override { return 0; }
  [[nodiscard]] SourceState state() const override;
  std::optional<MarketStep> Restore(const SourceState& state) override;
  [[nodiscard]] std::vector<Quote> quotes() const override { return quotes_; }

 private:
  MarketStep StepAt(UtcTime time);

  Options options_;
  std::vector<Instrument> instruments_ = SimulatedInstruments();
  Simulator simulator_;
  BarBuilder bar_builder_;
  UtcTime time_;
  std::vector<Quote> quotes_;
};

}  // namespace ballast::market
