#include "services/strategy_runner/runner.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/prerequisites.h"

namespace ballast {
namespace {

namespace pb = strategy::v1;

constexpr std::int64_t kTickNs = 200'000'000;
constexpr std::int64_t kStartRetryNs = 1'000'000'000;
// An older signal is not traded any more.
constexpr std::int64_t kSendAgeNs = 5'000'000'000;
constexpr std::int64_t kResendNs = 300'000'000;
constexpr std::size_t kSubscribersMax = 256;

bool LeftTheHouse(int status) {
  return status != order::v1::ORDER_STATUS_PENDING_NEW && status != order::v1::ORDER_STATUS_SUBMITTED;
}

// What became of a decision's order is known.
void MarkSettled(const order::v1::Order& order, StoredDecision& decision) {
  decision.open = false;
  decision.decision.set_order_id(order.order_id());
  bool denied = order.status() == order::v1::ORDER_STATUS_DENIED;
  decision.decision.set_outcome(denied ? order.rejection().message() : "accepted");
}

// The answer says for sure that there is no order.
bool DefinitelyNot(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status) || absl::IsUnimplemented(status);
}

}  // namespace

Runner::Runner(Options options, StrategyStore& store, Neighbours& neighbours, const Clock& clock, Logger& log,
               Metrics& metrics, std::function<void(const std::string&)> fail)
    : options_(std::move(options)),
      store_(store),
      neighbours_(neighbours),
      clock_(clock),
      log_(log),
      fail_(std::move(fail)),
      decisions_(metrics.GetCounter("ballast_strategy_decisions_total", "decisions made", {})),
      orders_(metrics.GetCounter("ballast_strategy_orders_total", "orders answered", {})),
      refusals_(metrics.GetCounter("ballast_strategy_refusals_total", "orders refused, or never sent", {})),
      unanswered_(metrics.GetCounter("ballast_strategy_unanswered_total", "submits without an answer", {})),
      commit_failures_(metrics.GetCounter("ballast_strategy_commit_failures_total", "commits that failed", {})),
      steps_counter_(metrics.GetCounter("ballast_strategy_steps_total", "market steps worked", {})),
      active_(metrics.GetGauge("ballast_strategy_deployments", "deployments that run", {})),
      open_orders_(metrics.GetGauge("ballast_strategy_unsettled_orders", "orders whose outcome is not known", {})),
      inbox_size_(metrics.GetGauge("ballast_strategy_inbox_size", "tasks that wait for the runner", {})),
      submit_seconds_(metrics.GetSeconds("ballast_strategy_submit_seconds", "from sending an order to its answer", {})),
      step_seconds_(metrics.GetSeconds("ballast_strategy_step_seconds", "deciding on one market step", {})) {}

absl::Status Runner::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  ASSIGN_OR_RETURN(std::vector<StrategyStore::Loaded> loaded, store_.Load());
  ASSIGN_OR_RETURN(auto cursors, store_.LoadCursors());
  {
    MutexLock lock(cursor_mutex_);
    cursors_ = std::move(cursors);
  }
  StrategyStore::Batch batch;
  for (StrategyStore::Loaded& one : loaded) {
    Live& live = live_[one.row.deployment_id];
    live.row = std::move(one.row);
    RETURN_IF_ERROR(MakeDecider(live));
    live.decider->Restore(live.row.decision_sequence, std::move(one.states));
    if (Running(live)) ++live.row.restarts;
    batch.rows.push_back(live.row);
    for (StoredDecision& decision : one.open_decisions) {
      if (!decision.submit) continue;
      std::string request_id = decision.submit->request_id();
      // Whether it was sent is not known. It is not sent again (its moment is over) unless the market has waited.
      open_[request_id] =
          Open{.deployment_id = live.row.deployment_id, .decision = std::move(decision), .send_allowed = false};
    }
  }
  for (const ConfiguredDeployment& configured : options_.configured) {
    if (live_.contains(configured.deployment_id)) continue;
    Live& live = live_[configured.deployment_id];
    live.row.deployment_id = configured.deployment_id;
    live.row.request_id = "configured:" + configured.deployment_id;
    live.row.spec = configured.spec;
    live.row.start_pending = true;
    live.row.create_time = clock_.Now();
    RETURN_IF_ERROR(MakeDecider(live));
    batch.rows.push_back(live.row);
  }
  return store_.Save(batch);
}

absl::Status Runner::MakeDecider(Live& live) {
  std::vector<FieldError> errors;
  strategy::Spec spec = SpecFromProto(live.row.spec, errors);
  if (!errors.empty())
    return absl::InvalidArgumentError(
        ToAbsl(live.row.deployment_id + ": " + errors.front().field + ": " + errors.front().message));
  ASSIGN_OR_RETURN(strategy::Decider decider,
                   strategy::Decider::Make(DeploymentId(live.row.deployment_id), std::move(spec)));
  if (live.decider) decider.Restore(live.decider->last_sequence(), live.decider->states());
  live.decider = std::make_unique<strategy::Decider>(std::move(decider));
  live.warm = false;
  return absl::OkStatus();
}

