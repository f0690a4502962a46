// The protection supervisor through the writer: on one thread, with a venue that answers what it is sent.
#include "services/order_management/protection_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "libs/orders/order_id.h"
#include "libs/wire/wire.h"
#include "services/order_management/testing/memory_emergencies.h"
#include "services/order_management/testing/memory_protections.h"
#include "services/order_management/testing/shard_stage.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

const AccountId kAccount("paper");
const Symbol kBitcoin("BTC-USD");
constexpr std::int64_t kSecond = 1'000'000'000;

Decimal D(const char* text) { return Decimal::Of(text); }

orders::StopPolicy Policy(const char* stop, const char* target, const char* trailing = "",
                          orders::UnprotectedAction action = orders::UnprotectedAction::kPage) {
  orders::StopPolicy policy;
  if (*stop != 0) policy.stop_loss_ratio = D(stop);
  if (*target != 0) policy.take_profit_ratio = D(target);
  if (*trailing != 0) policy.trailing_ratio = D(trailing);
  policy.unprotected_action = action;
  return policy;
}

class ProtectionDeskTest : public ShardStage {
 protected:
  void SetUp() override { Begin(); }

  // The next life of the process; the venue lives on.
  void Begin() {
    NewShard();
    policies_ = std::make_unique<MemoryProtections>(policy_disk_);
    emergencies_ = std::make_unique<MemoryEmergencies>(emergency_disk_);
    desk_ = std::make_unique<EmergencyDesk>(
        *emergencies_,
        EmergencyDesk::Venue{
            .look = [](const AccountId&, const auto& done) { done(absl::UnavailableError("nobody looks")); },
            .switches = [](const auto& done) { done(std::vector<HeldSwitch>()); }},
        clock_, *log_, metrics_);
    shard_->SetEmergency(desk_.get());
    shard_->SetProtectionJournal(policies_.get());
    ASSERT_TRUE(shard_->Recover().ok());
    ASSERT_TRUE(desk_->Recover().ok());
    Connect({Bitcoin()});
    Turn();
  }

  // Until nothing more follows; `for_ns` of time go by.
  void Turn(std::int64_t for_ns = 0) {
    const std::int64_t until = clock_.nanos + for_ns;
    int quiet = 0;
    while (quiet < 4 || clock_.nanos < until) {
      clock_.nanos += quiet < 4 ? 1'000'000 : 100'000'000;
      (void)shard_->Poll(clock_.nanos);
      bool any = AnswerRisk() || !sent_.empty();
      for (const Sent& sent : std::exchange(sent_, {})) Carry(sent);
      quiet = any ? 0 : quiet + 1;
    }
  }

  // The venue: confirms everything, keeps market orders for the test to fill.
  void Carry(const Sent& sent) {
    const std::string& about = sent.has_reduce() ? sent.reduce().order_id() : sent.cancel().order_id();
    // What is over is not ended twice.
    if ((sent.has_reduce() || sent.has_cancel()) && over_.contains(about)) return;
    if (sent.has_new_order()) {
      const order::v1::Order& order = sent.new_order().order();
      ++placed_;
      if (refuses_) {
        Report(order.order_id(), broker::v1::EXECUTION_TYPE_REJECTED,
               [](auto& report) { report.mutable_rejection()->set_message("not today"); });
        return;
      }
      Report(order.order_id(), broker::v1::EXECUTION_TYPE_NEW);
      if (order.type() == type::v1::ORDER_TYPE_MARKET && fills_market_) Trade(order, order.leaves_quantity().value());
    } else if (sent.has_replace()) {
      bool refused = refuses_replace_;
      Report(sent.replace().order_id(),
             refused ? broker::v1::EXECUTION_TYPE_REPLACE_REJECTED : broker::v1::EXECUTION_TYPE_REPLACED,
             [&](auto& report) { *report.mutable_replacement() = sent.replace().replacement(); });
    } else if (sent.has_reduce()) {
      Order order = FindOrder(sent.reduce().order_id());
      Decimal left = D(sent.reduce().quantity().value().c_str());
      bool ends = left <= order.cumulative_quantity;
      Report(sent.reduce().order_id(), ends ? broker::v1::EXECUTION_TYPE_CANCELED : broker::v1::EXECUTION_TYPE_RESTATED,
             [&](auto& report) {
               report.mutable_leaves_quantity()->set_value((left - order.cumulative_quantity).ToString());
               report.mutable_cumulative_quantity()->set_value(order.cumulative_quantity.ToString());
               *report.mutable_rejection() = sent.reduce().rejection();
             });
    } else if (sent.has_cancel()) {
      Report(sent.cancel().order_id(), broker::v1::EXECUTION_TYPE_CANCELED);
    }
  }
  void Report(const std::string& order_id, broker::v1::ExecutionType type,
              const std::function<void(broker::v1::ExecutionReport&)>& change = {}) {
    if (type == broker::v1::EXECUTION_TYPE_CANCELED) over_.insert(order_id);
    Tell(order_id, type, change);
  }
  void Trade(const order::v1::Order& order, const std::string& quantity) {
    TellTrade(order.order_id(), order.symbol(), static_cast<Side>(order.side()), quantity, price_);
  }

