#include "tools/backtest/market_choice.h"

#include <algorithm>
#include <utility>

#include "libs/backtest/bar_feed.h"
#include "libs/backtest/source_feed.h"
#include "libs/backtest/tape.h"
#include "libs/base/absl_std.h"
#include "libs/market/bars.h"
#include "libs/market/data_set.h"
#include "libs/market/replay.h"
#include "libs/market/replay_file.h"

namespace ballast::backtest {
namespace {

void Note(MarketChoice& choice) {
  for (const Instrument& instrument : choice.instruments) {
    if (instrument.calendar == TradingCalendar::kAlwaysOpen) choice.periods_per_year = 365;
  }
}

absl::StatusOr<MarketChoice> Recorded(const Request& request) {
  ASSIGN_OR_RETURN(auto replay, market::Replay::Open(request.data, request.symbols, request.instruments));
  MarketChoice choice{.instruments = replay->instruments()};
  choice.notes = replay->data_set().warnings;
  SourceFeed feed(*replay);
  auto tape = std::make_shared<const Tape>(feed, request.timeframe);
  if (tape->size() == 0) return absl::InvalidArgumentError("the data has no rows");
  choice.first = tape->At(0).time;
  choice.last = tape->At(tape->size() - 1).time;
  choice.play = [tape](UtcTime from, UtcTime before) { return std::make_unique<TapeFeed>(tape, from, before); };
  Note(choice);
  return choice;
}

absl::StatusOr<MarketChoice> Bars(const Request& request) {
  if (request.symbols.size() != 1)
    return absl::InvalidArgumentError("--bars: a file of bars is of one symbol: give one --symbol");
  std::optional<Duration> length = market::TimeframeLength(request.timeframe);
  if (!length) return absl::InvalidArgumentError(ToAbsl("--timeframe: there is no '" + request.timeframe + "'"));
  ASSIGN_OR_RETURN(SpreadModel spread, ReadSpread(request));
  ASSIGN_OR_RETURN(auto instruments, market::ChooseInstruments(request.data, request.symbols, request.instruments));
  ASSIGN_OR_RETURN(auto file, market::ReadTradeBars(request.bars));
  if (file.rows.empty()) return absl::InvalidArgumentError(ToAbsl(request.bars + ": the file has no rows"));
  BarSeries all{.instrument = instruments.front(), .timeframe = request.timeframe, .length = *length};
  for (const market::TradeBar& row : file.rows) all.Add(row.start, row.open, row.high, row.low, row.close, row.volume);
  MarketChoice choice{.instruments = std::move(instruments)};
  choice.first = UtcTime{all.start.front()};
  choice.last = UtcTime{all.start.back()} + *length;
  choice.notes.push_back("nobody quoted these bars: a spread of " + spread.ratio.ToString() +
                         " of the close stands around it, with " + spread.volume_ratio.ToString() +
                         " of the bar's volume on each side");
  auto series = std::make_shared<const BarSeries>(std::move(all));
  choice.play = [series, spread](UtcTime from, UtcTime before) -> std::unique_ptr<Feed> {
    if (from.nanos == 0 && before.nanos == 0) return std::make_unique<BarFeed>(std::vector{series}, spread);
    auto part = std::make_shared<BarSeries>();
    part->instrument = series->instrument;
    part->timeframe = series->timeframe;
    part->length = series->length;
    for (std::size_t i = 0; i < series->size(); ++i) {
      if (series->start[i] < from.nanos || (before.nanos != 0 && series->start[i] >= before.nanos)) continue;
      part->Add(UtcTime{series->start[i]}, series->open[i], series->high[i], series->low[i], series->close[i],
                series->volume[i]);
    }
    return std::make_unique<BarFeed>(std::vector<std::shared_ptr<const BarSeries>>{part}, spread);
  };
  Note(choice);
  return choice;
}

}  // namespace

absl::StatusOr<MarketChoice> ChooseMarket(const Request& request) {
  if (request.symbols.empty()) return absl::InvalidArgumentError("--symbol: at least one expected");
  return request.bars.empty() ? Recorded(request) : Bars(request);
}

}  // namespace ballast::backtest
