#include "libs/brokers/binance/book_sync.h"

#include <gtest/gtest.h>

namespace ballast::binance {
namespace {

using Step = BookSync::Step;

Level At(const char* price, const char* quantity) { return {Decimal::Of(price), Decimal::Of(quantity)}; }
DepthEvent Event(std::int64_t first, std::int64_t last, std::vector<Level> bids = {}, std::vector<Level> asks = {}) {
  return {.first = first, .last = last, .bids = std::move(bids), .asks = std::move(asks)};
}
DepthSnapshot Snapshot(std::int64_t last) {
  return {.last = last, .bids = {At("0.0024", "10"), At("0.0023", "5")}, .asks = {At("0.0026", "100")}};
}

TEST(BinanceBookSyncTest, ReadsTheDocumentedMessagesToTheLastDigit) {
  auto event = ReadDepthEvent(R"({"stream":"bnbbtc@depth","data":{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC",)"
                              R"("U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.002600000000000001","100"]]}})");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(event->first, 157);
  EXPECT_EQ(event->last, 160);
  EXPECT_EQ(event->bids.at(0), At("0.0024", "10"));
  EXPECT_EQ(event->asks.at(0), At("0.002600000000000001", "100"));
  auto snapshot = ReadDepthSnapshot(R"({"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]})");
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->last, 160);
  EXPECT_EQ(snapshot->asks.at(0), At("0.0026", "100"));
}

TEST(BinanceBookSyncTest, WhatIsNoBookIsRefused) {
  for (const char* text :
       {"", "{}", R"({"e":"trade","U":1,"u":2,"b":[],"a":[]})", R"({"e":"depthUpdate","U":3,"u":2,"b":[],"a":[]})",
        R"({"e":"depthUpdate","U":1,"u":2,"b":[]})", R"({"e":"depthUpdate","U":1,"u":2,"b":[["1"]],"a":[]})",
        R"({"e":"depthUpdate","U":1,"u":2,"b":[["x","1"]],"a":[]})",
        R"({"e":"depthUpdate","U":1,"u":2,"b":[["1","-1"]],"a":[]})"}) {
    EXPECT_EQ(ReadDepthEvent(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ReadDepthSnapshot(R"({"bids":[],"asks":[]})").ok());
}

TEST(BinanceBookSyncTest, TheFirstEventAsksForASnapshotOnce) {
  BookSync book;
  EXPECT_EQ(book.On(Event(157, 160)), Step::kNeedSnapshot);
  EXPECT_EQ(book.On(Event(161, 163)), Step::kNone);
  EXPECT_FALSE(book.whole());
}

TEST(BinanceBookSyncTest, WhatWaitedIsAppliedFromTheSnapshotOn) {
  BookSync book;
  // In the snapshot already: it may not undo it.
  book.On(Event(150, 156, {At("0.0024", "999")}));
  // Reaches over it.
  book.On(Event(157, 161, {At("0.0024", "11")}));
  book.On(Event(162, 162, {At("0.0023", "0")}, {At("0.0025", "1"), At("0.0026", "0")}));
  EXPECT_EQ(book.On(Snapshot(160)), Step::kChanged);
  EXPECT_TRUE(book.whole());
  EXPECT_EQ(book.last(), 162);
  ASSERT_EQ(book.bids().size(), 1U);
  EXPECT_EQ(*book.bids().begin(), (std::pair<const Decimal, Decimal>(Decimal::Of("0.0024"), Decimal::FromInt(11))));
  ASSERT_EQ(book.asks().size(), 1U);
  EXPECT_EQ(book.asks().begin()->first, Decimal::Of("0.0025"));
}

TEST(BinanceBookSyncTest, EventsThatTheSnapshotHasAreDropped) {
  BookSync book;
  book.On(Event(150, 160, {At("0.0024", "999")}));
  EXPECT_EQ(book.On(Snapshot(160)), Step::kChanged);
  EXPECT_EQ(book.bids().at(Decimal::Of("0.0024")), Decimal::FromInt(10));
  // The next one joins on.
  EXPECT_EQ(book.On(Event(161, 161, {At("0.0024", "7")})), Step::kChanged);
  EXPECT_EQ(book.bids().at(Decimal::Of("0.0024")), Decimal::FromInt(7));
}

TEST(BinanceBookSyncTest, ASnapshotFromBeforeTheFirstEventIsAskedForAgain) {
  BookSync book;
  book.On(Event(170, 175));
  EXPECT_EQ(book.On(Snapshot(168)), Step::kNeedSnapshot);
  EXPECT_FALSE(book.whole());
  // Its own number and the next one join.
  EXPECT_EQ(book.On(Snapshot(169)), Step::kChanged);
  EXPECT_EQ(book.last(), 175);
}

TEST(BinanceBookSyncTest, AGapAsksForANewSnapshotAndKeepsWhatCame) {
  BookSync book;
  book.On(Event(157, 160));
  book.On(Snapshot(160));
  ASSERT_TRUE(book.whole());
  EXPECT_EQ(book.On(Event(162, 165, {At("0.0024", "3")})), Step::kNeedSnapshot);
  EXPECT_FALSE(book.whole());
  EXPECT_EQ(book.On(Event(166, 166)), Step::kNone);
  EXPECT_EQ(book.On(Snapshot(163)), Step::kChanged);
  EXPECT_EQ(book.last(), 166);
  EXPECT_EQ(book.bids().at(Decimal::Of("0.0024")), Decimal::FromInt(3));
}

TEST(BinanceBookSyncTest, AGapAmongWhatWaitedIsOneToo) {
  BookSync book;
  book.On(Event(157, 160));
  book.On(Event(163, 164));
  EXPECT_EQ(book.On(Snapshot(158)), Step::kNeedSnapshot);
  EXPECT_FALSE(book.whole());
  EXPECT_EQ(book.On(Snapshot(164)), Step::kChanged);
}

TEST(BinanceBookSyncTest, WhatComesTwiceChangesNothing) {
  BookSync book;
  book.On(Event(157, 160));
  book.On(Snapshot(160));
  book.On(Event(161, 163, {At("0.0024", "7")}));
  EXPECT_EQ(book.On(Event(158, 160, {At("0.0024", "1")})), Step::kNone);
  EXPECT_EQ(book.On(Snapshot(161)), Step::kNone);
  EXPECT_EQ(book.bids().at(Decimal::Of("0.0024")), Decimal::FromInt(7));
  EXPECT_EQ(book.last(), 163);
}

TEST(BinanceBookSyncTest, OfTooMuchThatWaitsTheOldestGoesAndIsMissed) {
  BookSync book;
  const auto many = static_cast<std::int64_t>(BookSync::kWaitingMax) + 1;
  for (std::int64_t i = 1; i <= many; ++i) book.On(Event(i, i));
  // The first is gone: what ends before the second does not join.
  EXPECT_EQ(book.On(Snapshot(0)), Step::kNeedSnapshot);
  EXPECT_EQ(book.On(Snapshot(1)), Step::kChanged);
  EXPECT_EQ(book.last(), many);
}

TEST(BinanceBookSyncTest, AfterAResetEverythingBeginsAnew) {
  BookSync book;
  book.On(Event(157, 160));
  book.On(Snapshot(160));
  book.Reset();
  EXPECT_FALSE(book.whole());
  EXPECT_TRUE(book.bids().empty());
  EXPECT_EQ(book.On(Event(161, 162)), Step::kNeedSnapshot);
}

}  // namespace
}  // namespace ballast::binance
