// Emergency commands on the writer, against a venue that does what the test says. No thread, no socket: the test calls.
#include "services/order_management/emergency_desk.h"

#include <gtest/gtest.h>

#include <deque>

#include "libs/platform/service/service.h"
#include "services/order_management/testing/memory_emergencies.h"

namespace ballast {
namespace {

using orders::EmergencyLevel;
using orders::EmergencyPhase;

const AccountId kPaper("paper");
const Symbol kBtc("BTC");

class StillClock : public Clock {
 public:
  void Advance(std::int64_t millis) { now_ns_ += millis * 1'000'000; }
  [[nodiscard]] UtcTime Now() const override { return {now_ns_}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return now_ns_; }

 private:
  std::int64_t now_ns_ = 1'000'000'000'000;
};

class EmergencyDeskTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(Logger::Make({.service = "emergency_desk_test", .level = "EMERGENCY"}, &log_).ok() ||
                Logger::Make({.service = "emergency_desk_test", .level = "CRITICAL"}, &log_).ok());
  }
  static void TearDownTestSuite() { log_.reset(); }

  void SetUp() override {
    (void)account_.Open(kPaper, AccountMode::kPaper, "USD", Decimal::FromInt(100'000), clock_.Now());
    Begin();
  }
  // A new process over the same disk.
  void Begin() {
    tasks_.clear();
    after_.clear();
    looks_.clear();
    desk_ = std::make_unique<EmergencyDesk>(
        journal_,
        EmergencyDesk::Venue{.look = [this](const AccountId&, auto done) { looks_.push_back(std::move(done)); },
                             .switches = [this](auto done) { done(switches_); }},
        clock_, *log_, metrics_);
    desk_->SetWriter({.account = [this](const AccountId& id) { return id == kPaper ? &account_ : nullptr; },
                      .accounts = [] { return std::vector<AccountId>{kPaper}; },
                      .keep = [](const std::vector<OrderEvent>&) {},
                      .after_commit = [this](std::function<void()> action) { after_.push_back(std::move(action)); },
                      .send_cancel = [this](const Order& order) { cancels_.push_back(order.order_id); },
                      .place =
                          [this](Order order, const std::string& actor, RiskCheck check) {
                            placed_.push_back(order);
                            (void)account_.Accept(std::move(order), actor, {std::move(check)}, true, clock_.Now());
                          },
                      .unanswered = [this](const AccountId&) { return unanswered_; },
                      .withdraw = [this](const AccountId&, const Rejection&) { unanswered_ = 0; },
                      .broker_ready = [this] { return broker_ready_; },
                      .lot_size = [this](const Symbol&) { return lot_; },
                      .mark = [this](const Symbol&) { return mark_; },
                      .enqueue =
                          [this](std::function<void()> task) {
                            tasks_.push_back(std::move(task));
                            return true;
                          },
                      .storage_away = [] { return false; }});
    ASSERT_TRUE(desk_->Recover().ok());
  }
  void Tick(int times = 1, std::int64_t millis = 20) {
    for (int i = 0; i < times; ++i) {
      clock_.Advance(millis);
      while (!tasks_.empty()) {
        auto task = std::move(tasks_.front());
        tasks_.pop_front();
        task();
      }
      desk_->Tick();
      auto actions = std::move(after_);
      after_.clear();
      for (auto& action : actions) action();
    }
  }
  static orders::Emergency Command(const std::string& id = "flatten-1") {
    return {.command_id = id,
            .account_id = kPaper,
            .level = orders::LevelOfCommand(id),
            .reason = "why",
            .actor = "user:me"};
  }
  absl::StatusOr<EmergencyView> Press(orders::Emergency command) {
    absl::StatusOr<EmergencyView> answer = absl::DeadlineExceededError("no answer");
    desk_->Engage(std::move(command), [&](absl::StatusOr<EmergencyView> view) { answer = std::move(view); });
    Tick();
    return answer;
  }
  OrderId Submit(const std::string& request, Side side, const std::string& quantity) {
    Order order;
    order.account_id = kPaper;
    order.request_id = RequestId(request);
    order.order_id = OrderId(request);
    order.symbol = kBtc;
    order.side = side;
    order.type = OrderType::kMarket;
    order.quantity = Decimal::Of(quantity);
    (void)account_.Accept(order, "user:me", {}, true, clock_.Now());
    return order.order_id;
  }
  void Report(const OrderId& id, OrderEventType type, const std::string& quantity = "0") {
    orders::Report report{.execution_sequence = account_.snapshot().execution_sequence + 1,
                          .type = type,
                          .order_id = id,
                          .broker_order_id = "b" + id.value()};
    if (type == OrderEventType::kFilled) {
      const Order* order = account_.Find(id);
      report.fill = {.execution_id = ExecutionId("x" + std::to_string(report.execution_sequence)),
                     .order_id = id,
                     .account_id = kPaper,
                     .symbol = kBtc,
                     .side = order->side,
                     .quantity = Decimal::Of(quantity),
                     .price = Decimal::FromInt(100)};
    }
    (void)account_.ApplyReport(report, clock_.Now());
  }
  void Buy(const std::string& request, const std::string& quantity) {
    OrderId id = Submit(request, Side::kBuy, quantity);
    Report(id, OrderEventType::kAccepted);
    Report(id, OrderEventType::kFilled, quantity);
  }
  // The venue answers the newest question with what the account's reports add up to.
  void VenueAnswers(int open_orders = 0) {
    ASSERT_FALSE(looks_.empty());
    orders::VenueView view{.execution_sequence = account_.snapshot().execution_sequence,
                           .open_orders = open_orders,
                           .positions = account_.books().NetAll()};
    auto done = std::move(looks_.back());
    looks_.clear();
    done(view);
    Tick();
  }
  EmergencyView View() { return desk_->List().front(); }
  EmergencyPhase Stored(const std::string& id) { return disk_->rows.at({kPaper, id}).phase; }

  static inline std::unique_ptr<Logger> log_;
  StillClock clock_;
  Metrics metrics_;
  orders::Account account_;
  std::shared_ptr<MemoryEmergencies::Disk> disk_ = std::make_shared<MemoryEmergencies::Disk>();
  MemoryEmergencies journal_{disk_};
  std::unique_ptr<EmergencyDesk> desk_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::function<void()>> after_;
  std::vector<std::function<void(absl::StatusOr<orders::VenueView>)>> looks_;
  std::vector<HeldSwitch> switches_;
  std::vector<OrderId> cancels_;
  std::vector<Order> placed_;
  int unanswered_ = 0;
  bool broker_ready_ = true;
  Decimal lot_;
  std::optional<Decimal> mark_;
};

// A venue refuses what is no whole lot, all of it: what a fee in the base asset has left must not hold up the rest.
TEST_F(EmergencyDeskTest, WholeLotsAreClosedAndDustIsSaid) {
  lot_ = Decimal::Of("0.001");
  Buy("a", "1.0004");
  ASSERT_TRUE(Press(Command()).ok());
  Tick();
  ASSERT_EQ(placed_.size(), 1U);
  EXPECT_EQ(placed_[0].quantity, Decimal::Of("1"));
  Report(placed_[0].order_id, OrderEventType::kAccepted);
  Report(placed_[0].order_id, OrderEventType::kFilled, "1");
  Tick();
  VenueAnswers();
  Tick(20);
  ASSERT_EQ(placed_.size(), 2U);
  // The venue refuses it each time; what is said between the tries.
  std::string said;
  for (int look = 0; look < 30; ++look) {
    EXPECT_EQ(placed_.back().quantity, Decimal::Of("0.0004"));
    if (!IsTerminal(account_.Find(placed_.back().order_id)->status))
      (void)account_.RejectUnsent(placed_.back().order_id,
                                  {.reason = RejectReason::kQuantityOffLot, .message = "no multiple of the lot"},
                                  clock_.Now());
    Tick();
    if (!looks_.empty()) VenueAnswers();
    if (View().waits_for.find("dust") != std::string::npos) said = View().waits_for;
  }
  EXPECT_NE(said.find("0.0004 BTC"), std::string::npos) << View().waits_for;
  EXPECT_NE(Stored("flatten-1"), EmergencyPhase::kDone);
}

// One net account, two virtual books: what the venue holds is closed there, what the books hold against each other
// here.
TEST_F(EmergencyDeskTest, BooksThatStandAgainstEachOtherEndFlatToo) {
  auto trade = [&](const char* deployment, Side side, const char* quantity) {
    Order order;
    order.account_id = kPaper;
    order.request_id = RequestId(deployment);
    order.order_id = OrderId(deployment);
    order.deployment_id = DeploymentId(deployment);
    order.symbol = kBtc;
    order.side = side;
    order.type = OrderType::kMarket;
    order.quantity = Decimal::Of(quantity);
    (void)account_.Accept(order, "strategy:x", {}, true, clock_.Now());
    Report(order.order_id, OrderEventType::kFilled, quantity);
  };
  trade("a", Side::kBuy, "3");
  trade("b", Side::kSell, "1");
  ASSERT_TRUE(Press(Command()).ok());
  Tick();
  ASSERT_EQ(placed_.size(), 1U);
  EXPECT_EQ(placed_[0].quantity, Decimal::Of("2"));
  Report(placed_[0].order_id, OrderEventType::kFilled, "2");
  Tick();
  VenueAnswers();
  EXPECT_EQ(account_.books().Held(DeploymentId("a"), kBtc), Decimal::Of("1"));
  EXPECT_NE(Stored("flatten-1"), EmergencyPhase::kDone);
  EXPECT_NE(View().waits_for.find("no price yet"), std::string::npos) << View().waits_for;
  mark_ = Decimal::Of("101.5");
  Tick(3);
  EXPECT_TRUE(account_.books().held().empty());
  EXPECT_EQ(placed_.size(), 1U);  // no order for it
  EXPECT_EQ(Stored("flatten-1"), EmergencyPhase::kDone);
}

TEST_F(EmergencyDeskTest, OnePressEndsEverythingAndIsDoneWhenTheVenueSaysSo) {
  Buy("a", "1");
  OrderId working = Submit("b", Side::kBuy, "2");
  Report(working, OrderEventType::kAccepted);
  unanswered_ = 3;
  auto answer = Press(Command());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(account_.snapshot().halted);
  EXPECT_EQ(unanswered_, 0);
  EXPECT_EQ(cancels_, std::vector<OrderId>{working});
  EXPECT_TRUE(placed_.empty());
  // It fills although its cancel is on the way: the close is about what is held then.
  Report(working, OrderEventType::kFilled, "2");
  Tick();
  ASSERT_EQ(placed_.size(), 1U);
  EXPECT_EQ(placed_[0].quantity, Decimal::Of("3"));
  EXPECT_EQ(placed_[0].side, Side::kSell);
  EXPECT_TRUE(placed_[0].reduce_only);
  EXPECT_EQ(View().emergency.phase, EmergencyPhase::kClosing);
  Report(placed_[0].order_id, OrderEventType::kFilled, "3");
  Tick();
  EXPECT_NE(View().emergency.phase, EmergencyPhase::kDone);
  VenueAnswers();
  EXPECT_EQ(View().emergency.phase, EmergencyPhase::kDone);
  EXPECT_EQ(Stored("flatten-1"), EmergencyPhase::kDone);
  EXPECT_EQ(View().emergency.orders_found, 4);
}

TEST_F(EmergencyDeskTest, ACloseThatIsRefusedIsFollowedByAnotherUnderANewId) {
  Buy("a", "1");
  ASSERT_TRUE(Press(Command()).ok());
  ASSERT_EQ(placed_.size(), 1U);
  Report(placed_[0].order_id, OrderEventType::kRejected);
  Tick(2);
  VenueAnswers();
  Tick(10);
  ASSERT_EQ(placed_.size(), 2U);
  EXPECT_NE(placed_[0].request_id, placed_[1].request_id);
  EXPECT_NE(View().waits_for, "");
}

TEST_F(EmergencyDeskTest, ItGoesOnAfterARestart) {
  Buy("a", "1");
  broker_ready_ = false;
  ASSERT_TRUE(Press(Command()).ok());
  EXPECT_TRUE(placed_.empty());
  EXPECT_NE(View().waits_for.find("gateway"), std::string::npos);
  Begin();
  EXPECT_EQ(View().emergency.command_id, "flatten-1");
  broker_ready_ = true;
  Tick();
  EXPECT_EQ(placed_.size(), 1U);
}

TEST_F(EmergencyDeskTest, WithoutStorageItIsNotAcknowledgedButHeldAndTakenWhenTheStorageIsBack) {
  disk_->away = true;
  auto answer = Press(Command());
  EXPECT_TRUE(absl::IsUnavailable(answer.status()));
  Order order;
  order.account_id = kPaper;
  EXPECT_TRUE(desk_->Refusal(order).has_value());
  order.reduce_only = true;
  EXPECT_FALSE(desk_->Refusal(order).has_value());
  EXPECT_NE(View().waits_for, "");
  disk_->away = false;
  Tick(2, 300);
  EXPECT_TRUE(account_.snapshot().halted);
  EXPECT_EQ(Stored("flatten-1"), EmergencyPhase::kCanceling);
}

TEST_F(EmergencyDeskTest, TheSameCommandAgainIsTheSameAndALowerOneJoins) {
  Buy("a", "1");
  ASSERT_TRUE(Press(Command()).ok());
  ASSERT_TRUE(Press(Command()).ok());
  auto joined = Press(Command("halt-2"));
  ASSERT_TRUE(joined.ok());
  EXPECT_EQ(joined->emergency.command_id, "flatten-1");
  EXPECT_EQ(disk_->rows.size(), 1U);
  EXPECT_EQ(placed_.size(), 1U);
}

TEST_F(EmergencyDeskTest, AHigherCommandTakesOver) {
  Buy("a", "1");
  ASSERT_TRUE(Press(Command("cancel-1")).ok());
  auto over = Press(Command("flatten-2"));
  ASSERT_TRUE(over.ok());
  EXPECT_EQ(over->emergency.command_id, "flatten-2");
  EXPECT_EQ(Stored("cancel-1"), EmergencyPhase::kEnded);
  EXPECT_EQ(placed_.size(), 1U);
}

TEST_F(EmergencyDeskTest, APersonEndsItAndWhatComesLateStartsNothing) {
  ASSERT_TRUE(Press(Command()).ok());
  absl::Status ended = absl::UnknownError("");
  desk_->End(kPaper, {"flatten-1", "flatten-9"}, "all is well", "user:me",
             [&](const EmergencyDesk::Who& who) { ended = who.status(); });
  Tick();
  ASSERT_TRUE(ended.ok()) << ended;
  (void)account_.Resume("all is well", "user:me", clock_.Now());
  Tick(10);
  EXPECT_FALSE(account_.snapshot().halted);
  auto late = Press(Command("flatten-9"));
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->emergency.phase, EmergencyPhase::kEnded);
  EXPECT_FALSE(account_.snapshot().halted);
  Begin();
  Tick(10);
  EXPECT_FALSE(account_.snapshot().halted);
}

TEST_F(EmergencyDeskTest, ADeploymentStaysStoppedUntilAPersonStartsIt) {
  disk_->deployments[{kPaper, DeploymentId("d")}] = "";
  ASSERT_TRUE(Press(Command()).ok());
  Order order;
  order.account_id = kPaper;
  order.deployment_id = DeploymentId("d");
  order.reduce_only = true;
  Begin();
  auto refusal = desk_->Refusal(order);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RejectReason::kDeploymentStopped);
  auto ask = [&](bool clear) {
    absl::Status status = absl::UnknownError("");
    desk_->AskRegister(kPaper, DeploymentId("d"), clear, [&](absl::Status answer) { status = answer; });
    Tick();
    return status;
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(ask(false)));
  EXPECT_TRUE(absl::IsFailedPrecondition(ask(true)));  // still engaged
  desk_->End(kPaper, {}, "r", "user:me", [](const EmergencyDesk::Who&) {});
  Tick();
  EXPECT_TRUE(absl::IsFailedPrecondition(ask(false)));
  EXPECT_TRUE(ask(true).ok());
  EXPECT_TRUE(ask(false).ok());
  EXPECT_FALSE(desk_->Refusal(order).has_value());
}

TEST_F(EmergencyDeskTest, ASwitchThatTheGatewayHoldsIsTakenOver) {
  switches_ = {{.account_id = kPaper, .command_id = "cancel-7", .reason = "r", .actor = "user:me"}};
  desk_->OnBrokerReady();
  Tick(3);
  EXPECT_TRUE(account_.snapshot().halted);
  EXPECT_EQ(View().emergency.command_id, "cancel-7");
  // One that a person has ended is not engaged again.
  desk_->End(kPaper, {}, "r", "user:me", [](const EmergencyDesk::Who&) {});
  Tick();
  (void)account_.Resume("r", "user:me", clock_.Now());
  desk_->OnBrokerReady();
  Tick(3);
  EXPECT_FALSE(account_.snapshot().halted);
}

TEST_F(EmergencyDeskTest, AnUnknownAccountIsSaid) {
  orders::Emergency command = Command();
  command.account_id = AccountId("nobody");
  EXPECT_TRUE(absl::IsNotFound(Press(command).status()));
  EXPECT_TRUE(desk_->List().empty());
}

}  // namespace
}  // namespace ballast
