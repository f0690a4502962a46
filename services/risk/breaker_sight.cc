#include <algorithm>
#include <utility>

#include "services/risk/breaker_desk.h"

// The desk's part about what breakers are held against: what has happened, and what is seen of it now.
namespace ballast {
namespace {

using risk::BreakerKind;
using risk::BreakerScope;

// What is so far above every limit that it needs no exact number.
constexpr std::int64_t kBeyond = 1'000'000;

Decimal Times(Decimal part, Decimal whole) {
  if (!part.IsPositive()) return {};
  if (!whole.IsPositive() || Divide(part, Decimal::FromInt(kBeyond), Rounding::kDown) >= whole)
    return Decimal::FromInt(kBeyond);
  return Divide(part, whole, Rounding::kUp);
}

std::optional<Decimal> ValueOf(const risk::Market& market, const Symbol& symbol, Decimal quantity) {
  std::optional<ledger::Mark> mark = market.MarkOf(symbol);
  if (!mark) return std::nullopt;
  return ledger::Value(quantity, mark->Price(quantity));
}

// What a deployment has won or lost, at marks that `value` knows.
template <typename ValueFunction>
std::optional<Decimal> ResultOf(const risk::Exposure& exposure, const DeploymentId& deployment, ValueFunction value) {
  auto closed = exposure.closed_flows().find(deployment);
  Decimal result = closed == exposure.closed_flows().end() ? Decimal() : closed->second;
  for (auto flow = exposure.flows().lower_bound({deployment, Symbol()});
       flow != exposure.flows().end() && flow->first.first == deployment; ++flow) {
    std::optional<Decimal> worth = value(flow->first.second, exposure.BookPosition(flow->first));
    if (!worth) return std::nullopt;
    result += flow->second + *worth;
  }
  return result;
}

std::int64_t Total(const std::map<DeploymentId, risk::EventCount>& counts, const DeploymentId& deployment,
                   Duration window, std::int64_t now_ns) {
  std::int64_t sum = 0;
  for (const auto& [id, count] : counts) {
    if (deployment.empty() || id == deployment) sum += count.Within(window, now_ns);
  }
  return sum;
}

}  // namespace

std::set<DeploymentId> BreakerDesk::DeploymentsOf(const risk::Exposure& exposure) {
  std::set<DeploymentId> deployments;
  for (const auto& [deployment, flow] : exposure.closed_flows()) deployments.insert(deployment);
  for (const auto& [book, flow] : exposure.flows()) deployments.insert(book.first);
  deployments.erase(DeploymentId());
  return deployments;
}

void BreakerDesk::OnAsked(const AccountId& account, const DeploymentId& deployment, std::int64_t now_ns) {
  if (!deployment.empty()) pulses_[account].asked[deployment].Add(now_ns);
}

void BreakerDesk::OnRejected(const AccountId& account, const DeploymentId& deployment, std::int64_t now_ns) {
  pulses_[account].rejected[deployment].Add(now_ns);
}

void BreakerDesk::OnQuote(const Quote& quote, std::int64_t market_ns) {
  if (!quote.session_open || quote.stale) return;
  // Half of the sum, so that a wide quote is no move.
  Decimal middle = Decimal::FromUnits((quote.bid_price.units() + quote.ask_price.units()) / 2);
  ranges_[quote.symbol].Add(middle, market_ns);
}

Decimal BreakerDesk::RangeOf(const risk::Exposure& exposure, Duration window, std::int64_t market_ns) const {
  Decimal most;
  for (const auto& [symbol, quantity] : exposure.positions()) {
    auto range = ranges_.find(symbol);
    if (range != ranges_.end()) most = std::max(most, range->second.Within(window, market_ns));
  }
  return most;
}

void BreakerDesk::StartDay(const AccountId& account, const risk::Exposure& exposure, std::int64_t day,
                           const ledger::Marks& closes) {
  DayStart& start = day_starts_[account];
  start = {.day = day};
  auto value = [&](const Symbol& symbol, Decimal quantity) -> std::optional<Decimal> {
    auto mark = closes.find(symbol);
    if (mark == closes.end()) return std::nullopt;
    return ledger::Value(quantity, mark->second.Price(quantity));
  };
  if (std::optional<Decimal> equity = exposure.EquityAt(closes)) start.result = *equity - exposure.opening_cash();
  for (const DeploymentId& deployment : DeploymentsOf(exposure))
    start.deployments[deployment] = ResultOf(exposure, deployment, value);
}

void BreakerDesk::ForgetTimes() {
  pulses_.clear();
  ranges_.clear();
  delay_ms_.reset();
}

BreakerDesk::Sums BreakerDesk::SumsOf(const World& world) const {
  Sums sums;
  for (const auto& [id, exposure] : world.accounts) {
    if (!exposure.opened() || !world.known.contains(id)) continue;
    Sum& sum = sums[id];
    sum.exposure = &exposure;
    sum.equity = exposure.cash();
    for (const auto& [symbol, quantity] : exposure.positions()) {
      std::optional<ledger::Mark> mark = world.market.MarkOf(symbol);
      if (!mark) {
        sum.equity.reset();
        break;
      }
      Decimal value = ledger::Value(quantity, mark->Price(quantity));
      *sum.equity += value;
      sum.gross += value.Abs();
      sum.largest = std::max(sum.largest, value.Abs());
      auto arrival = world.market.arrival_ns.find(symbol);
      if (!world.lockstep && mark->session_open && arrival != world.market.arrival_ns.end())
        sum.oldest_ms = std::max(sum.oldest_ms, (world.now_ns - arrival->second) / 1'000'000);
    }
    if (!exposure.baseline.day_start_unknown) sum.capital = exposure.baseline.day_start_equity;
  }
  return sums;
}

void BreakerDesk::SightOfLoss(const BreakerKey& key, const World& world, const Sum& sum,
                              risk::BreakerSight* sight) const {
  sight->capital = sum.capital;
  auto start = day_starts_.find(key.account_id);
  bool today = start != day_starts_.end() && start->second.day == world.day;
  auto value = [&](const Symbol& symbol, Decimal quantity) { return ValueOf(world.market, symbol, quantity); };
  if (!key.symbol.empty()) {
    risk::Exposure::BookKey book{key.deployment_id, key.symbol};
    auto flow = sum.exposure->flows().find(book);
    // Closed meanwhile: nothing is lost with it any more.
    if (flow == sum.exposure->flows().end()) return;
    std::optional<Decimal> worth = value(key.symbol, sum.exposure->BookPosition(book));
    if (worth) sight->figure = flow->second + *worth;
  } else if (!key.deployment_id.empty()) {
    sight->figure = ResultOf(*sum.exposure, key.deployment_id, value);
    if (!today) return;
    auto result = start->second.deployments.find(key.deployment_id);
    // It had done nothing yet when the day began.
    sight->day_start = result == start->second.deployments.end() ? Decimal() : result->second;
  } else {
    if (sum.equity) sight->figure = *sum.equity - sum.exposure->opening_cash();
    if (today) sight->day_start = start->second.result;
  }
}

risk::BreakerSight BreakerDesk::SightOfAccount(const risk::BreakerRule& rule, const BreakerKey& key, const World& world,
                                               const Sum& sum) const {
  risk::BreakerSight sight{.time = world.time, .day = world.day};
  auto pulse = pulses_.find(key.account_id);
  switch (rule.kind) {
    case BreakerKind::kLeverage:
      if (sum.equity) sight.figure = Times(sum.gross, *sum.equity);
      break;
    case BreakerKind::kConcentration:
      if (sum.equity) sight.figure = Times(sum.largest, *sum.equity);
      break;
    case BreakerKind::kVolatility:
      sight.figure = RangeOf(*sum.exposure, rule.window, world.market_ns);
      break;
    case BreakerKind::kStaleData:
      sight.figure = Decimal::FromInt(sum.oldest_ms);
      break;
    case BreakerKind::kLatency:
      if (delay_ms_) sight.figure = Decimal::FromInt(*delay_ms_);
      break;
    case BreakerKind::kAuditLag:
      if (world.audit_lag_ms) sight.figure = Decimal::FromInt(*world.audit_lag_ms);
      break;
    case BreakerKind::kClockOffset:
      if (world.clock_offset_ms) sight.figure = Decimal::FromInt(*world.clock_offset_ms);
      break;
    case BreakerKind::kUnacknowledgedAlert:
      // Simulated money waits for nobody.
      if (sum.exposure->mode() != AccountMode::kLive)
        sight.figure = Decimal();
      else if (world.alert_age_ms)
        sight.figure = Decimal::FromInt(*world.alert_age_ms);
      break;
    case BreakerKind::kReconciliationBreak: {
      auto open = open_breaks_.find(key.account_id);
      if (open != open_breaks_.end()) sight.figure = Decimal::FromInt(open->second);
      break;
    }
    case BreakerKind::kRejectStorm:
    case BreakerKind::kRunawayLoop: {
      std::int64_t count = 0;
      if (pulse != pulses_.end()) {
        const auto& counts = rule.kind == BreakerKind::kRejectStorm ? pulse->second.rejected : pulse->second.asked;
        count = Total(counts, key.deployment_id, rule.window, world.now_ns);
      }
      sight.figure = Decimal::FromInt(count);
      break;
    }
    default:
      SightOfLoss(key, world, sum, &sight);
      break;
  }
  return sight;
}

risk::BreakerSight BreakerDesk::SightOf(const risk::BreakerRule& rule, const BreakerKey& key, const World& world,
                                        const Sums& sums) const {
  if (!key.account_id.empty()) {
    auto sum = sums.find(key.account_id);
    if (sum == sums.end()) return {.time = world.time, .day = world.day};
    return SightOfAccount(rule, key, world, sum->second);
  }
  // The firm is all accounts together: what one of them does not know, it does not know.
  risk::BreakerSight firm{.time = world.time, .day = world.day};
  if (!world.all_known || sums.empty()) return firm;
  Decimal equity, gross, largest;
  firm.figure = firm.capital = Decimal();
  firm.day_start = Decimal();
  auto add = [](std::optional<Decimal>& total, const std::optional<Decimal>& part) {
    if (total && part)
      *total += *part;
    else
      total.reset();
  };
  for (const auto& [id, sum] : sums) {
    risk::BreakerSight one = SightOfAccount(rule, {.rule = key.rule, .account_id = id}, world, sum);
    bool largest_counts = rule.kind == BreakerKind::kVolatility || rule.kind == BreakerKind::kStaleData ||
                          rule.kind == BreakerKind::kLatency || rule.kind >= BreakerKind::kAuditLag;
    if (largest_counts && firm.figure && one.figure)
      firm.figure = std::max(*firm.figure, *one.figure);
    else
      add(firm.figure, one.figure);
    add(firm.capital, one.capital);
    add(firm.day_start, one.day_start);
    equity += sum.equity.value_or(Decimal());
    gross += sum.gross;
    largest = std::max(largest, sum.largest);
  }
  if (firm.figure && rule.kind == BreakerKind::kLeverage) firm.figure = Times(gross, equity);
  if (firm.figure && rule.kind == BreakerKind::kConcentration) firm.figure = Times(largest, equity);
  return firm;
}

}  // namespace ballast
