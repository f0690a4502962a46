#include "libs/risk/passable.h"

#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace ballast::risk {
namespace {

struct World {
  Limits limits;
  Exposure exposure;
  Market market;
  Order order;

  World() {
    Set("0.01", "1", "1", "99.99", "100");
    OrderEvent opened{.sequence = 1, .type = OrderEventType::kAccountOpened};
    opened.cash = Decimal::FromInt(100'000);
    exposure.Apply(opened);
    order.order_id = OrderId("o");
    order.symbol = Symbol("X");
    order.side = Side::kBuy;
    order.type = OrderType::kMarket;
    order.time_in_force = TimeInForce::kIoc;
    order.quantity = Decimal::FromInt(10);
  }
  void Set(const char* tick, const char* lot, const char* min_notional, const char* bid, const char* ask) {
    Symbol symbol("X");
    market.instruments[symbol] = Instrument{.symbol = symbol,
                                            .currency = "USD",
                                            .tick_size = Decimal::Of(tick),
                                            .lot_size = Decimal::Of(lot),
                                            .min_notional = Decimal::Of(min_notional),
                                            .shortable = true};
    Quote quote;
    quote.symbol = symbol;
    quote.bid_price = quote.last_price = Decimal::Of(bid);
    quote.ask_price = Decimal::Of(ask);
    quote.session_open = true;
    market.quotes[symbol] = quote;
    market.arrival_ns[symbol] = 0;
  }
  void Filled(Side side, Decimal quantity, Decimal price) {
    OrderEvent event{.sequence = exposure.applied_sequence() + 1, .type = OrderEventType::kFilled};
    event.fill = Fill{.symbol = Symbol("X"), .side = side, .quantity = quantity, .price = price};
    exposure.Apply(event);
  }
  PreTradeInput Input() const { return {.order = order, .limits = limits, .exposure = exposure, .market = market}; }
  std::optional<Rejection> At(Decimal quantity) {
    Order other = order;
    other.quantity = quantity;
    return CheckPreTrade({.order = other, .limits = limits, .exposure = exposure, .market = market}).rejection;
  }
};

// Straight from the definition: try every number of lots.
std::optional<Decimal> BruteForce(World& world) {
  Decimal lot = world.market.instruments.at(Symbol("X")).lot_size;
  std::optional<Decimal> best;
  for (Decimal quantity = lot; quantity <= world.order.quantity; quantity += lot) {
    if (!world.At(quantity)) best = quantity;
  }
  return best;
}

TEST(PassableQuantityTest, ItNamesTheRuleThatRefusesOneLotMore) {
  World world;
  world.limits.max_order_quantity = Decimal::FromInt(500);
  world.order.quantity = Decimal::FromInt(1'000);
  ASSERT_EQ(CheckPreTrade(world.Input()).rejection->check, "max_order_quantity");
  auto found = LargestPassableQuantity(world.Input());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->quantity, Decimal::FromInt(20));
  EXPECT_EQ(found->check, "max_position");
}

TEST(PassableQuantityTest, ALotLessMakesARepeatedOrderNoNewOne) {
  World world;
  world.limits.repeated_orders_per_second = 1;
  world.exposure.recent_orders.push_back(RecentOrder::Of(world.order, 0));
  ASSERT_EQ(CheckPreTrade(world.Input()).rejection->check, "repeated_orders");
  EXPECT_FALSE(LargestPassableQuantity(world.Input()).has_value());
  // One that was not sent before is offered the size that passes, also where that size was.
  world.order.quantity = Decimal::FromInt(1'000);
  world.exposure.recent_orders.back().quantity = Decimal::FromInt(20);
  auto found = LargestPassableQuantity(world.Input());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->quantity, Decimal::FromInt(20));
}

TEST(PassableQuantityTest, AnAmountOffTheLotIsRoundedDownToIt) {
  struct Case {
    const char* lot;
    const char* quantity;
    const char* passable;  // nullptr: none
  };
  const Case cases[] = {{"0.00001", "0.123456", "0.12345"},
                        {"0.01", "4.275", "4.27"},
                        {"0.1", "0.15", "0.1"},
                        {"0.1", "0.25", "0.2"},
                        {"0.00001", "1.000001", "1"},
                        {"0.1", "0.05", nullptr},
                        {"3", "10", "9"},
                        {"100", "99", nullptr},
                        {"7", "13", "7"}};
  for (const Case& item : cases) {
    World world;
    world.Set("0.01", item.lot, "0.000000000000000001", "99.99", "100");
    world.order.quantity = Decimal::Of(item.quantity);
    auto found = LargestPassableQuantity(world.Input());
    EXPECT_EQ(found ? found->quantity.ToString() : "", item.passable != nullptr ? item.passable : "") << item.quantity;
    if (found) EXPECT_EQ(found->check, "lot_size") << item.quantity;
  }
}

TEST(PassableQuantityTest, EighteenPlacesAndHugeQuantitiesAreExact) {
  World world;
  world.Set("0.000000000000000001", "0.000000000000000001", "0", "0.000000000000000001", "0.000000000000000002");
  world.order.quantity = Decimal::Of("999999999999999999.999999999999999999");
  world.limits.max_order_quantity = Decimal::Of("123456789012345678.901234567890123456");
  auto found = LargestPassableQuantity(world.Input());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->quantity, world.limits.max_order_quantity);
  EXPECT_EQ(found->check, "max_order_quantity");

