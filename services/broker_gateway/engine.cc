#include "services/broker_gateway/engine.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/model/external.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kBatchMax = 500;
constexpr std::size_t kInstructionBytes = 1'024;
constexpr std::size_t kCallBytes = 256;
constexpr std::int64_t kSaveNs = 1'000'000'000;

}  // namespace

Engine::Engine(Options options, BrokerStore& store, KillDesk& kill, const Clock& clock, Logger& log, Metrics& metrics,
               RedisCache& redis, std::function<void(const std::string&)> fail)
    : options_(std::move(options)),
      store_(store),
      kill_(kill),
      clock_(clock),
      log_(log),
      redis_(redis),
      fail_(std::move(fail)),
      committer_(clock),
      venue_({}, options_.paper),
      feed_(options_, venue_, clock, log, metrics),
      desks_(options_.brokers, venue_, [this] { return feed_.Now(); },
             {.faults = options_.faults,
              .settings = options_.broker_settings,
              .wake = [this] { inbox_.Wake(); },
              .wall_time = options_.source != "replay" && options_.speed == Decimal::FromInt(1),
              .last_word = [this](const Order& order) { return LastWord(order); },
              .closed_kept = options_.closed_orders_kept}),
      executions_(metrics.GetCounter("ballast_broker_executions_total", "executions told", {})),
      reports_lost_(metrics.GetCounter("ballast_broker_reports_lost_total",
                                       "reports that order management was told and that are not stored here", {})),
      unreadable_(metrics.GetCounter("ballast_broker_messages_unreadable_total",
                                     "messages of order management that could not be read", {})),
      session_gauge_(metrics.GetGauge("ballast_broker_order_session", "order managers that are connected", {})),
      permission_gauge_(metrics.GetGauge("ballast_broker_trade_permissions",
                                         "order managers that are connected and may open risk now", {})) {}

absl::Status Engine::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  RETURN_IF_ERROR(feed_.Open());
  venue_ = paper::PaperBroker(feed_.instruments(), options_.paper);
  RETURN_IF_ERROR(store_.LoadBroker(venue_));
  ASSIGN_OR_RETURN(OrderSessions::Epochs epochs, store_.LoadEpochs());
  sessions_.Restore(std::move(epochs));
  // A position of the account is a position in these rows: with others it would be marked and closed at other prices.
  if (feed_.is_replay()) RETURN_IF_ERROR(store_.RefuseOtherReplay(feed_.source_key()));
  ASSIGN_OR_RETURN(market::SourceState state, store_.LoadMarket(feed_.source_key()));
  if (state.step == 0) {
    // A first start has a past: bars and indicators are warm at once.
    constexpr int kPastSteps = 4'800;
    past_ = feed_.source().MakePast(clock_.Now(), kPastSteps);
  } else if (feed_.Restore(state)) {
    for (const Quote& quote : feed_.source().quotes()) venue_.RestoreQuote(quote);
  }
  ASSIGN_OR_RETURN(std::vector<broker::OrderDesk::Kept> kept, store_.LoadKept());
  ASSIGN_OR_RETURN(VenueDesks::Brokers brokers, store_.LoadBrokers());
  RETURN_IF_ERROR(desks_.Restore(kept, brokers));
  kill_.SetRealMoney(desks_.RealMoney());
  if (options_.faults) log_.Critical("broker.faults_on", {{"venue", "paper"}});
  log_.Info("broker.recovered", {{"orders", std::to_string(venue_.size())},
                                 {"market_source", options_.source},
                                 {"market_step", std::to_string(feed_.step_number())}});
  if (!SavePast()) return dead_ ? committer_.status() : absl::OkStatus();
  Open();
  if (storing_) return absl::UnavailableError("the market's first step could not be stored");
  return absl::OkStatus();
}

void Engine::Open() {
  Kill();
  // Orders that come first find a market. A replay's first step is made when everybody is there.
  if (options_.source == "simulated") StepMarket();
  feed_.Begin();
}

bool Engine::Instruct(broker::v1::OrderSessionRequest request, std::shared_ptr<OrderSender> session) {
  auto count = static_cast<std::size_t>(std::max(request.batch().instructions_size(), 1));
  return inbox_.Post(kInstructions, count * kInstructionBytes,
                     [this, request = std::move(request), session = std::move(session)] { Handle(request, session); });
}

