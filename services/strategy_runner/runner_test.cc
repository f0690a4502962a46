// Orders whose outcome is not known, lockstep, the order log: the runner as one machine, driven by the test alone.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "gmock/gmock.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

using strategy::v1::DEPLOYMENT_STATUS_ACTIVE;
using strategy::v1::DEPLOYMENT_STATUS_STOPPED;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A deployment that had stored a decision and its order when it was killed.
class RunnerTest : public RunnerStage {
 protected:
  void SetUp() override {
    StrategyStore::Batch batch;
    batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
    batch.rows[0].decision_sequence = 1;
    batch.states.push_back({"demo", {{Symbol("SPY"), {.working_request = "demo-1", .working_is_entry = true}}}});
    StoredDecision decision;
    decision.decision.set_deployment_id("demo");
    decision.decision.set_sequence(1);
    order::v1::SubmitOrderRequest& submit = decision.submit.emplace();
    submit.set_request_id("demo-1");
    submit.set_account_id("paper");
    submit.set_deployment_id("demo");
    submit.set_symbol("SPY");
    decision.open = true;
    batch.decisions.push_back(decision);
    Keep(std::move(batch));
    Restart();
  }
  void Market(bool lockstep) {
    broker::v1::StreamMarketDataResponse step = MakeStep(7, "100", false, false);
    step.set_lockstep(lockstep);
    Bring(std::move(step));
  }
  strategy::v1::Decision Stored() {
    strategy::v1::ListDecisionsRequest request;
    request.set_deployment_id("demo");
    return store_->ListDecisions(request)->decisions(0);
  }
};

TEST_F(RunnerTest, AnOrderInDoubtThatIsNotThereIsNeverSent) {
  Market(false);
  Pass(Runner::kTickNs);
  EXPECT_THAT(Stored().outcome(), HasSubstr("not sent"));
  EXPECT_THAT(Loaded().open_decisions, IsEmpty());
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "") << "it can decide again";
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("cancel demo SPY", "find demo-1"))
      << "looked for behind the barrier";
}

TEST_F(RunnerTest, AnOrderInDoubtThatIsThereCounts) {
  order::v1::Order& order = neighbours_.known.emplace_back();
  order.set_request_id("demo-1");
  order.set_order_id("o-1");
  order.set_status(order::v1::ORDER_STATUS_NEW);
  Market(false);
  Pass(Runner::kTickNs);
  EXPECT_EQ(Stored().outcome(), "accepted");
  EXPECT_EQ(Stored().order_id(), "o-1");
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "demo-1") << "until its end is told";
}

TEST_F(RunnerTest, WithoutTheBarrierNothingIsConcluded) {
  neighbours_.refuse_cancels = 1;
  Market(false);
  Pass(Runner::kTickNs);
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("cancel demo SPY"));
  EXPECT_THAT(Loaded().open_decisions, ::testing::SizeIs(1));
  Pass(kSecondNs);
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("cancel demo SPY", "cancel demo SPY", "find demo-1"));
  EXPECT_THAT(Loaded().open_decisions, IsEmpty());
}

TEST_F(RunnerTest, InLockstepTheMarketHasWaitedSoItIsSentUnderTheSameId) {
  Market(true);
  Pass(Runner::kTickNs);
  EXPECT_EQ(Stored().order_id(), "o-demo-1");
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("submit demo-1"));
}

// A deployment that was stopped while the runner was dead.
class StoppedRunnerTest : public RunnerTest {
 protected:
  void SetUp() override {
    neighbours_.stopped = true;
    RunnerTest::SetUp();
  }
};

TEST_F(StoppedRunnerTest, WhatAnEmergencyStoppedIsStoppedUntilAPersonStartsIt) {
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPED);
  EXPECT_THAT(Now().status_reason(), HasSubstr("emergency stop"));
  EXPECT_EQ(Loaded().row.life.state, strategy::DeploymentState::kStopped);
  ASSERT_TRUE(runner_->StartDeployment("demo", [](const absl::Status&, const auto&) {}));
  Poll();
  EXPECT_FALSE(neighbours_.stopped) << "a person's start takes the stop back";
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_ACTIVE);
}

// The order log