  World dear;
  dear.Set("0.01", "0.000000000000000001", "0", "99999999.99", "100000000");
  dear.order.quantity = Decimal::Of("999999999999999999");
  found = LargestPassableQuantity(dear.Input());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->quantity, Decimal::Of("0.00002"));  // 2 % of 100,000
}

TEST(PassableQuantityTest, NothingPassesWhenTheQuantityIsNotWhatIsWrong) {
  World world;
  world.limits.restricted.insert(Symbol("X"));
  EXPECT_FALSE(LargestPassableQuantity(world.Input()).has_value());
  world.order.symbol = Symbol("Y");
  EXPECT_FALSE(LargestPassableQuantity(world.Input()).has_value());
  World small;
  small.Set("0.01", "1", "5000", "99.99", "100");  // the least allowed is above the most allowed
  EXPECT_FALSE(LargestPassableQuantity(small.Input()).has_value());
}

// A position too small to be sold by the rule on notionals, in an account that may sell short: what passes has a hole.
TEST(PassableQuantityTest, ItLooksBeyondTheHoleBetweenReducingAndSellingShort) {
  World world;
  world.Set("0.01", "1", "500", "99.99", "100");
  world.Filled(Side::kBuy, Decimal::FromInt(2), Decimal::FromInt(100));
  world.order.side = Side::kSell;
  ASSERT_FALSE(world.At(Decimal::FromInt(2)));
  ASSERT_TRUE(world.At(Decimal::FromInt(3)));
  ASSERT_FALSE(world.At(Decimal::FromInt(10)));
  world.order.quantity = Decimal::FromInt(40);
  EXPECT_EQ(LargestPassableQuantity(world.Input())->quantity, BruteForce(world));
  world.order.quantity = Decimal::FromInt(4);
  EXPECT_EQ(LargestPassableQuantity(world.Input())->quantity, Decimal::FromInt(2));
}

