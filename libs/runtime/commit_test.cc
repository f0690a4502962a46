#include "libs/runtime/commit.h"

#include <gtest/gtest.h>

#include <deque>

namespace ballast::runtime {
namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 0;
};

class CommitTest : public testing::Test {
 protected:
  absl::Status Commit() {
    return CommitUntilDurable({.append =
                                   [this] {
                                     ++appends;
                                     absl::Status answer = answers.empty() ? absl::OkStatus() : answers.front();
                                     if (!answers.empty()) answers.pop_front();
                                     return answer;
                                   },
                               .look = [this]() -> absl::StatusOr<Stored> {
                                 ++looks;
                                 if (seen.empty()) return absl::UnavailableError("away");
                                 Stored stored = seen.front();
                                 seen.pop_front();
                                 return stored;
                               }},
                              {.stopping = [this] { return stopping; },
                               .pause =
                                   [this](std::int64_t ns) {
                                     pauses.push_back(ns);
                                     clock.nanos += ns;
                                   },
                               .on_failure = [this](const absl::Status&, int tries) { last_try = tries; }},
                              clock);
  }

  HandClock clock;
  std::deque<absl::Status> answers;
  std::deque<Stored> seen;
  std::vector<std::int64_t> pauses;
  bool stopping = false;
  int appends = 0, looks = 0, last_try = 0;
};

TEST_F(CommitTest, WhatFailedIsTriedAgainWithLongerPausesUntilItIsStored) {
  for (int i = 0; i < 8; ++i) answers.push_back(absl::UnavailableError("away"));
  EXPECT_TRUE(Commit().ok());
  EXPECT_EQ(appends, 9);
  EXPECT_EQ(looks, 0);
  EXPECT_EQ(last_try, 8);
  EXPECT_EQ(pauses.front(), 20'000'000);
  EXPECT_EQ(pauses.back(), 500'000'000);
}

TEST_F(CommitTest, WhatIsInDoubtAndThereIsNotRepeated) {
  answers = {absl::UnknownError("the answer was lost")};
  seen = {Stored::kThis};
  EXPECT_TRUE(Commit().ok());
  EXPECT_EQ(appends, 1);
}

TEST_F(CommitTest, ATryThatCommittedLateIsFoundByTheNextOne) {
  answers = {absl::UnknownError("the answer was lost"), absl::AlreadyExistsError("the rows of the first try")};
  seen = {Stored::kNothing, Stored::kThis};
  EXPECT_TRUE(Commit().ok());
  EXPECT_EQ(appends, 2);
}

// The doubt stays until somebody could look.
TEST_F(CommitTest, WhileNobodyCanLookTheDoubtStays) {
  answers = {absl::UnknownError("the answer was lost"), absl::UnavailableError("away")};
  EXPECT_TRUE(Commit().ok());
  EXPECT_EQ(looks, 2);
}

TEST_F(CommitTest, RowsOfAnotherWriterAreNotTakenForOurs) {
  for (const absl::Status& status : {absl::UnknownError("lost"), absl::AlreadyExistsError("there")}) {
    appends = 0;
    answers = {status};
    seen = {Stored::kAnother};
    EXPECT_TRUE(absl::IsFailedPrecondition(Commit()));
    EXPECT_EQ(appends, 1);
  }
}

TEST_F(CommitTest, WhatIsRefusedForGoodIsNotTriedAgain) {
  for (const absl::Status& status : {absl::InternalError("no"), absl::FailedPreconditionError("a newer writer")}) {
    appends = 0;
    answers = {status};
    EXPECT_EQ(Commit(), status);
    EXPECT_EQ(appends, 1);
  }
}

TEST_F(CommitTest, AProcessThatStopsGivesUpAfterTheDrain) {
  stopping = true;
  for (int i = 0; i < 100; ++i) answers.push_back(absl::UnavailableError("away"));
  EXPECT_TRUE(absl::IsCancelled(Commit()));
  EXPECT_GT(clock.nanos, 5'000'000'000);
  EXPECT_LT(clock.nanos, 6'000'000'000);
}

}  // namespace
}  // namespace ballast::runtime
