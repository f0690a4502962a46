#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ballast::graduation {

// The numbers are stored; they are the wire's too.
enum class Stage : int { kPaper = 1, kShadow = 2, kCanary = 3, kLive = 4 };

// What has to hold before the next stage, and what leads back. Ratios are of the capital.
struct Plan {
  int minimum_trades = 30;
  int minimum_days = 5;
  // What the backtest showed. Without the draw-down no stage is left; without the returns theirs is not compared.
  std::optional<double> backtest_drawdown_ratio;
  std::optional<double> backtest_mean_return;
  std::optional<double> backtest_return_deviation;
  // Times the backtest's draw-down: what may be, and what leads back.
  double drawdown_band = 1.5;
  double demotion_band = 2;
  // One-sided level at which a mean return below the backtest's is no accident.
  double significance = 0.05;
  double slippage_bps_max = 10;
};
// What is wrong with it, naming the field; empty: nothing.
std::string Fault(const Plan& plan);

// What was seen in the present stage.
struct Evidence {
  std::int64_t trades = 0;
  int days = 0;
  // Sums over the trades: returns on what the entry cost, and their squares.
  double return_sum = 0;
  double return_square_sum = 0;
  // The deepest.
  double drawdown_ratio = 0;
  std::int64_t slippage_count = 0;
  double slippage_bps_sum = 0;
};
// How its account stands; nothing that is not known is taken for good.
struct Surroundings {
  std::optional<int> open_breaks;
  std::optional<int> unprotected_positions;
  bool live_account = false;
};

struct Gate {
  std::string name;
  bool passed = false;
  std::string observed;
  std::string required;
  std::string detail;
};
// All of them, for the stage after `stage`; empty where there is none.
std::vector<Gate> GatesOf(Stage stage, const Plan& plan, const Evidence& evidence, const Surroundings& around);
bool AllPass(const std::vector<Gate>& gates);

// Why it has to go back a stage at once; empty: it has not. A stage that trades only simulated money is never left so.
std::string WhyBack(Stage stage, const Plan& plan, const Evidence& evidence, const Surroundings& around);

// How often a standard normal variable is at most `z`.
double NormalBelow(double z);

}  // namespace ballast::graduation