TEST_F(RunnerTest, AnEventSettlesTheOrderTogetherWithTheCursor) {
  EXPECT_EQ(Tell({Event("demo-1", order::v1::ORDER_STATUS_PENDING_NEW, type::v1::SIDE_BUY, false)}), true);
  EXPECT_EQ(Stored().outcome(), "accepted");
  EXPECT_EQ(store_->LoadCursors()->at("paper").sequence, 11U);
  EXPECT_THAT(neighbours_.OrderCalls(), IsEmpty());
}

TEST_F(RunnerTest, EventsCountOnceTheyAreDurable) {
  store_->FailNext(absl::UnavailableError("gone"));
  EXPECT_EQ(Tell({Event("demo-1", order::v1::ORDER_STATUS_PENDING_NEW, type::v1::SIDE_BUY, false)}), std::nullopt);
  EXPECT_EQ(store_->LoadCursors()->at("paper").sequence, 10U);
  Pass(kSecondNs);
  EXPECT_EQ(store_->LoadCursors()->at("paper").sequence, 11U);
}

TEST_F(RunnerTest, ABatchWithAGapCountsForNothing) {
  order::v1::OrderEvent first = Event("demo-1", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false);
  order::v1::OrderEvent second = Event("demo-1", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false);
  second.set_sequence(13);
  EXPECT_EQ(Tell({first, second}), false);
  EXPECT_EQ(runner_->Cursors().at("paper"), 10U);
  EXPECT_EQ(Stored().outcome(), "");
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "demo-1");
  // The same again, whole this time.
  second.set_sequence(12);
  EXPECT_EQ(Tell({first, second}), true);
  EXPECT_EQ(Loaded().states.at(Symbol("SPY")).working_request, "");
}

TEST_F(RunnerTest, EventsOfOthersMoveTheCursorWithoutATransaction) {
  int saves = store_->saves;
  EXPECT_EQ(Tell({Event("x", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false, "somebody"),
                  Event("y", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false, "")}),
            true);
  EXPECT_EQ(runner_->Cursors().at("paper"), 12U);
  EXPECT_EQ(store_->saves, saves);
  // Kept when there is time.
  Pass(kSecondNs);
  EXPECT_EQ(store_->LoadCursors()->at("paper").sequence, 12U);
}

TEST_F(RunnerTest, AGapInEventsOfOthersIsAGapToo) {
  order::v1::OrderEvent event = Event("x", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false, "somebody");
  event.set_sequence(12);
  EXPECT_EQ(Tell({event}), false);
  EXPECT_EQ(runner_->Cursors().at("paper"), 10U);
}

// An event that this version cannot read is the same the next time: whoever read it again for ever would hold up every
// deployment.
class UnreadableTest : public RunnerStage {
 protected:
  void SetUp() override {
    StrategyStore::Batch batch;
    batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
    batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
    batch.rows[1].deployment_id = batch.rows[1].request_id = "other";
    batch.rows[1].spec.set_account_id("second");
    batch.cursors["second"] = {.sequence = 100};
    Keep(std::move(batch));
    Restart();
  }
  order::v1::OrderEvent Unreadable() {
    order::v1::OrderEvent event = Event("demo-1", order::v1::ORDER_STATUS_FILLED, type::v1::SIDE_BUY, true);
    event.mutable_fill()->mutable_quantity()->set_value("seven");
    return event;
  }
  order::v1::OrderEvent OfSecond(std::uint64_t sequence) {
    order::v1::OrderEvent event = Event("other-1", order::v1::ORDER_STATUS_FILLED, type::v1::SIDE_BUY, true, "other");
    --sequence_;
    event.set_account_id("second");
    event.mutable_order()->set_account_id("second");
    event.mutable_fill()->set_account_id("second");
    event.set_sequence(sequence);
    return event;
  }
  strategy::v1::Deployment Other() {
    return Ask([&](auto reply) { return runner_->Get("other", reply); }).value();
  }
};

