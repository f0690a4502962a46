#include "libs/orders/account.h"

#include <gtest/gtest.h>

#include <set>

#include "libs/base/rng.h"
#include "libs/orders/order_id.h"
#include "libs/orders/submit.h"

namespace ballast::orders {
namespace {

constexpr UtcTime kNow{1'700'000'000'000'000'000};

Order NewOrder(const std::string& request, const char* quantity) {
  Order order;
  order.account_id = AccountId("paper");
  order.request_id = RequestId(request);
  order.order_id = OrderIdFor(order.account_id, order.request_id);
  order.symbol = Symbol("BTC-USD");
  order.side = Side::kBuy;
  order.type = OrderType::kMarket;
  order.quantity = Decimal::Of(quantity);
  return order;
}

Account Opened() {
  Account account;
  account.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::FromInt(100'000), kNow);
  return account;
}

Report Filled(const Order& order, std::uint64_t sequence, const char* quantity, const char* price) {
  Report report;
  report.execution_sequence = sequence;
  report.type = OrderEventType::kFilled;
  report.order_id = order.order_id;
  report.fill.execution_id = ExecutionId("e" + std::to_string(sequence));
  report.fill.order_id = order.order_id;
  report.fill.symbol = order.symbol;
  report.fill.side = order.side;
  report.fill.quantity = Decimal::Of(quantity);
  report.fill.price = Decimal::Of(price);
  report.fill.fee = Decimal::Of("0.1");
  return report;
}

Report Plain(const Order& order, std::uint64_t sequence, OrderEventType type) {
  Report report;
  report.execution_sequence = sequence;
  report.type = type;
  report.order_id = order.order_id;
  return report;
}

TEST(AccountTest, AnOrderKeepsWhyTheVenueEndedIt) {
  Rejection why{
      .reason = RejectReason::kNoLiquidity, .check = "venue", .limit = "1", .observed = "4", .message = "thin"};
  for (OrderEventType type : {OrderEventType::kCanceled, OrderEventType::kExpired, OrderEventType::kRejected}) {
    Account account = Opened();
    Order order = NewOrder("r1", "5");
    account.Accept(order, "user:a", {}, true, kNow);
    Report report = Plain(order, 1, type);
    report.rejection = why;
    account.ApplyReport(report, kNow);
    EXPECT_EQ(account.Find(order.order_id)->rejection, why);
  }
}

TEST(OrderIdTest, IsPureAndDoesNotCollide) {
  EXPECT_EQ(OrderIdFor(AccountId("a"), RequestId("b")), OrderIdFor(AccountId("a"), RequestId("b")));
  EXPECT_NE(OrderIdFor(AccountId("ab"), RequestId("c")), OrderIdFor(AccountId("a"), RequestId("bc")));
  std::set<std::string> seen;
  for (int i = 0; i < 200'000; ++i)
    seen.insert(OrderIdFor(AccountId("paper"), RequestId("r-" + std::to_string(i))).value());
  EXPECT_EQ(seen.size(), 200'000U);
}

TEST(AccountTest, AHandMadeFillThatClosesABookIsThatBooks) {
  Account account = Opened();
  for (const char* book : {"one", "two"}) {
    Order entry = NewOrder(std::string("in-") + book, "2");
    entry.deployment_id = DeploymentId(book);
    account.Accept(entry, "user:a", {}, true, kNow);
    Report bought = Filled(entry, account.snapshot().execution_sequence + 1, "2", "100");
    bought.fill.symbol = entry.symbol;
    bought.fill.side = Side::kBuy;
    account.ApplyReport(bought, kNow);
  }
  Order exit = NewOrder("out", "3");
  exit.side = Side::kSell;
  account.Accept(exit, "user:a", {}, true, kNow);
  Report sold = Filled(exit, 3, "3", "110");
  sold.fill.symbol = exit.symbol;
  sold.fill.side = Side::kSell;
  auto events = account.ApplyReport(sold, kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].fill->deployment_id, DeploymentId("one"));
  EXPECT_EQ(events[0].fill->quantity, Decimal::Of("2"));
  EXPECT_EQ(events[0].order->status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(events[1].fill->deployment_id, DeploymentId("two"));
  EXPECT_EQ(events[1].fill->quantity, Decimal::Of("1"));
  EXPECT_EQ(events[1].order->status, OrderStatus::kFilled);
  EXPECT_TRUE(events[1].order->deployment_id.empty());
  EXPECT_NE(events[0].fill->execution_id, events[1].fill->execution_id);
  EXPECT_EQ(events[0].fill->fee + events[1].fill->fee, Decimal::Of("0.1"));
  EXPECT_EQ(events[1].order->fees, Decimal::Of("0.1"));
  EXPECT_EQ(events[1].order->average_price, Decimal::Of("110"));
  EXPECT_EQ(account.books().Held(DeploymentId("one"), exit.symbol), Decimal());
  EXPECT_EQ(account.books().Net(exit.symbol), Decimal::Of("1"));
  EXPECT_EQ(account.snapshot().execution_sequence, 3U);
}

TEST(AccountTest, ARestatedOrderIsSmallerAndSaysWhyAndStaysTheSameRequest) {
  Account account = Opened();
  Order order = NewOrder("r1", "3");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Plain(order, 1, OrderEventType::kAccepted), kNow);
  Report restated = Plain(order, 2, OrderEventType::kRestated);
  restated.quantity = Decimal::Of("1");
  restated.rejection = Rejection{.reason = RejectReason::kReduceOnly};
  account.ApplyReport(restated, kNow);
  const Order& after = *account.Find(order.order_id);
  EXPECT_EQ(after.quantity, Decimal::Of("1"));
  EXPECT_EQ(after.leaves_quantity, Decimal::Of("1"));
  EXPECT_EQ(after.rejection->reason, RejectReason::kReduceOnly);
  EXPECT_TRUE(SameBody(after, order));
  EXPECT_EQ(account.ApplyReport(Filled(order, 3, "1", "100"), kNow).size(), 1U);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kFilled);
  EXPECT_FALSE(account.snapshot().halted);
}

TEST(AccountTest, OrderLivesFromSubmitToFilled) {
  Account account = Opened();
  Order order = NewOrder("r1", "3");
  auto events = account.Accept(order, "user:a", {}, true, kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kSubmitted);
  account.ApplyReport(Plain(order, 1, OrderEventType::kAccepted), kNow);
  account.ApplyReport(Filled(order, 2, "1", "100"), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kPartiallyFilled);
  account.ApplyReport(Filled(order, 3, "2", "103"), kNow);
  const Order* filled = account.Find(order.order_id);
  EXPECT_EQ(filled->status, OrderStatus::kFilled);
  EXPECT_EQ(filled->average_price, Decimal::Of("102"));
  EXPECT_EQ(filled->fees, Decimal::Of("0.2"));
  EXPECT_TRUE(filled->leaves_quantity.IsZero());
}

TEST(AccountTest, AFillBeatsABelief) {
  Account account = Opened();
  Order order = NewOrder("r1", "3");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Filled(order, 1, "1", "100"), kNow);  // before the acknowledgement
  account.RequestCancel(order.order_id, "user:a", kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kPendingCancel);
  account.ApplyReport(Plain(order, 2, OrderEventType::kCanceled), kNow);
  account.ApplyReport(Filled(order, 3, "2", "100"), kNow);  // after the cancel
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kFilled);
  EXPECT_FALSE(account.snapshot().halted);
}

TEST(AccountTest, AnOverfillIsBookedAndHalts) {
  Account account = Opened();
  Order order = NewOrder("r1", "1");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Filled(order, 1, "1", "100"), kNow);
  account.ApplyReport(Filled(order, 2, "1", "100"), kNow);
  EXPECT_EQ(account.Find(order.order_id)->cumulative_quantity, Decimal::Of("2"));
  EXPECT_TRUE(account.snapshot().halted);
}

