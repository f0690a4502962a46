#include "services/strategy_runner/algo_runner.h"

#include "gtest/gtest.h"
#include "libs/base/rng.h"
#include "services/strategy_runner/algo_codec.h"
#include "services/strategy_runner/testing/algo_stage.h"

namespace ballast {
namespace {

namespace algo_pb = execution::v1;

class AlgoRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override { stage.Restart(); }

  // A TWAP of that quantity in 10 slices of 10 s; its id.
  std::string Twap(const std::string& quantity) {
    auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, quantity);
    request.mutable_spec()->set_slices(10);
    auto created = stage.Create(request);
    EXPECT_TRUE(created.ok()) << created.status();
    return created->algo_order().algo_order_id();
  }

  AlgoStage stage;
};

TEST_F(AlgoRunnerTest, ATwapIsWorkedToItsEnd) {
  std::string id = Twap("25");
  EXPECT_TRUE(stage.follows);
  stage.Pass(50);
  auto half = *stage.Get(id);
  EXPECT_EQ(half.status(), algo_pb::ALGO_STATUS_RUNNING);
  EXPECT_EQ(half.filled_quantity().value(), half.scheduled_quantity().value());
  EXPECT_EQ(half.schedule_size(), 10);
  EXPECT_EQ(half.decision_price().value(), "100");
  EXPECT_EQ(half.market_vwap().value(), "100");
  stage.Pass(50);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.status(), algo_pb::ALGO_STATUS_FILLED);
  EXPECT_EQ(order.filled_quantity().value(), "25");
  EXPECT_EQ(order.average_price().value(), "101");
  ASSERT_EQ(order.children_size(), 10);
  EXPECT_EQ(order.children(9).request_id(), id + "-10");
  EXPECT_EQ(stage.Calls("submit"), 10);
}

TEST_F(AlgoRunnerTest, NothingIsSentBeforeItIsStored) {
  std::string id = Twap("25");
  // The row of the parent's arrival and its first child.
  stage.store->FailNext(absl::UnavailableError("no database"));
  stage.Pass(1);
  EXPECT_EQ(stage.Calls("submit"), 0);
  stage.Pass(1);
  EXPECT_EQ(stage.Calls("submit"), 1);
}

TEST_F(AlgoRunnerTest, TheSameRequestIsOneOrder) {
  auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, "25");
  auto first = stage.Create(request);
  ASSERT_TRUE(first.ok() && !first->replayed());
  stage.Restart();
  auto again = stage.Create(request);
  ASSERT_TRUE(again.ok() && again->replayed());
  EXPECT_EQ(again->algo_order().algo_order_id(), first->algo_order().algo_order_id());
  request.mutable_spec()->mutable_quantity()->set_value("26");
  EXPECT_TRUE(absl::IsAlreadyExists(stage.Create(request).status()));
}

TEST_F(AlgoRunnerTest, WhatTheInstrumentDoesNotAllowIsRefused) {
  auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, "2.5");
  EXPECT_TRUE(absl::IsInvalidArgument(stage.Create(request).status()));
  request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, "2");
  request.mutable_spec()->set_symbol("XYZ");
  EXPECT_TRUE(absl::IsInvalidArgument(stage.Create(request).status()));
  request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, "2");
  request.mutable_spec()->mutable_start_time()->set_seconds(stage.seconds - 101);
  EXPECT_TRUE(absl::IsInvalidArgument(stage.Create(request).status()));
  EXPECT_TRUE(stage.tables->orders.empty());
}

// What nanoseconds cannot hold, and what stands for "not given", would be traded at once.
TEST_F(AlgoRunnerTest, AStartThatIsNoTimeIsRefusedByName) {
  // 9999-12-31, 2962-11-28, 2262-04-12, 2200-01-01, 1970-01-01 and 0001-01-01.
  for (std::int64_t seconds : {253'402'214'400, 31'330'022'400, 9'223'372'800, 7'258'118'400, 0L, -62'135'596'800}) {
    auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, "2");
    request.mutable_spec()->mutable_start_time()->set_seconds(seconds);
    std::vector<FieldError> errors;
    (void)AlgoSpecFromProto(request.spec(), errors);
    ASSERT_EQ(errors.size(), 1U) << seconds;
    EXPECT_EQ(errors[0].field, "spec.start_time");
    EXPECT_NE(errors[0].message.find("before 2200"), std::string::npos) << errors[0].message;
  }
}

