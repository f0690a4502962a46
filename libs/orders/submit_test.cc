#include "libs/orders/submit.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace ballast::orders {
namespace {

Order Basic(OrderType type) {
  Order order;
  order.account_id = AccountId("paper");
  order.request_id = RequestId("r1");
  order.symbol = Symbol("SPY");
  order.side = Side::kSell;
  order.type = type;
  order.quantity = Decimal::FromInt(10);
  if (type == OrderType::kLimit || type == OrderType::kStopLimit || type == OrderType::kTakeProfitLimit)
    order.limit_price = Decimal::FromInt(100);
  if (type == OrderType::kStop || type == OrderType::kStopLimit || type == OrderType::kTakeProfit ||
      type == OrderType::kTakeProfitLimit) {
    order.stop_price = Decimal::FromInt(100);
  }
  if (type == OrderType::kTrailingStop || type == OrderType::kTrailingStopLimit)
    order.trailing = Trailing{.offset = Decimal::FromInt(2), .offset_type = TrailingOffsetType::kPrice};
  if (type == OrderType::kTrailingStopLimit) order.trailing->limit_offset = Decimal();
  return order;
}

std::string Fields(Order order) {
  std::string fields;
  for (const Violation& violation : ValidateSubmit(order)) fields += violation.field + " ";
  return fields;
}

TEST(SubmitTest, EveryTypeIsTakenAsItIsMeant) {
  for (int type = 1; type <= 8; ++type) EXPECT_EQ(Fields(Basic(static_cast<OrderType>(type))), "") << type;
}

struct Row {
  const char* name;
  OrderType type;
  std::function<void(Order&)> change;
  const char* fields;
};

TEST(SubmitTest, EachRuleOfFormRefusesItsField) {
  const Decimal one = Decimal::FromInt(1);
  const Row rows[] = {
      {"no trigger", OrderType::kTakeProfit, [](Order& o) { o.stop_price.reset(); }, "stop_price "},
      {"no limit", OrderType::kTakeProfitLimit, [](Order& o) { o.limit_price.reset(); }, "limit_price "},
      {"no offset", OrderType::kTrailingStop, [](Order& o) { o.trailing.reset(); }, "trailing "},
      {"own stop", OrderType::kTrailingStop, [&](Order& o) { o.stop_price = one; }, "stop_price "},
      {"own limit", OrderType::kTrailingStopLimit, [&](Order& o) { o.limit_price = one; }, "limit_price "},
      {"zero offset", OrderType::kTrailingStop, [](Order& o) { o.trailing->offset = Decimal(); }, "trailing.offset "},
      {"no unit", OrderType::kTrailingStop,
       [](Order& o) { o.trailing->offset_type = TrailingOffsetType::kUnspecified; }, "trailing.offset_type "},
      {"100 per cent", OrderType::kTrailingStop,
       [](Order& o) {
         o.trailing->offset_type = TrailingOffsetType::kPercent;
         o.trailing->offset = Decimal::FromInt(100);
       },
       "trailing.offset "},
      {"half a tick", OrderType::kTrailingStop,
       [](Order& o) {
         o.trailing->offset_type = TrailingOffsetType::kTicks;
         o.trailing->offset = Decimal::Of("0.5");
       },
       "trailing.offset "},
      {"no limit offset", OrderType::kTrailingStopLimit, [](Order& o) { o.trailing->limit_offset.reset(); },
       "trailing.limit_offset "},
      {"limit offset", OrderType::kTrailingStop, [&](Order& o) { o.trailing->limit_offset = one; },
       "trailing.limit_offset "},
      {"trailing limit order", OrderType::kLimit, [](Order& o) { o.trailing = Trailing{}; }, "trailing "},
      {"immediate stop", OrderType::kTakeProfit, [](Order& o) { o.time_in_force = TimeInForce::kIoc; },
       "time_in_force "},
      {"stop at the open", OrderType::kStop, [](Order& o) { o.time_in_force = TimeInForce::kAtOpen; },
       "time_in_force "},
      {"GTD without a date", OrderType::kLimit, [](Order& o) { o.time_in_force = TimeInForce::kGtd; }, "expire_time "},
      {"date without GTD", OrderType::kLimit, [](Order& o) { o.expire_time = UtcTime{1}; }, "expire_time "},
      {"market for a date", OrderType::kMarket,
       [](Order& o) {
         o.time_in_force = TimeInForce::kGtd;
         o.expire_time = UtcTime{1};
       },
       "time_in_force "},
      {"post-only market", OrderType::kMarket, [](Order& o) { o.post_only = true; }, "post_only "},
      {"post-only IOC", OrderType::kLimit,
       [](Order& o) {
         o.post_only = true;
         o.time_in_force = TimeInForce::kIoc;
       },
       "post_only "},
      {"shown stop", OrderType::kStop, [&](Order& o) { o.display_quantity = one; }, "display_quantity "},
      {"shows more", OrderType::kLimit, [](Order& o) { o.display_quantity = Decimal::FromInt(11); },
       "display_quantity "},
      {"shows nothing", OrderType::kLimit, [](Order& o) { o.display_quantity = Decimal(); }, "display_quantity "},
      {"source of none", OrderType::kLimit, [](Order& o) { o.trigger_source = TriggerSource::kLast; },
       "trigger_source "},
  };
  for (const Row& row : rows) {
    Order order = Basic(row.type);
    row.change(order);
    EXPECT_EQ(Fields(order), row.fields) << row.name;
  }
}

std::vector<Order> Bracket() {
  std::vector<Order> orders = {Basic(OrderType::kLimit), Basic(OrderType::kLimit), Basic(OrderType::kStop)};
  orders[0].side = Side::kBuy;
  orders[1].reduce_only = orders[2].reduce_only = true;
  for (Order& order : orders) order.time_in_force = TimeInForce::kGtc;
  return orders;
}

TEST(SubmitTest, ABracketIsAnEntryWithATargetAndAStop) {
  EXPECT_TRUE(ValidateList(Bracket(), ContingencyType::kBracket).empty());
  std::vector<Order> trailing = Bracket();
  trailing[2] = Basic(OrderType::kTrailingStop);
  trailing[2].reduce_only = true;
  EXPECT_TRUE(ValidateList(trailing, ContingencyType::kBracket).empty());
  std::vector<Order> same_side = Bracket();
  same_side[1].side = Side::kBuy;
  EXPECT_EQ(ValidateList(same_side, ContingencyType::kBracket).at(0).field, "orders[1].side");
  std::vector<Order> other_size = Bracket();
  other_size[2].quantity = Decimal::FromInt(9);
  EXPECT_EQ(ValidateList(other_size, ContingencyType::kBracket).at(0).field, "orders[2].quantity");
  std::vector<Order> opens = Bracket();
  opens[2].reduce_only = false;
  EXPECT_EQ(ValidateList(opens, ContingencyType::kBracket).at(0).field, "orders[2].reduce_only");
  std::vector<Order> two_targets = Bracket();
  two_targets[2] = two_targets[1];
  EXPECT_EQ(ValidateList(two_targets, ContingencyType::kBracket).at(0).field, "orders[2].type");
  EXPECT_EQ(ValidateList({Bracket()[0]}, ContingencyType::kBracket).at(0).field, "orders");
}

TEST(SubmitTest, OrdersThatShareAQuantityHaveTheSame) {
  std::vector<Order> pair = {Basic(OrderType::kLimit), Basic(OrderType::kStop)};
  EXPECT_TRUE(ValidateList(pair, ContingencyType::kOuo).empty());
  pair[1].quantity = Decimal::FromInt(5);
  EXPECT_FALSE(ValidateList(pair, ContingencyType::kOuo).empty());
  EXPECT_TRUE(ValidateList(pair, ContingencyType::kOco).empty());
  pair[1].time_in_force = TimeInForce::kIoc;
  EXPECT_FALSE(ValidateList(pair, ContingencyType::kOco).empty());
}

TEST(SubmitTest, WhatTheMarketOrAReplacementHasSetIsNotTheBody) {
  Order asked = Basic(OrderType::kTrailingStop), stored = asked;
  stored.stop_price = Decimal::FromInt(98);
  stored.trailing->high_water_mark = Decimal::FromInt(100);
  EXPECT_TRUE(SameBody(stored, asked));
  Order other = asked;
  other.trailing->offset = Decimal::FromInt(3);
  EXPECT_FALSE(SameBody(stored, other));
  Order limit = Basic(OrderType::kLimit), replaced = limit;
  replaced.limit_price = Decimal::FromInt(101);
  EXPECT_FALSE(SameBody(replaced, limit));
  replaced.replace_count = 1;
  replaced.requested_quantity = replaced.quantity;
  EXPECT_TRUE(SameBody(replaced, limit));
}

TEST(SubmitTest, OnlyADeploymentPromisesAStopThatItWatches) {
  Order order = Basic(OrderType::kMarket);
  order.deployment_id = DeploymentId();
  order.protective_stop_price = Decimal::FromInt(90);
  std::vector<Violation> violations = ValidateSubmit(order);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].field, "protective_stop_price");
  order.deployment_id = DeploymentId("d");
  EXPECT_TRUE(ValidateSubmit(order).empty());
  order.protective_stop_price = Decimal();
  EXPECT_EQ(ValidateSubmit(order).size(), 1U);
  Order located = Basic(OrderType::kMarket);
  located.locate_id = "prime-7";
  EXPECT_TRUE(ValidateSubmit(located).empty());
  located.locate_id = "a b";
  EXPECT_EQ(ValidateSubmit(located).size(), 1U);
}

TEST(SubmitTest, AConfirmationIsPartOfTheBodyAndAListsStopIsNot) {
  Order first = Basic(OrderType::kLimit), second = first;
  second.confirm_soft_collar = true;
  EXPECT_FALSE(SameBody(first, second));
  second = first;
  second.protective_stop_price = Decimal::FromInt(90);
  EXPECT_FALSE(SameBody(first, second));
  first.list = second.list = ListPlace{.list_id = "l", .index = 1, .size = 2};
  EXPECT_TRUE(SameBody(first, second)) << "it has it from its exit";
}

}  // namespace
}  // namespace ballast::orders
