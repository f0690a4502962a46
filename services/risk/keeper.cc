#include "services/risk/keeper.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/arena.h>

#include "libs/base/absl_std.h"
#include "libs/risk/derisk.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::int64_t kReservationNs = 5'000'000'000;
constexpr std::int64_t kRateWindowNs = 1'000'000'000;
// What is stored of an account is as long as its open orders; so many events for each of them, and never fewer than the
// least, and the storing is lost in what they cost themselves.
constexpr std::uint64_t kEventsBetweenSaves = 1'000;
constexpr std::uint64_t kEventsPerOpenOrder = 8;

// Both answers carry the same fields for what would have passed.
template <typename Answer>
void TellPassable(const std::optional<risk::PassableQuantity>& quantity,
                  const std::optional<risk::PassablePrices>& prices, Answer* answer) {
  if (quantity) {
    answer->set_passable_quantity(quantity->quantity.ToString());
    answer->set_passable_quantity_check(quantity->check);
  }
  if (prices && prices->limit_price) answer->set_passable_limit_price(prices->limit_price->ToString());
  if (prices && prices->stop_price) answer->set_passable_stop_price(prices->stop_price->ToString());
}

// Own switches are pulled by somebody who knows; what they refuse is no sign of anything.
bool IsVenuesNo(const Order& order) {
  RejectReason reason = order.rejection ? order.rejection->reason : RejectReason::kUnspecified;
  return reason != RejectReason::kKillSwitch && reason != RejectReason::kAccountHalted &&
         reason != RejectReason::kBrokerUnavailable;
}

// Each rule once, however many deployments or positions it was tripped by.
void AddNames(const BreakerChanges& changes, std::vector<std::string>* names) {
  for (const auto& [key, block] : changes) {
    if (std::find(names->begin(), names->end(), key.rule) == names->end()) names->push_back(key.rule);
  }
}

// How late a step came. A replay's time is not the clock's: nothing can be told of it.
std::optional<std::int64_t> StepDelayMillis(const RiskKeeper::Step& step, UtcTime now) {
  constexpr Duration kSameTime = Duration::Seconds(3'600);
  if (step.lockstep || step.market_time.nanos == 0) return std::nullopt;
  Duration delay = now - step.market_time;
  if (delay > kSameTime || delay < Duration{-kSameTime.nanos}) return std::nullopt;
  return std::max<std::int64_t>(delay.nanos, 0) / 1'000'000;
}

}  // namespace

RiskKeeper::RiskKeeper(RiskStore& store, const Clock& clock, Logger& log, Metrics& metrics,
                       ledger::DayBoundary boundary)
    : store_(store),
      clock_(clock),
      log_(log),
      calendar_(boundary),
      stopped_("risk", log, metrics),
      market_{.board = ledger::MarkBoard(boundary)},
      reserves_(metrics.GetCounter("ballast_risk_reserves_total", "reservations asked for", {})),
      refusals_(metrics.GetCounter("ballast_risk_refusals_total", "reservations refused", {})),
      reserve_seconds_(metrics.GetSeconds("ballast_risk_reserve_seconds", "deciding one reservation", {})) {}

absl::Status RiskKeeper::Recover() {
  ASSIGN_OR_RETURN(auto limits, store_.LoadLimits());
  ASSIGN_OR_RETURN(auto sets, store_.LoadLimitSets());
  ASSIGN_OR_RETURN(auto marks, store_.LoadMarks());
  ASSIGN_OR_RETURN(auto closes, store_.LoadCloses());
  ASSIGN_OR_RETURN(auto exposures, store_.LoadExposures());
  ASSIGN_OR_RETURN(auto rules, store_.LoadBreakerRules());
  ASSIGN_OR_RETURN(auto breakers, store_.LoadBreakers());
  MutexLock save_lock(save_mutex_);
  MutexLock lock(mutex_);
  for (auto& [id, kept] : exposures) {
    auto mark = marks.find(id);
    // Without its marks it cannot be taken up in the middle.
    if (mark == marks.end()) continue;
    saved_sequences_[id] = kept.snapshot.applied_sequence;
    executions_[id] = kept.execution_sequence;
    risk::Exposure& exposure = accounts_[id];
    exposure.Restore(std::move(kept.snapshot));
    exposure.baseline = mark->second.baseline;
    exposure.latches = mark->second.latches;
    unverified_.insert(id);
  }
  for (auto& [id, own] : limits) limits_.SetAccount(id, std::move(own));
  for (risk::LimitSet& set : sets) limits_.Set(std::move(set));
  EndOverrides();
  stored_marks_ = std::move(marks);
  market_.board.Restore(std::move(closes));
  breakers_.Restore(std::move(rules), std::move(breakers));
  return absl::OkStatus();
}

void RiskKeeper::SetInstruments(std::vector<Instrument> instruments) {
  MutexLock lock(mutex_);
  market_.instruments.clear();
  for (Instrument& instrument : instruments) market_.instruments[instrument.symbol] = instrument;
}

std::int64_t RiskKeeper::AgeNow() { return lockstep_ ? market_time_.nanos : clock_.MonotonicNanos(); }

bool RiskKeeper::OnStep(const Step& step) {
  bool save = false;
  {
    MutexLock lock(mutex_);
    if (!TakeStep(step)) return false;
    save = step.lockstep && save_now_;
  }
  // The market waits in lockstep: a day can be over before the next second is.
  if (save) Tick();
  return true;
}

