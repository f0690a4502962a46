#include "libs/graduation/gates.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ballast::graduation {
namespace {

// Of a mean of returns, in double.
constexpr double kRoundingMax = 1e-12;

std::string Number(double value, const char* unit = "") {
  char text[48];
  std::snprintf(text, sizeof text, "%.4g%s", value, unit);
  return text;
}
std::string Share(double ratio) { return Number(100 * ratio, " %"); }

Gate AtLeast(const char* name, std::int64_t observed, std::int64_t required, const char* what) {
  return {.name = name,
          .passed = observed >= required,
          .observed = std::to_string(observed),
          .required = "at least " + std::to_string(required),
          .detail = what};
}

Gate Drawdown(const Plan& plan, const Evidence& evidence) {
  if (!plan.backtest_drawdown_ratio)
    return {.name = "drawdown",
            .passed = false,
            .observed = Share(evidence.drawdown_ratio),
            .required = "a backtest to compare it with",
            .detail = "the plan has no backtest_drawdown_ratio"};
  const double most = *plan.backtest_drawdown_ratio * plan.drawdown_band;
  return {.name = "drawdown",
          .passed = evidence.drawdown_ratio <= most,
          .observed = Share(evidence.drawdown_ratio),
          .required = "at most " + Share(most),
          .detail = Number(plan.drawdown_band) + " times the backtest's " + Share(*plan.backtest_drawdown_ratio)};
}

// Welch would need the backtest's number of trades; it is long, so its mean and deviation are taken as known.
Gate Return(const Plan& plan, const Evidence& evidence) {
  Gate gate{.name = "return", .passed = false, .observed = {}, .required = {}, .detail = {}};
  if (!plan.backtest_mean_return || !plan.backtest_return_deviation) {
    gate.passed = true;
    gate.observed = "not compared";
    gate.detail = "the plan has no backtest_mean_return and backtest_return_deviation";
    return gate;
  }
  gate.required = "not below the backtest's at " + Share(plan.significance);
  if (evidence.trades < 2) {
    gate.observed = "fewer than 2 trades";
    return gate;
  }
  const double count = static_cast<double>(evidence.trades);
  const double mean = evidence.return_sum / count;
  const double error = *plan.backtest_return_deviation / std::sqrt(count);
  gate.observed = Share(mean) + " a trade";
  // Trades that never differ leave nothing to chance.
  if (!(error > 0)) {
    gate.passed = mean >= *plan.backtest_mean_return - kRoundingMax;
    gate.required = "at least " + Share(*plan.backtest_mean_return);
    gate.detail = "the backtest's trades do not differ from each other";
    return gate;
  }
  const double z = (mean - *plan.backtest_mean_return) / error;
  const double chance = NormalBelow(z);
  gate.passed = chance >= plan.significance;
  gate.detail = "a mean as low or lower comes by chance in " + Share(chance) + " (z " + Number(z) + ", n " +
                std::to_string(evidence.trades) + "), if the backtest's " + Share(*plan.backtest_mean_return) +
                " holds";
  return gate;
}

Gate Slippage(Stage stage, const Plan& plan, const Evidence& evidence) {
  Gate gate{.name = "slippage",
            .passed = false,
            .observed = "none measured",
            .required = "at most " + Number(plan.slippage_bps_max, " bp"),
            .detail = "mean of entries against the quote at their decision"};
  if (stage == Stage::kShadow) {
    gate.passed = true;
    gate.detail = "a shadow's orders are not sent";
    return gate;
  }
  if (evidence.slippage_count == 0) return gate;
  const double mean = evidence.slippage_bps_sum / static_cast<double>(evidence.slippage_count);
  gate.passed = mean <= plan.slippage_bps_max;
  gate.observed = Number(mean, " bp") + " of " + std::to_string(evidence.slippage_count) + " entries";
  return gate;
}

Gate None(const char* name, const std::optional<int>& count, const char* what) {
  return {.name = name,
          .passed = count && *count == 0,
          .observed = count ? std::to_string(*count) : "not known",
          .required = "0",
          .detail = what};
}

}  // namespace

double NormalBelow(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

std::string Fault(const Plan& plan) {
  auto outside = [](double value, double least, double most) { return !(value >= least && value <= most); };
  if (plan.minimum_trades < 1 || plan.minimum_trades > 100'000) return "minimum_trades: 1 to 100000 expected";
  if (plan.minimum_days < 1 || plan.minimum_days > 1'000) return "minimum_days: 1 to 1000 expected";
  if (plan.backtest_drawdown_ratio && outside(*plan.backtest_drawdown_ratio, 0, 1))
    return "backtest_drawdown_ratio: 0 to 1 expected";
  if (plan.backtest_mean_return && outside(*plan.backtest_mean_return, -10, 10))
    return "backtest_mean_return: -10 to 10 expected";
  if (plan.backtest_return_deviation && outside(*plan.backtest_return_deviation, 0, 10))
    return "backtest_return_deviation: 0 to 10 expected";
  if (outside(plan.drawdown_band, 0.1, 10)) return "drawdown_band: 0.1 to 10 expected";
  if (outside(plan.demotion_band, plan.drawdown_band, 20)) return "demotion_band: drawdown_band to 20 expected";
  if (outside(plan.significance, 0.001, 0.5)) return "significance: 0.001 to 0.5 expected";
  if (outside(plan.slippage_bps_max, 0, 1'000)) return "slippage_bps_max: 0 to 1000 expected";
  return "";
}

std::vector<Gate> GatesOf(Stage stage, const Plan& plan, const Evidence& evidence, const Surroundings& around) {
  if (stage == Stage::kLive) return {};
  std::vector<Gate> gates = {
      AtLeast("trades", evidence.trades, plan.minimum_trades, "closed in this stage"),
      AtLeast("days", evidence.days, plan.minimum_days, "with a decision in this stage"),
      Drawdown(plan, evidence),
      Return(plan, evidence),
      Slippage(stage, plan, evidence),
      None("reconciliation", around.open_breaks, "open breaks with the venue"),
      None("protection", around.unprotected_positions, "positions whose stop policy is not met")};
  if (stage == Stage::kCanary)
    gates.push_back({.name = "account",
                     .passed = around.live_account,
                     .observed = around.live_account ? "live" : "paper",
                     .required = "live",
                     .detail = "the whole size is for an account with real money"});
  return gates;
}

bool AllPass(const std::vector<Gate>& gates) {
  return !gates.empty() && std::all_of(gates.begin(), gates.end(), [](const Gate& gate) { return gate.passed; });
}

std::string WhyBack(Stage stage, const Plan& plan, const Evidence& evidence, const Surroundings& around) {
  if (stage != Stage::kCanary && stage != Stage::kLive) return "";
  if (plan.backtest_drawdown_ratio) {
    const double most = *plan.backtest_drawdown_ratio * plan.demotion_band;
    if (evidence.drawdown_ratio > most)
      return "the draw-down of " + Share(evidence.drawdown_ratio) + " is more than " + Number(plan.demotion_band) +
             " times the backtest's " + Share(*plan.backtest_drawdown_ratio);
  }
  if (around.open_breaks.value_or(0) > 0) return std::to_string(*around.open_breaks) + " open breaks with the venue";
  if (around.unprotected_positions.value_or(0) > 0)
    return std::to_string(*around.unprotected_positions) + " positions whose stop policy is not met";
  return "";
}

}  // namespace ballast::graduation
