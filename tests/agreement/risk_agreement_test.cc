#include <gtest/gtest.h>

#include <cstdlib>

#include "libs/base/rng.h"
#include "libs/risk/pre_trade.h"
#include "tests/agreement/reference_risk.h"

// The pre-trade checks against risk as a person would do it by hand (reference_risk.h): the same orders get the same
// answer, by the same check. BALLAST_AGREEMENT_ORDERS says how many; scripts/agreement asks for a million.
namespace ballast {
namespace {

constexpr int kSymbols = 4;
constexpr int kOrdersOfAWorld = 60;

std::int64_t OrdersWanted() {
  const char* text = std::getenv("BALLAST_AGREEMENT_ORDERS");
  return text == nullptr ? 100'000 : std::atoll(text);
}

Decimal Cents(std::int64_t cents) { return Decimal::FromUnits(static_cast<__int128>(cents) * 10'000'000'000'000'000); }

class World {
 public:
  explicit World(std::uint64_t seed) : rng_(seed) {
    account_.opening = Decimal::FromInt(100'000);
    OrderEvent opened;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = account_.opening;
    opened.currency = "USD";
    Apply(opened);
    account_.day_start = account_.peak = account_.opening;
    // Sometimes one symbol that nobody knows.
    std::uint64_t known = kSymbols - (Chance(10) ? 1 : 0);
    for (std::uint64_t i = 0; i < known; ++i) {
      Instrument instrument{.symbol = SymbolOf(i),
                            .currency = "USD",
                            .tick_size = Decimal::Of(Chance(4) ? "0.05" : "0.01"),
                            .lot_size = Decimal::FromInt(Chance(6) ? 5 : 1),
                            .min_notional = Decimal::FromInt(Chance(4) ? 500 : 1),
                            .shortable = !Chance(6)};
      market_.instruments[instrument.symbol] = seen_.instruments[instrument.symbol] = instrument;
    }
    RandomLimits();
    for (std::uint64_t i = 0; i < kSymbols; ++i) {
      if (!Chance(20)) Requote(SymbolOf(i));
    }
  }

  // One random order: both say the same, or the test fails. It may then become a working order, or trade.
  std::string Ask() {
    if (Chance(3)) Requote(SymbolOf(rng_.Below(kSymbols)));
    if (Chance(10)) RandomLimits();
    if (Chance(60)) now_ms_ += static_cast<std::int64_t>(rng_.Below(7'000));
    if (Chance(account_.halted ? 8 : 80)) Halt();
    if (Chance(40)) Baselines();
    Order order = RandomOrder();
    for (const auto& [symbol, arrival] : market_.arrival_ns) seen_.age_ms[symbol] = now_ms_ - arrival / 1'000'000;
    std::string wanted = reference::Judge(account_, seen_, limits_).Refusal(order);
    risk::PreTradeResult result = risk::CheckPreTrade({.order = order,
                                                       .limits = limits_,
                                                       .exposure = exposure_,
                                                       .market = market_,
                                                       .now_ns = now_ms_ * 1'000'000,
                                                       .block = account_.breaker_tripped ? &block_ : nullptr});
    std::string got = result.rejection ? result.rejection->check : "";
    EXPECT_EQ(got, wanted) << order.quantity.ToString() << " of " << order.symbol.value()
                           << (result.rejection ? ": " + result.rejection->message : "");
    if (got.empty()) GoOn(order);
    if (Chance(3)) End();
    if (Chance(3)) {
      exposure_.recent_orders.clear();
      account_.sent.clear();
    }
    return got;
  }

 private:
  bool Chance(std::uint64_t one_in) { return rng_.Below(one_in) == 0; }
  static Symbol SymbolOf(std::uint64_t i) { return Symbol("S" + std::to_string(i)); }
  void Apply(OrderEvent event) {
    event.sequence = exposure_.applied_sequence() + 1;
    ASSERT_TRUE(exposure_.Apply(event));
  }
  void Requote(const Symbol& symbol) {
    std::int64_t bid = rng_.Between(9'000, 11'000);
    Quote quote{.symbol = symbol, .bid_price = Cents(bid), .ask_price = Cents(bid + rng_.Between(1, 20))};
    quote.last_price = Cents(bid + rng_.Between(-5, 25));
    quote.session_open = !Chance(12);
    quote.stale = Chance(20);
    if (Chance(25)) quote.ask_price = quote.bid_price - Cents(rng_.Between(0, 2));
    if (Chance(40)) quote.bid_price = Decimal();
    market_.quotes[symbol] = seen_.quotes[symbol] = quote;
    market_.arrival_ns[symbol] = now_ms_ * 1'000'000;
  }
  // Close to what the orders are, so that both sides of every limit are met.
  void RandomLimits() {
    limits_ = {};
    auto ratio = [&](std::int64_t low, std::int64_t high) { return Cents(rng_.Between(low, high)); };
    if (Chance(3)) limits_.max_order_quantity = Decimal::FromInt(rng_.Between(5, 60));
    if (Chance(3)) limits_.max_order_notional = Decimal::FromInt(rng_.Between(500, 6'000));
    limits_.max_position_ratio = Chance(2) ? ratio(2, 8) : Decimal::FromInt(1);
    limits_.concentration_ratio = Chance(2) ? ratio(3, 12) : Decimal::FromInt(1);
    limits_.gross_leverage = Chance(2) ? ratio(5, 25) : Decimal::FromInt(2);
    limits_.net_leverage = Chance(2) ? ratio(3, 15) : Decimal::FromInt(10);
    limits_.max_open_positions_per_deployment = static_cast<int>(rng_.Between(1, 5));
    limits_.max_open_positions = static_cast<int>(rng_.Between(1, 6));
    limits_.max_open_orders = Chance(3) ? static_cast<int>(rng_.Between(0, 6)) : 200;
    limits_.order_rate_per_second = Chance(3) ? static_cast<int>(rng_.Between(0, 6)) : 100;
    if (Chance(3)) limits_.order_rate_per_deployment = static_cast<int>(rng_.Between(0, 3));
    if (Chance(3)) limits_.repeated_orders_per_second = static_cast<int>(rng_.Between(0, 1));
    limits_.daily_loss_ratio = Decimal::Of(Chance(3) ? "0.0005" : "0.5");
    limits_.drawdown_ratio = Decimal::Of(Chance(3) ? "0.001" : "0.5");
    limits_.price_collar_ratio = Cents(rng_.Between(1, 10));
    limits_.allow_short = !Chance(4);
    limits_.soft_collar_ratio = Chance(2) ? ratio(1, 6) : Decimal::FromInt(1);
    limits_.soft_collar_passes_deployments = Chance(3);
    if (Chance(3)) limits_.risk_per_trade_ratio = Decimal::FromUnits(ratio(1, 300).units() / 100);
    if (Chance(3)) limits_.portfolio_risk_ratio = Decimal::FromUnits(ratio(5, 900).units() / 100);
    limits_.unprotected_loss_ratio = Chance(2) ? ratio(1, 100) : Decimal::FromInt(1);
    limits_.allow_self_trade = Chance(3);
    limits_.require_locate = Chance(6);
    if (Chance(40)) limits_.unusable.insert("drawdown_ratio");
    if (Chance(12)) limits_.restricted.insert(SymbolOf(rng_.Below(kSymbols)));
  }
  void Halt() {
    OrderEvent event;
    event.type = account_.halted ? OrderEventType::kAccountResumed : OrderEventType::kAccountHalted;
    account_.halted = !account_.halted;
    Apply(event);
  }
  void Baselines() {
    auto near = [&] { return account_.opening + Decimal::FromInt(rng_.Between(-300, 300)); };
    account_.day_start = exposure_.baseline.day_start_equity = near();
    account_.peak = exposure_.baseline.peak_equity = near();
    account_.breaker_tripped = Chance(6);
    account_.scale = exposure_.scale = Chance(4) ? Cents(rng_.Between(0, 99)) : Decimal::FromInt(1);
    account_.daily_loss_tripped = Chance(8);
    account_.drawdown_tripped = Chance(8);
    exposure_.latches.daily_loss.reset();
    exposure_.latches.drawdown.reset();
    if (account_.daily_loss_tripped) exposure_.latches.daily_loss.emplace();
    if (account_.drawdown_tripped) exposure_.latches.drawdown.emplace();
  }
  Order RandomOrder() {
    Order order;
    order.order_id = OrderId("o" + std::to_string(++orders_));
    order.symbol = SymbolOf(rng_.Below(kSymbols + (Chance(30) ? 1 : 0)));
    const char* deployments[] = {"", "d", "e"};
    order.deployment_id = DeploymentId(deployments[rng_.Below(3)]);
    order.side = Chance(2) ? Side::kBuy : Side::kSell;
    order.time_in_force = Chance(2) ? TimeInForce::kGtc : TimeInForce::kIoc;
    order.quantity = Decimal::FromInt(rng_.Between(1, 40));
    order.reduce_only = Chance(4);
    const OrderType types[] = {OrderType::kMarket, OrderType::kLimit, OrderType::kStop, OrderType::kStopLimit};
    order.type = types[rng_.Below(4)];
    // Often exactly what is held, one more, or one less.
    if (Chance(2)) {
      Decimal held = exposure_.BookPosition({order.deployment_id, order.symbol});
      if (!held.IsZero()) {
        order.side = held.IsPositive() ? Side::kSell : Side::kBuy;
        order.quantity = std::max(held.Abs() + Decimal::FromInt(rng_.Between(-1, 1)), Decimal::FromInt(1));
      }
    }
    std::int64_t middle = 10'000;
    if (auto quote = market_.quotes.find(order.symbol); quote != market_.quotes.end())
      middle = static_cast<std::int64_t>(quote->second.last_price.units() / 10'000'000'000'000'000);
    auto near = [&] { return Cents(middle + rng_.Between(-700, 700)); };
    bool buy = order.side == Side::kBuy;
    if (order.type == OrderType::kStop || order.type == OrderType::kStopLimit)
      order.stop_price = Chance(4) ? near() : Cents(middle + (buy ? 1 : -1) * rng_.Between(0, 400));
    if (order.type == OrderType::kLimit) order.limit_price = near();
    if (order.type == OrderType::kStopLimit)
      order.limit_price = Chance(4) ? near() : *order.stop_price + Cents((buy ? 1 : -1) * rng_.Between(-50, 300));
    if (auto instrument = market_.instruments.find(order.symbol); instrument != market_.instruments.end()) {
      for (std::optional<Decimal>* price : {&order.limit_price, &order.stop_price}) {
        if (*price && !Chance(12)) *price = (*price)->RoundTo(instrument->second.tick_size, Rounding::kFloor);
      }
      if (!Chance(12)) order.quantity = order.quantity.RoundTo(instrument->second.lot_size, Rounding::kCeiling);
    }
    order.confirm_soft_collar = Chance(3);
    if (Chance(3)) order.locate_id = "loc";
    // On the right side of the entry or not.
    if (Chance(2)) order.protective_stop_price = near();
    order.leaves_quantity = order.quantity;
    return order;
  }
  // Approved: reserved, then it works, or trades at once, or it never becomes an order.
  void GoOn(Order order) {
    exposure_.recent_orders.push_back(risk::RecentOrder::Of(order, now_ms_ * 1'000'000));
    account_.sent.push_back(order);
    exposure_.Reserve(order, 1'000'000'000'000'000);
    account_.working.push_back(order);
    std::uint64_t end = rng_.Below(4);
    if (end == 0) return;  // still reserved
    if (end == 1) {
      exposure_.Void(order.order_id);
      account_.working.pop_back();
      return;
    }
    OrderEvent event;
    event.type = OrderEventType::kPendingNew;
    event.order = order;
    event.order->status = OrderStatus::kPendingNew;
    Apply(event);
    if (end == 2) return;
    Trade(account_.working.back(), order.leaves_quantity);
  }
  // All or a part of a working order trades.
  void Trade(Order& working, Decimal quantity) {
    std::int64_t cents = rng_.Between(9'000, 11'000);
    working.leaves_quantity -= quantity;
    working.status = working.leaves_quantity.IsZero() ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
    OrderEvent event;
    event.type = OrderEventType::kFilled;
    event.order = working;
    event.fill = Fill{.deployment_id = working.deployment_id,
                      .symbol = working.symbol,
                      .side = working.side,
                      .quantity = quantity,
                      .price = Cents(cents)};
    account_.trades.push_back({.deployment = working.deployment_id,
                               .symbol = working.symbol,
                               .side = working.side,
                               .quantity = quantity,
                               .price = Cents(cents)});
    Apply(event);
    std::erase_if(account_.working, [](const Order& order) { return order.leaves_quantity.IsZero(); });
  }
  // Something becomes of one of the working orders.
  void End() {
    if (account_.working.empty()) return;
    Order& order = account_.working[rng_.Below(account_.working.size())];
    if (Chance(2)) {
      std::int64_t left = static_cast<std::int64_t>(order.leaves_quantity.units() / 1'000'000'000'000'000'000);
      return Trade(order, Decimal::FromInt(rng_.Between(1, left)));
    }
    OrderEvent event;
    event.type = OrderEventType::kCanceled;
    event.order = order;
    event.order->status = OrderStatus::kCanceled;
    order.leaves_quantity = Decimal();
    std::erase_if(account_.working, [](const Order& one) { return one.leaves_quantity.IsZero(); });
    Apply(event);
  }

  Rng rng_;
  int orders_ = 0;
  std::int64_t now_ms_ = 1'000'000;
  reference::Account account_;
  reference::Seen seen_;
  risk::Limits limits_;
  risk::Exposure exposure_;
  risk::Market market_;
  const risk::BreakerBlock block_{.rule = {.name = "one"}, .state = {.trip = risk::BreakerTrip()}};
};

TEST(RiskAgreement, ASlowReferenceGivesEveryOrderTheSameAnswer) {
  const std::int64_t wanted = OrdersWanted();
  std::map<std::string, std::int64_t> answers;
  std::uint64_t seed = 0;
  for (std::int64_t asked = 0; asked < wanted && !testing::Test::HasFailure();) {
    World world(++seed);
    for (int i = 0; i < kOrdersOfAWorld && asked < wanted; ++i, ++asked) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", order " + std::to_string(i));
      ++answers[world.Ask()];
      if (testing::Test::HasFailure()) break;
    }
  }
  std::printf("%lld orders, %llu worlds\n", static_cast<long long>(wanted), static_cast<unsigned long long>(seed));
  for (const auto& [check, count] : answers)
    std::printf("%8lld %s\n", static_cast<long long>(count), check.empty() ? "approved" : check.c_str());
  // Every check said no to some: agreement about what never happens says nothing.
  constexpr std::size_t kChecks = 36;
  if (!testing::Test::HasFailure()) EXPECT_EQ(answers.size(), kChecks + 1);
}

}  // namespace
}  // namespace ballast