TEST_F(UnreadableTest, ItStopsItsAccountAndTheOthersGoOn) {
  order::v1::OrderEvent readable = Event("x", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false);
  order::v1::OrderEvent unreadable = Unreadable();
  order::v1::OrderEvent later = Event("y", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false);
  EXPECT_EQ(Tell({readable, unreadable, later, OfSecond(101)}), true) << "read again, it would be the same";
  EXPECT_EQ(runner_->Cursors().at("paper"), 11U) << "a version that can read it goes on there";
  EXPECT_EQ(runner_->Cursors().at("second"), 101U);
  EXPECT_EQ(Other().open_positions(), 1);
  EXPECT_EQ(Other().status(), DEPLOYMENT_STATUS_ACTIVE);
  EXPECT_EQ(Other().block(), strategy::v1::DEPLOYMENT_BLOCK_UNSPECIFIED);
  // What comes later of it is passed over, whatever it is; the others' is not.
  EXPECT_EQ(Tell({Event("z", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false), OfSecond(102)}), true);
  EXPECT_EQ(runner_->Cursors().at("paper"), 11U);
  EXPECT_EQ(runner_->Cursors().at("second"), 102U);
  order::v1::OrderEvent gap = OfSecond(104);
  EXPECT_EQ(Tell({gap}), false) << "a gap is a gap still";
}

TEST_F(UnreadableTest, ItsDeploymentsArePausedAndSayWhyAndAPersonIsTold) {
  neighbours_.refuse_alerts = 2;
  ASSERT_EQ(Tell({Unreadable()}), true);
  EXPECT_EQ(Now().status(), strategy::v1::DEPLOYMENT_STATUS_PAUSED);
  EXPECT_THAT(Now().status_reason(), HasSubstr("ORDER_LOG_UNREADABLE"));
  EXPECT_EQ(Now().block(), strategy::v1::DEPLOYMENT_BLOCK_ORDER_LOG_UNREADABLE);
  EXPECT_THAT(Now().block_text(), HasSubstr("account paper cannot be read from event 11"));
  EXPECT_EQ(Loaded().row.life.state, strategy::DeploymentState::kPaused) << "durable";
  for (int turn = 0; turn < 5; ++turn) Pass(Runner::kTickNs);
  ASSERT_EQ(neighbours_.alerts.size(), 1U) << "tried until it is told";
  EXPECT_EQ(neighbours_.alerts[0].level(), alert::v1::ALERT_LEVEL_CRITICAL);
  EXPECT_EQ(neighbours_.alerts[0].account_id(), "paper");
  // Nobody brings it back while what it holds is not known.
  absl::Status resumed;
  ASSERT_TRUE(runner_->Resume("demo", [&](const absl::Status& status, const auto&) { resumed = status; }));
  Poll();
  EXPECT_TRUE(absl::IsFailedPrecondition(resumed)) << resumed;
  Step(4, "110");
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("submit other-1"));
  ASSERT_TRUE(Stop(false).has_value());
  for (int turn = 0; turn < 5; ++turn) Pass(Runner::kTickNs);
  ASSERT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPED);
  bool passed = true;
  ASSERT_TRUE(runner_->StartDeployment("demo", [&](const absl::Status& status, const auto& response) {
    EXPECT_TRUE(status.ok()) << status;
    for (const auto& prerequisite : response.prerequisites()) passed = passed && prerequisite.passed();
  }));
  Poll();
  EXPECT_FALSE(passed);
  EXPECT_EQ(Now().status(), DEPLOYMENT_STATUS_STOPPED);
}

TEST_F(UnreadableTest, ItIsReadyAllTheSameAndAMarketThatWaitsGoesOn) {
  auto batch = std::make_shared<order::v1::StreamOrderEventsResponse>();
  *batch->add_events() = Unreadable();
  (*batch->mutable_head_sequences())["paper"] = 15;
  (*batch->mutable_head_sequences())["second"] = 100;
  runner_->OnEvents(batch, [](bool) {});
  Poll();
  EXPECT_TRUE(runner_->Ready());
  broker::v1::StreamMarketDataResponse step = MakeStep(4, "97", true, true);
  step.set_lockstep(true);
  (*step.mutable_execution_sequences())["paper"] = 9;
  Bring(std::move(step));
  EXPECT_EQ(acknowledged_, 1);
}

// It had been answered, and nobody hears any more that it has left.
TEST_F(UnreadableTest, AMarketThatWaitsDoesNotWaitForItsOrders) {
  broker::v1::StreamMarketDataResponse step = MakeStep(4, "110", true, true);
  step.set_lockstep(true);
  Bring(std::move(step));
  ASSERT_EQ(Tell({OfSecond(101)}), true);
  ASSERT_EQ(acknowledged_, 0);
  ASSERT_EQ(Tell({Unreadable()}), true);
  EXPECT_EQ(acknowledged_, 1);
}

