// Strategies in processes of their own, as the runner deals with them: what they are told, what their answers do, and
// that nothing they do or leave undone makes an order or holds anything up.
#include "services/strategy_runner/external_desk.h"

#include "gmock/gmock.h"
#include "services/strategy_runner/testing/runner_stage.h"

namespace ballast {
namespace {

namespace ext = external::v1;
using strategy::v1::EXTERNAL_CONNECTION_CONNECTED;
using strategy::v1::EXTERNAL_CONNECTION_FAULT;
using strategy::v1::EXTERNAL_CONNECTION_WAITING;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kProbe = "external:probe@1";

// A process as the test plays it.
class ScriptedPort final : public ExternalPort {
 public:
  void Send(ext::ConnectResponse message) override { told.push_back(std::move(message)); }
  void Close(const absl::Status& why) override { closed = why; }
  [[nodiscard]] bool Busy() const override { return busy; }

  // "registered", "opened demo fast=5", "history 1 2 3", "bar 4", "closed demo", "refused 4 FAULT_LATE"
  [[nodiscard]] std::vector<std::string> Told() const {
    std::vector<std::string> all;
    for (const ext::ConnectResponse& message : told) {
      std::string text;
      if (message.has_registered()) text = "registered";
      if (message.has_opened()) {
        text = "opened " + message.opened().deployment_id();
        for (const auto& [name, value] : message.opened().parameters()) text += " " + name + "=" + value;
      }
      if (message.has_bars()) {
        text = message.bars().history() ? "history" : "bar";
        for (const ext::Bar& bar : message.bars().bars()) text += " " + std::to_string(bar.sequence());
      }
      if (message.has_quotes()) {
        text = "quotes";
        for (const ext::Quote& quote : message.quotes().quotes())
          text += " " + quote.symbol() + "@" + quote.last_price();
        if (message.quotes().omitted() > 0) text += " omitted " + std::to_string(message.quotes().omitted());
      }
      if (message.has_closed()) text = "closed " + message.closed().deployment_id();
      if (message.has_refused())
        text = "refused " + std::to_string(message.refused().sequence()) + " " +
               ext::Fault_Name(message.refused().fault());
      all.push_back(text);
    }
    return all;
  }

  std::vector<ext::ConnectResponse> told;
  absl::Status closed;
  bool busy = false;
};

class ExternalDeskTest : public RunnerStage {
 protected:
  static constexpr std::int64_t kWindowNs = 2'000'000'000;