TEST(PassableQuantityPropertyTest, ItIsWhatTryingEveryQuantityFinds) {
  const char* kLots[] = {"1", "3", "100", "0.1", "0.00001", "0.000000000000000001"};
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Rng rng(seed);
    World world;
    const char* lot_text = kLots[rng.Below(6)];
    Decimal lot = Decimal::Of(lot_text);
    auto lots = [&](std::int64_t from, std::int64_t to) {
      return Decimal::FromUnits(lot.units() * static_cast<__int128>(rng.Between(from, to)));
    };
    world.Set("0.01", lot_text, "0", "99.99", "100");
    world.market.instruments[Symbol("X")].shortable = rng.Below(2) == 0;
    // Limits of the order of what is asked for, each as likely to bind as the next.
    Decimal price = Decimal::FromInt(100), equity = Decimal::FromInt(100'000);
    world.market.instruments[Symbol("X")].min_notional =
        rng.Below(2) == 0 ? Decimal() : Multiply(lots(0, 40), price, Rounding::kUp);
    if (rng.Below(3) != 0) world.Filled(rng.Below(2) ? Side::kBuy : Side::kSell, lots(1, 60), price);
    auto ratio = [&] { return Divide(Multiply(lots(0, 150), price, Rounding::kUp), equity, Rounding::kUp); };
    world.limits.max_position_ratio = rng.Below(2) ? Decimal::FromInt(10) : ratio();
    world.limits.concentration_ratio = rng.Below(2) ? Decimal::FromInt(10) : ratio();
    world.limits.gross_leverage = rng.Below(2) ? Decimal::FromInt(10) : ratio();
    world.limits.max_order_quantity = rng.Below(2) ? Decimal::FromInt(1'000'000) : lots(1, 120);
    world.limits.max_order_notional =
        rng.Below(2) ? Decimal::FromInt(1'000'000'000) : Multiply(lots(1, 120), price, Rounding::kUp);
    world.limits.allow_short = rng.Below(2) == 0;
    if (rng.Below(8) == 0) world.limits.restricted.insert(Symbol("X"));
    world.order.side = rng.Below(2) ? Side::kBuy : Side::kSell;
    if (rng.Below(3) == 0) {
      Order resting = world.order;
      resting.order_id = OrderId("resting");
      resting.side = rng.Below(2) ? Side::kBuy : Side::kSell;
      resting.quantity = lots(1, 30);
      world.exposure.Reserve(resting, INT64_MAX);
    }
    world.order.reduce_only = rng.Below(6) == 0;
    world.order.quantity = lots(1, 150);
    if (rng.Below(4) == 0) world.order.quantity += Decimal::FromUnits(lot.units() / 3);

    std::optional<Decimal> expected = BruteForce(world);
    std::optional<PassableQuantity> found = LargestPassableQuantity(world.Input());
    ASSERT_EQ(found.has_value(), expected.has_value()) << "seed " << seed;
    if (!found) continue;
    ASSERT_EQ(found->quantity, *expected) << "seed " << seed;
    std::optional<Rejection> next = world.At(found->quantity + lot);
    if (found->quantity + lot <= world.order.quantity) ASSERT_TRUE(next.has_value()) << "seed " << seed;
    ASSERT_EQ(found->check, next ? next->check : "lot_size") << "seed " << seed;
  }
}

TEST(PassablePricesTest, TheNearestTickThatPasses) {
  struct Case {
    Side side;
    OrderType type;
    const char* stop;
    const char* limit;
    const char* nearest_stop;  // "" unchanged
    const char* nearest_limit;
  };
  const Case cases[] = {
      {Side::kBuy, OrderType::kStop, "1", nullptr, "100.01", ""},
      {Side::kBuy, OrderType::kStop, "100", nullptr, "100.01", ""},
      {Side::kBuy, OrderType::kStop, "150", nullptr, "109.99", ""},
      {Side::kBuy, OrderType::kStop, "100.005", nullptr, "100.01", ""},
      {Side::kBuy, OrderType::kStop, "105.004", nullptr, "105", ""},
      {Side::kSell, OrderType::kStop, "110", nullptr, "99.98", ""},
      {Side::kSell, OrderType::kStop, "99.985", nullptr, "99.98", ""},
      {Side::kSell, OrderType::kStop, "0.01", nullptr, "90", ""},
      {Side::kBuy, OrderType::kLimit, nullptr, "9000", "", "102.99"},
      {Side::kBuy, OrderType::kLimit, nullptr, "99.0000001", "", "99"},
      {Side::kSell, OrderType::kLimit, nullptr, "1", "", "97"},
      {Side::kBuy, OrderType::kStopLimit, "1", "102", "100.01", ""},
      {Side::kBuy, OrderType::kStopLimit, "105", "2", "", "95.01"},
      {Side::kSell, OrderType::kStopLimit, "500", "500", "99.98", "109.97"},
  };
  for (const Case& item : cases) {
    World world;
    world.order.side = item.side;
    world.order.type = item.type;
    world.order.time_in_force = TimeInForce::kGtc;
    if (item.stop != nullptr) world.order.stop_price = Decimal::Of(item.stop);
    if (item.limit != nullptr) world.order.limit_price = Decimal::Of(item.limit);
    std::string row =
        std::string(item.stop != nullptr ? item.stop : "-") + " " + (item.limit != nullptr ? item.limit : "-");
    ASSERT_TRUE(CheckPreTrade(world.Input()).rejection.has_value()) << row;
    auto found = NearestPassablePrices(world.Input());
    ASSERT_TRUE(found.has_value()) << row;
    EXPECT_EQ(found->stop_price ? found->stop_price->ToString() : "", item.nearest_stop) << row;
    EXPECT_EQ(found->limit_price ? found->limit_price->ToString() : "", item.nearest_limit) << row;
    if (found->stop_price) world.order.stop_price = found->stop_price;
    if (found->limit_price) world.order.limit_price = found->limit_price;
    EXPECT_FALSE(CheckPreTrade(world.Input()).rejection.has_value()) << row;
  }
}

TEST(PassablePricesTest, BeyondTheSoftCollarOnlyWhatIsConfirmedIsProposed) {
  World world;
  world.order.type = OrderType::kLimit;
  world.order.time_in_force = TimeInForce::kGtc;
  world.order.limit_price = Decimal::FromInt(105);
  EXPECT_EQ(CheckPreTrade(world.Input()).rejection->check, "soft_collar");
  EXPECT_EQ(NearestPassablePrices(world.Input())->limit_price, Decimal::Of("102.99"));
  world.order.limit_price = Decimal::FromInt(9'000);
  world.order.confirm_soft_collar = true;
  EXPECT_EQ(NearestPassablePrices(world.Input())->limit_price, Decimal::Of("109.99"));
}

TEST(PassablePricesTest, NoneWhenAnotherRuleRefusesAnyway) {
  World world;
  world.order.type = OrderType::kStop;
  world.order.time_in_force = TimeInForce::kGtc;
  world.order.stop_price = Decimal::Of("1");
  world.order.quantity = Decimal::FromInt(500);
  EXPECT_FALSE(NearestPassablePrices(world.Input()).has_value());
  world.order.quantity = Decimal::FromInt(10);
  world.Set("1000", "1", "1", "99.99", "100");  // no tick between the ask and the collar
  EXPECT_FALSE(NearestPassablePrices(world.Input()).has_value());
}

}  // namespace
}  // namespace ballast::risk
