#include "libs/reconciliation/compare.h"

#include <gtest/gtest.h>

namespace ballast::reconciliation {
namespace {

OpenOrder Of(const char* id, const char* quantity, bool taken = true) {
  return {.order_id = OrderId(id),
          .symbol = Symbol("SPY"),
          .side = Side::kBuy,
          .quantity = Decimal::Of(quantity),
          .taken = taken};
}

std::map<Symbol, Decimal> Held(const char* quantity) { return {{Symbol("SPY"), Decimal::Of(quantity)}}; }

TEST(CompareTest, OrdersThatAreOpenAtBothAreNoDifference) {
  EXPECT_TRUE(CompareOrders({Of("a", "1"), Of("b", "2")}, {Of("b", "2"), Of("a", "1")}).empty());
}

TEST(CompareTest, AnOrderThatOnlyOneSideHasIsNamedByTheSide) {
  auto differences = CompareOrders({Of("a", "1")}, {Of("b", "2")});
  ASSERT_EQ(differences.size(), 2U);
  EXPECT_EQ(differences[0].type, BreakType::kOrderNotAtVenue);
  EXPECT_EQ(differences[0].ours, "buy 1");
  EXPECT_EQ(differences[1].type, BreakType::kExternalOrder);
  EXPECT_EQ(differences[1].order_id, OrderId("b"));
  EXPECT_EQ(differences[1].venue, "buy 2");
}

TEST(CompareTest, AnOrderOnItsWayMayBeThereOrNot) {
  EXPECT_TRUE(CompareOrders({Of("a", "1", false)}, {}).empty());
  EXPECT_TRUE(CompareOrders({Of("a", "1", false)}, {Of("a", "1")}).empty());
}

TEST(CompareTest, AnOrderOfAnotherSizeDiffers) {
  auto differences = CompareOrders({Of("a", "3")}, {Of("a", "1")});
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].type, BreakType::kOrderDiffers);
}

TEST(CompareTest, APositionDiffersByWhatNothingUnderWayExplains) {
  EXPECT_TRUE(ComparePositions(Held("3"), Held("3"), {}).empty());
  EXPECT_TRUE(ComparePositions(Held("3"), Held("5"), Held("2")).empty());
  EXPECT_TRUE(ComparePositions({}, Held("2"), Held("2")).empty());
  auto differences = ComparePositions(Held("3"), {}, Held("-1"));
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].gist, "-2");
  EXPECT_EQ(differences[0].ours, "3");
  EXPECT_EQ(differences[0].venue, "0");
}

TEST(CompareTest, ALongHereAndAShortThereIsADifferenceOfBoth) {
  auto differences = ComparePositions(Held("3"), Held("-3"), {});
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].gist, "-6");
}

TEST(CompareTest, CashDiffersToTheLastDigit) {
  EXPECT_TRUE(CompareCash(Decimal::Of("10"), Decimal::Of("7"), Decimal::Of("-3")).empty());
  ASSERT_EQ(CompareCash(Decimal::Of("10"), Decimal::Of("10.00000001"), Decimal()).size(), 1U);
  EXPECT_EQ(CompareCash(Decimal::Of("10"), Decimal::Of("10.00000001"), Decimal())[0].gist, "0.00000001");
}

TEST(CompareTest, BooksAddUpToWhatTheAccountHolds) {
  EXPECT_TRUE(CompareBooks(Held("3"), Held("3")).empty());
  // Two books that are against each other: the account holds nothing.
  EXPECT_TRUE(CompareBooks(Held("0"), {}).empty());
  EXPECT_EQ(CompareBooks(Held("3"), Held("2"))[0].type, BreakType::kBooks);
}

}  // namespace
}  // namespace ballast::reconciliation
