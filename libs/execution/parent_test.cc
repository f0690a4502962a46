#include "libs/execution/parent.h"

#include <algorithm>
#include <map>
#include <set>

#include "gtest/gtest.h"
#include "libs/base/rng.h"

namespace ballast::execution {
namespace {

const UtcTime kStart{1'700'000'000'000'000'000};

ParentRecord Record(AlgoType type, const char* quantity, std::int64_t seconds = 100, int slices = 10) {
  ParentRecord record{.id = "a1",
                      .spec = {.account_id = AccountId("paper"),
                               .symbol = Symbol("SPY"),
                               .side = Side::kBuy,
                               .quantity = Decimal::Of(quantity),
                               .type = type,
                               .start_time = kStart,
                               .duration = Duration::Seconds(seconds),
                               .seed = 1},
                      .lot = Decimal::Of("1"),
                      .min_notional = Decimal::Of("1")};
  if (record.spec.scheduled()) record.spec.slices = slices;
  return record;
}

Quote MakeQuote(const char* bid, const char* ask) {
  return {.symbol = Symbol("SPY"),
          .bid_price = Decimal::Of(bid),
          .bid_size = Decimal::Of("100"),
          .ask_price = Decimal::Of(ask),
          .ask_size = Decimal::Of("100"),
          .session_open = true};
}

Sight At(std::int64_t seconds, const char* bid = "99", const char* ask = "101") {
  return {.now = kStart + Duration::Seconds(seconds), .quote = MakeQuote(bid, ask)};
}

std::uint64_t sequence = 0;

Order OrderOf(const ChildOrder& child, OrderStatus status, Decimal filled, std::optional<Rejection> why = {}) {
  return {.order_id = OrderId("o" + std::to_string(child.number)),
          .quantity = child.terms.quantity,
          .status = status,
          .cumulative_quantity = filled,
          .average_price = filled.IsZero() ? Decimal() : Decimal::Of("101"),
          .rejection = std::move(why),
          .sequence = ++sequence};
}

// Places what is decided and fills it whole; how much.
Decimal StepAndFill(Parent& parent, const Sight& sight) {
  Decision decision = parent.Decide(sight);
  if (!decision.place) return {};
  const ChildOrder child = parent.Place(*decision.place, sight);
  EXPECT_TRUE(parent.OnOrder(child.number, OrderOf(child, OrderStatus::kFilled, child.terms.quantity), {}, sight.now));
  return child.terms.quantity;
}

TEST(ParentTest, ATwapSendsEachSliceAndEndsFilled) {
  Parent parent(Record(AlgoType::kTwap, "25"));
  EXPECT_EQ(parent.Decide(At(-1)).waits_for, "its start");
  std::vector<std::string> sent;
  for (int second = 0; second < 100; ++second) {
    Decimal quantity = StepAndFill(parent, At(second));
    if (quantity.IsPositive()) sent.push_back(std::to_string(second) + ":" + quantity.ToString());
  }
  EXPECT_EQ(sent,
            (std::vector<std::string>{"0:2", "10:3", "20:2", "30:3", "40:2", "50:3", "60:2", "70:3", "80:2", "90:3"}));
  EXPECT_EQ(parent.record().state, ParentState::kFilled);
  EXPECT_EQ(parent.Filled(), Decimal::Of("25"));
  EXPECT_EQ(parent.AveragePrice(), Decimal::Of("101"));
  EXPECT_EQ(parent.record().arrival_price, Decimal::Of("100"));
}

TEST(ParentTest, WhatDidNotFillIsCaughtUpWithAndItsEndIsItsEnd) {
  Parent parent(Record(AlgoType::kTwap, "20"));
  Decision decision = parent.Decide(At(0));
  ASSERT_TRUE(decision.place);
  EXPECT_EQ(decision.place->type, OrderType::kMarket);
  EXPECT_EQ(decision.place->time_in_force, TimeInForce::kIoc);
  ChildOrder child = parent.Place(*decision.place, At(0));
  EXPECT_EQ(parent.Decide(At(1)).waits_for, "the answer to child 1");
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kCanceled, Decimal::Of("1")), {}, At(1).now));
  // A quarter of a slice later the rest is tried again.
  EXPECT_EQ(parent.Decide(At(2)).waits_for, "a moment after the last child");
  EXPECT_EQ(parent.Decide(At(3)).place->quantity, Decimal::Of("1"));
  EXPECT_EQ(parent.Decide(At(10)).place->quantity, Decimal::Of("3"));
  Decision end = parent.Decide(At(100));
  EXPECT_TRUE(end.changed && !end.place);
  EXPECT_EQ(parent.record().state, ParentState::kExpired);
  EXPECT_EQ(parent.record().reason->message, "its end came with 19 of 20 not filled");
}

