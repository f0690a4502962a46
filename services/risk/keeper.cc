#include "services/risk/keeper.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/risk/limits_codec.h"

namespace ballast {
namespace {

constexpr std::int64_t kReservationNs = 5'000'000'000;
constexpr std::int64_t kRateWindowNs = 1'000'000'000;

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

}  // namespace

RiskKeeper::RiskKeeper(RiskStore& store, const Clock& clock, Logger& log, Metrics& metrics)
    : store_(store),
      clock_(clock),
      log_(log),
      reserves_(metrics.GetCounter("ballast_risk_reserves_total", "reservations asked for", {})),
      refusals_(metrics.GetCounter("ballast_risk_refusals_total", "reservations refused", {})),
      reserve_seconds_(metrics.GetSeconds("ballast_risk_reserve_seconds", "deciding one reservation", {})) {}

absl::Status RiskKeeper::Recover() {
  ASSIGN_OR_RETURN(auto limits, store_.LoadLimits());
  ASSIGN_OR_RETURN(auto marks, store_.LoadMarks());
  MutexLock lock(mutex_);
  limits_ = std::move(limits);
  stored_marks_ = std::move(marks);
  return absl::OkStatus();
}

void RiskKeeper::SetInstruments(std::vector<Instrument> instruments) {
  MutexLock lock(mutex_);
  market_.instruments.clear();
  for (Instrument& instrument : instruments) market_.instruments[instrument.symbol] = instrument;
}

std::int64_t RiskKeeper::AgeNow() { return lockstep_ ? market_time_.nanos : clock_.MonotonicNanos(); }

bool RiskKeeper::OnStep(const Step& step) {
  MutexLock lock(mutex_);
  auto behind = [&]() REQUIRES(mutex_) {
    for (const auto& [account, sequence] : step.execution_sequences) {
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
    for (auto& [id, exposure] : accounts_) exposure.recent_orders.clear();
  }
  lockstep_ = step.lockstep;
  market_time_ = step.market_time;
  std::int64_t now = AgeNow();
  for (const Quote& quote : step.quotes) {
    market_.quotes[quote.symbol] = quote;
    market_.arrival_ns[quote.symbol] = now;
  }
  for (auto& [id, exposure] : accounts_) {
    if (exposure.opened()) Mark(exposure);
  }
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

void RiskKeeper::OnSession(const risk::v1::RiskSessionRequest& request, const std::shared_ptr<Sender>& session) {
  MutexLock lock(mutex_);
  if (request.has_hello()) {
    if (request.hello().epoch() < epoch_) {
      session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "a newer order manager is known"));
      return;
    }
    if (session_ && session_ != session) session_->Close(grpc::Status(grpc::ABORTED, "a newer session has taken over"));
    epoch_ = request.hello().epoch();
    session_ = session;
    risk::v1::RiskSessionResponse response;
    response.mutable_ready();
    for (const auto& [id, exposure] : accounts_) {
      (*response.mutable_ready()->mutable_applied_sequences())[id.value()] = exposure.applied_sequence();
    }
    session->Push(std::move(response));
    return;
  }
  if (session != session_) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "say hello first"));
    return;
  }
  if (request.has_events()) {
    for (const order::v1::OrderEvent& event : request.events().events()) Apply(event);
  } else if (request.has_reserve()) {
    Reserve(request.reserve());
  } else if (request.has_void_()) {
    auto account = accounts_.find(AccountId(request.void_().account_id()));
    if (account != accounts_.end()) account->second.Void(OrderId(request.void_().order_id()));
  }
}

void RiskKeeper::Apply(const order::v1::OrderEvent& proto) {
  auto event = wire::FromProto(proto);
  risk::Exposure& exposure = accounts_[AccountId(proto.account_id())];
  if (event.ok() && event->sequence <= exposure.applied_sequence()) return;
  if (!event.ok() || !exposure.Apply(*event)) {
    // A gap or something unreadable: what risk knows is not the truth any more. The next session starts from the
    // cursor.
    log_.Error("risk.event_refused", {{"account", proto.account_id()}, {"sequence", std::to_string(proto.sequence())}});
    if (session_) session_->Close(grpc::Status(grpc::DATA_LOSS, "events with a gap"));
    session_.reset();
    return;
  }
  std::uint64_t& executions = executions_[event->account_id];
  executions = std::max(executions, event->execution_sequence);
  applied_.NotifyAll();
  if (event->type == OrderEventType::kAccountOpened) {
    auto mark = stored_marks_.find(event->account_id);
    if (mark != stored_marks_.end()) {
      exposure.day_number = mark->second.day_number;
      exposure.day_start_equity = mark->second.day_start_equity;
      exposure.peak_equity = mark->second.peak_equity;
    }
  }
}