TEST_F(AlgoRunnerTest, AnAnswerThatIsLostIsAskedForAgain) {
  std::string id = Twap("25");
  stage.orders.lose_answers = 1;
  stage.Pass(1);
  stage.Pass(1);
  EXPECT_EQ(stage.Calls("submit " + id + "-1"), 2);
  EXPECT_EQ(stage.orders.by_request.size(), 1U);
  EXPECT_EQ(stage.Get(id)->filled_quantity().value(), "2");
}

TEST_F(AlgoRunnerTest, ARefusalOfTheSecondRequestSaysNothingOfTheFirst) {
  std::string id = Twap("25");
  stage.orders.lose_requests = 1;
  stage.orders.fail.push_back(absl::FailedPreconditionError("not now"));
  stage.Pass(1);
  stage.Pass(2);
  EXPECT_EQ(stage.Calls("submit " + id + "-1"), 2);
  EXPECT_EQ(stage.Get(id)->working_quantity().value(), "2");
  EXPECT_FALSE(stage.Get(id)->children(0).never_sent());
  // The first one was only slow.
  const order::v1::SubmitOrderRequest slow = stage.orders.submits[0];
  ASSERT_TRUE(stage.orders.Submit(slow).ok());
  stage.Pass(2);
  EXPECT_EQ(stage.Get(id)->children(0).filled_quantity().value(), "2");
}

TEST_F(AlgoRunnerTest, KilledAfterTheSendItFindsItsChild) {
  std::string id = Twap("25");
  stage.orders.lose_answers = 1;
  stage.Pass(1);
  stage.Restart();
  stage.Pass(1);
  EXPECT_EQ(stage.Calls("submit"), 1);
  EXPECT_EQ(stage.Get(id)->filled_quantity().value(), "2");
  stage.Pass(100);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_FILLED);
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("25"));
}

TEST_F(AlgoRunnerTest, KilledBeforeTheSendItLooksAndThenSendsTheSame) {
  std::string id = Twap("25");
  stage.orders.lose_requests = 1;
  stage.Pass(1);
  stage.Restart();
  stage.Pass(1);
  EXPECT_EQ(stage.Calls("get"), 1);
  stage.Pass(1);
  EXPECT_EQ(stage.Calls("submit " + id + "-1"), 2);
  stage.Pass(100);
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("25"));
  EXPECT_EQ(stage.Get(id)->children_size(), 10);
}

TEST_F(AlgoRunnerTest, PausedItSendsNothingAlsoAfterARestart) {
  std::string id = Twap("25");
  stage.Pass(11);
  auto paused = stage.Ask([&](auto reply) { return stage.runner->Pause(id, "user:a", reply); });
  ASSERT_TRUE(paused.ok());
  EXPECT_EQ(paused->status(), algo_pb::ALGO_STATUS_PAUSED);
  EXPECT_EQ(paused->status_reason().message(), "by user:a");
  int before = stage.Calls("submit");
  stage.Pass(30);
  stage.Restart();
  stage.Pass(20);
  EXPECT_EQ(stage.Calls("submit"), before);
  ASSERT_TRUE(stage.Ask([&](auto reply) { return stage.runner->Resume(id, "user:a", reply); }).ok());
  stage.Pass(5);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.filled_quantity().value(), order.scheduled_quantity().value());
  EXPECT_EQ(stage.Calls("submit"), before + 1);
}

TEST_F(AlgoRunnerTest, AChildThatNobodyAnsweredForIsNotSentWhilePaused) {
  std::string id = Twap("25");
  stage.orders.lose_requests = 1000;
  stage.Pass(2);
  ASSERT_TRUE(stage.Ask([&](auto reply) { return stage.runner->Pause(id, "user:a", reply); }).ok());
  int before = stage.Calls("submit");
  stage.Pass(5);
  EXPECT_EQ(stage.Get(id)->working_quantity().value(), "2");
  stage.Pass(10);
  EXPECT_EQ(stage.Calls("submit"), before);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.working_quantity().value(), "0");
  EXPECT_TRUE(order.children(0).never_sent());
}

