#include "libs/market/simulated_source.h"

#include <algorithm>
#include <utility>

#include "libs/calendar/sessions.h"

namespace ballast::market {

SimulatedSource::SimulatedSource(Options options)
    : options_(options), simulator_(options.seed, options.events), time_(options.start) {
  if (options_.exchange_hours) return;
  for (Instrument& instrument : instruments_) instrument.calendar = TradingCalendar::kAlwaysOpen;
}

MarketStep SimulatedSource::StepAt(UtcTime time) {
  Simulator::Sessions sessions;
  for (const Instrument& instrument : instruments_) {
    if (instrument.calendar == TradingCalendar::kAlwaysOpen) continue;
    if (!calendar::IsOpen(instrument, time))
      sessions.closed.insert(instrument.symbol);
    else if (time_.nanos != 0 && !calendar::IsOpen(instrument, time_))
      sessions.opening.insert(instrument.symbol);
  }
  time_ = time;
  MarketStep step{.number = 0, .time = time, .quotes = simulator_.Step(time, sessions)};
  step.number = simulator_.step();
  // The simulator quotes every instrument in the instruments' order.
  for (std::size_t i = 0; i < step.quotes.size(); ++i)
    step.quotes[i].session_open = calendar::IsOpen(instruments_[i], time);
  for (const Quote& quote : step.quotes) {
    // Nothing trades, so there is nothing to make a bar of.
    if (quote.halted) continue;
    std::vector<Bar> complete = bar_builder_.Add(quote.symbol, time, quote.last_price, quote.bid_size);
    step.bars.insert(step.bars.end(), complete.begin(), complete.end());
  }
  quotes_ = step.quotes;
  return step;
}

std::vector<Bar> SimulatedSource::MakePast(UtcTime now, int steps) {
  std::vector<Bar> bars;
  UtcTime end = options_.wall_time ? now : options_.start;
  for (int i = steps; i > 0; --i) {
    for (Bar& bar : StepAt(end - Duration{options_.tick.nanos * i}).bars) {
      if (bar.timeframe != "1s") bars.push_back(std::move(bar));
    }
  }
  return bars;
}

std::optional<MarketStep> SimulatedSource::Step(UtcTime now) {
  if (!options_.wall_time) return StepAt(time_ + options_.tick);
  // Far ahead of the wall after a faster run: go on at the wall's pace from there.
  bool ahead = time_ - now > Duration::Seconds(1);
  return StepAt(ahead ? time_ + options_.tick : std::max(now, time_ + Duration{1}));
}

SourceState SimulatedSource::state() const {
  return {.key = "simulated", .step = simulator_.step(), .time = time_, .symbols = simulator_.states()};
}

std::optional<MarketStep> SimulatedSource::Restore(const SourceState& state) {
  for (const auto& [symbol, symbol_state] : state.symbols) simulator_.Restore(state.step, symbol, symbol_state);
  time_ = std::max(time_, state.time);
  return std::nullopt;
}

}  // namespace ballast::market
