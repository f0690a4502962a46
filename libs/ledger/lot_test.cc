#include "libs/ledger/lot.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast::ledger {
namespace {

Fill FillOf(Side side, const char* quantity, const char* price, const char* fee, const char* currency) {
  Fill fill;
  fill.symbol = Symbol("BTC-USD");
  fill.side = side;
  fill.quantity = Decimal::Of(quantity);
  fill.price = Decimal::Of(price);
  fill.fee = Decimal::Of(fee);
  fill.fee_currency = currency;
  return fill;
}

TEST(FillEffectTest, AFeeInTheAccountsCurrencyIsTakenFromItsCash) {
  for (const char* currency : {"USD", ""}) {
    FillEffect effect = EffectOf(FillOf(Side::kBuy, "2", "100", "0.5", currency), "USD");
    EXPECT_EQ(effect.quantity, Decimal::Of("2"));
    EXPECT_EQ(effect.cash, Decimal::Of("-200.5"));
    EXPECT_EQ(effect.fee, Decimal::Of("0.5"));
    EXPECT_TRUE(effect.other_fee.IsZero());
  }
}

TEST(FillEffectTest, AFeeInTheBaseAssetIsTakenFromWhatIsHeld) {
  FillEffect bought = EffectOf(FillOf(Side::kBuy, "1", "100", "0.001", "BTC"), "USD");
  EXPECT_EQ(bought.quantity, Decimal::Of("0.999"));
  EXPECT_EQ(bought.cash, Decimal::Of("-100"));
  EXPECT_EQ(bought.fee, Decimal::Of("0.1"));
  EXPECT_TRUE(bought.other_fee.IsZero());
  FillEffect sold = EffectOf(FillOf(Side::kSell, "0.999", "110", "0.000999", "BTC"), "USD");
  EXPECT_EQ(sold.quantity, Decimal::Of("-0.999999"));
  EXPECT_EQ(sold.cash, Decimal::Of("109.89"));
}

TEST(FillEffectTest, AFeeInAThirdAssetIsOwedAndPartOfNoSum) {
  FillEffect effect = EffectOf(FillOf(Side::kSell, "2", "100", "0.5", "BNB"), "USD");
  EXPECT_EQ(effect.quantity, Decimal::Of("-2"));
  EXPECT_EQ(effect.cash, Decimal::Of("200"));
  EXPECT_TRUE(effect.fee.IsZero());
  EXPECT_EQ(effect.other_fee, Decimal::Of("0.5"));
  // A part of the name is not the asset.
  EXPECT_EQ(EffectOf(FillOf(Side::kSell, "2", "100", "0.5", "BT"), "USD").other_fee, Decimal::Of("0.5"));
}

TEST(LotTest, ABaseFeeIsADisposalAtTheFillsPrice) {
  Lot lot;
  Book(lot, FillOf(Side::kBuy, "1", "100", "0", "USD"), "USD");
  Book(lot, FillOf(Side::kBuy, "1", "120", "0.1", "BTC"), "USD");
  EXPECT_EQ(lot.quantity, Decimal::Of("1.9"));
  EXPECT_EQ(lot.cost, Decimal::Of("209"));  // 220 less a tenth at the average of 110
}

TEST(LotTest, AFillThroughZeroClosesAllAndOpensTheRest) {
  Lot lot{.quantity = Decimal::Of("10"), .cost = Decimal::Of("1000")};
  Booking booking = Book(lot, LegsOf(FillOf(Side::kSell, "25", "90", "2.5", "USD"), "USD").trade);
  EXPECT_EQ(booking.realised, Decimal::Of("-100"));
  EXPECT_EQ(booking.closed_fee, Decimal::Of("1"));
  EXPECT_EQ(booking.opened_fee, Decimal::Of("1.5"));
  EXPECT_EQ(lot, (Lot{.quantity = Decimal::Of("-15"), .cost = Decimal::Of("-1350")}));
}

// Whatever is traded, at whatever price, with whatever fee in whatever asset, also taken back: cash and what is held
// say the same as what was realised and paid, to the last digit, and the fill's parts are the fill.
TEST(LotPropertyTest, CashIsWhatWasRealisedLessWhatIsHeldLessFeesExactly) {
  const char* currencies[] = {"USD", "", "BTC", "BNB"};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed);
    Lot lot;
    Decimal cash, realised, fees, quantity;
    std::vector<Fill> told;
    for (int i = 0; i < 300; ++i) {
      Fill fill;
      if (!told.empty() && rng.Below(10) == 0) {
        fill = told[rng.Below(told.size())];
        fill.side = Opposite(fill.side);
        fill.fee = -fill.fee;
      } else {
        fill.symbol = Symbol("BTC-USD");
        fill.side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell;
        fill.quantity = Decimal::FromUnits(static_cast<__int128>(rng.Between(1, 5'000'000'000)) * 10'000'000'001);
        fill.price = Decimal::FromUnits(static_cast<__int128>(rng.Between(1, 9'000'000)) * 10'000'000'000'000'003);
        fill.fee = Decimal::FromUnits(static_cast<__int128>(rng.Between(0, 90'000)) * 100'000'000'007);
        fill.fee_currency = currencies[rng.Below(4)];
        told.push_back(fill);
      }
      FillEffect effect = EffectOf(fill, "USD");
      ASSERT_EQ(effect.quantity, QuantityMoved(fill));
      cash += effect.cash;
      fees += effect.fee;
      quantity += effect.quantity;
      Legs legs = LegsOf(fill, "USD");
      for (const Leg* leg : {&legs.trade, legs.disposal ? &*legs.disposal : nullptr}) {
        if (leg == nullptr) continue;
        ASSERT_TRUE(leg->quantity.IsPositive());
        Booking booking = Book(lot, *leg);
        realised += booking.realised;
        ASSERT_EQ(booking.closed_quantity + booking.opened_quantity, leg->quantity);
        ASSERT_EQ(booking.closed_notional + booking.opened_notional, leg->notional);
        ASSERT_EQ(booking.closed_fee + booking.opened_fee, leg->fee);
      }
      ASSERT_EQ(lot.quantity, quantity) << seed;
      ASSERT_EQ(cash, realised - lot.cost - fees) << seed;
      if (lot.quantity.IsZero()) ASSERT_TRUE(lot.cost.IsZero());
    }
  }
}

}  // namespace
}  // namespace ballast::ledger