TEST_F(AlgoRunnerTest, CancelledItEndsWithWhatItHas) {
  auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_ICEBERG, "25");
  request.mutable_spec()->set_duration_seconds(0);
  request.mutable_spec()->mutable_limit_price()->set_value("98");
  request.mutable_spec()->mutable_display_quantity()->set_value("10");
  stage.orders.fills = false;
  std::string id = stage.Create(request)->algo_order().algo_order_id();
  stage.Pass(2);
  EXPECT_EQ(stage.Get(id)->working_quantity().value(), "10");
  ASSERT_TRUE(stage.Ask([&](auto reply) { return stage.runner->Cancel(id, "user:a", reply); }).ok());
  stage.Pass(1);
  EXPECT_EQ(stage.Calls("cancel"), 1);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.status(), algo_pb::ALGO_STATUS_CANCELED);
  // Again it is what it is; anything else comes too late.
  EXPECT_TRUE(stage.Ask([&](auto reply) { return stage.runner->Cancel(id, "user:b", reply); }).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(
      stage.Ask([&](auto reply) { return stage.runner->Resume(id, "user:b", reply); }).status()));
  stage.Restart();
  EXPECT_TRUE(stage.Ask([&](auto reply) { return stage.runner->Cancel(id, "user:b", reply); }).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(
      stage.Ask([&](auto reply) { return stage.runner->Pause(id, "user:b", reply); }).status()));
  EXPECT_TRUE(
      absl::IsNotFound(stage.Ask([&](auto reply) { return stage.runner->Pause("a-none", "u", reply); }).status()));
}

TEST_F(AlgoRunnerTest, AHaltEndsIt) {
  std::string id = Twap("25");
  stage.Pass(11);
  ASSERT_TRUE(stage.runner->OnHalted("other", {.message = "not ours"}));
  ASSERT_TRUE(stage.runner->OnHalted("paper", {.reason = RejectReason::kAccountHalted, .message = "halted"}));
  stage.Pass(1);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.status(), algo_pb::ALGO_STATUS_STOPPED);
  EXPECT_EQ(order.status_reason().reason(), type::v1::REJECT_REASON_ACCOUNT_HALTED);
  stage.neighbours->refuse_alerts = 1;
  stage.Pass(4);
  ASSERT_EQ(stage.neighbours->alerts.size(), 1U);
  EXPECT_EQ(stage.neighbours->alerts[0].request_id(), "strategy_runner:algo:" + id);
  EXPECT_EQ(stage.neighbours->alerts[0].text(), "5 of 25 are filled. halted");
  int before = stage.Calls("submit");
  stage.Pass(50);
  EXPECT_EQ(stage.Calls("submit"), before);
}

TEST_F(AlgoRunnerTest, ThatItHasStoppedIsToldOverARestart) {
  std::string id = Twap("25");
  stage.Pass(11);
  ASSERT_TRUE(stage.runner->OnHalted("paper", {.reason = RejectReason::kAccountHalted, .message = "halted"}));
  stage.neighbours->refuse_alerts = 1'000;
  stage.Pass(5);
  ASSERT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_STOPPED);
  EXPECT_TRUE(stage.neighbours->alerts.empty());
  stage.Restart();
  stage.Pass(1);
  ASSERT_EQ(stage.neighbours->alerts.size(), 1U);
  EXPECT_EQ(stage.neighbours->alerts[0].text(), "5 of 25 are filled. halted");
  stage.Pass(1);
  stage.Restart();
  stage.Pass(3);
  EXPECT_TRUE(stage.neighbours->alerts.empty()) << "once";
}