TEST(AccountTest, WhatTheTableDoesNotKnowIsStoredAndHalts) {
  Account account = Opened();
  Order order = NewOrder("r1", "1");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Filled(order, 1, "1", "100"), kNow);
  auto events = account.ApplyReport(Plain(order, 2, OrderEventType::kRejected), kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, OrderEventType::kIllegalReport);
  EXPECT_EQ(events[1].type, OrderEventType::kAccountHalted);
  EXPECT_EQ(account.snapshot().execution_sequence, 2U);
}

TEST(AccountTest, AnAcknowledgementBehindItsFillSaysNothingNew) {
  for (const char* quantity : {"1", "3"}) {
    Account account = Opened();
    Order order = NewOrder("r1", "3");
    account.Accept(order, "user:a", {}, true, kNow);
    account.ApplyReport(Filled(order, 1, quantity, "100"), kNow);
    OrderStatus before = account.Find(order.order_id)->status;
    Report late = Plain(order, 2, OrderEventType::kAccepted);
    late.broker_order_id = "b-1";
    account.ApplyReport(late, kNow);
    EXPECT_EQ(account.Find(order.order_id)->status, before);
    EXPECT_EQ(account.Find(order.order_id)->broker_order_id, "b-1");
    EXPECT_FALSE(account.snapshot().halted);
  }
}

TEST(AccountTest, AFillOfAnOrderThatIsNotOursIsBookedAndHalts) {
  Account account = Opened();
  Order order = NewOrder("by-hand-at-the-broker", "3");
  auto events = account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, OrderEventType::kFilled);
  ASSERT_TRUE(events[0].order && events[0].fill);
  EXPECT_EQ(events[0].order->reason, "external");
  EXPECT_EQ(events[0].order->status, OrderStatus::kFilled);
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("2"));
  EXPECT_TRUE(account.snapshot().halted);
  EXPECT_EQ(account.snapshot().execution_sequence, 1U);
  // More of it: booked as well.
  account.ApplyReport(Filled(order, 2, "1", "100"), kNow);
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("3"));
}