bool RiskKeeper::TakeStep(const Step& step) {
  auto behind = [&]() REQUIRES(mutex_) {
    for (const auto& [account, sequence] : step.execution_sequences) {
      if (stopped_.Holds(account.value())) continue;
      auto applied = executions_.find(account);
      if (sequence > 0 && (applied == executions_.end() || applied->second < sequence)) return true;
    }
    return false;
  };
  while (step.lockstep && !stopping_ && behind()) applied_.Wait(mutex_);
  if (stopping_) return false;
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
  breakers_.OnStepDelay(StepDelayMillis(step, clock_.Now()));
  MarkAll();
  return true;
}

void RiskKeeper::StopWaiting() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  applied_.NotifyAll();
}

void RiskKeeper::OnMarketLost() {
  // Nothing to do: quotes grow old by themselves, and old quotes refuse.
  log_.Warning("market.stream_lost", {});
}

void RiskKeeper::OnSession(const risk::v1::RiskSessionRequest& request, const std::shared_ptr<Sender>& sender) {
  MutexLock lock(mutex_);
  if (request.has_hello()) {
    Hello(request.hello(), sender);
    return;
  }
  Session* session = sessions_.Find(sender);
  if (session == nullptr) {
    sender->Close(grpc::Status(grpc::FAILED_PRECONDITION, "say hello first"));
    return;
  }
  (void)Take(*session, request);
}

void RiskKeeper::Hello(const risk::v1::SessionHello& hello, const std::shared_ptr<Sender>& sender) {
  Session* session = sessions_.Admit(hello, sender);
  if (session == nullptr) {
    sender->Close(grpc::Status(grpc::FAILED_PRECONDITION, "a newer order manager is known"));
    return;
  }
  risk::v1::RiskSessionResponse response;
  response.mutable_ready();
  for (const AccountId& account : session->accounts) {
    replayed_.erase(account);
    auto exposure = accounts_.find(account);
    std::uint64_t applied = exposure == accounts_.end() ? 0 : exposure->second.applied_sequence();
    if (unverified_.contains(account)) --applied;  // the newest of them once more
    (*response.mutable_ready()->mutable_applied_sequences())[account.value()] = applied;
  }
  sender->Push(std::move(response));
}

void RiskKeeper::End(const std::shared_ptr<Sender>& sender, const grpc::Status& why) {
  std::shared_ptr<Sender> kept = sender;  // may be the session's own
  for (const AccountId& account : sessions_.Remove(kept)) replayed_.erase(account);
  kept->Close(why);
}

bool RiskKeeper::Holds(Session& session, const AccountId& account) {
  SessionBoard::Hold hold = sessions_.Claim(session, account);
  if (hold == SessionBoard::Hold::kNew && session.replayed && !stopped_.Holds(account.value())) {
    replayed_.insert(account);
  }
  return hold != SessionBoard::Hold::kNo;
}

bool RiskKeeper::Take(Session& session, const risk::v1::RiskSessionRequest& request) {
  if (request.has_batch()) return TakeBatch(session, request.batch());
  if (request.has_events()) {
    for (const order::v1::OrderEvent& event : request.events().events()) {
      if (!Apply(session, event)) return false;
    }
  } else if (request.has_replayed()) {
    return OnReplayed(session);
  } else if (request.has_reserve()) {
    if (!Holds(session, AccountId(request.reserve().order().account_id()))) {
      return Refuse(session, request.reserve().order().account_id());
    }
    // Nothing is reserved before everything committed was sent.
    if (!OnReplayed(session)) return false;
    risk::v1::RiskSessionResponse response;
    Reserve(session, request.reserve(), response.mutable_reserve_result());
    session.sender->Push(std::move(response));
  } else if (request.has_void_()) {
    if (Holds(session, AccountId(request.void_().account_id()))) Void(request.void_());
  }
  return true;
}

bool RiskKeeper::TakeBatch(Session& session, const risk::v1::SessionBatch& batch) {
  for (const std::string& bytes : batch.events()) {
    if (!ApplyBytes(session, bytes)) return false;
  }
  for (const risk::v1::Void& request : batch.voids()) {
    if (Holds(session, AccountId(request.account_id()))) Void(request);
  }
  if (batch.reserves().empty()) return true;
  for (const risk::v1::Reserve& request : batch.reserves()) {
    if (!Holds(session, AccountId(request.order().account_id()))) return Refuse(session, request.order().account_id());
  }
  if (!OnReplayed(session)) return false;
  risk::v1::RiskSessionResponse response;
  for (const risk::v1::Reserve& request : batch.reserves()) {
    Reserve(session, request, response.mutable_reserve_results()->add_results());
  }
  session.sender->Push(std::move(response));
  return true;
}

void RiskKeeper::Void(const risk::v1::Void& request) {
  auto account = accounts_.find(AccountId(request.account_id()));
  if (account != accounts_.end()) account->second.Void(OrderId(request.order_id()));
}

void RiskKeeper::SeeExecution(const AccountId& account, std::uint64_t sequence) {
  std::uint64_t& executions = executions_[account];
  executions = std::max(executions, sequence);
  applied_.NotifyAll();
}

