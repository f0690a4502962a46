// The order manager's session: who may hold it, and what is answered to what cannot be read.
#include <future>
#include <pqxx/pqxx>

#include <thread>

#include "services/broker_gateway/testing/session_fixture.h"

namespace ballast {
namespace {

TEST_F(SessionTest, AnOlderOrderManagerIsTurnedAwayAndTheNewerOneGoesOn) {
  auto newer = Hello(7);
  ASSERT_TRUE(newer->Ready());
  auto older = Hello(6);
  EXPECT_EQ(older->Closed(), grpc::FAILED_PRECONDITION);
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-older"), older));
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-newer"), newer));
  EXPECT_TRUE(newer->ReportOf("by-newer").has_value());
  EXPECT_FALSE(newer->done());
  worker_->Drain();
  EXPECT_FALSE(older->told_ready());
  EXPECT_EQ(engine_->venue().Find(OrderId("by-older")), nullptr);
}

TEST_F(SessionTest, TheNewestOrderManagerIsRememberedOverARestart) {
  ASSERT_TRUE(Hello(7)->Ready());
  Start();
  EXPECT_EQ(Hello(6)->Closed(), grpc::FAILED_PRECONDITION);
  EXPECT_TRUE(Hello(7)->Ready());  // the same one is back
}

TEST_F(SessionTest, ANewerOneTakesOverAndTheFormerIsNotHeard) {
  auto former = Hello(7);
  ASSERT_TRUE(former->Ready());
  auto latter = Hello(8);
  ASSERT_TRUE(latter->Ready());
  EXPECT_EQ(former->Closed(), grpc::ABORTED);
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-former"), former));
  EXPECT_TRUE(engine_->Instruct(NewOrder("by-latter"), latter));
  EXPECT_TRUE(latter->ReportOf("by-latter").has_value());
  worker_->Drain();
  EXPECT_EQ(engine_->venue().Find(OrderId("by-former")), nullptr);
}

// Swallowed, it would stay on its way for ever on the other side.
TEST_F(SessionTest, AnOrderThatCannotBeReadIsRefused) {
  auto session = Hello(7);
  ASSERT_TRUE(session->Ready());
  broker::v1::OrderSessionRequest bad = NewOrder("bad");
  bad.mutable_new_order()->mutable_order()->mutable_quantity()->set_value("many");
  EXPECT_TRUE(engine_->Instruct(bad, session));
  auto report = session->ReportOf("bad");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->type(), broker::v1::EXECUTION_TYPE_REJECTED);
  EXPECT_EQ(report->rejection().reason(), type::v1::REJECT_REASON_MALFORMED);
  EXPECT_TRUE(engine_->Instruct(NewOrder("good"), session));
  EXPECT_TRUE(session->ReportOf("good").has_value());
}

TEST_F(SessionTest, AnOrderOfAnAccountThatIsNotOpenIsRefused) {
  auto session = Hello(7);
  broker::v1::OrderSessionRequest request = NewOrder("stranger");
  request.mutable_new_order()->mutable_order()->set_account_id("nobody");
  EXPECT_TRUE(engine_->Instruct(request, session));
  auto report = session->ReportOf("stranger");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->rejection().reason(), type::v1::REJECT_REASON_UNKNOWN_ACCOUNT);
  // It can be opened later, with all its money.
  broker::v1::OrderSessionRequest open;
  open.mutable_open_account()->set_account_id("nobody");
  open.mutable_open_account()->set_currency("USD");
  open.mutable_open_account()->mutable_opening_cash()->set_value("100000");
  EXPECT_TRUE(engine_->Instruct(open, session));
  request.mutable_new_order()->mutable_order()->set_order_id("known");
  EXPECT_TRUE(engine_->Instruct(request, session));
  EXPECT_TRUE(session->WaitForReport("known", broker::v1::EXECUTION_TYPE_TRADE));
}

