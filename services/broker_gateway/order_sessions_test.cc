#include "services/broker_gateway/order_sessions.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

class Stream : public OrderSessions::Sender {
 public:
  bool Push(broker::v1::OrderSessionResponse) override { return true; }
  void Close(grpc::Status status) override { closed = status.error_code(); }
  [[nodiscard]] bool done() const override { return closed != grpc::OK; }
  grpc::StatusCode closed = grpc::OK;
};

const AccountId kA("a");
const AccountId kB("b");

class OrderSessionsTest : public testing::Test {
 protected:
  OrderSessions sessions_;
  std::shared_ptr<Stream> one_ = std::make_shared<Stream>();
  std::shared_ptr<Stream> two_ = std::make_shared<Stream>();
};

TEST_F(OrderSessionsTest, EachSpeaksForItsOwnAccounts) {
  sessions_.Open(one_, 1, {kA});
  sessions_.Open(two_, 2, {kB});
  EXPECT_TRUE(sessions_.Holds(one_, kA));
  EXPECT_FALSE(sessions_.Holds(one_, kB));
  EXPECT_FALSE(sessions_.Holds(two_, kA));
  EXPECT_EQ(sessions_.Of(kB), two_);
  EXPECT_EQ(sessions_.size(), 2U);
}

TEST_F(OrderSessionsTest, ANewerOneTakesTheAccountAndTheOlderNeverHasItAgain) {
  sessions_.Open(one_, 1, {kA, kB});
  EXPECT_TRUE(sessions_.Admits({kA}, 1));
  ASSERT_TRUE(sessions_.Admits({kA}, 2));
  sessions_.Open(two_, 2, {kA});
  EXPECT_EQ(one_->closed, grpc::ABORTED);
  EXPECT_FALSE(sessions_.Holds(one_, kA));
  EXPECT_FALSE(sessions_.Holds(one_, kB));
  EXPECT_FALSE(sessions_.Admits({kA, kB}, 1));
  EXPECT_TRUE(sessions_.Admits({kB}, 1));
  sessions_.Lose(two_);
  EXPECT_FALSE(sessions_.Admits({kA}, 1));
}

TEST_F(OrderSessionsTest, EpochsOutliveTheProcess) {
  sessions_.Restore({{kA, 5}});
  EXPECT_FALSE(sessions_.Admits({kA}, 4));
  EXPECT_TRUE(sessions_.Admits({kA}, 5));
  EXPECT_FALSE(sessions_.Admits({}, 0));
}

TEST_F(OrderSessionsTest, AnAccountThatNobodyNamedGoesToWhoSpeaksOfItFirst) {
  sessions_.Open(one_, 3, {});
  sessions_.Open(two_, 4, {});
  EXPECT_TRUE(sessions_.Holds(one_, kA));
  EXPECT_FALSE(sessions_.Holds(two_, kA));
  EXPECT_EQ(sessions_.Of(kA), one_);
  EXPECT_FALSE(sessions_.Holds(std::make_shared<Stream>(), kB));
}

TEST_F(OrderSessionsTest, WhoIsGoneIsForgotten) {
  sessions_.Open(one_, 1, {kA});
  one_->closed = grpc::CANCELLED;
  sessions_.Prune();
  EXPECT_EQ(sessions_.Of(kA), nullptr);
  EXPECT_EQ(sessions_.size(), 0U);
}

}  // namespace
}  // namespace ballast