RiskKeeper::Verdict RiskKeeper::Check(const Order& order) {
  auto account = accounts_.find(order.account_id);
  if (account == accounts_.end() || !account->second.opened()) {
    Rejection unknown{.reason = RejectReason::kUnknownAccount,
                      .check = "account",
                      .message = "risk knows nothing of account " + order.account_id.value()};
    return {.result = {.rejection = std::move(unknown)}};
  }
  std::int64_t now = AgeNow();
  auto& recent = account->second.recent_orders;
  while (!recent.empty() && now - recent.front() > kRateWindowNs) recent.pop_front();
  account->second.Expire(now);
  risk::PreTradeInput input{.order = order,
                            .limits = limits_[order.account_id],
                            .exposure = account->second,
                            .market = market_,
                            .now_ns = now};
  Verdict verdict{.result = CheckPreTrade(input)};
  if (!verdict.result.rejection) return verdict;
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

void RiskKeeper::Reserve(const risk::v1::Reserve& request) {
  std::int64_t started = clock_.MonotonicNanos();
  reserves_.Increment();
  risk::v1::RiskSessionResponse response;
  risk::v1::ReserveResult& answer = *response.mutable_reserve_result();
  answer.set_correlation_id(request.correlation_id());
  auto order = wire::FromProto(request.order());
  if (!order.ok()) {
    wire::ToProto(
        Rejection{.reason = RejectReason::kMalformed, .check = "decode", .message = MessageOf(order.status())},
        answer.mutable_rejection());
  } else {
    Verdict verdict = Check(*order);
    risk::PreTradeResult& result = verdict.result;
    for (const RiskCheck& check : result.checks) wire::ToProto(check, answer.add_checks());
    if (result.rejection) {
      TellPassable(verdict.quantity, verdict.prices, &answer);
      wire::ToProto(*result.rejection, answer.mutable_rejection());
    } else {
      answer.set_approved(true);
      risk::Exposure& exposure = accounts_[order->account_id];
      exposure.recent_orders.push_back(AgeNow());
      exposure.Reserve(*order, AgeNow() + kReservationNs);
      wire::ToProto(clock_.Now() + Duration{kReservationNs}, answer.mutable_expire_time());
    }
  }
  if (!answer.approved()) refusals_.Increment();
  session_->Push(std::move(response));
  reserve_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - started) / 1e9);
}

void RiskKeeper::Mark(risk::Exposure& exposure) {
  std::optional<Decimal> equity = exposure.Equity(market_);
  if (!equity) return;
  std::int64_t day = (market_time_.nanos != 0 ? market_time_ : clock_.Now()).DayNumber();
  if (day != exposure.day_number) {
    exposure.day_number = day;
    exposure.day_start_equity = *equity;
  }
  exposure.peak_equity = std::max(exposure.peak_equity, *equity);
}

void RiskKeeper::Tick() {
  std::map<AccountId, RiskStore::EquityMark> marks;
  {
    MutexLock lock(mutex_);
    for (auto& [id, exposure] : accounts_) {
      if (!exposure.opened()) continue;
      exposure.Expire(AgeNow());
      marks[id] = {exposure.day_number, exposure.day_start_equity, exposure.peak_equity};
    }
  }
  if (absl::Status saved = store_.SaveMarks(marks); !saved.ok())
    log_.Warning("risk.marks_not_saved", {{"error", saved.ToString()}});
}

void RiskKeeper::CloseSession() {
  MutexLock lock(mutex_);
  if (session_) session_->Close(grpc::Status(grpc::UNAVAILABLE, "risk is stopping"));
  session_.reset();
}

