#include "libs/sizing/trade_record.h"

#include "gtest/gtest.h"

namespace ballast::sizing {
namespace {

TEST(TradeRecord, SumsReturnsAndTheirSquares) {
  TradeRecord record;
  Close(record, Decimal::Of("20"), Decimal::Of("1000"));
  Close(record, Decimal::Of("-10"), Decimal::Of("1000"));
  Close(record, Decimal::Of("0"), Decimal::Of("1000"));
  EXPECT_EQ(record.trades, 3);
  EXPECT_EQ(record.wins, 1);
  EXPECT_EQ(record.return_sum, Decimal::Of("0.01"));
  EXPECT_EQ(record.return_squares, Decimal::Of("0.0005"));
  Close(record, Decimal::Of("5"), Decimal());
  EXPECT_EQ(record.trades, 3) << "without a cost there is no return";
}

TEST(Track, EachMethodWouldHaveMadeItsPartOfTheTrade) {
  Track track;
  Trial trial{.quantities = {{Method::kFixedFraction, Decimal::Of("10")}, {Method::kKelly, Decimal::Of("25")}},
              .capital = Decimal::Of("100000")};
  // 20 were held and made 100: 5 each.
  Close(track, trial, Decimal::Of("100"), Decimal::Of("20"));
  Close(track, trial, Decimal::Of("-40"), Decimal::Of("20"));
  EXPECT_EQ(track[Method::kFixedFraction].profit, Decimal::Of("30"));
  EXPECT_EQ(track[Method::kKelly].profit, Decimal::Of("75"));
  EXPECT_EQ(track[Method::kKelly].return_sum, Decimal::Of("0.00075"));
  EXPECT_EQ(track[Method::kKelly].trades, 2);
  Track before = track;
  Close(track, trial, Decimal::Of("1"), Decimal());
  EXPECT_EQ(track, before);
}

}  // namespace
}  // namespace ballast::sizing
