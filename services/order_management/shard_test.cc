// What is asked is decided, stored and answered once, whatever becomes of the storage.
#include "services/order_management/testing/shard_fixture.h"

namespace ballast {
namespace {

TEST_F(ShardTest, AccountsThatCannotBeListedAreNotAnEmptyList) {
  life_ = std::make_unique<Life>(*this);
  ASSERT_TRUE(life_->shard->Recover().ok());
  absl::StatusOr<Shard::AccountList> last;
  int answers = 0;
  // Nobody works on the inbox yet: at some time it is full.
  for (int i = 0; i < 100'000 && answers == 0; ++i) {
    life_->shard->ListAccounts([&](absl::StatusOr<Shard::AccountList> accounts) {
      last = std::move(accounts);
      ++answers;
    });
  }
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(last.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ShardTest, AnAnswerIsDurableAndTheBrokerHearsOfItAfterwards) {
  Begin();
  OrderReply reply = Placed("a");
  ASSERT_TRUE(reply.status.ok());
  EXPECT_EQ(reply.order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  EXPECT_TRUE(SentToBroker("a"));
}

TEST_F(ShardTest, ARefusalIsDurableAndNothingIsSent) {
  Begin();
  std::future<OrderReply> refused = Submit(MakeOrder("a"));
  Decide(false);
  EXPECT_EQ(Get(refused).order.status, OrderStatus::kDenied);
  EXPECT_EQ(LogOf("a"), std::vector{OrderEventType::kDenied});
  EXPECT_TRUE(Placed("b").status.ok());
  auto first = life_->broker.Next([](const auto& sent) { return sent.has_new_order(); });
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->new_order().order().order_id(), IdOf("b").value());
}

// What comes together is asked together, and stored together when it is answered together.
TEST_F(ShardTest, OrdersOfOneBatchShareTheQuestionAndTheCommit) {
  Begin();
  ASSERT_TRUE(Placed("first").status.ok());
  int asked = 0;
  std::vector<std::future<OrderReply>> replies;
  {
    Standing standing(*life_->shard);
    asked = life_->risk_messages;  // what came before has been told by now
    for (int i = 0; i < 20; ++i) replies.push_back(Submit(MakeOrder("o" + std::to_string(i))));
  }
  std::vector<risk::v1::ReserveResult> results;
  for (int i = 0; i < 20; ++i) results.push_back(Answer(i != 7));
  EXPECT_EQ(life_->risk_messages, asked + 1);
  int appends = disk_->appends();
  life_->shard->OnRiskResults(std::move(results));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Get(replies[static_cast<std::size_t>(i)]).order.status,
              i == 7 ? OrderStatus::kDenied : OrderStatus::kSubmitted);
  }
  EXPECT_EQ(disk_->appends(), appends + 1);
}

// An order that is withdrawn before risk was asked is not asked for at all: its question behind its withdrawal would
// hold room for nothing.
TEST_F(ShardTest, WhatIsWithdrawnInItsOwnBatchIsNotAskedFor) {
  Begin();
  std::future<OrderReply> reply;
  std::future<absl::StatusOr<std::vector<Order>>> cancelled;
  {
    Standing standing(*life_->shard);
    reply = Submit(MakeOrder("a"));
    cancelled = CancelAll();
  }
  EXPECT_EQ(Get(reply).order.status, OrderStatus::kDenied);
  ASSERT_TRUE(Got(std::move(cancelled)).ok());
  ASSERT_TRUE(Placed("b").status.ok());
  EXPECT_FALSE(life_->risk.Any([](const auto& sent) { return sent.has_void_(); }));
  EXPECT_FALSE(life_->risk.Any([](const auto& sent) { return sent.has_reserve(); }));
}

TEST_F(ShardTest, TheSameRequestIsOneOrder) {
  Begin();
  std::future<OrderReply> first = Submit(MakeOrder("a"));
  std::future<OrderReply> second = Submit(MakeOrder("a"));  // while risk is still thinking
  std::future<OrderReply> other = Submit(MakeOrder("a", "2"));
  EXPECT_TRUE(absl::IsAlreadyExists(Get(other).status));
  Decide(true);
  EXPECT_EQ(Get(first).order, Get(second).order);
  std::future<OrderReply> third = Submit(MakeOrder("a"));
  OrderReply again = Get(third);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.order.order_id, IdOf("a"));
  std::future<OrderReply> late = Submit(MakeOrder("a", "2"));
  EXPECT_TRUE(absl::IsAlreadyExists(Get(late).status));
  EXPECT_EQ(LogOf("a"), kClaimed);
}