bool RiskKeeper::ApplyBytes(Session& session, const std::string& bytes) {
  std::optional<wire::EventHeader> header = wire::ReadHeader(bytes);
  if (!header) {
    // Bytes that are no message: of the session's one account, or of nobody knows which.
    if (session.accounts.size() != 1) return Lose(session, "", 0);
    const AccountId id = *session.accounts.begin();
    return StopAccount(id, accounts_[id].applied_sequence() + 1, "its bytes are no message");
  }
  if (stopped_.Holds(std::string(header->account_id))) return true;
  if (!risk::MayMatter(header->type)) {
    AccountId id{std::string(header->account_id)};
    if (!Holds(session, id)) return Refuse(session, id.value());
    risk::Exposure& exposure = accounts_[id];
    if (!Verify(session, id, header->sequence, header->event_time, header->type)) return false;
    if (header->sequence <= exposure.applied_sequence()) return true;
    if (!exposure.Skip(header->sequence, header->event_time, header->type))
      return Lose(session, id.value(), header->sequence);
    SeeExecution(id, header->execution_sequence);
    return true;
  }
  google::protobuf::Arena arena;
  auto* event = google::protobuf::Arena::CreateMessage<order::v1::OrderEvent>(&arena);
  if (!event->ParseFromString(bytes)) {
    AccountId id{std::string(header->account_id)};
    if (!Holds(session, id)) return Refuse(session, id.value());
    return StopAccount(id, header->sequence, "its bytes are no event");
  }
  return Apply(session, *event);
}

bool RiskKeeper::Apply(Session& session, const order::v1::OrderEvent& proto) {
  auto event = wire::FromProto(proto);
  AccountId id(proto.account_id());
  if (!Holds(session, id)) return Refuse(session, proto.account_id());
  if (stopped_.Holds(id.value())) return true;
  if (!event.ok()) return StopAccount(id, proto.sequence(), MessageOf(event.status()));
  risk::Exposure& exposure = accounts_[id];
  if (!Verify(session, id, event->sequence, event->event_time, event->type)) return false;
  if (event->sequence <= exposure.applied_sequence()) return true;
  // A fill of a later day ends the day before it: what was held then is what is held before it is booked.
  bool timed =
      event->sequence == exposure.applied_sequence() + 1 && event->fill && event->fill->transact_time.nanos != 0;
  if (timed) {
    std::int64_t day = calendar_.DayOf(event->fill->transact_time);
    if (day > exposure.baseline.day) StartDay(id, exposure, day);
  }
  if (!exposure.Apply(*event)) return Lose(session, proto.account_id(), proto.sequence());
  SeeExecution(id, event->execution_sequence);
  if (event->type == OrderEventType::kAccountOpened) {
    auto mark = stored_marks_.find(event->account_id);
    if (mark != stored_marks_.end()) {
      exposure.baseline = mark->second.baseline;
      exposure.latches = mark->second.latches;
    }
  }
  if (!replayed_.contains(id)) return true;
  if (event->fill) Observe(id, exposure);
  if (event->type == OrderEventType::kRejected && event->order && IsVenuesNo(*event->order) && !exposure.halted())
    breakers_.OnRejected(id, event->order->deployment_id, AgeNow());
  // Whoever follows the answer learns it at once.
  bool answers = event->type == OrderEventType::kAccountHalted || event->type == OrderEventType::kAccountResumed;
  if (answers && wake_) wake_();
  return true;
}

bool RiskKeeper::StopAccount(const AccountId& account, std::uint64_t sequence, const std::string& why) {
  stopped_.Stop(account.value(), sequence, why);
  replayed_.erase(account);
  unverified_.erase(account);
  // A market that waits for its executions would wait for ever.
  applied_.NotifyAll();
  return true;
}

bool RiskKeeper::Lose(const Session& session, const std::string& account, std::uint64_t sequence) {
  log_.Error("risk.event_refused", {{"account", account}, {"sequence", std::to_string(sequence)}});
  End(session.sender, grpc::Status(grpc::DATA_LOSS, "events with a gap"));
  return false;
}

bool RiskKeeper::Verify(const Session& session, const AccountId& account, std::uint64_t sequence, UtcTime event_time,
                        OrderEventType type) {
  if (!unverified_.contains(account)) return true;
  if (!accounts_[account].IsNewest(sequence, event_time, type)) return Distrust(session, account);
  unverified_.erase(account);
  return true;
}

bool RiskKeeper::Distrust(const Session& session, const AccountId& account) {
  log_.Error("risk.stored_exposure_foreign", {{"account", account.value()},
                                              {"sequence", std::to_string(accounts_[account].applied_sequence())},
                                              {"action", "the log is read from its beginning"}});
  unverified_.erase(account);
  accounts_.erase(account);
  executions_.erase(account);
  End(session.sender, grpc::Status(grpc::DATA_LOSS, "what risk has stored is of another log"));
  return false;
}

bool RiskKeeper::Refuse(const Session& session, const std::string& account) {
  log_.Warning("risk.account_refused", {{"account", account}, {"epoch", std::to_string(session.epoch)}});
  End(session.sender, grpc::Status(grpc::FAILED_PRECONDITION, "another order manager writes account " + account));
  return false;
}