  void SetUp() override {
    ExternalRow row;
    row.registration.set_name("probe");
    row.registration.set_version("1");
    row.registration.set_warmup_bars(3);
    row.registration.set_quotes(quotes_);
    ext::Parameter& fast = *row.registration.add_parameters();
    fast.set_name("fast");
    fast.set_type(ext::PARAMETER_TYPE_INTEGER);
    fast.set_default_value("5");
    fast.set_minimum("1");
    fast.set_maximum("9");
    ASSERT_TRUE(shelf_.external().Put(row).ok());
    StrategyStore::Batch batch;
    batch.rows.push_back(DemoRow(strategy::DeploymentState::kActive));
    batch.rows[0].spec.set_strategy_id(kProbe);
    batch.rows[0].spec.clear_parameters();
    Keep(std::move(batch));
    Restart();
  }
  std::shared_ptr<ScriptedPort> Connect(std::uint64_t number, bool take_over = false) {
    auto port = std::make_shared<ScriptedPort>();
    EXPECT_TRUE(
        runner_->ConnectExternal({.number = number, .strategy_id = kProbe, .take_over = take_over, .port = port}));
    Poll();
    return port;
  }
  static ext::Answer Says(std::uint64_t sequence, ext::Signal signal) {
    ext::Answer answer;
    answer.set_deployment_id("demo");
    answer.set_sequence(sequence);
    answer.set_signal(signal);
    if (signal != ext::SIGNAL_NONE) answer.set_reason("it says so");
    return answer;
  }
  void Answer(std::uint64_t session, ext::Answer answer) {
    bool taken = false;
    EXPECT_TRUE(runner_->AnswerExternal(session, std::move(answer), [&] { taken = true; }));
    EXPECT_FALSE(taken) << "nothing else is read from the process before this one has been looked at";
    Poll();
    EXPECT_TRUE(taken);
  }
  void Disconnect(std::uint64_t session) {
    runner_->DisconnectExternal(session);
    Poll();
  }
  bool quotes_ = false;
  void ExpectNoOrder() { EXPECT_THAT(neighbours_.submitted, IsEmpty()); }
};

TEST_F(ExternalDeskTest, ItIsToldThePastAndThenEachBarOnce) {
  auto port = Connect(1);
  Step(4, "110");
  EXPECT_THAT(port->Told(), ElementsAre("registered", "opened demo fast=5", "history 1 2 3", "bar 4"));
  const ext::Bar& bar = port->told.back().bars().bars(0);
  EXPECT_EQ(bar.symbol(), "SPY");
  EXPECT_EQ(bar.close(), "110");
  EXPECT_EQ(bar.start_time().seconds(), 1'700'000'000 + 4 * 60);
  Answer(1, Says(4, ext::SIGNAL_NONE));
  Step(4, "110");
  EXPECT_THAT(port->Told(), SizeIs(4)) << "the same bar again";
  Step(5, "111");
  EXPECT_EQ(port->Told().back(), "bar 5");
  ExpectNoOrder();
  EXPECT_THAT(Decisions(), IsEmpty()) << "nothing to do and no reason for it";
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_CONNECTED);
}

TEST_F(ExternalDeskTest, ASignalIsSizedCheckedAndSentAsAnyOther) {
  Connect(1);
  Step(4, "110");
  ext::Answer answer = Says(4, ext::SIGNAL_LONG);
  (*answer.mutable_inputs())["score"] = "7";
  answer.set_strength("0.9");
  ExpectNoOrder();
  Answer(1, answer);
  ASSERT_THAT(neighbours_.submitted, SizeIs(1));
  EXPECT_EQ(neighbours_.submitted[0].request_id(), "demo-1");
  EXPECT_EQ(neighbours_.submitted[0].quantity().value(), "9") << "1 % of 100,000 at 110, whatever it thinks";
  strategy::v1::ListDecisionsRequest request;
  request.set_deployment_id("demo");
  auto stored = store_->ListDecisions(request);
  ASSERT_EQ(stored->decisions_size(), 1);
  EXPECT_EQ(stored->decisions(0).action(), "enter_long");
  EXPECT_EQ(stored->decisions(0).reason(), "it says so");
  EXPECT_EQ(stored->decisions(0).inputs().at("score"), "7");
  EXPECT_EQ(stored->decisions(0).inputs().at("strength"), "0.9");
  EXPECT_EQ(stored->decisions(0).inputs().at("price"), "110");
}

TEST_F(ExternalDeskTest, TheAnswersQuantityStopAndTargetAreTheEntrysAndOutliveARestart) {
  Connect(1);
  Step(4, "110");
  ext::Answer answer = Says(4, ext::SIGNAL_LONG);
  answer.set_quantity("4");
  answer.set_stop_price("109");
  answer.set_target_price("120");
  Answer(1, answer);
  ASSERT_THAT(neighbours_.submitted, SizeIs(1));
  EXPECT_EQ(neighbours_.submitted[0].quantity().value(), "4");
  EXPECT_EQ(neighbours_.submitted[0].protective_stop_price().value(), "109");
  Filled("demo-1", type::v1::SIDE_BUY);
  shelf_.external().SetConnected(kProbe, false);
  Restart();
  Bring(MakeStep(5, "108.9", true, true));
  ASSERT_THAT(neighbours_.submitted, SizeIs(2)) << "with nobody there";
  EXPECT_EQ(neighbours_.submitted[1].reason(), "stop_loss");
}

TEST_F(ExternalDeskTest, MoreThanTheDeploymentsSizeIsNoEntry) {
  Connect(1);
  Step(4, "110");
  ext::Answer answer = Says(4, ext::SIGNAL_LONG);
  answer.set_quantity("10");
  Answer(1, answer);
  ExpectNoOrder();
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("quantity 10 is more than the 9 that the deployment's size allows")));
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_CONNECTED) << "its answer was sound";
}

