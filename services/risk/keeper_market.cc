#include <algorithm>
#include <utility>

#include "libs/risk/derisk.h"
#include "services/risk/keeper.h"

// The keeper's part about the market: its steps, its days, and what accounts are worth by it.
namespace ballast {
namespace {

// How late a step came. A replay's time is not the clock's: nothing can be told of it.
std::optional<Duration> StepDelay(const RiskKeeper::Step& step, UtcTime now) {
  constexpr Duration kSameTime = Duration::Seconds(3'600);
  if (step.lockstep || step.market_time.nanos == 0) return std::nullopt;
  Duration delay = now - step.market_time;
  if (delay > kSameTime || delay < Duration{-kSameTime.nanos}) return std::nullopt;
  return delay;
}

}  // namespace

std::int64_t RiskKeeper::AgeNow() { return lockstep_ ? market_time_.nanos : clock_.MonotonicNanos(); }

void RiskKeeper::OnStep(Step step, Done<bool> done) {
  // One that still waits is of a stream that has been opened anew.
  if (waiting_step_) std::exchange(waiting_step_, std::nullopt)->done(false);
  if (stopping_) return done(false);
  if (IsBehind(step)) {
    waiting_step_ = WaitingStep{.step = std::move(step), .done = std::move(done)};
    return;
  }
  TakeStep(step);
  if (!step.lockstep || !save_now_) return done(true);
  // The market waits in lockstep: a day can be over before the next second is.
  Tick([done = std::move(done)] { done(true); });
}

bool RiskKeeper::IsBehind(const Step& step) const {
  if (!step.lockstep) return false;
  for (const auto& [account, sequence] : step.execution_sequences) {
    if (stopped_.Holds(account.value())) continue;
    auto applied = executions_.find(account);
    if (sequence > 0 && (applied == executions_.end() || applied->second < sequence)) return true;
  }
  return false;
}

void RiskKeeper::ResumeStep() {
  if (!waiting_step_ || IsBehind(waiting_step_->step)) return;
  WaitingStep waited = *std::exchange(waiting_step_, std::nullopt);
  OnStep(std::move(waited.step), std::move(waited.done));
}

void RiskKeeper::TakeStep(const Step& step) {
  if (step.lockstep != lockstep_) {
    // Another kind of time: ages of the one mean nothing in the other.
    market_.arrival_ns.clear();
    breakers_.ForgetTimes();
    for (auto& [id, exposure] : accounts_) exposure.recent_orders.clear();
  }
  lockstep_ = step.lockstep;
  market_time_ = step.market_time;
  std::int64_t now = AgeNow();
  for (const Quote& quote : step.quotes) {
    market_.quotes[quote.symbol] = quote;
    // One that cannot be used makes nothing younger.
    if (market_.board.Take(quote)) {
      market_.arrival_ns[quote.symbol] = now;
      breakers_.OnQuote(quote, market_time_.nanos);
    }
  }
  std::optional<Duration> delay = StepDelay(step, clock_.Now());
  surroundings_.OnStepDelay(delay, clock_.MonotonicNanos());
  breakers_.OnStepDelay(delay ? std::optional(std::max<std::int64_t>(delay->nanos, 0) / 1'000'000)
                              : std::optional<std::int64_t>());
  MarkAll();
}

void RiskKeeper::StopWaiting() {
  stopping_ = true;
  if (waiting_step_) std::exchange(waiting_step_, std::nullopt)->done(false);
}

void RiskKeeper::OnMarketLost() {
  // Nothing to do: quotes grow old by themselves, and old quotes refuse.
  log_.Warning("market.stream_lost", {});
}

void RiskKeeper::StartDay(const AccountId& id, risk::Exposure& exposure, std::int64_t day) {
  if (day == exposure.baseline.day) return;
  ledger::Marks closes = market_.board.ClosesBefore(day);
  exposure.baseline.StartDay(day, exposure.EquityAt(closes));
  breakers_.StartDay(id, exposure, day, closes);
  SaveSoon();
}

Decimal RiskKeeper::ScaleOf(const risk::Limits& limits, const risk::Exposure& exposure, std::optional<Decimal> equity) {
  bool volatile_counts = limits.derisk_floor < Decimal::FromInt(1) && limits.derisk_volatility.IsPositive();
  Decimal range = volatile_counts ? breakers_.RangeOf(exposure, Duration::Seconds(60), market_time_.nanos) : Decimal();
  return RiskScale(limits, exposure.baseline, equity, range);
}

void RiskKeeper::Observe(const AccountId& id, risk::Exposure& exposure) {
  std::optional<Decimal> equity = exposure.Equity(market_);
  const risk::Limits& limits = LimitsOf(id);
  exposure.scale = ScaleOf(limits, exposure, equity);
  if (!equity) return;
  exposure.baseline.Observe(*equity);
  UtcTime now = market_time_.nanos != 0 ? market_time_ : clock_.Now();
  for (risk::LossRule rule : TripLosses(limits, exposure.baseline, *equity, now, &exposure.latches)) {
    SaveSoon();
    trips_.See(id, risk::NameOf(rule), exposure.latches.Of(rule)->time, clock_.Now());
    log_.Error("risk.loss_rule_tripped", {{"account", id.value()},
                                          {"rule", risk::NameOf(rule)},
                                          {"message", DescribeTrip(rule, *exposure.latches.Of(rule), limits)}});
  }
}

void RiskKeeper::MarkAll() {
  // Without a step there is no market time, and the clock's would be a day of its own in a replay.
  if (replayed_.empty() || market_time_.nanos == 0) return;
  std::int64_t day = calendar_.Advance(market_time_);
  for (auto& [id, exposure] : accounts_) {
    if (!exposure.opened() || !replayed_.contains(id)) continue;
    StartDay(id, exposure, day);
    ClearDailyLoss(LimitsOf(id), day, &exposure.latches);
    Observe(id, exposure);
  }
  day_ = day;
  LookAtBreakers();
}

ledger::SymbolCloses RiskKeeper::HeldCloses() {
  ledger::SymbolCloses held;
  for (const auto& [id, exposure] : accounts_) {
    for (const auto& [symbol, quantity] : exposure.positions()) {
      auto close = market_.board.closes().find(symbol);
      if (close != market_.board.closes().end()) held.insert(*close);
    }
  }
  return held;
}

}  // namespace ballast