TEST_F(UnreadableTest, TheNextVersionReadsOnFromThereAndAPersonResumes) {
  order::v1::OrderEvent event = Unreadable();
  ASSERT_EQ(Tell({event}), true);
  Restart();
  EXPECT_EQ(Now().status(), strategy::v1::DEPLOYMENT_STATUS_PAUSED);
  event.mutable_fill()->mutable_quantity()->set_value("9");
  ASSERT_EQ(Tell({event}), true);
  EXPECT_EQ(Now().open_positions(), 1);
  EXPECT_EQ(Now().block(), strategy::v1::DEPLOYMENT_BLOCK_UNSPECIFIED);
  EXPECT_EQ(Ask([&](auto reply) { return runner_->Resume("demo", reply); })->status(), DEPLOYMENT_STATUS_ACTIVE);
  EXPECT_EQ(Now().status_reason(), "");
}

TEST_F(RunnerTest, ItIsReadyWhenItHasReadToTheHead) {
  auto batch = std::make_shared<order::v1::StreamOrderEventsResponse>();
  (*batch->mutable_head_sequences())["paper"] = 11;
  runner_->OnEvents(batch, [](bool) {});
  EXPECT_FALSE(runner_->Ready());
  auto next = std::make_shared<order::v1::StreamOrderEventsResponse>(*batch);
  *next->add_events() = Event("x", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false, "somebody");
  runner_->OnEvents(next, [](bool) {});
  EXPECT_TRUE(runner_->Ready());
}

// Lockstep

class LockstepTest : public RunnerStage {
 protected:
  void SetUp() override { StartWithDemo(); }
  void Lockstep(int minute, const std::string& close) {
    broker::v1::StreamMarketDataResponse step = MakeStep(minute, close, true, true);
    step.set_lockstep(true);
    Bring(std::move(step));
  }
};

TEST_F(LockstepTest, AStepIsAcknowledgedWhenItsOrderIsOnItsWay) {
  Lockstep(4, "110");
  EXPECT_EQ(neighbours_.submitted.size(), 1U);
  EXPECT_TRUE(neighbours_.submitted[0].confirm_duplicate());
  EXPECT_EQ(acknowledged_, 0) << "answered, but still with order management";
  ASSERT_EQ(Tell({Event("demo-1", order::v1::ORDER_STATUS_NEW, type::v1::SIDE_BUY, false)}), true);
  EXPECT_EQ(acknowledged_, 1);
}

TEST_F(LockstepTest, AnEventThatComesBeforeTheAnswerIsWaitedForToo) {
  neighbours_.silent = {"submit"};
  Lockstep(4, "110");
  ASSERT_EQ(Tell({Event("demo-1", order::v1::ORDER_STATUS_PENDING_NEW, type::v1::SIDE_BUY, false)}), true);
  EXPECT_EQ(acknowledged_, 0) << "it has not left yet";
  neighbours_.Release("submit");
  Poll();
  EXPECT_EQ(acknowledged_, 0);
  ASSERT_EQ(Tell({Event("demo-1", order::v1::ORDER_STATUS_NEW, type::v1::SIDE_BUY, false)}), true);
  EXPECT_EQ(acknowledged_, 1);
}

TEST_F(LockstepTest, AStepWaitsForItsBarsNeeds) {
  neighbours_.silent = {"summary"};
  Lockstep(4, "97");
  EXPECT_EQ(acknowledged_, 0);
  neighbours_.Release("summary");
  Poll();
  EXPECT_EQ(acknowledged_, 1);
}

TEST_F(LockstepTest, NothingIsDecidedBeforeEveryExecutionHasComeBack) {
  broker::v1::StreamMarketDataResponse step = MakeStep(4, "110", true, true);
  step.set_lockstep(true);
  (*step.mutable_execution_sequences())["paper"] = 1;
  Bring(std::move(step));
  EXPECT_THAT(Decisions(), IsEmpty());
  // Somebody else's; it is passed over, and still it is what the market waits for.
  order::v1::OrderEvent event = Event("x", order::v1::ORDER_STATUS_FILLED, type::v1::SIDE_BUY, true, "somebody");
  event.set_execution_sequence(1);
  ASSERT_EQ(Tell({event}), true);
  EXPECT_EQ(Decisions().size(), 1U);
}

