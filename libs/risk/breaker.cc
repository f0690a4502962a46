#include "libs/risk/breaker.h"

#include <algorithm>

#include "libs/base/percent.h"

namespace ballast::risk {

bool IsLoss(BreakerKind kind) {
  return kind == BreakerKind::kPortfolioLoss || kind == BreakerKind::kDailyLoss || kind == BreakerKind::kPositionLoss ||
         kind == BreakerKind::kDrawdown;
}

bool AlwaysLatched(BreakerKind kind) {
  return IsLoss(kind) || kind == BreakerKind::kReconciliationBreak || kind == BreakerKind::kRunawayLoop;
}

bool HasWindow(BreakerKind kind) {
  return kind == BreakerKind::kVolatility || kind == BreakerKind::kRejectStorm || kind == BreakerKind::kRunawayLoop;
}

bool OfDeployment(BreakerKind kind) {
  return IsLoss(kind) || kind == BreakerKind::kRejectStorm || kind == BreakerKind::kRunawayLoop;
}

std::vector<BreakerRule> DefaultBreakerRules() {
  auto rule = [](const char* name, BreakerKind kind, BreakerScope scope, const char* limit) {
    return BreakerRule{.name = name, .kind = kind, .scope = scope, .limit = Decimal::Of(limit)};
  };
  using K = BreakerKind;
  using S = BreakerScope;
  std::vector<BreakerRule> rules = {
      rule("firm_daily_loss", K::kDailyLoss, S::kFirm, "0.03"),
      rule("firm_drawdown", K::kDrawdown, S::kFirm, "0.10"),
      rule("portfolio_loss", K::kPortfolioLoss, S::kAccount, "0.10"),
      rule("position_loss", K::kPositionLoss, S::kAccount, "0.05"),
      rule("deployment_daily_loss", K::kDailyLoss, S::kDeployment, "0.02"),
      rule("deployment_drawdown", K::kDrawdown, S::kDeployment, "0.05"),
      rule("volatility", K::kVolatility, S::kAccount, "0.10"),
      rule("leverage", K::kLeverage, S::kAccount, "4"),
      rule("concentration", K::kConcentration, S::kAccount, "0.5"),
      rule("stale_data", K::kStaleData, S::kAccount, "30000"),
      rule("reject_storm", K::kRejectStorm, S::kAccount, "100"),
      rule("latency", K::kLatency, S::kAccount, "10000"),
      rule("reconciliation_break", K::kReconciliationBreak, S::kAccount, "1"),
      rule("runaway_loop", K::kRunawayLoop, S::kDeployment, "900"),
      rule("audit_lag", K::kAuditLag, S::kAccount, "300000"),
      rule("clock_offset", K::kClockOffset, S::kAccount, "500"),
      rule("unacknowledged_alert", K::kUnacknowledgedAlert, S::kAccount, "120000"),
  };
  for (BreakerRule& one : rules) {
    one.latched = AlwaysLatched(one.kind) || one.kind == K::kRejectStorm;
    // How much all accounts together may lose is for somebody to say.
    one.enabled = one.scope != S::kFirm;
  }
  return rules;
}

std::optional<TripName> ReadTripName(const std::string& text) {
  const std::size_t colon = text.find(':');
  TripName name{.rule = text.substr(0, colon)};
  if (name.rule.empty() || name.rule.front() == '@') return std::nullopt;
  if (colon == std::string::npos) return name;
  auto time = UtcTime::Parse(text.substr(colon + 1));
  if (!time.ok()) return std::nullopt;
  name.time = *time;
  return name;
}

std::optional<UtcTime> ReadSeenBy(const std::string& text) {
  if (text.empty() || text.front() != '@') return std::nullopt;
  auto time = UtcTime::Parse(text.substr(1));
  if (!time.ok()) return std::nullopt;
  return *time;
}

bool MeansTrip(const std::vector<TripName>& names, const std::string& rule, UtcTime trip_time) {
  return names.empty() ||
         std::any_of(names.begin(), names.end(), [&](const TripName& name) { return name.Means(rule, trip_time); });
}

std::optional<BreakerFault> FaultOf(const BreakerRule& rule) {
  bool named = !rule.name.empty() && rule.name.size() <= 40 &&
               std::all_of(rule.name.begin(), rule.name.end(),
                           [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (!named) return BreakerFault{"name", "1 to 40 of a-z 0-9 _ expected"};
  // Those of the limits of each account; two of one name could not be told apart.
  if (rule.name == "daily_loss" || rule.name == "drawdown" || rule.name == "trading_halted" ||
      rule.name == "equity_unknown" || rule.name == "limits_unusable" || rule.name == "replaying" ||
      rule.name == "order_log")
    return BreakerFault{"name", "this name is taken"};
  if (rule.kind < BreakerKind::kPortfolioLoss || rule.kind > BreakerKind::kUnacknowledgedAlert)
    return BreakerFault{"kind", "a kind is expected"};
  if (rule.scope < BreakerScope::kFirm || rule.scope > BreakerScope::kDeployment)
    return BreakerFault{"scope", "a scope is expected"};
  if (rule.scope == BreakerScope::kDeployment && !OfDeployment(rule.kind))
    return BreakerFault{"scope", "a deployment has no such figure of its own"};
  if (rule.scope == BreakerScope::kFirm && rule.kind == BreakerKind::kPositionLoss)
    return BreakerFault{"scope", "a position is one account's"};
  if (rule.scope == BreakerScope::kFirm && (!rule.account_id.empty() || !rule.deployment_id.empty()))
    return BreakerFault{"account_id", "the firm has no account"};
  if (rule.scope != BreakerScope::kDeployment && !rule.deployment_id.empty())
    return BreakerFault{"deployment_id", "only a rule of deployments names one"};
  if (rule.limit.IsNegative() || rule.limit > Decimal::FromInt(1'000'000'000))
    return BreakerFault{"limit", "0 to 1000000000 expected"};
  // A count or an age of zero is always reached.
  if (!IsLoss(rule.kind) && !rule.limit.IsPositive()) return BreakerFault{"limit", "more than 0 expected"};
  if (IsLoss(rule.kind) && rule.limit > Decimal::FromInt(1)) return BreakerFault{"limit", "0 to 1 expected"};
  if (!rule.clear_ratio.IsPositive() || rule.clear_ratio > Decimal::FromInt(1))
    return BreakerFault{"clear_ratio", "above 0, at most 1 expected"};
  if (rule.dwell < Duration::Seconds(1) || rule.dwell > Duration::Seconds(86'400))
    return BreakerFault{"dwell_ms", "1000 to 86400000 expected"};
  if (rule.window < Duration::Seconds(5) || rule.window > Duration::Seconds(600))
    return BreakerFault{"window_ms", "5000 to 600000 expected"};
  if (rule.clears_next_day && rule.kind != BreakerKind::kDailyLoss)
    return BreakerFault{"clears_next_day", "only a daily loss has a day"};
  if (!rule.latched && AlwaysLatched(rule.kind))
    return BreakerFault{"latched", "one of this kind is re-armed by a person, always"};
  if (rule.action < BreakerAction::kRefuseEntries || rule.action > BreakerAction::kClosePositions)
    return BreakerFault{"action", "an action is expected"};
  if (rule.scope == BreakerScope::kFirm && rule.action != BreakerAction::kRefuseEntries)
    return BreakerFault{"action", "the firm's refuses entries; emergencies are an account's"};
  return std::nullopt;
}

std::optional<BreakerMeasure> MeasureBreaker(const BreakerRule& rule, const BreakerState& state,
                                             const BreakerSight& sight) {
  if (!sight.figure) return std::nullopt;
  BreakerMeasure measure{.observed = *sight.figure, .limit = rule.limit};
  if (IsLoss(rule.kind)) {
    if (!sight.capital) return std::nullopt;
    measure.observed = std::max(state.baseline - *sight.figure, Decimal());
    measure.limit = Multiply(std::max(*sight.capital, Decimal()), rule.limit, Rounding::kDown);
  }
  // Nothing lost, nothing happened: no limit is reached by it, not even one of zero.
  if (!measure.observed.IsPositive()) return measure;
  for (int percent : {50, 75, 90, 100}) {
    Decimal part = MultiplyDivide(measure.limit, Decimal::FromInt(percent), Decimal::FromInt(100), Rounding::kUp);
    if (measure.observed >= part) measure.level_percent = percent;
  }
  measure.reached = measure.observed >= measure.limit;
  return measure;
}

namespace {

// Before anything is measured.
void MoveBaseline(const BreakerRule& rule, const BreakerSight& sight, BreakerState* state) {
  if (rule.kind == BreakerKind::kDrawdown) state->baseline = std::max(state->baseline, *sight.figure);
  if (rule.kind == BreakerKind::kDailyLoss && state->baseline_day != sight.day) {
    state->baseline = sight.day_start.value_or(*sight.figure);
    state->baseline_day = sight.day;
  }
}

}  // namespace

BreakerMove MoveBreaker(const BreakerRule& rule, const BreakerSight& sight, BreakerState* state) {
  BreakerMove move;
  bool over = rule.clears_next_day && state->trip && state->trip->day < sight.day;
  if (over) {
    state->trip.reset();
    state->told_percent = 0;
    move.cleared = true;
  }
  if (!sight.figure) {
    // It is not below what it clears at, as far as anybody knows.
    if (state->trip) state->over_time = sight.time;
    return move;
  }
  if (IsLoss(rule.kind)) MoveBaseline(rule, sight, state);
  std::optional<BreakerMeasure> measure = MeasureBreaker(rule, *state, sight);
  if (!measure) return move;
  if (state->trip) {
    if (rule.latches()) return move;
    if (measure->observed >= Multiply(measure->limit, rule.clear_ratio, Rounding::kDown)) {
      state->over_time = sight.time;
    } else if (sight.time - state->over_time >= rule.dwell) {
      state->trip.reset();
      state->told_percent = measure->level_percent;
      move.cleared = true;
    }
    return move;
  }
  if (measure->reached) {
    state->trip =
        BreakerTrip{.time = sight.time, .day = sight.day, .observed = measure->observed, .limit = measure->limit};
    state->over_time = sight.time;
    state->told_percent = 100;
    move.tripped = true;
  } else if (measure->level_percent > state->told_percent) {
    state->told_percent = move.warned_percent = measure->level_percent;
  } else if (measure->level_percent == 0) {
    state->told_percent = 0;
  }
  return move;
}

void RearmBreaker(const BreakerRule& rule, const BreakerSight& sight, BreakerState* state) {
  state->trip.reset();
  state->told_percent = 0;
  if (!IsLoss(rule.kind) || !sight.figure) return;
  state->baseline = *sight.figure;
  if (rule.kind == BreakerKind::kDailyLoss) state->baseline_day = sight.day;
}

std::optional<UtcTime> ClearTime(const BreakerRule& rule, const BreakerState& state) {
  if (!state.trip || rule.latches()) return std::nullopt;
  return state.over_time + rule.dwell;
}

std::string DescribeBreaker(const BreakerRule& rule, const BreakerState& state) {
  if (!state.trip) return "";
  std::string text = "the breaker " + rule.name + " was tripped at " + state.trip->time.ToString() + ": " +
                     state.trip->observed.ToString() + " reached its limit of " + state.trip->limit.ToString() +
                     "; entries are refused until ";
  if (rule.latches()) {
    text += "somebody re-arms it with a reason";
    if (rule.clears_next_day) text += ", or until the next day";
  } else {
    text += "it has stayed below " + PercentText(rule.clear_ratio) + " of its limit for " +
            std::to_string(rule.dwell.nanos / 1'000'000'000) + " s";
  }
  return text;
}

}  // namespace ballast::risk