  // By hand.
  OrderReply Submit(const std::string& key, Side side, const char* quantity, OrderType type = OrderType::kMarket,
                    const char* price = "") {
    Order order;
    order.account_id = kAccount;
    order.request_id = RequestId(key);
    order.symbol = kBitcoin;
    order.side = side;
    order.type = type;
    order.time_in_force = type == OrderType::kMarket ? TimeInForce::kIoc : TimeInForce::kGtc;
    order.quantity = D(quantity);
    if (type == OrderType::kLimit) order.limit_price = D(price);
    if (type == OrderType::kStop) order.stop_price = D(price);
    OrderReply told;
    EXPECT_TRUE(shard_->Submit(order, "user:me", true, [&told](OrderReply reply) { told = std::move(reply); }));
    Turn();
    return told;
  }
  absl::Status Set(std::optional<orders::StopPolicy> policy, const Symbol& symbol = {},
                   std::optional<DeploymentId> book = std::nullopt) {
    absl::Status told = absl::UnknownError("not answered");
    EXPECT_TRUE(shard_->SetStopPolicy({.account_id = kAccount,
                                       .symbol = symbol,
                                       .deployment_id = std::move(book),
                                       .policy = std::move(policy),
                                       .reason = "test",
                                       .actor = "user:me"},
                                      [&told](const absl::Status& status) { told = status; }));
    Turn();
    return told;
  }
  ProtectionView View(const char* deployment = "") {
    ProtectionView found;
    EXPECT_TRUE(shard_->ListProtections(kAccount, [&](const absl::StatusOr<ProtectionDesk::Answer>& answer) {
      ASSERT_TRUE(answer.ok());
      for (const ProtectionView& view : answer->protections) {
        if (view.deployment_id == DeploymentId(deployment)) found = view;
      }
    }));
    Turn();
    return found;
  }
  // Ours that can still change, with their leaves.
  std::vector<Order> Ours() {
    std::map<OrderId, Order> all;
    for (const OrderEvent& event : disk_->Events(kAccount)) {
      if (event.order && orders::IsProtection(*event.order)) all[event.order->order_id] = *event.order;
    }
    std::vector<Order> open;
    for (const auto& [id, order] : all) {
      if (!IsTerminal(order.status)) open.push_back(order);
    }
    return open;
  }
  int CountNotes(OrderEventType type) {
    int count = 0;
    for (const OrderEvent& event : disk_->Events(kAccount)) count += event.type == type ? 1 : 0;
    return count;
  }
  // One stop and one target with this much, and nothing else.
  void ExpectSet(const char* quantity, const char* stop, const char* target) {
    std::vector<Order> ours = Ours();
    ASSERT_EQ(ours.size(), 2U);
    for (const Order& order : ours) {
      EXPECT_EQ(order.leaves_quantity, D(quantity)) << order.reason;
      EXPECT_TRUE(order.reduce_only);
      if (order.type == OrderType::kStop)
        EXPECT_EQ(order.stop_price, D(stop));
      else
        EXPECT_EQ(order.limit_price, D(target));
    }
    EXPECT_EQ(View().state, ProtectionState::kLive) << View().message;
  }

  std::shared_ptr<MemoryProtections::Disk> policy_disk_ = std::make_shared<MemoryProtections::Disk>();
  std::shared_ptr<MemoryEmergencies::Disk> emergency_disk_ = std::make_shared<MemoryEmergencies::Disk>();
  std::unique_ptr<MemoryProtections> policies_;
  std::unique_ptr<MemoryEmergencies> emergencies_;
  std::unique_ptr<EmergencyDesk> desk_;
  std::string price_ = "100";
  bool refuses_ = false, refuses_replace_ = false, fills_market_ = true;
  int placed_ = 0;
  std::set<std::string> over_;
};

TEST_F(ProtectionDeskTest, APositionByHandIsProtectedInTheCommitOfItsFillAndRiskIsNotAsked) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  ExpectSet("2", "98", "105");
  EXPECT_TRUE(View().by_default);
  EXPECT_EQ(View().entry_price, D("100"));
}

TEST_F(ProtectionDeskTest, APolicySetLaterProtectsWhatIsHeldAlready) {
  (void)Submit("sell", Side::kSell, "1.5");
  EXPECT_TRUE(Ours().empty());
  EXPECT_EQ(View().state, ProtectionState::kNone);
  ASSERT_TRUE(Set(Policy("0.02", "0.05"), kBitcoin).ok());
  ExpectSet("1.5", "102", "95");
}

