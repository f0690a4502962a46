#include "libs/ledger/mark_board.h"

#include <gtest/gtest.h>

namespace ballast::ledger {
namespace {

const Symbol kSpy("SPY");

Quote Of(const char* bid, const char* ask, const char* time, bool open = true) {
  Quote quote;
  quote.symbol = kSpy;
  quote.bid_price = Decimal::Of(bid);
  quote.ask_price = Decimal::Of(ask);
  quote.last_price = Decimal::Of("77");
  quote.quote_time = *UtcTime::Parse(time);
  quote.session_open = open;
  return quote;
}
std::int64_t Day(const char* date) { return UtcTime::Parse(std::string(date) + "T00:00:00Z")->DayNumber(); }

TEST(MarkBoardTest, ALongIsWorthTheBidAShortCostsTheAskAndTheLastTradeIsNoMark) {
  MarkBoard board;
  ASSERT_TRUE(board.Take(Of("80", "80.02", "2024-06-03T15:00:00Z")));
  const Mark& mark = board.now().at(kSpy);
  EXPECT_EQ(mark.Price(Decimal::Of("1")), Decimal::Of("80"));
  EXPECT_EQ(mark.Price(Decimal::Of("-1")), Decimal::Of("80.02"));
  EXPECT_EQ(mark.Price(Decimal()), Decimal::Of("80.01"));
}

TEST(MarkBoardTest, LockedCrossedAndOneSidedQuotesLeaveTheMarkAndItsTime) {
  MarkBoard board;
  ASSERT_TRUE(board.Take(Of("80", "80.02", "2024-06-03T15:00:00Z")));
  Marks before = board.now();
  for (auto [bid, ask] : {std::pair{"70", "70"}, {"70.01", "70"}, {"0", "70"}, {"70", "0"}, {"0", "0"}}) {
    EXPECT_FALSE(board.Take(Of(bid, ask, "2024-06-03T15:01:00Z"))) << bid << " " << ask;
  }
  EXPECT_EQ(board.now(), before);
}

TEST(MarkBoardTest, TheCloseIsTheSessionsLastPriceWhateverComesAfterIt) {
  MarkBoard board;
  EXPECT_TRUE(board.ClosesBefore(Day("2024-06-04")).empty());
  board.Take(Of("100", "100.02", "2024-06-03T20:00:00Z"));
  board.Take(Of("97", "103", "2024-06-03T20:02:00Z", false));
  board.Take(Of("91", "91.02", "2024-06-04T12:00:00Z", false));
  board.Take(Of("90", "90.02", "2024-06-04T13:31:00Z"));
  EXPECT_EQ(board.ClosesBefore(Day("2024-06-04")).at(kSpy).bid, Decimal::Of("100"));
  EXPECT_EQ(board.ClosesBefore(Day("2024-06-05")).at(kSpy).bid, Decimal::Of("90"));
  EXPECT_TRUE(board.ClosesBefore(Day("2024-06-03")).empty()) << "nothing is known of the days before";
}

TEST(MarkBoardTest, OutsideTheSessionTheLastPriceOfItStands) {
  MarkBoard board;
  board.Take(Of("100", "100.02", "2024-06-03T20:00:00Z"));
  EXPECT_TRUE(board.Take(Of("1", "900", "2024-06-03T22:00:00Z", false))) << "it is heard, and moves nothing";
  EXPECT_EQ(board.now().at(kSpy).bid, Decimal::Of("100"));
  EXPECT_EQ(board.now().at(kSpy).time, *UtcTime::Parse("2024-06-03T20:00:00Z"));
  EXPECT_FALSE(board.now().at(kSpy).session_open);
  MarkBoard restarted;
  restarted.Restore(board.closes());
  restarted.Take(Of("1", "900", "2024-06-04T12:00:00Z", false));
  EXPECT_EQ(restarted.now(), board.now());
  restarted.Take(Of("90", "90.02", "2024-06-04T13:31:00Z"));
  EXPECT_EQ(restarted.now().at(kSpy).bid, Decimal::Of("90"));
}

TEST(MarkBoardTest, ASkippedDayHasTheCloseOfTheOneBefore) {
  MarkBoard board;
  board.Take(Of("100", "100.02", "2024-06-07T20:00:00Z"));
  EXPECT_EQ(board.ClosesBefore(Day("2024-06-08")).at(kSpy).bid, Decimal::Of("100"));
  EXPECT_EQ(board.ClosesBefore(Day("2024-06-12")).at(kSpy).bid, Decimal::Of("100"));
}

TEST(MarkBoardTest, WithoutAnySessionTheLastPriceMustDo) {
  MarkBoard board;
  board.Take(Of("100", "100.02", "2024-06-03T21:00:00Z", false));
  board.Take(Of("99", "99.02", "2024-06-03T22:00:00Z", false));
  EXPECT_EQ(board.ClosesBefore(Day("2024-06-04")).at(kSpy).bid, Decimal::Of("99"));
}

}  // namespace
}  // namespace ballast::ledger
