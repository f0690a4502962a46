#include "libs/backtest/bar_feed.h"

#include <algorithm>
#include <utility>

#include "libs/calendar/sessions.h"

namespace ballast::backtest {
namespace {

constexpr Duration kDay = Duration::Seconds(86'400);

}  // namespace

BarFeed::BarFeed(std::vector<std::shared_ptr<const BarSeries>> series, const SpreadModel& model)
    : series_(std::move(series)), model_(model) {
  cursors_.resize(series_.size());
  quotes_.resize(series_.size());
  bars_.resize(series_.size());
  for (std::size_t i = 0; i < series_.size(); ++i) {
    instruments_.push_back(series_[i]->instrument);
    cursors_[i].half_spread_ratio = Divide(model_.ratio, Decimal::FromInt(2), Rounding::kUp);
    if (series_[i]->size() != 0) cursors_[i].end = EndOf(*series_[i], 0);
    all_ += series_[i]->size();
  }
}

UtcTime BarFeed::EndOf(const BarSeries& series, std::size_t index) const {
  UtcTime start{series.start[index]};
  if (series.length < kDay || series.instrument.calendar == TradingCalendar::kAlwaysOpen) return start + series.length;
  return calendar::SessionFor(series.instrument, start).close;
}

Decimal BarFeed::SizeOf(const BarSeries& series, std::size_t index) const {
  const bool traded = !series.volume[index].IsZero();
  // In a bar in which nobody traded nothing is to be had.
  if (!traded && series.has_volume) return {};
  const Decimal size =
      traded ? Multiply(series.volume[index], model_.volume_ratio, Rounding::kDown) : model_.size_without_volume;
  return std::max(size.RoundTo(series.instrument.lot_size, Rounding::kDown), series.instrument.lot_size);
}

bool BarFeed::Next(Step& step) {
  UtcTime end;
  bool any = false;
  for (std::size_t i = 0; i < series_.size(); ++i) {
    if (cursors_[i].next >= series_[i]->size()) continue;
    if (!any || cursors_[i].end < end) end = cursors_[i].end;
    any = true;
  }
  if (!any) return false;
  used_ = 0;
  for (std::size_t i = 0; i < series_.size(); ++i) {
    if (cursors_[i].next < series_[i]->size() && cursors_[i].end <= end) Put(*series_[i], cursors_[i]);
  }
  step = {.time = end, .quotes = {quotes_.data(), used_}, .bars = {bars_.data(), used_}};
  return true;
}

void BarFeed::Put(const BarSeries& series, Cursor& cursor) {
  const Instrument& instrument = series.instrument;
  std::size_t at = cursor.next;
  Decimal close = series.close[at];
  Decimal half = Multiply(close, cursor.half_spread_ratio, Rounding::kUp);
  Quote& quote = quotes_[used_];
  quote.symbol = instrument.symbol;
  quote.bid_price = (close - half).RoundTo(instrument.tick_size, Rounding::kFloor);
  quote.ask_price = (close + half).RoundTo(instrument.tick_size, Rounding::kCeiling);
  if (quote.bid_price >= quote.ask_price) quote.ask_price = quote.bid_price + instrument.tick_size;
  quote.last_price = close;
  quote.bid_size = quote.ask_size = SizeOf(series, at);
  // What was quoted is quoted; locked and crossed ones nobody can trade on.
  if (!series.bid.empty() && series.bid[at].IsPositive() && series.ask[at] > series.bid[at]) {
    quote.bid_price = series.bid[at].RoundTo(instrument.tick_size, Rounding::kFloor);
    quote.ask_price = series.ask[at].RoundTo(instrument.tick_size, Rounding::kCeiling);
    if (series.bid_size[at].IsPositive()) quote.bid_size = series.bid_size[at];
    if (series.ask_size[at].IsPositive()) quote.ask_size = series.ask_size[at];
  }
  quote.quote_time = cursor.end;
  quote.sequence = ++sequence_;
  quote.session_open = calendar::IsOpen(instrument, cursor.end);
  quote.stale = false;
  Bar& bar = bars_[used_];
  bar.symbol = instrument.symbol;
  bar.timeframe = series.timeframe;
  bar.start_time = UtcTime{series.start[at]};
  bar.open = series.open[at];
  bar.high = series.high[at];
  bar.low = series.low[at];
  bar.close = close;
  bar.volume = series.volume[at];
  ++used_;
  ++done_;
  if (++cursor.next < series.size()) cursor.end = EndOf(series, cursor.next);
}

double BarFeed::progress() const { return all_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(all_); }

}  // namespace ballast::backtest