TEST_F(AlgoRunnerTest, WhoAsksAsTheServiceStopsIsAnswered) {
  std::optional<absl::Status> answer;
  ASSERT_TRUE(stage.runner->Create(AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, "25"),
                                   [&](const absl::Status& status, const auto&) { answer = status; }));
  // What the neighbours answer from here on does not come in.
  stage.runner->inbox().Close();
  while (stage.runner->Poll(stage.clock.nanos).state != runtime::Turn::State::kEnded) {
  }
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(absl::IsUnavailable(*answer)) << *answer;
}

TEST_F(AlgoRunnerTest, AHaltThatWasMissedEndsItToo) {
  std::string id = Twap("25");
  stage.Pass(11);
  stage.orders.halted = true;
  stage.Restart();
  stage.Pass(1);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_STOPPED);
}

TEST_F(AlgoRunnerTest, RefusalsFollowTheTable) {
  std::string id = Twap("25");
  stage.orders.refuse = {type::v1::REJECT_REASON_ORDER_RATE, type::v1::REJECT_REASON_KILL_SWITCH};
  stage.Pass(1);
  EXPECT_EQ(stage.Get(id)->status(), algo_pb::ALGO_STATUS_RUNNING);
  stage.Pass(10);
  auto order = *stage.Get(id);
  EXPECT_EQ(order.status(), algo_pb::ALGO_STATUS_STOPPED);
  EXPECT_EQ(order.status_reason().reason(), type::v1::REJECT_REASON_KILL_SWITCH);
  EXPECT_EQ(order.children_size(), 2);
}

TEST_F(AlgoRunnerTest, APovFollowsTheVolumeAndReadsWhatItMissed) {
  auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_POV, "500");
  request.mutable_spec()->mutable_participation_ratio()->set_value("0.1");
  std::string id = stage.Create(request)->algo_order().algo_order_id();
  stage.Pass(10, "30");
  auto order = *stage.Get(id);
  EXPECT_EQ(order.market_volume().value(), "300");
  EXPECT_EQ(order.filled_quantity().value(), "18");  // of the 180 that were there 5 s after the first child
  Bar missed{.symbol = Symbol("SPY"), .start_time = UtcTime{stage.seconds * 1'000'000'000}};
  missed.high = missed.low = missed.close = Decimal::Of("100");
  missed.volume = Decimal::Of("1000");
  stage.seconds += 1;
  stage.Restart();
  stage.neighbours->past = {missed};
  stage.Pass(10, "0");
  order = *stage.Get(id);
  EXPECT_EQ(order.market_volume().value(), "1300");
  EXPECT_EQ(order.filled_quantity().value(), "130");
}

// Killed at any moment, with answers and requests that are lost: the quantity is met exactly and no child is doubled.
TEST_F(AlgoRunnerTest, KilledAtAnyMomentItLosesAndDoublesNothing) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    AlgoStage one;
    one.Restart();
    auto request = AlgoStage::Request(algo_pb::ALGO_TYPE_TWAP, std::to_string(rng.Between(10, 99)));
    request.mutable_spec()->set_slices(static_cast<int>(rng.Between(1, 20)));
    std::string id = one.Create(request)->algo_order().algo_order_id();
    for (int second = 0; second < 99; ++second) {
      // The last seconds are quiet, so that it can end.
      if (second < 85 && rng.Below(6) == 0) one.orders.lose_answers = 1;
      if (second < 85 && rng.Below(6) == 0) one.orders.lose_requests = 1;
      if (second < 85 && rng.Below(8) == 0) one.store->FailNext(absl::UnknownError("?"), rng.Below(2) == 0);
      one.Pass(1);
      if (second < 85 && rng.Below(5) == 0) one.Restart();
    }
    one.Pass(3);
    auto order = *one.Get(id);
    ASSERT_EQ(order.status(), algo_pb::ALGO_STATUS_FILLED) << seed << " " << order.ShortDebugString();
    ASSERT_EQ(one.orders.Filled(), Decimal::Of(request.spec().quantity().value())) << seed;
    ASSERT_EQ(one.orders.by_request.size(), static_cast<std::size_t>(order.children_size())) << seed;
  }
}

}  // namespace
}  // namespace ballast