void Runner::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Runner::Drain() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
  for (const auto& subscriber : subscribers_)
    subscriber->Close(grpc::Status(grpc::UNAVAILABLE, "the strategy runner is stopping"));
  subscribers_.clear();
}

void Runner::Loop() {
  while (!inbox_.closed()) {
    for (Task& task : inbox_.PopBatch(100, kTickNs)) task();
    if (clock_.MonotonicNanos() - last_tick_ns_ >= kTickNs) Tick();
  }
  for (Task& task : inbox_.PopBatch(20'000, 0)) task();
}

void Runner::Tick() {
  last_tick_ns_ = clock_.MonotonicNanos();
  std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->done(); });
  inbox_size_.Set(static_cast<double>(inbox_.size()));
  open_orders_.Set(static_cast<double>(open_.size()));
  active_.Set(static_cast<double>(
      std::count_if(live_.begin(), live_.end(), [](const auto& entry) { return Running(entry.second); })));
  if (dead_) return;
  if (modes_.empty()) {
    if (auto accounts = neighbours_.Accounts(); accounts.ok()) {
      for (const auto& account : accounts->accounts()) modes_[account.account_id()] = account.mode();
    }
  }
  for (auto& [id, live] : live_) {
    // Those that run already, from before order management kept a register; it may be away: again at the next tick.
    if (!Running(live)) continue;
    absl::Status registered = Register(live, false);
    if (absl::IsFailedPrecondition(registered))
      StopByEmergency(live, MessageOf(registered));
    else if (!registered.ok())
      break;
  }
  WorkOpen();
  StartPending();
  for (auto& [id, live] : live_) WorkStopping(live);
  if (cursors_dirty_) {
    StrategyStore::Batch batch;
    {
      MutexLock lock(cursor_mutex_);
      batch.cursors = cursors_;
    }
    // Not through Save: nothing waits for it, and the next tick tries again.
    if (store_.Save(batch).ok())
      cursors_dirty_ = false;
    else
      commit_failures_.Increment();
  }
}

void Runner::StartPending() {
  bool waiting = false;
  if (clock_.MonotonicNanos() - last_start_try_ns_ < kStartRetryNs && last_start_try_ns_ != 0) return;
  last_start_try_ns_ = clock_.MonotonicNanos();
  for (auto& [id, live] : live_) {
    if (!live.row.start_pending) continue;
    auto prerequisites = TryStart(live, false);
    if (live.row.start_pending) waiting = true;
    std::string missing;
    for (const auto& prerequisite : prerequisites) {
      if (!prerequisite.passed()) missing += prerequisite.name() + ": " + prerequisite.detail() + "; ";
    }
    // Once per change, not once per try.
    if (std::exchange(told_waiting_[id], missing) != missing && !missing.empty())
      log_.Info("deployment.waits", {{"deployment", id}, {"for", missing}});
  }
  if (settled_) return;
  if (waiting) {
    // Only a market that waits for its readers is worth waiting for: a live one goes on, and running deployments need
    // it.
    auto market = neighbours_.MarketStatus();
    if (!market.ok() || market->speed() == "0") return;
  }
  settled_ = true;
  options_.on_settled();
}

bool Runner::Running(const Live& live) {
  return live.row.status == pb::DEPLOYMENT_STATUS_ACTIVE || live.row.status == pb::DEPLOYMENT_STATUS_PAUSED ||
         live.row.status == pb::DEPLOYMENT_STATUS_STOPPING;
}

std::vector<pb::Prerequisite> Runner::TryStart(Live& live, bool by_hand) {
  auto prerequisites = CheckPrerequisites(live.decider->spec(), neighbours_);
  // Order management takes no order for a deployment it was not told of.
  absl::Status registered = Register(live, by_hand);
  pb::Prerequisite& known = prerequisites.emplace_back();
  known.set_name("registered");
  known.set_passed(registered.ok());
  known.set_detail(registered.ok() ? "order management knows the deployment" : MessageOf(registered));
  if (!AllPassed(prerequisites)) return prerequisites;
  if (absl::Status made = MakeDecider(live); !made.ok()) {
    log_.Error("deployment.unusable", {{"deployment", live.row.deployment_id}, {"error", made.ToString()}});
    return prerequisites;
  }
  live.decider->ForgetSignals();
  live.row.status = pb::DEPLOYMENT_STATUS_ACTIVE;
  live.row.status_reason.clear();
  live.row.start_pending = false;
  live.row.start_time = clock_.Now();
  live.row.stop_time = UtcTime{};
  live.row.close_positions = false;
  live.row.stop_reason.clear();
  StrategyStore::Batch batch;
  SaveLive(live, batch);
  if (!Save(std::move(batch))) return prerequisites;
  log_.Info("deployment.started", {{"deployment", live.row.deployment_id}, {"strategy", live.row.spec.strategy_id()}});
  Changed(live);
  return prerequisites;
}

