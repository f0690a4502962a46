#include "services/strategy_runner/prerequisites.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(CheckTimeframeTest, FramesThatTheMarketsBarsCanMake) {
  for (const char* frame : {"1m", "5m", "15m", "1h", "1d"}) EXPECT_TRUE(CheckTimeframe(frame, 60).passed()) << frame;
  for (const char* frame : {"1s", "5s", "15s", "1m", "1d"}) EXPECT_TRUE(CheckTimeframe(frame, 1).passed()) << frame;
}

TEST(CheckTimeframeTest, AFinerFrameSaysWhatTheMarketHas) {
  for (const char* frame : {"1s", "5s", "15s"}) {
    auto verdict = CheckTimeframe(frame, 60);
    EXPECT_FALSE(verdict.passed());
    EXPECT_EQ(verdict.detail(),
              "'" + std::string(frame) + "' is finer than the market's 1m bars: no bar would ever come");
  }
}

TEST(CheckTimeframeTest, WhatIsNoMultipleOrUnknownIsRefused) {
  EXPECT_FALSE(CheckTimeframe("5m", 120).passed());
  EXPECT_FALSE(CheckTimeframe("15m", 420).passed());
  for (const char* frame : {"", "7m", "1M", "60", "1m ", "-1m", "0s"}) EXPECT_FALSE(CheckTimeframe(frame, 60).passed());
  EXPECT_FALSE(CheckTimeframe("1m", 0).passed());
  EXPECT_FALSE(CheckTimeframe("1m", -60).passed());
}

strategy::v1::Prerequisite BacktestVerdict(type::v1::AccountMode mode, std::optional<std::string> on_file) {
  auto unknown = absl::UnavailableError("nobody answers");
  order::v1::ListAccountsResponse accounts;
  accounts.add_accounts()->set_account_id("one");
  accounts.mutable_accounts(0)->set_mode(mode);
  PrerequisiteFacts facts{.accounts = accounts,
                          .brokers = unknown,
                          .instruments = unknown,
                          .market = unknown,
                          .quotes = unknown,
                          .summary = unknown,
                          .limits = unknown,
                          .backtest = std::move(on_file)};
  for (const auto& verdict : CheckPrerequisites({.account_id = AccountId("one")}, facts)) {
    if (verdict.name() == "backtest") return verdict;
  }
  return {};
}

TEST(BacktestOnFileTest, RealMoneyAsksForOneAndPaperSaysThatThereIsNone) {
  EXPECT_FALSE(BacktestVerdict(type::v1::ACCOUNT_MODE_LIVE, std::nullopt).passed());
  EXPECT_TRUE(BacktestVerdict(type::v1::ACCOUNT_MODE_LIVE, "B-1 of today").passed());
  EXPECT_EQ(BacktestVerdict(type::v1::ACCOUNT_MODE_LIVE, "B-1 of today").detail(), "B-1 of today");
  auto paper = BacktestVerdict(type::v1::ACCOUNT_MODE_PAPER, std::nullopt);
  EXPECT_TRUE(paper.passed());
  EXPECT_NE(paper.detail().find("none on file"), std::string::npos);
  // An account that nobody knows is none of paper.
  EXPECT_FALSE(BacktestVerdict(type::v1::ACCOUNT_MODE_UNSPECIFIED, std::nullopt).passed());
}

}  // namespace
}  // namespace ballast
