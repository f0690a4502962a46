#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ballast::graduation {

// What is known of a deployment before it is made. Ratios are of the account's equity.
struct Proposal {
  // Of one position, and the most that may be held together.
  double position_ratio = 0;
  int positions_max = 1;
  // The nearest protective exit from the entry price; none: it has no stop of its own.
  std::optional<double> stop_ratio;
  // Own limits of a day's loss and of draw-down; none: off.
  std::optional<double> daily_loss_ratio;
  std::optional<double> drawdown_ratio;
  bool shorts = false;
  int symbols = 1;
  // Usual move of a day of its instruments, the largest; none: not known.
  std::optional<double> daily_move;
  // Of the account's limits.
  std::optional<double> limit_position_ratio;
  // Trades that it has made since it was made, and how much it was below its best at most.
  long long own_trades = 0;
  // A backtest is on file for it, or for its strategy, with these.
  std::optional<double> backtest_drawdown_ratio;
};

struct ScorePart {
  std::string name;
  int points = 0;
  int most = 0;
  std::string reason;
};
struct RiskScore {
  // 0 (the calmest) to 100.
  int score = 0;
  // "low" up to 30, "moderate" up to 60, "high" above.
  std::string grade;
  std::vector<ScorePart> parts;
};
// Pure; the parts' points add up to the score.
RiskScore Score(const Proposal& proposal);
// "42 of 100, moderate: exposure 12 of 25 (…); …", the greatest parts first.
std::string WordsOf(const RiskScore& score);

}  // namespace ballast::graduation