TEST(ParentTest, ALimitIsNeverPassedAndIsWaitedFor) {
  ParentRecord record = Record(AlgoType::kTwap, "20");
  record.spec.limit_price = Decimal::Of("100");
  Parent parent(record);
  EXPECT_EQ(parent.Decide(At(0)).waits_for, "the market to come within its limit");
  Decision decision = parent.Decide(At(11, "99", "100"));
  ASSERT_TRUE(decision.place);
  EXPECT_EQ(*decision.place, (ChildTerms{Decimal::Of("4"), OrderType::kLimit, TimeInForce::kIoc, Decimal::Of("100")}));
}

TEST(ParentTest, NothingIsSentIntoAMarketThatIsNotThere) {
  Parent parent(Record(AlgoType::kTwap, "20"));
  Sight sight = At(0);
  sight.quote->halted = true;
  EXPECT_EQ(parent.Decide(sight).waits_for, "the end of a trading halt");
  sight = At(0);
  sight.quote->session_open = false;
  EXPECT_EQ(parent.Decide(sight).waits_for, "the open");
  sight = At(0);
  sight.quote->stale = true;
  EXPECT_EQ(parent.Decide(sight).waits_for, "a fresh quote");
  sight.quote.reset();
  EXPECT_EQ(parent.Decide(sight).waits_for, "a quote");
}

TEST(ParentTest, PovFollowsTheVolume) {
  ParentRecord record = Record(AlgoType::kPov, "50", 1000);
  record.spec.participation_ratio = Decimal::Of("0.1");
  Parent parent(record);
  auto bar = [&](std::int64_t second, const char* volume) {
    Bar one{.symbol = Symbol("SPY"), .start_time = kStart + Duration::Seconds(second)};
    one.high = one.low = one.close = Decimal::Of("100");
    one.volume = Decimal::Of(volume);
    return parent.OnBar(one);
  };
  EXPECT_EQ(parent.Decide(At(0)).waits_for, "the market's volume");
  EXPECT_FALSE(bar(-1, "5000"));  // before it began
  EXPECT_TRUE(bar(0, "95"));
  EXPECT_FALSE(bar(0, "95"));  // counted once
  EXPECT_EQ(StepAndFill(parent, At(1)), Decimal::Of("9"));
  EXPECT_TRUE(bar(1, "5"));
  EXPECT_EQ(parent.Decide(At(5)).waits_for, "a moment after the last child");
  EXPECT_EQ(StepAndFill(parent, At(6)), Decimal::Of("1"));
  EXPECT_TRUE(bar(2, "100000"));
  EXPECT_EQ(StepAndFill(parent, At(11)), Decimal::Of("40"));
  (void)parent.Decide(At(12));
  EXPECT_EQ(parent.record().state, ParentState::kFilled);
  EXPECT_FALSE(bar(3, "1"));
}

TEST(ParentTest, AnIcebergShowsOneTipAtATime) {
  ParentRecord record = Record(AlgoType::kIceberg, "25", 0);
  record.spec.limit_price = Decimal::Of("98");
  record.spec.display_quantity = Decimal::Of("10");
  Parent parent(record);
  Decision decision = parent.Decide(At(0));
  ASSERT_TRUE(decision.place);
  EXPECT_EQ(*decision.place, (ChildTerms{Decimal::Of("10"), OrderType::kLimit, TimeInForce::kGtc, Decimal::Of("98")}));
  ChildOrder first = parent.Place(*decision.place, At(0));
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(first, OrderStatus::kPartiallyFilled, Decimal::Of("4")), {}, At(1).now));
  EXPECT_EQ(parent.Decide(At(5)).waits_for, "fills of what is shown");
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(first, OrderStatus::kFilled, Decimal::Of("10")), {}, At(6).now));
  EXPECT_EQ(StepAndFill(parent, At(7)), Decimal::Of("10"));
  EXPECT_EQ(StepAndFill(parent, At(9)), Decimal::Of("5"));
  (void)parent.Decide(At(9));
  EXPECT_EQ(parent.record().state, ParentState::kFilled);
}