ExternalPolicy PolicyOf(ExternalHandling handling, const char* deployment = "") {
  ExternalPolicy policy{.handling = handling, .actor = "user:a", .reason = "a test"};
  if (*deployment != 0) policy.rules.push_back({.symbol = Symbol(), .deployment_id = DeploymentId(deployment)});
  return policy;
}

TEST(AccountTest, ThePolicyForWhatIsMadeElsewhereIsAnEventAndHalts) {
  for (ExternalHandling handling :
       {ExternalHandling::kAdopt, ExternalHandling::kIgnore, ExternalHandling::kAttribute}) {
    Account account = Opened();
    auto set = account.SetExternalPolicy(PolicyOf(handling), kNow);
    ASSERT_EQ(set.size(), 1U);
    EXPECT_EQ(set[0].type, OrderEventType::kExternalPolicy);
    EXPECT_EQ(set[0].actor, "user:a");
    EXPECT_TRUE(account.SetExternalPolicy(PolicyOf(handling), kNow).empty()) << "the same again changes nothing";
    Order order = NewOrder("elsewhere", "2");
    account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
    EXPECT_FALSE(account.snapshot().halted);
    EXPECT_EQ(account.Find(order.order_id)->external->handling, handling);
    EXPECT_EQ(account.books().Held(DeploymentId(), order.symbol), Decimal::Of("2"));
  }
}

TEST(AccountTest, ATradeMadeElsewhereIsOfTheBookThatTheRuleSays) {
  Account account = Opened();
  account.SetExternalPolicy(PolicyOf(ExternalHandling::kAttribute, "momentum"), kNow);
  Order order = NewOrder("elsewhere", "2");
  auto events = account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  EXPECT_EQ(events[0].fill->deployment_id, DeploymentId("momentum"));
  EXPECT_EQ(account.books().Held(DeploymentId("momentum"), order.symbol), Decimal::Of("2"));
}

Report AdoptedAs(const Order& order, std::uint64_t sequence, ExternalHandling handling, const char* deployment = "") {
  Report report = Plain(order, sequence, OrderEventType::kAdopted);
  report.broker_order_id = "b-9";
  report.adopted = order;
  report.adopted->type = OrderType::kLimit;
  report.adopted->time_in_force = TimeInForce::kGtc;
  report.adopted->limit_price = Decimal::Of("90");
  report.adopted->deployment_id = DeploymentId(deployment);
  report.adopted->external = External{.handling = handling, .actor = "user:a", .reason = "mine"};
  return report;
}

TEST(AccountTest, AnAdoptedOrderWorksCanBeCancelledAndIsTakenOnce) {
  Account account = Opened();
  Order order = NewOrder("elsewhere", "3");
  auto events = account.ApplyReport(AdoptedAs(order, 1, ExternalHandling::kAdopt), kNow);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, OrderEventType::kAdopted);
  EXPECT_EQ(events[0].actor, "user:a");
  EXPECT_EQ(events[0].order->status, OrderStatus::kNew);
  EXPECT_EQ(events[0].order->limit_price, Decimal::Of("90"));
  EXPECT_EQ(events[0].order->broker_order_id, "b-9");
  EXPECT_EQ(events[0].order->leaves_quantity, Decimal::Of("3"));
  EXPECT_EQ(account.working().size(), 1U);
  EXPECT_EQ(account.snapshot().execution_sequence, 1U);
  account.ApplyReport(Filled(order, 2, "1", "90"), kNow);
  EXPECT_FALSE(account.snapshot().halted);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kPartiallyFilled);
  // Told again it is what it was.
  account.ApplyReport(AdoptedAs(order, 3, ExternalHandling::kAdopt), kNow);
  EXPECT_EQ(account.Find(order.order_id)->cumulative_quantity, Decimal::Of("1"));
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(account.RequestCancel(order.order_id, "user:a", kNow).size(), 1U);
  account.ApplyReport(Plain(order, 4, OrderEventType::kCanceled), kNow);
  EXPECT_TRUE(account.working().empty());
}

TEST(AccountTest, AnOrderThatIsLeftAloneIsTouchedByNobodyUntilItIsAdopted) {
  Account account = Opened();
  Order order = NewOrder("elsewhere", "3");
  account.ApplyReport(AdoptedAs(order, 1, ExternalHandling::kIgnore), kNow);
  EXPECT_TRUE(account.RequestCancel(order.order_id, "system", kNow).empty());
  EXPECT_TRUE(account.RequestReplace(order.order_id, {.quantity = Decimal::Of("1")}, "system", kNow).empty());
  External decided{.handling = ExternalHandling::kAdopt, .actor = "user:a", .reason = "mine"};
  EXPECT_EQ(account.DecideExternal(order.order_id, decided, DeploymentId(), kNow).size(), 1U);
  EXPECT_EQ(account.RequestCancel(order.order_id, "system", kNow).size(), 1U);
}