TEST_F(ProtectionDeskTest, ItFollowsPartialFillsMoreAndLessAndAFlip) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  fills_market_ = false;
  OrderReply entry = Submit("buy", Side::kBuy, "2");
  order::v1::Order order;
  wire::ToProto(entry.order, &order);
  Trade(order, "0.5");
  Turn();
  ExpectSet("0.5", "98", "105");
  price_ = "104";
  Trade(order, "1.5");
  Turn();
  ExpectSet("2", "100.94", "108.15");  // from 103
  fills_market_ = true;
  (void)Submit("less", Side::kSell, "0.7");
  ExpectSet("1.3", "100.94", "108.15");
  price_ = "100";
  (void)Submit("flip", Side::kSell, "2.3");
  ExpectSet("1", "102", "95");
  (void)Submit("flat", Side::kBuy, "1");
  EXPECT_TRUE(Ours().empty());
}

TEST_F(ProtectionDeskTest, AfterARestartItIsTheSameSet) {
  ASSERT_TRUE(Set(Policy("", "0.05", "0.01")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  std::vector<Order> before = Ours();
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(View().state, ProtectionState::kLive);
  EXPECT_TRUE(View().stop->held_here);
  int placed = placed_;
  Begin();
  Turn(10 * kSecond);
  EXPECT_EQ(Ours(), before);
  EXPECT_EQ(placed_, placed);
  EXPECT_EQ(View().state, ProtectionState::kLive);
  EXPECT_EQ(CountNotes(OrderEventType::kUnprotected), 0);
}

TEST_F(ProtectionDeskTest, APersonsOwnExitsAreLeftTheirPart) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  (void)Submit("own", Side::kSell, "0.5", OrderType::kLimit, "120");
  std::vector<Order> ours = Ours();
  ASSERT_EQ(ours.size(), 2U);
  for (const Order& order : ours) EXPECT_EQ(order.leaves_quantity, order.type == OrderType::kStop ? D("2") : D("1.5"));
  EXPECT_EQ(View().state, ProtectionState::kLive);
  EXPECT_EQ(View().own_target_quantity, D("0.5"));
  // Once it is gone, all of it is ours again.
  bool asked = shard_->Cancel(orders::OrderIdFor(kAccount, RequestId("own")), "user:me", [](const OrderReply&) {});
  EXPECT_TRUE(asked);
  Turn();
  ExpectSet("2", "98", "105");
}

TEST_F(ProtectionDeskTest, WhatAPersonTakesAwayComesBackUnlessThePolicyIsOff) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  std::vector<Order> before = Ours();
  EXPECT_TRUE(shard_->Cancel(before[0].order_id, "user:me", [](const OrderReply&) {}));
  Turn(2 * kSecond);
  ExpectSet("2", "98", "105");
  orders::StopPolicy off;
  off.off = true;
  ASSERT_TRUE(Set(off, kBitcoin).ok());
  EXPECT_TRUE(Ours().empty());
  EXPECT_EQ(View().state, ProtectionState::kNone);
  ASSERT_TRUE(Set(std::nullopt, kBitcoin).ok());
  ExpectSet("2", "98", "105");
  ASSERT_TRUE(Set(std::nullopt).ok());
  EXPECT_TRUE(Ours().empty());
}

TEST_F(ProtectionDeskTest, TheNarrowestPolicyHoldsAndIsChangedInPlace) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  std::vector<Order> before = Ours();
  ASSERT_TRUE(Set(Policy("0.03", "0.05"), kBitcoin, DeploymentId("")).ok());
  ExpectSet("2", "97", "105");
  EXPECT_EQ(Ours()[0].order_id, before[0].order_id);
  EXPECT_EQ(Ours()[1].order_id, before[1].order_id);
  EXPECT_FALSE(View().by_default);
}

TEST_F(ProtectionDeskTest, WhatTheVenueWillNotReplaceIsPlacedAnew) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  refuses_replace_ = true;
  (void)Submit("more", Side::kBuy, "1");
  Turn(2 * kSecond);
  ExpectSet("3", "98", "105");
}

TEST_F(ProtectionDeskTest, PageTellsOnceAndGoesOnTrying) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  OrderReply bought = Submit("buy", Side::kBuy, "2");
  refuses_ = true;
  for (const Order& order : Ours()) Report(order.order_id.value(), broker::v1::EXECUTION_TYPE_CANCELED);
  Turn(20 * kSecond);
  EXPECT_EQ(CountNotes(OrderEventType::kUnprotected), 1);
  EXPECT_EQ(View().state, ProtectionState::kMissing);
  EXPECT_THAT(View().message, HasSubstr("not today"));
  EXPECT_EQ(View().held, D("2")) << "it is not closed";
  refuses_ = false;
  Turn(2 * kSecond);
  ExpectSet("2", "98", "105");
  EXPECT_EQ(CountNotes(OrderEventType::kProtected), 1);
}

