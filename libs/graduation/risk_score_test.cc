#include "libs/graduation/risk_score.h"

#include "gtest/gtest.h"

namespace ballast::graduation {
namespace {

// 2 % a position, three of them, 2 % stop, 1 % and 5 % limits of its own, a backtest.
Proposal Calm() {
  Proposal proposal;
  proposal.position_ratio = 0.02;
  proposal.positions_max = 3;
  proposal.symbols = 5;
  proposal.stop_ratio = 0.02;
  proposal.daily_loss_ratio = 0.01;
  proposal.drawdown_ratio = 0.05;
  proposal.daily_move = 0.01;
  proposal.backtest_drawdown_ratio = 0.05;
  return proposal;
}

TEST(RiskScore, TheUsualDefaultsAreCalmAndTheWildestIsAll) {
  EXPECT_EQ(Score(Calm()).score, 0);
  EXPECT_EQ(Score(Calm()).grade, "low");
  Proposal wild;
  wild.position_ratio = 1;
  wild.positions_max = 5;
  wild.symbols = 5;
  wild.shorts = true;
  wild.daily_move = 0.1;
  RiskScore score = Score(wild);
  EXPECT_EQ(score.score, 100);
  EXPECT_EQ(score.grade, "high");
}

TEST(RiskScore, PartsAddUpAndNoneIsAboveItsMost) {
  for (double size : {0.0, 0.02, 0.3, 5.0}) {
    for (bool bare : {false, true}) {
      Proposal proposal = bare ? Proposal() : Calm();
      proposal.position_ratio = size;
      RiskScore score = Score(proposal);
      int sum = 0, most = 0;
      for (const ScorePart& part : score.parts) {
        EXPECT_GE(part.points, 0) << part.name;
        EXPECT_LE(part.points, part.most) << part.name;
        EXPECT_FALSE(part.reason.empty()) << part.name;
        sum += part.points;
        most += part.most;
      }
      EXPECT_EQ(sum, score.score);
      EXPECT_EQ(most, 100);
    }
  }
}

TEST(RiskScore, MoreRiskIsNeverLess) {
  auto of = [](auto change) {
    Proposal proposal = Calm();
    change(proposal);
    return Score(proposal).score;
  };
  const int calm = Score(Calm()).score;
  EXPECT_GT(of([](Proposal& p) { p.position_ratio = 0.2; }), calm);
  EXPECT_GT(of([](Proposal& p) { p.stop_ratio.reset(); }), calm);
  EXPECT_GT(of([](Proposal& p) { p.daily_move = 0.2; }), calm);
  EXPECT_GT(of([](Proposal& p) { p.daily_move.reset(); }), calm);
  EXPECT_GT(of([](Proposal& p) { p.daily_loss_ratio.reset(); }), calm);
  EXPECT_GT(of([](Proposal& p) { p.drawdown_ratio.reset(); }), calm);
  EXPECT_GT(of([](Proposal& p) { p.backtest_drawdown_ratio.reset(); }), calm);
  EXPECT_GT(of([](Proposal& p) { p.shorts = true; }), calm);
  // More instruments than may be held at once are no more risk.
  EXPECT_EQ(of([](Proposal& p) { p.symbols = 50; }), calm);
}

TEST(RiskScore, TheGreatestReasonsComeFirst) {
  Proposal proposal = Calm();
  proposal.stop_ratio.reset();
  proposal.shorts = true;
  EXPECT_EQ(WordsOf(Score(proposal)),
            "25 of 100, low: stop 20 of 20 (a position has no stop); sides 5 of 5 (it sells short: a loss has no bound "
            "but its "
            "stop)");
  EXPECT_EQ(WordsOf(Score(Calm())), "0 of 100, low");
}

}  // namespace
}  // namespace ballast::graduation
