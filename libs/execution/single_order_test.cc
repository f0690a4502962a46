#include "libs/execution/single_order.h"

#include "gtest/gtest.h"

namespace ballast::execution {
namespace {

const UtcTime kBegin{1'700'000'000'000'000'000};

SeenQuote Seen(std::int64_t seconds, const char* bid, const char* ask) {
  const UtcTime at = kBegin + Duration::Seconds(seconds);
  return {.receive_time = at, .market_time = at, .bid = Decimal::Of(bid), .ask = Decimal::Of(ask)};
}

// A buy of 10, made while the market stood at 99 to 101.
Order Made(Side side = Side::kBuy) {
  return {.order_id = OrderId("o1"),
          .side = side,
          .type = OrderType::kMarket,
          .quantity = Decimal::Of("10"),
          .status = OrderStatus::kPendingNew,
          .sequence = 1};
}

Fill Filled(const char* id, const char* quantity, const char* price, bool maker = false) {
  return {.execution_id = ExecutionId(id),
          .quantity = Decimal::Of(quantity),
          .price = Decimal::Of(price),
          .maker = maker,
          .transact_time = kBegin};
}

// 6 of them taken at 101, 2 resting at 99.5, then cancelled with the market at 105; fees of 1.
SingleOrder Worked(Side side = Side::kBuy) {
  Order order = Made(side);
  SingleOrder single(order, Seen(0, "99", "101"));
  single.OnFill(Filled("e1", "6", "101"));
  single.OnFill(Filled("e2", "2", "99.5", true));
  order.sequence = 2;
  order.cumulative_quantity = Decimal::Of("8");
  order.average_price = Decimal::Of("100.625");
  order.fees = Decimal::Of("1");
  order.status = OrderStatus::kCanceled;
  EXPECT_TRUE(single.OnOrder(order, Seen(1, "104", "106")));
  return single;
}

TEST(SingleOrderTest, EachPartOfTheShortfallAndTheSpreadInIt) {
  OrderQuality quality = QualityOf(Worked().record());
  EXPECT_EQ(*quality.shortfall, (Shortfall{.delay = Decimal(),
                                           .execution = Decimal::Of("5"),
                                           .opportunity = Decimal::Of("10"),
                                           .fees = Decimal::Of("1")}));
  // 1 on each of 6, saved on each of 2.
  EXPECT_EQ(*quality.spread_cost, Decimal::Of("4"));
  EXPECT_EQ(*quality.arrival_slippage, Decimal::Of("62.5"));
  EXPECT_EQ(quality.fill_ratio, Decimal::Of("0.8"));
  EXPECT_FALSE(quality.vwap_slippage);
}

TEST(SingleOrderTest, ASellLosesTheOtherWay) {
  OrderQuality quality = QualityOf(Worked(Side::kSell).record());
  EXPECT_EQ(quality.shortfall->execution, Decimal::Of("-5"));
  EXPECT_EQ(quality.shortfall->opportunity, Decimal::Of("-10"));
  // Whoever takes pays the spread on either side.
  EXPECT_EQ(*quality.spread_cost, Decimal::Of("4"));
}

TEST(SingleOrderTest, WhatWaitedHereArrivesAsItGoesOut) {
  Order order = Made();
  order.status = OrderStatus::kHeld;
  SingleOrder single(order, Seen(0, "99", "101"));
  EXPECT_FALSE(single.record().arrived);
  order.status = OrderStatus::kPendingNew;
  order.sequence = 2;
  EXPECT_TRUE(single.OnOrder(order, Seen(5, "109", "111")));
  single.OnFill(Filled("e1", "10", "112"));
  order.status = OrderStatus::kFilled;
  order.cumulative_quantity = Decimal::Of("10");
  order.average_price = Decimal::Of("112");
  order.sequence = 3;
  EXPECT_TRUE(single.OnOrder(order, Seen(6, "1", "1")));
  OrderQuality quality = QualityOf(single.record());
  EXPECT_EQ(quality.shortfall->delay, Decimal::Of("100"));
  EXPECT_EQ(quality.shortfall->execution, Decimal::Of("20"));
  EXPECT_EQ(*quality.decision_slippage, Decimal::Of("1200"));
}

TEST(SingleOrderTest, WhatIsNotKnownIsNotSaid) {
  Order order = Made();
  SingleOrder single(order, std::nullopt);
  single.OnFill(Filled("e1", "10", "112"));
  order.status = OrderStatus::kFilled;
  order.cumulative_quantity = Decimal::Of("10");
  order.average_price = Decimal::Of("112");
  order.sequence = 2;
  // A market that is known later is not that of its arrival.
  EXPECT_TRUE(single.OnOrder(order, Seen(6, "100", "102")));
  OrderQuality quality = QualityOf(single.record());
  EXPECT_FALSE(quality.shortfall || quality.arrival_slippage || quality.decision_slippage || quality.spread_cost);
  EXPECT_EQ(quality.fill_ratio, Decimal::FromInt(1));
}

TEST(SingleOrderTest, OldNewsAndTheSameFillAgainChangeNothing) {
  SingleOrder single = Worked();
  const SingleOrderRecord before = single.record();
  EXPECT_FALSE(single.OnOrder(Made(), Seen(9, "1", "2")));
  single.OnFill(Filled("e1", "6", "101"));
  EXPECT_EQ(single.record(), before);
  single.OnTakenBack(ExecutionId("e1"));
  EXPECT_EQ(single.record().fills.size(), 1U);
}

TEST(SingleOrderTest, EachMomentAfterAFillIsLookedAtInTheMarketOfThatMoment) {
  SingleOrder single = Worked();
  QuotePast past;
  past.Add(Seen(0, "99", "101"));
  past.Add(Seen(9, "101", "103"));
  past.Add(Seen(11, "200", "202"));
  EXPECT_FALSE(single.Mark(past, kBegin));
  // Heard of late: each is held against its own moment all the same.
  EXPECT_TRUE(single.Mark(past, kBegin + Duration::Seconds(12)));
  EXPECT_FALSE(single.Mark(past, kBegin + Duration::Seconds(12)));
  OrderQuality quality = QualityOf(single.record());
  // 6 at 101 and 2 at 99.5 against 100, and against 102.
  EXPECT_EQ(quality.markouts[0].amount, Decimal::Of("-5"));
  EXPECT_EQ(quality.markouts[1].amount, Decimal::Of("11"));
  EXPECT_EQ(quality.markouts[1].measured_quantity, Decimal::Of("8"));
  EXPECT_EQ(quality.markouts[2].measured_quantity, Decimal());
  EXPECT_TRUE(single.Watched(kBegin + Duration::Seconds(330)));
  EXPECT_FALSE(single.Watched(kBegin + Duration::Seconds(331)));
}

TEST(SingleOrderTest, AVenueIsScoredByWhatItDidAlone) {
  SingleOrderRecord record{.type = OrderType::kMarket,
                           .quantity = Decimal::Of("10"),
                           .status = OrderStatus::kCanceled,
                           .filled = Decimal::Of("4")};
  VenueQuality venue;
  venue.Add(*ScoredOrder(record));
  EXPECT_EQ(venue.FillRatio(), Decimal::Of("0.4"));
  record.type = OrderType::kLimit;
  venue.Add(*ScoredOrder(record));
  EXPECT_EQ(venue.FillRatio(), Decimal::Of("0.4"));
  EXPECT_EQ(venue.children, 2);
  // One that rested and was never met says nothing, nor does one that a person took back.
  record.filled = {};
  EXPECT_FALSE(ScoredOrder(record));
  record.type = OrderType::kMarket;
  record.cancel_requested = true;
  EXPECT_FALSE(ScoredOrder(record));
  record.status = OrderStatus::kRejected;
  record.rejection = Rejection{.reason = RejectReason::kBrokerRejected};
  venue.Add(*ScoredOrder(record));
  EXPECT_EQ(venue.refused, 1);
  // What our own last door refused is not the venue's.
  record.rejection->reason = RejectReason::kKillSwitch;
  EXPECT_FALSE(ScoredOrder(record));
}

}  // namespace
}  // namespace ballast::execution