RiskKeeper::Verdict RiskKeeper::Check(const Order& order, std::optional<Decimal> anchor_price) {
  if (const std::string* why = stopped_.Why(order.account_id.value())) {
    return {.result = {.rejection =
                           Rejection{.reason = RejectReason::kRiskUnavailable, .check = "order_log", .message = *why}}};
  }
  auto account = accounts_.find(order.account_id);
  if (account == accounts_.end() || !account->second.opened()) {
    Rejection unknown{.reason = RejectReason::kUnknownAccount,
                      .check = "account",
                      .message = "risk knows nothing of account " + order.account_id.value()};
    return {.result = {.rejection = std::move(unknown)}};
  }
  std::int64_t now = AgeNow();
  auto& recent = account->second.recent_orders;
  while (!recent.empty() && now - recent.front().time_ns > kRateWindowNs) recent.pop_front();
  account->second.Expire(now);
  EndOverrides();
  const risk::LimitBook::Effective& effective = limits_.For(order.account_id, order.deployment_id, order.symbol);
  risk::PreTradeInput input{.order = order,
                            .limits = effective.limits,
                            .exposure = account->second,
                            .market = market_,
                            .now_ns = now,
                            .anchor_price = anchor_price,
                            .block = breakers_.BlockOf(order.account_id, order.deployment_id)};
  Verdict verdict{.result = CheckPreTrade(input)};
  if (!verdict.result.rejection) return verdict;
  TellLimitScope(effective, &*verdict.result.rejection);
  std::string& message = verdict.result.rejection->message;
  verdict.quantity = LargestPassableQuantity(input);
  if (verdict.quantity) {
    message += "; a quantity of " + verdict.quantity->quantity.ToString() + " would pass";
    // Otherwise it looks like the room this rule leaves.
    if (verdict.quantity->check != verdict.result.rejection->check)
      message += " (one lot more is refused by " + verdict.quantity->check + ")";
    return verdict;
  }
  verdict.prices = NearestPassablePrices(input);
  if (verdict.prices && verdict.prices->stop_price)
    message += "; a stop price of " + verdict.prices->stop_price->ToString() + " would pass";
  if (verdict.prices && verdict.prices->limit_price)
    message += "; a limit price of " + verdict.prices->limit_price->ToString() + " would pass";
  return verdict;
}

// What an order on the other side would trade at now, or at its limit where that is better for it. Nothing: there is no
// quote, and the full check says so.
std::optional<Decimal> RiskKeeper::MarketAnchor(const Order& order, std::optional<Decimal> limit) {
  auto quote = market_.quotes.find(order.symbol);
  if (quote == market_.quotes.end()) return limit;
  bool sell = order.side == Side::kSell;
  Decimal price = sell ? quote->second.ask_price : quote->second.bid_price;
  if (!price.IsPositive()) return limit;
  if (!limit) return price;
  return sell ? std::min(price, *limit) : std::max(price, *limit);
}

RiskKeeper::Verdict RiskKeeper::Judge(const risk::v1::Reserve& request, const Order& order) {
  auto account = accounts_.find(order.account_id);
  if (request.has_anchor_price()) {
    auto anchor = wire::FromProto(request.anchor_price(), "anchor_price");
    if (anchor.ok() && anchor->IsPositive())
      return Check(order, request.anchor_at_market() ? MarketAnchor(order, *anchor) : *anchor);
    return {.result = {.rejection = Rejection{.reason = RejectReason::kMalformed,
                                              .check = "decode",
                                              .message = "anchor_price: a price above zero expected"}}};
  }
  if (request.anchor_at_market()) return Check(order, MarketAnchor(order));
  if (!request.replaces() || account == accounts_.end()) return Check(order);
  std::optional<risk::PendingOrder> present = account->second.SetAside(order.order_id);
  Verdict verdict = Check(order);
  if (present) account->second.PutBack(order.order_id, *std::move(present));
  return verdict;
}

void RiskKeeper::Reserve(const Session& session, const risk::v1::Reserve& request, risk::v1::ReserveResult* answer) {
  std::int64_t started = clock_.MonotonicNanos();
  reserves_.Increment();
  answer->set_correlation_id(request.correlation_id());
  auto order = wire::FromProto(request.order());
  if (!order.ok()) {
    wire::ToProto(
        Rejection{.reason = RejectReason::kMalformed, .check = "decode", .message = MessageOf(order.status())},
        answer->mutable_rejection());
  } else {
    breakers_.OnAsked(order->account_id, order->deployment_id, AgeNow());
    Verdict verdict = Judge(request, *order);
    risk::PreTradeResult& result = verdict.result;
    if (session.takes_encoded_checks && !result.rejection) {
      wire::AppendChecks(result.checks, answer->mutable_encoded_checks());
    } else {
      for (const RiskCheck& check : result.checks) wire::ToProto(check, answer->add_checks());
    }
    if (result.rejection) {
      TellPassable(verdict.quantity, verdict.prices, answer);
      wire::ToProto(*result.rejection, answer->mutable_rejection());
    } else {
      answer->set_approved(true);
      risk::Exposure& exposure = accounts_[order->account_id];
      bool waits = request.has_anchor_price() || request.anchor_at_market();
      if (result.reduces && !waits) {
        for (const OrderId& id : OwnOrdersCrossed(*order, exposure, market_)) answer->add_cross_order_ids(id.value());
      }
      if (!waits) exposure.recent_orders.push_back(risk::RecentOrder::Of(*order, AgeNow()));
      std::int64_t expire_ns = AgeNow() + kReservationNs;
      // Two that grow side by side would each pass alone.
      if (!waits && request.replaces()) exposure.ReserveGrowth(*order, expire_ns);
      if (!waits && !request.replaces()) exposure.Reserve(*order, expire_ns);
      wire::ToProto(clock_.Now() + Duration{kReservationNs}, answer->mutable_expire_time());
    }
  }
  if (!answer->approved()) refusals_.Increment();
  reserve_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - started) / 1e9);
}