TEST(ParentTest, AnIcebergOfChanceShowsNeverMore) {
  ParentRecord record = Record(AlgoType::kIceberg, "1000", 0);
  record.spec.limit_price = Decimal::Of("98");
  record.spec.display_quantity = Decimal::Of("10");
  record.spec.jitter_ratio = Decimal::Of("0.5");
  Parent parent(record);
  std::set<std::string> sizes;
  for (int second = 0; !parent.finished() && second < 1000; second += 2) {
    Decimal shown = StepAndFill(parent, At(second));
    if (shown.IsZero()) continue;
    EXPECT_LE(shown, Decimal::Of("10"));
    sizes.insert(shown.ToString());
  }
  EXPECT_EQ(parent.record().state, ParentState::kFilled);
  EXPECT_GE(sizes.size(), 4U);
}

TEST(ParentTest, PausedItCancelsWhatRestsAndSendsNothing) {
  ParentRecord record = Record(AlgoType::kIceberg, "25", 0);
  record.spec.limit_price = Decimal::Of("98");
  record.spec.display_quantity = Decimal::Of("10");
  Parent parent(record);
  ChildOrder child = parent.Place(*parent.Decide(At(0)).place, At(0));
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kNew, {}), {}, At(0).now));
  ASSERT_TRUE(parent.Pause({.message = "by user:a"}));
  ASSERT_TRUE(parent.Pause({.message = "by user:b"}));
  EXPECT_EQ(parent.record().reason->message, "by user:a");
  EXPECT_EQ(parent.Decide(At(1)).cancel, std::vector<std::uint32_t>{1});
  parent.OnCancelAsked(1);
  EXPECT_TRUE(parent.Decide(At(2)).cancel.empty());
  EXPECT_EQ(parent.Working(), Decimal::Of("10"));
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kCanceled, Decimal::Of("3")), {}, At(2).now));
  EXPECT_EQ(parent.record().state, ParentState::kPaused);
  EXPECT_FALSE(parent.Decide(At(50)).place);
  ASSERT_TRUE(parent.Resume());
  EXPECT_EQ(parent.Decide(At(51)).place->quantity, Decimal::Of("10"));
  EXPECT_EQ(parent.Remaining(), Decimal::Of("22"));
}

TEST(ParentTest, CancelledItWaitsForItsChildren) {
  Parent parent(Record(AlgoType::kTwap, "20"));
  ChildOrder child = parent.Place(*parent.Decide(At(0)).place, At(0));
  parent.End(ParentState::kCanceled, Rejection{.message = "by user:a"});
  EXPECT_FALSE(parent.Pause({}));
  EXPECT_FALSE(parent.Resume());
  EXPECT_EQ(parent.Decide(At(1)).waits_for, "the end of its children");
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kFilled, Decimal::Of("2")), {}, At(1).now));
  EXPECT_TRUE(parent.Decide(At(2)).changed);
  EXPECT_EQ(parent.record().state, ParentState::kCanceled);
  EXPECT_EQ(parent.Filled(), Decimal::Of("2"));
}

TEST(ParentTest, AnUnknownChildIsExposedUntilThereIsEvidence) {
  Parent parent(Record(AlgoType::kTwap, "20"));
  ChildOrder child = parent.Place(*parent.Decide(At(0)).place, At(0));
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kUnknown, {}), {}, At(1).now));
  EXPECT_EQ(parent.Decide(At(50)).waits_for, "evidence of child 1: its outcome is not known");
  EXPECT_EQ(parent.Working(), Decimal::Of("2"));
  EXPECT_EQ(parent.Remaining(), Decimal::Of("18"));
  // Its end does not let go of it either.
  (void)parent.Decide(At(100));
  EXPECT_EQ(parent.record().state, ParentState::kEnding);
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kNeverAccepted, {}), {}, At(101).now));
  (void)parent.Decide(At(101));
  EXPECT_EQ(parent.record().state, ParentState::kExpired);
}

TEST(ParentTest, OldNewsChangesNothing) {
  Parent parent(Record(AlgoType::kTwap, "20"));
  ChildOrder child = parent.Place(*parent.Decide(At(0)).place, At(0));
  Order older = OrderOf(child, OrderStatus::kNew, {});
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kFilled, Decimal::Of("2")), {}, At(1).now));
  EXPECT_FALSE(parent.OnOrder(1, older, {}, At(1).now));
  EXPECT_FALSE(parent.OnOrder(7, older, {}, At(1).now));
  EXPECT_TRUE(parent.record().children.at(1).ended);
}

