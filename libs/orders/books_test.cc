#include "libs/orders/books.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast::orders {
namespace {

using Parts = std::vector<Books::Part>;
const Symbol kSymbol("SPY");
const DeploymentId kHand, kOne("one"), kTwo("two");

Fill MakeFill(const DeploymentId& book, Side side, Decimal quantity) {
  return {.deployment_id = book, .symbol = kSymbol, .side = side, .quantity = quantity};
}
Order MakeOrder(const DeploymentId& book, Side side, bool reduce_only) {
  Order order;
  order.deployment_id = book;
  order.symbol = kSymbol;
  order.side = side;
  order.reduce_only = reduce_only;
  return order;
}
Decimal Of(int quantity) { return Decimal::FromInt(quantity); }

Books Holding(int hand, int one, int two) {
  Books books;
  for (auto [book, held] : {std::pair(kHand, hand), std::pair(kOne, one), std::pair(kTwo, two)}) {
    if (held != 0) books.Apply(MakeFill(book, held > 0 ? Side::kBuy : Side::kSell, Of(std::abs(held))));
  }
  return books;
}

TEST(BooksTest, AHandMadeOrderClosesItsOwnBookThenTheOthersThenOpens) {
  Order sell = MakeOrder(kHand, Side::kSell, false);
  EXPECT_EQ(Holding(0, 3, 0).Attribute(sell, Of(3)), (Parts{{kOne, Of(3)}}));
  EXPECT_EQ(Holding(2, 3, 0).Attribute(sell, Of(3)), (Parts{{kHand, Of(2)}, {kOne, Of(1)}}));
  EXPECT_EQ(Holding(1, 1, 1).Attribute(sell, Of(5)), (Parts{{kHand, Of(3)}, {kOne, Of(1)}, {kTwo, Of(1)}}));
  EXPECT_EQ(Holding(0, 0, 0).Attribute(sell, Of(5)), (Parts{{kHand, Of(5)}}));
  EXPECT_EQ(Holding(0, -3, 0).Attribute(MakeOrder(kHand, Side::kBuy, true), Of(3)), (Parts{{kOne, Of(3)}}));
  // The account holds nothing on balance: a hand-made sell opens.
  EXPECT_EQ(Holding(0, 3, -3).Attribute(sell, Of(2)), (Parts{{kHand, Of(2)}}));
  // Only one of the three is left on balance.
  EXPECT_EQ(Holding(0, 3, -2).Attribute(sell, Of(2)), (Parts{{kHand, Of(1)}, {kOne, Of(1)}}));
}

TEST(BooksTest, ADeploymentsOrderStaysInItsBook) {
  EXPECT_EQ(Holding(2, 0, 0).Attribute(MakeOrder(kOne, Side::kSell, false), Of(2)), (Parts{{kOne, Of(2)}}));
  EXPECT_EQ(Holding(2, 2, 0).Attribute(MakeOrder(kOne, Side::kSell, true), Of(2)), (Parts{{kOne, Of(2)}}));
}

TEST(BooksTest, AReduceOnlyFillThatComesTooLateClosesWhoeverHoldsThatSide) {
  EXPECT_EQ(Holding(0, 0, 2).Attribute(MakeOrder(kOne, Side::kSell, true), Of(2)), (Parts{{kTwo, Of(2)}}));
}

// Whatever trades: the parts are the fill, and what only makes the net position smaller opens no book.
TEST(BooksPropertyTest, TheBooksAreTheNetPosition) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    Books books;
    Decimal net;
    for (int step = 0; step < 60; ++step) {
      const DeploymentId book = rng.Below(2) ? kHand : rng.Below(2) ? kOne : kTwo;
      Side side = rng.Below(2) ? Side::kBuy : Side::kSell;
      Decimal quantity = Of(static_cast<int>(rng.Between(1, 5)));
      Books before = books;
      Decimal sum;
      for (const Books::Part& part : before.Attribute(MakeOrder(book, side, rng.Below(2)), quantity)) {
        ASSERT_TRUE(part.quantity.IsPositive());
        sum += part.quantity;
        books.Apply(MakeFill(part.deployment_id, side, part.quantity));
        if (part.deployment_id != book) {
          EXPECT_LE(part.quantity, Books::Room(before.Held(part.deployment_id, kSymbol), side)) << "seed " << seed;
        }
      }
      ASSERT_EQ(sum, quantity);
      net += side == Side::kBuy ? quantity : -quantity;
      ASSERT_EQ(books.Net(kSymbol), net);
      if (book.empty() && !before.Opposed(kSymbol) && quantity <= Books::Room(before.Net(kSymbol), side)) {
        ASSERT_FALSE(books.Opposed(kSymbol)) << "seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace ballast::orders
