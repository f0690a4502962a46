#include "libs/runtime/commit.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace ballast::runtime {
namespace {

using Outcome = Committer::Outcome;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 0;
};

class CommitTest : public testing::Test {
 protected:
  CommitPort Port() {
    CommitPort port{.append =
                        [this] {
                          ++appends;
                          absl::Status answer = answers.empty() ? absl::OkStatus() : answers.front();
                          if (!answers.empty()) answers.pop_front();
                          return answer;
                        },
                    .on_failure = [this](const absl::Status&, int tries) { last_try = tries; }};
    if (can_look) {
      port.look = [this]() -> absl::StatusOr<Stored> {
        ++looks;
        if (seen.empty()) return absl::UnavailableError("away");
        Stored stored = seen.front();
        seen.pop_front();
        return stored;
      };
    }
    return port;
  }
  // As a machine's driver does: comes again when it is time.
  Outcome Commit() {
    CommitPort port = Port();
    while (true) {
      Outcome outcome = committer.Try(port, stopping);
      if (outcome != Outcome::kLater) return outcome;
      pauses.push_back(committer.next_try_ns() - clock.nanos);
      clock.nanos = committer.next_try_ns();
    }
  }

  HandClock clock;
  Committer committer{clock};
  std::deque<absl::Status> answers;
  std::deque<Stored> seen;
  std::vector<std::int64_t> pauses;
  bool stopping = false;
  bool can_look = true;
  int appends = 0, looks = 0, last_try = 0;
};

TEST_F(CommitTest, WhatFailedIsTriedAgainWithLongerPausesUntilItIsStored) {
  for (int i = 0; i < 8; ++i) answers.push_back(absl::UnavailableError("away"));
  EXPECT_EQ(Commit(), Outcome::kDurable);
  EXPECT_EQ(appends, 9);
  EXPECT_EQ(looks, 0);
  EXPECT_EQ(last_try, 8);
  EXPECT_EQ(pauses.front(), 20'000'000);
  EXPECT_EQ(pauses.back(), 500'000'000);
  // The next commit begins anew.
  pauses.clear();
  answers = {absl::UnavailableError("away")};
  EXPECT_EQ(Commit(), Outcome::kDurable);
  EXPECT_EQ(last_try, 1);
  EXPECT_EQ(pauses, std::vector<std::int64_t>{20'000'000});
}

TEST_F(CommitTest, NothingIsTriedBeforeItsTime) {
  answers = {absl::UnavailableError("away")};
  EXPECT_EQ(committer.Try(Port(), false), Outcome::kLater);
  EXPECT_EQ(committer.Try(Port(), false), Outcome::kLater);
  EXPECT_EQ(appends, 1);
  clock.nanos = committer.next_try_ns();
  EXPECT_EQ(committer.Try(Port(), false), Outcome::kDurable);
}

TEST_F(CommitTest, WhatIsInDoubtAndThereIsNotRepeated) {
  answers = {absl::UnknownError("the answer was lost")};
  seen = {Stored::kThis};
  EXPECT_EQ(Commit(), Outcome::kDurable);
  EXPECT_EQ(appends, 1);
}

TEST_F(CommitTest, ATryThatCommittedLateIsFoundByTheNextOne) {
  answers = {absl::UnknownError("the answer was lost"), absl::AlreadyExistsError("the rows of the first try")};
  seen = {Stored::kNothing, Stored::kThis};
  EXPECT_EQ(Commit(), Outcome::kDurable);
  EXPECT_EQ(appends, 2);
}

// The doubt stays until somebody could look.
TEST_F(CommitTest, WhileNobodyCanLookTheDoubtStays) {
  answers = {absl::UnknownError("the answer was lost"), absl::UnavailableError("away")};
  EXPECT_EQ(Commit(), Outcome::kDurable);
  EXPECT_EQ(looks, 2);
}

TEST_F(CommitTest, RowsOfAnotherWriterAreNotTakenForOurs) {
  for (const absl::Status& status : {absl::UnknownError("lost"), absl::AlreadyExistsError("there")}) {
    appends = 0;
    answers = {status};
    seen = {Stored::kAnother};
    EXPECT_EQ(Commit(), Outcome::kNever);
    EXPECT_TRUE(absl::IsFailedPrecondition(committer.status()));
    EXPECT_EQ(appends, 1);
  }
}

TEST_F(CommitTest, WhatIsRefusedForGoodIsNotTriedAgain) {
  for (const absl::Status& status : {absl::InternalError("no"), absl::FailedPreconditionError("a newer writer")}) {
    appends = 0;
    answers = {status};
    EXPECT_EQ(Commit(), Outcome::kNever);
    EXPECT_EQ(committer.status(), status);
    EXPECT_EQ(appends, 1);
  }
}

// Rows that are written over: in doubt they are simply written again.
TEST_F(CommitTest, WhereTheSameTwiceIsTheSameAsOnceNobodyLooks) {
  can_look = false;
  answers = {absl::UnknownError("the answer was lost"), absl::UnknownError("the answer was lost")};
  EXPECT_EQ(Commit(), Outcome::kDurable);
  EXPECT_EQ(appends, 3);
  answers = {absl::AlreadyExistsError("of somebody else")};
  EXPECT_EQ(Commit(), Outcome::kNever);
}

TEST_F(CommitTest, AProcessThatStopsGivesUpAfterTheDrain) {
  stopping = true;
  for (int i = 0; i < 100; ++i) answers.push_back(absl::UnavailableError("away"));
  EXPECT_EQ(Commit(), Outcome::kNever);
  EXPECT_TRUE(absl::IsCancelled(committer.status()));
  EXPECT_GT(clock.nanos, Committer::kDrainNs);
  EXPECT_LT(clock.nanos, Committer::kDrainNs + 1'000'000'000);
}

}  // namespace
}  // namespace ballast::runtime