TEST(AccountTest, AnOrderThatWasMadeHereIsNeverTakenForOneMadeElsewhere) {
  Account account = Opened();
  Order order = NewOrder("r1", "3");
  account.Accept(order, "user:a", {}, true, kNow);
  auto events = account.ApplyReport(AdoptedAs(order, 1, ExternalHandling::kIgnore), kNow);
  EXPECT_EQ(events[0].type, OrderEventType::kIllegalReport);
  EXPECT_FALSE(account.Find(order.order_id)->external.has_value());
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kSubmitted);
}

TEST(AccountTest, WhatHadTradedBeforeItWasAdoptedStaysAndTheRestWorks) {
  Account account = Opened();
  Order order = NewOrder("elsewhere", "5");
  account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kFilled) << "of nobody knows what size";
  auto events = account.ApplyReport(AdoptedAs(order, 2, ExternalHandling::kAttribute, "momentum"), kNow);
  const Order& adopted = *account.Find(order.order_id);
  EXPECT_EQ(adopted.status, OrderStatus::kPartiallyFilled);
  EXPECT_EQ(adopted.quantity, Decimal::Of("5"));
  EXPECT_EQ(adopted.leaves_quantity, Decimal::Of("3"));
  ASSERT_EQ(events.size(), 3U) << "and what it had traded moves to the book";
  EXPECT_EQ(account.books().Held(DeploymentId("momentum"), order.symbol), Decimal::Of("2"));
  EXPECT_EQ(account.books().Held(DeploymentId(), order.symbol), Decimal());
}

TEST(AccountTest, BooksMoveByRecordedTransfersAndACorrectionFollowsThem) {
  Account account = Opened();
  account.SetExternalPolicy(PolicyOf(ExternalHandling::kAdopt), kNow);
  Order order = NewOrder("elsewhere", "2");
  account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  External decided{.handling = ExternalHandling::kAttribute, .actor = "user:a", .reason = "mine"};
  auto events = account.DecideExternal(order.order_id, decided, DeploymentId("momentum"), kNow);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_FALSE(events[0].fill.has_value());
  for (std::size_t i : {1U, 2U}) {
    const Fill& fill = *events[i].fill;
    EXPECT_TRUE(fill.transfer);
    EXPECT_EQ(fill.reversal, i == 1);
    EXPECT_EQ(fill.exec_ref_id, ExecutionId("e1"));
    EXPECT_EQ(fill.price, Decimal::Of("100"));
    EXPECT_EQ(fill.fee, Decimal::Of(i == 1 ? "-0.1" : "0.1"));
    EXPECT_EQ(events[i].order->cumulative_quantity, Decimal::Of("2"));
  }
  EXPECT_NE(events[1].fill->execution_id, events[2].fill->execution_id);
  EXPECT_EQ(account.books().Held(DeploymentId("momentum"), order.symbol), Decimal::Of("2"));
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("2"));
  // As the log's fills are read back.
  Account recovered = Opened();
  account.SetExternalPolicy(PolicyOf(ExternalHandling::kAdopt), kNow);
  Fill first = Filled(order, 1, "2", "100").fill;
  recovered.LoadFill(first);
  recovered.LoadFill(*events[1].fill);
  recovered.LoadFill(*events[2].fill);
  recovered.Load(*account.Find(order.order_id));
  for (Account* each : {&account, &recovered}) {
    Report bust = Plain(order, 2, OrderEventType::kTradeCancel);
    bust.fill.exec_ref_id = ExecutionId("e1");
    bust.fill.version = 1;
    each->ApplyReport(bust, kNow);
    EXPECT_TRUE(each->books().NetAll().empty()) << "it is taken back in the book that it is in now";
    EXPECT_EQ(each->books().Held(DeploymentId("momentum"), order.symbol), Decimal());
  }
}

TEST(AccountTest, AnExecutionThatIsToldAgainIsBookedOnce) {
  Account account = Opened();
  Order order = NewOrder("r1", "3");
  account.Accept(order, "user:a", {}, true, kNow);
  Report fill = Filled(order, 1, "1", "100");
  account.ApplyReport(fill, kNow);
  fill.execution_sequence = 2;
  auto events = account.ApplyReport(fill, kNow);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, OrderEventType::kIllegalReport);
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("1"));
  EXPECT_EQ(account.Find(order.order_id)->cumulative_quantity, Decimal::Of("1"));
  EXPECT_EQ(account.snapshot().execution_sequence, 2U);
  EXPECT_FALSE(account.snapshot().halted);
}