class ExternalQuotesTest : public ExternalDeskTest {
 protected:
  ExternalQuotesTest() { quotes_ = true; }
};

TEST_F(ExternalQuotesTest, QuotesAreToldBeforeTheBarThatEndsWithThem) {
  auto port = Connect(1);
  Step(4, "110");
  EXPECT_THAT(port->Told(),
              ElementsAre("registered", "opened demo fast=5", "history 1 2 3", "quotes SPY@110", "bar 4"));
  EXPECT_EQ(port->told[1].opened().quote_source(), ext::QUOTE_SOURCE_MARKET);
  Answer(1, Says(4, ext::SIGNAL_NONE));
  Bring(MakeStep(4, "110.5", true, false));
  EXPECT_EQ(port->Told().back(), "quotes SPY@110.5");
  Step(5, "111");
  auto told = port->Told();
  EXPECT_THAT(std::vector(told.end() - 2, told.end()), ElementsAre("quotes SPY@111", "bar 5"));
}

TEST_F(ExternalQuotesTest, WhoDoesNotReadIsToldTheNewestAndHowManyWereLeftOut) {
  auto port = Connect(1);
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_NONE));
  port->busy = true;
  std::size_t before = port->told.size();
  for (const char* price : {"111", "112", "113"}) Bring(MakeStep(4, price, true, false));
  EXPECT_THAT(port->told, SizeIs(before));
  Step(5, "114");
  auto told = port->Told();
  ASSERT_THAT(told, SizeIs(before + 2));
  EXPECT_EQ(told[before], "quotes SPY@114 omitted 3") << "a bar is never told before where its market stands";
  EXPECT_EQ(told[before + 1], "bar 5");
}

TEST_F(ExternalQuotesTest, AMarketThatWaitsLeavesNoneOut) {
  auto port = Connect(1);
  std::uint64_t number = 0;
  auto step = [&](int minute, const char* price, bool bar) {
    broker::v1::StreamMarketDataResponse message = MakeStep(minute, price, true, bar);
    message.set_lockstep(true);
    message.set_step(++number);
    Bring(std::move(message));
  };
  step(4, "110", true);
  Answer(1, Says(4, ext::SIGNAL_NONE));
  port->busy = true;
  std::size_t before = port->told.size();
  for (const char* price : {"111", "112", "113"}) step(4, price, false);
  auto told = port->Told();
  EXPECT_THAT(std::vector(told.begin() + static_cast<std::ptrdiff_t>(before), told.end()),
              ElementsAre("quotes SPY@111", "quotes SPY@112", "quotes SPY@113"));
}

TEST_F(ExternalDeskTest, WhoDidNotAskForQuotesIsToldNone) {
  auto port = Connect(1);
  Step(4, "110");
  Bring(MakeStep(4, "110.5", true, false));
  for (const std::string& one : port->Told()) EXPECT_THAT(one, ::testing::Not(HasSubstr("quotes")));
}

TEST_F(ExternalDeskTest, WhoIsSilentGetsNoOrderAndIsShownSo) {
  auto port = Connect(1);
  Step(4, "110");
  Pass(kWindowNs - 1);
  EXPECT_THAT(Decisions(), IsEmpty());
  Pass(1);
  EXPECT_THAT(Decisions(), ElementsAre("hold: EXTERNAL_NO_ANSWER: the strategy did not answer within 2000 ms"));
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_FAULT);
  EXPECT_THAT(Now().external_text(), HasSubstr("EXTERNAL_NO_ANSWER"));
  Answer(1, Says(4, ext::SIGNAL_LONG));
  EXPECT_EQ(port->Told().back(), "refused 4 FAULT_LATE");
  ExpectNoOrder();
  Step(5, "111");
  Pass(kWindowNs);
  EXPECT_THAT(Decisions(), SizeIs(1)) << "told once in a row";
  Step(6, "112");
  Answer(1, Says(6, ext::SIGNAL_LONG));
  EXPECT_THAT(neighbours_.submitted, SizeIs(1)) << "it has found its tongue";
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_CONNECTED);
}

