#include "services/broker_gateway/engine.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kBatchMax = 500;
constexpr std::size_t kInstructionBytes = 1'024;
constexpr std::size_t kCallBytes = 256;
constexpr std::int64_t kSaveNs = 1'000'000'000;
constexpr int kResendPage = 500;
constexpr std::int64_t kSecondNs = 1'000'000'000;

// The account an instruction is about.
const std::string& AccountOf(const broker::v1::OrderSessionRequest& request) {
  if (request.has_new_order()) return request.new_order().order().account_id();
  if (request.has_cancel()) return request.cancel().account_id();
  if (request.has_reduce()) return request.reduce().account_id();
  if (request.has_replace()) return request.replace().account_id();
  if (request.has_resolve()) return request.resolve().account_id();
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
      committer_(clock),
      venue_({}, options_.paper),
      feed_(options_, venue_, clock, log, metrics),
      desks_(options_.brokers, venue_, [this] { return feed_.Now(); },
             {.faults = options_.faults,
              .settings = options_.broker_settings,
              .wake = [this] { inbox_.Wake(); },
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

// Many rows, on a machine that starts everything else too; what is there already stays as it is.
bool Engine::SavePast() {
  if (past_.empty()) return true;
  using Outcome = runtime::Committer::Outcome;
  Outcome outcome = committer_.Try({.append = [this] { return store_.SaveMarket(feed_.State(), past_); },
                                    .on_failure =
                                        [this](const absl::Status& status, int) {
                                          log_.Warning("market.past_not_saved", {{"error", status.ToString()}});
                                        }},
                                   inbox_.closed());
  if (outcome == Outcome::kDurable) {
    storing_since_ns_ = 0;
    past_.clear();
    past_.shrink_to_fit();
    return true;
  }
  if (storing_since_ns_ == 0) storing_since_ns_ = clock_.MonotonicNanos();
  if (outcome == Outcome::kLater) return false;
  dead_ = true;
  if (!absl::IsCancelled(committer_.status())) fail_(committer_.status().ToString());
  return false;
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

namespace {

broker::Trade TradeOf(const broker::Execution& execution) {
  return {.order_id = execution.order_id,
          .broker_order_id = execution.broker_order_id,
          .root_id = execution.execution_id,
          .symbol = execution.symbol,
          .side = execution.side,
          .quantity = execution.last_quantity,
          .price = execution.last_price,
          .fee = execution.fee,
          .fee_currency = execution.fee_currency,
          .maker = execution.maker,
          .time = execution.transact_time};
}

}  // namespace

bool Engine::TellTrades(const AccountId& account, std::vector<paper::NumberedTrade> trades,
                        std::function<void(std::vector<std::uint64_t>)> done) {
  return inbox_.Post(kQuestions, kInstructionBytes * (trades.size() + 1),
                     [this, account, trades = std::move(trades), done = std::move(done)] {
                       std::vector<std::uint64_t> told;
                       for (const paper::NumberedTrade& trade : trades) {
                         if (dead_ || !told_late_.insert({account, trade.number}).second) continue;
                         log_.Warning("broker.trade_told_late", {{"account", account.value()},
                                                                 {"execution", trade.execution.execution_id.value()},
                                                                 {"order", trade.execution.order_id.value()}});
                         desks_.HearTrade(account, TradeOf(trade.execution));
                         told.push_back(trade.number);
                       }
                       after_commit_.push_back([told = std::move(told), done] { done(told); });
                     });
}

bool Engine::Plant(broker::v1::PlantPaperFaultRequest request, std::function<void(absl::Status)> done) {
  return inbox_.Post(kQuestions, kInstructionBytes, [this, request = std::move(request), done = std::move(done)] {
    absl::Status planted = faults_.Plant(request, venue_, feed_.Now());
    after_commit_.push_back([planted, done] { done(planted); });
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
  return held.cancel_all && !IsEmergencyReduction(order) && !reductions_.contains(order.order_id);
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
    if (IsTerminal(desks_.Find(account, id)->status)) continue;
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

void Engine::Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderSender>& session) {
  if (dead_) return;
  if (request.has_hello()) {
    Hello(request.hello(), session);
    return;
  }
  if (!sessions_.Knows(session)) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "say hello first"));
    return;
  }
  if (request.has_batch()) {
    for (const broker::v1::OrderSessionRequest& instruction : request.batch().instructions()) {
      if (kill_.version() != killed_version_) Kill();
      if (instruction.has_hello() || instruction.has_batch())
        Quarantine(instruction, absl::InvalidArgumentError("a batch holds neither a hello nor a batch"));
      else
        Handle(instruction, session);
    }
    return;
  }
  if (request.message_case() == broker::v1::OrderSessionRequest::MESSAGE_NOT_SET) {
    Quarantine(request, absl::InvalidArgumentError("the message is none that this version knows"));
    return;
  }
  if (request.has_permission()) {
    Permit(request.permission(), session);
    return;
  }
  if (!sessions_.Holds(session, AccountId(AccountOf(request)))) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "another session has taken over"));
    return;
  }
  if (request.has_new_order()) {
    New(request.new_order());
  } else if (request.has_cancel()) {
    desks_.Cancel(AccountId(request.cancel().account_id()), OrderId(request.cancel().order_id()));
  } else if (request.has_reduce()) {
    auto quantity = wire::FromProto(request.reduce().quantity(), "quantity");
    if (!quantity.ok()) {
      Quarantine(request, quantity.status());
      return;
    }
    desks_.Reduce(AccountId(request.reduce().account_id()), {.order_id = OrderId(request.reduce().order_id()),
                                                             .quantity = *quantity,
                                                             .why = wire::FromProto(request.reduce().rejection())});
  } else if (request.has_replace()) {
    auto terms = wire::FromProto(request.replace().replacement());
    if (terms.ok())
      Replace(request.replace(), *terms);
    else
      Quarantine(request, terms.status());
  } else if (request.has_resolve()) {
    Resolve(request.resolve());
  } else if (request.has_open_account()) {
    auto cash = wire::FromProto(request.open_account().opening_cash(), "opening_cash");
    if (cash.ok()) {
      Open(AccountId(request.open_account().account_id()), request.open_account().currency(), *cash,
           request.open_account().broker());
    } else {
      Quarantine(request, cash.status());
    }
  } else if (request.has_acknowledge()) {
    feed_.gate().Durable(request.acknowledge().account_id(), request.acknowledge().execution_sequence());
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
  ready.mutable_ready()->set_takes_batches(true);
  ready.mutable_ready()->set_wants_permission(hello.grants_permission());
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
    feed_.gate().Told(account, ledger->execution_sequence);
    feed_.gate().Durable(account, after);
    (*ready.mutable_ready()->mutable_head_execution_sequences())[account] = ledger->execution_sequence;
    for (const OrderId& id : desks_.Out(AccountId(account))) {
      broker::v1::UnansweredOrder& out = *ready.mutable_ready()->add_unanswered();
      out.set_account_id(account);
      out.set_order_id(id.value());
    }
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
  sessions_.Open(session, hello.epoch(), std::move(accounts), hello.grants_permission());
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
  if (venue_.FindLedger(account) != nullptr) desks_.GoOnAfter(account, after);
  feed_.gate().Told(account.value(), after);
  feed_.gate().Durable(account.value(), after);
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
    desks_.Refuse(unreadable,
                  {.reason = RejectReason::kMalformed, .check = "decode", .message = MessageOf(order.status())});
    return;
  }
  if (desks_.IsOut(order->account_id, order->order_id)) return;  // nobody knows yet what became of it
  if (desks_.Find(order->account_id, order->order_id) != nullptr)
    return;  // its reports are stored and were sent or will be resent
  bool too_old = clock_.Now() - SentFrom(*order) > Duration::Millis(options_.last_check.intent_age_ms_max);
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
  if (options_.faults && order->mode == AccountMode::kLive) {
    desks_.Refuse(*order, {.reason = RejectReason::kGatewayCheck,
                           .check = "paper_faults",
                           .message = "this gateway is set up to fail on purpose: nothing LIVE leaves it"});
    return;
  }
  std::optional<KillCommand> held = kill_.Held(order->account_id);
  const LastCheck::Facts facts = FactsOf(*order, *ledger, held);
  if (std::optional<Rejection> refusal = options_.last_check.Refusal(*order, facts)) {
    desks_.Refuse(*order, *refusal);
  } else {
    if (held) reductions_.insert(order->order_id);
    desks_.Submit(*order);
    ++sent_[order->account_id];
  }
}

