#include "services/strategy_runner/risk_proposal.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "libs/platform/thread/mutex.h"

namespace ballast {
namespace {

constexpr int kDaysAsked = 30;
constexpr std::size_t kReturnsLeast = 5;

double RatioOf(Decimal value) { return std::strtod(value.ToString().c_str(), nullptr); }
std::optional<double> RatioOf(const std::optional<Decimal>& value) {
  return value ? std::optional(RatioOf(*value)) : std::nullopt;
}

// Pasts as they come in, on any thread.
class GatherPast {
 public:
  GatherPast(strategy::Spec spec, std::function<void(graduation::RiskScore)> answer)
      : spec_(std::move(spec)), answer_(std::move(answer)), missing_(spec_.symbols.size()) {}
  void Take(const Symbol& symbol, absl::StatusOr<std::vector<Bar>> bars) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (bars.ok()) past_[symbol] = std::move(*bars);
      if (--missing_ > 0) return;
    }
    answer_(graduation::Score(ProposalOf(spec_, Whole())));
  }

 private:
  std::map<Symbol, std::vector<Bar>> Whole() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::move(past_);
  }

  const strategy::Spec spec_;
  const std::function<void(graduation::RiskScore)> answer_;
  Mutex mutex_;
  std::map<Symbol, std::vector<Bar>> past_ GUARDED_BY(mutex_);
  std::size_t missing_ GUARDED_BY(mutex_);
};

}  // namespace

std::optional<double> DailyMove(const std::vector<Bar>& bars) {
  double squares = 0;
  std::size_t count = 0;
  for (std::size_t i = 1; i < bars.size(); ++i) {
    const double before = RatioOf(bars[i - 1].close), after = RatioOf(bars[i].close);
    if (before <= 0 || after <= 0) continue;
    squares += std::pow(std::log(after / before), 2);
    ++count;
  }
  if (count < kReturnsLeast) return std::nullopt;
  return std::sqrt(squares / static_cast<double>(count));
}

graduation::Proposal ProposalOf(const strategy::Spec& spec, const std::map<Symbol, std::vector<Bar>>& past) {
  graduation::Proposal proposal;
  const double capital = spec.capital_ratio ? RatioOf(*spec.capital_ratio) : 1;
  proposal.position_ratio = RatioOf(spec.position_size_ratio) * capital;
  proposal.positions_max = spec.max_open_positions;
  std::optional<Decimal> stop = spec.stop_loss_ratio;
  if (spec.trailing_stop_ratio && (!stop || *spec.trailing_stop_ratio < *stop)) stop = spec.trailing_stop_ratio;
  proposal.stop_ratio = RatioOf(stop);
  proposal.daily_loss_ratio = RatioOf(spec.daily_loss_ratio);
  proposal.drawdown_ratio = RatioOf(spec.drawdown_ratio);
  proposal.shorts = spec.allow_short;
  proposal.symbols = static_cast<int>(spec.symbols.size());
  for (const auto& [symbol, bars] : past) {
    if (std::optional<double> move = DailyMove(bars))
      proposal.daily_move = std::max(proposal.daily_move.value_or(0), *move);
  }
  return proposal;
}

void AskRiskScore(const strategy::Spec& spec, Neighbours& neighbours,
                  std::function<void(graduation::RiskScore)> answer) {
  auto gather = std::make_shared<GatherPast>(spec, std::move(answer));
  for (const Symbol& symbol : spec.symbols)
    neighbours.Bars(symbol, "1d", kDaysAsked,
                    [gather, symbol](absl::StatusOr<std::vector<Bar>> bars) { gather->Take(symbol, std::move(bars)); });
}

}  // namespace ballast
