// How fast a backtest is: EMA 10/20 on one symbol over a made walk of one-minute bars, exact decimals, all of the
// decider, risk's ordered list and the paper venue. One thread. Prints one JSON object.
//   backtest_speed [bars]
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "libs/backtest/bar_feed.h"
#include "libs/backtest/run.h"
#include "libs/base/rng.h"

namespace {

using namespace ballast;  // NOLINT(google-build-using-namespace): a program of its own

// A walk in cents that turns often enough for about nine orders in a hundred bars.
backtest::BarSeries Walk(std::size_t bars) {
  backtest::BarSeries series{.instrument = {.symbol = Symbol("WALK"),
                                            .display_name = "a made walk",
                                            .asset_class = AssetClass::kCrypto,
                                            .currency = "USD",
                                            .tick_size = Decimal::Of("0.01"),
                                            .lot_size = Decimal::Of("0.001"),
                                            .min_notional = Decimal::FromInt(1),
                                            .taker_fee_ratio = Decimal::Of("0.001"),
                                            .maker_fee_ratio = Decimal::Of("0.001"),
                                            .shortable = true,
                                            .calendar = TradingCalendar::kAlwaysOpen},
                             .timeframe = "1m",
                             .length = Duration::Seconds(60)};
  Rng rng(7);
  std::int64_t cents = 1'000'000;
  auto price = [](std::int64_t at) { return Decimal::FromUnits(static_cast<__int128>(at) * 10'000'000'000'000'000); };
  constexpr std::int64_t kStart = 1'577'836'800'000'000'000;  // 2020-01-01
  for (std::size_t i = 0; i < bars; ++i) {
    std::int64_t open = cents, high = cents, low = cents;
    for (int move = 0; move < 4; ++move) {
      cents += rng.Between(-300, 300) + (1'000'000 - cents) / 20'000;
      high = std::max(high, cents);
      low = std::min(low, cents);
    }
    series.Add(UtcTime{kStart + static_cast<std::int64_t>(i) * 60'000'000'000}, price(open), price(high), price(low),
               price(cents), Decimal::FromInt(rng.Between(10, 1'000)));
  }
  return series;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t bars = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  backtest::BarFeed feed({std::make_shared<const backtest::BarSeries>(Walk(bars))}, {});
  backtest::RunOptions setup{.cash = Decimal::FromInt(100'000'000)};
  setup.spec = {.strategy_id = "ema_cross",
                .parameters = {{"fast", "10"}, {"slow", "20"}},
                .symbols = {Symbol("WALK")},
                .timeframe = "1m",
                .position_size_ratio = Decimal::Of("0.0001"),
                .allow_short = true};
  auto run = backtest::Run::Make(std::move(setup), feed.instruments());
  if (!run.ok()) {
    std::fprintf(stderr, "%s\n", run.status().ToString().c_str());
    return 1;
  }
  auto before = std::chrono::steady_clock::now();
  run->Play(feed);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  backtest::Outcome outcome = std::move(*run).Finish();
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"bars\": %llu, \"seconds\": %.3f, \"bars_per_second\": %.0f, \"orders\": %llu, \"fills\": %llu, "
      "\"refusals\": %llu, \"trades\": %zu, \"memory_mb\": %.0f}\n",
      static_cast<unsigned long long>(outcome.bars), seconds, static_cast<double>(outcome.bars) / seconds,
      static_cast<unsigned long long>(outcome.orders), static_cast<unsigned long long>(outcome.fills),
      static_cast<unsigned long long>(outcome.refusals), outcome.trades.size(),
      static_cast<double>(usage.ru_maxrss) / 1024);
  return 0;
}