TEST(ParentTest, ARefusalIsWaitedOutShrunkFromOrTheEnd) {
  auto refused = [](RejectReason reason, std::optional<Decimal> passable) {
    Parent parent(Record(AlgoType::kTwap, "200"));
    ChildOrder child = parent.Place(*parent.Decide(At(0)).place, At(0));
    EXPECT_TRUE(parent.OnOrder(1,
                               OrderOf(child, OrderStatus::kDenied, {}, Rejection{.reason = reason, .message = "no"}),
                               passable, At(0).now));
    return parent;
  };
  Parent later = refused(RejectReason::kOrderRate, {});
  EXPECT_EQ(later.Decide({.now = kStart + Duration::Millis(999), .quote = MakeQuote("99", "101")}).waits_for,
            "a pause after a refusal");
  EXPECT_EQ(later.Decide(At(3)).place->quantity, Decimal::Of("20"));
  Parent smaller = refused(RejectReason::kMaxNotional, Decimal::Of("7.5"));
  EXPECT_EQ(smaller.Decide(At(3)).place->quantity, Decimal::Of("7"));
  Parent halved = refused(RejectReason::kMaxQuantity, {});
  EXPECT_EQ(halved.Decide(At(3)).place->quantity, Decimal::Of("10"));
  for (Parent stopped : {refused(RejectReason::kKillSwitch, {}), refused(RejectReason::kMaxPosition, Decimal())}) {
    (void)stopped.Decide(At(3));
    EXPECT_EQ(stopped.record().state, ParentState::kStopped);
    EXPECT_EQ(stopped.record().reason->message, "child 1 was refused: no");
  }
}

TEST(ParentTest, RefusedForeverItStops) {
  Parent parent(Record(AlgoType::kTwap, "10", 100'000));
  int sent = 0;
  for (int second = 0; !parent.finished() && second < 90'000; ++second) {
    Decision decision = parent.Decide(At(second));
    if (!decision.place) continue;
    ChildOrder child = parent.Place(*decision.place, At(second));
    ++sent;
    (void)parent.OnOrder(child.number,
                         OrderOf(child, OrderStatus::kDenied, {}, Rejection{.reason = RejectReason::kOrderRate}), {},
                         At(second).now);
  }
  EXPECT_EQ(sent, Parent::kRefusalsMax);
  EXPECT_EQ(parent.record().state, ParentState::kStopped);
}

TEST(ParentTest, SomebodyElsesCancelPausesIt) {
  ParentRecord record = Record(AlgoType::kIceberg, "25", 0);
  record.spec.limit_price = Decimal::Of("98");
  record.spec.display_quantity = Decimal::Of("10");
  Parent parent(record);
  ChildOrder child = parent.Place(*parent.Decide(At(0)).place, At(0));
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kCanceled, {}), {}, At(0).now));
  EXPECT_EQ(parent.record().state, ParentState::kPaused);
  EXPECT_EQ(parent.record().reason->message, "somebody else has cancelled child 1");
}

TEST(ParentTest, NeverSentGivesItsQuantityBack) {
  Parent parent(Record(AlgoType::kTwap, "20"));
  (void)parent.Place(*parent.Decide(At(0)).place, At(0));
  EXPECT_EQ(parent.Remaining(), Decimal::Of("18"));
  ASSERT_TRUE(parent.OnNeverSent(1, std::nullopt));
  EXPECT_FALSE(parent.OnNeverSent(1, std::nullopt));
  EXPECT_EQ(parent.Remaining(), Decimal::Of("20"));
  EXPECT_EQ(parent.Decide(At(5)).place->quantity, Decimal::Of("2"));
  EXPECT_EQ(parent.Place(*parent.Decide(At(5)).place, At(5)).number, 2U);
}

TEST(ParentTest, WhatIsTooSmallForTheVenueEndsIt) {
  ParentRecord record = Record(AlgoType::kTwap, "20");
  record.min_notional = Decimal::Of("500");
  Parent parent(record);
  // 2 are below; from the third slice on there is enough.
  EXPECT_EQ(parent.Decide(At(0)).waits_for, "the next slice");
  ChildOrder child = parent.Place(*parent.Decide(At(20)).place, At(20));
  EXPECT_EQ(child.terms.quantity, Decimal::Of("6"));
  ASSERT_TRUE(parent.OnOrder(1, OrderOf(child, OrderStatus::kFilled, Decimal::Of("6")), {}, At(20).now));
  // The rest of 14: 10 now would leave 4, which nobody could trade.
  ChildOrder second = parent.Place(*parent.Decide(At(70)).place, At(70));
  EXPECT_EQ(second.terms.quantity, Decimal::Of("14"));
  ASSERT_TRUE(parent.OnOrder(2, OrderOf(second, OrderStatus::kCanceled, Decimal::Of("12")), {}, At(70).now));
  (void)parent.Decide(At(80));
  (void)parent.Decide(At(80));
  EXPECT_EQ(parent.record().state, ParentState::kStopped);
  EXPECT_EQ(parent.record().reason->reason, RejectReason::kMinNotional);
}