absl::Status Runner::Register(const Live& live, bool by_hand) {
  if (!by_hand && registered_.contains(live.row.deployment_id)) return absl::OkStatus();
  RETURN_IF_ERROR(neighbours_.RegisterDeployment(live.row.spec.account_id(), live.row.deployment_id, by_hand));
  registered_.insert(live.row.deployment_id);
  return absl::OkStatus();
}

void Runner::StopByEmergency(Live& live, const std::string& why) {
  live.row.status = pb::DEPLOYMENT_STATUS_STOPPED;
  live.row.status_reason = why;
  live.row.start_pending = false;
  live.row.stop_time = clock_.Now();
  StrategyStore::Batch batch;
  SaveLive(live, batch);
  if (!Save(std::move(batch))) return;
  log_.Warning("deployment.stopped_by_emergency", {{"deployment", live.row.deployment_id}, {"why", why}});
  Changed(live);
}

bool Runner::OnEvents(const order::v1::StreamOrderEventsResponse& response) {
  auto done = std::make_shared<std::promise<bool>>();
  std::future<bool> result = done->get_future();
  // By reference: this thread waits until the task has run (Drain runs what is queued).
  if (!inbox_.TryPush([this, &response, done] { done->set_value(ApplyEvents(response)); })) return false;
  return result.get();
}

void Runner::OnEventsLost() { events_caught_up_ = false; }

std::map<std::string, std::uint64_t> Runner::Cursors() {
  MutexLock lock(cursor_mutex_);
  std::map<std::string, std::uint64_t> cursors;
  for (const auto& [account, cursor] : cursors_) cursors[account] = cursor.sequence;
  return cursors;
}

bool Runner::ApplyEvents(const order::v1::StreamOrderEventsResponse& response) {
  std::map<std::string, OrderCursor> cursors;
  {
    MutexLock lock(cursor_mutex_);
    cursors = cursors_;
  }
  // Everything is read and checked before anything is applied: a batch counts as a whole or comes again as a whole.
  std::vector<OrderEvent> events;
  std::vector<const order::v1::OrderEvent*> protos;
  for (const order::v1::OrderEvent& proto : response.events()) {
    OrderCursor& cursor = cursors[proto.account_id()];
    if (proto.sequence() <= cursor.sequence) continue;
    if (proto.sequence() != cursor.sequence + 1) {
      log_.Error("strategy.event_gap",
                 {{"account", proto.account_id()}, {"sequence", std::to_string(proto.sequence())}});
      return false;
    }
    cursor.sequence = proto.sequence();
    cursor.execution_sequence = std::max(cursor.execution_sequence, proto.execution_sequence());
    cursors_dirty_ = true;
    // A hand-made order may close a deployment's book: then only the fill names the deployment.
    bool ours = live_.contains(proto.order().deployment_id()) || live_.contains(proto.fill().deployment_id());
    if (!proto.has_order() || !ours) continue;
    auto event = wire::FromProto(proto);
    if (!event.ok()) {
      log_.Critical("strategy.event_unreadable",
                    {{"sequence", std::to_string(proto.sequence())}, {"error", event.status().ToString()}});
      return false;
    }
    events.push_back(std::move(*event));
    protos.push_back(&proto);
  }
  StrategyStore::Batch batch;
  std::set<std::string> changed;
  pb::StreamDeploymentsResponse told;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const order::v1::Order& order = protos[i]->order();
    if (LeftTheHouse(order.status())) awaited_orders_.erase(order.order_id());
    for (const std::string& id : std::set<std::string>{order.deployment_id(), protos[i]->fill().deployment_id()}) {
      auto live = live_.find(id);
      if (live != live_.end() && live->second.decider->OnOrderEvent(events[i], market_time_)) changed.insert(id);
    }
    if (auto open = open_.find(order.request_id());
        open != open_.end() && open->second.deployment_id == order.deployment_id()) {
      // In the same transaction as the cursor: the state must not be ahead of it.
      StoredDecision decision = std::move(open->second.decision);
      open_.erase(open);
      MarkSettled(order, decision);
      *told.add_decisions() = decision.decision;
      batch.decisions.push_back(std::move(decision));
      changed.insert(order.deployment_id());
    }
  }
  for (const std::string& id : changed) {
    DeploymentRow& row = live_.at(id).row;
    // A fill that came late: flat was promised.
    if (row.status == pb::DEPLOYMENT_STATUS_STOPPED && row.close_positions && !live_.at(id).decider->flat()) {
      log_.Warning("deployment.late_fill", {{"deployment", id}});
      row.status = pb::DEPLOYMENT_STATUS_STOPPING;
    }
  }
  for (const std::string& id : changed) SaveLive(live_.at(id), batch);
  batch.cursors = cursors;
  if (!changed.empty() && !Save(std::move(batch))) return false;
  {
    MutexLock lock(cursor_mutex_);
    cursors_ = cursors;
  }
  if (!changed.empty()) cursors_dirty_ = false;
  if (told.decisions_size() > 0) Tell(told);
  for (const std::string& id : changed) {
    WorkStopping(live_.at(id));
    Changed(live_.at(id));
  }
  if (!response.head_sequences().empty()) {
    events_caught_up_ = std::all_of(response.head_sequences().begin(), response.head_sequences().end(),
                                    [&](const auto& head) { return cursors[head.first].sequence >= head.second; });
  }
  WorkSteps();
  return true;
}

