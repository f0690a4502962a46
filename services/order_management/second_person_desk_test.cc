#include "services/order_management/second_person_desk.h"

#include <memory>

#include <gtest/gtest.h>

namespace ballast {
namespace {

class StillClock final : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return UtcTime{1'700'000'000'000'000'000}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return 0; }
};

class SecondPersonDeskTest : public ::testing::Test {
 protected:
  static orders::AwaitedDecision Resume(const std::string& who) {
    return {.kind = "resume", .account_id = AccountId("live"), .reason = "looked", .asked_by = who};
  }
  SecondPersonDeskTest() {
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
  }

  StillClock clock_;
  std::unique_ptr<Logger> log_;
};

TEST_F(SecondPersonDeskTest, RealMoneyTakesTwoWhereSilenceProvesNothing) {
  SecondPersonDesk desk(false, clock_, *log_);
  EXPECT_FALSE(desk.ResumingTakesTwo(AccountMode::kPaper));
  EXPECT_TRUE(desk.ResumingTakesTwo(AccountMode::kLive));
  EXPECT_FALSE(desk.ResolvingTakesTwo(AccountMode::kPaper, "nobody"));
  EXPECT_FALSE(desk.ResolvingTakesTwo(AccountMode::kLive, "paper")) << "its window ends the order by itself";
  EXPECT_TRUE(desk.ResolvingTakesTwo(AccountMode::kLive, "nobody")) << "a broker nobody knows proves nothing";
  SecondPersonDesk strict(true, clock_, *log_);
  EXPECT_TRUE(strict.ResumingTakesTwo(AccountMode::kPaper));
  EXPECT_TRUE(strict.ResolvingTakesTwo(AccountMode::kPaper, "paper"));
}

TEST_F(SecondPersonDeskTest, TheFirstOneIsRefusedAndToldWhatWaitsForWhom) {
  SecondPersonDesk desk(true, clock_, *log_);
  absl::Status refused = desk.Ask(Resume("user:ann")).status();
  EXPECT_TRUE(absl::IsPermissionDenied(refused));
  EXPECT_NE(refused.ToString().find("user:ann"), std::string::npos) << refused;
  auto waiting = desk.List(AccountId("live"));
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].asked.ask_time.nanos, clock_.Now().nanos);
  EXPECT_EQ((waiting[0].expire_time - waiting[0].asked.ask_time).nanos, 3'600'000'000'000);
  EXPECT_TRUE(desk.Ask(Resume("user:bob")).ok());
  desk.Done(Resume("user:bob"));
  EXPECT_TRUE(desk.List(AccountId("live")).empty());
}

}  // namespace
}  // namespace ballast
