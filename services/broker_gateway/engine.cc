#include "services/broker_gateway/engine.h"

#include <algorithm>
#include <chrono>

#include "libs/base/absl_std.h"
#include "libs/calendar/sessions.h"
#include "libs/market/bars.h"
#include "libs/market/replay.h"
#include "libs/market/simulated_source.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/data_check.h"

namespace ballast {
namespace {

constexpr std::size_t kBatchMax = 500;
constexpr std::int64_t kSaveNs = 1'000'000'000;
constexpr int kResendPage = 500;
constexpr std::int64_t kSecondNs = 1'000'000'000;
// Without data for longer than this the market is in a night or a weekend: nobody waits for it to pass.
constexpr Duration kGap = Duration::Seconds(300);
constexpr Duration kPauseMax = Duration::Seconds(86'400);
// A simulated market in lockstep begins here, so that every run of a seed is the same.
constexpr UtcTime kLockstepStart{1'704'067'200'000'000'000};  // 2024-01-01

std::int64_t WholeOf(Decimal value) { return static_cast<std::int64_t>(value.units() / Decimal::FromInt(1).units()); }

// A recorded market has minutes; a simulated one has no bar shorter than a step of it.
std::int64_t BarLengthSeconds(const Engine::Options& options) {
  constexpr std::int64_t kMillisPerSecond = 1'000;
  if (options.source == "replay") return 60;
  for (const std::string& timeframe : market::Timeframes()) {
    std::int64_t seconds = market::TimeframeLength(timeframe)->nanos / kSecondNs;
    if (seconds * kMillisPerSecond >= options.tick_ms) return seconds;
  }
  return 60;
}

bool Wants(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// The account an instruction is about.
const std::string& AccountOf(const broker::v1::OrderSessionRequest& request) {
  if (request.has_new_order()) return request.new_order().order().account_id();
  if (request.has_cancel()) return request.cancel().account_id();
  if (request.has_reduce()) return request.reduce().account_id();
  if (request.has_open_account()) return request.open_account().account_id();
  return request.acknowledge().account_id();
}

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
      venue_({}, options_.paper),
      gate_(options_.lockstep_subscribers),
      steps_(metrics.GetCounter("ballast_market_steps_total", "steps of the market", {})),
      executions_(metrics.GetCounter("ballast_broker_executions_total", "executions told", {})),
      skipped_quotes_(metrics.GetCounter("ballast_market_quotes_skipped_total",
                                         "recorded quotes that could not be used: locked, crossed, without a price",
                                         {})),
      reports_lost_(metrics.GetCounter("ballast_broker_reports_lost_total",
                                       "reports that order management was told and that are not stored here", {})),
      unreadable_(metrics.GetCounter("ballast_broker_messages_unreadable_total",
                                     "messages of order management that could not be read", {})),
      session_gauge_(metrics.GetGauge("ballast_broker_order_session", "order managers that are connected", {})) {}

Engine::~Engine() { Drain(); }

absl::Status Engine::OpenSource() {
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
  if (options_.source != "simulated") {
    return absl::InvalidArgumentError(
        ToAbsl("market_source: 'simulated' or 'replay' is expected, not '" + options_.source + "'"));
  }
  source_ = std::make_unique<market::SimulatedSource>(
      market::SimulatedSource::Options{.seed = options_.seed,
                                       .tick = Duration::Millis(options_.tick_ms),
                                       .wall_time = options_.speed == Decimal::FromInt(1),
                                       .start = lockstep() ? kLockstepStart : clock_.Now(),
                                       .exchange_hours = options_.exchange_hours});
  return absl::OkStatus();
}

absl::Status Engine::Recover() {
  if (options_.speed.IsPositive() && options_.speed < Decimal::Of("0.01")) {
    return absl::InvalidArgumentError("market_speed: 0 or at least 0.01 is expected");
  }
  RETURN_IF_ERROR(store_.Fence());
  RETURN_IF_ERROR(OpenSource());
  instruments_ = source_->instruments();
  for (Instrument& instrument : instruments_) {
    // What the data says of its own instrument goes before the setting.
    if (instrument.calendar == TradingCalendar::kAlwaysOpen && instrument.day_start_minute == 0)
      instrument.day_start_minute = options_.day_start_minute;
  }
  venue_ = paper::PaperBroker(instruments_, options_.paper);
  RETURN_IF_ERROR(store_.LoadBroker(venue_));
  ASSIGN_OR_RETURN(OrderSessions::Epochs epochs, store_.LoadEpochs());
  sessions_.Restore(std::move(epochs));
  source_key_ = source_->state().key;
  // A position of the account is a position in these rows: with others it would be marked and closed at other prices.
  if (data_set_) RETURN_IF_ERROR(store_.RefuseOtherReplay(source_key_));
  ASSIGN_OR_RETURN(market::SourceState state, store_.LoadMarket(source_key_));
  if (state.step == 0) {
    // A first start has a past: bars and indicators are warm at once.
    constexpr int kPastSteps = 4'800;
    std::vector<Bar> past = source_->MakePast(clock_.Now(), kPastSteps);
    if (!past.empty()) RETURN_IF_ERROR(store_.SaveMarket(source_->state(), past));
  } else if (std::optional<market::MarketStep> step = source_->Restore(state)) {
    step_ = std::move(*step);
    market_time_ = step_.time;
    for (const Quote& quote : source_->quotes()) venue_.RestoreQuote(quote);
    for (const auto& [id, ledger] : venue_.ledgers()) step_heads_[id.value()] = ledger.execution_sequence;
    if (lockstep()) gate_.Begin(step_.number);  // nobody has acknowledged it to this process
    step_made_ns_ = clock_.MonotonicNanos();
  }
  Kill();
  // Orders that come first find a market. A replay's first step is made when everybody is there.
  if (options_.source == "simulated") StepMarket();
  next_step_ns_ = clock_.MonotonicNanos() + (step_.number == 0 ? 0 : StepPauseNanos());
  log_.Info("broker.recovered", {{"orders", std::to_string(venue_.orders().size())},
                                 {"market_source", options_.source},
                                 {"market_step", std::to_string(step_.number)}});
  return absl::OkStatus();
}

void Engine::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Engine::Drain() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
  sessions_.CloseAll(grpc::Status(grpc::UNAVAILABLE, "the broker gateway is stopping"));
  for (Subscriber& subscriber : subscribers_) {
    subscriber.sender->Close(grpc::Status(grpc::UNAVAILABLE, "the broker gateway is stopping"));
  }
  subscribers_.clear();
}

bool Engine::Instruct(broker::v1::OrderSessionRequest request, std::shared_ptr<OrderSender> session) {
  return inbox_.TryPush(
      [this, request = std::move(request), session = std::move(session)] { Handle(request, session); });
}

bool Engine::Subscribe(broker::v1::Subscribe request, std::shared_ptr<MarketSender> session) {
  return inbox_.TryPush([this, request = std::move(request), session = std::move(session)] {
    Subscriber subscriber{.connection = ++last_connection_,
                          .lockstep = lockstep() && request.lockstep(),
                          .sender = session,
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
      session->Push(std::move(first));
    }
    subscribers_.push_back(std::move(subscriber));
  });
}

bool Engine::Acknowledge(std::uint64_t step, std::shared_ptr<MarketSender> session) {
  return inbox_.TryPush([this, step, session = std::move(session)] {
    for (const Subscriber& subscriber : subscribers_) {
      if (subscriber.sender == session) gate_.Acknowledge(subscriber.connection, step);
    }
  });
}

void Engine::StreamEnded() {
  (void)inbox_.TryPush([this] { Prune(); });  // full: the loop is awake and looks by itself
}

bool Engine::Ask(std::function<void(const Engine&)> question) {
  return inbox_.TryPush(
      [this, question = std::move(question)] { after_commit_.push_back([this, question] { question(*this); }); });
}

void Engine::Loop() {
  while (!inbox_.closed()) {
    Prune();
    Kill();
    Advance();
    for (Task& task : inbox_.PopBatch(kBatchMax, IdleNanos())) {
      // A task may take a while, and an order that comes makes the venue work all that are due.
      if (kill_.version() != killed_version_) Kill();
      task();
    }
    Kill();
    venue_.OnTime(MarketNow());
    CommitAndTell();
    if (!exact() && clock_.MonotonicNanos() - last_save_ns_ > kSaveNs) SaveMarket();
    venue_.Forget(options_.closed_orders_kept);
  }
  for (Task& task : inbox_.PopBatch(50'000, 0)) {
    if (kill_.version() != killed_version_) Kill();
    task();
  }
  CommitAndTell();
  if (!exact()) SaveMarket();
}

void Engine::Kill() {
  std::uint64_t version = killed_version_ = kill_.version();
  if (!kill_.any()) return;
  std::map<AccountId, KillDesk::View> views;
  for (const auto& [account, ledger] : venue_.ledgers()) {
    std::optional<KillCommand> held = kill_.Held(account);
    if (!held) continue;
    KillDesk::View& view = views[account];
    CancelAll(*held, view, account);
    view.positions = ledger.positions;
  }
  kill_.Show(version, std::move(views));
}

void Engine::CancelAll(const KillCommand& held, KillDesk::View& view, const AccountId& account) {
  int& sent = cancels_sent_[account];
  for (const OrderId& id : venue_.Working(account)) {
    if (held.cancel_all && !IsEmergencyReduction(*venue_.Find(id))) {
      ++sent;
      venue_.Cancel(account, id, MarketNow(),
                    Rejection{.reason = RejectReason::kKillSwitch,
                              .check = "kill_switch",
                              .observed = held.command_id,
                              .message = "the broker gateway's kill switch cancels every open order of the account"});
    }
    if (IsTerminal(venue_.Find(id)->status)) continue;
    ++view.open_orders;
    view.cancel_pending |= held.cancel_all && !IsEmergencyReduction(*venue_.Find(id));
  }
  view.cancels_sent = sent;
  if (!venue_.has_changes() && storage_problem_.empty()) return;
  view.cancel_pending |= held.cancel_all;
  view.detail = "the venue's reports are not stored yet";
  if (!storage_problem_.empty()) view.detail += ": " + storage_problem_;
}

// Who is gone is not waited for in silence: the gate has to know.
void Engine::Prune() {
  for (const Subscriber& subscriber : subscribers_) {
    if (subscriber.lockstep && subscriber.sender->done()) gate_.Disconnect(subscriber.connection);
  }
  std::erase_if(subscribers_, [](const Subscriber& subscriber) { return subscriber.sender->done(); });
  sessions_.Prune();
  SessionsChanged();
}

void Engine::SessionsChanged() {
  session_gauge_.Set(static_cast<double>(sessions_.size()));
  gate_.SetSession(sessions_.size() > 0);
}

void Engine::Advance() {
  if (lockstep()) {
    TellDue();
    // With an empty inbox no order is on its way to the venue: whoever acknowledged had its orders answered before.
    if (end_of_data_ || !gate_.MayStep() || inbox_.size() > 0) return;
    StepMarket();
    TellDue();
    return;
  }
  std::int64_t now = clock_.MonotonicNanos();
  if (!end_of_data_ && now >= next_step_ns_) {
    StepMarket();
    next_step_ns_ = std::max(next_step_ns_ + StepPauseNanos(), now);  // what was missed is not made up for
  } else if (now - last_told_ns_ > kSecondNs) {
    KeepAlive();
  }
}

// Wall time from this step to the next.
std::int64_t Engine::StepPauseNanos() const {
  std::optional<Duration> pause = source_->UntilNext();
  if (!pause || lockstep()) return 0;
  Decimal nanos = Decimal::FromInt(std::min(*pause, kPauseMax).nanos);
  std::int64_t wall = WholeOf(Divide(nanos, options_.speed, Rounding::kDown));
  return *pause > kGap ? std::min(wall, kSecondNs) : wall;
}

std::int64_t Engine::IdleNanos() const {
  constexpr std::int64_t kLookNs = kSecondNs / 2;
  if (venue_.has_changes()) return 0;
  if (lockstep()) return !end_of_data_ && gate_.MayStep() ? 0 : kLookNs;
  if (end_of_data_) return kLookNs;
  std::int64_t idle = std::clamp<std::int64_t>(next_step_ns_ - clock_.MonotonicNanos(), 0, kLookNs);
  if (std::optional<UtcTime> due = venue_.NextDue()) {
    Decimal wait = Decimal::FromInt(std::clamp<std::int64_t>((*due - MarketNow()).nanos, 0, kPauseMax.nanos));
    // One more: rounded down it would wake just before.
    idle = std::min(idle, WholeOf(Divide(wait, options_.speed, Rounding::kUp)) + 1);
  }
  return idle;
}

// Between two steps market time runs on, at its speed; not beyond the next step unless it is the wall's.
UtcTime Engine::MarketNow() const {
  if (lockstep() || end_of_data_ || step_.number == 0) return market_time_;
  std::int64_t elapsed = std::min(clock_.MonotonicNanos() - step_made_ns_, kPauseMax.nanos);
  Decimal passed = Multiply(Decimal::FromInt(elapsed), options_.speed, Rounding::kDown);
  Decimal passed_max = Decimal::FromInt(source_->UntilNext().value_or(Duration()).nanos);
  bool own_time = options_.source == "replay" || options_.speed != Decimal::FromInt(1);
  if (own_time) passed = std::min(passed, passed_max);
  return market_time_ + Duration{WholeOf(passed)};
}

void Engine::Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderSender>& session) {
  if (request.has_hello()) {
    Hello(request.hello(), session);
    return;
  }
  if (request.message_case() == broker::v1::OrderSessionRequest::MESSAGE_NOT_SET) {
    Quarantine(request, absl::InvalidArgumentError("the message is none that this version knows"));
    return;
  }
  if (!sessions_.Holds(session, AccountId(AccountOf(request)))) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "another session has taken over"));
    return;
  }
  if (request.has_new_order()) {
    New(request.new_order());
  } else if (request.has_cancel()) {
    venue_.Cancel(AccountId(request.cancel().account_id()), OrderId(request.cancel().order_id()), MarketNow(),
                  std::nullopt);
  } else if (request.has_reduce()) {
    auto quantity = wire::FromProto(request.reduce().quantity(), "quantity");
    if (!quantity.ok()) {
      Quarantine(request, quantity.status());
      return;
    }
    venue_.Reduce(AccountId(request.reduce().account_id()), OrderId(request.reduce().order_id()), *quantity,
                  wire::FromProto(request.reduce().rejection()), MarketNow());
  } else if (request.has_open_account()) {
    auto cash = wire::FromProto(request.open_account().opening_cash(), "opening_cash");
    if (cash.ok()) {
      Open(AccountId(request.open_account().account_id()), request.open_account().currency(), *cash);
    } else {
      Quarantine(request, cash.status());
    }
  } else if (request.has_acknowledge()) {
    gate_.Durable(request.acknowledge().account_id(), request.acknowledge().execution_sequence());
  }
}

