#include "libs/market/replay.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/market/bars.h"

namespace ballast::market {
namespace {

constexpr Duration kMinute = Duration::Seconds(60);
constexpr Duration kQuoteStands = Duration::Seconds(15 * 60);

}  // namespace

bool InSession(AssetClass asset_class, UtcTime end) {
  if (asset_class == AssetClass::kCrypto) return true;
  constexpr std::int64_t kNanosPerDay = 86'400'000'000'000;
  constexpr std::int64_t kOpen = Duration::Seconds((13 * 60 + 30) * 60).nanos;
  constexpr std::int64_t kClose = Duration::Seconds(20 * 60 * 60).nanos;
  std::int64_t day = end.DayNumber();
  std::int64_t time_of_day = end.nanos - day * kNanosPerDay;
  // 1970-01-01 was a Thursday; 0 is Monday.
  std::int64_t weekday = ((day + 3) % 7 + 7) % 7;
  return weekday < 5 && time_of_day > kOpen && time_of_day <= kClose;
}

void BarAggregator::Add(const Bar& minute) {
  for (const std::string& timeframe : Timeframes()) {
    std::int64_t length = TimeframeLength(timeframe)->nanos;
    if (length <= kMinute.nanos) continue;
    UtcTime start{minute.start_time.nanos - minute.start_time.nanos % length};
    auto [entry, fresh] = open_.try_emplace({minute.symbol, length}, minute);
    Bar& bar = entry->second;
    if (fresh) {
      bar.timeframe = timeframe;
      bar.start_time = start;
      continue;
    }
    bar.high = std::max(bar.high, minute.high);
    bar.low = std::min(bar.low, minute.low);
    bar.close = minute.close;
    bar.volume += minute.volume;
  }
}

std::vector<Bar> BarAggregator::Advance(UtcTime now) {
  std::vector<Bar> complete;
  for (auto entry = open_.begin(); entry != open_.end();) {
    if (entry->second.start_time + Duration{entry->first.second} <= now) {
      complete.push_back(std::move(entry->second));
      entry = open_.erase(entry);
    } else {
      ++entry;
    }
  }
  return complete;
}

absl::StatusOr<std::unique_ptr<Replay>> Replay::Open(const std::string& directory,
                                                     const std::vector<std::string>& symbols,
                                                     const std::vector<std::string>& given_instruments) {
  ASSIGN_OR_RETURN(DataSet set, LoadDataSet(directory, symbols, given_instruments));
  auto replay = std::make_unique<Replay>(set.instruments, set.data);
  set.data.clear();
  replay->data_set_ = std::move(set);
  return replay;
}

Replay::Replay(std::vector<Instrument> instruments, const std::map<Symbol, SymbolData>& data)
    : instruments_(std::move(instruments)) {
  std::map<UtcTime, Minute> minutes;
  key_ = "replay";
  for (const auto& [symbol, rows] : data) {
    for (const TradeBar& bar : rows.trades) minutes[bar.start + kMinute].rows[symbol].trade = bar;
    for (const QuoteBar& bar : rows.quotes) minutes[bar.start + kMinute].rows[symbol].quote = bar;
    // For people; the digest is what tells other rows from these.
    key_ += ":" + symbol.value() + "/" + std::to_string(rows.trades.size()) + "/" + std::to_string(rows.quotes.size());
  }
  minutes_.reserve(minutes.size());
  for (auto& [end, minute] : minutes) {
    minute.end = end;
    minutes_.push_back(std::move(minute));
  }
  if (!minutes_.empty()) key_ += "@" + minutes_.front().end.ToString();
  key_ += "#" + DigestOf(data);
}

bool Replay::TakeQuote(const QuoteBar& bar, Quote& quote) {
  Decimal bid = bar.bid_close.value_or(quote.bid_price), ask = bar.ask_close.value_or(quote.ask_price);
  Decimal bid_size = bar.bid_size.value_or(quote.bid_size), ask_size = bar.ask_size.value_or(quote.ask_size);
  if (!bid.IsPositive() || bid >= ask || bid_size.IsNegative() || ask_size.IsNegative()) {
    ++skipped_quotes_;
    return false;
  }
  quote.bid_price = bid;
  quote.bid_size = bid_size;
  quote.ask_price = ask;
  quote.ask_size = ask_size;
  return true;
}

std::optional<MarketStep> Replay::Step(UtcTime) {
  if (next_ >= minutes_.size()) return std::nullopt;
  const Minute& minute = minutes_[next_++];
  MarketStep step{.number = next_, .time = minute.end};
  // What ended in a pause without rows is told before the minute's own bars.
  step.bars = aggregator_.Advance(minute.end - kMinute);
  for (const Instrument& instrument : instruments_) {
    State& state = states_[instrument.symbol];
    Quote& quote = state.quote;
    bool changed = false;
    if (auto row = minute.rows.find(instrument.symbol); row != minute.rows.end()) {
      state.last_row = minute.end;
      if (row->second.quote && TakeQuote(*row->second.quote, quote)) changed = state.quoted = true;
      if (const std::optional<TradeBar>& trade = row->second.trade) {
        quote.last_price = trade->close;
        changed = state.traded = true;
        Bar bar{instrument.symbol, "1m",       trade->start, trade->open,
                trade->high,       trade->low, trade->close, trade->volume};
        aggregator_.Add(bar);
        step.bars.push_back(std::move(bar));
      }
    }
    if (!state.quoted || !state.traded) continue;
    bool open = InSession(instrument.asset_class, minute.end) && minute.end - *state.last_row <= kQuoteStands;
    if (!changed && !open && !quote.session_open) continue;
    quote.symbol = instrument.symbol;
    quote.quote_time = minute.end;
    ++quote.sequence;
    quote.session_open = open;
    step.quotes.push_back(quote);
  }
  std::vector<Bar> complete = aggregator_.Advance(minute.end);
  step.bars.insert(step.bars.end(), complete.begin(), complete.end());
  return step;
}

std::optional<Duration> Replay::UntilNext() const {
  if (next_ == 0 || next_ >= minutes_.size()) return std::nullopt;
  return minutes_[next_].end - minutes_[next_ - 1].end;
}

double Replay::progress() const {
  return minutes_.empty() ? 1 : static_cast<double>(next_) / static_cast<double>(minutes_.size());
}

SourceState Replay::state() const {
  return {.key = key_, .step = next_, .time = next_ == 0 ? UtcTime() : minutes_[next_ - 1].end};
}

std::optional<MarketStep> Replay::Restore(const SourceState& state) {
  std::optional<MarketStep> last;
  while (next_ < std::min<std::uint64_t>(state.step, minutes_.size())) last = Step(UtcTime());
  return last;
}

std::vector<Quote> Replay::quotes() const {
  std::vector<Quote> quotes;
  for (const auto& [symbol, state] : states_) {
    if (state.quoted && state.traded) quotes.push_back(state.quote);
  }
  return quotes;
}

}  // namespace ballast::market
