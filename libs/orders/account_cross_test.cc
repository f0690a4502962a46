#include <gtest/gtest.h>

#include "libs/base/rng.h"
#include "libs/orders/account.h"
#include "libs/orders/order_id.h"

namespace ballast::orders {
namespace {

constexpr UtcTime kNow{1'700'000'000'000'000'000};
const Symbol kSymbol("BTC-USD");

class CrossTest : public testing::Test {
 protected:
  void SetUp() override { account_.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::FromInt(1000), kNow); }
  // A deployment's fill at the venue.
  void Trade(const std::string& deployment, Side side, Decimal quantity) {
    Order order;
    order.account_id = AccountId("paper");
    order.request_id = RequestId("r" + std::to_string(++number_));
    order.order_id = OrderIdFor(order.account_id, order.request_id);
    order.deployment_id = DeploymentId(deployment);
    order.symbol = kSymbol;
    order.side = side;
    order.quantity = quantity;
    account_.Accept(order, "strategy:x", {}, true, kNow);
    Report report{.execution_sequence = number_, .type = OrderEventType::kFilled, .order_id = order.order_id};
    report.fill = {.execution_id = ExecutionId("e" + std::to_string(number_)),
                   .order_id = order.order_id,
                   .account_id = order.account_id,
                   .symbol = kSymbol,
                   .side = side,
                   .quantity = quantity,
                   .price = Decimal::Of("100")};
    account_.ApplyReport(report, kNow);
  }
  std::vector<OrderEvent> Cross(const char* price = "120") {
    return account_.Cross(kSymbol, Decimal::Of(price), {.request = "flatten-1", .reason = "why", .actor = "user:me"},
                          kNow);
  }

  Account account_;
  std::uint64_t number_ = 0;
};

TEST_F(CrossTest, TwoBooksAgainstEachOtherEndFlatAndTheVenueHearsNothing) {
  Trade("a", Side::kBuy, Decimal::Of("2"));
  Trade("b", Side::kSell, Decimal::Of("2"));
  const std::uint64_t executions = account_.snapshot().execution_sequence;
  std::vector<OrderEvent> events = Cross();
  ASSERT_EQ(events.size(), 4U);  // an order and its fill in each book
  for (std::size_t i : {1U, 3U}) {
    const Fill& fill = *events[i].fill;
    EXPECT_EQ(events[i].type, OrderEventType::kFilled);
    EXPECT_EQ(fill.quantity, Decimal::Of("2"));
    EXPECT_EQ(fill.price, Decimal::Of("120"));
    EXPECT_TRUE(fill.fee.IsZero());
    EXPECT_TRUE(fill.reversal);
    EXPECT_EQ(events[i].execution_sequence, 0U);
    EXPECT_EQ(events[i].order->status, OrderStatus::kFilled);
    EXPECT_EQ(events[i].actor, "user:me");
  }
  EXPECT_EQ(events[1].fill->deployment_id, DeploymentId("a"));
  EXPECT_EQ(events[1].fill->side, Side::kSell);
  EXPECT_EQ(events[3].fill->deployment_id, DeploymentId("b"));
  EXPECT_EQ(events[3].fill->side, Side::kBuy);
  EXPECT_TRUE(account_.books().held().empty());
  EXPECT_TRUE(account_.working().empty());
  EXPECT_EQ(account_.snapshot().execution_sequence, executions);
  EXPECT_TRUE(Cross().empty());
}

TEST_F(CrossTest, WhatIsNotAgainstEachOtherStays) {
  Trade("a", Side::kBuy, Decimal::Of("3"));
  EXPECT_TRUE(Cross().empty());
  Trade("b", Side::kSell, Decimal::Of("1"));
  EXPECT_EQ(Cross().size(), 4U);
  EXPECT_EQ(account_.books().Held(DeploymentId("a"), kSymbol), Decimal::Of("2"));
  EXPECT_TRUE(account_.books().Held(DeploymentId("b"), kSymbol).IsZero());
}

// However many books there are: the net position stays to the last digit, none is against another, every id is new.
TEST_F(CrossTest, TheSumOfTheBooksStays) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    for (int i = 0; i < 12; ++i) {
      Trade("d" + std::to_string(rng.Below(5)), rng.Below(2) == 0 ? Side::kBuy : Side::kSell,
            MultiplyDivide(Decimal::FromInt(1 + static_cast<std::int64_t>(rng.Below(9'999))), Decimal::FromInt(1),
                           Decimal::FromInt(1'000), Rounding::kDown));
    }
    const Decimal net = account_.books().Net(kSymbol);
    std::set<ExecutionId> ids;
    for (const OrderEvent& event : Cross()) {
      if (event.fill) EXPECT_TRUE(ids.insert(event.fill->execution_id).second);
    }
    EXPECT_EQ(account_.books().Net(kSymbol), net);
    EXPECT_FALSE(account_.books().Opposed(kSymbol));
  }
}

// A start that reads the fills of the log has the same books.
TEST_F(CrossTest, TheLogGivesTheSameBooks) {
  Trade("a", Side::kBuy, Decimal::Of("2"));
  Trade("b", Side::kSell, Decimal::Of("5"));
  Books folded = account_.books();
  for (const OrderEvent& event : Cross()) {
    if (event.fill) folded.Apply(*event.fill);
  }
  EXPECT_EQ(folded.held(), account_.books().held());
}

}  // namespace
}  // namespace ballast::orders
