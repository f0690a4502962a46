#include "libs/graduation/risk_score.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ballast::graduation {
namespace {

std::string PerCent(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * ratio);
  return text;
}

// Straight from nothing at `calm` to all points at `wild`.
int Between(double value, double calm, double wild, int most) {
  const double part = std::clamp((value - calm) / (wild - calm), 0.0, 1.0);
  return static_cast<int>(std::lround(part * most));
}

// Held together at most, from a tenth of the equity to twice all of it.
ScorePart Exposure(const Proposal& proposal) {
  constexpr int kMost = 25;
  const double held = proposal.position_ratio * std::min(proposal.positions_max, proposal.symbols);
  return {"exposure", Between(held, 0.1, 2, kMost), kMost,
          "at most " + PerCent(held) + " of the equity is held together"};
}

// Lost at the stop of one position, from a tenth of a per cent to 3 % of the equity.
ScorePart LossAtStop(const Proposal& proposal) {
  constexpr int kMost = 20;
  if (!proposal.stop_ratio) return {"stop", kMost, kMost, "a position has no stop"};
  const double loss = proposal.position_ratio * *proposal.stop_ratio;
  return {"stop", Between(loss, 0.001, 0.03, kMost), kMost,
          "a position loses " + PerCent(loss) + " of the equity at its stop"};
}

// A day's usual move of all that is held, from 0.25 % to 5 % of the equity.
ScorePart Moves(const Proposal& proposal) {
  constexpr int kMost = 20;
  if (!proposal.daily_move) return {"volatility", kMost / 2, kMost, "how much its instruments move is not known"};
  const double moved =
      *proposal.daily_move * proposal.position_ratio * std::min(proposal.positions_max, proposal.symbols);
  return {"volatility", Between(moved, 0.0025, 0.05, kMost), kMost,
          "a usual day moves what is held by " + PerCent(moved) + " of the equity"};
}

ScorePart OwnLimits(const Proposal& proposal) {
  constexpr int kMost = 15;
  int points = 0;
  std::string reason;
  auto add = [&](const std::string& words) { reason += (reason.empty() ? "" : ", ") + words; };
  if (!proposal.daily_loss_ratio) {
    points += 7;
    add("no daily loss limit of its own");
  } else {
    points += Between(*proposal.daily_loss_ratio, 0.01, 0.05, 7);
    add("daily loss " + PerCent(*proposal.daily_loss_ratio));
  }
  if (!proposal.drawdown_ratio) {
    points += 8;
    add("no draw-down limit of its own");
  } else {
    points += Between(*proposal.drawdown_ratio, 0.05, 0.25, 8);
    add("draw-down " + PerCent(*proposal.drawdown_ratio));
  }
  return {"own_limits", points, kMost, reason};
}

ScorePart EvidenceOf(const Proposal& proposal) {
  constexpr int kMost = 15;
  if (proposal.backtest_drawdown_ratio)
    return {"evidence", Between(*proposal.backtest_drawdown_ratio, 0.05, 0.4, 8), kMost,
            "a backtest with a draw-down of " + PerCent(*proposal.backtest_drawdown_ratio) + " is on file"};
  constexpr long long kEnough = 100;
  if (proposal.own_trades >= kEnough)
    return {"evidence", 5, kMost, std::to_string(proposal.own_trades) + " trades of its own, no backtest on file"};
  return {"evidence", kMost, kMost,
          "no backtest on file, " + std::to_string(proposal.own_trades) + " trades of its own"};
}

ScorePart Shorts(const Proposal& proposal) {
  constexpr int kMost = 5;
  return {"sides", proposal.shorts ? kMost : 0, kMost,
          proposal.shorts ? "it sells short: a loss has no bound but its stop" : "long only"};
}

}  // namespace

RiskScore Score(const Proposal& proposal) {
  RiskScore score;
  score.parts = {Exposure(proposal),  LossAtStop(proposal), Moves(proposal),
                 OwnLimits(proposal), EvidenceOf(proposal), Shorts(proposal)};
  for (const ScorePart& part : score.parts) score.score += part.points;
  constexpr int kLow = 30, kModerate = 60;
  score.grade = score.score <= kLow ? "low" : score.score <= kModerate ? "moderate" : "high";
  return score;
}

std::string WordsOf(const RiskScore& score) {
  std::vector<ScorePart> parts = score.parts;
  std::stable_sort(parts.begin(), parts.end(),
                   [](const ScorePart& left, const ScorePart& right) { return left.points > right.points; });
  std::string words = std::to_string(score.score) + " of 100, " + score.grade;
  const char* between = ": ";
  for (const ScorePart& part : parts) {
    if (part.points == 0) continue;
    words += between + part.name + " " + std::to_string(part.points) + " of " + std::to_string(part.most) + " (" +
             part.reason + ")";
    between = "; ";
  }
  return words;
}

}  // namespace ballast::graduation