void Engine::Resolve(const broker::v1::ResolveInstruction& request) {
  log_.Critical("broker.order_resolved", {{"account", request.account_id()},
                                          {"order", request.order_id()},
                                          {"broker_order_id", request.broker_order_id()},
                                          {"actor", request.actor()},
                                          {"reason", request.reason()}});
  desks_.Resolve(AccountId(request.account_id()), OrderId(request.order_id()), request.broker_order_id(),
                 request.actor() + ": " + request.reason());
}

LastCheck::Facts Engine::FactsOf(const Order& order, const paper::Ledger& ledger,
                                 const std::optional<KillCommand>& held) {
  auto position = ledger.positions.find(order.symbol);
  return {.quote = venue_.FindQuote(order.symbol),
          .position = position == ledger.positions.end() ? Decimal() : position->second,
          .now = clock_.Now(),
          .sent_in_second = SentInSecond(order.account_id),
          .sent_to_venue_in_second = SentToVenueInSecond(),
          .kill_command = held ? &held->command_id : nullptr,
          .kill_settled = settled_.contains(order.account_id),
          .unpermitted_ms = UnpermittedMillis(order.account_id)};
}

std::optional<std::int64_t> Engine::UnpermittedMillis(const AccountId& account) const {
  std::optional<std::int64_t> since = sessions_.UnpermittedNs(account, clock_.MonotonicNanos());
  return since ? std::optional(*since / 1'000'000) : std::nullopt;
}

