#include "tools/backtest/market_choice.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include "libs/backtest/bar_feed.h"
#include "libs/backtest/source_feed.h"
#include "libs/backtest/tape.h"
#include "libs/base/absl_std.h"
#include "libs/market/bar_import.h"
#include "libs/market/bar_time.h"
#include "libs/market/instrument_file.h"
#include "libs/market/replay.h"
#include "libs/market/simulator.h"

namespace ballast::backtest {
namespace {

void Note(MarketChoice& choice) {
  for (const Instrument& instrument : choice.instruments) {
    if (instrument.calendar == TradingCalendar::kAlwaysOpen) choice.periods_per_year = 365;
  }
}

// Names every symbol of which there is no recorded minute, and which there are: a typing error is the usual reason.
absl::Status AllRecorded(const Request& request) {
  constexpr std::string_view kTail = "_1m_trades.csv";
  std::set<std::string> there;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(request.data, failed), end; !failed && at != end; at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (std::size_t tail = name.find(kTail); tail != std::string::npos && tail != 0) there.insert(name.substr(0, tail));
  }
  std::string missing, others;
  for (const std::string& symbol : request.symbols) {
    if (!there.contains(symbol)) missing += (missing.empty() ? "" : ", ") + symbol;
  }
  if (missing.empty() || there.empty()) return absl::OkStatus();
  for (const std::string& one : there) others += (others.empty() ? "" : ", ") + one;
  return absl::NotFoundError(ToAbsl("no recorded days of " + missing + " are in " + request.data + "; there are " +
                                    others + ". Your own: --bars FILE or --data-set NAME"));
}

absl::StatusOr<MarketChoice> Recorded(const Request& request) {
  RETURN_IF_ERROR(AllRecorded(request));
  ASSIGN_OR_RETURN(auto replay, market::Replay::Open(request.data, request.symbols, request.instruments));
  MarketChoice choice{.instruments = replay->instruments(), .timeframe = request.timeframe};
  choice.notes = replay->data_set().warnings;
  SourceFeed feed(*replay);
  auto tape = std::make_shared<const Tape>(feed, request.timeframe);
  if (tape->size() == 0) return absl::InvalidArgumentError("the data has no rows");
  choice.first = tape->At(0).time;
  choice.last = tape->At(tape->size() - 1).time;
  choice.play = [tape](UtcTime from, UtcTime before) { return std::make_unique<TapeFeed>(tape, from, before); };
  choice.until = [tape](UtcTime last) { return std::make_unique<TapeFeed>(tape, UtcTime{}, last + Duration{1}); };
  Note(choice);
  return choice;
}

// A file of any shape; gaps are said and not refused: minutes without a trade are absent in many.
absl::StatusOr<market::BarImport> ReadOwnBars(const Request& request) {
  if (request.symbols.size() > 1 || request.instruments.size() > 1)
    return absl::InvalidArgumentError("--bars: a file of bars is of one symbol: give one --symbol");
  market::BarImportSettings settings{.repair = request.repair, .allow_gaps = true, .guess_tick = request.guess_tick};
  if (!request.symbols.empty()) settings.symbol = request.symbols.front();
  if (!request.instruments.empty()) settings.instrument = request.instruments.front();
  if (request.timeframe_given) settings.timeframe = request.timeframe;
  ASSIGN_OR_RETURN(settings.zone, market::ReadTimeZone(request.timezone));
  auto beside = market::ReadInstruments(request.data + "/" + market::kInstrumentFile);
  if (beside.ok())
    settings.known = *std::move(beside);
  else if (!absl::IsNotFound(beside.status()))
    return beside.status();
  std::vector<Instrument> simulated = market::SimulatedInstruments();
  settings.known.insert(settings.known.end(), simulated.begin(), simulated.end());
  market::BarImport import = market::ImportBarFile(request.bars, settings);
  if (!import.acceptable) return absl::InvalidArgumentError(ToAbsl(market::ProblemText(import, request.bars)));
  return import;
}

BarSeries SeriesOf(const market::BarImport& import) {
  BarSeries all{.instrument = import.instrument, .timeframe = import.timeframe, .length = import.length};
  for (const market::ImportedBar& row : import.rows) {
    all.Add(row.start, row.open, row.high, row.low, row.close, row.volume);
    if (import.quotes.empty()) continue;
    const market::ImportedQuote& quote = import.quotes[row.quote];
    all.AddQuote(quote.bid.value_or(Decimal()), quote.bid_size.value_or(Decimal()), quote.ask.value_or(Decimal()),
                 quote.ask_size.value_or(Decimal()));
  }
  return all;
}

// The bars from `from` to before `to`.
std::shared_ptr<const BarSeries> PartOf(const BarSeries& series, std::size_t from, std::size_t to) {
  auto part = std::make_shared<BarSeries>();
  part->instrument = series.instrument;
  part->timeframe = series.timeframe;
  part->length = series.length;
  // Of the whole file, whatever the part has.
  part->has_volume = series.has_volume;
  for (std::size_t i = from; i < to; ++i) {
    part->Add(UtcTime{series.start[i]}, series.open[i], series.high[i], series.low[i], series.close[i],
              series.volume[i]);
    if (!series.bid.empty()) part->AddQuote(series.bid[i], series.bid_size[i], series.ask[i], series.ask_size[i]);
  }
  return part;
}

// How many bars are complete at `last`.
std::size_t CompleteAt(const std::shared_ptr<const BarSeries>& series, const SpreadModel& spread, UtcTime last) {
  BarFeed feed({series}, spread);
  std::size_t complete = 0;
  for (Step step; feed.Next(step) && step.time <= last;) complete += step.bars.size();
  return complete;
}

absl::StatusOr<MarketChoice> Bars(const Request& request) {
  ASSIGN_OR_RETURN(SpreadModel spread, ReadSpread(request));
  ASSIGN_OR_RETURN(market::BarImport import, ReadOwnBars(request));
  BarSeries all = SeriesOf(import);
  const Duration length = import.length;
  MarketChoice choice{.instruments = {import.instrument}, .timeframe = import.timeframe};
  choice.first = UtcTime{all.start.front()};
  choice.last = UtcTime{all.start.back()} + length;
  choice.notes.push_back("the file was read as " + import.format);
  choice.notes.insert(choice.notes.end(), import.notes.begin(), import.notes.end());
  if (import.problem_count > 0)
    choice.notes.push_back("repaired: " + std::to_string(import.problem_count) + " faults, " +
                           std::to_string(import.left_out) + " rows left out");
  choice.quotes_are_modelled = all.bid.empty();
  choice.notes.push_back(
      std::string(all.bid.empty() ? "nobody quoted these bars" : "where no bid and ask are in the file") +
      ": a spread of " + spread.ratio.ToString() + " of the close stands around it, with " +
      spread.volume_ratio.ToString() + " of the bar's volume on each side");
  auto series = std::make_shared<const BarSeries>(std::move(all));
  choice.play = [series, spread](UtcTime from, UtcTime before) -> std::unique_ptr<Feed> {
    if (from.nanos == 0 && before.nanos == 0) return std::make_unique<BarFeed>(std::vector{series}, spread);
    auto begin = series->start.begin(), end = series->start.end();
    auto first = std::lower_bound(begin, end, from.nanos);
    auto last = before.nanos == 0 ? end : std::lower_bound(first, end, before.nanos);
    return std::make_unique<BarFeed>(
        std::vector{PartOf(*series, static_cast<std::size_t>(first - begin), static_cast<std::size_t>(last - begin))},
        spread);
  };
  choice.until = [series, spread](UtcTime last) -> std::unique_ptr<Feed> {
    return std::make_unique<BarFeed>(std::vector{PartOf(*series, 0, CompleteAt(series, spread, last))}, spread);
  };
  Note(choice);
  return choice;
}

}  // namespace

absl::StatusOr<MarketChoice> ChooseMarket(const Request& request) {
  if (!request.bars.empty()) return Bars(request);
  if (request.symbols.empty()) return absl::InvalidArgumentError("--symbol: at least one expected");
  return Recorded(request);
}

absl::Status HasBars(const MarketChoice& market, UtcTime from, UtcTime before) {
  bool any = false;
  std::unique_ptr<Feed> feed = market.play({}, before);
  for (Step step; feed->Next(step);) {
    if (!step.bars.empty() && (from.nanos == 0 || step.time >= from)) return absl::OkStatus();
  }
  feed = market.play({}, {});
  for (Step step; !any && feed->Next(step);) any = !step.bars.empty();
  if (!any) return absl::InvalidArgumentError(ToAbsl("--timeframe: the data has no bar of " + market.timeframe));
  std::string range = from.nanos == 0 ? "" : " from " + from.ToString();
  if (before.nanos != 0) range += " to before " + before.ToString();
  return absl::InvalidArgumentError(ToAbsl("--from, --to: there is no bar" + range + "; the data is from " +
                                           market.first.ToString() + " to " + market.last.ToString()));
}

}  // namespace ballast::backtest
