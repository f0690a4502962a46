#include "libs/brokers/kraken/book.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace ballast::kraken {
namespace {

using Levels = std::vector<std::pair<std::string, std::string>>;

// The example of the venue's guide to the checksum.
const Levels kAsks = {{"45285.2", "0.00100000"}, {"45286.4", "1.54571953"}, {"45286.6", "1.54571109"},
                      {"45289.6", "1.54560911"}, {"45290.2", "0.15890660"}, {"45291.8", "1.54553491"},
                      {"45294.7", "0.04454749"}, {"45296.1", "0.35380000"}, {"45297.5", "0.09945542"},
                      {"45299.5", "0.18772827"}};
const Levels kBids = {{"45283.5", "0.10000000"}, {"45283.4", "1.54582015"}, {"45282.1", "0.10000000"},
                      {"45281.0", "0.10000000"}, {"45280.3", "1.54592586"}, {"45279.0", "0.07990000"},
                      {"45277.6", "0.03310103"}, {"45277.5", "0.30000000"}, {"45277.3", "1.54602737"},
                      {"45276.6", "0.15445238"}};
constexpr std::uint32_t kChecksum = 3310070434;

std::string TextOf(const Levels& levels) {
  std::string text = "[";
  for (const auto& [price, quantity] : levels) {
    if (text.size() > 1) text += ",";
    text += R"({"price":)" + price + R"(,"qty":)" + quantity + "}";
  }
  return text + "]";
}

venue::Json Message(const std::string& type, const Levels& bids, const Levels& asks, std::uint32_t checksum,
                    const std::string& symbol = "BTC/USD") {
  return venue::Json::Parse(R"({"channel":"book","type":")" + type + R"(","data":[{"symbol":")" + symbol +
                            R"(","bids":)" + TextOf(bids) + R"(,"asks":)" + TextOf(asks) + R"(,"checksum":)" +
                            std::to_string(checksum) + R"(,"timestamp":"2023-10-06T17:35:55.440295Z"}]})")
      .value();
}

Book BookOf(int depth = 10) { return Book("BTC/USD", depth, {.price = 1, .quantity = 8}); }

TEST(KrakenBook, CrcIsTheCommonOne) { EXPECT_EQ(Crc32("123456789"), 0xCBF43926u); }

TEST(KrakenBook, TheDocumentedChecksumAgrees) {
  Book book = BookOf();
  EXPECT_EQ(book.Apply(Message("snapshot", kBids, kAsks, kChecksum)), Book::State::kGood) << book.problem();
  EXPECT_TRUE(book.ChecksumText()->starts_with("4528521000004528641545719534")) << *book.ChecksumText();
  EXPECT_EQ(book.bids().begin()->first, Decimal::Of("45283.5"));
  EXPECT_EQ(book.asks().begin()->first, Decimal::Of("45285.2"));
  EXPECT_EQ(book.time().ToString(), "2023-10-06T17:35:55.440295Z");
}

TEST(KrakenBook, AWrongChecksumLeavesNoBookUntilTheNextSnapshot) {
  Book book = BookOf();
  book.Apply(Message("snapshot", kBids, kAsks, kChecksum));
  EXPECT_EQ(book.Apply(Message("update", {}, {}, kChecksum + 1)), Book::State::kResync);
  EXPECT_NE(book.problem().find("3310070434"), std::string::npos) << book.problem();
  EXPECT_TRUE(book.bids().empty());
  EXPECT_TRUE(book.asks().empty());
  EXPECT_EQ(book.Apply(Message("update", {}, {}, kChecksum)), Book::State::kResync);
  EXPECT_EQ(book.Apply(Message("snapshot", kBids, kAsks, kChecksum)), Book::State::kGood);
  EXPECT_EQ(book.asks().size(), 10u);
}

TEST(KrakenBook, WhatIsBeyondTheDepthIsForgotten) {
  Book book = BookOf();
  book.Apply(Message("snapshot", kBids, kAsks, kChecksum));
  // A better ask pushes the last one out: when it goes, the venue has to tell that one again.
  Levels asks = kAsks;
  asks.insert(asks.begin(), {"45284.0", "0.50000000"});
  asks.pop_back();
  std::string text;
  for (const auto& [price, quantity] : asks)
    text += price.substr(0, 5) + price.substr(6) + [&] {
      std::string digits = quantity.substr(0, 1) + quantity.substr(2);
      return digits.substr(digits.find_first_not_of('0'));
    }();
  std::string whole = *book.ChecksumText();
  std::string bids = whole.substr(whole.find("45283510000000"));
  EXPECT_EQ(book.Apply(Message("update", {}, {{"45284.0", "0.5"}}, Crc32(text + bids))), Book::State::kGood)
      << book.problem();
  EXPECT_EQ(book.asks().size(), 10u);
  EXPECT_FALSE(book.asks().contains(Decimal::Of("45299.5")));
  EXPECT_EQ(book.Apply(Message("update", {}, {{"45284.0", "0"}, {"45299.5", "0.18772827"}}, kChecksum)),
            Book::State::kGood)
      << book.problem();
}

TEST(KrakenBook, TrailingZerosMayBeLeftOutAndNothingElseChanges) {
  Levels bids = kBids;
  bids[0].second = "0.1";
  bids[3] = {"45281", "1e-1"};
  Book book = BookOf();
  EXPECT_EQ(book.Apply(Message("snapshot", bids, kAsks, kChecksum)), Book::State::kGood) << book.problem();
}

TEST(KrakenBook, MoreDigitsThanThePairHasAreNotCutOff) {
  Levels bids = kBids;
  bids[0].second = "0.100000001";
  Book book = BookOf();
  EXPECT_EQ(book.Apply(Message("snapshot", bids, kAsks, kChecksum)), Book::State::kResync);
}

TEST(KrakenBook, OtherPairsAndChangesBeforeASnapshotChangeNothing) {
  Book book = BookOf();
  EXPECT_EQ(book.Apply(Message("update", kBids, kAsks, kChecksum)), Book::State::kEmpty);
  EXPECT_TRUE(book.bids().empty());
  book.Apply(Message("snapshot", kBids, kAsks, kChecksum));
  EXPECT_EQ(book.Apply(Message("update", {}, {{"1.0", "1"}}, 7, "ETH/USD")), Book::State::kGood);
  EXPECT_EQ(book.asks().size(), 10u);
}

}  // namespace
}  // namespace ballast::kraken