TEST(AccountTest, WhatCannotBeReadIsKeptAndHaltsAndTheNextOneIsTaken) {
  Account account = Opened();
  Order order = NewOrder("r1", "3");
  account.Accept(order, "user:a", {}, true, kNow);
  auto events = account.Quarantine(1, "an execution report of unknown type", kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, OrderEventType::kIllegalReport);
  EXPECT_TRUE(account.snapshot().halted);
  account.ApplyReport(Filled(order, 2, "1", "100"), kNow);
  EXPECT_EQ(account.Find(order.order_id)->cumulative_quantity, Decimal::Of("1"));
}

Report TakenBack(const Order& order, std::uint64_t sequence, const char* root, std::uint32_t version) {
  Report report = Plain(order, sequence, OrderEventType::kTradeCancel);
  report.fill.exec_ref_id = ExecutionId(root);
  report.fill.version = version;
  return report;
}

Report Corrected(const Order& order, std::uint64_t sequence, const char* root, std::uint32_t version,
                 const char* quantity, const char* price) {
  Report report = Filled(order, sequence, quantity, price);
  report.type = OrderEventType::kTradeCorrect;
  report.fill.execution_id = ExecutionId(std::string(root) + "/" + std::to_string(version));
  report.fill.exec_ref_id = ExecutionId(root);
  report.fill.version = version;
  return report;
}

TEST(AccountTest, ATradeThatNeverWasIsTakenBackOnce) {
  Account account = Opened();
  Order order = NewOrder("r1", "3");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Filled(order, 1, "1", "100"), kNow);
  account.ApplyReport(Filled(order, 2, "1", "103"), kNow);
  auto events = account.ApplyReport(TakenBack(order, 3, "e2", 1), kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].type, OrderEventType::kAccountHalted);
  EXPECT_EQ(events[0].type, OrderEventType::kTradeCancel);
  EXPECT_EQ(events[0].execution_sequence, 3U);
  EXPECT_EQ(events[0].fill->side, Side::kSell);
  EXPECT_EQ(events[0].fill->price, Decimal::Of("103"));
  EXPECT_EQ(events[0].fill->fee, Decimal::Of("-0.1"));
  const Order* after = account.Find(order.order_id);
  EXPECT_EQ(after->cumulative_quantity, Decimal::Of("1"));
  EXPECT_EQ(after->leaves_quantity, Decimal::Of("2"));
  EXPECT_EQ(after->average_price, Decimal::Of("100"));
  EXPECT_EQ(after->fees, Decimal::Of("0.1"));
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("1"));
  EXPECT_TRUE(account.snapshot().halted);
  // Told again, also as a newer version: there is nothing left to take back.
  account.ApplyReport(TakenBack(order, 4, "e2", 1), kNow);
  account.ApplyReport(TakenBack(order, 5, "e2", 2), kNow);
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("1"));
  EXPECT_EQ(account.snapshot().execution_sequence, 5U);
  account.ApplyReport(TakenBack(order, 6, "e1", 1), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kNew);
  EXPECT_TRUE(account.Find(order.order_id)->average_price.IsZero());
  EXPECT_TRUE(account.Find(order.order_id)->fees.IsZero());
}

TEST(AccountTest, ATradeTakenBackFromAWholeOrderEndsItWithLess) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  account.ApplyReport(TakenBack(order, 2, "e1", 1), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kCanceled);
  EXPECT_TRUE(account.Find(order.order_id)->leaves_quantity.IsZero());
  EXPECT_TRUE(account.books().Net(order.symbol).IsZero());
}

TEST(AccountTest, ACorrectedTradeStandsInThePlaceOfTheFirst) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  auto events = account.ApplyReport(Corrected(order, 2, "e1", 1, "2", "99"), kNow);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].type, OrderEventType::kTradeCancel);
  EXPECT_EQ(events[1].type, OrderEventType::kTradeCorrect);
  EXPECT_EQ(events[2].type, OrderEventType::kAccountHalted);
  EXPECT_NE(events[0].fill->execution_id, events[1].fill->execution_id);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kFilled);
  EXPECT_EQ(account.Find(order.order_id)->average_price, Decimal::Of("99"));
  EXPECT_EQ(account.Find(order.order_id)->fees, Decimal::Of("0.1"));
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("2"));
  // An older version comes late.
  EXPECT_EQ(account.ApplyReport(Corrected(order, 3, "e1", 1, "2", "98"), kNow)[0].type, OrderEventType::kIllegalReport);
  account.ApplyReport(Corrected(order, 4, "e1", 2, "1", "97"), kNow);
  EXPECT_EQ(account.Find(order.order_id)->cumulative_quantity, Decimal::Of("1"));
  EXPECT_EQ(account.Find(order.order_id)->average_price, Decimal::Of("97"));
  EXPECT_TRUE(account.snapshot().halted);
}