TEST_F(ExternalDeskTest, ALaterBarDoesNotMakeTheWindowLonger) {
  Connect(1);
  Step(4, "110");
  Pass(kWindowNs / 2);
  Step(5, "111");
  Pass(kWindowNs / 2);
  EXPECT_THAT(Decisions(), SizeIs(1)) << "the first is decided";
  Answer(1, Says(5, ext::SIGNAL_LONG));
  EXPECT_THAT(neighbours_.submitted, SizeIs(1)) << "and the second is still waited for";
}

TEST_F(ExternalDeskTest, AnAnswerToALaterBarWaitsForTheEarlierOne) {
  Connect(1);
  Step(4, "110");
  Step(5, "111");
  Answer(1, Says(5, ext::SIGNAL_SHORT));
  EXPECT_THAT(Decisions(), IsEmpty());
  Answer(1, Says(4, ext::SIGNAL_LONG));
  EXPECT_THAT(Decisions(), SizeIs(2)) << "in the order of the bars";
  EXPECT_EQ(neighbours_.submitted[0].side(), type::v1::SIDE_BUY);
}

TEST_F(ExternalDeskTest, TwoAnswersToOneBarAreNone) {
  auto port = Connect(1);
  neighbours_.silent.insert("summary");
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_LONG));
  Answer(1, Says(4, ext::SIGNAL_LONG));
  EXPECT_EQ(port->Told().back(), "refused 4 FAULT_TWICE");
  neighbours_.Release("summary");
  Poll();
  ExpectNoOrder();
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("EXTERNAL_TWICE")));
}

TEST_F(ExternalDeskTest, ASecondAnswerAfterTheOrderChangesNothing) {
  auto port = Connect(1);
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_LONG));
  Answer(1, Says(4, ext::SIGNAL_SHORT));
  EXPECT_EQ(port->Told().back(), "refused 4 FAULT_LATE");
  EXPECT_THAT(neighbours_.submitted, SizeIs(1));
}

TEST_F(ExternalDeskTest, NonsenseIsNoOrderAndTheAuthorIsTold) {
  auto port = Connect(1);
  Step(4, "110");
  ext::Answer answer = Says(4, ext::SIGNAL_LONG);
  answer.set_strength("NaN");
  Answer(1, answer);
  EXPECT_EQ(port->Told().back(), "refused 4 FAULT_UNREADABLE");
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("EXTERNAL_UNREADABLE: strength")));
  ExpectNoOrder();
}

TEST_F(ExternalDeskTest, AFailureOfTheStrategyIsKeptWithItsText) {
  Connect(1);
  Step(4, "110");
  ext::Answer answer = Says(4, ext::SIGNAL_LONG);
  answer.set_failure("ZeroDivisionError: division by zero");
  Answer(1, answer);
  EXPECT_THAT(Decisions(), ElementsAre("hold: EXTERNAL_FAILED: ZeroDivisionError: division by zero"));
  EXPECT_THAT(Now().external_text(), HasSubstr("ZeroDivisionError"));
  ExpectNoOrder();
}

TEST_F(ExternalDeskTest, WhoAnswersWhatWasNeverAskedIsSentAway) {
  auto port = Connect(1);
  Step(4, "110");
  Answer(1, Says(99, ext::SIGNAL_LONG));
  EXPECT_TRUE(absl::IsInvalidArgument(port->closed)) << port->closed;
  EXPECT_THAT(Decisions(), ElementsAre(HasSubstr("EXTERNAL_NOT_CONNECTED")));
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_WAITING);
  auto next = Connect(2);
  Step(5, "110");
  ext::Answer other = Says(5, ext::SIGNAL_LONG);
  other.set_deployment_id("somebody-elses");
  Answer(2, other);
  EXPECT_TRUE(absl::IsInvalidArgument(next->closed)) << next->closed;
  ExpectNoOrder();
}

