#include "services/broker_gateway/market_feed.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/calendar/sessions.h"
#include "libs/market/bars.h"
#include "libs/market/replay.h"
#include "libs/market/simulated_source.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/binance_source.h"
#include "services/broker_gateway/data_check.h"

namespace ballast {
namespace {

constexpr std::int64_t kOneSecondNs = 1'000'000'000;
// Without data for longer than this the market is in a night or a weekend: nobody waits for it to pass.
constexpr Duration kGap = Duration::Seconds(300);
constexpr Duration kPauseMax = Duration::Seconds(86'400);
// A simulated market in lockstep begins here, so that every run of a seed is the same.
constexpr UtcTime kLockstepStart{1'704'067'200'000'000'000};  // 2024-01-01

std::int64_t WholeOf(Decimal value) { return static_cast<std::int64_t>(value.units() / Decimal::FromInt(1).units()); }

// A recorded market has minutes; a simulated one has no bar shorter than a step of it.
std::int64_t BarLengthSeconds(const EngineOptions& options) {
  constexpr std::int64_t kMillisPerSecond = 1'000;
  if (options.source == "replay") return 60;
  for (const std::string& timeframe : market::Timeframes()) {
    std::int64_t seconds = market::TimeframeLength(timeframe)->nanos / kOneSecondNs;
    if (seconds * kMillisPerSecond >= options.tick_ms) return seconds;
  }
  return 60;
}

bool Wants(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

MarketFeed::MarketFeed(const EngineOptions& options, const paper::PaperBroker& venue, const Clock& clock, Logger& log,
                       Metrics& metrics)
    : options_(options),
      venue_(venue),
      clock_(clock),
      log_(log),
      gate_(options.lockstep_subscribers),
      steps_(metrics.GetCounter("ballast_market_steps_total", "steps of the market", {})),
      skipped_quotes_(metrics.GetCounter("ballast_market_quotes_skipped_total",
                                         "recorded quotes that could not be used: locked, crossed, without a price",
                                         {})) {}

absl::Status MarketFeed::Open() {
  if (options_.speed.IsPositive() && options_.speed < Decimal::Of("0.01")) {
    return absl::InvalidArgumentError("market_speed: 0 or at least 0.01 is expected");
  }
  RETURN_IF_ERROR(OpenSource());
  instruments_ = source_->instruments();
  for (Instrument& instrument : instruments_) {
    // What the data says of its own instrument goes before the setting.
    if (instrument.calendar == TradingCalendar::kAlwaysOpen && instrument.day_start_minute == 0)
      instrument.day_start_minute = options_.day_start_minute;
  }
  source_key_ = source_->state().key;
  return absl::OkStatus();
}

bool MarketFeed::Restore(const market::SourceState& state) {
  std::optional<market::MarketStep> step = source_->Restore(state);
  if (!step) return false;
  step_ = std::move(*step);
  market_time_ = step_.time;
  NoteHeads();
  if (lockstep()) gate_.Begin(step_.number);  // nobody has acknowledged it to this process
  step_made_ns_ = clock_.MonotonicNanos();
  return true;
}

void MarketFeed::Begin() { next_step_ns_ = clock_.MonotonicNanos() + (step_.number == 0 ? 0 : StepPauseNanos()); }

void MarketFeed::Subscribe(const broker::v1::Subscribe& request, const std::shared_ptr<Sender>& sender) {
  Subscriber subscriber{.connection = ++last_connection_,
                        .lockstep = lockstep() && request.lockstep(),
                        .sender = sender,
                        .symbols = {request.symbols().begin(), request.symbols().end()},
                        .timeframes = {request.timeframes().begin(), request.timeframes().end()},
                        .books = request.books()};
  if (subscriber.lockstep) {
    // Its first message is the step itself, when it is due.
    if (auto former = gate_.Connect(subscriber.connection, request.subscriber(), request.phase())) {
      for (const Subscriber& each : subscribers_) {
        if (each.connection == *former)
          each.sender->Close(grpc::Status(grpc::ABORTED, "a newer connection has taken over"));
      }
    }
    log_.Info("market.lockstep_subscriber",
              {{"subscriber", request.subscriber()}, {"phase", std::to_string(request.phase())}});
  }
  if (!subscriber.lockstep || end_of_data_) {
    broker::v1::StreamMarketDataResponse first = StepFor(subscriber, Quotes::kAll, false);
    first.set_lockstep(subscriber.lockstep);
    first.set_end_of_data(end_of_data_);
    sender->Push(std::move(first));
  }
  subscribers_.push_back(std::move(subscriber));
}

void MarketFeed::Acknowledge(std::uint64_t step, const std::shared_ptr<Sender>& sender) {
  for (const Subscriber& subscriber : subscribers_) {
    if (subscriber.sender == sender) gate_.Acknowledge(subscriber.connection, step);
  }
}

// Who is gone is not waited for in silence: the gate has to know.
void MarketFeed::Prune() {
  for (const Subscriber& subscriber : subscribers_) {
    if (subscriber.lockstep && subscriber.sender->done()) gate_.Disconnect(subscriber.connection);
  }
  std::erase_if(subscribers_, [](const Subscriber& subscriber) { return subscriber.sender->done(); });
}

void MarketFeed::CloseAll(const grpc::Status& why) {
  for (const Subscriber& subscriber : subscribers_) subscriber.sender->Close(why);
  subscribers_.clear();
}

bool MarketFeed::IsDue() const { return !lockstep() && !end_of_data_ && clock_.MonotonicNanos() >= next_step_ns_; }

void MarketFeed::Schedule() {
  // What was missed is not made up for.
  next_step_ns_ = std::max(next_step_ns_ + StepPauseNanos(), clock_.MonotonicNanos());
}

const market::MarketStep* MarketFeed::Step() {
  std::optional<market::MarketStep> step = source_->Step(clock_.Now());
  if (!step) {
    end_of_data_ = true;
    TellEnd();
    return nullptr;
  }
  step_ = std::move(*step);
  market_time_ = step_.time;
  step_made_ns_ = clock_.MonotonicNanos();
  unsaved_ = exact();
  steps_.Increment();
  return &step_;
}

void MarketFeed::Noted() {
  TellSkipped();
  for (const Bar& bar : step_.bars) {
    if (bar.timeframe != "1s") unsaved_bars_.push_back(bar);
  }
}

void MarketFeed::NoteHeads() {
  step_heads_.clear();
  for (const auto& [id, ledger] : venue_.ledgers()) step_heads_[id.value()] = ledger.execution_sequence;
}

void MarketFeed::Publish() {
  NoteHeads();
  if (lockstep()) gate_.Begin(step_.number);
  TellStep();
}

void MarketFeed::Saved() {
  unsaved_bars_.clear();
  unsaved_ = false;
}

void MarketFeed::NotSaved() {
  constexpr std::size_t kUnsavedMax = 20'000;
  if (unsaved_bars_.size() > kUnsavedMax) unsaved_bars_.erase(unsaved_bars_.begin(), unsaved_bars_.end() - kUnsavedMax);
}

std::int64_t MarketFeed::IdleNanos() const {
  constexpr std::int64_t kLookNs = kOneSecondNs / 2;
  if (lockstep()) return MayStep() ? 0 : kLookNs;
  if (end_of_data_) return kLookNs;
  return std::clamp<std::int64_t>(next_step_ns_ - clock_.MonotonicNanos(), 0, kLookNs);
}

std::int64_t MarketFeed::WallNanosUntil(UtcTime time) const {
  Decimal wait = Decimal::FromInt(std::clamp<std::int64_t>((time - Now()).nanos, 0, kPauseMax.nanos));
  // One more: rounded down it would wake just before.
  return WholeOf(Divide(wait, options_.speed, Rounding::kUp)) + 1;
}

absl::Status MarketFeed::OpenSource() {
  if (options_.source == "replay") {
    ASSIGN_OR_RETURN(auto replay, market::Replay::Open(options_.replay_directory, options_.replay_symbols,
                                                       options_.replay_instruments));
    data_set_ = DescribeDataSet(*replay);
    log_.Info("market.replay_opened",
              {{"steps", std::to_string(replay->step_count())}, {"data_set", replay->state().key}});
    for (const std::string& warning : data_set_->warnings()) log_.Warning("market.data", {{"warning", warning}});
    source_ = std::move(replay);
    return absl::OkStatus();
  }
  if (options_.source == "binance") {
    if (options_.speed != Decimal::FromInt(1))
      return absl::InvalidArgumentError("market_speed: a market elsewhere has the speed of the wall: 1 is expected");
    ASSIGN_OR_RETURN(source_,
                     BinanceSource::Open(options_.broker_settings, Duration::Millis(options_.tick_ms), clock_));
    log_.Info("market.venue_opened",
              {{"venue", "binance"}, {"symbols", std::to_string(source_->instruments().size())}});
    return absl::OkStatus();
  }
  if (options_.source != "simulated") {
    return absl::InvalidArgumentError(
        ToAbsl("market_source: 'simulated', 'replay' or 'binance' is expected, not '" + options_.source + "'"));
  }
  constexpr std::int64_t kDayMs = 86'400'000;
  market::Simulator::Events events = options_.events;
  events.steps_per_day = std::max<std::int64_t>(kDayMs / options_.tick_ms, 1);
  source_ = std::make_unique<market::SimulatedSource>(
      market::SimulatedSource::Options{.seed = options_.seed,
                                       .tick = Duration::Millis(options_.tick_ms),
                                       .wall_time = options_.speed == Decimal::FromInt(1),
                                       .start = lockstep() ? kLockstepStart : clock_.Now(),
                                       .exchange_hours = options_.exchange_hours,
                                       .events = events});
  return absl::OkStatus();
}

// Wall time from this step to the next.
std::int64_t MarketFeed::StepPauseNanos() const {
  std::optional<Duration> pause = source_->UntilNext();
  if (!pause || lockstep()) return 0;
  Decimal nanos = Decimal::FromInt(std::min(*pause, kPauseMax).nanos);
  std::int64_t wall = WholeOf(Divide(nanos, options_.speed, Rounding::kDown));
  return *pause > kGap ? std::min(wall, kOneSecondNs) : wall;
}

// Between two steps market time runs on, at its speed; not beyond the next step unless it is the wall's.
UtcTime MarketFeed::Now() const {
  // A market elsewhere has no step that stands when a process begins; its time is the wall's, and never goes back.
  if (step_.number == 0 && options_.source == "binance") return std::max(clock_.Now(), source_->state().time);
  if (lockstep() || end_of_data_ || step_.number == 0) return market_time_;
  std::int64_t elapsed = std::min(clock_.MonotonicNanos() - step_made_ns_, kPauseMax.nanos);
  Decimal passed = Multiply(Decimal::FromInt(elapsed), options_.speed, Rounding::kDown);
  Decimal passed_max = Decimal::FromInt(source_->UntilNext().value_or(Duration()).nanos);
  bool own_time = options_.source == "replay" || options_.speed != Decimal::FromInt(1);
  if (own_time) passed = std::min(passed, passed_max);
  return market_time_ + Duration{WholeOf(passed)};
}

broker::v1::StreamMarketDataResponse MarketFeed::StepHead() const {
  broker::v1::StreamMarketDataResponse head;
  head.set_step(step_.number);
  wire::ToProto(market_time_, head.mutable_market_time());
  for (const auto& [account, sequence] : step_heads_) (*head.mutable_execution_sequences())[account] = sequence;
  return head;
}

broker::v1::StreamMarketDataResponse MarketFeed::StepFor(const Subscriber& subscriber, Quotes quotes, bool bars) const {
  broker::v1::StreamMarketDataResponse response = StepHead();
  auto changed = [&](const Symbol& symbol) {
    return std::any_of(step_.quotes.begin(), step_.quotes.end(),
                       [&](const Quote& quote) { return quote.symbol == symbol; });
  };
  for (const auto& [symbol, quote] : venue_.quotes()) {
    if (quotes == Quotes::kNotStale && quote.stale && !(bars && changed(symbol))) continue;
    if (subscriber.symbols.empty() || Wants(subscriber.symbols, symbol.value())) {
      wire::ToProto(quote, response.add_quotes());
      if (subscriber.books) FillBook(quote.symbol, response.add_books());
    }
  }
  if (!bars) return response;
  for (const Bar& bar : step_.bars) {
    if (Wants(subscriber.timeframes, bar.timeframe) &&
        (subscriber.symbols.empty() || Wants(subscriber.symbols, bar.symbol.value()))) {
      wire::ToProto(bar, response.add_bars());
    }
  }
  return response;
}

void MarketFeed::TellSkipped() {
  skipped_quotes_.Add(static_cast<double>(step_.skipped.size()));
  for (const market::SkippedQuote& skipped : step_.skipped) {
    if (!unusable_.insert(skipped.symbol).second) continue;
    const Quote* stands = venue_.FindQuote(skipped.symbol);
    log_.Warning("market.quote_unusable", {{"symbol", skipped.symbol.value()},
                                           {"why", NameOf(skipped.fault)},
                                           {"bid", skipped.bid_price.ToString()},
                                           {"ask", skipped.ask_price.ToString()},
                                           {"market_time", market_time_.ToString()},
                                           {"last_usable", stands == nullptr ? "" : stands->quote_time.ToString()},
                                           {"skipped_quotes", std::to_string(source_->skipped_quotes())}});
  }
  for (const Quote& quote : step_.quotes) {
    if (!quote.stale && unusable_.erase(quote.symbol) > 0)
      log_.Info("market.quote_usable", {{"symbol", quote.symbol.value()}, {"market_time", market_time_.ToString()}});
  }
}

void MarketFeed::FillBook(const Symbol& symbol, broker::v1::GetBookResponse* book) const {
  book->set_symbol(symbol.value());
  wire::ToProto(market_time_, book->mutable_market_time());
  auto add = [&](Side taker, auto add_level) {
    for (const matching::Level& level : venue_.Levels(symbol, taker)) {
      broker::v1::BookLevel* row = add_level();
      wire::ToProto(level.price, row->mutable_price());
      wire::ToProto(level.size, row->mutable_size());
    }
  };
  add(Side::kSell, [&] { return book->add_bids(); });
  add(Side::kBuy, [&] { return book->add_asks(); });
}

// To those the market does not wait for.
void MarketFeed::TellStep() {
  last_told_ns_ = clock_.MonotonicNanos();
  for (const Subscriber& subscriber : subscribers_) {
    if (!subscriber.lockstep) subscriber.sender->Push(StepFor(subscriber, Quotes::kNotStale, true));
  }
}

// To those it waits for. All quotes: whoever is here for the first time knows none.
void MarketFeed::TellDue() {
  for (LockstepGate::Connection connection : gate_.TakeDue()) {
    for (const Subscriber& subscriber : subscribers_) {
      if (subscriber.connection != connection) continue;
      broker::v1::StreamMarketDataResponse step = StepFor(subscriber, Quotes::kAll, true);
      step.set_lockstep(true);
      subscriber.sender->Push(std::move(step));
    }
  }
}

void MarketFeed::TellEnd() {
  log_.Info("market.end_of_data", {{"step", std::to_string(step_.number)}, {"market_time", market_time_.ToString()}});
  for (const Subscriber& subscriber : subscribers_) {
    broker::v1::StreamMarketDataResponse end = StepHead();
    end.set_lockstep(subscriber.lockstep);
    end.set_end_of_data(true);
    subscriber.sender->Push(std::move(end));
  }
}

// A slow replay's minute is long: the quotes still stand, and who watches their age hears so.
void MarketFeed::KeepAlive() {
  std::int64_t now = clock_.MonotonicNanos();
  if (now - last_told_ns_ <= kOneSecondNs) return;
  last_told_ns_ = now;
  if (end_of_data_ || step_.number == 0) return;
  for (const Subscriber& subscriber : subscribers_) {
    broker::v1::StreamMarketDataResponse again = StepFor(subscriber, Quotes::kNotStale, false);
    wire::ToProto(Now(), again.mutable_market_time());
    subscriber.sender->Push(std::move(again));
  }
}

void MarketFeed::FillStatus(broker::v1::GetMarketStatusResponse* response) const {
  response->set_source(options_.source);
  wire::ToProto(Now(), response->mutable_market_time());
  response->set_step(step_.number);
  response->set_speed(options_.speed.ToString());
  if (options_.source == "simulated") response->set_seed(options_.seed);
  response->set_running(!end_of_data_ && (!lockstep() || gate_.Running()));
  response->set_end_of_data(end_of_data_);
  response->set_progress(source_->progress());
  UtcTime now = Now();
  bool open = std::any_of(instruments_.begin(), instruments_.end(),
                          [&](const Instrument& instrument) { return calendar::IsOpen(instrument, now); });
  response->set_any_session_open(open && step_.number > 0);
  response->set_skipped_quotes(source_->skipped_quotes());
  for (const auto& [symbol, quote] : venue_.quotes()) {
    if (quote.stale) response->add_stale_symbols(symbol.value());
  }
  response->set_bar_length_seconds(BarLengthSeconds(options_));
  if (data_set_) *response->mutable_data_set() = *data_set_;
}

}  // namespace ballast