bool Runner::OnStep(broker::v1::StreamMarketDataResponse step, std::function<void()> acknowledge) {
  return inbox_.TryPush(
      [this, step = std::move(step), acknowledge = std::move(acknowledge), connection = connection_.load()] {
        // The service stops: the next one reads on.
        if (inbox_.closed() || dead_) return;
        steps_.push_back({.message = step, .acknowledge = acknowledge, .connection = connection});
        WorkSteps();
      });
}

bool Runner::ExecutionsSeen(const broker::v1::StreamMarketDataResponse& step) {
  MutexLock lock(cursor_mutex_);
  for (const auto& [account, sequence] : step.execution_sequences()) {
    auto cursor = cursors_.find(account);
    if (sequence > 0 && (cursor == cursors_.end() || cursor->second.execution_sequence < sequence)) return false;
  }
  return true;
}

void Runner::WorkSteps() {
  while (!steps_.empty()) {
    Step& step = steps_.front();
    lockstep_ = step.message.lockstep();
    if (!step.decided) {
      // In lockstep nothing is decided before everything the market knows has come back as an event.
      if (lockstep_ && !ExecutionsSeen(step.message)) return;
      step.decided = true;
      bool again = lockstep_ && step.message.step() == decided_step_ && decided_step_ != 0;
      if (step.connection != decided_connection_ && !lockstep_) Rewarm();
      decided_connection_ = step.connection;
      decided_step_ = step.message.step();
      std::int64_t started = clock_.MonotonicNanos();
      if (!again) Decide(step.message);
      step_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - started) / 1e9);
    }
    if (lockstep_ && (!awaited_orders_.empty() || !open_.empty())) return;
    steps_counter_.Increment();
    std::function<void()> acknowledge = std::move(step.acknowledge);
    steps_.pop_front();
    if (acknowledge) acknowledge();
  }
}

std::optional<Decimal> Runner::EquityOf(const AccountId& account) {
  auto summary = neighbours_.Summary(account.value());
  if (!summary.ok() || !summary->has_equity() || summary->any_mark_stale()) return std::nullopt;
  auto equity = wire::FromProto(summary->equity(), "equity");
  return equity.ok() ? std::optional<Decimal>(*equity) : std::nullopt;
}

strategy::DecisionContext Runner::Context(const Live& live, std::optional<Decimal> equity) const {
  return {.market_time = market_time_.nanos != 0 ? market_time_ : clock_.Now(),
          .quotes = quotes_,
          .instruments = instruments_,
          .equity = equity,
          .entries_allowed = live.row.status == pb::DEPLOYMENT_STATUS_ACTIVE};
}