void Engine::Permit(const broker::v1::TradePermission& permission, const std::shared_ptr<OrderSender>& session) {
  constexpr std::int64_t kValidMsMax = 60'000;
  if (permission.valid_ms() < 1 || permission.valid_ms() > kValidMsMax) return;
  // What waited in a pipe while one side stood still was true then.
  std::int64_t age_ms = (clock_.Now() - wire::FromProto(permission.issue_time())).nanos / 1'000'000;
  std::int64_t left_ms = permission.valid_ms() - std::max<std::int64_t>(age_ms, 0);
  if (left_ms > 0) sessions_.Permit(session, clock_.MonotonicNanos() + left_ms * 1'000'000);
}

// The terms the order is to have pass the same last check as a new order would.
void Engine::Replace(const broker::v1::ReplaceInstruction& request, const Replacement& terms) {
  const AccountId account(request.account_id());
  const OrderId id(request.order_id());
  const Order* present = desks_.Find(account, id);
  const paper::Ledger* ledger = venue_.FindLedger(account);
  if (present == nullptr || ledger == nullptr || present->account_id != account) return;
  Order wanted = *present;
  wanted.quantity = terms.quantity.value_or(present->quantity) - present->cumulative_quantity;
  if (terms.limit_price) wanted.limit_price = terms.limit_price;
  if (terms.stop_price) wanted.stop_price = terms.stop_price;
  wanted.requested_quantity = Decimal();
  wanted.release_time = clock_.Now();
  std::optional<KillCommand> held = kill_.Held(account);
  std::optional<Rejection> refusal;
  if (wanted.quantity.IsPositive()) refusal = options_.last_check.Refusal(wanted, FactsOf(wanted, *ledger, held));
  if (refusal) {
    desks_.RefuseReplace(account, id, terms, *refusal);
  } else {
    desks_.Replace(account, id, terms);
    ++sent_[account];
  }
}

// Nothing that can be told of an account comes before it is open, so an order for one that is not opens it to be
// refused: unanswered, it would be on its way for ever.
const paper::Ledger* Engine::LedgerFor(const Order& order) {
  Rejection why{.reason = RejectReason::kUnknownAccount, .check = "venue", .message = "the account is not open"};
  if (auto other = not_joined_.find(order.account_id); other != not_joined_.end()) {
    why = other->second;
  } else if (const paper::Ledger* ledger = venue_.FindLedger(order.account_id)) {
    if (!ledger->currency.empty()) return ledger;
  }
  log_.Critical("broker.unknown_account", {{"account", order.account_id.value()}, {"order", order.order_id.value()}});
  if (venue_.FindLedger(order.account_id) == nullptr) Open(order.account_id, "", Decimal(), "");
  desks_.Refuse(order, why);
  return nullptr;
}