TEST_F(ShardTest, ACommitInDoubtThatHappenedIsNotRepeated) {
  Begin();
  disk_->FailNext(absl::UnknownError("the answer was lost"), true);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  ExpectGapless();
}

TEST_F(ShardTest, ACommitInDoubtThatDidNotHappenIsTriedAgain) {
  Begin();
  disk_->FailNext(absl::UnknownError("the answer was lost"), false);
  disk_->FailNext(absl::UnavailableError("not yet"), false);
  disk_->FailNext(absl::AbortedError("deadlock"), false);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  ExpectGapless();
}

TEST_F(ShardTest, ATryThatCommittedLateIsFoundAndNotRepeated) {
  Begin();
  // The read-back saw nothing, the second try meets the rows of the first.
  disk_->FailNext(absl::UnavailableError("the server went on with it"), true);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  ExpectGapless();
}

TEST_F(ShardTest, AnOvertakenWriterEndsAndNeitherAnswersNorSends) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(SentToBroker("a"));
  MemoryJournal newer(disk_);
  ASSERT_TRUE(newer.Fence().ok());
  std::future<OrderReply> lost = Submit(MakeOrder("b"));
  Decide(true);
  std::future<std::string> failed = life_->failed.get_future();
  ASSERT_EQ(failed.wait_for(kPatience), std::future_status::ready);
  life_->Drain();
  EXPECT_TRUE(absl::IsUnavailable(Get(lost).status));
  EXPECT_TRUE(LogOf("b").empty());
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
}

// What comes after a batch that could not be stored must not be stored either: it would leave a gap.
TEST_F(ShardTest, AfterABatchThatIsRefusedForGoodNothingIsStored) {
  Begin();
  disk_->FailNext(absl::InternalError("disk on fire"), false);
  std::future<OrderReply> first = Submit(MakeOrder("a"));
  std::future<OrderReply> second = Submit(MakeOrder("b"));
  risk::v1::ReserveResult approval = Answer(true);
  risk::v1::ReserveResult another = Answer(true);
  life_->shard->OnRiskResults({approval});
  life_->shard->OnRiskResults({another});
  std::future<std::string> failed = life_->failed.get_future();
  ASSERT_EQ(failed.wait_for(kPatience), std::future_status::ready);
  life_->Drain();
  // Whoever waits is told: a call without an answer would hold up the end of the process.
  EXPECT_TRUE(absl::IsUnavailable(Get(first).status));
  EXPECT_TRUE(absl::IsUnavailable(Get(second).status));
  ExpectGapless();
  EXPECT_EQ(Log().size(), 1U);  // the account's opening
  EXPECT_FALSE(life_->shard->Submit(MakeOrder("c"), "user:me", true, [](const OrderReply&) {}));
}

TEST_F(ShardTest, WhatIsStillInTheInboxWhenTheWriterEndsIsAnswered) {
  Begin();
  std::future<OrderReply> lost = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  disk_->FailNext(absl::InternalError("disk on fire"), false);
  std::vector<std::future<OrderReply>> behind;
  std::future<absl::StatusOr<std::vector<Order>>> cancelled;
  std::future<AccountReply> halted;
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({approval});
    life_->shard->OnRiskReady({});  // commits what came before it
    for (int i = 0; i < 600; ++i) behind.push_back(Submit(MakeOrder("b" + std::to_string(i))));
    cancelled = CancelAll();
    halted = Halt();
  }
  EXPECT_TRUE(absl::IsUnavailable(Get(lost).status));
  for (auto& reply : behind) EXPECT_TRUE(absl::IsUnavailable(Get(reply).status));
  EXPECT_TRUE(absl::IsUnavailable(Got(std::move(cancelled)).status()));
  EXPECT_TRUE(absl::IsUnavailable(Got(std::move(halted)).status));
}