// A venue that does what it likes: fills, refuses, forgets, answers twice and late, and people who interfere. Nothing
// of it makes the children more than their parent, and each parent ends.
TEST(ParentTest, ChildrenAreNeverMoreThanTheirParent) {
  int ended[8] = {};
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    Rng rng(seed);
    auto type = static_cast<AlgoType>(rng.Between(1, 5));
    ParentRecord record = Record(type, "1", rng.Between(20, 200), static_cast<int>(rng.Between(1, 20)));
    record.spec.quantity = Decimal::FromInt(rng.Between(1, 300));
    record.spec.participation_ratio = Decimal::Of("0.2");
    record.spec.urgency = Decimal::Of("3");
    record.spec.volume_curve.assign(static_cast<std::size_t>(std::max(1, record.spec.slices)), Decimal::FromInt(1));
    record.spec.display_quantity = Decimal::FromInt(rng.Between(1, 20));
    record.spec.jitter_ratio = Decimal::Of("0.3");
    if (type == AlgoType::kIceberg || rng.Below(2) == 0) record.spec.limit_price = Decimal::Of("101");
    Parent parent(record);
    std::map<std::uint32_t, std::pair<ChildOrder, Decimal>> open;
    for (int second = -5; second < 400 && !parent.finished(); ++second) {
      Sight sight = At(second);
      if (rng.Below(10) == 0) sight.quote.reset();
      Bar bar{.start_time = sight.now, .volume = Decimal::FromInt(rng.Between(0, 60))};
      (void)parent.OnBar(bar);
      Decision decision = parent.Decide(sight);
      for (std::uint32_t number : decision.cancel) parent.OnCancelAsked(number);
      if (decision.place) {
        ASSERT_GE(second, 0);
        ASSERT_TRUE(decision.place->quantity.IsMultipleOf(record.lot));
        ASSERT_LE(parent.Filled() + parent.Working() + decision.place->quantity, parent.Target(sight.now));
        ChildOrder child = parent.Place(*decision.place, sight);
        open[child.number] = {child, Decimal()};
      }
      for (auto& [number, at] : open) {
        auto& [child, filled] = at;
        auto tell = [&](OrderStatus status, std::optional<Rejection> why = {}) {
          Order order = OrderOf(child, status, filled, std::move(why));
          (void)parent.OnOrder(number, order, {}, sight.now);
          if (rng.Below(4) == 0) EXPECT_FALSE(parent.OnOrder(number, order, {}, sight.now));
        };
        bool left = filled < child.terms.quantity && !parent.record().children.at(number).ended;
        if (!left) continue;
        switch (rng.Below(8)) {
          case 0:
            tell(OrderStatus::kNew);
            break;
          case 1:
          case 2:
            filled = std::min(child.terms.quantity, filled + Decimal::FromInt(rng.Between(1, 30)));
            tell(filled == child.terms.quantity ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled);
            break;
          case 3:
            tell(OrderStatus::kUnknown);
            break;
          case 4:
            if (filled.IsZero()) tell(OrderStatus::kDenied, Rejection{.reason = RejectReason::kOrderRate});
            break;
          case 5:
            tell(OrderStatus::kCanceled);
            break;
          default:
            break;  // silence
        }
      }
      if (rng.Below(60) == 0) (void)parent.Pause({});
      if (rng.Below(10) == 0) (void)parent.Resume();
      if (rng.Below(400) == 0) parent.End(ParentState::kCanceled, std::nullopt);
      ASSERT_LE(parent.Filled() + parent.Working(), record.spec.quantity) << seed;
      ASSERT_EQ(parent.Filled() + parent.Working() + parent.Remaining(), record.spec.quantity) << seed;
    }
    ++ended[static_cast<int>(parent.record().state)];
    if (parent.record().state == ParentState::kFilled) ASSERT_EQ(parent.Filled(), record.spec.quantity);
  }
  // All of them happen.
  EXPECT_GT(ended[static_cast<int>(ParentState::kFilled)], 300);
  EXPECT_GT(ended[static_cast<int>(ParentState::kExpired)], 100);
  EXPECT_GT(ended[static_cast<int>(ParentState::kCanceled)], 30);
}

}  // namespace
}  // namespace ballast::execution