// The parts of a fill are taken back from the books they were booked in, whatever these hold by now.
TEST(AccountTest, WhatWasSplitIsTakenBackFromEachBookAlsoAfterARestart) {
  Account account = Opened();
  std::vector<OrderEvent> log;
  std::uint64_t sequence = 0;
  for (const char* book : {"one", "two"}) {
    Order entry = NewOrder(std::string("in-") + book, "2");
    entry.deployment_id = DeploymentId(book);
    account.Accept(entry, "user:a", {}, true, kNow);
    ++sequence;
    for (const OrderEvent& event : account.ApplyReport(Filled(entry, sequence, "2", "100"), kNow)) log.push_back(event);
  }
  Order exit = NewOrder("out", "3");
  exit.side = Side::kSell;
  account.Accept(exit, "user:a", {}, true, kNow);
  for (const OrderEvent& event : account.ApplyReport(Filled(exit, 3, "3", "110"), kNow)) log.push_back(event);
  Account again;
  again.Restore(account.snapshot());
  for (const OrderEvent& event : log) again.LoadFill(*event.fill);
  again.Load(*account.Find(exit.order_id));
  for (Account* each : {&account, &again}) {
    auto events = each->ApplyReport(TakenBack(exit, 4, "e3", 1), kNow);
    ASSERT_EQ(events.size(), 3U);  // and the account is halted
    EXPECT_EQ(each->books().Held(DeploymentId("one"), exit.symbol), Decimal::Of("2"));
    EXPECT_EQ(each->books().Held(DeploymentId("two"), exit.symbol), Decimal::Of("2"));
    EXPECT_TRUE(each->Find(exit.order_id)->cumulative_quantity.IsZero());
    EXPECT_TRUE(each->Find(exit.order_id)->fees.IsZero());
  }
}

TEST(AccountTest, ATradeTakenBackThatIsNotKnownHalts) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  account.ApplyReport(TakenBack(order, 2, "e9", 1), kNow);
  EXPECT_TRUE(account.snapshot().halted);
  EXPECT_EQ(account.snapshot().execution_sequence, 2U);
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("2"));
}

TEST(AccountTest, AFillOfAnOrderThatWasRefusedHereIsBookedAndHalts) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Deny(order, "user:a", {.reason = RejectReason::kMaxPosition}, {}, kNow);
  account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  EXPECT_TRUE(account.snapshot().halted);
  EXPECT_EQ(account.books().Net(order.symbol), Decimal::Of("2"));
  EXPECT_EQ(account.Find(order.order_id)->cumulative_quantity, Decimal::Of("2"));
}

TEST(AccountTest, AnExternalOrderGrowsWithItsFills) {
  Account account = Opened();
  Order order = NewOrder("by-hand-at-the-broker", "3");
  account.ApplyReport(Filled(order, 1, "2", "100"), kNow);
  account.ApplyReport(Filled(order, 2, "1", "100"), kNow);
  EXPECT_EQ(account.Find(order.order_id)->quantity, Decimal::Of("3"));
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kFilled);
}

TEST(AccountTest, WhatNobodyKnowsIsDecidedByEvidenceAlone) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Plain(order, 1, OrderEventType::kUnknown), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kUnknown);
  EXPECT_FALSE(Account::NeverTaken(*account.Find(order.order_id)));
  account.RequestCancel(order.order_id, "user:a", kNow);
  EXPECT_FALSE(Account::NeverTaken(*account.Find(order.order_id)));  // the wish to cancel is no answer either
  account.ApplyReport(Plain(order, 2, OrderEventType::kCancelRejected), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kUnknown);
  Report accepted = Plain(order, 3, OrderEventType::kAccepted);
  accepted.broker_order_id = "b-1";
  account.ApplyReport(accepted, kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kNew);
  EXPECT_FALSE(account.Find(order.order_id)->outcome_unknown);
}

TEST(AccountTest, WhatIsUnknownIsKnownByInstrumentAndThreeOfThemHalt) {
  Account account = Opened();
  std::vector<Order> orders;
  for (int i = 0; i < 3; ++i) {
    orders.push_back(NewOrder("u" + std::to_string(i), "1"));
    if (i == 2) orders.back().symbol = Symbol("ETH-USD");
    account.Accept(orders.back(), "user:a", {}, true, kNow);
  }
  const Symbol btc("BTC-USD");
  account.ApplyReport(Plain(orders[0], 1, OrderEventType::kUnknown), kNow);
  account.ApplyReport(Plain(orders[1], 2, OrderEventType::kUnknown), kNow);
  EXPECT_EQ(account.unknown().at(btc), (std::set<OrderId>{orders[0].order_id, orders[1].order_id}));
  EXPECT_FALSE(account.snapshot().halted);
  auto events = account.ApplyReport(Plain(orders[2], 3, OrderEventType::kUnknown), kNow);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].type, OrderEventType::kAccountHalted);
  // A cancel that is asked for does not make it known; that it is found, has ended or never was does.
  account.RequestCancel(orders[1].order_id, "user:a", kNow);
  EXPECT_TRUE(account.unknown().at(btc).contains(orders[1].order_id));
  account.ApplyReport(Plain(orders[0], 4, OrderEventType::kAccepted), kNow);
  account.ApplyReport(Plain(orders[1], 5, OrderEventType::kNeverAccepted), kNow);
  EXPECT_FALSE(account.unknown().contains(btc));
  account.ApplyReport(Filled(orders[2], 6, "1", "100"), kNow);
  EXPECT_TRUE(account.unknown().empty());
}