bool RiskKeeper::OnReplayed(Session& session) {
  if (std::exchange(session.replayed, true)) return true;
  // The log ends before what was stored.
  for (const AccountId& account : session.accounts) {
    if (unverified_.contains(account)) return Distrust(session, account);
  }
  for (const AccountId& account : session.accounts) {
    if (!stopped_.Holds(account.value())) replayed_.insert(account);
  }
  log_.Info("risk.replayed", {{"accounts", std::to_string(session.accounts.size())}});
  MarkAll();
  return true;
}

bool RiskKeeper::AllReplayed() const {
  for (const auto& [id, exposure] : accounts_) {
    bool told = replayed_.contains(id) || unverified_.contains(id) || stopped_.Holds(id.value());
    if (exposure.opened() && !told) return false;
  }
  return !replayed_.empty();
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
    log_.Error("risk.loss_rule_tripped", {{"account", id.value()},
                                          {"rule", risk::NameOf(rule)},
                                          {"message", DescribeTrip(rule, *exposure.latches.Of(rule), limits)}});
  }
}

void RiskKeeper::SaveSoon() {
  if (!std::exchange(save_now_, true) && wake_) wake_();
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

BreakerDesk::World RiskKeeper::BreakerWorld() {
  return {.accounts = accounts_,
          .known = replayed_,
          .all_known = AllReplayed(),
          .market = market_,
          .time = lockstep_ ? market_time_ : clock_.Now(),
          .day = day_,
          .now_ns = AgeNow(),
          .market_ns = market_time_.nanos,
          .lockstep = lockstep_};
}

void RiskKeeper::LookAtBreakers() {
  if (replayed_.empty() || market_time_.nanos == 0) return;
  if (!breakers_.Look(BreakerWorld())) return;
  SaveSoon();
  for (const auto& [id, exposure] : accounts_) {
    for (const auto& [key, block] : breakers_.BlocksOf(id, {})) {
      log_.Warning("risk.breaker_holds", {{"account", key.account_id.value()},
                                          {"rule", key.rule},
                                          {"message", DescribeBreaker(block->rule, block->state)}});
    }
  }
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

void RiskKeeper::SetWake(std::function<void()> wake) {
  MutexLock lock(mutex_);
  wake_ = std::move(wake);
}

bool RiskKeeper::IsDue(const AccountId& id, const risk::Exposure& exposure) {
  std::uint64_t saved = saved_sequences_[id];
  // After a log was begun anew the stored one is ahead.
  if (exposure.applied_sequence() < saved) return true;
  return exposure.applied_sequence() - saved >=
         std::max<std::uint64_t>(kEventsBetweenSaves, kEventsPerOpenOrder * exposure.open_orders());
}

void RiskKeeper::Tick() {
  {
    MutexLock lock(mutex_);
    // In lockstep each step is looked at, and no time passes between them.
    if (!lockstep_) LookAtBreakers();
  }
  {
    MutexLock lock(mutex_);
    EndOverrides();
  }
  TellEndedOverrides();
  Save(false);
  TellOpenings();
}
void RiskKeeper::SaveAll() { Save(true); }

void RiskKeeper::SaveBreakers() {
  BreakerDesk::Unsaved unsaved;
  {
    MutexLock lock(mutex_);
    unsaved = breakers_.TakeUnsaved();
  }
  if (unsaved.empty()) return;
  absl::Status saved = store_.SaveBreakers(unsaved.changes, unsaved.messages);
  if (saved.ok()) return;
  log_.Warning("risk.breakers_not_saved", {{"error", saved.ToString()}});
  MutexLock lock(mutex_);
  breakers_.PutBack(std::move(unsaved));
}

void RiskKeeper::Save(bool all) {
  MutexLock save_lock(save_mutex_);
  SaveBreakers();
  RiskStore::Marks marks;
  ledger::SymbolCloses closes;
  std::map<AccountId, KeptExposure> exposures;
  {
    MutexLock lock(mutex_);
    for (auto& [id, exposure] : accounts_) {
      if (!exposure.opened()) continue;
      exposure.Expire(AgeNow());
      if (!replayed_.contains(id)) continue;
      marks[id] = {exposure.baseline, exposure.latches};
      if (all ? exposure.applied_sequence() != saved_sequences_[id] : IsDue(id, exposure)) {
        exposures[id] = {.snapshot = exposure.TakeSnapshot(), .execution_sequence = executions_[id]};
      }
    }
    if (!AllReplayed()) return;
    closes = HeldCloses();
    save_now_ = false;
  }
  if (marks != saved_marks_ || closes != saved_closes_) {
    if (absl::Status saved = store_.SaveMarks(marks, closes); !saved.ok()) {
      log_.Warning("risk.marks_not_saved", {{"error", saved.ToString()}});
      return;
    }
    saved_marks_ = std::move(marks);
    saved_closes_ = std::move(closes);
  }
  if (exposures.empty()) return;
  if (absl::Status saved = store_.SaveExposures(exposures); !saved.ok()) {
    log_.Warning("risk.exposures_not_saved", {{"error", saved.ToString()}});
    return;
  }
  for (const auto& [id, kept] : exposures) saved_sequences_[id] = kept.snapshot.applied_sequence;
}

absl::Status RiskKeeper::Rearm(const risk::v1::RearmLossRulesRequest& request,
                               risk::v1::RearmLossRulesResponse* response) {
  AccountId id(request.account_id());
  MutexLock save_lock(save_mutex_);
  RiskStore::Rearm rearm{.account_id = id,
                         .asked = {request.rules().begin(), request.rules().end()},
                         .reason = request.reason(),
                         .actor = request.actor(),
                         .request_id = request.request_id()};
  std::optional<Decimal> equity;
  {
    MutexLock lock(mutex_);
    auto found = accounts_.find(id);
    if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id()));
    if (!replayed_.contains(id)) return absl::UnavailableError("risk is reading the order log; try again");
    equity = found->second.Equity(market_);
    rearm.after = RiskStore::EquityMark{found->second.baseline, found->second.latches};
    for (risk::LossRule rule : risk::kLossRules) {
      const auto& asked = rearm.asked;
      bool meant = asked.empty() || std::find(asked.begin(), asked.end(), risk::NameOf(rule)) != asked.end();
      if (!meant || !rearm.after->latches.Of(rule)) continue;
      rearm.rearmed.emplace_back(risk::NameOf(rule));
      RearmLoss(rule, equity, &rearm.after->baseline, &rearm.after->latches);
    }
    // Whoever names no rule means whatever keeps the account from opening risk.
    if (rearm.asked.empty()) rearm.breakers = breakers_.WouldRearm(BreakerWorld(), id, {}, {});
    AddNames(rearm.breakers, &rearm.rearmed);
  }
  // Durable first: a rule that is told to be armed is armed after a restart.
  ASSIGN_OR_RETURN(RiskStore::Rearmed stored, store_.SaveRearm(rearm));
  MutexLock lock(mutex_);
  risk::Exposure& exposure = accounts_[id];
  if (!stored.repeated) {
    breakers_.Take(rearm.breakers);
    for (const std::string& name : stored.rules) {
      if (auto rule = risk::LossRuleOf(name)) RearmLoss(*rule, equity, &exposure.baseline, &exposure.latches);
      log_.Warning("risk.loss_rule_rearmed", {{"account", id.value()},
                                              {"rule", name},
                                              {"actor", request.actor()},
                                              {"reason", request.reason()},
                                              {"baseline", equity ? equity->ToString() : "the next known equity"}});
    }
    Observe(id, exposure);
    if (wake_) wake_();
  }
  for (const std::string& name : stored.rules) response->add_rearmed(name);
  ViewOf(id, exposure).DescribeLossRules(exposure.Equity(market_), response->mutable_loss_rules());
  if (equity && !stored.rules.empty()) wire::ToProto(*equity, response->mutable_baseline());
  return absl::OkStatus();
}