void Runner::Decide(const broker::v1::StreamMarketDataResponse& step) {
  market_time_ = wire::FromProto(step.market_time());
  if (instruments_.empty()) {
    auto instruments = neighbours_.Instruments();
    if (instruments.ok()) {
      for (Instrument& instrument : *instruments) instruments_[instrument.symbol] = instrument;
    }
  }
  std::vector<Symbol> quoted;
  for (const broker::v1::Quote& proto : step.quotes()) {
    auto quote = wire::FromProto(proto);
    if (!quote.ok()) {
      log_.Error("market.quote_unreadable", {{"error", quote.status().ToString()}});
      continue;
    }
    quoted.push_back(quote->symbol);
    quotes_[quote->symbol] = std::move(*quote);
  }
  std::vector<Bar> bars;
  for (const broker::v1::Bar& proto : step.bars()) {
    auto bar = wire::FromProto(proto);
    if (bar.ok())
      bars.push_back(std::move(*bar));
    else
      log_.Error("market.bar_unreadable", {{"error", bar.status().ToString()}});
  }
  std::map<AccountId, std::optional<Decimal>> equities;
  for (auto& [id, live] : live_) {
    if (!Running(live) || (!live.warm && !WarmUp(live, bars))) continue;
    std::vector<strategy::Decision> decisions;
    auto keep = [&](std::vector<strategy::Decision> more) {
      decisions.insert(decisions.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    for (const Symbol& symbol : quoted) keep(live.decider->OnQuote(symbol, Context(live, std::nullopt)));
    const AccountId& account = live.decider->spec().account_id;
    for (const Bar& bar : bars) {
      if (bar.timeframe != live.row.spec.timeframe()) continue;
      if (!equities.contains(account)) equities[account] = EquityOf(account);
      keep(live.decider->OnBar(bar, Context(live, equities[account])));
    }
    if (!decisions.empty()) Act(live, std::move(decisions));
  }
}

// The strategies have not seen some bars: they see their past again before they decide.
void Runner::Rewarm() {
  for (auto& [id, live] : live_) {
    if (!live.warm) continue;
    if (absl::Status made = MakeDecider(live); !made.ok())
      log_.Error("deployment.unusable", {{"deployment", id}, {"error", made.ToString()}});
  }
}

// `coming`: the bars to be decided on next, which the history may have already.
bool Runner::WarmUp(Live& live, const std::vector<Bar>& coming) {
  std::map<Symbol, UtcTime> first_coming;
  for (const Bar& bar : coming) {
    if (bar.timeframe == live.row.spec.timeframe()) first_coming.try_emplace(bar.symbol, bar.start_time);
  }
  for (const Symbol& symbol : live.decider->spec().symbols) {
    auto bars = neighbours_.Bars(symbol, live.row.spec.timeframe(), live.decider->warmup_bars());
    if (!bars.ok()) {
      log_.Warning(
          "deployment.warm_up_failed",
          {{"deployment", live.row.deployment_id}, {"symbol", symbol.value()}, {"error", bars.status().ToString()}});
      // From the start again: a bar must not be seen twice.
      if (absl::Status made = MakeDecider(live); !made.ok())
        log_.Error("deployment.unusable", {{"error", made.ToString()}});
      return false;
    }
    auto first = first_coming.find(symbol);
    for (const Bar& bar : *bars) {
      if (first == first_coming.end() || bar.start_time < first->second) live.decider->Warm(bar);
    }
  }
  live.warm = true;
  log_.Info("deployment.warm", {{"deployment", live.row.deployment_id}});
  return true;
}

void Runner::Act(Live& live, std::vector<strategy::Decision> decisions) {
  StrategyStore::Batch batch;
  std::vector<Open> to_send;
  pb::StreamDeploymentsResponse told;
  for (strategy::Decision& decision : decisions) {
    StoredDecision stored;
    ToProto(decision, live.decider->id(), &stored.decision);
    bool by_signal = !decision.intent || decision.intent->reason == "signal";
    if (by_signal) {
      ++live.row.signals;
      live.row.last_signal_time = decision.time;
      live.row.last_signal = decision.symbol.value() + " " + decision.action;
    }
    if (decision.intent) {
      ++live.row.orders;
      stored.open = true;
      order::v1::SubmitOrderRequest& submit = stored.submit.emplace();
      submit.set_request_id(live.decider->RequestIdOf(decision));
      submit.set_account_id(live.row.spec.account_id());
      submit.set_deployment_id(live.row.deployment_id);
      submit.set_symbol(decision.symbol.value());
      submit.set_side(static_cast<type::v1::Side>(decision.intent->side));
      submit.set_type(type::v1::ORDER_TYPE_MARKET);
      submit.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
      wire::ToProto(decision.intent->quantity, submit.mutable_quantity());
      submit.set_reduce_only(decision.intent->reduce_only);
      submit.set_reason(decision.intent->reason);
      submit.set_actor("strategy:" + live.row.deployment_id);
      // The guard against equal orders measures wall time; a market that runs as fast as it can has none.
      submit.set_confirm_duplicate(lockstep_);
      to_send.push_back(
          {.deployment_id = live.row.deployment_id, .decision = stored, .first_try_ns = clock_.MonotonicNanos()});
    }
    log_.Info("strategy.decision", {{"deployment", live.row.deployment_id},
                                    {"sequence", std::to_string(decision.sequence)},
                                    {"symbol", decision.symbol.value()},
                                    {"action", decision.action},
                                    {"reason", decision.reason}});
    batch.decisions.push_back(std::move(stored));
  }
  decisions_.Add(static_cast<double>(decisions.size()));
  live.row.decision_sequence = live.decider->last_sequence();
  SaveLive(live, batch);
  for (const StoredDecision& stored : batch.decisions) *told.add_decisions() = stored.decision;
  if (!Save(std::move(batch))) return;  // the process is ending; what is stored is what happened
  *told.add_deployments() = Describe(live);
  Tell(told);
  for (Open& open : to_send) Send(std::move(open));
}

void Runner::Send(Open open) {
  const order::v1::SubmitOrderRequest& request = *open.decision.submit;
  std::string request_id = request.request_id();
  std::int64_t now = clock_.MonotonicNanos();
  // The process stood still since the decision was stored; another may have taken over and decided since.
  if (!lockstep_ && now - open.first_try_ns >= kSendAgeNs) {
    open_[request_id] = std::move(open);
    return;
  }
  open.last_try_ns = now;
  auto response = neighbours_.Submit(request);
  submit_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - open.last_try_ns) / 1e9);
  if (!response.ok() && !DefinitelyNot(response.status())) {
    unanswered_.Increment();
    log_.Warning("strategy.submit_unanswered", {{"request", request_id}, {"error", response.status().ToString()}});
    open_[request_id] = std::move(open);
    return;
  }
  orders_.Increment();
  StoredDecision decision = std::move(open.decision);
  if (!response.ok()) {
    Refuse(open.deployment_id, std::move(decision), MessageOf(response.status()));
    return;
  }
  const order::v1::Order& order = response->order();
  bool awaited = order.status() != order::v1::ORDER_STATUS_DENIED && !LeftTheHouse(order.status());
  if (lockstep_ && awaited) awaited_orders_.insert(order.order_id());
  Settle(open.deployment_id, std::move(decision), order);
}

