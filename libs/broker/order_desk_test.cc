#include "libs/broker/order_desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "libs/broker/testing/scripted_session.h"

namespace ballast::broker {
namespace {

const AccountId kAccount("paper");
const OrderId kOrder("o1");
constexpr UtcTime kStart{1'700'000'000'000'000'000};

Order Buy(const OrderId& id, const char* quantity) {
  Order order;
  order.order_id = id;
  order.account_id = kAccount;
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kBuy;
  order.type = OrderType::kMarket;
  order.quantity = Decimal::Of(quantity);
  return order;
}

Trade TradeOf(const char* root, std::uint32_t version, const char* quantity, bool busted) {
  return {.order_id = kOrder,
          .broker_order_id = "b1",
          .root_id = ExecutionId(root),
          .version = version,
          .busted = busted,
          .symbol = Symbol("BTC-USD"),
          .side = Side::kBuy,
          .quantity = Decimal::Of(quantity),
          .price = Decimal::FromInt(100),
          .time = kStart};
}

// A desk, a venue, and a disk between them.
struct World {
  explicit World(Capabilities capabilities = {.query_by_order_id = true, .corrections = true})
      : session(capabilities), desk(kAccount, capabilities, 0) {
    desk.Hear(SessionState{.state = SessionState::State::kReady}, now);
  }
  // One turn of whoever drives them.
  void Turn() {
    for (const Fact& fact : session.Poll(now)) desk.Hear(fact, now);
    Store();
    Send();
  }
  void Store() {
    OrderDesk::Batch batch = desk.TakeBatch();
    for (const OrderId& id : batch.orders) stored.insert(id);
    for (Execution& execution : batch.executions) told.push_back(std::move(execution));
  }
  void Send() {
    OrderDesk::Sends sends = desk.TakeSends(now);
    for (const Order& order : sends.submit) {
      EXPECT_TRUE(stored.contains(order.order_id)) << "sent before its intent was durable";
      session.Submit(order);
    }
    for (const CancelIntent& cancel : sends.cancel) session.Cancel(cancel);
    for (const ReplaceIntent& replace : sends.replace) session.Replace(replace);
    for (const QueryIntent& query : sends.query) session.Query(query);
  }
  void Says(std::vector<Fact> facts) {
    session.says = std::move(facts);
    Turn();
  }
  [[nodiscard]] int Count(ExecutionType type) const {
    return static_cast<int>(
        std::count_if(told.begin(), told.end(), [&](const Execution& each) { return each.type == type; }));
  }
  // What whoever follows the executions holds.
  [[nodiscard]] Decimal Net() const {
    std::map<ExecutionId, Decimal> trades;
    for (const Execution& each : told) {
      if (each.type == ExecutionType::kTrade) {
        EXPECT_FALSE(trades.contains(each.execution_id)) << "told twice";
        trades[each.execution_id] = each.last_quantity;
      } else if (each.type == ExecutionType::kTradeCorrect) {
        EXPECT_TRUE(trades.contains(each.exec_ref_id)) << "corrects what was never told";
        trades[each.exec_ref_id] = each.last_quantity;
      } else if (each.type == ExecutionType::kTradeCancel) {
        EXPECT_EQ(trades.erase(each.exec_ref_id), 1U) << "busts what was never told";
      }
    }
    return std::accumulate(trades.begin(), trades.end(), Decimal(),
                           [](const Decimal& sum, const auto& trade) { return sum + trade.second; });
  }
  void Check() const {
    std::set<ExecutionId> ids;
    int ends = 0;
    bool traded = false;
    for (std::size_t i = 0; i < told.size(); ++i) {
      const Execution& each = told[i];
      EXPECT_EQ(each.execution_sequence, i + 1);
      if (!each.execution_id.empty()) EXPECT_TRUE(ids.insert(each.execution_id).second) << "an id twice";
      if (each.type == ExecutionType::kNew) EXPECT_FALSE(traded) << "accepted after it traded";
      traded |= each.type == ExecutionType::kTrade;
      ends += each.type == ExecutionType::kCanceled || each.type == ExecutionType::kRejected ||
                      each.type == ExecutionType::kExpired || each.type == ExecutionType::kNotSent
                  ? 1
                  : 0;
    }
    // Reopened by each trade that is told late, and ended again.
    EXPECT_LE(ends, 1 + Count(ExecutionType::kTrade));
    EXPECT_LE(Count(ExecutionType::kNew), 1);
    EXPECT_LE(Count(ExecutionType::kStatusUnknown), 1);
    for (const auto& [id, count] : session.submitted) EXPECT_EQ(count, 1) << id.value();
  }

