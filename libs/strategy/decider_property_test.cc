// A market that does its worst: whatever comes in whatever order, the decider keeps its promises.
#include <random>

#include "gtest/gtest.h"
#include "libs/strategy/decider.h"

namespace ballast::strategy {
namespace {

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    spec_.strategy_id = "ema_cross";
    spec_.parameters = {{"fast", "1"}, {"slow", "2"}};
    spec_.account_id = AccountId("paper");
    spec_.timeframe = "1m";
    spec_.position_size_ratio = Decimal::Of("0.1");
    if (Chance(70)) spec_.stop_loss_ratio = Decimal::Of("0.01");
    if (Chance(70)) spec_.take_profit_ratio = Decimal::Of("0.02");
    spec_.max_open_positions = 1 + Pick(3);
    spec_.allow_short = Chance(50);
    for (const char* name : {"A", "B", "C", "D"}) {
      Symbol symbol(name);
      spec_.symbols.push_back(symbol);
      instruments_[symbol] = Instrument{.symbol = symbol,
                                        .tick_size = Decimal::Of("0.01"),
                                        .lot_size = Decimal::FromInt(1),
                                        .min_notional = Decimal::FromInt(1),
                                        .shortable = true};
      Move(symbol);
    }
    decider_ = std::make_unique<Decider>(std::move(Decider::Make(DeploymentId("demo"), spec_)).value());
  }

  void Step() {
    now_ = now_ + Duration::Seconds(1 + Pick(20));
    Symbol symbol = spec_.symbols[static_cast<std::size_t>(Pick(4))];
    switch (Pick(8)) {
      case 0:
      case 1:
      case 2: {
        Move(symbol);
        Bar bar{.symbol = symbol, .timeframe = "1m", .start_time = now_, .close = quotes_[symbol].last_price};
        Take(decider_->OnBar(bar, Context()));
        break;
      }
      case 3:
      case 4:
        Move(symbol);
        Take(decider_->OnQuote(symbol, Context()));
        break;
      case 5:
      case 6:
        Answer();
        break;
      default:
        if (Chance(10)) Take(decider_->CloseAll("manual", Context()));
        if (Chance(10)) Restart();
    }
    Check();
  }

  // Lets every order end and closes what is left.
  void Finish() {
    for (int i = 0; i < 100 && (!decider_->flat() || decider_->any_working()); ++i) {
      now_ = now_ + Duration::Seconds(6);
      for (const Symbol& symbol : spec_.symbols) quotes_[symbol].session_open = true;
      Take(decider_->CloseAll("manual", Context()));
      while (!orders_.empty()) Fill(orders_.begin()->first, orders_.begin()->second.left, true);
      Check();
    }
    EXPECT_TRUE(decider_->flat());
    EXPECT_FALSE(decider_->any_working());
    for (const auto& [symbol, state] : decider_->states()) EXPECT_EQ(state.cost, Decimal()) << symbol.value();
  }

  int entries = 0;
  int exits = 0;

 private:
  struct Working {
    Decision decision;
    Decimal left;
    Decimal filled;
  };