void RiskKeeper::Preview(const Order& order, risk::v1::PreviewOrderResponse* response) {
  MutexLock lock(mutex_);
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

absl::Status RiskKeeper::State(const std::string& account, risk::v1::GetRiskStateResponse* response) {
  MutexLock lock(mutex_);
  auto found = accounts_.find(AccountId(account));
  if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  risk::Exposure& exposure = found->second;
  const risk::Limits& limits = limits_[found->first];
  response->set_account_id(account);
  response->set_applied_sequence(exposure.applied_sequence());
  response->set_open_orders(static_cast<int>(exposure.open_orders()));
  response->set_open_positions(static_cast<int>(exposure.positions().size()));
  wire::ToProto(exposure.day_start_equity, response->mutable_day_start_equity());
  wire::ToProto(exposure.peak_equity, response->mutable_peak_equity());
  std::optional<Decimal> equity = exposure.Equity(market_);
  Decimal gross, net, reserved;
  const std::map<Symbol, Quote> quotes = market_.quotes;
  for (const auto& [symbol, quantity] : exposure.positions()) {
    auto quote = market_.quotes.find(symbol);
    if (quote == market_.quotes.end()) continue;
    Decimal value = Multiply(quantity, quote->second.last_price, Rounding::kHalfEven);
    net += value;
    gross += value.Abs();
  }
  exposure.ForEachPending([&](const Order& order, Decimal quantity) {
    auto quote = quotes.find(order.symbol);
    if (quote != quotes.end())
      reserved += Multiply(quantity, order.limit_price.value_or(quote->second.ask_price), Rounding::kUp);
  });
  wire::ToProto(gross, response->mutable_gross_exposure());
  wire::ToProto(net, response->mutable_net_exposure());
  wire::ToProto(reserved, response->mutable_reserved_exposure());
  std::int64_t now = AgeNow();
  bool stale = market_.quotes.empty();
  for (const auto& [symbol, arrival] : market_.arrival_ns)
    stale = stale || (!lockstep_ && now - arrival > limits.quote_age_ms_max * 1'000'000);
  response->set_market_data_stale(stale);
  if (!equity) return absl::OkStatus();
  wire::ToProto(*equity, response->mutable_equity());
  auto use = [&](const char* name, Decimal limit, Decimal used) {
    auto* line = response->add_uses();
    line->set_name(name);
    line->set_limit(limit.ToString());
    line->set_used(used.ToString());
    if (limit.IsPositive()) {
      // Display only.
      line->set_ratio(std::atof(Divide(used, limit, Rounding::kHalfEven).ToString().c_str()));
    }
  };
  auto loss = [&](Decimal from) { return std::max(from - *equity, Decimal()); };
  use("daily_loss", Multiply(exposure.day_start_equity, limits.daily_loss_ratio, Rounding::kDown),
      loss(exposure.day_start_equity));
  use("drawdown", Multiply(exposure.peak_equity, limits.drawdown_ratio, Rounding::kDown), loss(exposure.peak_equity));
  use("gross_leverage", Multiply(*equity, limits.gross_leverage, Rounding::kDown), gross);
  use("max_open_positions", Decimal::FromInt(limits.max_open_positions),
      Decimal::FromInt(static_cast<std::int64_t>(exposure.positions().size())));
  use("max_open_orders", Decimal::FromInt(limits.max_open_orders),
      Decimal::FromInt(static_cast<std::int64_t>(exposure.open_orders())));
  return absl::OkStatus();
}

absl::StatusOr<risk::Limits> RiskKeeper::GetLimits(const std::string& account) {
  MutexLock lock(mutex_);
  if (!accounts_.contains(AccountId(account))) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  return limits_[AccountId(account)];
}

absl::StatusOr<risk::Limits> RiskKeeper::UpdateLimits(const RiskStore::Update& update) {
  {
    MutexLock lock(mutex_);
    if (!accounts_.contains(update.account_id))
      return absl::NotFoundError(ToAbsl("risk knows no account " + update.account_id.value()));
  }
  ASSIGN_OR_RETURN(risk::Limits saved, store_.SaveLimits(update));
  log_.Info(
      "limits.updated",
      {{"account", update.account_id.value()}, {"version", std::to_string(saved.version)}, {"actor", update.actor}});
  MutexLock lock(mutex_);
  if (saved.version > limits_[update.account_id].version) limits_[update.account_id] = saved;
  return limits_[update.account_id];
}

bool RiskKeeper::Ready() {
  MutexLock lock(mutex_);
  return !market_.quotes.empty() && !market_.instruments.empty();
}

}  // namespace ballast
