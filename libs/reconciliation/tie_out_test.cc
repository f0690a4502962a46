#include "libs/reconciliation/tie_out.h"

#include <gtest/gtest.h>

namespace ballast::reconciliation {
namespace {

Fill FillOf(Side side, const char* quantity, const char* price, const char* fee) {
  return {.execution_id = ExecutionId("e"),
          .symbol = Symbol("SPY"),
          .side = side,
          .quantity = Decimal::Of(quantity),
          .price = Decimal::Of(price),
          .fee = Decimal::Of(fee),
          .fee_currency = "USD"};
}

// 1000 USD, bought 3 and sold 1.
TieOut Day() {
  TieOut day{.account_id = AccountId("paper"), .day = 20'000, .currency = "USD", .from_sequence = 1};
  day.opening.cash = Decimal::FromInt(1000);
  AddFill(FillOf(Side::kBuy, "3", "100", "0.3"), &day);
  AddFill(FillOf(Side::kSell, "1", "110", "0.1"), &day);
  day.closing = {.cash = Decimal::Of("809.6"), .positions = {{Symbol("SPY"), Decimal::FromInt(2)}}};
  day.venue = day.closing;
  return day;
}

TEST(TieOutTest, ADayTiesWhenOpeningAndFillsAreTheClosingHereAndThere) {
  TieOut day = Day();
  EXPECT_EQ(day.moved.cash, Decimal::Of("-190.4"));
  EXPECT_EQ(day.fees, Decimal::Of("0.4"));
  EXPECT_TRUE(UntiedLines(day).empty());
}

TEST(TieOutTest, EachThatDoesNotTieIsALineWithItsNumbers) {
  TieOut day = Day();
  day.closing.cash += Decimal::FromInt(1);
  // It does not follow from the fills, and is not the venue's.
  ASSERT_EQ(UntiedLines(day).size(), 2U);
  EXPECT_NE(UntiedLines(day)[0].find("810.6"), std::string::npos);
  day = Day();
  day.venue.positions[Symbol("IBM")] = Decimal::FromInt(5);
  ASSERT_EQ(UntiedLines(day).size(), 1U);
  EXPECT_EQ(UntiedLines(day)[0].find("IBM: 0 here, 5 at the venue"), 0U);
}

TEST(TieOutTest, ATradeUnderWayIsTakenIntoAccount) {
  TieOut day = Day();
  day.venue.positions[Symbol("SPY")] = Decimal::FromInt(6);
  day.venue.cash -= Decimal::FromInt(400);
  day.under_way = {.cash = Decimal::FromInt(-400), .positions = {{Symbol("SPY"), Decimal::FromInt(4)}}};
  EXPECT_TRUE(UntiedLines(day).empty());
}

TEST(TieOutTest, APositionThatCrossedZeroTies) {
  TieOut day = Day();
  AddFill(FillOf(Side::kSell, "5", "100", "0"), &day);
  day.closing = {.cash = Decimal::Of("1309.6"), .positions = {{Symbol("SPY"), Decimal::FromInt(-3)}}};
  day.venue = day.closing;
  EXPECT_TRUE(UntiedLines(day).empty());
}

TEST(TieOutTest, TheTextSaysEverythingTheSameForEver) {
  EXPECT_EQ(CanonicalText(Day()),
            "account paper\nday 2024-10-04\ntime 1970-01-01T00:00:00.000000Z\nevents 1 0\nfills 2\nfees 0.4 USD\n"
            "venue_trades 0\ntrades_under_way 0\nopen_breaks 0\n"
            "cash opening 1000 moved -190.4 closing 809.6 venue 809.6 under_way 0\n"
            "SPY opening 0 moved 2 closing 2 venue 2 under_way 0\n");
}

}  // namespace
}  // namespace ballast::reconciliation