TEST(AccountTest, WhatWasProvenNeverToHaveBeenTakenKeepsItsProofAndIsReopenedByTheBrokerAlone) {
  for (bool traded : {false, true}) {
    Account account = Opened();
    Order order = NewOrder("r1", "3");
    account.Accept(order, "user:a", {}, true, kNow);
    account.ApplyReport(Plain(order, 1, OrderEventType::kUnknown), kNow);
    Report proof = Plain(order, 2, OrderEventType::kNeverAccepted);
    proof.rejection = Rejection{.reason = RejectReason::kNeverAccepted, .check = "horizon"};
    proof.evidence = {{.question = VenueQuestion::kOrder, .as_of = kNow}};
    auto events = account.ApplyReport(proof, kNow);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].evidence, proof.evidence);
    EXPECT_EQ(events[0].order->status, OrderStatus::kNeverAccepted);
    EXPECT_EQ(events[0].order->rejection, proof.rejection);
    EXPECT_TRUE(account.working().empty());

    events =
        account.ApplyReport(traded ? Filled(order, 3, "1", "100") : Plain(order, 3, OrderEventType::kAccepted), kNow);
    EXPECT_EQ(events[0].type, OrderEventType::kReopened);
    EXPECT_EQ(events[0].order->status, OrderStatus::kNew);
    EXPECT_EQ(events[1].type, OrderEventType::kAccountHalted);
    const Order* after = account.Find(order.order_id);
    EXPECT_EQ(after->status, traded ? OrderStatus::kPartiallyFilled : OrderStatus::kNew);
    EXPECT_EQ(after->leaves_quantity, Decimal::FromInt(traded ? 2 : 3));
    EXPECT_FALSE(after->rejection.has_value());
    EXPECT_TRUE(account.working().contains(order.order_id));
    EXPECT_EQ(account.snapshot().execution_sequence, 3U);
    EXPECT_EQ(account.books().Net(order.symbol), Decimal::FromInt(traded ? 1 : 0));
  }
}

TEST(AccountTest, ALateFillReopensWhatHadEndedUntilTheBrokerSaysHowItStands) {
  for (OrderEventType end : {OrderEventType::kCanceled, OrderEventType::kExpired, OrderEventType::kRejected}) {
    Account account = Opened();
    Order order = NewOrder("r1", "3");
    account.Accept(order, "user:a", {}, true, kNow);
    account.ApplyReport(Plain(order, 1, end), kNow);
    auto events = account.ApplyReport(Filled(order, 2, "1", "100"), kNow);
    EXPECT_EQ(events.front().type, OrderEventType::kReopened);
    EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kPartiallyFilled);
    EXPECT_EQ(account.Find(order.order_id)->leaves_quantity, Decimal::FromInt(2));
    // That a cancel and a fill cross is no fault; that a refused order trades is.
    EXPECT_EQ(account.snapshot().halted, end == OrderEventType::kRejected);
    account.ApplyReport(Plain(order, 3, OrderEventType::kCanceled), kNow);
    EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kCanceled);
    account.ApplyReport(Filled(order, 4, "2", "100"), kNow);
    EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kFilled);
    EXPECT_EQ(account.books().Net(order.symbol), Decimal::FromInt(3));
  }
}

TEST(AccountTest, TheAnswerToARepeatedCancelIsLegal) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Plain(order, 1, OrderEventType::kAccepted), kNow);
  account.RequestCancel(order.order_id, "user:a", kNow);
  account.ApplyReport(Plain(order, 2, OrderEventType::kCancelRejected), kNow);
  account.ApplyReport(Plain(order, 3, OrderEventType::kCancelRejected), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kNew);
  EXPECT_FALSE(account.snapshot().halted);
}

TEST(AccountTest, ARefusedCancelGoesBackToWhatItWas) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Accept(order, "user:a", {}, true, kNow);
  account.ApplyReport(Plain(order, 1, OrderEventType::kAccepted), kNow);
  account.RequestCancel(order.order_id, "user:a", kNow);
  EXPECT_TRUE(account.RequestCancel(order.order_id, "user:a", kNow).empty());
  account.ApplyReport(Plain(order, 2, OrderEventType::kCancelRejected), kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kNew);
  EXPECT_FALSE(account.Find(order.order_id)->cancel_requested);
}

