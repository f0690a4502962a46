#include "libs/reconciliation/trade_match.h"

#include <gtest/gtest.h>

namespace ballast::reconciliation {
namespace {

Moved Trade(Side side, const char* quantity, const char* price, const char* fee = "0") {
  return MovedBy({"BTC-USD", side, Decimal::Of(quantity), Decimal::Of(price), Decimal::Of(fee), "USD"}, OrderId("o1"),
                 "USD");
}

const ExecutionId kId("paper-7");

TEST(TradeMatchTest, WhatAllThreeTellAlikeIsForgotten) {
  TradeMatch match;
  const Moved moved = Trade(Side::kBuy, "2", "100", "0.2");
  EXPECT_EQ(moved.cash, Decimal::Of("-200.2"));
  match.SeeVenue(kId, moved, 1);
  match.SeeJournal(kId, moved);
  EXPECT_EQ(match.Settle(), 0U);
  // Booked in two books.
  match.SeeOurs(kId, Trade(Side::kBuy, "1.5", "100", "0.15"));
  EXPECT_EQ(match.Settle(), 0U);
  match.SeeOurs(kId, Trade(Side::kBuy, "0.5", "100", "0.05"));
  EXPECT_EQ(match.Settle(), 1U);
  EXPECT_TRUE(match.open().empty());
  EXPECT_TRUE(match.Differences().empty());
}

TEST(TradeMatchTest, EachDifferenceIsNamedByWhoHasIt) {
  struct Case {
    bool venue, journal, ours;
    BreakType type;
  };
  for (const Case& each :
       {Case{true, false, false, BreakType::kMissedExecution}, Case{true, true, false, BreakType::kMissingFill},
        Case{false, true, false, BreakType::kUnknownFill}, Case{false, false, true, BreakType::kUnknownFill},
        Case{false, true, true, BreakType::kUnknownFill},
        // Booked and not told: the journal has lost it, and telling it again would not help.
        Case{true, false, true, BreakType::kMissedExecution}}) {
    TradeMatch match;
    const Moved moved = Trade(Side::kSell, "2", "100");
    if (each.venue) match.SeeVenue(kId, moved, 4);
    if (each.journal) match.SeeJournal(kId, moved);
    if (each.ours) match.SeeOurs(kId, moved);
    ASSERT_EQ(match.Differences().size(), 1U);
    const Difference difference = match.Differences()[0];
    EXPECT_EQ(difference.type, each.type);
    EXPECT_EQ(difference.venue.empty(), !each.venue);
    EXPECT_EQ(difference.journal.empty(), !each.journal);
    EXPECT_EQ(difference.ours.empty(), !each.ours);
    bool unheard = each.venue && !each.journal && !each.ours;
    EXPECT_EQ(match.Unheard(), unheard ? std::vector<std::uint64_t>{4} : std::vector<std::uint64_t>{});
  }
}

TEST(TradeMatchTest, OtherNumbersOfOneTradeAreADifference) {
  TradeMatch match;
  match.SeeVenue(kId, Trade(Side::kBuy, "2", "100"), 1);
  match.SeeJournal(kId, Trade(Side::kBuy, "2", "100"));
  match.SeeOurs(kId, Trade(Side::kBuy, "2", "101"));
  EXPECT_EQ(match.Settle(), 0U);
  ASSERT_EQ(match.Differences().size(), 1U);
  EXPECT_EQ(match.Differences()[0].type, BreakType::kExecutionDiffers);
  EXPECT_NE(match.Differences()[0].message.find("-202"), std::string::npos);
}

TEST(TradeMatchTest, WhatIsUnderWayIsByHowMuchTheVenueIsAhead) {
  TradeMatch match;
  match.SeeVenue(ExecutionId("a"), Trade(Side::kBuy, "2", "100"), 1);
  match.SeeVenue(ExecutionId("b"), Trade(Side::kSell, "0.5", "100"), 2);
  match.SeeJournal(ExecutionId("b"), Trade(Side::kSell, "0.5", "100"));
  // Booked since the venue was asked.
  match.SeeOurs(ExecutionId("c"), Trade(Side::kBuy, "4", "10"));
  EXPECT_EQ(match.QuantityUnderWay().at(Symbol("BTC-USD")), Decimal::Of("-2.5"));
  EXPECT_EQ(match.CashUnderWay(), Decimal::Of("-110"));
}

Moved Version(std::uint32_t version, Side side, const char* quantity, const char* price) {
  Moved moved = Trade(side, quantity, price);
  moved.version = version;
  return moved;
}

TEST(TradeMatchTest, ACorrectedTradeIsMatchedInItsNextVersion) {
  TradeMatch match;
  // All three had agreed on it, so nothing is kept of it; then the venue corrects it.
  match.Reopen(kId, Trade(Side::kBuy, "2", "100"));
  match.SeeVenue(kId, Version(1, Side::kBuy, "1", "100"), 9);
  ASSERT_EQ(match.Differences().size(), 1U);
  EXPECT_EQ(match.Differences()[0].type, BreakType::kMissedExecution);
  EXPECT_NE(match.Differences()[0].message.find("corrected to version 1"), std::string::npos);
  EXPECT_EQ(match.Unheard(), std::vector<std::uint64_t>{9});
  EXPECT_EQ(match.QuantityUnderWay().at(Symbol("BTC-USD")), Decimal::Of("-1"));
  EXPECT_EQ(match.CashUnderWay(), Decimal::Of("100"));
  match.SeeJournal(kId, Version(1, Side::kBuy, "1", "100"));
  EXPECT_EQ(match.Differences()[0].type, BreakType::kMissingFill);
  EXPECT_TRUE(match.Unheard().empty());
  // Booked: what it was is taken back, and what it is comes in two parts.
  match.SeeOurs(kId, Version(1, Side::kSell, "2", "100"), true);
  match.SeeOurs(kId, Version(1, Side::kBuy, "0.4", "100"));
  EXPECT_EQ(match.Settle(), 0U);
  match.SeeOurs(kId, Version(1, Side::kBuy, "0.6", "100"));
  EXPECT_EQ(match.Settle(), 1U);
}

TEST(TradeMatchTest, ATradeThatIsTakenBackMovesNothingAndAnOlderVersionSaysNothing) {
  TradeMatch match;
  match.Reopen(kId, Trade(Side::kBuy, "2", "100"));
  Moved nothing = Version(2, Side::kBuy, "2", "100");
  nothing.quantity = nothing.cash = Decimal();
  match.SeeVenue(kId, nothing, 9);
  match.SeeVenue(kId, Version(1, Side::kBuy, "7", "100"), 8);
  match.SeeJournal(kId, nothing);
  match.SeeOurs(kId, Version(2, Side::kSell, "2", "100"), true);
  match.SeeOurs(kId, Version(1, Side::kBuy, "7", "100"));
  EXPECT_EQ(match.Settle(), 1U);
  EXPECT_TRUE(match.open().empty());
}

TEST(TradeMatchTest, OtherNumbersOfTheSameVersionAreAskedAbout) {
  TradeMatch match;
  match.Reopen(kId, Trade(Side::kBuy, "2", "100"));
  match.Reopen(kId, Trade(Side::kBuy, "5", "100"));
  match.SeeVenue(kId, Trade(Side::kBuy, "2", "103"), 9);
  ASSERT_EQ(match.Differences().size(), 1U);
  EXPECT_EQ(match.Differences()[0].type, BreakType::kExecutionDiffers);
  EXPECT_TRUE(match.Unheard().empty());
  // A version that the venue does not have: who has told it?
  match.SeeJournal(kId, Version(1, Side::kBuy, "2", "103"));
  match.SeeOurs(kId, Version(1, Side::kBuy, "2", "103"));
  EXPECT_EQ(match.Differences()[0].type, BreakType::kExecutionDiffers);
}

}  // namespace
}  // namespace ballast::reconciliation