TEST_F(ExternalDeskTest, HistoryIsNotToBeAnswered) {
  auto port = Connect(1);
  Step(4, "110");
  Answer(1, Says(2, ext::SIGNAL_LONG));
  EXPECT_EQ(port->Told().back(), "refused 2 FAULT_LATE");
  ExpectNoOrder();
}

TEST_F(ExternalDeskTest, ALostConnectionLosesTheBarAndRepeatsNothing) {
  Connect(1);
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_LONG));
  Filled("demo-1", type::v1::SIDE_BUY);
  Step(5, "111");
  Disconnect(1);
  EXPECT_THAT(Decisions().front(), HasSubstr("EXTERNAL_NOT_CONNECTED: the connection was lost"));
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_WAITING);
  Step(6, "112");
  EXPECT_THAT(Decisions(), SizeIs(2)) << "nobody is waited for";
  for (int minute : {4, 5, 6}) neighbours_.past.push_back(MakeBar(minute, "110"));
  auto port = Connect(2);
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_CONNECTED);
  Step(7, "113");
  EXPECT_THAT(port->Told(), ElementsAre("registered", "opened demo fast=5", "history 1 2 3 4 5 6", "bar 7"));
  Answer(2, Says(7, ext::SIGNAL_LONG));
  EXPECT_THAT(neighbours_.submitted, SizeIs(1)) << "it is held already";
  EXPECT_THAT(Decisions().front(), HasSubstr("the position is held already"));
}

TEST_F(ExternalDeskTest, StopsDoNotWaitForAStrategy) {
  Connect(1);
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_LONG));
  Filled("demo-1", type::v1::SIDE_BUY);
  Bring(MakeStep(5, "100", true, true));
  ASSERT_THAT(neighbours_.submitted, SizeIs(2)) << "while it thinks about the bar";
  EXPECT_EQ(neighbours_.submitted[1].reason(), "stop_loss");
  Disconnect(1);
  EXPECT_THAT(neighbours_.submitted, SizeIs(2));
}

TEST_F(ExternalDeskTest, AVersionHasOneProcessUnlessAnotherTakesOver) {
  auto first = Connect(1);
  auto second = Connect(2);
  EXPECT_TRUE(absl::IsAlreadyExists(second->closed)) << second->closed;
  EXPECT_TRUE(first->closed.ok());
  Step(4, "110");
  EXPECT_EQ(first->Told().back(), "bar 4");
  auto third = Connect(3, /*take_over=*/true);
  EXPECT_TRUE(absl::IsAborted(first->closed)) << first->closed;
  Answer(1, Says(4, ext::SIGNAL_LONG));
  ExpectNoOrder();
  Step(5, "111");
  EXPECT_EQ(third->Told().front(), "registered");
  EXPECT_THAT(third->Told().back(), HasSubstr("bar"));
  Disconnect(1);
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_CONNECTED) << "the end of the first is the first's";
}

TEST_F(ExternalDeskTest, AfterARestartItWaitsForItsProcessAndGoesOn) {
  Connect(1);
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_LONG));
  Filled("demo-1", type::v1::SIDE_BUY);
  shelf_.external().SetConnected(kProbe, false);
  Restart();
  EXPECT_EQ(Now().status(), strategy::v1::DEPLOYMENT_STATUS_ACTIVE);
  EXPECT_EQ(Now().external_connection(), EXTERNAL_CONNECTION_WAITING);
  auto port = Connect(1);
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_SHORT));
  EXPECT_THAT(neighbours_.submitted, SizeIs(1)) << "that bar was decided before";
  Step(5, "109");
  Answer(1, Says(5, ext::SIGNAL_OUT));
  ASSERT_THAT(neighbours_.submitted, SizeIs(2));
  EXPECT_TRUE(neighbours_.submitted[1].reduce_only());
}

