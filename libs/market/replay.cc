#include "libs/market/replay.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/calendar/sessions.h"
#include "libs/market/bars.h"

namespace ballast::market {
namespace {

constexpr Duration kMinute = Duration::Seconds(60);
constexpr Duration kQuoteStands = Duration::Seconds(15 * 60);

// The tick that the recorded quotes are made of, when they do not fit the instrument's: the power of ten that divides
// them all. What is finer than a market's prices can be is noise and changes nothing.
Decimal TickOf(Decimal tick, const std::vector<QuoteBar>& quotes) {
  static const Decimal kFinest = Decimal::Of("0.000000000001");
  auto fits = [&](Decimal candidate) {
    return std::all_of(quotes.begin(), quotes.end(), [&](const QuoteBar& bar) {
      return (!bar.bid_close || bar.bid_close->IsMultipleOf(candidate)) &&
             (!bar.ask_close || bar.ask_close->IsMultipleOf(candidate));
    });
  };
  if (fits(tick)) return tick;
  for (Decimal candidate = Decimal::FromInt(1); candidate >= kFinest;
       candidate = Divide(candidate, Decimal::FromInt(10), Rounding::kDown)) {
    if (fits(candidate)) return candidate;
  }
  return tick;
}

}  // namespace

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
  for (Instrument& instrument : instruments_) {
    if (auto rows = data.find(instrument.symbol); rows != data.end())
      instrument.tick_size = TickOf(instrument.tick_size, rows->second.quotes);
  }
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

void Replay::TakeQuote(const QuoteBar& bar, UtcTime end, const Symbol& symbol, State& state, MarketStep& step) {
  Quote& quote = state.quote;
  Decimal bid = bar.bid_close.value_or(quote.bid_price), ask = bar.ask_close.value_or(quote.ask_price);
  Decimal bid_size = bar.bid_size.value_or(quote.bid_size), ask_size = bar.ask_size.value_or(quote.ask_size);
  QuoteFault fault = FaultOf(bid, bid_size, ask, ask_size);
  state.unusable = fault != QuoteFault::kNone;
  if (state.unusable) {
    ++skipped_quotes_;
    step.skipped.push_back({symbol, fault, bid, ask});
    return;
  }
  quote.bid_price = bid;
  quote.bid_size = bid_size;
  quote.ask_price = ask;
  quote.ask_size = ask_size;
  quote.quote_time = end;
  state.quoted = true;
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
      changed = true;
      if (row->second.quote) TakeQuote(*row->second.quote, minute.end, instrument.symbol, state, step);
      if (const std::optional<TradeBar>& trade = row->second.trade) {
        quote.last_price = trade->close;
        state.traded = true;
        Bar bar{instrument.symbol, "1m",       trade->start, trade->open,
                trade->high,       trade->low, trade->close, trade->volume};
        aggregator_.Add(bar);
        step.bars.push_back(std::move(bar));
      }
    }
    if (!state.quoted || !state.traded) continue;
    bool open = calendar::IsOpen(instrument, minute.end);
    bool old = minute.end - quote.quote_time > kQuoteStands || !calendar::IsOpen(instrument, quote.quote_time);
    bool stale = state.unusable || (open && old);
    if (!changed && open == quote.session_open && stale == quote.stale) continue;
    quote.symbol = instrument.symbol;
    ++quote.sequence;
    quote.session_open = open;
    quote.stale = stale;
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