void RiskKeeper::CloseSession() {
  MutexLock lock(mutex_);
  grpc::Status stopping(grpc::UNAVAILABLE, "risk is stopping");
  sessions_.CloseAll(stopping);
  for (const auto& subscriber : subscribers_) subscriber->Close(stopping);
  subscribers_.clear();
}

void RiskKeeper::Preview(const Order& order, risk::v1::PreviewOrderResponse* response) {
  MutexLock lock(mutex_);
  PreviewLocked(order, response);
}

void RiskKeeper::PreviewLocked(const Order& order, risk::v1::PreviewOrderResponse* response) {
  Verdict verdict = Check(order);
  const risk::PreTradeResult& result = verdict.result;
  response->set_approved(!result.rejection);
  for (const RiskCheck& check : result.checks) wire::ToProto(check, response->add_checks());
  if (result.rejection) wire::ToProto(*result.rejection, response->mutable_rejection());
  TellPassable(verdict.quantity, verdict.prices, response);
  auto quote = market_.quotes.find(order.symbol);
  if (quote != market_.quotes.end()) {
    Decimal touch = order.side == Side::kBuy ? quote->second.ask_price : quote->second.bid_price;
    Decimal price = order.limit_price.value_or(order.stop_price.value_or(touch));
    wire::ToProto(price, response->mutable_estimated_price());
    // Within range only when the caps held; a refused giant has no estimate.
    if (order.quantity <= Decimal::FromInt(1'000'000'000) && price <= Decimal::FromInt(100'000'000)) {
      wire::ToProto(Multiply(price, order.quantity, Rounding::kUp), response->mutable_estimated_notional());
    }
  }
}

StateView RiskKeeper::ViewOf(const AccountId& id, const risk::Exposure& exposure, const DeploymentId& deployment) {
  return {.exposure = exposure,
          .limits = LimitsOf(id, deployment),
          .market = market_,
          .now_ns = AgeNow(),
          .market_time = market_time_,
          .lockstep = lockstep_,
          .replayed = replayed_.contains(id),
          .stopped = stopped_.Why(id.value()),
          .breakers = breakers_.BlocksOf(id, deployment)};
}

absl::Status RiskKeeper::State(const std::string& account, risk::v1::GetRiskStateResponse* response) {
  MutexLock lock(mutex_);
  auto found = accounts_.find(AccountId(account));
  if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  response->set_account_id(account);
  ViewOf(found->first, found->second).Describe(response);
  breakers_.Describe(BreakerWorld(), found->first, false, response->mutable_breakers());
  return absl::OkStatus();
}

void RiskKeeper::Stand(const AccountId& id, const risk::Exposure& exposure, const risk::Market& market,
                       risk::v1::Standing* standing) {
  const risk::Limits& limits = LimitsOf(id);
  risk::Standing now = StandingOf(exposure, market);
  Decimal scale = ScaleOf(limits, exposure, now.equity);
  wire::ToProto(now.gross, standing->mutable_gross_exposure());
  wire::ToProto(now.net, standing->mutable_net_exposure());
  wire::ToProto(scale, standing->mutable_scale());
  if (!now.equity) return;
  wire::ToProto(*now.equity, standing->mutable_equity());
  Decimal allowed = Multiply(std::max(*now.equity, Decimal()), Multiply(limits.gross_leverage, scale, Rounding::kDown),
                             Rounding::kDown);
  wire::ToProto(std::max(allowed - now.gross, Decimal()), standing->mutable_buying_power());
  StateView view = ViewOf(id, exposure);
  risk::v1::GetRiskStateResponse state;
  StateView{.exposure = exposure, .limits = limits, .market = market, .now_ns = view.now_ns}.Describe(&state);
  for (risk::v1::LimitUse& use : *state.mutable_uses()) {
    // What is under way is left out of what would be.
    if (use.name() != "max_open_orders") *standing->add_uses() = std::move(use);
  }
}

absl::Status RiskKeeper::WhatIf(const AccountId& account, const Order* order,
                                const std::vector<risk::MarketMove>& moves, risk::v1::WhatIfResponse* response) {
  MutexLock lock(mutex_);
  auto found = accounts_.find(account);
  if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + account.value()));
  std::optional<risk::Exposure> filled = FilledExposure(found->second, order, market_);
  if (!filled) return absl::FailedPreconditionError("there is no price for the order's instrument");
  risk::Market moved = MovedMarket(market_, moves);
  Stand(account, found->second, market_, response->mutable_before());
  Stand(account, *filled, moved, response->mutable_after());
  if (order != nullptr) PreviewLocked(*order, response->mutable_preview());
  std::optional<Decimal> unmoved = filled->Equity(market_), equity = filled->Equity(moved);
  if (unmoved && equity) wire::ToProto(*unmoved - *equity, response->mutable_loss());
  const Decimal share = LimitsOf(account).unprotected_loss_ratio;
  if (std::optional<Decimal> worst = WorstLoss(*filled, moved, share)) {
    wire::ToProto(*worst, response->mutable_worst_loss());
    WouldTrip(account, *filled, GappedMarket(*filled, moved, share), response->mutable_worst_would_trip());
  }
  WouldTrip(account, *filled, moved, response->mutable_would_trip());
  return absl::OkStatus();
}