bool Engine::Subscribe(broker::v1::Subscribe request, std::shared_ptr<MarketSender> session) {
  return inbox_.Post(kMarket, kCallBytes, [this, request = std::move(request), session = std::move(session)] {
    feed_.Subscribe(request, session);
  });
}

bool Engine::Acknowledge(std::uint64_t step, std::shared_ptr<MarketSender> session) {
  return inbox_.Post(kMarket, kCallBytes,
                     [this, step, session = std::move(session)] { feed_.Acknowledge(step, session); });
}

// Every turn looks by itself.
void Engine::StreamEnded() { inbox_.Wake(); }

bool Engine::Ask(std::function<void(const Engine&)> question) {
  return inbox_.Post(kQuestions, kCallBytes, [this, question = std::move(question)] {
    after_commit_.push_back([this, question] { question(*this); });
  });
}

bool Engine::Plant(broker::v1::PlantPaperFaultRequest request, std::function<void(absl::Status)> done) {
  return inbox_.Post(kQuestions, kInstructionBytes, [this, request = std::move(request), done = std::move(done)] {
    bool of_market = request.has_halt() || request.has_resume() || request.has_gap();
    absl::Status planted = of_market ? PlantInMarket(request) : faults_.Plant(request, venue_, feed_.Now());
    after_commit_.push_back([planted, done] { done(planted); });
  });
}

bool Engine::SetOutage(std::string broker, bool out, std::function<void(bool)> done) {
  return inbox_.Post(kQuestions, kCallBytes, [this, broker = std::move(broker), out, done = std::move(done)] {
    bool known = desks_.SetOutage(broker, out);
    after_commit_.push_back([known, done] { done(known); });
  });
}

runtime::Turn Engine::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  if (!past_.empty()) {
    if (!SavePast()) return Stuck();
    Open();
  }
  if (storing_) {
    // The switch does not wait for the storage: what is cancelled now is stored with the next rows.
    Kill();
    if (!Settle()) return Stuck();
  }
  bool closed = inbox_.closed();
  std::vector<Task> tasks = inbox_.Take(kBatchMax, kBatchMax * kInstructionBytes);
  bool idle = tasks.empty();
  Work(std::move(tasks));
  Kill();
  if (!closed) {
    venue_.OnTime(feed_.Now());
    desks_.OnTime();
  }
  if (!CommitAndTell()) return Stuck();
  if (closed) return idle ? End() : runtime::Turn{runtime::Turn::State::kReady, now_ns};
  if (!feed_.exact() && clock_.MonotonicNanos() - last_save_ns_ > kSaveNs) SaveMarket();
  desks_.Forget(venue_.Forget(options_.closed_orders_kept));
  Prune();
  Kill();
  Advance();
  if (storing_ || dead_) return Stuck();
  return {runtime::Turn::State::kReady, clock_.MonotonicNanos() + IdleNanos()};
}

void Engine::Work(std::vector<Task> tasks) {
  for (Task& task : tasks) {
    // A task may take a while, and an order that comes makes the venue work all that are due.
    if (kill_.version() != killed_version_) Kill();
    task();
  }
}

runtime::Turn Engine::Stuck() {
  if (dead_) return End();
  return {runtime::Turn::State::kBlocked, committer_.next_try_ns()};
}

// Whoever still asks is answered with what is known; nothing more is taken or told.
runtime::Turn Engine::End() {
  ended_ = true;
  inbox_.Close();
  if (!dead_ && !feed_.exact()) SaveMarket();
  dead_ = true;
  for (std::vector<Task> left = inbox_.Take(kBatchMax); !left.empty(); left = inbox_.Take(kBatchMax)) {
    Work(std::move(left));
  }
  for (auto& action : std::exchange(after_commit_, {})) action();
  sessions_.CloseAll(grpc::Status(grpc::UNAVAILABLE, "the broker gateway is stopping"));
  feed_.CloseAll(grpc::Status(grpc::UNAVAILABLE, "the broker gateway is stopping"));
  return {runtime::Turn::State::kEnded, 0};
}

