#include "libs/alerts/rules.h"

#include <gtest/gtest.h>

namespace ballast::alerts {
namespace {

OrderEvent EventOf(OrderEventType type) {
  OrderEvent event;
  event.account_id = AccountId("paper");
  event.sequence = 9;
  event.type = type;
  event.event_time = UtcTime{1'000};
  Order order;
  order.order_id = OrderId("o1");
  order.deployment_id = DeploymentId("d1");
  order.symbol = Symbol("AAPL");
  order.side = Side::kSell;
  order.quantity = Decimal::Of("10");
  order.cumulative_quantity = Decimal::Of("10");
  order.status = OrderStatus::kFilled;
  event.order = order;
  return event;
}

OrderEvent FillOf(const std::string& reason) {
  OrderEvent event = EventOf(OrderEventType::kFilled);
  event.order->reason = reason;
  Fill fill;
  fill.symbol = Symbol("AAPL");
  fill.side = Side::kSell;
  fill.quantity = Decimal::Of("10");
  fill.price = Decimal::Of("101.5");
  fill.fee = Decimal::Of("0.25");
  fill.fee_currency = "USD";
  event.fill = fill;
  return event;
}

TEST(AlertRulesTest, EachEventHasItsTypeAndLevel) {
  struct Case {
    OrderEventType event;
    AlertType type;
    AlertLevel level;
    const char* title;
  };
  const Case cases[] = {
      {OrderEventType::kFilled, AlertType::kOrder, AlertLevel::kInfo, "Order filled"},
      {OrderEventType::kDenied, AlertType::kRisk, AlertLevel::kWarning, "Order refused"},
      {OrderEventType::kRejected, AlertType::kOrder, AlertLevel::kWarning, "Order rejected"},
      {OrderEventType::kCancelRejected, AlertType::kOrder, AlertLevel::kWarning, "Cancel rejected"},
      {OrderEventType::kExpired, AlertType::kOrder, AlertLevel::kInfo, "Order expired"},
      {OrderEventType::kUnknown, AlertType::kError, AlertLevel::kError, "Order outcome unknown"},
      {OrderEventType::kIllegalReport, AlertType::kError, AlertLevel::kCritical, "Illegal broker report"},
      {OrderEventType::kAccountHalted, AlertType::kRisk, AlertLevel::kCritical, "Account halted"},
      {OrderEventType::kAccountResumed, AlertType::kRisk, AlertLevel::kInfo, "Account resumed"},
  };
  for (const Case& one : cases) {
    auto alert = AlertFor(EventOf(one.event));
    ASSERT_TRUE(alert.has_value()) << one.title;
    EXPECT_EQ(alert->type, one.type) << one.title;
    EXPECT_EQ(alert->level, one.level) << one.title;
    EXPECT_EQ(alert->title, one.title);
    EXPECT_EQ(alert->order_id, OrderId("o1"));
    EXPECT_EQ(alert->account_id, AccountId("paper"));
    EXPECT_EQ(alert->deployment_id, DeploymentId("d1"));
    EXPECT_EQ(alert->symbol, Symbol("AAPL"));
    EXPECT_EQ(alert->first_time, UtcTime{1'000});
    EXPECT_EQ(alert->last_time, UtcTime{1'000});
  }
}

TEST(AlertRulesTest, TheOrdinaryStepsOfAnOrderAreNoNews) {
  for (OrderEventType type : {OrderEventType::kUnspecified, OrderEventType::kAccountOpened, OrderEventType::kPendingNew,
                              OrderEventType::kSubmitted, OrderEventType::kAccepted, OrderEventType::kPendingCancel,
                              OrderEventType::kCanceled, OrderEventType::kTriggered}) {
    EXPECT_FALSE(AlertFor(EventOf(type)).has_value()) << static_cast<int>(type);
  }
}

TEST(AlertRulesTest, AFillSaysWhatAndAtWhichPrice) {
  EXPECT_EQ(AlertFor(FillOf("manual"))->text, "Sold 10 AAPL at 101.50; fee 0.25 USD");
  OrderEvent part = FillOf("manual");
  part.order->status = OrderStatus::kPartiallyFilled;
  part.order->quantity = Decimal::Of("25");
  EXPECT_EQ(AlertFor(part)->title, "Order partly filled");
  EXPECT_EQ(AlertFor(part)->text, "Sold 10 AAPL at 101.50, 10 of 25 so far; fee 0.25 USD");
}

TEST(AlertRulesTest, AClosingFillIsAboutThePosition) {
  struct Case {
    const char* reason;
    AlertLevel level;
    const char* title;
  };
  for (const Case& one : {Case{"stop_loss", AlertLevel::kWarning, "Position closed by stop loss"},
                          Case{"take_profit", AlertLevel::kInfo, "Position closed by take profit"},
                          Case{"trailing_stop", AlertLevel::kWarning, "Position closed by trailing stop"},
                          Case{"emergency_stop", AlertLevel::kWarning, "Position closed by emergency stop"}}) {
    auto alert = AlertFor(FillOf(one.reason));
    EXPECT_EQ(alert->type, AlertType::kPosition);
    EXPECT_EQ(alert->level, one.level);
    EXPECT_EQ(alert->title, one.title);
  }
}

TEST(AlertRulesTest, ARefusalSaysTheNumbers) {
  OrderEvent event = EventOf(OrderEventType::kDenied);
  event.rejection =
      Rejection{.check = "max_position", .limit = "5", .observed = "10", .message = "the position is too large"};
  EXPECT_EQ(AlertFor(event)->text, "sell 10 AAPL: the position is too large (max_position: limit 5, observed 10)");
}

TEST(AlertRulesTest, AHaltSaysWhyAndByWhom) {
  OrderEvent event = EventOf(OrderEventType::kAccountHalted);
  event.order.reset();
  event.actor = "user:ann";
  event.rejection = Rejection{.check = "account", .message = "fat\nfingers"};
  EXPECT_EQ(AlertFor(event)->text, "fat fingers, by user:ann");
}

}  // namespace
}  // namespace ballast::alerts