TEST_F(LockstepTest, AStepThatComesAgainIsNotDecidedAgain) {
  Lockstep(4, "110");
  ASSERT_EQ(Tell({Event("demo-1", order::v1::ORDER_STATUS_CANCELED, type::v1::SIDE_BUY, false)}), true);
  ASSERT_EQ(acknowledged_, 1);
  runner_->OnMarketLost();
  Lockstep(4, "110");
  EXPECT_EQ(acknowledged_, 2);
  EXPECT_EQ(Decisions().size(), 1U);
}

TEST_F(LockstepTest, OrdersGoOutOneAfterTheOtherInTheOrderOfDecisions) {
  StrategyStore::Batch batch;
  for (const char* id : {"zeta", "alpha", "mid"}) {
    DeploymentRow row = DemoRow(strategy::DeploymentState::kActive);
    row.deployment_id = id;
    row.request_id = id;
    batch.rows.push_back(row);
  }
  Keep(std::move(batch));
  Restart();
  neighbours_.silent = {"submit"};
  Lockstep(4, "110");
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("submit alpha-1"));
  neighbours_.Release("submit");
  Poll();
  EXPECT_THAT(neighbours_.OrderCalls(),
              ElementsAre("submit alpha-1", "submit demo-1", "submit mid-1", "submit zeta-1"));
}

// Sending

class SendingTest : public RunnerStage {
 protected:
  void SetUp() override { StartWithDemo(); }
};

TEST_F(SendingTest, AnUnansweredOrderIsAskedForAgainUnderTheSameIdWhileItIsYoung) {
  neighbours_.refuse_submits = 2;
  Step(4, "110");
  for (int turn = 0; turn < 10; ++turn) Pass(Runner::kTickNs);
  EXPECT_THAT(neighbours_.OrderCalls(), ElementsAre("submit demo-1", "submit demo-1", "submit demo-1"));
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("-> accepted")));
}

TEST_F(SendingTest, AnOrderOfASignalThatIsTooOldIsGivenUp) {
  neighbours_.refuse_submits = 1'000;
  Step(4, "110");
  for (int turn = 0; turn < 30; ++turn) Pass(Runner::kTickNs);
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("not sent")));
  EXPECT_EQ(neighbours_.OrderCalls().back(), "find demo-1");
}

TEST_F(SendingTest, WhatStoodStillForTooLongWhileItWasStoredIsNotSent) {
  store_->FailNext(absl::UnavailableError("gone"));
  Step(4, "110");
  Pass(6 * kSecondNs);
  Pass(Runner::kTickNs);
  EXPECT_THAT(neighbours_.submitted, IsEmpty());
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("not sent")));
}

// Maps too in one order.
std::string Bytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  EXPECT_TRUE(message.SerializeToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

// The same world twice is the same log, byte for byte.
TEST_F(SendingTest, TheSameDayTwiceIsTheSameByteForByte) {
  auto day = [this] {
    tables_ = std::make_shared<MemoryStrategyTables>();
    neighbours_.calls.clear();
    clock_.nanos = kSecondNs;
    sequence_ = 10;
    StartWithDemo();
    for (int minute = 4; minute < 400; ++minute) {
      std::size_t before = neighbours_.submitted.size();
      Step(minute, std::to_string(100 + (minute * 7919) % 23));
      // A crash now and then, after whatever has become durable.
      if (minute % 17 == 0) Restart();
      if (neighbours_.submitted.size() > before)
        Filled(neighbours_.submitted.back().request_id(), neighbours_.submitted.back().side());
      Pass(kSecondNs);
    }
    std::string log;
    for (const auto& [sequence, decision] : tables_->decisions["demo"])
      log += Bytes(decision.decision) + (decision.submit ? Bytes(*decision.submit) : "");
    for (const std::string& call : neighbours_.calls) log += call + "\n";
    return log;
  };
  std::string first = day();
  EXPECT_GT(tables_->decisions["demo"].size(), 50U);
  EXPECT_TRUE(first == day());
}

}  // namespace
}  // namespace ballast
