#include "services/strategy_runner/market_feed.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::int64_t kSilenceNs = 10'000'000'000;

}  // namespace

MarketFeed::MarketFeed(Floor& floor, OrderDesk& desk, StopWatch& stops, OrderFeed& orders, ExternalDesk& external,
                       DayEndDesk& day_end, GraduationDesk& graduation)
    : floor_(floor),
      desk_(desk),
      stops_(stops),
      orders_(orders),
      external_(external),
      day_end_(day_end),
      graduation_(graduation),
      needs_(floor, external),
      steps_counter_(floor.metrics.GetCounter("ballast_strategy_steps_total", "market steps worked", {})),
      step_seconds_(floor.metrics.GetSeconds("ballast_strategy_step_seconds", "deciding on one market step", {})),
      silence_(floor.metrics.GetGauge("ballast_strategy_market_silence_seconds",
                                      "since the last step of a market that does not wait", {})) {}

void MarketFeed::Push(Step step) {
  steps_.push_back(std::move(step));
  last_step_ns_ = floor_.clock.MonotonicNanos();
}

void MarketFeed::Work() {
  while (!steps_.empty() && WorkFirst()) {
    steps_counter_.Increment();
    // Once what it led to is durable.
    if (steps_.front().acknowledge)
      floor_.commit.After([acknowledge = std::move(steps_.front().acknowledge)](const absl::Status& durable) {
        if (durable.ok()) acknowledge();
      });
    steps_.pop_front();
    stage_ = Stage::kNew;
  }
  if (floor_.market.lockstep()) return;
  needs_.AskEquity();
  DecideBars();
}

bool MarketFeed::WorkFirst() {
  Step& step = steps_.front();
  bool lockstep = step.message.lockstep();
  floor_.market.SetLockstep(lockstep);
  if (stage_ == Stage::kNew) {
    // In lockstep nothing is decided before everything the market knows has come back as an event.
    if (lockstep && !orders_.ExecutionsSeen(step.message)) return false;
    Begin(step);
  }
  if (!lockstep) return true;
  if (stage_ == Stage::kNeeds) {
    needs_.AskEquity();
    if (!needs_.AllReady() || !AllSettled()) return false;
    DecideAll();
    stage_ = Stage::kDecided;
  }
  if (!desk_.idle()) return false;
  // The day ends after what the step itself has led to.
  day_end_.Work(floor_.clock.MonotonicNanos());
  return day_end_.idle();
}

void MarketFeed::Begin(Step& step) {
  bool lockstep = step.message.lockstep();
  bool again = lockstep && step.message.step() == decided_step_ && decided_step_ != 0;
  if (step.connection != decided_connection_ && !lockstep) needs_.Renew();
  decided_connection_ = step.connection;
  decided_step_ = step.message.step();
  stage_ = again ? Stage::kDecided : Stage::kNeeds;
  if (again) return;
  std::int64_t started = floor_.clock.MonotonicNanos();
  MarketView::News news = floor_.market.Take(step.message);
  quoted_ = std::move(news.quoted);
  day_end_.OnStep();
  if (lockstep) graduation_.Observe();
  if (!lockstep) stops_.Watch(quoted_);
  Queue(news.bars);
  needs_.OnStep();
  step_seconds_.Observe(static_cast<double>(floor_.clock.MonotonicNanos() - started) / 1e9);
}

void MarketFeed::Queue(const std::vector<Bar>& bars) {
  for (auto& [id, live] : floor_.deployments.all()) {
    if (!live.running()) continue;
    external_.Tell(live, quoted_);
    for (const Bar& bar : bars) {
      if (!live.decider->Wants(bar)) continue;
      live.bars.push_back(bar);
      external_.Ask(live, bar);
    }
    if (!live.decider->spec().entries_wait_for_open) continue;
    for (const Symbol& symbol : quoted_) {
      if (live.decider->WaitsFor(symbol, floor_.market.Context(live, std::nullopt))) live.opens.insert(symbol);
    }
  }
}

bool MarketFeed::AllSettled() const {
  const Deployments::Map& all = floor_.deployments.all();
  return std::all_of(all.begin(), all.end(), [this](const auto& entry) { return external_.Settled(entry.second); });
}

void MarketFeed::DecideBars() {
  std::vector<std::string> decided;
  for (auto& [id, live] : floor_.deployments.all()) {
    if (!live.waits()) continue;
    if (!live.running()) {
      live.DropNews();
    } else if (needs_.Ready(live) && external_.AnySettled(live)) {
      desk_.Act(live, OnBars(live));
      decided.push_back(live.row.spec.account_id());
    }
  }
  for (const std::string& account : decided) needs_.ForgetEquity(account);
}

void MarketFeed::DecideAll() {
  for (auto& [id, live] : floor_.deployments.all()) {
    if (!live.running()) {
      live.DropNews();
      continue;
    }
    std::vector<strategy::Decision> decisions = stops_.Exits(live, quoted_);
    for (strategy::Decision& decision : OnBars(live)) decisions.push_back(std::move(decision));
    desk_.Act(live, std::move(decisions));
  }
  for (auto& [id, live] : floor_.deployments.all()) needs_.ForgetEquity(live.row.spec.account_id());
}

std::vector<strategy::Decision> MarketFeed::OnBars(LiveDeployment& live) {
  std::vector<strategy::Decision> decisions;
  std::vector<Bar> bars = external_.Take(live);
  std::set<Symbol> opens = std::exchange(live.opens, {});
  if (bars.empty() && opens.empty()) return decisions;
  const strategy::DecisionContext context = floor_.market.Context(live, needs_.EquityOf(live), needs_.CeilingOf(live));
  auto add = [&](std::vector<strategy::Decision> more) {
    std::move(more.begin(), more.end(), std::back_inserter(decisions));
  };
  for (const Symbol& symbol : opens) add(live.decider->OnOpen(symbol, context));
  for (const Bar& bar : bars) add(live.decider->OnBar(bar, context));
  return decisions;
}

void MarketFeed::Tick(std::int64_t now_ns) {
  if (last_step_ns_ == 0 || floor_.market.lockstep()) return;
  std::int64_t silence_ns = now_ns - last_step_ns_;
  silence_.Set(static_cast<double>(silence_ns) / 1e9);
  bool silent = silence_ns > kSilenceNs;
  if (silent && !silent_)
    floor_.log.Warning("market.silent", {{"seconds", std::to_string(silence_ns / 1'000'000'000)}});
  silent_ = silent;
}

}  // namespace ballast