void Engine::Kill() {
  std::uint64_t version = kill_.version();
  if (version != killed_version_) {
    settled_.clear();
    reductions_.clear();
  }
  killed_version_ = version;
  if (!kill_.any()) return;
  std::map<AccountId, KillDesk::View> views;
  for (const auto& [account, ledger] : venue_.ledgers()) {
    std::optional<KillCommand> held = kill_.Held(account);
    if (!held) continue;
    KillDesk::View& view = views[account];
    CancelAll(*held, view, account);
    view.positions = ledger.positions;
    if (!view.cancel_pending) settled_.insert(account);
  }
  kill_.Show(version, std::move(views));
}

bool Engine::IsToCancel(const KillCommand& held, const Order& order) const {
  return held.cancel_all && !IsEmergencyReduction(order) && !IsLeftAlone(order) &&
         !reductions_.contains(order.order_id);
}

void Engine::CancelAll(const KillCommand& held, KillDesk::View& view, const AccountId& account) {
  int& sent = cancels_sent_[account];
  for (const OrderId& id : desks_.Working(account)) {
    if (IsToCancel(held, *desks_.Find(account, id))) {
      if (desks_.IsElsewhere(account)) {
        sent += desks_.CancelOnce(account, id) ? 1 : 0;
      } else {
        ++sent;
        venue_.Cancel(account, id, feed_.Now(),
                      Rejection{.reason = RejectReason::kKillSwitch,
                                .check = "kill_switch",
                                .observed = held.command_id,
                                .message = "the broker gateway's kill switch cancels every open order of the account"});
      }
    }
    const Order& left = *desks_.Find(account, id);
    if (IsTerminal(left.status) || IsLeftAlone(left)) continue;
    ++view.open_orders;
    view.cancel_pending |= IsToCancel(held, *desks_.Find(account, id));
  }
  view.cancels_sent = sent;
  if (!venue_.has_changes() && storage_problem_.empty()) return;
  view.cancel_pending |= held.cancel_all;
  view.detail = "the venue's reports are not stored yet";
  if (!storage_problem_.empty()) view.detail += ": " + storage_problem_;
}

void Engine::Prune() {
  feed_.Prune();
  sessions_.Prune();
  SessionsChanged();
}

void Engine::SessionsChanged() {
  session_gauge_.Set(static_cast<double>(sessions_.size()));
  feed_.gate().SetSession(sessions_.size() > 0);
}

void Engine::Advance() {
  permission_gauge_.Set(static_cast<double>(sessions_.permitted(clock_.MonotonicNanos())));
  if (feed_.lockstep()) {
    feed_.TellDue();
    // With an empty inbox no order is on its way to the venue: whoever acknowledged had its orders answered before.
    if (!feed_.MayStep() || inbox_.size() > 0) return;
    StepMarket();
    if (!storing_ && !dead_) feed_.TellDue();
  } else if (feed_.IsDue()) {
    StepMarket();
    feed_.Schedule();
  } else {
    feed_.KeepAlive();
  }
}

std::int64_t Engine::IdleNanos() const {
  if (venue_.has_changes() || desks_.HasNews()) return 0;
  std::int64_t idle = feed_.IdleNanos();
  std::optional<UtcTime> due = venue_.NextDue();
  if (std::optional<UtcTime> asked = desks_.NextDue()) due = due ? std::min(*due, *asked) : *asked;
  return due && feed_.runs() ? std::min(idle, feed_.WallNanosUntil(*due)) : idle;
}

void Engine::StepMarket() {
  const market::MarketStep* step = feed_.Step();
  if (step == nullptr) return;
  for (const Quote& told : step->quotes) {
    Quote quote = told;
    halts_.Apply(quote, step->time);
    venue_.OnQuote(quote, step->time);
    redis_.HashSet("ballast:quotes", quote.symbol.value(),
                   quote.bid_price.ToString() + " " + quote.ask_price.ToString() + " " + quote.last_price.ToString() +
                       " " + std::to_string(quote.quote_time.nanos));
  }
  venue_.Expire(step->time);
  feed_.Noted();
  // Once its executions are stored and told, and itself.
  publish_ = true;
  (void)CommitAndTell();
}

}  // namespace ballast
