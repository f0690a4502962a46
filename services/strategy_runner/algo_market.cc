#include "services/strategy_runner/algo_market.h"

#include "libs/wire/wire.h"

namespace ballast {

void AlgoMarket::SetBarLength(std::int64_t seconds) {
  static const std::map<std::int64_t, const char*> kNames = {{1, "1s"},   {5, "5s"},    {15, "15s"},  {60, "1m"},
                                                             {300, "5m"}, {900, "15m"}, {3600, "1h"}, {86400, "1d"}};
  auto found = kNames.find(seconds);
  timeframe_ = found == kNames.end() ? "" : found->second;
}

std::vector<Bar> AlgoMarket::Take(const broker::v1::StreamMarketDataResponse& step) {
  last_step_ns_ = clock_.MonotonicNanos();
  SetTime(wire::FromProto(step.market_time()));
  for (const broker::v1::Quote& proto : step.quotes()) {
    if (auto quote = wire::FromProto(proto); quote.ok()) {
      quotes_[quote->symbol] = *quote;
    } else {
      // Nothing is decided on what was before it.
      quotes_.erase(Symbol(proto.symbol()));
    }
  }
  std::vector<Bar> bars;
  for (const broker::v1::Bar& proto : step.bars()) {
    if (proto.timeframe() != timeframe_) continue;
    if (auto bar = wire::FromProto(proto); bar.ok()) bars.push_back(*bar);
  }
  return bars;
}

execution::Sight AlgoMarket::Of(const Symbol& symbol) const {
  execution::Sight sight{.now = time_, .quote = std::nullopt};
  if (clock_.MonotonicNanos() - last_step_ns_ > kSilenceNsMax) return sight;
  auto found = quotes_.find(symbol);
  if (found != quotes_.end()) sight.quote = found->second;
  return sight;
}

}  // namespace ballast
