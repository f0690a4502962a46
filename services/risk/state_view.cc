#include "services/risk/state_view.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "libs/wire/wire.h"

namespace ballast {
namespace {

// A quote of an open market that is older than this in market time stands for nothing, however often it is told.
constexpr Duration kQuoteStands = Duration::Seconds(15 * 60);

}  // namespace

void StateView::Describe(risk::v1::GetRiskStateResponse* response) const {
  response->set_applied_sequence(exposure.applied_sequence());
  response->set_open_orders(static_cast<int>(exposure.open_orders()));
  response->set_open_positions(static_cast<int>(exposure.positions().size()));
  const ledger::DayBaseline& baseline = exposure.baseline;
  if (!baseline.day_start_unknown) wire::ToProto(baseline.day_start_equity, response->mutable_day_start_equity());
  if (!baseline.peak_unknown) wire::ToProto(baseline.peak_equity, response->mutable_peak_equity());
  std::optional<Decimal> equity = exposure.Equity(market);
  Decimal gross, net, reserved;
  for (const auto& [symbol, quantity] : exposure.positions()) {
    std::optional<ledger::Mark> mark = market.MarkOf(symbol);
    std::int64_t age = mark ? MarkAgeMillis(symbol, *mark) : 0;
    if (!mark || MarkIsStale(symbol, *mark)) response->add_stale_symbols(symbol.value());
    response->set_oldest_mark_age_ms(std::max(response->oldest_mark_age_ms(), age));
    if (!mark) continue;
    Decimal value = ledger::Value(quantity, mark->Price(quantity));
    net += value;
    gross += value.Abs();
  }
  exposure.ForEachPending([&](const risk::PendingOrder& order) {
    auto quote = market.quotes.find(order.symbol);
    if (quote != market.quotes.end())
      reserved += Multiply(order.quantity, order.limit_price.value_or(quote->second.ask_price), Rounding::kUp);
  });
  wire::ToProto(gross, response->mutable_gross_exposure());
  wire::ToProto(net, response->mutable_net_exposure());
  wire::ToProto(reserved, response->mutable_reserved_exposure());
  wire::ToProto(exposure.scale, response->mutable_scale());
  bool stale = market.quotes.empty();
  for (const auto& [symbol, arrival] : market.arrival_ns)
    stale = stale || (!lockstep && now_ns - arrival > limits.quote_age_ms_max * 1'000'000);
  response->set_market_data_stale(stale);
  risk::v1::OpeningAnswer answer;
  DescribeOpening(&answer);
  response->set_opening(answer.opening());
  response->set_opening_message(answer.message());
  for (const auto& block : answer.blocks()) response->add_blocked_by(block.name());
  DescribeLossRules(equity, response->mutable_loss_rules());
  if (equity) DescribeUses(*equity, gross, response);
}

void StateView::DescribeUses(Decimal equity, Decimal gross, risk::v1::GetRiskStateResponse* response) const {
  wire::ToProto(equity, response->mutable_equity());
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
  for (risk::LossRule rule : risk::kLossRules) {
    risk::LossMeasure measure = MeasureLoss(rule, limits, exposure.baseline, equity);
    use(risk::NameOf(rule), measure.limit, measure.loss);
  }
  use("gross_leverage", Multiply(equity, limits.gross_leverage, Rounding::kDown), gross);
  use("max_open_positions", Decimal::FromInt(limits.max_open_positions),
      Decimal::FromInt(static_cast<std::int64_t>(exposure.positions().size())));
  use("max_open_orders", Decimal::FromInt(limits.max_open_orders),
      Decimal::FromInt(static_cast<std::int64_t>(exposure.open_orders())));
}

std::int64_t StateView::MarkAgeMillis(const Symbol& symbol, const ledger::Mark& mark) const {
  auto arrival = market.arrival_ns.find(symbol);
  std::int64_t told = lockstep || arrival == market.arrival_ns.end() ? 0 : now_ns - arrival->second;
  bool timed = mark.time.nanos != 0 && market_time > mark.time;
  return std::max(told, timed ? (market_time - mark.time).nanos : 0) / 1'000'000;
}

bool StateView::MarkIsStale(const Symbol& symbol, const ledger::Mark& mark) const {
  auto arrival = market.arrival_ns.find(symbol);
  bool untold =
      !lockstep && arrival != market.arrival_ns.end() && now_ns - arrival->second > limits.quote_age_ms_max * 1'000'000;
  bool stands = mark.session_open && mark.time.nanos != 0 && market_time > mark.time + kQuoteStands;
  return untold || stands;
}

void StateView::DescribeLossRules(std::optional<Decimal> equity,
                                  google::protobuf::RepeatedPtrField<risk::v1::LossRule>* out) const {
  for (risk::LossRule rule : risk::kLossRules) {
    risk::v1::LossRule& line = *out->Add();
    line.set_name(risk::NameOf(rule));
    const std::optional<risk::LossTrip>& trip = exposure.latches.Of(rule);
    bool daily = rule == risk::LossRule::kDailyLoss;
    bool unknown = !equity || (daily ? exposure.baseline.day_start_unknown : exposure.baseline.peak_unknown);
    wire::ToProto(daily ? limits.daily_loss_ratio : limits.drawdown_ratio, line.mutable_limit_ratio());
    line.set_state(unknown ? risk::v1::LOSS_RULE_STATE_UNKNOWN : risk::v1::LOSS_RULE_STATE_ARMED);
    if (unknown) line.set_message("a position has no price: the loss is not known");
    if (!unknown) {
      risk::LossMeasure measure = MeasureLoss(rule, limits, exposure.baseline, *equity);
      wire::ToProto(measure.baseline, line.mutable_baseline());
      wire::ToProto(measure.loss, line.mutable_loss());
      wire::ToProto(measure.limit, line.mutable_limit());
      line.set_level_percent(measure.level_percent);
      if (measure.level_percent > 0) {
        line.set_state(risk::v1::LOSS_RULE_STATE_WARNING);
        line.set_message(std::to_string(measure.level_percent) + " % of the limit or more is used");
      }
    }
    if (!trip) continue;
    line.set_state(risk::v1::LOSS_RULE_STATE_TRIPPED);
    wire::ToProto(trip->time, line.mutable_trip_time());
    wire::ToProto(trip->baseline, line.mutable_trip_baseline());
    wire::ToProto(trip->equity, line.mutable_trip_equity());
    wire::ToProto(trip->limit, line.mutable_trip_limit());
    line.set_message(DescribeTrip(rule, *trip, limits));
  }
}

void StateView::DescribeOpening(risk::v1::OpeningAnswer* answer) const {
  std::string why;
  auto block = [&](const std::string& name, const std::string& sentence) -> risk::v1::OpeningBlock& {
    risk::v1::OpeningBlock& one = *answer->add_blocks();
    one.set_name(name);
    one.set_message(sentence);
    why += (why.empty() ? "" : "; ") + sentence;
    return one;
  };
  if (exposure.halted())
    block("trading_halted", "the account is halted until somebody resumes it with a reason").set_needs_person(true);
  for (const std::string& name : limits.unusable)
    block("limits_unusable", "the stored limit " + name + " cannot be used until somebody sets it")
        .set_needs_person(true);
  for (risk::LossRule rule : risk::kLossRules) {
    const auto& trip = exposure.latches.Of(rule);
    if (!trip) continue;
    risk::v1::OpeningBlock& one = block(risk::NameOf(rule), DescribeTrip(rule, *trip, limits));
    wire::ToProto(trip->time, one.mutable_since());
    one.set_scope(risk::v1::BREAKER_SCOPE_ACCOUNT);
    one.set_needs_person(rule != risk::LossRule::kDailyLoss || !limits.daily_loss_clears_next_day);
  }
  for (const auto& [key, breaker] : breakers) {
    risk::v1::OpeningBlock& one = block(key.rule, DescribeBreaker(breaker->rule, breaker->state));
    one.set_scope(static_cast<risk::v1::BreakerScope>(breaker->rule.scope));
    wire::ToProto(breaker->state.trip->time, one.mutable_since());
    if (auto time = ClearTime(breaker->rule, breaker->state)) wire::ToProto(*time, one.mutable_until());
    one.set_needs_person(breaker->rule.latches() && !breaker->rule.clears_next_day);
  }
  if (stopped != nullptr)
    block("order_log", *stopped);
  else if (!replayed)
    block("replaying", "risk is reading the order log");
  if (!exposure.Equity(market)) block("equity_unknown", "a position has no price, until there is one");
  answer->set_message(why);
  answer->set_opening(exposure.halted()          ? risk::v1::OPENING_HALTED
                      : answer->blocks().empty() ? risk::v1::OPENING_OPEN
                                                 : risk::v1::OPENING_BLOCKED);
}

}  // namespace ballast