// What nobody here can read is put aside with its bytes and does not stop what comes after it.
void Engine::Quarantine(const broker::v1::OrderSessionRequest& request, const absl::Status& why) {
  constexpr std::size_t kBytesMax = 2'000;
  unreadable_.Increment();
  std::string text = request.ShortDebugString();
  log_.Critical("broker.message_unreadable", {{"error", MessageOf(why)}, {"message", text.substr(0, kBytesMax)}});
}

void Engine::Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderSender>& session) {
  std::set<AccountId> accounts;
  for (const auto& [account, after] : hello.after_execution_sequences()) accounts.emplace(account);
  if (!sessions_.Admits(accounts, hello.epoch())) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "a newer order manager is known"));
    return;
  }
  if (absl::Status saved = store_.SaveEpochs(accounts, hello.epoch()); !saved.ok()) {
    session->Close(grpc::Status(grpc::UNAVAILABLE, MessageOf(saved)));
    return;
  }
  CommitAndTell();
  broker::v1::OrderSessionResponse ready;
  ready.mutable_ready();
  std::vector<broker::v1::OrderSessionResponse> stored;
  for (const auto& [account, after] : hello.after_execution_sequences()) {
    const paper::Ledger* ledger = venue_.FindLedger(AccountId(account));
    std::uint64_t head = ledger == nullptr ? 0 : ledger->execution_sequence;
    if (after > head) {
      GoOnAfter(AccountId(account), head, after);
      (*ready.mutable_ready()->mutable_lost_execution_sequences())[account] = head;
      // What the order manager compares with its own: nothing of that account counts as settled.
      (*ready.mutable_ready()->mutable_head_execution_sequences())[account] = head;
      continue;
    }
    if (ledger == nullptr) continue;
    gate_.Told(account, ledger->execution_sequence);
    gate_.Durable(account, after);
    (*ready.mutable_ready()->mutable_head_execution_sequences())[account] = ledger->execution_sequence;
    std::uint64_t cursor = after;
    while (cursor < ledger->execution_sequence) {
      auto page = store_.LoadExecutions(AccountId(account), cursor, kResendPage);
      // Numbers that were lost are nowhere: what is above the last stored one is told as it comes.
      if (page.ok() && page->empty()) break;
      if (!page.ok()) {
        session->Close(grpc::Status(grpc::UNAVAILABLE, "stored reports cannot be read now"));
        return;
      }
      broker::v1::OrderSessionResponse response;
      for (broker::v1::ExecutionReport& report : *page) {
        cursor = report.execution_sequence();
        *response.mutable_reports()->add_reports() = std::move(report);
      }
      stored.push_back(std::move(response));
    }
  }
  sessions_.Open(session, hello.epoch(), std::move(accounts));
  // The stored reports go first: when order management hears "ready", it knows everything that was told before.
  for (broker::v1::OrderSessionResponse& response : stored) session->Push(std::move(response));
  session->Push(std::move(ready));
  SessionsChanged();
  log_.Info("broker.session_open", {{"epoch", std::to_string(hello.epoch())},
                                    {"accounts", std::to_string(hello.after_execution_sequences().size())}});
}

