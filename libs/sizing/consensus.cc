#include "libs/sizing/consensus.h"

#include <algorithm>

#include "libs/sizing/arithmetic.h"

namespace ballast::sizing {
namespace {

Decimal Median(std::vector<Decimal> votes) {
  std::sort(votes.begin(), votes.end());
  std::size_t middle = votes.size() / 2;
  if (votes.size() % 2 == 1) return votes[middle];
  return Divide(votes[middle - 1] + votes[middle], Decimal::FromInt(2), Rounding::kDown);
}

// What it made of the trades, shrunk towards nothing, over how unsteadily; never below zero.
Decimal WeightOf(const MethodRecord& record, int prior) {
  if (record.trades == 0 || !record.return_sum.IsPositive()) return {};
  Decimal mean = Divide(record.return_sum, Decimal::FromInt(record.trades + prior), Rounding::kDown);
  Decimal spread = SquareRoot(std::min(
      Decimal::FromInt(100), Divide(record.return_squares, Decimal::FromInt(record.trades), Rounding::kHalfEven)));
  return spread.IsPositive() ? QuotientWithin(mean, spread) : Decimal();
}

}  // namespace

std::optional<Decimal> Agree(const Settings& settings, const std::vector<Result>& votes, const Track& track,
                             std::map<std::string, std::string>& how) {
  std::vector<Decimal> quantities;
  for (const Result& vote : votes) {
    if (vote.known) quantities.push_back(vote.quantity);
  }
  if (quantities.empty()) return std::nullopt;
  how["rule"] = NameOf(settings.consensus);
  if (settings.consensus == Consensus::kMedian) return Median(quantities);
  Decimal least = *std::min_element(quantities.begin(), quantities.end());
  if (settings.consensus == Consensus::kMinimum) return least;

  std::map<Method, Decimal> weights;
  Decimal all;
  for (const Result& vote : votes) {
    if (!vote.known) continue;
    auto record = track.find(vote.method);
    if (record == track.end() || record->second.trades < settings.kelly_minimum_trades) {
      how["rule"] = "median: too few trades to weigh";
      return Median(quantities);
    }
    all += weights[vote.method] = WeightOf(record->second, settings.kelly_prior_trades);
  }
  if (!all.IsPositive()) {
    how["rule"] = "minimum: no method has earned";
    return least;
  }
  Decimal sum;
  for (const Result& vote : votes) {
    if (!vote.known) continue;
    Decimal weight = Divide(weights[vote.method], all, Rounding::kDown);
    how["weight_" + std::string(NameOf(vote.method))] =
        weight.RoundTo(Decimal::Of("0.0001"), Rounding::kHalfEven).ToString();
    sum += Multiply(vote.quantity, weight, Rounding::kDown);
  }
  return sum;
}

}  // namespace ballast::sizing
