// The order manager's session: who may hold it, and what is answered to what cannot be read.
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
  EXPECT_FALSE(older->Ready());
  engine_->Drain();
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
  engine_->Drain();
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

}  // namespace
}  // namespace ballast