// Somebody was told more than is stored here: it was restored from an older state, or wiped. New reports would come
// under numbers that were seen already, and be dropped.
void Engine::GoOnAfter(const AccountId& account, std::uint64_t head, std::uint64_t after) {
  log_.Critical(
      "broker.reports_lost",
      {{"account", account.value()}, {"stored_until", std::to_string(head)}, {"told_until", std::to_string(after)}});
  reports_lost_.Add(static_cast<double>(after - head));
  told_[account] = after;
  if (venue_.FindLedger(account) != nullptr) venue_.GoOnAfter(account, after);
  gate_.Told(account.value(), after);
  gate_.Durable(account.value(), after);
}

void Engine::New(const broker::v1::NewOrder& request) {
  auto order = wire::FromProto(request.order());
  if (!order.ok()) {
    unreadable_.Increment();
    log_.Critical("broker.order_unreadable", {{"error", order.status().ToString()}});
    // Refused by what can be read of it: unanswered, it would be on its way for ever.
    Order unreadable;
    unreadable.order_id = OrderId(request.order().order_id());
    unreadable.account_id = AccountId(request.order().account_id());
    unreadable.symbol = Symbol(request.order().symbol());
    if (LedgerFor(unreadable) == nullptr) return;
    venue_.Reject(unreadable,
                  {.reason = RejectReason::kMalformed, .check = "decode", .message = MessageOf(order.status())},
                  MarketNow());
    return;
  }
  if (venue_.Find(order->order_id) != nullptr) return;  // its reports are stored and were sent or will be resent
  bool too_old = clock_.Now() - order->create_time > Duration::Millis(options_.last_check.intent_age_ms_max);
  if (too_old || order->create_time <= venue_.forgotten_until()) {
    // It may have come before and be closed since. A rare read: of what is sent again after a lost session.
    auto stored = store_.LoadOrder(order->order_id);
    if (!absl::IsNotFound(stored.status())) {
      if (!stored.ok()) log_.Warning("broker.old_order_unanswered", {{"error", stored.status().ToString()}});
      return;  // known, or not to be told now: the order manager asks again
    }
  }
  const paper::Ledger* ledger = LedgerFor(*order);
  if (ledger == nullptr) return;
  Decimal position;
  if (ledger->positions.contains(order->symbol)) position = ledger->positions.at(order->symbol);
  std::optional<KillCommand> held = kill_.Held(order->account_id);
  const LastCheck::Facts facts{.quote = venue_.FindQuote(order->symbol),
                               .position = position,
                               .now = clock_.Now(),
                               .sent_in_second = SentInSecond(order->account_id),
                               .kill_command = held ? &held->command_id : nullptr};
  if (std::optional<Rejection> refusal = options_.last_check.Refusal(*order, facts)) {
    venue_.Reject(*order, *refusal, MarketNow());
  } else {
    venue_.Submit(*order, MarketNow());
    ++sent_[order->account_id];
  }
}

