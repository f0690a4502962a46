#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/brokers/binance/market_data.h"
#include "libs/market/bars.h"
#include "libs/market/source.h"

namespace ballast {

// Binance's public market as the market of the gateway: a step each tick with the quotes as they stand and bars of what
// traded. Its time is the wall's. While the venue is not connected the quotes are stale.
class BinanceSource : public market::Source {
 public:
  // With the venue's rules known. Blocks for up to 20 s; UNAVAILABLE says why they are not. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<market::Source>> Open(const std::map<std::string, std::string>& settings,
                                                              Duration tick, const Clock& clock);
  BinanceSource(std::unique_ptr<binance::MarketData> data, Duration tick);

  [[nodiscard]] std::string name() const override { return "binance"; }
  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return instruments_; }
  // The venue's past is not asked for.
  std::vector<Bar> MakePast(UtcTime, int) override { return {}; }
  std::optional<market::MarketStep> Step(UtcTime now) override;
  [[nodiscard]] std::optional<Duration> UntilNext() const override { return tick_; }
  [[nodiscard]] double progress() const override { return 0; }
  [[nodiscard]] market::SourceState state() const override;
  std::optional<market::MarketStep> Restore(const market::SourceState& state) override;
  [[nodiscard]] std::vector<Quote> quotes() const override { return quotes_; }

 private:
  std::unique_ptr<binance::MarketData> data_;
  Duration tick_;
  std::vector<Instrument> instruments_;
  market::BarBuilder bar_builder_;
  std::uint64_t step_ = 0;
  UtcTime time_;
  std::vector<Quote> quotes_;
};

}  // namespace ballast
