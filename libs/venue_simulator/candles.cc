#include "libs/venue_simulator/candles.h"

#include <algorithm>

namespace ballast::venue_simulator {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kWeek = 7 * kDay;
// 1970-01-05, the first Monday: weeks start on one.
constexpr std::int64_t kMonday = 4 * kDay;

std::int64_t StartOf(std::int64_t time, std::int64_t seconds) {
  std::int64_t shift = seconds == kWeek ? kMonday : 0;
  return time - (time - shift) % seconds;
}

void Join(Candle& whole, const Candle& part) {
  if (whole.trades == 0 && whole.first_trade < 0 && whole.open.IsZero()) {
    std::int64_t start = whole.start;
    whole = part;
    whole.start = start;
    return;
  }
  whole.high = std::max(whole.high, part.high);
  whole.low = std::min(whole.low, part.low);
  whole.close = part.close;
  whole.volume += part.volume;
  whole.quote_volume += part.quote_volume;
  whole.taken_volume += part.taken_volume;
  whole.taken_quote_volume += part.taken_quote_volume;
  whole.trades += part.trades;
  if (whole.first_trade < 0) whole.first_trade = part.first_trade;
  if (part.last_trade >= 0) whole.last_trade = part.last_trade;
}

}  // namespace

void Candles::Add(const Print& print) {
  Decimal quote = Multiply(print.price, print.quantity, Rounding::kHalfEven);
  Candle one{.start = StartOf(print.time.nanos / kNanos, kMinute),
             .open = print.price,
             .high = print.price,
             .low = print.price,
             .close = print.price,
             .volume = print.quantity,
             .quote_volume = quote,
             .taken_volume = print.buyer_is_maker ? Decimal() : print.quantity,
             .taken_quote_volume = print.buyer_is_maker ? Decimal() : quote,
             .trades = 1,
             .first_trade = print.id,
             .last_trade = print.id};
  if (!minutes_.empty() && minutes_.back().start >= one.start) {
    Join(minutes_.back(), one);
    return;
  }
  minutes_.push_back(one);
  if (minutes_.size() > kMinutesMax) minutes_.pop_front();
}

std::vector<Candle> Candles::Of(std::int64_t seconds, std::int64_t from, std::int64_t until, std::size_t limit) const {
  std::vector<Candle> bars;
  for (const Candle& minute : minutes_) {
    std::int64_t start = StartOf(minute.start, seconds);
    if (start < from || (until > 0 && start > until)) continue;
    // Bars without a trade lie between.
    while (!bars.empty() && bars.back().start + seconds < start) {
      Candle flat{.start = bars.back().start + seconds};
      flat.open = flat.high = flat.low = flat.close = bars.back().close;
      bars.push_back(flat);
    }
    if (bars.empty() || bars.back().start != start) bars.push_back(Candle{.start = start});
    Join(bars.back(), minute);
  }
  if (bars.size() > limit) {
    if (from > 0) {
      bars.resize(limit);
    } else {
      bars.erase(bars.begin(), bars.end() - static_cast<std::ptrdiff_t>(limit));
    }
  }
  return bars;
}

Candle Candles::Current(std::int64_t seconds, std::int64_t now) const {
  std::int64_t start = StartOf(now, seconds);
  Candle bar{.start = start};
  for (const Candle& minute : minutes_) {
    if (minute.start >= start) Join(bar, minute);
  }
  if (bar.open.IsZero() && !minutes_.empty()) {
    bar.open = bar.high = bar.low = bar.close = minutes_.back().close;
  }
  return bar;
}

Candle Candles::Since(std::int64_t start) const {
  Candle bar{.start = start};
  for (const Candle& minute : minutes_) {
    if (minute.start >= start) Join(bar, minute);
  }
  return bar;
}

}  // namespace ballast::venue_simulator