// Nothing that can be told of an account comes before it is open, so an order for one that is not opens it to be
// refused: unanswered, it would be on its way for ever.
const paper::Ledger* Engine::LedgerFor(const Order& order) {
  if (const paper::Ledger* ledger = venue_.FindLedger(order.account_id)) {
    if (!ledger->currency.empty()) return ledger;
  }
  log_.Critical("broker.unknown_account", {{"account", order.account_id.value()}, {"order", order.order_id.value()}});
  Open(order.account_id, "", Decimal());
  venue_.Reject(order,
                {.reason = RejectReason::kUnknownAccount, .check = "venue", .message = "the account is not open"},
                MarketNow());
  return nullptr;
}

void Engine::Open(const AccountId& id, const std::string& currency, Decimal cash) {
  venue_.OpenAccount(id, currency, cash);
  if (auto told = told_.find(id); told != told_.end()) venue_.GoOnAfter(id, told->second);
}

// Of the running second.
std::int64_t Engine::SentInSecond(const AccountId& account) {
  std::int64_t second = clock_.MonotonicNanos() / kSecondNs;
  if (second != sent_second_) {
    sent_.clear();
    sent_second_ = second;
  }
  auto sent = sent_.find(account);
  return sent == sent_.end() ? 0 : sent->second;
}