TEST(AccountTest, WhatWasNeverSentIsCancelledHere) {
  Account account = Opened();
  Order order = NewOrder("r1", "2");
  account.Accept(order, "user:a", {}, false, kNow);
  account.RequestCancel(order.order_id, "user:a", kNow);
  EXPECT_EQ(account.Find(order.order_id)->status, OrderStatus::kCanceled);
}

// Whatever the broker says in whatever order: no fill is lost, and folding the log gives the same account.
TEST(AccountPropertyTest, FoldingTheLogGivesTheStateAndFillsAddUp) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    Account account = Opened();
    std::vector<OrderEvent> log;
    std::vector<Order> orders;
    std::map<OrderId, Decimal> filled;
    struct Told {
      Order order;
      std::string execution;
    };
    std::vector<Told> told;
    std::uint64_t execution = 0;
    auto keep = [&](std::vector<OrderEvent> events) { log.insert(log.end(), events.begin(), events.end()); };
    for (int step = 0; step < 60; ++step) {
      if (orders.empty() || rng.Below(5) == 0) {
        orders.push_back(NewOrder("r" + std::to_string(step), "5"));
        keep(account.Accept(orders.back(), "s", {}, true, kNow));
        continue;
      }
      const Order& order = orders[rng.Below(orders.size())];
      switch (rng.Below(8)) {
        case 0:
          keep(account.RequestCancel(order.order_id, "u", kNow));
          break;
        case 1:
          keep(account.ApplyReport(Plain(order, ++execution, OrderEventType::kAccepted), kNow));
          break;
        case 2:
          keep(account.ApplyReport(Plain(order, ++execution, OrderEventType::kCanceled), kNow));
          break;
        case 3:
          keep(account.ApplyReport(Plain(order, ++execution, OrderEventType::kCancelRejected), kNow));
          break;
        case 4:
          keep(account.ApplyReport(Plain(order, ++execution, OrderEventType::kUnknown), kNow));
          break;
        case 5: {
          if (told.empty()) break;
          const Told& trade = told[rng.Below(told.size())];
          Report back = TakenBack(trade.order, ++execution, trade.execution.c_str(), 1);
          std::vector<OrderEvent> events = account.ApplyReport(back, kNow);
          if (events[0].type == OrderEventType::kTradeCancel) filled[trade.order.order_id] -= Decimal::FromInt(1);
          keep(std::move(events));
          break;
        }
        default:
          keep(account.ApplyReport(Filled(order, ++execution, "1", "10"), kNow));
          filled[order.order_id] += Decimal::FromInt(1);
          told.push_back({order, "e" + std::to_string(execution)});
      }
    }
    Account folded = Opened();
    std::uint64_t sequence = 1;
    for (const OrderEvent& event : log) {
      ASSERT_EQ(event.sequence, ++sequence);
      folded.Apply(event);
    }
    ASSERT_EQ(folded.snapshot(), account.snapshot());
    ASSERT_EQ(folded.working(), account.working());
    for (const auto& [id, quantity] : filled) {
      ASSERT_EQ(account.Find(id)->cumulative_quantity, quantity) << seed;
      ASSERT_EQ(*folded.Find(id), *account.Find(id)) << seed;
      ASSERT_EQ(account.working().contains(id), !IsTerminal(account.Find(id)->status)) << seed;
    }
  }
}

TEST(SubmitTest, EachBadFieldIsNamed) {
  struct Case {
    const char* field;
    void (*spoil)(Order&);
  };
  const Case cases[] = {
      {"request_id", [](Order& o) { o.request_id = RequestId(""); }},
      {"request_id", [](Order& o) { o.request_id = RequestId(std::string(65, 'a')); }},
      {"account_id", [](Order& o) { o.account_id = AccountId("a b"); }},
      {"deployment_id", [](Order& o) { o.deployment_id = DeploymentId("\n"); }},
      {"symbol", [](Order& o) { o.symbol = Symbol("'; DROP TABLE"); }},
      {"side", [](Order& o) { o.side = Side::kUnspecified; }},
      {"type", [](Order& o) { o.type = OrderType::kUnspecified; }},
      {"quantity", [](Order& o) { o.quantity = Decimal(); }},
      {"quantity", [](Order& o) { o.quantity = Decimal::Of("-1"); }},
      {"limit_price", [](Order& o) { o.limit_price = Decimal::Of("1"); }},
      {"stop_price", [](Order& o) { o.stop_price = Decimal::Of("1"); }},
      {"limit_price", [](Order& o) { o.type = OrderType::kLimit; }},
      {"stop_price", [](Order& o) { o.type = OrderType::kStop; }},
      {"reason", [](Order& o) { o.reason = std::string(201, 'x'); }},
  };
  for (const Case& item : cases) {
    Order order = NewOrder("r1", "1");
    item.spoil(order);
    std::vector<Violation> violations = ValidateSubmit(order);
    ASSERT_EQ(violations.size(), 1U) << item.field;
    EXPECT_EQ(violations[0].field, item.field);
  }
}

}  // namespace
}  // namespace ballast::orders
