#include "libs/backtest/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace ballast::backtest {
namespace {

constexpr double kDaySeconds = 86'400;

double Number(Decimal value) { return std::strtod(value.ToString().c_str(), nullptr); }
double Seconds(Duration length) { return static_cast<double>(length.nanos) / 1e9; }

struct YearMonth {
  int year = 0;
  int month = 0;
  friend bool operator==(const YearMonth&, const YearMonth&) = default;
};

// Gregorian, UTC (H. Hinnant's civil_from_days).
YearMonth MonthOf(UtcTime time) {
  std::int64_t days = time.DayNumber() + 719'468;
  std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  std::int64_t of_era = days - era * 146'097;
  std::int64_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  std::int64_t shifted = (5 * of_year + 2) / 153;
  int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0)), month};
}

void MeasureCurve(const Outcome& outcome, double cash, int periods_per_year, Statistics& out) {
  const EquityCurve& curve = outcome.curve;
  if (curve.count() == 0) return;
  double end = Number(curve.last().equity);
  out.days = Seconds(outcome.last_time - outcome.first_time) / kDaySeconds;
  out.return_ratio = end / cash - 1;
  if (out.days >= 1 && end > 0) out.annual_return = std::pow(end / cash, 365 / out.days) - 1;
  if (curve.deepest()) out.drawdown_ratio = 1 - Number(curve.deepest()->trough) / Number(curve.deepest()->peak);
  out.longest_fall_days = Seconds(curve.longest_fall()) / kDaySeconds;
  out.exposure_ratio = static_cast<double>(curve.invested()) / static_cast<double>(curve.count());

  std::vector<double> returns;
  double before = cash;
  double month_start = cash;
  std::optional<YearMonth> month;
  auto end_month = [&] {
    if (month) out.months.push_back({month->year, month->month, before / month_start - 1});
    month_start = before;
  };
  for (const EquityPoint& point : curve.days()) {
    YearMonth of = MonthOf(point.time);
    if (month != of) end_month();
    month = of;
    double equity = Number(point.equity);
    if (before > 0) returns.push_back(equity / before - 1);
    before = equity;
  }
  end_month();
  if (out.annual_return && out.drawdown_ratio > 0) out.calmar = *out.annual_return / out.drawdown_ratio;
  if (returns.size() < 2) return;
  double sum = 0, squares = 0, below = 0;
  for (double one : returns) sum += one;
  double mean = sum / static_cast<double>(returns.size());
  for (double one : returns) {
    squares += (one - mean) * (one - mean);
    below += std::min(one, 0.0) * std::min(one, 0.0);
  }
  double deviation = std::sqrt(squares / static_cast<double>(returns.size() - 1));
  double downside = std::sqrt(below / static_cast<double>(returns.size()));
  double root = std::sqrt(static_cast<double>(periods_per_year));
  out.volatility = deviation * root;
  if (deviation > 0) out.sharpe = mean / deviation * root;
  if (downside > 0) out.sortino = mean / downside * root;
}

void MeasureTrades(const std::vector<Trade>& trades, Statistics& out) {
  out.trades = trades.size();
  if (trades.empty()) return;
  double won = 0, lost = 0, seconds = 0;
  std::uint64_t losses = 0, row = 0;
  for (const Trade& trade : trades) {
    seconds += Seconds(trade.close_time - trade.open_time);
    double profit = Number(trade.profit);
    if (trade.profit.IsPositive()) {
      ++out.wins;
      won += profit;
      row = 0;
      continue;
    }
    ++losses;
    lost -= profit;
    out.longest_losing_row = std::max(out.longest_losing_row, ++row);
  }
  auto count = static_cast<double>(trades.size());
  out.win_ratio = static_cast<double>(out.wins) / count;
  if (lost > 0) out.profit_factor = won / lost;
  out.expectancy = (won - lost) / count;
  if (out.wins != 0) out.average_win = won / static_cast<double>(out.wins);
  if (losses != 0) out.average_loss = -lost / static_cast<double>(losses);
  out.average_trade_seconds = seconds / count;
}

}  // namespace

Statistics Measure(const Outcome& outcome, Decimal cash, int periods_per_year) {
  Statistics out;
  MeasureCurve(outcome, Number(cash), periods_per_year, out);
  MeasureTrades(outcome.trades, out);
  return out;
}

}  // namespace ballast::backtest
