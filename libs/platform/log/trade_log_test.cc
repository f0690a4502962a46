#include "libs/platform/log/trade_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

constexpr std::int64_t kDay = 86'400'000'000'000;

class TradeLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(::testing::TempDir()) / ("trades_" + std::to_string(::getpid()));
    fs::remove_all(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
  std::unique_ptr<TradeLog> Make() const {
    return std::make_unique<TradeLog>(folder.string(), std::vector<std::string>{"sequence", "symbol", "reason"});
  }
  static TradeLog::Row Row(std::uint64_t sequence, std::int64_t day = 0, const std::string& reason = "signal") {
    return {.sequence = sequence, .time = UtcTime{day * kDay + 5}, .fields = {"SPY", reason}};
  }
  fs::path PathOf(const std::string& day) const { return folder / ("trades-paper-" + day + ".csv"); }
  std::string Text(const std::string& day = "1970-01-01") const {
    std::ifstream file(PathOf(day));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void AddBytes(const std::string& bytes, const std::string& day = "1970-01-01") const {
    std::ofstream(PathOf(day), std::ios::app) << bytes;
  }

  fs::path folder;
};

TEST_F(TradeLogTest, WritesAHeaderOnceAndOnlyItsOwnerMayRead) {
  ASSERT_EQ(Make()->Append("paper", {Row(2)}), absl::OkStatus());
  ASSERT_EQ(Make()->Append("paper", {Row(5)}), absl::OkStatus());
  EXPECT_EQ(Text(), "sequence,symbol,reason\n2,SPY,signal\n5,SPY,signal\n");
  struct stat status {};
  ASSERT_EQ(::stat(PathOf("1970-01-01").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(TradeLogTest, NothingIsWrittenTwice) {
  auto log = Make();
  ASSERT_EQ(log->Append("paper", {Row(2), Row(3)}), absl::OkStatus());
  ASSERT_EQ(log->Append("paper", {Row(3), Row(4)}), absl::OkStatus());
  log.reset();
  log = Make();
  EXPECT_EQ(*log->LastSequence("paper"), 4U);
  ASSERT_EQ(log->Append("paper", {Row(2), Row(3), Row(4), Row(5)}), absl::OkStatus());
  EXPECT_EQ(Text(), "sequence,symbol,reason\n2,SPY,signal\n3,SPY,signal\n4,SPY,signal\n5,SPY,signal\n");
}

TEST_F(TradeLogTest, WhatACrashLeftHalfWrittenIsCutOff) {
  std::string whole = "sequence,symbol,reason\n2,SPY,signal\n";
  for (const std::string& rest : {std::string("3,SP"), std::string("3"), std::string(70'000, '\0'),
                                  std::string(200'000, 'x'), std::string("\0\0\n", 3), std::string("\n\n")}) {
    fs::remove_all(folder);
    ASSERT_EQ(Make()->Append("paper", {Row(2)}), absl::OkStatus());
    AddBytes(rest);
    auto log = Make();
    EXPECT_EQ(*log->LastSequence("paper"), 2U);
    EXPECT_EQ(Text(), whole);
    ASSERT_EQ(log->Append("paper", {Row(3)}), absl::OkStatus());
    EXPECT_EQ(Text(), whole + "3,SPY,signal\n");
  }
}

TEST_F(TradeLogTest, HalfAHeaderIsWrittenAgain) {
  fs::create_directories(folder);
  for (const std::string& begun : {"", "sequ", "sequence,symbol,reason\n3,SP"}) {
    std::ofstream(PathOf("1970-01-01")) << begun;
    auto log = Make();
    EXPECT_EQ(*log->LastSequence("paper"), 0U);
    ASSERT_EQ(log->Append("paper", {Row(2)}), absl::OkStatus());
    EXPECT_EQ(Text(), "sequence,symbol,reason\n2,SPY,signal\n");
  }
}

TEST_F(TradeLogTest, ANewDayIsANewFileAndTimeNeverGoesBack) {
  ASSERT_EQ(Make()->Append("paper", {Row(2, 0), Row(3, 1), Row(4, 0)}), absl::OkStatus());
  EXPECT_EQ(Text("1970-01-01"), "sequence,symbol,reason\n2,SPY,signal\n");
  EXPECT_EQ(Text("1970-01-02"), "sequence,symbol,reason\n3,SPY,signal\n4,SPY,signal\n");
}

TEST_F(TradeLogTest, KilledBetweenANewFileAndItsFirstLineItKnowsTheDayBefore) {
  ASSERT_EQ(Make()->Append("paper", {Row(7, 0)}), absl::OkStatus());
  std::ofstream(PathOf("1970-01-02")) << "sequ";
  EXPECT_EQ(*Make()->LastSequence("paper"), 7U);
}

TEST_F(TradeLogTest, ThirtyDaysAreKept) {
  auto log = Make();
  for (std::int64_t day = 0; day < 33; ++day) {
    ASSERT_EQ(log->Append("paper", {Row(static_cast<std::uint64_t>(day) + 1, day)}), absl::OkStatus());
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 30);
  EXPECT_FALSE(fs::exists(PathOf("1970-01-03")));
  EXPECT_TRUE(fs::exists(PathOf("1970-01-04")));
}

TEST_F(TradeLogTest, AccountsDoNotMix) {
  auto log = Make();
  ASSERT_EQ(log->Append("paper", {Row(9)}), absl::OkStatus());
  ASSERT_EQ(log->Append("pap", {Row(2)}), absl::OkStatus());
  log.reset();
  EXPECT_EQ(*Make()->LastSequence("pap"), 2U);
  EXPECT_EQ(*Make()->LastSequence("paper"), 9U);
  EXPECT_TRUE(absl::IsInvalidArgument(Make()->Append("../paper", {Row(1)})));
}

TEST_F(TradeLogTest, TextStaysOneLineAndOneField) {
  ASSERT_EQ(Make()->Append("paper", {Row(2, 0, "a,\"b\"\nc")}), absl::OkStatus());
  EXPECT_EQ(Text(), "sequence,symbol,reason\n2,SPY,\"a,\"\"b\"\" c\"\n");
}

TEST_F(TradeLogTest, ASecondWriterIsRefusedUntilTheFirstIsGone) {
  auto first = Make();
  ASSERT_EQ(first->Append("paper", {Row(2)}), absl::OkStatus());
  auto second = Make();
  EXPECT_TRUE(absl::IsUnavailable(second->Append("paper", {Row(2), Row(3)})));
  ASSERT_EQ(first->Append("paper", {Row(3)}), absl::OkStatus());
  first.reset();
  ASSERT_EQ(second->Append("paper", {Row(2), Row(3), Row(4)}), absl::OkStatus());
  EXPECT_EQ(Text(), "sequence,symbol,reason\n2,SPY,signal\n3,SPY,signal\n4,SPY,signal\n");
}

TEST_F(TradeLogTest, SetAsideKeepsTheOldLinesUnderAnotherName) {
  auto log = Make();
  ASSERT_EQ(log->Append("paper", {Row(9)}), absl::OkStatus());
  ASSERT_EQ(log->SetAside("paper"), absl::OkStatus());
  EXPECT_EQ(*log->LastSequence("paper"), 0U);
  ASSERT_EQ(log->Append("paper", {Row(2)}), absl::OkStatus());
  EXPECT_EQ(Text(), "sequence,symbol,reason\n2,SPY,signal\n");
  EXPECT_TRUE(fs::exists(PathOf("1970-01-01").string() + ".old"));
}

TEST_F(TradeLogTest, WithoutAFolderNothingIsWritten) {
  TradeLog log("", {"sequence"});
  EXPECT_EQ(log.Append("paper", {Row(1)}), absl::OkStatus());
  EXPECT_EQ(*log.LastSequence("paper"), 0U);
}

}  // namespace
}  // namespace ballast