void Engine::StepMarket() {
  std::optional<market::MarketStep> step = source_->Step(clock_.Now());
  if (!step) {
    end_of_data_ = true;
    TellEnd();
    return;
  }
  step_ = std::move(*step);
  market_time_ = step_.time;
  step_made_ns_ = clock_.MonotonicNanos();
  step_unsaved_ = exact();
  steps_.Increment();
  for (const Quote& quote : step_.quotes) {
    venue_.OnQuote(quote, market_time_);
    redis_.HashSet("ballast:quotes", quote.symbol.value(),
                   quote.bid_price.ToString() + " " + quote.ask_price.ToString() + " " + quote.last_price.ToString() +
                       " " + std::to_string(quote.quote_time.nanos));
  }
  venue_.Expire(market_time_);
  TellSkipped();
  for (const Bar& bar : step_.bars) {
    if (bar.timeframe != "1s") unsaved_bars_.push_back(bar);
  }
  CommitAndTell();            // executions of this step before the step itself
  if (step_unsaved_) return;  // it could not be stored and the process ends: nobody may hear of it
  step_heads_.clear();
  for (const auto& [id, ledger] : venue_.ledgers()) step_heads_[id.value()] = ledger.execution_sequence;
  if (lockstep()) gate_.Begin(step_.number);
  TellStep();
}