// A session whose order manager gives permissions opens risk only while it holds one.
TEST_F(SessionTest, RiskIsOpenedWithAPermissionOnlyAndReducedWithoutOne) {
  auto session = std::make_shared<TestSession>();
  broker::v1::OrderSessionRequest hello;
  hello.mutable_hello()->set_epoch(7);
  hello.mutable_hello()->set_grants_permission(true);
  (*hello.mutable_hello()->mutable_after_execution_sequences())["paper"] = 0;
  EXPECT_TRUE(engine_->Instruct(hello, session));
  ASSERT_TRUE(session->Ready());
  EXPECT_TRUE(session->ready().wants_permission());
  broker::v1::OrderSessionRequest open;
  open.mutable_open_account()->set_account_id("paper");
  open.mutable_open_account()->set_currency("USD");
  open.mutable_open_account()->mutable_opening_cash()->set_value("100000");
  EXPECT_TRUE(engine_->Instruct(open, session));
  auto refused_by = [&](const std::string& id) {
    EXPECT_TRUE(engine_->Instruct(NewOrder(id), session));
    auto report = session->ReportOf(id);
    return report && report->type() == broker::v1::EXECUTION_TYPE_REJECTED ? report->rejection().check() : "";
  };
  auto permit = [&](std::int64_t age_ms, std::int64_t valid_ms) {
    broker::v1::OrderSessionRequest request;
    wire::ToProto(clock_.Now() - Duration::Millis(age_ms), request.mutable_permission()->mutable_issue_time());
    request.mutable_permission()->set_valid_ms(valid_ms);
    EXPECT_TRUE(engine_->Instruct(request, session));
  };
  EXPECT_EQ(refused_by("before"), "trade_permission");
  permit(5'001, 5'000);
  EXPECT_EQ(refused_by("late"), "trade_permission") << "it stood in a pipe for longer than it is valid";
  permit(0, 60'001);
  EXPECT_EQ(refused_by("endless"), "trade_permission");
  permit(0, 60'000);
  EXPECT_EQ(refused_by("permitted"), "");
  EXPECT_TRUE(session->WaitForReport("permitted", broker::v1::EXECUTION_TYPE_TRADE));
  // A newer one takes its place, and is over a moment later.
  permit(0, 200);
  std::int64_t until = clock_.MonotonicNanos() + 210'000'000;
  while (clock_.MonotonicNanos() < until) std::this_thread::yield();
  EXPECT_EQ(refused_by("lapsed"), "trade_permission");
  broker::v1::OrderSessionRequest exit = NewOrder("exit");
  exit.mutable_new_order()->mutable_order()->set_side(type::v1::SIDE_SELL);
  exit.mutable_new_order()->mutable_order()->set_reduce_only(true);
  EXPECT_TRUE(engine_->Instruct(exit, session));
  EXPECT_TRUE(session->WaitForReport("exit", broker::v1::EXECUTION_TYPE_TRADE)) << "an exit needs none";
  // An order manager that gives none needs none: it is of a former version.
  EXPECT_TRUE(engine_->Instruct(NewOrder("former"), Hello(8)));
}

TEST_F(SessionTest, WithoutAHelloNothingIsTakenWhateverItIs) {
  auto session = std::make_shared<TestSession>();
  EXPECT_TRUE(engine_->Instruct(broker::v1::OrderSessionRequest(), session));
  EXPECT_EQ(session->Closed(), grpc::FAILED_PRECONDITION);
}

TEST_F(SessionTest, AMessageNobodyKnowsDoesNotStopWhatComesAfterIt) {
  auto session = Hello(7);
  broker::v1::OrderSessionRequest newer;
  ASSERT_TRUE(newer.ParseFromString(std::string("\xba\x3e\x00", 3)));  // field 999, of a later version
  EXPECT_TRUE(engine_->Instruct(newer, session));
  broker::v1::OrderSessionRequest reduce;
  reduce.mutable_reduce()->set_order_id("o");
  reduce.mutable_reduce()->mutable_quantity()->set_value("many");
  EXPECT_TRUE(engine_->Instruct(reduce, session));
  EXPECT_TRUE(engine_->Instruct(NewOrder("good"), session));
  EXPECT_TRUE(session->ReportOf("good").has_value());
}

// Restored from an older state or wiped: new reports may not come under numbers that were seen already.
TEST_F(SessionTest, AGatewayThatLostReportsGoesOnAfterThemAndSaysSo) {
  auto session = HelloAfter(7, 41);
  ASSERT_TRUE(session->Ready());
  EXPECT_EQ(session->ready().lost_execution_sequences().at("paper"), 0U);
  // Not what the order manager has: it takes nothing for settled.
  EXPECT_EQ(session->ready().head_execution_sequences().at("paper"), 0U);
  EXPECT_TRUE(engine_->Instruct(NewOrder("first"), session));
  ASSERT_TRUE(session->WaitForReport("first", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_EQ(session->reports().front().execution_sequence(), 42U);
  std::uint64_t head = session->reports().back().execution_sequence();
  Start();
  auto again = HelloAfter(8, head);
  ASSERT_TRUE(again->Ready());
  EXPECT_TRUE(again->ready().lost_execution_sequences().empty());
  EXPECT_EQ(again->ready().head_execution_sequences().at("paper"), head);
  // Partly lost, with the account open here.
  auto later = HelloAfter(9, head + 10);
  ASSERT_TRUE(later->Ready());
  EXPECT_EQ(later->ready().lost_execution_sequences().at("paper"), head);
  EXPECT_TRUE(engine_->Instruct(NewOrder("second"), later));
  ASSERT_TRUE(later->WaitForReport("second", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_EQ(later->reports().front().execution_sequence(), head + 11);
  // Whoever asks from before the gap gets what there is.
  auto all = HelloAfter(10, 0);
  ASSERT_TRUE(all->Ready());
  EXPECT_EQ(all->CountOf("first", broker::v1::EXECUTION_TYPE_TRADE), 1U);
  EXPECT_EQ(all->CountOf("second", broker::v1::EXECUTION_TYPE_TRADE), 1U);
}

TEST_F(SessionTest, AStoredReportThatCannotBeReadIsToldAsSuchAndTheOthersFollow) {
  auto session = Hello(7);
  EXPECT_TRUE(engine_->Instruct(NewOrder("a"), session));
  ASSERT_TRUE(session->WaitForReport("a", broker::v1::EXECUTION_TYPE_TRADE));
  std::size_t count = session->reports().size();
  absl::Status spoilt = database_->Transaction([](pqxx::transaction_base& work) {
    // Behind the first one's tag and length.
    work.exec(
        "UPDATE execution SET payload = overlay(payload PLACING '\\xffff'::bytea FROM 4 FOR 2) WHERE "
        "execution_sequence = (SELECT min(execution_sequence) FROM execution)");
    return absl::OkStatus();
  });
  ASSERT_TRUE(spoilt.ok()) << spoilt;
  auto again = Hello(8);
  ASSERT_TRUE(again->Ready());
  ASSERT_EQ(again->reports().size(), count);
  EXPECT_EQ(again->reports()[0].type(), broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN);
  EXPECT_EQ(again->reports()[0].execution_sequence(), 1U);
  EXPECT_EQ(again->reports()[1].order_id(), "a");
}

TEST_F(SessionTest, EachNumberOfAStoredRowThatCannotBeReadIsTold) {
  auto session = Hello(7);
  EXPECT_TRUE(engine_->Instruct(NewOrder("a"), session));
  ASSERT_TRUE(session->WaitForReport("a", broker::v1::EXECUTION_TYPE_TRADE));
  std::size_t count = session->reports().size();
  absl::Status spoilt = database_->Transaction([](pqxx::transaction_base& work) {
    work.exec("UPDATE execution SET payload = 'x'");
    return absl::OkStatus();
  });
  ASSERT_TRUE(spoilt.ok()) << spoilt;
  auto again = Hello(8);
  ASSERT_TRUE(again->Ready());
  ASSERT_EQ(again->reports().size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(again->reports()[i].type(), broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN);
    EXPECT_EQ(again->reports()[i].execution_sequence(), i + 1);
  }
}

TEST_F(SessionTest, RowsOfOneReportEachAreToldWithThoseThatCameAfter) {
  auto session = Hello(7);
  EXPECT_TRUE(engine_->Instruct(NewOrder("a"), session));
  ASSERT_TRUE(session->WaitForReport("a", broker::v1::EXECUTION_TYPE_TRADE));
  std::vector<broker::v1::ExecutionReport> reports = session->reports();
  absl::Status rewritten = database_->Transaction([&](pqxx::transaction_base& work) {
    work.exec("DELETE FROM execution");
    for (const broker::v1::ExecutionReport& report : reports) {
      std::string payload = report.SerializeAsString();
      work.exec_params("INSERT INTO execution (account_id, execution_sequence, payload) VALUES ($1, $2, $3)",
                       report.account_id(), report.execution_sequence(), pqxx::binarystring(payload));
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(rewritten.ok()) << rewritten;
  EXPECT_TRUE(engine_->Instruct(NewOrder("b"), session));
  ASSERT_TRUE(session->WaitForReport("b", broker::v1::EXECUTION_TYPE_TRADE));
  auto again = Hello(8);
  ASSERT_TRUE(again->Ready());
  ASSERT_EQ(again->reports().size(), session->reports().size());
  for (std::size_t i = 0; i < again->reports().size(); ++i)
    EXPECT_EQ(again->reports()[i].SerializeAsString(), session->reports()[i].SerializeAsString()) << i;
}

TEST_F(SessionTest, ABatchIsCarriedOutInOrderAndWhatCannotBeInItIsPassedBy) {
  auto session = Hello(7);
  broker::v1::OrderSessionRequest request;
  auto& batch = *request.mutable_batch();
  *batch.add_instructions() = NewOrder("a");
  batch.add_instructions()->mutable_hello()->set_epoch(1);
  *batch.add_instructions()->mutable_batch()->add_instructions() = NewOrder("nested");
  *batch.add_instructions() = NewOrder("b");
  *batch.add_instructions() = NewOrder("a");
  EXPECT_TRUE(engine_->Instruct(request, session));
  ASSERT_TRUE(session->WaitForReport("b", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_EQ(session->CountOf("a", broker::v1::EXECUTION_TYPE_TRADE), 1U);
  EXPECT_EQ(session->CountOf("nested", broker::v1::EXECUTION_TYPE_NEW), 0U);
  EXPECT_EQ(session->reports()[0].order_id(), "a");
}

class ForgetfulTest : public SessionTest {
 protected:
  Engine::Options OptionsOf() override { return {.closed_orders_kept = 2}; }
};

TEST_F(ForgetfulTest, AnOrderSentAgainIsOneOrderThoughItIsNotInMemoryAnyMore) {
  auto session = Hello(7);
  std::vector<broker::v1::OrderSessionRequest> requests;
  for (int i = 0; i < 10; ++i) requests.push_back(NewOrder("o" + std::to_string(i)));
  for (int life = 0; life < 2; ++life) {
    for (const auto& request : requests) EXPECT_TRUE(engine_->Instruct(request, session));
    std::string last = "last" + std::to_string(life);
    EXPECT_TRUE(engine_->Instruct(NewOrder(last), session));
    ASSERT_TRUE(session->WaitForReport(last, broker::v1::EXECUTION_TYPE_TRADE));
    std::promise<std::size_t> known;
    ASSERT_TRUE(engine_->Ask(
        [&](const Engine& engine) { known.set_value(std::max(engine.venue().size(), engine.desks().size())); }));
    EXPECT_LE(known.get_future().get(), 13U);
    // Told once, by whichever life.
    for (int i = 0; i < 10; ++i)
      EXPECT_EQ(session->CountOf("o" + std::to_string(i), broker::v1::EXECUTION_TYPE_TRADE), 1U) << i;
    if (life == 1) break;
    Start();
    session = Hello(8);
    ASSERT_TRUE(session->Ready());
    std::promise<std::size_t> loaded;
    ASSERT_TRUE(engine_->Ask([&](const Engine& engine) { loaded.set_value(engine.venue().size()); }));
    EXPECT_EQ(loaded.get_future().get(), 0U);
  }
}

class UnansweredTest : public SessionTest {
 protected:
  Engine::Options OptionsOf() override { return {.faults = paper::Faults{.time_percent = 10}}; }
  broker::v1::OrderSessionRequest Failing(const std::string& id, const std::string& fault) {
    broker::v1::OrderSessionRequest request = NewOrder(id);
    request.mutable_new_order()->mutable_order()->set_reason("test_fault:" + fault);
    return request;
  }
  static std::vector<std::string> Out(const TestSession& session) {
    std::vector<std::string> ids;
    const broker::v1::OrderSessionReady ready = session.ready();
    for (const auto& each : ready.unanswered()) ids.push_back(each.order_id());
    return ids;
  }
};

// Nothing says so yet but the gateway: an order manager that heard nothing would end it, or send it again.
TEST_F(UnansweredTest, ANewSessionIsToldWhatIsOutAlsoAfterARestart) {
  auto first = Hello(7);
  ASSERT_TRUE(first->Ready());
  EXPECT_TRUE(Out(*first).empty());
  EXPECT_TRUE(engine_->Instruct(Failing("quiet", "silent"), first));
  EXPECT_TRUE(engine_->Instruct(NewOrder("plain"), first));
  EXPECT_TRUE(first->WaitForReport("plain", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_EQ(first->CountOf("quiet", broker::v1::EXECUTION_TYPE_NEW), 0U);
  auto second = Hello(8);
  ASSERT_TRUE(second->Ready());
  EXPECT_EQ(Out(*second), std::vector<std::string>{"quiet"});
  // Sent again it is the same one, and still out.
  EXPECT_TRUE(engine_->Instruct(Failing("quiet", "silent"), second));
  EXPECT_TRUE(second->WaitForReport("quiet", broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN));
  Start();
  auto third = Hello(9);
  ASSERT_TRUE(third->Ready());
  EXPECT_EQ(Out(*third), std::vector<std::string>{"quiet"});
  EXPECT_EQ(third->CountOf("quiet", broker::v1::EXECUTION_TYPE_REJECTED), 0U);
  broker::v1::OrderSessionRequest word;
  word.mutable_resolve()->set_account_id("paper");
  word.mutable_resolve()->set_order_id("quiet");
  word.mutable_resolve()->set_actor("user:ann");
  word.mutable_resolve()->set_reason("it is not there");
  EXPECT_TRUE(engine_->Instruct(word, third));
  ASSERT_TRUE(third->WaitForReport("quiet", broker::v1::EXECUTION_TYPE_NEVER_ACCEPTED));
  EXPECT_EQ(third->ReportOf("quiet")->evidence(0).text(), "user:ann: it is not there");
  Start();
  auto fourth = Hello(10);
  ASSERT_TRUE(fourth->Ready());
  EXPECT_TRUE(Out(*fourth).empty());
}

TEST_F(UnansweredTest, NothingLiveLeavesAGatewayThatFailsOnPurpose) {
  auto session = Hello(7);
  broker::v1::OrderSessionRequest live = NewOrder("live");
  live.mutable_new_order()->mutable_order()->set_mode(type::v1::ACCOUNT_MODE_LIVE);
  EXPECT_TRUE(engine_->Instruct(live, session));
  auto report = session->ReportOf("live");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->type(), broker::v1::EXECUTION_TYPE_REJECTED);
  EXPECT_EQ(report->rejection().check(), "paper_faults");
}

}  // namespace
}  // namespace ballast
