#include "libs/execution/quality.h"

#include "gtest/gtest.h"

namespace ballast::execution {
namespace {

const UtcTime kBegin{1'700'000'000'000'000'000};

// 10 of SPY, decided at 100, arrived at 101; filled 4 at 102 and 4 at 103 with fees of 1, ended at 110. The market's
// VWAP was 102.
ParentRecord Worked(Side side = Side::kBuy) {
  ParentRecord record{.id = "a1",
                      .spec = {.side = side,
                               .quantity = Decimal::Of("10"),
                               .type = AlgoType::kTwap,
                               .start_time = kBegin,
                               .duration = Duration::Seconds(100),
                               .slices = 2},
                      .lot = Decimal::Of("1"),
                      .state = ParentState::kExpired,
                      .decision_price = Decimal::Of("100"),
                      .arrival_price = Decimal::Of("101"),
                      .last_price = Decimal::Of("110"),
                      .market_volume = Decimal::Of("50"),
                      .market_notional = Decimal::Of("5100")};
  for (std::uint32_t number : {1U, 2U}) {
    Decimal price = Decimal::FromInt(101 + number);
    ChildOrder child{.number = number,
                     .terms = {.quantity = Decimal::Of("5")},
                     .status = OrderStatus::kCanceled,
                     .filled = Decimal::Of("4"),
                     .average_price = price,
                     .fees = Decimal::Of("0.5"),
                     .ended = true,
                     .latency = Duration::Millis(10 * number)};
    FillMark fill{.time = kBegin, .quantity = Decimal::Of("4"), .price = price};
    fill.middles[0] = Decimal::Of("104");
    if (number == 1) fill.middles[1] = Decimal::Of("101");
    child.fills.push_back(fill);
    record.children[number] = child;
  }
  record.children[3] = {
      .number = 3, .terms = {.quantity = Decimal::Of("2")}, .status = OrderStatus::kDenied, .ended = true};
  return record;
}

TEST(QualityTest, EachPartOfTheShortfall) {
  OrderQuality quality = QualityOf(Parent(Worked()));
  // Average 102.5 on 8.
  EXPECT_EQ(*quality.shortfall, (Shortfall{.delay = Decimal::Of("8"),
                                           .execution = Decimal::Of("12"),
                                           .opportunity = Decimal::Of("20"),
                                           .fees = Decimal::Of("1")}));
  EXPECT_EQ(quality.shortfall->total(), Decimal::Of("41"));
  EXPECT_EQ(*quality.decision_slippage, Decimal::Of("250"));
  EXPECT_EQ(quality.arrival_slippage->ToString().substr(0, 8), "148.5148");
  EXPECT_EQ(quality.vwap_slippage->ToString().substr(0, 7), "49.0196");
  EXPECT_EQ(quality.fill_ratio, Decimal::Of("0.8"));
  EXPECT_EQ(quality.children, 3);
  EXPECT_EQ(quality.refused, 1);
  // The parts are what the whole is: what was paid and what it is worth at the end, against the decision.
  Decimal paid = Decimal::Of("820") + Decimal::Of("1") + Decimal::Of("220");
  EXPECT_EQ(quality.shortfall->total(), paid - Decimal::Of("1000"));
}

TEST(QualityTest, ASellLosesTheOtherWay) {
  OrderQuality quality = QualityOf(Parent(Worked(Side::kSell)));
  EXPECT_EQ(quality.shortfall->execution, Decimal::Of("-12"));
  EXPECT_EQ(*quality.decision_slippage, Decimal::Of("-250"));
  EXPECT_EQ(quality.markouts[0].amount, Decimal::Of("-12"));
}

TEST(QualityTest, MarkoutsCountWhatWasSeen) {
  OrderQuality quality = QualityOf(Parent(Worked()));
  EXPECT_EQ(quality.markouts[0].amount, Decimal::Of("12"));
  EXPECT_EQ(quality.markouts[0].measured_quantity, Decimal::Of("8"));
  EXPECT_EQ(quality.markouts[1].amount, Decimal::Of("-4"));
  EXPECT_EQ(quality.markouts[1].measured_quantity, Decimal::Of("4"));
  EXPECT_EQ(quality.markouts[3].after, Duration::Seconds(300));
  EXPECT_EQ(quality.markouts[3].measured_quantity, Decimal());
}

TEST(QualityTest, WhatIsNotKnownIsNotSaid) {
  ParentRecord record = Worked();
  record.decision_price = {};
  record.arrival_price = {};
  record.market_volume = {};
  OrderQuality quality = QualityOf(Parent(record));
  EXPECT_FALSE(quality.shortfall || quality.arrival_slippage || quality.decision_slippage || quality.vwap_slippage);
}

TEST(QualityTest, AVenueIsWhatItsChildrenSay) {
  VenueQuality venue;
  EXPECT_EQ(venue.Score(), Decimal::FromInt(1));
  const ParentRecord record = Worked();
  for (const auto& [number, child] : record.children) venue.Add(child);
  EXPECT_EQ(venue.FillRatio(), Decimal::Of("0.8"));
  EXPECT_EQ(venue.RejectRatio().ToString().substr(0, 6), "0.3333");
  EXPECT_EQ(venue.Latency(), Duration::Millis(15));
  // 2 that were taken, 0.8 of each; 5 of before; of 8.
  EXPECT_EQ(venue.Score(), Decimal::Of("0.825"));
  // 0.175 of 50 basis points, and 15 ms.
  EXPECT_EQ(PenaltyOf(venue), Decimal::Of("0.00089"));
  EXPECT_EQ(PenaltyOf(VenueQuality()), Decimal());
}

// Looked at as the market goes on, each at its time and not later.
TEST(QualityTest, TheMarketIsLookedAtAfterEachFill) {
  ParentRecord record = Worked();
  record.state = ParentState::kRunning;
  record.children.clear();
  Parent parent(record);
  auto at = [](std::int64_t seconds, const char* price) {
    Quote quote{.bid_price = Decimal::Of(price), .ask_price = Decimal::Of(price), .session_open = true};
    return Sight{.now = kBegin + Duration::Seconds(seconds), .quote = quote};
  };
  (void)parent.Place(*parent.Decide(at(0, "100")).place, at(0, "100"));
  Order order{.order_id = OrderId("o1"),
              .status = OrderStatus::kPartiallyFilled,
              .cumulative_quantity = Decimal::Of("2"),
              .average_price = Decimal::Of("100"),
              .sequence = 1};
  ASSERT_TRUE(parent.OnOrder(1, order, {}, kBegin));
  order.status = OrderStatus::kFilled;
  order.cumulative_quantity = Decimal::Of("5");
  order.average_price = Decimal::Of("103");
  order.sequence = 2;
  ASSERT_TRUE(parent.OnOrder(1, order, {}, kBegin + Duration::Seconds(5)));
  const ChildOrder& child = parent.record().children.at(1);
  ASSERT_EQ(child.fills.size(), 2U);
  EXPECT_EQ(child.fills[1].quantity, Decimal::Of("3"));
  EXPECT_EQ(child.fills[1].price, Decimal::Of("105"));
  EXPECT_TRUE(parent.Mark(at(0, "100")).empty());
  EXPECT_EQ(parent.Mark(at(1, "101")), std::vector<std::uint32_t>{1});
  EXPECT_TRUE(parent.Mark(at(2, "102")).empty());  // once
  EXPECT_EQ(child.fills[0].middles[0], Decimal::Of("101"));
  // Nobody looked between 6 and 8 s: the second one's first moment is gone.
  EXPECT_EQ(parent.Mark(at(10, "110")).size(), 1U);
  EXPECT_EQ(child.fills[0].middles[1], Decimal::Of("110"));
  EXPECT_TRUE(child.fills[1].middles[0].IsZero());
  EXPECT_TRUE(parent.Watched(kBegin + Duration::Seconds(300)));
  (void)parent.Mark(at(306, "120"));
  EXPECT_EQ(child.fills[1].middles[3], Decimal::Of("120"));
  EXPECT_FALSE(parent.Watched(kBegin + Duration::Seconds(306)));
}

}  // namespace
}  // namespace ballast::execution
