#include "libs/venue_simulator/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/venue_simulator/listings.h"
#include "libs/venue_simulator/market_maker.h"

namespace ballast::venue_simulator {
namespace {

Decimal D(const char* text) { return Decimal::Of(text); }

class ExchangeTest : public testing::Test {
 protected:
  ExchangeTest() {
    Instrument instrument = Listings()[0].instrument;
    instrument.tick = instrument.price_min = D("0.01");
    instrument.lot = instrument.quantity_min = D("0.001");
    exchange_.List(instrument, D("100"));
    for (AccountId* account : {&anna_, &ben_}) {
      AccountSettings settings;
      settings.maker_fee = D("0.001");
      settings.taker_fee = D("0.002");
      *account = exchange_.Open(settings);
      exchange_.Deposit(*account, "USDT", D("10000"), now_);
      exchange_.Deposit(*account, "BTC", D("10"), now_);
    }
    exchange_.TakeEvents();
  }

  OrderTerms Terms(AccountId account, Side side, OrderType type, const char* quantity, const char* price = "0") {
    OrderTerms terms;
    terms.account = account;
    terms.symbol = "BTCUSDT";
    terms.client_id = "c" + std::to_string(++ids_);
    terms.side = side;
    terms.type = type;
    terms.quantity = D(quantity);
    terms.price = D(price);
    return terms;
  }
  std::int64_t Placed(OrderTerms terms) {
    auto placed = exchange_.Place(std::move(terms), now_);
    EXPECT_EQ(placed.refusal, Refusal::kNone);
    return placed.id;
  }
  std::int64_t Limit(AccountId account, Side side, const char* quantity, const char* price) {
    return Placed(Terms(account, side, OrderType::kLimit, quantity, price));
  }
  void ExpectNothingMissing() {
    for (const char* asset : {"USDT", "BTC"}) EXPECT_EQ(exchange_.ledger().Missing(asset), Decimal()) << asset;
  }