// Of this account alone: what the firm would be is not known from it.
void RiskKeeper::WouldTrip(const AccountId& account, const risk::Exposure& exposure, const risk::Market& market,
                           google::protobuf::RepeatedPtrField<std::string>* names) {
  std::optional<Decimal> equity = exposure.Equity(market);
  for (risk::LossRule rule : risk::kLossRules) {
    bool unknown = !equity || (rule == risk::LossRule::kDailyLoss ? exposure.baseline.day_start_unknown
                                                                  : exposure.baseline.peak_unknown);
    bool trips = !unknown && !exposure.latches.Of(rule) &&
                 MeasureLoss(rule, LimitsOf(account), exposure.baseline, *equity).reached;
    if (trips) *names->Add() = risk::NameOf(rule);
  }
  std::map<AccountId, risk::Exposure> alone;
  alone.emplace(account, exposure);
  std::set<AccountId> known{account};
  BreakerDesk::World now = BreakerWorld();
  BreakerDesk::World world{.accounts = alone,
                           .known = known,
                           .market = market,
                           .time = now.time,
                           .day = now.day,
                           .now_ns = now.now_ns,
                           .market_ns = now.market_ns,
                           .lockstep = now.lockstep};
  google::protobuf::RepeatedPtrField<risk::v1::Breaker> breakers;
  breakers_.Describe(world, account, false, &breakers);
  std::set<std::string> told;
  for (const risk::v1::Breaker& breaker : breakers) {
    bool trips = breaker.level_percent() == 100 && breaker.state() != risk::v1::BREAKER_STATE_TRIPPED;
    if (trips && told.insert(breaker.rule().name()).second) *names->Add() = breaker.rule().name();
  }
}

absl::Status RiskKeeper::Opening(const std::string& account, const std::string& deployment,
                                 risk::v1::OpeningAnswer* answer) {
  MutexLock lock(mutex_);
  auto found = accounts_.find(AccountId(account));
  if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  answer->set_account_id(account);
  answer->set_deployment_id(deployment);
  ViewOf(found->first, found->second, DeploymentId(deployment)).DescribeOpening(answer);
  return absl::OkStatus();
}