// The log holds an event where this one's would be, and it is not this one.
TEST_F(ShardTest, AnEventOfAnotherWriterIsNotTakenForOurs) {
  Begin();
  OrderEvent foreign = Log().front();
  foreign.sequence = 3;  // where the claim of the order goes
  foreign.actor = "somebody else";
  disk_->Intrude(foreign);
  disk_->FailNext(absl::UnknownError("the answer was lost"), false);
  std::future<std::string> failed = life_->failed.get_future();
  std::future<OrderReply> reply = Submit(MakeOrder("a"));
  Decide(true);
  EXPECT_TRUE(absl::IsUnavailable(Get(reply).status));
  ASSERT_EQ(failed.wait_for(kPatience), std::future_status::ready);
  life_->Drain();
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
  EXPECT_TRUE(LogOf("a").empty());
}

TEST_F(ShardTest, AnAccountKeepsTheBrokerItWasOpenedAt) {
  Begin();
  life_.reset();
  broker_ = "another";
  Begin();
  auto promise = std::make_shared<std::promise<std::string>>();
  life_->shard->ListAccounts([promise](const auto& accounts) { promise->set_value(accounts->front().second); });
  EXPECT_EQ(Got(promise->get_future()), "paper");
}

// Random lives: faults of every kind, ends at any point. What was answered is in the log, once, without gaps.
TEST_F(ShardTest, NothingAnsweredIsLostOrDoubledOverManyLives) {
  // None is too old to be sent, however long these lives take on a slow machine.
  options_.intent_age_ms_max = 3'600'000;
  Rng rng(20'240'229);
  std::map<std::string, OrderStatus> answered;
  int number = 0;
  for (int life = 0; life < 25; ++life) {
    Begin();
    std::vector<std::pair<std::string, std::future<OrderReply>>> open;
    for (int i = 0; i < 12; ++i) {
      if (rng.Below(4) == 0) {
        bool applied = rng.Below(2) == 0;
        disk_->FailNext(applied || rng.Below(2) == 0 ? absl::UnknownError("lost") : absl::UnavailableError("down"),
                        applied);
      }
      // Sometimes one that was sent before, perhaps in another life.
      std::string request = "r" + std::to_string(number > 0 && rng.Below(5) == 0 ? rng.Below(number) : number++);
      bool known = !LogOf(request).empty() ||
                   std::any_of(open.begin(), open.end(), [&](const auto& one) { return one.first == request; });
      open.emplace_back(request, Submit(MakeOrder(request)));
      if (!known && rng.Below(6) != 0) DecideIfAsked(open.back().second, rng.Below(5) != 0);
    }
    // Half of the lives end in the middle of it.
    if (rng.Below(2) == 0) life_->shard->OnRiskLost();
    life_.reset();
    for (auto& [request, reply] : open) {
      if (reply.wait_for(std::chrono::seconds(0)) != std::future_status::ready) continue;
      OrderReply got;
      try {
        got = reply.get();
      } catch (const std::future_error&) {
        continue;  // dropped unanswered
      }
      if (!got.status.ok()) continue;
      auto [before, fresh] = answered.try_emplace(request, got.order.status);
      EXPECT_EQ(before->second == OrderStatus::kDenied, got.order.status == OrderStatus::kDenied) << request;
    }
  }
  ExpectGapless();
  EXPECT_GT(answered.size(), 100U);
  for (const auto& [request, status] : answered) {
    std::vector<OrderEventType> log = LogOf(request);
    if (status == OrderStatus::kDenied)
      EXPECT_EQ(log, std::vector{OrderEventType::kDenied}) << request;
    else
      EXPECT_EQ(log, kClaimed) << request;
  }
}

}  // namespace
}  // namespace ballast