  int Pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool Chance(int percent) { return Pick(100) < percent; }
  void Move(const Symbol& symbol) {
    Decimal price = Decimal::FromInt(90 + Pick(20));
    quotes_[symbol] = Quote{.symbol = symbol,
                            .bid_price = price,
                            .ask_price = price + Decimal::Of("0.01"),
                            .last_price = price,
                            .session_open = Chance(90)};
  }
  DecisionContext Context() {
    return {.market_time = now_,
            .quotes = quotes_,
            .instruments = instruments_,
            .equity = Chance(90) ? std::optional(Decimal::FromInt(100'000)) : std::nullopt,
            .entries_allowed = Chance(90)};
  }
  void Take(const std::vector<Decision>& decisions) {
    for (const Decision& decision : decisions) {
      ASSERT_EQ(decision.sequence, ++sequence_) << "gapless";
      if (!decision.intent) continue;
      for (const auto& [id, order] : orders_)
        ASSERT_NE(order.decision.symbol, decision.symbol) << "two orders under way";
      Decimal held = held_[decision.symbol];
      ASSERT_TRUE(decision.intent->quantity.IsPositive());
      if (decision.intent->reduce_only) {
        ++exits;
        ASSERT_EQ(decision.intent->quantity, held.Abs()) << "an exit is what is held";
        ASSERT_EQ(decision.intent->side, held.IsPositive() ? Side::kSell : Side::kBuy);
      } else {
        ++entries;
        ASSERT_TRUE(held.IsZero()) << "an entry starts from flat";
        ASSERT_TRUE(spec_.allow_short || decision.intent->side == Side::kBuy);
      }
      orders_[decider_->RequestIdOf(decision)] = {.decision = decision, .left = decision.intent->quantity};
    }
  }
  // Something happens to one of the orders under way: refused, filled, filled in part, ended.
  void Answer() {
    if (orders_.empty()) return;
    auto found = std::next(orders_.begin(), Pick(static_cast<int>(orders_.size())));
    std::string id = found->first;
    Working& order = found->second;
    if (order.filled.IsZero() && Chance(30)) {
      decider_->OnRefused(id, now_);
      orders_.erase(found);
      return;
    }
    Decimal part = Chance(60) ? order.left : Decimal::FromInt(1 + Pick(50));
    Fill(id, std::min(part, order.left), Chance(50));
  }
  void Fill(const std::string& id, Decimal quantity, bool end) {
    Working& order = orders_.at(id);
    order.left -= quantity;
    order.filled += quantity;
    bool done = order.left.IsZero();
    OrderEvent event;
    event.order = Order{.request_id = RequestId(id),
                        .deployment_id = DeploymentId("demo"),
                        .symbol = order.decision.symbol,
                        .status = done  ? OrderStatus::kFilled
                                  : end ? OrderStatus::kCanceled
                                        : OrderStatus::kPartiallyFilled,
                        .cumulative_quantity = order.filled};
    event.fill = ballast::Fill{.deployment_id = DeploymentId("demo"),
                               .symbol = order.decision.symbol,
                               .side = order.decision.intent->side,
                               .quantity = quantity,
                               .price = quotes_[order.decision.symbol].last_price};
    held_[order.decision.symbol] += order.decision.intent->side == Side::kBuy ? quantity : -quantity;
    EXPECT_TRUE(decider_->OnOrderEvent(event, now_));
    if (done || end) orders_.erase(id);
  }
  void Restart() {
    auto states = decider_->states();
    std::uint64_t sequence = decider_->last_sequence();
    decider_ = std::make_unique<Decider>(std::move(Decider::Make(DeploymentId("demo"), spec_)).value());
    decider_->Restore(sequence, std::move(states));
  }
  void Check() {
    ASSERT_LE(decider_->open_positions(), spec_.max_open_positions);
    ASSERT_EQ(decider_->last_sequence(), sequence_);
    for (const auto& [symbol, state] : decider_->states()) {
      ASSERT_EQ(state.quantity, held_[symbol]);
      ASSERT_EQ(state.quantity.Sign(), state.cost.Sign());
      ASSERT_TRUE(state.working_request.empty() || orders_.contains(state.working_request)) << "waits for nothing";
    }
  }

  std::mt19937 random_;
  Spec spec_;
  std::unique_ptr<Decider> decider_;
  std::map<Symbol, Quote> quotes_;
  std::map<Symbol, Instrument> instruments_;
  std::map<Symbol, Decimal> held_;
  std::map<std::string, Working> orders_;
  UtcTime now_{1'000'000'000'000};
  std::uint64_t sequence_ = 0;
};

TEST(DeciderProperty, KeepsItsPromisesWhateverHappens) {
  int entries = 0;
  int exits = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 500 && !::testing::Test::HasFatalFailure(); ++i) world.Step();
    world.Finish();
    if (::testing::Test::HasFailure()) return;
    entries += world.entries;
    exits += world.exits;
  }
  // It did trade: the promises were not kept by doing nothing.
  EXPECT_GT(entries, 2'000);
  EXPECT_GT(exits, 2'000);
}

}  // namespace
}  // namespace ballast::strategy