broker::v1::StreamMarketDataResponse Engine::StepHead() const {
  broker::v1::StreamMarketDataResponse head;
  head.set_step(step_.number);
  wire::ToProto(market_time_, head.mutable_market_time());
  for (const auto& [account, sequence] : step_heads_) (*head.mutable_execution_sequences())[account] = sequence;
  return head;
}

broker::v1::StreamMarketDataResponse Engine::StepFor(const Subscriber& subscriber, Quotes quotes, bool bars) const {
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

void Engine::TellSkipped() {
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

void Engine::FillBook(const Symbol& symbol, broker::v1::GetBookResponse* book) const {
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
void Engine::TellStep() {
  last_told_ns_ = clock_.MonotonicNanos();
  for (const Subscriber& subscriber : subscribers_) {
    if (!subscriber.lockstep) subscriber.sender->Push(StepFor(subscriber, Quotes::kNotStale, true));
  }
}

// To those it waits for. All quotes: whoever is here for the first time knows none.
void Engine::TellDue() {
  for (LockstepGate::Connection connection : gate_.TakeDue()) {
    for (const Subscriber& subscriber : subscribers_) {
      if (subscriber.connection != connection) continue;
      broker::v1::StreamMarketDataResponse step = StepFor(subscriber, Quotes::kAll, true);
      step.set_lockstep(true);
      subscriber.sender->Push(std::move(step));
    }
  }
}

void Engine::TellEnd() {
  log_.Info("market.end_of_data", {{"step", std::to_string(step_.number)}, {"market_time", market_time_.ToString()}});
  for (const Subscriber& subscriber : subscribers_) {
    broker::v1::StreamMarketDataResponse end = StepHead();
    end.set_lockstep(subscriber.lockstep);
    end.set_end_of_data(true);
    subscriber.sender->Push(std::move(end));
  }
}

// A slow replay's minute is long: the quotes still stand, and who watches their age hears so.
void Engine::KeepAlive() {
  last_told_ns_ = clock_.MonotonicNanos();
  if (end_of_data_ || step_.number == 0) return;
  for (const Subscriber& subscriber : subscribers_) {
    broker::v1::StreamMarketDataResponse again = StepFor(subscriber, Quotes::kNotStale, false);
    wire::ToProto(MarketNow(), again.mutable_market_time());
    subscriber.sender->Push(std::move(again));
  }
}

void Engine::FillStatus(broker::v1::GetMarketStatusResponse* response) const {
  response->set_source(options_.source);
  wire::ToProto(MarketNow(), response->mutable_market_time());
  response->set_step(step_.number);
  response->set_speed(options_.speed.ToString());
  if (options_.source == "simulated") response->set_seed(options_.seed);
  response->set_running(!end_of_data_ && (!lockstep() || gate_.Running()));
  response->set_end_of_data(end_of_data_);
  response->set_progress(source_->progress());
  UtcTime now = MarketNow();
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

bool Engine::stores() const {
  std::int64_t since = storing_since_ns_.load();
  return since == 0 || clock_.MonotonicNanos() - since < kSecondNs;
}

bool Engine::Store(const SqlBatch& rows) {
  std::chrono::milliseconds pause(20);
  std::int64_t begun = clock_.MonotonicNanos();
  storing_since_ns_ = begun;
  while (true) {
    absl::Status status = store_.Append(rows);
    // In doubt: the same rows again are refused when they are there, which is then the good answer.
    if (status.ok() || absl::IsAlreadyExists(status)) break;
    log_.Error("broker.commit_failed", {{"error", status.ToString()}});
    if (absl::IsFailedPrecondition(status) || absl::IsInternal(status)) {
      fail_(status.ToString());
      inbox_.Close();
      return false;
    }
    // Nobody was told of it, so it has not happened: the process may end without it, and does not hang for it.
    if (inbox_.closed() && clock_.MonotonicNanos() - begun > kSecondNs) return false;
    storage_problem_ = MessageOf(status);
    // The switch does not wait for the storage: what is cancelled now is stored with the next rows.
    Kill();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
  }
  storage_problem_.clear();
  storing_since_ns_ = 0;
  return true;
}

void Engine::CommitAndTell() {
  paper::Changes changes = venue_.TakeChanges();
  if (!changes.empty() || step_unsaved_) {
    market::SourceState state;
    if (step_unsaved_) state = source_->state();
    static const std::vector<Bar> kNoBars;
    std::vector<broker::v1::ExecutionReport> reports(changes.executions.size());
    for (std::size_t i = 0; i < reports.size(); ++i) ToProto(changes.executions[i], &reports[i]);
    // Made once: while they are tried again the venue may go on cancelling.
    if (!Store(BrokerStore::Rows(reports, venue_, changes, step_unsaved_ ? &state : nullptr,
                                 step_unsaved_ ? unsaved_bars_ : kNoBars))) {
      return;
    }
    if (step_unsaved_) unsaved_bars_.clear();
    step_unsaved_ = false;
    for (const broker::Execution& execution : changes.executions) {
      gate_.Told(execution.account_id.value(), execution.execution_sequence);
    }
    executions_.Add(static_cast<double>(changes.executions.size()));
    TellExecutions(std::move(reports));
  }
  std::vector<std::function<void()>> actions = std::move(after_commit_);
  after_commit_.clear();
  for (auto& action : actions) action();
}

void Engine::TellExecutions(std::vector<broker::v1::ExecutionReport> reports) {
  std::map<std::shared_ptr<OrderSender>, broker::v1::OrderSessionResponse> told;
  for (broker::v1::ExecutionReport& report : reports) {
    if (std::shared_ptr<OrderSender> session = sessions_.Of(AccountId(report.account_id())))
      *told[session].mutable_reports()->add_reports() = std::move(report);
  }
  for (auto& [session, response] : told) {
    if (session->Push(std::move(response))) continue;
    sessions_.Lose(session);
    SessionsChanged();
  }
}

void Engine::SaveMarket() {
  last_save_ns_ = clock_.MonotonicNanos();
  absl::Status status = store_.SaveMarket(source_->state(), unsaved_bars_);
  if (status.ok()) {
    unsaved_bars_.clear();
  } else {
    log_.Warning("market.save_failed", {{"error", status.ToString()}});
    constexpr std::size_t kUnsavedMax = 20'000;
    if (unsaved_bars_.size() > kUnsavedMax)
      unsaved_bars_.erase(unsaved_bars_.begin(), unsaved_bars_.end() - kUnsavedMax);
  }
}

}  // namespace ballast