  UtcTime now = kStart;
  ScriptedSession session;
  OrderDesk desk;
  std::set<OrderId> stored;
  std::vector<Execution> told;
};

TEST(OrderDeskTest, NothingIsSentBeforeItsIntentIsDurableAndThenOnce) {
  World world;
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Send();
  EXPECT_TRUE(world.session.submitted.empty());
  world.Turn();
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Turn();
  EXPECT_EQ(world.session.submitted.at(kOrder), 1);
  EXPECT_TRUE(world.told.empty());
}

TEST(OrderDeskTest, NothingIsSentWhileTheSessionIsNotReady) {
  World world;
  world.Says({SessionState{.state = SessionState::State::kResyncing}});
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  EXPECT_TRUE(world.session.submitted.empty());
  // Its cancel needs no venue.
  world.desk.Cancel(kOrder, world.now);
  world.Says({SessionState{.state = SessionState::State::kReady}});
  EXPECT_TRUE(world.session.submitted.empty());
  EXPECT_EQ(world.Count(ExecutionType::kCanceled), 1);
  world.Check();
}

// Whoever asks again hears of it: to take it for never sent would end it, or send it twice.
TEST(OrderDeskTest, WhatHasNotLeftYetIsUnansweredToo) {
  World world;
  world.Says({SessionState{.state = SessionState::State::kResyncing}});
  world.desk.Take(Buy(kOrder, "3"), world.now);
  EXPECT_EQ(world.desk.Unanswered(), std::vector{kOrder});
  world.Turn();
  EXPECT_TRUE(world.desk.out().empty());
  EXPECT_EQ(world.desk.Unanswered(), std::vector{kOrder});
  world.Says({SessionState{.state = SessionState::State::kReady}});
  EXPECT_EQ(world.desk.Unanswered(), std::vector{kOrder});
  world.Says({Ack{.order_id = kOrder, .broker_order_id = "b1", .time = world.now}});
  EXPECT_TRUE(world.desk.Unanswered().empty());
}

// Approved, and then the session was away or the process stood still: what held then need not hold now.
TEST(OrderDeskTest, WhatMayLeaveIsAskedAgainWhenItLeaves) {
  World world;
  world.Says({SessionState{.state = SessionState::State::kResyncing}});
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.desk.Take(Buy(OrderId("o2"), "4"), world.now);
  world.Turn();
  world.desk.Hear(SessionState{.state = SessionState::State::kReady}, world.now);
  world.Store();
  OrderDesk::Sends sends = world.desk.TakeSends(world.now, [](const Order& order) -> std::optional<Rejection> {
    if (order.order_id != kOrder) return std::nullopt;
    return Rejection{.reason = RejectReason::kGatewayCheck, .check = "trade_permission", .message = "it has lapsed"};
  });
  ASSERT_EQ(sends.submit.size(), 1U);
  EXPECT_EQ(sends.submit.front().order_id, OrderId("o2"));
  world.Store();
  EXPECT_EQ(world.Count(ExecutionType::kRejected), 1);
  EXPECT_EQ(world.told.back().rejection->check, "trade_permission");
  EXPECT_EQ(world.desk.Find(kOrder)->way, OrderDesk::Way::kClosed);
  EXPECT_TRUE(world.desk.TakeSends(world.now).submit.empty());
}

// Every fact a venue may tell of one order, each possibly twice, in every order.
TEST(OrderDeskTest, EachFactIsToldOnceInWhicheverOrderItComes) {
  const std::vector<Fact> facts = {
      Ack{.order_id = kOrder, .broker_order_id = "b1", .time = kStart},
      TradeOf("t1", 0, "1", false),
      TradeOf("t1", 1, "1.5", false),
      TradeOf("t2", 0, "0.5", false),
      TradeOf("t2", 1, "0.5", true),
      Ended{.order_id = kOrder, .status = OrderStatus::kCanceled, .time = kStart},
      OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork, .message = "timeout"},
  };
  std::vector<std::size_t> order(facts.size());
  std::iota(order.begin(), order.end(), 0U);
  int permutations = 0;
  do {
    World world;
    world.desk.Take(Buy(kOrder, "3"), world.now);
    world.Turn();
    for (std::size_t i = 0; i < order.size(); ++i) {
      // A part comes twice, once at once and once late.
      world.Says({facts[order[i]]});
      world.Says({facts[order[i]], facts[order[i / 2]]});
    }
    world.Check();
    ASSERT_EQ(world.Net(), Decimal::Of("1.5")) << testing::PrintToString(order);
    ASSERT_EQ(world.desk.Find(kOrder)->order.cumulative_quantity, Decimal::Of("1.5"));
    ASSERT_GE(world.Count(ExecutionType::kCanceled), 1);
    // Where a trade came after the end it is open again, until the venue's record says otherwise.
    world.Says({OrderRecord{.order_id = kOrder,
                            .broker_order_id = "b1",
                            .status = OrderStatus::kCanceled,
                            .cumulative_quantity = Decimal::Of("1.5"),
                            .as_of = kStart}});
    ASSERT_EQ(world.desk.Find(kOrder)->way, OrderDesk::Way::kClosed);
    ASSERT_EQ(world.told.back().leaves_quantity, Decimal());
    ++permutations;
  } while (!testing::Test::HasFailure() && std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(permutations, 5'040);
}

// Facts that cannot all be true: none is lost or told twice, and somebody is told to look.
TEST(OrderDeskTest, FactsThatContradictEachOtherAreBookedAndMarked) {
  const std::vector<Fact> facts = {
      NotSent{.order_id = kOrder, .error = ErrorClass::kNetwork},
      DefinitiveReject{.order_id = kOrder, .rejection = {.reason = RejectReason::kBrokerRejected}, .time = kStart},
      TradeOf("t1", 0, "2", false),
      TradeOf("t2", 0, "2", false),
      OrderRecord{.order_id = kOrder,
                  .broker_order_id = "b1",
                  .status = OrderStatus::kFilled,
                  .cumulative_quantity = Decimal::FromInt(4),
                  .as_of = kStart},
      NotFound{.order_id = kOrder, .as_of = kStart + Duration::Seconds(60)},
  };
  std::vector<std::size_t> order(facts.size());
  std::iota(order.begin(), order.end(), 0U);
  do {
    World world;
    world.desk.Take(Buy(kOrder, "3"), world.now);
    world.Turn();
    for (std::size_t i : order) world.Says({facts[i], facts[i]});
    world.Check();
    ASSERT_EQ(world.Net(), Decimal::FromInt(4)) << testing::PrintToString(order);
    ASSERT_TRUE(world.desk.Find(kOrder)->contradicted) << testing::PrintToString(order);
  } while (!testing::Test::HasFailure() && std::next_permutation(order.begin(), order.end()));
}

// The venue filled it, took a trade of it back, and told that before the rest: what is left will never trade.
TEST(OrderDeskTest, AnOrderMadeElsewhereIsToldFromItsAdoptionOn) {
  World world;
  Order order = Buy(kOrder, "3");
  order.external = ballast::External{.handling = ExternalHandling::kAdopt};
  // What was said of it before is nothing to anybody.
  world.desk.Hear(Ack{.order_id = kOrder, .broker_order_id = "b1", .time = kStart}, kStart);
  world.Store();
  EXPECT_TRUE(world.told.empty());
  EXPECT_TRUE(world.desk.Adopt(order, kStart));
  EXPECT_TRUE(world.desk.Adopt(order, kStart));
  world.Store();
  ASSERT_EQ(world.Count(ExecutionType::kAdopted), 1);
  EXPECT_EQ(world.told[0].adopted->quantity, Decimal::Of("3"));
  EXPECT_EQ(world.told[0].leaves_quantity, Decimal::Of("3"));
  world.desk.Hear(TradeOf("e1", 0, "1", false), kStart);
  world.desk.Hear(Ended{.order_id = kOrder, .time = kStart}, kStart);
  world.Store();
  EXPECT_EQ(world.Count(ExecutionType::kTrade), 1);
  EXPECT_EQ(world.Count(ExecutionType::kCanceled), 1);
  EXPECT_EQ(world.Count(ExecutionType::kNew), 0);
  // One of ours is none.
  const OrderId own("own");
  world.desk.Take(Buy(own, "1"), kStart);
  EXPECT_FALSE(world.desk.Adopt(Buy(own, "1"), kStart));
}

TEST(OrderDeskTest, ACorrectionOfATradeThatWasToldBeforeARestartIsOne) {
  World world;
  Order order = Buy(kOrder, "2");
  order.status = OrderStatus::kFilled;
  order.cumulative_quantity = Decimal::Of("2");
  world.desk.RecallTrade(order, ExecutionId("e1"), {.version = 0, .quantity = Decimal::Of("2")});
  world.desk.Hear(TradeOf("e1", 1, "1", false), kStart);
  world.desk.Hear(TradeOf("e1", 1, "1", false), kStart);
  world.Store();
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].type, ExecutionType::kTradeCorrect);
  EXPECT_EQ(world.told[0].exec_ref_id, ExecutionId("e1"));
  EXPECT_EQ(world.told[0].version, 1U);
}

TEST(OrderDeskTest, AnOrderThatFilledAndLostATradeSinceEnds) {
  World world;
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({TradeOf("t2", 0, "1", false), TradeOf("t2", 1, "1", true), TradeOf("t1", 0, "2", false)});
  EXPECT_NE(world.desk.Find(kOrder)->way, OrderDesk::Way::kClosed);
  world.Says({OrderRecord{.order_id = kOrder,
                          .broker_order_id = "b1",
                          .status = OrderStatus::kFilled,
                          .cumulative_quantity = Decimal::FromInt(2),
                          .as_of = world.now}});
  EXPECT_EQ(world.Count(ExecutionType::kCanceled), 1);
  EXPECT_EQ(world.Net(), Decimal::FromInt(2));
  world.Check();
}

TEST(OrderDeskTest, ATradeOfAnOrderNobodySentIsBooked) {
  World world;
  world.Says({TradeOf("t1", 0, "1", false), TradeOf("t1", 0, "1", false)});
  EXPECT_EQ(world.Net(), Decimal::FromInt(1));
  ASSERT_NE(world.desk.Find(kOrder), nullptr);
  EXPECT_TRUE(world.desk.Find(kOrder)->contradicted);
  world.Says({TradeOf("t2", 0, "2", false)});
  EXPECT_EQ(world.Net(), Decimal::FromInt(3));
  world.Check();
}

// Both questions, and a window after which nothing is taken: 3 s, and 10 s and 5 s more.
Capabilities Asked() {
  Capabilities can{.query_by_order_id = true, .query_trades = true, .corrections = true};
  can.acceptance_window = Duration::Seconds(3);
  return can;
}
std::vector<Fact> NotThere(UtcTime as_of) {
  return {NotFound{.order_id = kOrder, .as_of = as_of, .question = VenueQuestion::kOrder},
          NotFound{.order_id = kOrder, .as_of = as_of, .question = VenueQuestion::kTrades}};
}
UtcTime At(std::int64_t ms) { return kStart + Duration::Millis(ms); }

TEST(OrderDeskTest, AQuestionWithoutAnAnswerIsAskedAgainAfterOneTwoFourAndEightSeconds) {
  World world(Asked());
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork}});
  std::vector<std::int64_t> asked;
  for (std::int64_t ms = 0; ms <= 40'000; ms += 100) {
    world.now = At(ms);
    EXPECT_EQ(world.desk.NextDue().value() <= world.now, world.now >= world.desk.Find(kOrder)->ask_time);
    std::size_t before = world.session.queried.size();
    world.Turn();
    if (world.session.queried.size() > before || ms == 0) asked.push_back(ms);
  }
  EXPECT_EQ(asked, (std::vector<std::int64_t>{0, 1'000, 3'000, 7'000, 15'000, 23'000, 31'000, 39'000}));
  // Each time both questions, by our id.
  EXPECT_EQ(world.session.queried.size(), 2 * asked.size());
  EXPECT_EQ(world.session.queried[1].question, VenueQuestion::kTrades);
  EXPECT_EQ(world.desk.Find(kOrder)->way, OrderDesk::Way::kUnknown);
  world.Check();
}

TEST(OrderDeskTest, WithoutAnAnswerTheOutcomeIsUnknownAfterTheTimeout) {
  World world(Asked());
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  EXPECT_EQ(world.desk.NextDue(), At(5'000));
  world.now = At(4'999);
  world.desk.OnTime(world.now);
  world.Turn();
  EXPECT_TRUE(world.told.empty());
  world.now = At(5'000);
  world.desk.OnTime(world.now);
  world.Turn();
  ASSERT_EQ(world.Count(ExecutionType::kStatusUnknown), 1);
  EXPECT_EQ(world.told.front().rejection->limit, "5000");
  EXPECT_EQ(world.session.queried.size(), 2U);
  // Found: what the venue says of it is told, and nobody asks any more.
  world.Says(
      {OrderRecord{.order_id = kOrder, .broker_order_id = "b1", .status = OrderStatus::kNew, .as_of = world.now}});
  EXPECT_EQ(world.Count(ExecutionType::kNew), 1);
  EXPECT_FALSE(world.desk.NextDue().has_value());
  EXPECT_TRUE(world.desk.out().empty());
  EXPECT_EQ(world.session.submitted.at(kOrder), 1);
}

TEST(OrderDeskTest, ThreeAnswersApartToTwoQuestionsAfterTheHorizonProveThatItWasNeverTaken) {
  World world(Asked());
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork}});
  // Up to the horizon no answer counts, however many.
  for (std::int64_t ms : {10'000, 14'000, 18'000}) {
    world.now = At(ms);
    world.Says(NotThere(world.now));
  }
  EXPECT_TRUE(world.desk.Find(kOrder)->evidence.empty());
  for (std::int64_t ms : {18'001, 19'000, 20'001}) {  // the second one is too close to say more
    world.now = At(ms);
    world.Says(NotThere(world.now));
  }
  EXPECT_EQ(world.Count(ExecutionType::kNeverAccepted), 0);
  world.now = At(22'001);
  world.Says(NotThere(world.now));
  ASSERT_EQ(world.Count(ExecutionType::kNeverAccepted), 1);
  const Execution& told = world.told.back();
  EXPECT_EQ(told.rejection->check, "horizon");
  EXPECT_EQ(told.rejection->limit, At(18'000).ToString());
  ASSERT_GE(told.evidence.size(), 5U);
  EXPECT_EQ(told.evidence.front(), (VenueAnswer{.question = VenueQuestion::kOrder, .as_of = At(18'001)}));
  EXPECT_EQ(told.evidence.back().as_of, At(22'001));
  EXPECT_EQ(world.session.submitted.at(kOrder), 1);  // and not sent again
  EXPECT_FALSE(world.desk.NextDue().has_value());
  world.Check();
}

TEST(OrderDeskTest, OneQuestionAloneAGapAndNoWindowProveNothing) {
  struct Case {
    const char* name;
    bool trades;
    bool window;
    bool gap;
  };
  for (const Case& each : {Case{"one question", false, true, false}, Case{"no window", true, false, false},
                           Case{"a gap", true, true, true}}) {
    Capabilities can = Asked();
    can.query_trades = each.trades;
    if (!each.window) can.acceptance_window.reset();
    World world(can);
    world.desk.Take(Buy(kOrder, "3"), world.now);
    world.Turn();
    world.Says({OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork}});
    for (std::int64_t second = 20; second < 120; second += 5) {
      world.now = At(second * 1'000);
      if (each.gap && second % 10 == 0) {
        world.Says({SessionState{.state = SessionState::State::kResyncing}});
        world.Says({SessionState{.state = SessionState::State::kReady}});
      }
      std::vector<Fact> answers = NotThere(world.now);
      if (!each.trades) answers.pop_back();
      world.Says(answers);
    }
    EXPECT_EQ(world.Count(ExecutionType::kNeverAccepted), 0) << each.name;
    EXPECT_EQ(world.desk.Find(kOrder)->way, OrderDesk::Way::kUnknown) << each.name;
  }
}

TEST(OrderDeskTest, WhatComesAfterTheProofReopensIt) {
  for (bool traded : {false, true}) {
    World world(Asked());
    world.desk.Take(Buy(kOrder, "3"), world.now);
    world.Turn();
    world.Says({OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork}});
    for (std::int64_t ms : {20'000, 22'000, 24'000}) {
      world.now = At(ms);
      world.Says(NotThere(world.now));
    }
    ASSERT_EQ(world.Count(ExecutionType::kNeverAccepted), 1);
    world.now = At(30'000);
    if (traded)
      world.Says({TradeOf("t1", 0, "1", false)});
    else
      world.Says({Ack{.order_id = kOrder, .broker_order_id = "b1", .time = world.now}});
    EXPECT_EQ(world.Count(ExecutionType::kNew), 1);
    EXPECT_EQ(world.Net(), Decimal::FromInt(traded ? 1 : 0));
    const OrderDesk::Entry& entry = *world.desk.Find(kOrder);
    EXPECT_EQ(entry.way, OrderDesk::Way::kOpen);
    EXPECT_TRUE(entry.contradicted);
    EXPECT_EQ(entry.order.leaves_quantity, Decimal::FromInt(traded ? 2 : 3));
    // How it stands the venue is asked at once.
    EXPECT_EQ(world.session.queried.back().order_id, kOrder);
  }
}

TEST(OrderDeskTest, ACancelOfWhatIsUnknownIsSentByOurIdAndAgainOnFirstSight) {
  World world(Asked());
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork}});
  world.desk.Cancel(kOrder, world.now);
  world.Turn();
  ASSERT_EQ(world.session.cancelled.size(), 1U);
  EXPECT_EQ(world.session.cancelled[0].broker_order_id, "");
  // That the venue has nothing to cancel is no answer: it has not come yet.
  world.Says({CancelReject{.order_id = kOrder, .rejection = {.reason = RejectReason::kOrderNotFound}, .time = kStart}});
  EXPECT_EQ(world.Count(ExecutionType::kCancelRejected), 0);
  world.Says({Ack{.order_id = kOrder, .broker_order_id = "b1", .time = kStart}});
  ASSERT_EQ(world.session.cancelled.size(), 2U);
  EXPECT_EQ(world.session.cancelled[1].broker_order_id, "b1");
  world.Says({Ended{.order_id = kOrder, .status = OrderStatus::kCanceled, .time = kStart}});
  EXPECT_EQ(world.Count(ExecutionType::kCanceled), 1);
  world.Check();
}

TEST(OrderDeskTest, APersonMaySayWhatBecameOfWhatIsUnknownAndOfNothingElse) {
  Capabilities never;  // no window: it would stay unknown for ever
  World world(never);
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({OutcomeUnknown{.order_id = kOrder, .error = ErrorClass::kNetwork}});
  world.desk.Resolve(kOrder, "", "user:ann: not in the venue's list", world.now);
  world.Turn();
  ASSERT_EQ(world.Count(ExecutionType::kNeverAccepted), 1);
  EXPECT_EQ(world.told.back().evidence.at(0).question, VenueQuestion::kPerson);
  EXPECT_EQ(world.told.back().evidence.at(0).text, "user:ann: not in the venue's list");
  const OrderId second("o2");
  world.desk.Take(Buy(second, "3"), world.now);
  world.Turn();
  world.Says({OutcomeUnknown{.order_id = second, .error = ErrorClass::kNetwork}});
  world.desk.Resolve(second, "v77", "user:ann: it is there", world.now);
  world.Turn();
  EXPECT_EQ(world.desk.Find(second)->way, OrderDesk::Way::kOpen);
  EXPECT_EQ(world.told.back().broker_order_id, "v77");
  world.desk.Resolve(second, "", "user:ann: no, it is not", world.now);
  EXPECT_EQ(world.desk.Find(second)->way, OrderDesk::Way::kOpen);
}

TEST(OrderDeskTest, WhatIsOutIsKeptUntilItIsKnownAndRestored) {
  World world(Asked());
  world.desk.Take(Buy(kOrder, "3"), world.now);
  EXPECT_TRUE(world.desk.TakeKept().empty());  // nothing has left
  world.Turn();
  auto kept = world.desk.TakeKept();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept.at(kOrder)->way, OrderDesk::Way::kSent);
  EXPECT_TRUE(world.desk.TakeKept().empty());  // told once
  world.desk.Cancel(kOrder, world.now);
  kept = world.desk.TakeKept();
  ASSERT_TRUE(kept.contains(kOrder));
  EXPECT_TRUE(kept.at(kOrder)->cancel_wanted);

  World after(Asked());
  after.desk = OrderDesk(kAccount, Asked(), 7);
  after.desk.RestoreKept(*kept.at(kOrder), after.now);
  after.Says({SessionState{.state = SessionState::State::kReady}});
  // It may have left, and nobody has answered.
  EXPECT_EQ(after.Count(ExecutionType::kStatusUnknown), 1);
  EXPECT_EQ(after.session.queried.size(), 2U);
  EXPECT_EQ(after.session.cancelled.size(), 1U);
  EXPECT_TRUE(after.session.submitted.empty());
  EXPECT_EQ(after.desk.out(), std::set<OrderId>{kOrder});
  after.Says({Ended{.order_id = kOrder, .status = OrderStatus::kCanceled, .time = kStart}});
  kept = after.desk.TakeKept();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_FALSE(kept.at(kOrder).has_value());
}

// At a venue whose books are elsewhere: from the intent on, with what is told of it.
TEST(OrderDeskTest, WhereTheBooksAreElsewhereAnOrderIsKeptFromTheIntentUntilItIsForgotten) {
  using Keeping = OrderDesk::Keeping;
  World world(Asked());
  world.desk = OrderDesk(kAccount, Asked(), 0, Keeping::kUntilForgotten);
  world.desk.Hear(SessionState{.state = SessionState::State::kReady}, world.now);
  world.desk.Take(Buy(kOrder, "3"), world.now);
  auto kept = world.desk.TakeKept();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept.at(kOrder)->way, OrderDesk::Way::kIntent);
  EXPECT_TRUE(world.session.submitted.empty());
  world.Turn();
  world.Says({TradeOf("t1", 0, "1", false)});
  kept = world.desk.TakeKept();
  EXPECT_EQ(kept.at(kOrder)->way, OrderDesk::Way::kOpen);
  EXPECT_EQ(kept.at(kOrder)->trades.size(), 1U);

  World after(Asked());
  after.desk = OrderDesk(kAccount, Asked(), 7, Keeping::kUntilForgotten);
  after.desk.RestoreKept(*kept.at(kOrder), after.now);
  after.Says(
      {SessionState{.state = SessionState::State::kReady}, TradeOf("t1", 0, "1", false), TradeOf("t2", 0, "2", false)});
  EXPECT_EQ(after.Count(ExecutionType::kTrade), 1);  // t1 was told in the life before
  EXPECT_TRUE(after.session.submitted.empty());
  EXPECT_EQ(after.desk.Find(kOrder)->order.status, OrderStatus::kFilled);
  EXPECT_FALSE(after.desk.Find(kOrder)->contradicted);
  // It was asked for at the start: kept until that is answered.
  EXPECT_EQ(after.desk.TakeKept().at(kOrder)->way, OrderDesk::Way::kClosed);
  after.Says({OrderRecord{.order_id = kOrder,
                          .broker_order_id = "b1",
                          .status = OrderStatus::kFilled,
                          .cumulative_quantity = Decimal::Of("3"),
                          .as_of = kStart}});
  EXPECT_FALSE(after.desk.TakeKept().contains(kOrder)) << "as it ended it is kept already";
  // Told of once more, it is kept as it is then.
  after.Says({TradeOf("t2", 1, "2", true)});
  kept = after.desk.TakeKept();
  EXPECT_TRUE(kept.at(kOrder)->trades.at(ExecutionId("t2")).busted);

  World last(Asked());
  last.desk = OrderDesk(kAccount, Asked(), 9, Keeping::kUntilForgotten);
  last.desk.RestoreKept(*kept.at(kOrder), last.now);
  last.Says({SessionState{.state = SessionState::State::kReady}});
  last.desk.Take(Buy(kOrder, "3"), last.now);
  last.Turn();
  EXPECT_TRUE(last.session.submitted.empty()) << "it has been there";
  last.desk.Forget(kOrder);
  kept = last.desk.TakeKept();
  ASSERT_TRUE(kept.contains(kOrder));
  EXPECT_FALSE(kept.at(kOrder).has_value());
  EXPECT_TRUE(last.desk.TakeKept().empty());
}

TEST(OrderDeskTest, AReplacementThatARestartCutsOffIsStillWaitedFor) {
  Capabilities can = Asked();
  can.replace = true;
  for (bool asked_again : {false, true}) {
    World world(can);
    world.desk = OrderDesk(kAccount, can, 7);
    Order order = Buy(kOrder, "3");
    order.replace_count = 1;
    world.desk.Restore({.order = order, .way = OrderDesk::Way::kOpen, .replace_answered = 0}, world.now);
    world.Says({SessionState{.state = SessionState::State::kReady}});
    const Replacement terms{.quantity = Decimal::FromInt(5), .number = 1};
    if (asked_again) {
      // Whoever asked repeats it until it is answered: it is handed over once more, and no more.
      for (int i = 0; i < 3; ++i) {
        world.desk.Replace(kOrder, terms, world.now);
        world.Turn();
      }
      EXPECT_EQ(world.session.replaced.size(), 1U);
    }
    world.Says({Replaced{.order_id = kOrder, .terms = terms, .time = kStart}});
    EXPECT_EQ(world.Count(ExecutionType::kReplaced), 1);
    EXPECT_EQ(world.desk.Find(kOrder)->order.quantity, Decimal::FromInt(5));
    world.desk.Replace(kOrder, terms, world.now);
    world.Turn();
    EXPECT_EQ(world.Count(ExecutionType::kReplaced), 1);
  }
}

TEST(OrderDeskTest, AVenueThatCannotBeAskedByOurIdProvesNothing) {
  World world(Capabilities{});
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.Says({NotFound{.order_id = kOrder, .as_of = kStart + Duration::Seconds(3'600)}});
  EXPECT_TRUE(world.told.empty());
  EXPECT_EQ(world.desk.Find(kOrder)->way, OrderDesk::Way::kSent);
}

TEST(OrderDeskTest, ARestartAsksForWhatMayHaveLeftAndSendsNothingAgain) {
  for (OrderDesk::Way way : {OrderDesk::Way::kIntent, OrderDesk::Way::kSendable, OrderDesk::Way::kSent,
                             OrderDesk::Way::kUnknown, OrderDesk::Way::kOpen, OrderDesk::Way::kClosed}) {
    Capabilities capabilities{.query_by_order_id = true};
    World world(capabilities);
    world.desk = OrderDesk(kAccount, capabilities, 7);
    world.desk.Restore({.order = Buy(kOrder, "3"), .way = way, .cancel_wanted = way == OrderDesk::Way::kOpen},
                       world.now);
    world.Says({SessionState{.state = SessionState::State::kReady}});
    EXPECT_TRUE(world.session.submitted.empty()) << static_cast<int>(way);
    bool out = way < OrderDesk::Way::kOpen;
    EXPECT_EQ(world.session.queried.size(), out ? 1U : 0U) << static_cast<int>(way);
    EXPECT_EQ(world.session.cancelled.size(), way == OrderDesk::Way::kOpen ? 1U : 0U) << static_cast<int>(way);
    // The venue has it after all.
    world.Says({TradeOf("t1", 0, "1", false)});
    EXPECT_EQ(world.Net(), Decimal::FromInt(1));
    EXPECT_EQ(world.told.front().execution_sequence, 8U);
  }
}

TEST(OrderDeskTest, ACancelIsSentOnceASessionAndNotAfterTheEnd) {
  World world;
  world.desk.Take(Buy(kOrder, "3"), world.now);
  world.Turn();
  world.desk.Cancel(kOrder, world.now);
  world.desk.Cancel(kOrder, world.now);
  world.Turn();
  world.Turn();
  EXPECT_EQ(world.session.cancelled.size(), 1U);
  world.Says({SessionState{.state = SessionState::State::kDown}});
  world.Says({SessionState{.state = SessionState::State::kReady}});
  EXPECT_EQ(world.session.cancelled.size(), 2U);
  world.Says({Ended{.order_id = kOrder, .time = kStart}});
  world.desk.Cancel(kOrder, world.now);
  world.Turn();
  EXPECT_EQ(world.session.cancelled.size(), 2U);
  EXPECT_EQ(world.Count(ExecutionType::kCancelRejected), 1);
  world.desk.Forget(kOrder);
  EXPECT_EQ(world.desk.Find(kOrder), nullptr);
  world.Check();
}

}  // namespace
}  // namespace ballast::broker