std::map<std::pair<std::string, std::string>, risk::v1::OpeningAnswer> RiskKeeper::Openings() {
  std::map<std::pair<std::string, std::string>, risk::v1::OpeningAnswer> answers;
  for (const auto& [id, exposure] : accounts_) {
    if (!exposure.opened()) continue;
    std::set<DeploymentId> deployments = breakers_.BlockedDeployments(id);
    // Those that were blocked are told once more that they are not.
    for (const auto& [key, told] : told_) {
      if (key.first == id.value()) deployments.insert(DeploymentId(key.second));
    }
    deployments.insert(DeploymentId());
    for (const DeploymentId& deployment : deployments) {
      risk::v1::OpeningAnswer& answer = answers[{id.value(), deployment.value()}];
      answer.set_account_id(id.value());
      answer.set_deployment_id(deployment.value());
      ViewOf(id, exposure, deployment).DescribeOpening(&answer);
    }
  }
  return answers;
}

void RiskKeeper::TellOpenings() {
  MutexLock lock(mutex_);
  std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->done(); });
  if (subscribers_.empty()) return;
  risk::v1::StreamOpeningsResponse changed;
  for (auto& [key, answer] : Openings()) {
    std::string bytes = answer.SerializeAsString();
    std::string& told = told_[key];
    if (told == bytes) continue;
    told = std::move(bytes);
    *changed.add_answers() = std::move(answer);
  }
  if (changed.answers().empty()) return;
  for (const auto& subscriber : subscribers_) subscriber->Push(changed);
}

void RiskKeeper::Subscribe(std::shared_ptr<OpeningSender> subscriber) {
  MutexLock lock(mutex_);
  risk::v1::StreamOpeningsResponse all;
  for (auto& [key, answer] : Openings()) *all.add_answers() = std::move(answer);
  subscriber->Push(std::move(all));
  subscribers_.push_back(std::move(subscriber));
}

BreakerRuleSet RiskKeeper::GetBreakerRules() {
  MutexLock lock(mutex_);
  return breakers_.rules();
}

absl::StatusOr<BreakerRuleSet> RiskKeeper::UpdateBreakerRules(const RiskStore::RulesUpdate& update) {
  MutexLock save_lock(save_mutex_);
  ASSIGN_OR_RETURN(BreakerRuleSet saved, store_.SaveBreakerRules(update));
  log_.Info("breaker_rules.updated", {{"version", std::to_string(saved.version)}, {"actor", update.actor}});
  MutexLock lock(mutex_);
  if (saved.version > breakers_.rules().version) breakers_.SetRules(saved);
  LookAtBreakers();
  return breakers_.rules();
}

void RiskKeeper::ListBreakers(const std::string& account, risk::v1::ListBreakersResponse* response) {
  MutexLock lock(mutex_);
  breakers_.Describe(BreakerWorld(), AccountId(account), true, response->mutable_breakers());
}

absl::Status RiskKeeper::RearmBreakers(const risk::v1::RearmBreakersRequest& request,
                                       risk::v1::RearmBreakersResponse* response) {
  AccountId id(request.account_id());
  MutexLock save_lock(save_mutex_);
  RiskStore::Rearm rearm{.account_id = id,
                         .asked = {request.names().begin(), request.names().end()},
                         .reason = request.reason(),
                         .actor = request.actor(),
                         .request_id = request.request_id()};
  // Beside the names, so that the same request for another deployment is another request.
  if (!request.deployment_id().empty()) rearm.asked.push_back("deployment:" + request.deployment_id());
  {
    MutexLock lock(mutex_);
    if (!id.empty() && !accounts_.contains(id))
      return absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id()));
    if (!id.empty() && !replayed_.contains(id))
      return absl::UnavailableError("risk is reading the order log; try again");
    rearm.breakers = breakers_.WouldRearm(BreakerWorld(), id, DeploymentId(request.deployment_id()),
                                          {request.names().begin(), request.names().end()});
    AddNames(rearm.breakers, &rearm.rearmed);
  }
  ASSIGN_OR_RETURN(RiskStore::Rearmed stored, store_.SaveRearm(rearm));
  MutexLock lock(mutex_);
  if (!stored.repeated) {
    breakers_.Take(rearm.breakers);
    for (const std::string& name : stored.rules) {
      log_.Warning("risk.breaker_rearmed",
                   {{"account", id.value()}, {"rule", name}, {"actor", request.actor()}, {"reason", request.reason()}});
    }
    LookAtBreakers();
    if (wake_) wake_();
  }
  for (const std::string& name : stored.rules) response->add_rearmed(name);
  breakers_.Describe(BreakerWorld(), id, true, response->mutable_breakers());
  return absl::OkStatus();
}

absl::Status RiskKeeper::ReportBreaks(const risk::v1::ReportBreaksRequest& request) {
  MutexLock lock(mutex_);
  AccountId id(request.account_id());
  if (!accounts_.contains(id)) return absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id()));
  if (request.open_breaks() > 0) {
    log_.Warning(
        "risk.breaks_reported",
        {{"account", id.value()}, {"open", std::to_string(request.open_breaks())}, {"message", request.message()}});
  }
  breakers_.OnBreaks(id, request.open_breaks());
  LookAtBreakers();
  return absl::OkStatus();
}

bool RiskKeeper::Ready() {
  MutexLock lock(mutex_);
  return !market_.quotes.empty() && !market_.instruments.empty();
}

}  // namespace ballast
