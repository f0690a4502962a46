#include "libs/backtest/run.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"
#include "libs/risk/derisk.h"
#include "libs/risk/pre_trade.h"
#include "libs/sizing/arithmetic.h"
#include "libs/strategy/setting.h"

namespace ballast::backtest {
namespace {

constexpr std::size_t kRefusalsMax = 200;
// Closed orders the venue remembers: nobody asks for one.
constexpr std::size_t kClosedMax = 64;

OrderStatus StatusOf(broker::ExecutionType type, const Order& order) {
  switch (type) {
    case broker::ExecutionType::kNew:
      return OrderStatus::kNew;
    case broker::ExecutionType::kTrade:
      return order.leaves_quantity.IsZero() ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
    case broker::ExecutionType::kCanceled:
      return OrderStatus::kCanceled;
    case broker::ExecutionType::kRejected:
      return OrderStatus::kRejected;
    case broker::ExecutionType::kExpired:
      return OrderStatus::kExpired;
    default:
      return order.status;
  }
}

OrderEventType EventOf(broker::ExecutionType type) {
  switch (type) {
    case broker::ExecutionType::kNew:
      return OrderEventType::kAccepted;
    case broker::ExecutionType::kTrade:
      return OrderEventType::kFilled;
    case broker::ExecutionType::kCanceled:
      return OrderEventType::kCanceled;
    case broker::ExecutionType::kRejected:
      return OrderEventType::kRejected;
    case broker::ExecutionType::kExpired:
      return OrderEventType::kExpired;
    default:
      return OrderEventType::kRestated;
  }
}

}  // namespace

Run::Run(RunOptions setup, const std::vector<Instrument>& instruments)
    : setup_(std::move(setup)),
      account_("backtest"),
      venue_(instruments, setup_.venue),
      calendar_(setup_.day_boundary),
      trades_(setup_.currency) {
  market_.board = ledger::MarkBoard(setup_.day_boundary);
  for (const Instrument& instrument : instruments) market_.instruments[instrument.symbol] = instrument;
  outcome_.curve = EquityCurve(setup_.curve_points_max);
}

absl::StatusOr<Run> Run::Make(RunOptions setup, const std::vector<Instrument>& instruments) {
  if (std::string fault = strategy::Fault(setup.spec); !fault.empty()) return absl::InvalidArgumentError(ToAbsl(fault));
  if (!setup.cash.IsPositive()) return absl::InvalidArgumentError("cash: above zero expected");
  for (const Symbol& symbol : setup.spec.symbols) {
    bool known = std::any_of(instruments.begin(), instruments.end(),
                             [&](const Instrument& instrument) { return instrument.symbol == symbol; });
    if (!known) return absl::InvalidArgumentError(ToAbsl("symbols: there is no data of " + symbol.value()));
  }
  Run run(std::move(setup), instruments);
  run.setup_.spec.account_id = run.account_;
  DeploymentId id("backtest");
  if (run.setup_.entry) {
    ASSIGN_OR_RETURN(run.decider_, strategy::Decider::Make(id, run.setup_.spec, *run.setup_.entry));
  } else {
    ASSIGN_OR_RETURN(run.decider_, strategy::Decider::Make(id, run.setup_.spec));
  }
  if (const auto& confirmation = run.setup_.spec.confirmation) {
    run.longer_.emplace(confirmation->timeframe, Duration::Seconds(strategy::SecondsOf(confirmation->timeframe)),
                        Duration::Seconds(strategy::SecondsOf(run.setup_.spec.timeframe)));
  }
  run.venue_.OpenAccount(run.account_, run.setup_.currency, run.setup_.cash);
  (void)run.venue_.TakeChanges();
  OrderEvent opened{.type = OrderEventType::kAccountOpened};
  opened.cash = run.setup_.cash;
  opened.currency = run.setup_.currency;
  run.Tell(opened);
  return run;
}

void Run::Play(Feed& feed) {
  Step step;
  while (feed.Next(step)) OnStep(step);
}

void Run::OnStep(const Step& step) {
  if (outcome_.steps++ == 0) outcome_.first_time = step.time;
  outcome_.last_time = step.time;
  TakeQuotes(step);
  // What rests trades on the new quotes before anybody decides.
  Settle();
  Mark(step.time);
  if (decider_->wants_quotes()) {
    for (const Quote& quote : step.quotes) decider_->Hear(quote);
  }
  if (step.time >= setup_.trade_from) {
    Decide(step);
  } else {
    for (const Bar& bar : step.bars) {
      decider_->Warm(bar);
      if (!longer_ || bar.timeframe != setup_.spec.timeframe) continue;
      if (std::optional<Bar> longer = longer_->Add(bar)) decider_->Warm(*longer);
    }
  }
  outcome_.bars += step.bars.size();
}

void Run::TakeQuotes(const Step& step) {
  for (const Quote& quote : step.quotes) {
    venue_.OnQuote(quote, step.time);
    market_.quotes[quote.symbol] = quote;
    if (!market_.board.Take(quote)) continue;
    market_.arrival_ns[quote.symbol] = step.time.nanos;
    auto position = exposure_.positions().find(quote.symbol);
    if (position == exposure_.positions().end()) continue;
    moved_ = true;
    trades_.OnMark(quote.symbol, quote.bid_price, quote.ask_price);
  }
  venue_.Expire(step.time);
  venue_.OnTime(step.time);
}

// As risk does when the market has moved: the day, the account's worth, and what it trips.
void Run::Mark(UtcTime now) {
  std::int64_t day = calendar_.Advance(now);
  bool new_day = day != exposure_.baseline.day;
  if (new_day) {
    exposure_.baseline.StartDay(day, exposure_.EquityAt(market_.board.ClosesBefore(day)));
    ClearDailyLoss(setup_.limits, day, &exposure_.latches);
  }
  if (moved_ || !equity_) {
    equity_ = exposure_.Equity(market_);
    moved_ = false;
    if (equity_) {
      exposure_.scale = risk::RiskScale(setup_.limits, exposure_.baseline, equity_, Decimal());
      exposure_.baseline.Observe(*equity_);
      TripLosses(setup_.limits, exposure_.baseline, *equity_, now, &exposure_.latches);
    }
  }
  if (equity_) outcome_.curve.Add(now, day, *equity_, !exposure_.positions().empty());
}

strategy::DecisionContext Run::Context(UtcTime now) const {
  return {.market_time = now, .quotes = market_.quotes, .instruments = market_.instruments, .equity = equity_};
}

sizing::Ceiling Run::CeilingNow() const {
  const risk::Limits& limits = setup_.limits;
  Decimal equity = std::max(Decimal(), equity_.value_or(Decimal()));
  auto share = [&](Decimal ratio) { return sizing::ProductWithin(equity, ratio); };
  sizing::Ceiling ceiling{.order_quantity = limits.max_order_quantity,
                          .order_notional = limits.max_order_notional,
                          .position_notional = share(limits.max_position_ratio),
                          .concentration_notional = share(limits.concentration_ratio),
                          .buying_power = share(limits.gross_leverage)};
  for (const auto& [symbol, state] : decider_->states()) {
    if (state.quantity.IsZero()) continue;
    auto quote = market_.quotes.find(symbol);
    Decimal price = quote == market_.quotes.end() ? Decimal() : std::max(quote->second.ask_price, Decimal());
    *ceiling.buying_power -= sizing::ProductWithin(state.quantity.Abs(), price);
  }
  if (limits.risk_per_trade_ratio < Decimal::FromInt(risk::Limits::kRiskOff))
    ceiling.loss_at_stop = share(limits.risk_per_trade_ratio);
  return ceiling;
}

void Run::Decide(const Step& step) {
  decided_ = step.time;
  strategy::DecisionContext context = Context(step.time);
  // All of a step is decided on one view of the account, then sent: as the runner does it.
  std::vector<strategy::Decision> decisions;
  auto add = [&](std::vector<strategy::Decision> more) {
    std::move(more.begin(), more.end(), std::back_inserter(decisions));
  };
  for (const Quote& quote : step.quotes) add(decider_->OnQuote(quote.symbol, context));
  if (setup_.spec.sizing && !step.bars.empty()) context.ceiling = CeilingNow();
  if (setup_.spec.entries_wait_for_open) {
    for (const Quote& quote : step.quotes) {
      if (!decider_->WaitsFor(quote.symbol, context)) continue;
      if (setup_.spec.sizing) context.ceiling = CeilingNow();
      add(decider_->OnOpen(quote.symbol, context));
    }
  }
  for (const Bar& bar : step.bars) {
    add(decider_->OnBar(bar, context));
    if (!longer_ || bar.timeframe != setup_.spec.timeframe) continue;
    if (std::optional<Bar> longer = longer_->Add(bar)) add(decider_->OnBar(*longer, context));
  }
  if (!decisions.empty()) Act(std::move(decisions), step.time);
}

void Run::Act(std::vector<strategy::Decision> decisions, UtcTime now) {
  outcome_.decisions += decisions.size();
  for (strategy::Decision& decision : decisions) {
    if (decision.intent) Send(decision, now);
    if (outcome_.first_decisions.size() < setup_.decisions_max) outcome_.first_decisions.push_back(std::move(decision));
  }
}

void Run::Send(const strategy::Decision& decision, UtcTime now) {
  const strategy::Intent& intent = *decision.intent;
  Order order{.order_id = OrderId("b" + std::to_string(++orders_)),
              .account_id = account_,
              .request_id = RequestId(decider_->RequestIdOf(decision)),
              .deployment_id = decider_->id(),
              .symbol = decision.symbol,
              .side = intent.side,
              .type = OrderType::kMarket,
              .time_in_force = TimeInForce::kIoc,
              .quantity = intent.quantity,
              .reduce_only = intent.reduce_only,
              .status = OrderStatus::kPendingNew,
              .leaves_quantity = intent.quantity,
              .create_time = now,
              .update_time = now};
  order.reason = intent.reason;
  order.protective_stop_price = intent.protective_stop_price;
  ++outcome_.orders;
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  auto& recent = exposure_.recent_orders;
  while (!recent.empty() && now.nanos - recent.front().time_ns > kSecondNs) recent.pop_front();
  risk::PreTradeResult verdict = risk::CheckPreTrade({.order = order,
                                                      .limits = setup_.limits,
                                                      .exposure = exposure_,
                                                      .market = market_,
                                                      .now_ns = now.nanos,
                                                      .lists_checks = false});
  if (verdict.rejection) {
    ++outcome_.refusals;
    if (outcome_.first_refusals.size() < kRefusalsMax)
      outcome_.first_refusals.push_back({now, order.symbol, order.side, order.quantity, *verdict.rejection});
    decider_->OnRefused(order.request_id.value(), now);
    return;
  }
  recent.push_back(risk::RecentOrder::Of(order, now.nanos));
  OrderEvent pending{.type = OrderEventType::kPendingNew, .event_time = now};
  pending.order = order;
  Tell(pending);
  venue_.Submit(order, now);
  open_.emplace(order.order_id, std::move(order));
  Settle();
}

void Run::Settle() {
  if (!venue_.has_changes()) return;
  paper::Changes changes = venue_.TakeChanges();
  for (const broker::Execution& execution : changes.executions) Take(execution);
  (void)venue_.Forget(kClosedMax);
}

// What order management makes of a report that is as expected; the paper venue tells no others.
void Run::Take(const broker::Execution& execution) {
  auto found = open_.find(execution.order_id);
  CHECK(found != open_.end(), "the venue tells only of what was sent");
  Order& order = found->second;
  bool trade = execution.type == broker::ExecutionType::kTrade;
  OrderEvent event{.type = EventOf(execution.type), .event_time = execution.transact_time};
  if (trade) {
    Decimal notional = Multiply(order.average_price, order.cumulative_quantity, Rounding::kHalfEven) +
                       Multiply(execution.last_price, execution.last_quantity, Rounding::kHalfEven);
    order.cumulative_quantity = execution.cumulative_quantity;
    order.average_price = Divide(notional, order.cumulative_quantity, Rounding::kHalfEven);
    order.fees += execution.fee;
    event.fill = Fill{.execution_id = execution.execution_id,
                      .order_id = order.order_id,
                      .account_id = account_,
                      .deployment_id = order.deployment_id,
                      .symbol = order.symbol,
                      .side = order.side,
                      .quantity = execution.last_quantity,
                      .price = execution.last_price,
                      .fee = execution.fee,
                      .fee_currency = execution.fee_currency,
                      .maker = execution.maker,
                      .transact_time = execution.transact_time,
                      .reason = order.reason};
  }
  order.leaves_quantity = execution.leaves_quantity;
  order.status = StatusOf(execution.type, order);
  order.rejection = execution.rejection;
  order.update_time = execution.transact_time;
  bool ended = IsTerminal(order.status);
  if (ended) {
    event.order = std::move(order);
    open_.erase(found);
  } else {
    event.order = order;
  }
  Tell(event);
  // What happens between two steps is heard before the second is: the strategy's time is still the first one's.
  (void)decider_->OnOrderEvent(event, decided_);
  if (ended && event.order->cumulative_quantity.IsZero() && outcome_.first_refusals.size() < kRefusalsMax &&
      event.order->rejection) {
    outcome_.first_refusals.push_back({execution.transact_time, event.order->symbol, event.order->side,
                                       event.order->quantity, *event.order->rejection});
  }
  if (!trade) return;
  moved_ = true;
  ++outcome_.fills;
  outcome_.fees += execution.fee;
  outcome_.turnover += Multiply(execution.last_price, execution.last_quantity, Rounding::kHalfEven);
  trades_.OnFill(*event.fill);
  const Quote& quote = market_.quotes.at(event.fill->symbol);
  trades_.OnMark(quote.symbol, quote.bid_price, quote.ask_price);
  if (setup_.keep_fills) outcome_.all_fills.push_back(*std::move(event.fill));
}

void Run::Tell(OrderEvent& event) {
  event.account_id = account_;
  event.sequence = ++sequence_;
  CHECK(exposure_.Apply(event), "the events of a run have no gap");
}

Outcome Run::Finish() && {
  // What the last step led to counts, too.
  if (moved_ && outcome_.steps != 0) Mark(outcome_.last_time);
  outcome_.trades = trades_.TakeTrades();
  outcome_.open_trades = trades_.Open();
  outcome_.cash = exposure_.cash();
  outcome_.latches = exposure_.latches;
  return std::move(outcome_);
}

}  // namespace ballast::backtest