void Engine::Open(const AccountId& id, const std::string& currency, Decimal cash, const std::string& broker) {
  // Without a currency it is opened to refuse what comes for it.
  std::optional<Rejection> why = currency.empty() ? std::nullopt : desks_.Join(id, broker);
  if (why) {
    log_.Critical("broker.account_not_opened", {{"account", id.value()}, {"error", why->message}});
    not_joined_[id] = *why;
    return;
  }
  if (!currency.empty()) not_joined_.erase(id);
  venue_.OpenAccount(id, currency, cash);
  if (auto told = told_.find(id); told != told_.end()) desks_.GoOnAfter(id, told->second);
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

std::int64_t Engine::SentToVenueInSecond() const {
  std::int64_t all = 0;
  for (const auto& [account, sent] : sent_) all += sent;
  return all;
}

void Engine::StepMarket() {
  const market::MarketStep* step = feed_.Step();
  if (step == nullptr) return;
  for (const Quote& quote : step->quotes) {
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

bool Engine::stores() const {
  std::int64_t since = storing_since_ns_.load();
  return since == 0 || clock_.MonotonicNanos() - since < kSecondNs;
}

bool Engine::CommitAndTell() {
  if (dead_) return false;
  if (Collect()) return Settle();
  Tell();
  return true;
}

bool Engine::Collect() {
  paper::Changes changes = venue_.TakeChanges();
  if (options_.test_faces) faults_.Swallow(changes);
  changes.executions = desks_.Hear(changes);
  bool step = feed_.unsaved();
  VenueDesks::Kept kept = desks_.TakeKept();
  VenueDesks::Brokers joined = desks_.TakeJoined();
  if (changes.empty() && !step && kept.empty() && joined.empty()) return false;
  Storing storing;
  storing.reports.resize(changes.executions.size());
  for (std::size_t i = 0; i < storing.reports.size(); ++i) ToProto(changes.executions[i], &storing.reports[i]);
  // Made once: while they are tried again the venue may go on cancelling.
  storing.rows = CommitOf(storing.reports, venue_, changes);
  storing.rows.kept = std::move(kept);
  storing.rows.joined = std::move(joined);
  if (step) {
    storing.rows.market = feed_.State();
    storing.rows.bars = feed_.unsaved_bars();
  }
  storing.changes = std::move(changes);
  storing.step = step;
  storing_ = std::move(storing);
  storing_since_ns_ = clock_.MonotonicNanos();
  return true;
}

// Executions have numbers that nobody else gives; other rows are written over what is there.
absl::StatusOr<runtime::Stored> Engine::Look() {
  if (storing_->reports.empty()) return runtime::Stored::kNothing;
  const broker::v1::ExecutionReport& ours = storing_->reports.back();
  ASSIGN_OR_RETURN(auto there, store_.LoadExecutions(AccountId(ours.account_id()), ours.execution_sequence() - 1, 1));
  if (there.empty() || there[0].execution_sequence() != ours.execution_sequence()) return runtime::Stored::kNothing;
  bool same = there[0].execution_id() == ours.execution_id() && there[0].order_id() == ours.order_id() &&
              there[0].type() == ours.type();
  return same ? runtime::Stored::kThis : runtime::Stored::kAnother;
}

bool Engine::Settle() {
  using Outcome = runtime::Committer::Outcome;
  Outcome outcome = committer_.Try({.append = [this] { return store_.Append(storing_->rows); },
                                    .look = [this] { return Look(); },
                                    .on_failure =
                                        [this](const absl::Status& status, int) {
                                          log_.Error("broker.commit_failed", {{"error", status.ToString()}});
                                          storage_problem_ = MessageOf(status);
                                        }},
                                   inbox_.closed());
  if (outcome == Outcome::kLater) return false;
  if (outcome == Outcome::kNever) {
    // Nobody was told of it, so it has not happened.
    dead_ = true;
    storing_.reset();
    if (!absl::IsCancelled(committer_.status())) fail_(committer_.status().ToString());
    return false;
  }
  storage_problem_.clear();
  storing_since_ns_ = 0;
  Storing stored = *std::exchange(storing_, std::nullopt);
  if (stored.step) feed_.Saved();
  for (const broker::Execution& execution : stored.changes.executions) {
    feed_.gate().Told(execution.account_id.value(), execution.execution_sequence);
  }
  executions_.Add(static_cast<double>(stored.changes.executions.size()));
  TellExecutions(std::move(stored.reports));
  Tell();
  return true;
}

// What waited for the commit: executions of a step come before the step itself.
void Engine::Tell() {
  desks_.SendStored();
  if (std::exchange(publish_, false)) feed_.Publish();
  for (auto& action : std::exchange(after_commit_, {})) action();
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
  absl::Status status = store_.SaveMarket(feed_.State(), feed_.unsaved_bars());
  if (status.ok()) {
    feed_.Saved();
    return;
  }
  log_.Warning("market.save_failed", {{"error", status.ToString()}});
  feed_.NotSaved();
}

}  // namespace ballast