// There is an order: the decision says so from now on.
void Runner::Settle(const std::string& deployment_id, StoredDecision decision, const order::v1::Order& order) {
  if (order.status() == order::v1::ORDER_STATUS_DENIED) {
    decision.decision.set_order_id(order.order_id());
    Refuse(deployment_id, std::move(decision), order.rejection().message());
    return;
  }
  MarkSettled(order, decision);
  SaveSettled(live_.at(deployment_id), decision);
}

// There will be no order.
void Runner::Refuse(const std::string& deployment_id, StoredDecision decision, const std::string& why) {
  Live& live = live_.at(deployment_id);
  refusals_.Increment();
  decision.open = false;
  decision.decision.set_outcome(why);
  live.decider->OnRefused(decision.submit->request_id(), market_time_);
  log_.Warning("strategy.order_refused",
               {{"deployment", deployment_id}, {"request", decision.submit->request_id()}, {"why", why}});
  SaveSettled(live, decision);
}

void Runner::SaveSettled(const Live& live, const StoredDecision& decision) {
  StrategyStore::Batch batch;
  batch.decisions.push_back(decision);
  SaveLive(live, batch);
  if (!Save(std::move(batch))) return;
  pb::StreamDeploymentsResponse told;
  *told.add_decisions() = decision.decision;
  *told.add_deployments() = Describe(live);
  Tell(told);
}

// An order nobody has answered for and whose moment is over. True: its outcome is known now.
bool Runner::Withdraw(const Open& open) {
  const order::v1::SubmitOrderRequest& submit = *open.decision.submit;
  // The cancel runs behind the submit if that is still queued; what is not listed after it does not come any more.
  absl::Status cancelled = neighbours_.CancelAll(submit.account_id(), submit.deployment_id(), submit.symbol());
  if (!cancelled.ok()) return false;
  auto found = neighbours_.Find(submit);
  if (!found.ok()) return false;
  if (found->has_value()) {
    Settle(open.deployment_id, open.decision, **found);
  } else {
    Refuse(open.deployment_id, open.decision, "not sent: order management did not answer in time");
  }
  return true;
}

void Runner::WorkOpen() {
  std::vector<std::string> ids;
  for (const auto& [request_id, unused] : open_) ids.push_back(request_id);
  for (const std::string& request_id : ids) {
    if (dead_) return;
    Open& open = open_.at(request_id);
    // Each try may have taken its time.
    std::int64_t now = clock_.MonotonicNanos();
    if (now - open.last_try_ns < kResendNs) continue;
    bool young = open.send_allowed && now - open.first_try_ns < kSendAgeNs;
    if (young || lockstep_) {
      Open again = std::move(open);
      open_.erase(request_id);
      Send(std::move(again));
    } else if (market_time_.nanos != 0) {
      // Not before the market has spoken: in lockstep it has waited, and the order is sent after all.
      open.last_try_ns = now;
      if (Withdraw(open)) open_.erase(request_id);
    }
  }
  if (!ids.empty()) WorkSteps();
}

void Runner::WorkStopping(Live& live) {
  if (live.row.status != pb::DEPLOYMENT_STATUS_STOPPING) return;
  if (live.row.close_positions && !live.decider->flat()) {
    auto decisions = live.decider->CloseAll(live.row.stop_reason, Context(live, std::nullopt));
    if (!decisions.empty()) Act(live, std::move(decisions));
    return;
  }
  if (live.decider->any_working()) return;
  live.row.status = pb::DEPLOYMENT_STATUS_STOPPED;
  live.row.stop_time = clock_.Now();
  StrategyStore::Batch batch;
  SaveLive(live, batch);
  (void)Save(std::move(batch));
  log_.Info("deployment.stopped", {{"deployment", live.row.deployment_id}});
  Changed(live);
}