  UtcTime now_{1'000'000'000'000};
  Exchange exchange_;
  AccountId anna_ = 0;
  AccountId ben_ = 0;
  int ids_ = 0;
};

TEST_F(ExchangeTest, ALimitThatRestsLocksWhatItNeedsAndACancelGivesItBack) {
  std::int64_t id = Limit(anna_, Side::kBuy, "2", "99.5");
  EXPECT_EQ(exchange_.ledger().Of(anna_, "USDT").locked, D("199"));
  EXPECT_EQ(exchange_.ledger().Of(anna_, "USDT").free, D("9801"));
  EXPECT_EQ(exchange_.Cancel(id, "x", now_), Refusal::kNone);
  EXPECT_EQ(exchange_.ledger().Of(anna_, "USDT").free, D("10000"));
  EXPECT_EQ(exchange_.Cancel(id, "x", now_), Refusal::kUnknownOrder);
}

TEST_F(ExchangeTest, TheBetterPriceTradesFirstThenTheOlderOrder) {
  std::int64_t dear = Limit(anna_, Side::kSell, "1", "101");
  std::int64_t first = Limit(anna_, Side::kSell, "1", "100.5");
  std::int64_t second = Limit(anna_, Side::kSell, "1", "100.5");
  Limit(ben_, Side::kBuy, "1.5", "101");
  EXPECT_EQ(exchange_.order(first)->status, OrderStatus::kFilled);
  EXPECT_EQ(exchange_.order(second)->executed, D("0.5"));
  EXPECT_EQ(exchange_.order(dear)->executed, Decimal());
  // Bought for less than its limit: nothing stays locked.
  EXPECT_EQ(exchange_.ledger().Of(ben_, "USDT").free, D("9849.25"));
  EXPECT_EQ(exchange_.ledger().Of(ben_, "USDT").locked, Decimal());
  // The taker pays 0.2 % of what it bought, the maker 0.1 % of what it got.
  EXPECT_EQ(exchange_.ledger().Of(ben_, "BTC").free, D("11.497"));
  EXPECT_EQ(exchange_.ledger().Of(anna_, "USDT").free, D("10150.59925"));
  ExpectNothingMissing();
}

TEST_F(ExchangeTest, AMarketOrderByQuoteSpendsNoMoreAndWholeLotsOnly) {
  Limit(anna_, Side::kSell, "5", "100");
  OrderTerms terms = Terms(ben_, Side::kBuy, OrderType::kMarket, "0");
  terms.quote_quantity = D("150.05");
  const Order& order = *exchange_.order(Placed(terms));
  EXPECT_EQ(order.status, OrderStatus::kFilled);
  EXPECT_EQ(order.executed, D("1.5"));
  EXPECT_EQ(order.executed_quote, D("150"));
}

TEST_F(ExchangeTest, WhatFindsNoLiquidityExpires) {
  Limit(anna_, Side::kSell, "1", "100");
  EXPECT_EQ(exchange_.order(Placed(Terms(ben_, Side::kBuy, OrderType::kMarket, "2")))->status, OrderStatus::kExpired);
  Limit(anna_, Side::kSell, "1", "100");
  OrderTerms all = Terms(ben_, Side::kBuy, OrderType::kLimit, "2", "100");
  all.time_in_force = TimeInForce::kFok;
  const Order& none = *exchange_.order(Placed(all));
  EXPECT_EQ(none.status, OrderStatus::kExpired);
  EXPECT_EQ(none.executed, Decimal());
  OrderTerms some = Terms(ben_, Side::kBuy, OrderType::kLimit, "2", "100");
  some.time_in_force = TimeInForce::kIoc;
  const Order& part = *exchange_.order(Placed(some));
  EXPECT_EQ(part.status, OrderStatus::kExpired);
  EXPECT_EQ(part.executed, D("1"));
  EXPECT_EQ(exchange_.ledger().Of(ben_, "USDT").locked, Decimal());
}

TEST_F(ExchangeTest, WhatDoesNotKeepTheBoundsIsRefusedAndChangesNothing) {
  struct Case {
    const char* quantity;
    const char* price;
    Refusal refusal;
  };
  for (const Case& c : {Case{"1", "100.001", Refusal::kPriceFilter}, Case{"1", "1000", Refusal::kPercentPrice},
                        Case{"0.0005", "100", Refusal::kLotSize}, Case{"0.01", "100", Refusal::kNotional},
                        Case{"200", "100", Refusal::kBalance}}) {
    auto placed = exchange_.Place(Terms(anna_, Side::kBuy, OrderType::kLimit, c.quantity, c.price), now_);
    EXPECT_EQ(placed.refusal, c.refusal) << c.quantity << " at " << c.price;
  }
  EXPECT_TRUE(exchange_.orders(anna_).empty());
  EXPECT_TRUE(exchange_.TakeEvents().empty());
}

TEST_F(ExchangeTest, AClientIdIsUniqueAmongOpenOrdersOnly) {
  OrderTerms terms = Terms(anna_, Side::kBuy, OrderType::kLimit, "1", "99");
  std::int64_t id = Placed(terms);
  EXPECT_EQ(exchange_.Place(terms, now_).refusal, Refusal::kDuplicate);
  exchange_.Cancel(id, "", now_);
  EXPECT_EQ(exchange_.Place(terms, now_).refusal, Refusal::kNone);
}

TEST_F(ExchangeTest, AMakerThatWouldTakeIsRefused) {
  Limit(anna_, Side::kSell, "1", "100");
  EXPECT_EQ(exchange_.Place(Terms(ben_, Side::kBuy, OrderType::kLimitMaker, "1", "100"), now_).refusal,
            Refusal::kWouldTake);
}

TEST_F(ExchangeTest, AnIcebergShowsAPartAndGoesBehindTheOthersWithTheNext) {
  OrderTerms iceberg = Terms(anna_, Side::kSell, OrderType::kLimit, "3", "100");
  iceberg.iceberg_quantity = D("1");
  std::int64_t hidden = Placed(iceberg);
  EXPECT_EQ(exchange_.book("BTCUSDT").At(Side::kSell, D("100")), D("1"));
  std::int64_t other = Limit(anna_, Side::kSell, "1", "100");
  Limit(ben_, Side::kBuy, "2", "100");
  EXPECT_EQ(exchange_.order(hidden)->executed, D("1"));
  EXPECT_EQ(exchange_.order(other)->status, OrderStatus::kFilled);
  Limit(ben_, Side::kBuy, "2", "100");
  EXPECT_EQ(exchange_.order(hidden)->status, OrderStatus::kFilled);
  EXPECT_EQ(exchange_.book("BTCUSDT").At(Side::kSell, D("100")), Decimal());
}

TEST_F(ExchangeTest, AStopWaitsForItsPriceAndThenTrades) {
  OrderTerms stop = Terms(anna_, Side::kSell, OrderType::kStopLoss, "1");
  stop.stop_price = D("101");
  EXPECT_EQ(exchange_.Place(stop, now_).refusal, Refusal::kWouldTrigger);
  stop.stop_price = D("95");
  std::int64_t id = Placed(stop);
  EXPECT_FALSE(exchange_.order(id)->working);
  EXPECT_EQ(exchange_.ledger().Of(anna_, "BTC").locked, D("1"));
  Limit(ben_, Side::kBuy, "1", "95");
  Limit(ben_, Side::kBuy, "1", "94");
  Limit(anna_, Side::kSell, "1", "95");
  EXPECT_EQ(exchange_.order(id)->status, OrderStatus::kFilled);
  EXPECT_EQ(exchange_.order(id)->executed_quote, D("94"));
  EXPECT_EQ(exchange_.ledger().Of(anna_, "BTC").locked, Decimal());
  ExpectNothingMissing();
}

TEST_F(ExchangeTest, ATrailingStopFollowsTheBestPrice) {
  OrderTerms stop = Terms(anna_, Side::kSell, OrderType::kStopLoss, "1");
  stop.trailing_delta = 1000;  // a tenth
  std::int64_t id = Placed(stop);
  auto trade = [&](const char* price) {
    Limit(ben_, Side::kBuy, "1", price);
    Placed(Terms(anna_, Side::kSell, OrderType::kLimit, "1", price));
  };
  trade("120");
  trade("109");
  EXPECT_FALSE(exchange_.order(id)->working);
  Limit(ben_, Side::kBuy, "1", "90");
  trade("108");
  EXPECT_EQ(exchange_.order(id)->status, OrderStatus::kFilled);
}

TEST_F(ExchangeTest, OneLegOfAListEndsTheOtherAndOnlyOneIsPaidFor) {
  OrderTerms target = Terms(anna_, Side::kSell, OrderType::kLimitMaker, "10", "110");
  OrderTerms stop = Terms(anna_, Side::kSell, OrderType::kStopLossLimit, "10", "89");
  stop.stop_price = D("90");
  auto placed = exchange_.PlaceList(target, stop, "list", now_);
  ASSERT_EQ(placed.refusal, Refusal::kNone);
  EXPECT_EQ(exchange_.ledger().Of(anna_, "BTC").locked, D("10"));
  Limit(ben_, Side::kBuy, "1", "110");
  OrderList list = *exchange_.list(placed.id);
  EXPECT_EQ(exchange_.order(list.first)->status, OrderStatus::kExpired);
  EXPECT_EQ(exchange_.order(list.second)->status, OrderStatus::kPartiallyFilled);
  EXPECT_FALSE(list.done);
  exchange_.Cancel(list.second, "", now_);
  EXPECT_TRUE(exchange_.list(placed.id)->done);
  EXPECT_EQ(exchange_.ledger().Of(anna_, "BTC").locked, Decimal());
  ExpectNothingMissing();
}

TEST_F(ExchangeTest, AFeeIsPaidInAThirdAssetWhereThereIsEnoughOfIt) {
  exchange_.List(Listings()[2].instrument, D("500"));
  AccountSettings settings = exchange_.settings(ben_);
  settings.fee_asset = "BNB";
  settings.fee_discount = D("0.25");
  exchange_.SetFees(ben_, settings);
  Limit(anna_, Side::kSell, "2", "100");
  Limit(ben_, Side::kBuy, "1", "100");
  EXPECT_EQ(exchange_.fills(ben_).back().fee_asset, "BTC");
  exchange_.Deposit(ben_, "BNB", D("1"), now_);
  Limit(ben_, Side::kBuy, "1", "100");
  EXPECT_EQ(exchange_.fills(ben_).back().fee_asset, "BNB");
  EXPECT_EQ(exchange_.fills(ben_).back().fee, D("0.0003"));
}

TEST_F(ExchangeTest, AnOrderMeetsNoneOfItsOwnAccountWhereItSaysSo) {
  std::int64_t resting = Limit(anna_, Side::kSell, "1", "100");
  OrderTerms terms = Terms(anna_, Side::kBuy, OrderType::kLimit, "1", "100");
  terms.self_trade = SelfTrade::kExpireMaker;
  std::int64_t taker = Placed(terms);
  EXPECT_EQ(exchange_.order(resting)->status, OrderStatus::kExpiredInMatch);
  EXPECT_EQ(exchange_.order(taker)->status, OrderStatus::kNew);
}

TEST_F(ExchangeTest, AMarketThatMovesKeepsWhatEverybodyOwns) {
  MarketMaker maker(exchange_, 7);
  maker.Step(now_);
  Decimal before = exchange_.last_price("BTCUSDT");
  std::int64_t buy = Limit(anna_, Side::kBuy, "5", "99.9");
  std::int64_t sell = Limit(ben_, Side::kSell, "5", "100.1");
  for (int step = 0; step < 400; ++step) {
    now_ = now_ + Duration::Millis(250);
    maker.Step(now_);
  }
  EXPECT_NE(exchange_.last_price("BTCUSDT"), before);
  EXPECT_TRUE(exchange_.order(buy)->executed.IsPositive() || exchange_.order(sell)->executed.IsPositive());
  ExpectNothingMissing();
}

TEST_F(ExchangeTest, APriceThatIsSetTradesWithThoseInBetweenAsFarAsToldAndPrints) {
  MarketMaker maker(exchange_, 7);
  maker.Run(false);
  maker.Step(now_);
  std::int64_t id = Limit(anna_, Side::kBuy, "5", "95");
  ASSERT_TRUE(maker.MoveTo("BTCUSDT", D("94"), D("2"), now_));
  EXPECT_EQ(exchange_.order(id)->executed, D("2"));
  ASSERT_TRUE(maker.MoveTo("BTCUSDT", D("94"), Decimal(), now_));
  EXPECT_EQ(exchange_.order(id)->status, OrderStatus::kFilled);
  EXPECT_EQ(exchange_.last_price("BTCUSDT"), D("94"));
  EXPECT_FALSE(maker.MoveTo("BTCUSDT", D("94.001"), Decimal(), now_));
  ExpectNothingMissing();
}

}  // namespace
}  // namespace ballast::venue_simulator