TEST_F(ExternalDeskTest, WhatIsStoppedIsClosedAndWhatIsStartedIsOpenedAnew) {
  auto port = Connect(1);
  Step(4, "110");
  Answer(1, Says(4, ext::SIGNAL_NONE));
  Stop(false);
  Pass(Runner::kTickNs);
  EXPECT_EQ(port->Told().back(), "closed demo");
  ASSERT_TRUE(runner_->StartDeployment("demo", [](const absl::Status&, const auto&) {}));
  Poll();
  Step(5, "111");
  EXPECT_THAT(port->Told().back(), HasSubstr("bar"));
}

TEST_F(ExternalDeskTest, NothingStartsWithoutItsProcess) {
  Stop(false);
  Pass(Runner::kTickNs);
  bool answered = false;
  auto start = [&](bool runs) {
    answered = false;
    ASSERT_TRUE(runner_->StartDeployment(
        "demo", [&, runs](const absl::Status& status, const strategy::v1::StartDeploymentResponse& response) {
          EXPECT_TRUE(status.ok()) << status;
          answered = true;
          bool found = false;
          for (const auto& one : response.prerequisites()) {
            if (one.name() != "external_strategy") continue;
            found = true;
            EXPECT_EQ(one.passed(), runs) << one.detail();
          }
          EXPECT_TRUE(found);
          EXPECT_EQ(response.deployment().status() == strategy::v1::DEPLOYMENT_STATUS_ACTIVE, runs);
        }));
    Poll();
    EXPECT_TRUE(answered);
  };
  start(false);
  Connect(1);
  start(true);
}

TEST_F(ExternalDeskTest, PeopleAreToldOnceOfAProcessThatStaysAway) {
  Connect(1);
  Pass(20 * kSecondNs);
  EXPECT_THAT(neighbours_.alerts, IsEmpty());
  Disconnect(1);
  Pass(Runner::kTickNs);
  Pass(9 * kSecondNs);
  EXPECT_THAT(neighbours_.alerts, IsEmpty()) << "it may be back";
  Pass(2 * kSecondNs);
  ASSERT_THAT(neighbours_.alerts, SizeIs(1));
  EXPECT_THAT(neighbours_.alerts[0].title(), HasSubstr("external:probe@1"));
  EXPECT_THAT(neighbours_.alerts[0].text(), HasSubstr("demo"));
  Pass(60 * kSecondNs);
  EXPECT_THAT(neighbours_.alerts, SizeIs(1));
  Connect(2);
  Pass(Runner::kTickNs);
  Disconnect(2);
  Pass(Runner::kTickNs);
  Pass(11 * kSecondNs);
  EXPECT_THAT(neighbours_.alerts, SizeIs(2)) << "gone again";
}

TEST_F(ExternalDeskTest, AMarketThatWaitsWaitsForTheAnswerAndNoLonger) {
  Connect(1);
  auto step = [&](int minute, const char* close) {
    broker::v1::StreamMarketDataResponse message = MakeStep(minute, close, true, true);
    message.set_lockstep(true);
    Bring(std::move(message));
  };
  step(4, "110");
  EXPECT_EQ(acknowledged_, 0);
  Answer(1, Says(4, ext::SIGNAL_NONE));
  EXPECT_EQ(acknowledged_, 1);
  step(5, "111");
  Pass(kWindowNs);
  EXPECT_EQ(acknowledged_, 2) << "a dead strategy does not stop the market";
  step(6, "112");
  EXPECT_EQ(acknowledged_, 2);
  Disconnect(1);
  EXPECT_EQ(acknowledged_, 3);
  step(7, "113");
  EXPECT_EQ(acknowledged_, 4) << "nobody is there to be waited for";
}

}  // namespace
}  // namespace ballast