// Tries until it is done: nothing may be sent that is not stored. False: the process must end.
bool Runner::Save(StrategyStore::Batch batch) {
  if (dead_) return false;
  std::chrono::milliseconds pause(20);
  while (true) {
    absl::Status saved = store_.Save(batch);
    if (saved.ok()) return true;
    log_.Error("strategy.commit_failed", {{"error", saved.ToString()}});
    commit_failures_.Increment();
    bool transient = absl::IsUnavailable(saved) || absl::IsAborted(saved) || absl::IsUnknown(saved);
    if (!transient || inbox_.closed()) {
      dead_ = true;
      fail_("a decision cannot be stored: " + saved.ToString());
      return false;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
  }
}

void Runner::SaveLive(const Live& live, StrategyStore::Batch& batch) const {
  batch.rows.push_back(live.row);
  batch.states.emplace_back(live.row.deployment_id, live.decider->states());
}

strategy::v1::Deployment Runner::Describe(const Live& live) const {
  const DeploymentRow& row = live.row;
  pb::Deployment out;
  out.set_deployment_id(row.deployment_id);
  *out.mutable_spec() = row.spec;
  out.set_status(row.status);
  out.set_status_reason(row.status_reason);
  auto mode = modes_.find(row.spec.account_id());
  out.set_mode(mode == modes_.end() ? type::v1::ACCOUNT_MODE_UNSPECIFIED : mode->second);
  auto time = [](UtcTime value, google::protobuf::Timestamp* field) { wire::ToProto(value, field); };
  time(row.create_time, out.mutable_create_time());
  if (row.start_time.nanos != 0) time(row.start_time, out.mutable_start_time());
  if (row.stop_time.nanos != 0) time(row.stop_time, out.mutable_stop_time());
  if (row.last_signal_time.nanos != 0) time(row.last_signal_time, out.mutable_last_signal_time());
  out.set_signals(row.signals);
  out.set_orders(row.orders);
  out.set_last_signal(row.last_signal);
  int open = 0;
  for (const auto& [symbol, state] : live.decider->states()) open += state.quantity.IsZero() ? 0 : 1;
  out.set_open_positions(open);
  out.set_restarts(static_cast<std::uint64_t>(row.restarts));
  return out;
}

void Runner::Changed(const Live& live) {
  pb::StreamDeploymentsResponse message;
  *message.add_deployments() = Describe(live);
  Tell(message);
}

void Runner::Tell(const pb::StreamDeploymentsResponse& message) {
  for (const auto& subscriber : subscribers_) subscriber->Push(message);
}

absl::StatusOr<Runner::Live*> Runner::FindLive(const std::string& id) {
  auto found = live_.find(id);
  if (found == live_.end()) return absl::NotFoundError(ToAbsl("there is no deployment '" + id + "'"));
  return &found->second;
}

bool Runner::Create(pb::CreateDeploymentRequest request, Reply<pb::CreateDeploymentResponse> reply) {
  return inbox_.TryPush([this, request = std::move(request), reply = std::move(reply)] {
    pb::CreateDeploymentResponse response;
    std::string id = request.spec().strategy_id() + "-" + Sha256Hex(request.request_id()).substr(0, 8);
    Live* live = nullptr;
    bool replayed = false;
    for (auto& [unused, one] : live_) {
      if (one.row.request_id == request.request_id()) live = &one;
    }
    std::vector<FieldError> errors;
    strategy::Spec spec = SpecFromProto(request.spec(), errors);  // checked by the caller already
    if (live != nullptr) {
      if (!(live->decider->spec() == spec)) {
        reply(absl::AlreadyExistsError("the request id was used for another deployment"), response);
        return;
      }
      replayed = true;
    } else if (live_.contains(id)) {
      reply(absl::AlreadyExistsError(ToAbsl("there is a deployment " + id + " already; use another request id")),
            response);
      return;
    } else {
      Live made;
      made.row.deployment_id = id;
      made.row.request_id = request.request_id();
      ToProto(spec, &made.row.spec);
      made.row.create_time = clock_.Now();
      if (absl::Status status = MakeDecider(made); !status.ok()) {
        reply(status, response);
        return;
      }
      StrategyStore::Batch batch;
      SaveLive(made, batch);
      if (!Save(std::move(batch))) {
        reply(absl::UnavailableError("the deployment could not be stored"), response);
        return;
      }
      live = &(live_[id] = std::move(made));
      log_.Info("deployment.created", {{"deployment", id}, {"actor", request.actor()}});
      Changed(*live);
    }
    // A repeated request starts what never ran; it does not bring back what has been stopped since.
    bool start = replayed ? live->row.status == pb::DEPLOYMENT_STATUS_CREATED : !Running(*live);
    if (request.start() && start) {
      for (auto& prerequisite : TryStart(*live, true)) *response.add_prerequisites() = std::move(prerequisite);
    }
    *response.mutable_deployment() = Describe(*live);
    reply(absl::OkStatus(), response);
  });
}

bool Runner::StartDeployment(std::string id, Reply<pb::StartDeploymentResponse> reply) {
  return inbox_.TryPush([this, id = std::move(id), reply = std::move(reply)] {
    pb::StartDeploymentResponse response;
    auto live = FindLive(id);
    if (!live.ok()) {
      reply(live.status(), response);
      return;
    }
    DeploymentRow& row = (*live)->row;
    if (row.status == pb::DEPLOYMENT_STATUS_PAUSED || row.status == pb::DEPLOYMENT_STATUS_STOPPING) {
      reply(absl::FailedPreconditionError(row.status == pb::DEPLOYMENT_STATUS_PAUSED ? "it is paused: resume it"
                                                                                     : "it is being stopped"),
            response);
      return;
    }
    if (!Running(**live)) {
      for (auto& prerequisite : TryStart(**live, true)) *response.add_prerequisites() = std::move(prerequisite);
    }
    *response.mutable_deployment() = Describe(**live);
    reply(absl::OkStatus(), response);
  });
}

bool Runner::Pause(std::string id, Reply<pb::Deployment> reply) {
  return inbox_.TryPush([this, id = std::move(id), reply = std::move(reply)] {
    auto live = FindLive(id);
    if (!live.ok()) return reply(live.status(), {});
    DeploymentRow& row = (*live)->row;
    if (row.status != pb::DEPLOYMENT_STATUS_ACTIVE && row.status != pb::DEPLOYMENT_STATUS_PAUSED) {
      return reply(absl::FailedPreconditionError("only an active deployment can be paused"), {});
    }
    row.status = pb::DEPLOYMENT_STATUS_PAUSED;
    StrategyStore::Batch batch;
    SaveLive(**live, batch);
    if (!Save(std::move(batch))) return reply(absl::UnavailableError("the change could not be stored"), {});
    Changed(**live);
    reply(absl::OkStatus(), Describe(**live));
  });
}

bool Runner::Resume(std::string id, Reply<pb::Deployment> reply) {
  return inbox_.TryPush([this, id = std::move(id), reply = std::move(reply)] {
    auto live = FindLive(id);
    if (!live.ok()) return reply(live.status(), {});
    DeploymentRow& row = (*live)->row;
    if (row.status != pb::DEPLOYMENT_STATUS_ACTIVE && row.status != pb::DEPLOYMENT_STATUS_PAUSED) {
      return reply(absl::FailedPreconditionError("only a paused deployment can be resumed"), {});
    }
    row.status = pb::DEPLOYMENT_STATUS_ACTIVE;
    StrategyStore::Batch batch;
    SaveLive(**live, batch);
    if (!Save(std::move(batch))) return reply(absl::UnavailableError("the change could not be stored"), {});
    Changed(**live);
    reply(absl::OkStatus(), Describe(**live));
  });
}

bool Runner::Stop(pb::StopDeploymentRequest request, Reply<pb::Deployment> reply) {
  return inbox_.TryPush([this, request = std::move(request), reply = std::move(reply)] {
    auto live = FindLive(request.deployment_id());
    if (!live.ok()) return reply(live.status(), {});
    DeploymentRow& row = (*live)->row;
    bool closes = request.close_positions() && !(*live)->decider->flat();
    if (row.status != pb::DEPLOYMENT_STATUS_STOPPED || closes) {
      row.start_pending = false;
      row.status = pb::DEPLOYMENT_STATUS_STOPPING;
      row.close_positions = row.close_positions || request.close_positions();
      row.stop_reason = request.reason().empty() ? "manual" : request.reason();
      row.status_reason = row.stop_reason;
      StrategyStore::Batch batch;
      SaveLive(**live, batch);
      if (!Save(std::move(batch))) return reply(absl::UnavailableError("the change could not be stored"), {});
      if (absl::Status cancelled = neighbours_.CancelAll(row.spec.account_id(), row.deployment_id, "");
          !cancelled.ok()) {
        log_.Warning("deployment.cancel_failed", {{"deployment", row.deployment_id}, {"error", cancelled.ToString()}});
      }
      Changed(**live);
      WorkStopping(**live);
    }
    reply(absl::OkStatus(), Describe(**live));
  });
}

bool Runner::Get(std::string id, Reply<pb::Deployment> reply) {
  return inbox_.TryPush([this, id = std::move(id), reply = std::move(reply)] {
    auto live = FindLive(id);
    reply(live.status(), live.ok() ? Describe(**live) : pb::Deployment());
  });
}

bool Runner::List(std::string account, Reply<pb::ListDeploymentsResponse> reply) {
  return inbox_.TryPush([this, account = std::move(account), reply = std::move(reply)] {
    pb::ListDeploymentsResponse response;
    for (const auto& [id, live] : live_) {
      if (account.empty() || live.row.spec.account_id() == account) *response.add_deployments() = Describe(live);
    }
    reply(absl::OkStatus(), response);
  });
}

bool Runner::Subscribe(std::shared_ptr<Sender> session) {
  return inbox_.TryPush([this, session = std::move(session)] {
    pb::StreamDeploymentsResponse all;
    for (const auto& [id, live] : live_) *all.add_deployments() = Describe(live);
    if (subscribers_.size() >= kSubscribersMax) {
      session->Close(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many streams are open"));
      return;
    }
    session->Push(std::move(all));
    subscribers_.push_back(session);
  });
}

}  // namespace ballast