TEST_F(ProtectionDeskTest, FlattenClosesWhatCannotBeProtected) {
  refuses_ = false;
  ASSERT_TRUE(Set(Policy("0.02", "", "", orders::UnprotectedAction::kFlatten)).ok());
  (void)Submit("buy", Side::kBuy, "2");
  ASSERT_EQ(Ours().size(), 1U);
  // The venue takes no stops, but market orders.
  std::string stop = Ours()[0].order_id.value();
  refuses_ = true;
  Report(stop, broker::v1::EXECUTION_TYPE_CANCELED);
  for (int i = 0; i < 3 && CountNotes(OrderEventType::kUnprotected) == 0; ++i) Turn(100'000'000);
  EXPECT_EQ(CountNotes(OrderEventType::kUnprotected), 1);
  EXPECT_EQ(View().state, ProtectionState::kFlattening);
  refuses_ = false;
  Turn(3 * kSecond);
  EXPECT_TRUE(View().held.IsZero());
  EXPECT_TRUE(Ours().empty());
}

TEST_F(ProtectionDeskTest, RetryThenFlattenTriesFirst) {
  ASSERT_TRUE(Set(Policy("0.02", "", "", orders::UnprotectedAction::kRetryThenFlatten)).ok());
  broker_away_ = true;
  (void)Submit("buy", Side::kBuy, "2");
  broker_away_ = false;
  shard_->OnBrokerReady(shard_->ExecutionCursors());
  Turn();
  EXPECT_EQ(View().state, ProtectionState::kLive);
  shard_->OnBrokerLost();
  Turn();
  std::string stop = Ours()[0].order_id.value();
  Report(stop, broker::v1::EXECUTION_TYPE_CANCELED);
  Turn(4 * kSecond);
  EXPECT_EQ(View().state, ProtectionState::kArming);
  EXPECT_EQ(CountNotes(OrderEventType::kUnprotected), 0);
  Turn(2 * kSecond);
  EXPECT_EQ(View().state, ProtectionState::kMissing);
  EXPECT_EQ(CountNotes(OrderEventType::kUnprotected), 1);
  EXPECT_THAT(View().message, HasSubstr("not connected"));
  Turn(10 * kSecond);
  EXPECT_EQ(View().state, ProtectionState::kFlattening);
  shard_->OnBrokerReady(shard_->ExecutionCursors());
  Turn(2 * kSecond);
  EXPECT_TRUE(View().held.IsZero());
}

TEST_F(ProtectionDeskTest, AnEmergencyThatCancelsIsNotUndone) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  desk_->Engage({.command_id = "cancel-1",
                 .account_id = kAccount,
                 .level = orders::EmergencyLevel::kCancel,
                 .reason = "test",
                 .actor = "user:me"},
                [](const absl::StatusOr<EmergencyView>&) {});
  Turn(10 * kSecond);
  EXPECT_TRUE(Ours().empty());
  EXPECT_EQ(View().state, ProtectionState::kSuspended);
  EXPECT_EQ(CountNotes(OrderEventType::kUnprotected), 0);
  desk_->End(kAccount, {}, "over", "user:me", [](const EmergencyDesk::Who&) {});
  Turn();
  EXPECT_TRUE(shard_->Halt(kAccount, "over", "user:me", true, [](const AccountReply&) {}));
  Turn(2 * kSecond);
  ExpectSet("2", "98", "105");
}

TEST_F(ProtectionDeskTest, AHaltKeepsIt) {
  ASSERT_TRUE(Set(Policy("0.02", "0.05")).ok());
  (void)Submit("buy", Side::kBuy, "2");
  EXPECT_TRUE(shard_->Halt(kAccount, "a person looks", "user:me", false, [](const AccountReply&) {}));
  Turn();
  Report(Ours()[0].order_id.value(), broker::v1::EXECUTION_TYPE_CANCELED);
  Turn(2 * kSecond);
  ExpectSet("2", "98", "105");
}

TEST_F(ProtectionDeskTest, WhatCannotBeStoredIsNotInForceAndNobodyIsUnknown) {
  policy_disk_->away = true;
  EXPECT_TRUE(absl::IsUnavailable(Set(Policy("0.02", "0.05"))));
  (void)Submit("buy", Side::kBuy, "2");
  EXPECT_TRUE(Ours().empty());
  policy_disk_->away = false;
  EXPECT_TRUE(absl::IsNotFound(Set(Policy("0.02", "0.05"), kBitcoin, DeploymentId("nobody"))));
  EXPECT_TRUE(Ours().empty());
}

}  // namespace
}  // namespace ballast
