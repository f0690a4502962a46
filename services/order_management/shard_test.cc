// The writer against a journal that fails, a risk service and a broker that answer when the test says so.
#include "services/order_management/shard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>

#include "libs/base/rng.h"
#include "libs/orders/order_id.h"
#include "libs/platform/service/service.h"
#include "libs/runtime/worker.h"
#include "services/order_management/testing/memory_journal.h"

namespace ballast {
namespace {

constexpr std::chrono::seconds kPatience(20);

// The machine's clocks, and beyond them as far as the test says.
class MovedClock : public Clock {
 public:
  void Advance(std::int64_t millis) { moved_ns_ += millis * 1'000'000; }
  [[nodiscard]] UtcTime Now() const override { return system_.Now() + Duration{moved_ns_}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return system_.MonotonicNanos() + moved_ns_; }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> moved_ns_ = 0;
};

// What the shard sent to a neighbour, in order.
template <typename Request>
class Outbox {
 public:
  bool Put(Request request) {
    std::lock_guard lock(mutex_);
    sent_.push_back(std::move(request));
    changed_.notify_all();
    return true;
  }
  // The next one that `wanted` accepts; those before it are dropped. None once `over`, which is looked at again after
  // each Wake.
  std::optional<Request> Next(
      const std::function<bool(const Request&)>& wanted, const std::function<bool()>& over = [] { return false; }) {
    std::unique_lock lock(mutex_);
    std::optional<Request> found;
    changed_.wait_for(lock, kPatience, [&] {
      while (!sent_.empty() && !found) {
        if (wanted(sent_.front())) found = sent_.front();
        sent_.pop_front();
      }
      return found.has_value() || over();
    });
    return found;
  }
  void Wake() {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  // Whether it is among what was sent and not looked at yet.
  bool Any(const std::function<bool(const Request&)>& wanted) {
    std::lock_guard lock(mutex_);
    return std::any_of(sent_.begin(), sent_.end(), wanted);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> sent_;
};

class ShardTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(Logger::Make({.service = "shard_test", .level = "CRITICAL"}, &log_).ok());
  }
  static void TearDownTestSuite() { log_.reset(); }

  // One life of the process over the same disk.
  struct Life {
    explicit Life(ShardTest& test) : journal(test.disk_), hub(journal, test.clock_) {
      Shard::Options options = test.options_;
      options.accounts = {
          {.id = AccountId("paper"), .currency = "USD", .cash = Decimal::FromInt(100'000), .broker = test.broker_}};
      shard = std::make_unique<Shard>(options, journal, hub, test.clock_, *log_, test.metrics_);
      shard->SetPorts({.risk =
                           [this](const risk::v1::RiskSessionRequest& request) {
                             ++risk_messages;
                             return PutEach(request);
                           },
                       .risk_unsent = [this] { return risk_unsent.load(); },
                       .broker =
                           [this](const broker::v1::OrderSessionRequest& request) {
                             ++broker_messages;
                             if (!request.has_batch()) return broker.Put(request);
                             for (const auto& instruction : request.batch().instructions()) broker.Put(instruction);
                             return true;
                           },
                       .drop_broker = [this] { ++broker_drops; },
                       .drop_risk = [this] { ++risk_drops; },
                       .fail = [this](const std::string& why) { failed.set_value(why); }});
      worker = std::make_unique<runtime::Worker>(*shard, test.clock_);
    }
    void Start() {
      shard->order_ids().Start();
      worker->Start();
    }
    void Drain() { worker->Drain(); }
    // What a batch carries, one message for each.
    bool PutEach(const risk::v1::RiskSessionRequest& request) {
      if (!request.has_batch()) return risk.Put(request);
      risk::v1::RiskSessionRequest one;
      for (const std::string& event : request.batch().events()) {
        EXPECT_TRUE(one.mutable_events()->add_events()->ParseFromString(event));
      }
      if (one.has_events()) risk.Put(one);
      for (const risk::v1::Void& each : request.batch().voids()) {
        *one.mutable_void_() = each;
        risk.Put(one);
      }
      for (const risk::v1::Reserve& each : request.batch().reserves()) {
        *one.mutable_reserve() = each;
        risk.Put(one);
      }
      return true;
    }
    MemoryJournal journal;
    EventHub hub;
    std::atomic<int> risk_messages = 0;
    std::atomic<int> broker_messages = 0;
    std::atomic<std::size_t> risk_unsent = 0;
    Outbox<risk::v1::RiskSessionRequest> risk;
    Outbox<broker::v1::OrderSessionRequest> broker;
    std::atomic<int> broker_drops = 0;
    std::atomic<int> risk_drops = 0;
    std::promise<std::string> failed;
    std::unique_ptr<Shard> shard;
    std::unique_ptr<runtime::Worker> worker;
  };

  void Begin(bool broker_ready = true) {
    life_ = std::make_unique<Life>(*this);
    ASSERT_TRUE(life_->shard->Recover().ok());
    life_->Start();
    life_->shard->OnRiskReady({});
    if (broker_ready) BrokerReady();
  }
  // The gateway has told all there is.
  void BrokerReady(bool takes_batches = true) {
    life_->shard->OnBrokerReady(life_->shard->ExecutionCursors(), takes_batches);
  }
  void TearDown() override { life_.reset(); }

  static Order MakeOrder(const std::string& request, const std::string& quantity = "1") {
    Order order;
    order.account_id = AccountId("paper");
    order.request_id = RequestId(request);
    order.symbol = Symbol("BTC-USD");
    order.side = Side::kBuy;
    order.type = OrderType::kLimit;
    order.time_in_force = TimeInForce::kGtc;
    order.quantity = Decimal::Of(quantity);
    order.limit_price = Decimal::Of("100");
    return order;
  }
  // How many the gateway is sent for so many orders of one turn, which must come in their order.
  int MessagesForTwenty() {
    std::vector<std::future<OrderReply>> replies;
    {
      Standing standing(*life_->shard);
      for (int i = 0; i < 20; ++i) replies.push_back(Submit(MakeOrder("o" + std::to_string(i))));
    }
    std::vector<risk::v1::ReserveResult> results;
    for (int i = 0; i < 20; ++i) results.push_back(Answer(true));
    int before = life_->broker_messages;
    life_->shard->OnRiskResults(std::move(results));
    for (auto& reply : replies) EXPECT_EQ(Get(reply).order.status, OrderStatus::kSubmitted);
    for (int i = 0; i < 20; ++i) {
      auto sent = life_->broker.Next([](const auto& request) { return request.has_new_order(); });
      EXPECT_TRUE(sent && sent->new_order().order().request_id() == "o" + std::to_string(i)) << i;
    }
    return life_->broker_messages - before;
  }
  static OrderId IdOf(const std::string& request) { return orders::OrderIdFor(AccountId("paper"), RequestId(request)); }
  std::future<OrderReply> Submit(Order order, std::optional<UtcTime> deadline = std::nullopt) {
    auto promise = std::make_shared<std::promise<OrderReply>>();
    EXPECT_TRUE(life_->shard->Submit(
        std::move(order), "user:me", true,
        [promise, life = life_.get()](OrderReply reply) {
          promise->set_value(std::move(reply));
          life->risk.Wake();
        },
        deadline));
    return promise->get_future();
  }
  std::future<OrderReply> Cancel(const std::string& request) {
    auto promise = std::make_shared<std::promise<OrderReply>>();
    EXPECT_TRUE(life_->shard->Cancel(IdOf(request), "user:me",
                                     [promise](OrderReply reply) { promise->set_value(std::move(reply)); }));
    return promise->get_future();
  }
  absl::Status Register(const char* deployment, const char* account = "paper") {
    std::promise<absl::Status> promise;
    EXPECT_TRUE(life_->shard->RegisterDeployment(AccountId(account), DeploymentId(deployment), "user:me",
                                                 [&](absl::Status status) { promise.set_value(std::move(status)); }));
    return promise.get_future().get();
  }
  std::future<AccountReply> Halt(bool resume = false) {
    auto promise = std::make_shared<std::promise<AccountReply>>();
    EXPECT_TRUE(life_->shard->Halt(AccountId("paper"), "told to", "user:me", resume,
                                   [promise](AccountReply reply) { promise->set_value(std::move(reply)); }));
    return promise->get_future();
  }
  std::future<absl::StatusOr<std::vector<Order>>> CancelAll(const std::string& symbol = "",
                                                            const std::string& deployment = "") {
    auto promise = std::make_shared<std::promise<absl::StatusOr<std::vector<Order>>>>();
    EXPECT_TRUE(life_->shard->CancelAll(
        AccountId("paper"), Symbol(symbol), DeploymentId(deployment), "user:me",
        [promise](absl::StatusOr<std::vector<Order>> orders) { promise->set_value(std::move(orders)); }));
    return promise->get_future();
  }
  // Keeps the shard's thread in the middle of a task until it goes out of scope: what is enqueued meanwhile is one
  // batch.
  class Standing {
   public:
    explicit Standing(Shard& shard) {
      std::promise<void> stands;
      EXPECT_TRUE(
          shard.Cancel(OrderId("nobody's"), "user:me", [&stands, go = go_.get_future().share()](const OrderReply&) {
            stands.set_value();
            go.wait();
          }));
      stands.get_future().wait();
    }
    ~Standing() { go_.set_value(); }

   private:
    std::promise<void> go_;
  };
  // Waits for the question to risk.
  risk::v1::ReserveResult Answer(bool approved) {
    auto asked = life_->risk.Next([](const auto& request) { return request.has_reserve(); });
    EXPECT_TRUE(asked.has_value());
    return ResultOf(asked ? asked->reserve().correlation_id() : 0, approved);
  }
  static risk::v1::ReserveResult ResultOf(std::uint64_t correlation_id, bool approved) {
    risk::v1::ReserveResult result;
    result.set_correlation_id(correlation_id);
    result.set_approved(approved);
    if (!approved) {
      result.mutable_rejection()->set_reason(type::v1::REJECT_REASON_ORDER_RATE);
      result.mutable_rejection()->set_message("too much");
    }
    return result;
  }
  // The same, and answers it.
  void Decide(bool approved) { life_->shard->OnRiskResults({Answer(approved)}); }
  // Unless the order is answered without it: while a batch cannot be stored, whoever submits is told so at once.
  void DecideIfAsked(const std::future<OrderReply>& reply, bool approved) {
    auto answered = [&reply] { return reply.wait_for(std::chrono::seconds(0)) == std::future_status::ready; };
    auto asked = life_->risk.Next([](const auto& request) { return request.has_reserve(); }, answered);
    if (asked) life_->shard->OnRiskResults({ResultOf(asked->reserve().correlation_id(), approved)});
    EXPECT_TRUE(asked.has_value() || answered());
  }
  // Risk is told to forget it.
  bool Voided(const std::string& request) {
    return life_->risk
        .Next([&](const auto& sent) { return sent.has_void_() && sent.void_().order_id() == IdOf(request).value(); })
        .has_value();
  }
  OrderReply Placed(const std::string& request) {
    std::future<OrderReply> reply = Submit(MakeOrder(request));
    Decide(true);
    return Get(reply);
  }
  OrderReply Get(std::future<OrderReply>& reply) {
    if (reply.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no answer";
      return {.status = absl::DeadlineExceededError("no answer")};
    }
    return reply.get();
  }
  static Order Reducing(const std::string& request) {
    Order order = MakeOrder(request);
    order.side = Side::kSell;
    order.reduce_only = true;
    return order;
  }
  OrderReply Placed(Order order) {
    std::future<OrderReply> reply = Submit(std::move(order));
    Decide(true);
    return Get(reply);
  }
  template <typename Reply>
  static Reply Got(std::future<Reply> reply) {
    if (reply.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("no answer");
    return reply.get();
  }
  // Every order and cancel that the broker was sent and nobody has looked at yet, up to the new order `last`.
  std::vector<std::string> SentUpTo(const std::string& last) {
    std::vector<std::string> sent;
    while (sent.empty() || sent.back() != "new " + IdOf(last).value()) {
      auto next = life_->broker.Next([](const auto& one) { return one.has_new_order() || one.has_cancel(); });
      if (!next) {
        ADD_FAILURE() << last << " was not sent";
        break;
      }
      sent.push_back(next->has_cancel() ? "cancel " + next->cancel().order_id()
                                        : "new " + next->new_order().order().order_id());
    }
    return sent;
  }
  static std::string New(const std::string& request) { return "new " + IdOf(request).value(); }
  static std::string CancelOf(const std::string& request) { return "cancel " + IdOf(request).value(); }
  bool SentToBroker(const std::string& request) {
    return life_->broker
        .Next([&](const auto& sent) {
          return sent.has_new_order() && sent.new_order().order().order_id() == IdOf(request).value();
        })
        .has_value();
  }
  static broker::v1::ExecutionReport Report(const std::string& request, std::uint64_t sequence,
                                            broker::v1::ExecutionType type) {
    broker::v1::ExecutionReport report;
    report.set_account_id("paper");
    report.set_execution_sequence(sequence);
    report.set_type(type);
    report.set_order_id(IdOf(request).value());
    report.set_broker_order_id("b-" + request);
    if (type == broker::v1::EXECUTION_TYPE_TRADE) {
      report.set_execution_id("e" + std::to_string(sequence));
      report.set_symbol("BTC-USD");
      report.set_side(type::v1::SIDE_BUY);
      report.mutable_last_quantity()->set_value("1");
      report.mutable_last_price()->set_value("100");
      report.mutable_fee()->set_value("0.1");
      report.set_fee_currency("USD");
    }
    return report;
  }
  // Blocks until the shard has durably taken reports up to `sequence` and said so to the broker.
  bool Acknowledged(std::uint64_t sequence) {
    return life_->broker
        .Next([&](const auto& sent) {
          return sent.has_acknowledge() && sent.acknowledge().execution_sequence() == sequence;
        })
        .has_value();
  }
  std::vector<OrderEvent> Log() { return disk_->Events(AccountId("paper")); }
  std::vector<OrderEventType> LogOf(const std::string& request) {
    std::vector<OrderEventType> types;
    for (const OrderEvent& event : Log()) {
      if (event.order && event.order->order_id == IdOf(request)) types.push_back(event.type);
    }
    return types;
  }
  void ExpectGapless() {
    std::uint64_t expected = 1;
    for (const OrderEvent& event : Log()) EXPECT_EQ(event.sequence, expected++);
  }

  static std::unique_ptr<Logger> log_;
  MovedClock clock_;
  Metrics metrics_;
  Shard::Options options_{.risk_timeout_ms = 20'000};
  std::string broker_ = "paper";
  std::shared_ptr<MemoryJournal::Disk> disk_ = std::make_shared<MemoryJournal::Disk>();
  std::unique_ptr<Life> life_;
};

std::unique_ptr<Logger> ShardTest::log_;
const std::vector<OrderEventType> kClaimed = {OrderEventType::kPendingNew, OrderEventType::kSubmitted};

TEST_F(ShardTest, AccountsThatCannotBeListedAreNotAnEmptyList) {
  life_ = std::make_unique<Life>(*this);
  ASSERT_TRUE(life_->shard->Recover().ok());
  absl::StatusOr<Shard::AccountList> last;
  int answers = 0;
  // Nobody works on the inbox yet: at some time it is full.
  for (int i = 0; i < 100'000 && answers == 0; ++i) {
    life_->shard->ListAccounts([&](absl::StatusOr<Shard::AccountList> accounts) {
      last = std::move(accounts);
      ++answers;
    });
  }
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(last.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ShardTest, AnAnswerIsDurableAndTheBrokerHearsOfItAfterwards) {
  Begin();
  OrderReply reply = Placed("a");
  ASSERT_TRUE(reply.status.ok());
  EXPECT_EQ(reply.order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  EXPECT_TRUE(SentToBroker("a"));
}

TEST_F(ShardTest, ARefusalIsDurableAndNothingIsSent) {
  Begin();
  std::future<OrderReply> refused = Submit(MakeOrder("a"));
  Decide(false);
  EXPECT_EQ(Get(refused).order.status, OrderStatus::kDenied);
  EXPECT_EQ(LogOf("a"), std::vector{OrderEventType::kDenied});
  EXPECT_TRUE(Placed("b").status.ok());
  auto first = life_->broker.Next([](const auto& sent) { return sent.has_new_order(); });
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->new_order().order().order_id(), IdOf("b").value());
}

// What comes together is asked together, and stored together when it is answered together.
TEST_F(ShardTest, OrdersOfOneBatchShareTheQuestionAndTheCommit) {
  Begin();
  ASSERT_TRUE(Placed("first").status.ok());
  int asked = 0;
  std::vector<std::future<OrderReply>> replies;
  {
    Standing standing(*life_->shard);
    asked = life_->risk_messages;  // what came before has been told by now
    for (int i = 0; i < 20; ++i) replies.push_back(Submit(MakeOrder("o" + std::to_string(i))));
  }
  std::vector<risk::v1::ReserveResult> results;
  for (int i = 0; i < 20; ++i) results.push_back(Answer(i != 7));
  EXPECT_EQ(life_->risk_messages, asked + 1);
  int appends = disk_->appends();
  life_->shard->OnRiskResults(std::move(results));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Get(replies[static_cast<std::size_t>(i)]).order.status,
              i == 7 ? OrderStatus::kDenied : OrderStatus::kSubmitted);
  }
  EXPECT_EQ(disk_->appends(), appends + 1);
}

TEST_F(ShardTest, WhatATurnSendsTheGatewayIsOneMessageInItsOrder) {
  Begin();
  EXPECT_EQ(MessagesForTwenty(), 1);
}

TEST_F(ShardTest, AGatewayThatTakesNoBatchesGetsEachAlone) {
  Begin(false);
  BrokerReady(false);
  EXPECT_EQ(MessagesForTwenty(), 20);
}

// An order that is withdrawn before risk was asked is not asked for at all: its question behind its withdrawal would
// hold room for nothing.
TEST_F(ShardTest, WhatIsWithdrawnInItsOwnBatchIsNotAskedFor) {
  Begin();
  std::future<OrderReply> reply;
  std::future<absl::StatusOr<std::vector<Order>>> cancelled;
  {
    Standing standing(*life_->shard);
    reply = Submit(MakeOrder("a"));
    cancelled = CancelAll();
  }
  EXPECT_EQ(Get(reply).order.status, OrderStatus::kDenied);
  ASSERT_TRUE(Got(std::move(cancelled)).ok());
  ASSERT_TRUE(Placed("b").status.ok());
  EXPECT_FALSE(life_->risk.Any([](const auto& sent) { return sent.has_void_(); }));
  EXPECT_FALSE(life_->risk.Any([](const auto& sent) { return sent.has_reserve(); }));
}

TEST_F(ShardTest, TheSameRequestIsOneOrder) {
  Begin();
  std::future<OrderReply> first = Submit(MakeOrder("a"));
  std::future<OrderReply> second = Submit(MakeOrder("a"));  // while risk is still thinking
  std::future<OrderReply> other = Submit(MakeOrder("a", "2"));
  EXPECT_TRUE(absl::IsAlreadyExists(Get(other).status));
  Decide(true);
  EXPECT_EQ(Get(first).order, Get(second).order);
  std::future<OrderReply> third = Submit(MakeOrder("a"));
  OrderReply again = Get(third);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.order.order_id, IdOf("a"));
  std::future<OrderReply> late = Submit(MakeOrder("a", "2"));
  EXPECT_TRUE(absl::IsAlreadyExists(Get(late).status));
  EXPECT_EQ(LogOf("a"), kClaimed);
}

TEST_F(ShardTest, ACommitInDoubtThatHappenedIsNotRepeated) {
  Begin();
  disk_->FailNext(absl::UnknownError("the answer was lost"), true);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  ExpectGapless();
}

TEST_F(ShardTest, ACommitInDoubtThatDidNotHappenIsTriedAgain) {
  Begin();
  disk_->FailNext(absl::UnknownError("the answer was lost"), false);
  disk_->FailNext(absl::UnavailableError("not yet"), false);
  disk_->FailNext(absl::AbortedError("deadlock"), false);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  ExpectGapless();
}

TEST_F(ShardTest, ATryThatCommittedLateIsFoundAndNotRepeated) {
  Begin();
  // The read-back saw nothing, the second try meets the rows of the first.
  disk_->FailNext(absl::UnavailableError("the server went on with it"), true);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(LogOf("a"), kClaimed);
  ExpectGapless();
}

TEST_F(ShardTest, AnOvertakenWriterEndsAndNeitherAnswersNorSends) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(SentToBroker("a"));
  MemoryJournal newer(disk_);
  ASSERT_TRUE(newer.Fence().ok());
  std::future<OrderReply> lost = Submit(MakeOrder("b"));
  Decide(true);
  std::future<std::string> failed = life_->failed.get_future();
  ASSERT_EQ(failed.wait_for(kPatience), std::future_status::ready);
  life_->Drain();
  EXPECT_TRUE(absl::IsUnavailable(Get(lost).status));
  EXPECT_TRUE(LogOf("b").empty());
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
}

// What comes after a batch that could not be stored must not be stored either: it would leave a gap.
TEST_F(ShardTest, AfterABatchThatIsRefusedForGoodNothingIsStored) {
  Begin();
  disk_->FailNext(absl::InternalError("disk on fire"), false);
  std::future<OrderReply> first = Submit(MakeOrder("a"));
  std::future<OrderReply> second = Submit(MakeOrder("b"));
  risk::v1::ReserveResult approval = Answer(true);
  risk::v1::ReserveResult another = Answer(true);
  life_->shard->OnRiskResults({approval});
  life_->shard->OnRiskResults({another});
  std::future<std::string> failed = life_->failed.get_future();
  ASSERT_EQ(failed.wait_for(kPatience), std::future_status::ready);
  life_->Drain();
  // Whoever waits is told: a call without an answer would hold up the end of the process.
  EXPECT_TRUE(absl::IsUnavailable(Get(first).status));
  EXPECT_TRUE(absl::IsUnavailable(Get(second).status));
  ExpectGapless();
  EXPECT_EQ(Log().size(), 1U);  // the account's opening
  EXPECT_FALSE(life_->shard->Submit(MakeOrder("c"), "user:me", true, [](const OrderReply&) {}));
}

TEST_F(ShardTest, WhatIsStillInTheInboxWhenTheWriterEndsIsAnswered) {
  Begin();
  std::future<OrderReply> lost = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  disk_->FailNext(absl::InternalError("disk on fire"), false);
  std::vector<std::future<OrderReply>> behind;
  std::future<absl::StatusOr<std::vector<Order>>> cancelled;
  std::future<AccountReply> halted;
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({approval});
    life_->shard->OnRiskReady({});  // commits what came before it
    for (int i = 0; i < 600; ++i) behind.push_back(Submit(MakeOrder("b" + std::to_string(i))));
    cancelled = CancelAll();
    halted = Halt();
  }
  EXPECT_TRUE(absl::IsUnavailable(Get(lost).status));
  for (auto& reply : behind) EXPECT_TRUE(absl::IsUnavailable(Get(reply).status));
  EXPECT_TRUE(absl::IsUnavailable(Got(std::move(cancelled)).status()));
  EXPECT_TRUE(absl::IsUnavailable(Got(std::move(halted)).status));
}

// Cancels go before what is asked for; what had been asked for before them must not slip out behind them.
TEST_F(ShardTest, ACancelOfAllMeansWhatCameBeforeItAndStillWaitsInTheInbox) {
  Begin();
  std::future<OrderReply> before, after;
  std::future<absl::StatusOr<std::vector<Order>>> cancelled;
  {
    Standing standing(*life_->shard);
    before = Submit(MakeOrder("a"));
    cancelled = CancelAll();
    after = Submit(MakeOrder("b"));
  }
  EXPECT_TRUE(Got(std::move(cancelled)).ok());
  OrderReply withdrawn = Get(before);
  ASSERT_TRUE(withdrawn.order.rejection.has_value());
  EXPECT_EQ(withdrawn.order.rejection->reason, RejectReason::kCancelPending);
  Decide(true);
  EXPECT_EQ(Get(after).order.status, OrderStatus::kSubmitted);
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) {
    return sent.has_new_order() && sent.new_order().order().order_id() == IdOf("a").value();
  }));
  // One that comes now is not meant.
  EXPECT_EQ(Placed("c").order.status, OrderStatus::kSubmitted);
}

TEST_F(ShardTest, ACancelFindsTheOrderThatCameJustBeforeIt) {
  Begin();
  std::future<OrderReply> order, cancelled;
  {
    Standing standing(*life_->shard);
    order = Submit(MakeOrder("a"));
    cancelled = Cancel("a");
  }
  OrderReply reply = Get(cancelled);
  EXPECT_TRUE(reply.status.ok()) << reply.status;
  EXPECT_EQ(Get(order).order.status, reply.order.status);
  EXPECT_TRUE(IsTerminal(reply.order.status));
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
}

TEST_F(ShardTest, AHaltIsCarriedOutBeforeTheOrdersThatCameBeforeIt) {
  Begin();
  std::future<OrderReply> order;
  std::future<AccountReply> halted;
  {
    Standing standing(*life_->shard);
    order = Submit(MakeOrder("a"));
    halted = Halt();
  }
  OrderReply refused = Get(order);
  ASSERT_TRUE(refused.order.rejection.has_value());
  EXPECT_EQ(refused.order.rejection->reason, RejectReason::kAccountHalted);
}

// The log holds an event where this one's would be, and it is not this one.
TEST_F(ShardTest, AnEventOfAnotherWriterIsNotTakenForOurs) {
  Begin();
  OrderEvent foreign = Log().front();
  foreign.sequence = 3;  // where the claim of the order goes
  foreign.actor = "somebody else";
  disk_->Intrude(foreign);
  disk_->FailNext(absl::UnknownError("the answer was lost"), false);
  std::future<std::string> failed = life_->failed.get_future();
  std::future<OrderReply> reply = Submit(MakeOrder("a"));
  Decide(true);
  EXPECT_TRUE(absl::IsUnavailable(Get(reply).status));
  ASSERT_EQ(failed.wait_for(kPatience), std::future_status::ready);
  life_->Drain();
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
  EXPECT_TRUE(LogOf("a").empty());
}

TEST_F(ShardTest, AnAccountKeepsTheBrokerItWasOpenedAt) {
  Begin();
  life_.reset();
  broker_ = "another";
  Begin();
  auto promise = std::make_shared<std::promise<std::string>>();
  life_->shard->ListAccounts([promise](const auto& accounts) { promise->set_value(accounts->front().second); });
  EXPECT_EQ(Got(promise->get_future()), "paper");
}

TEST_F(ShardTest, ACancelDoesNotWaitUntilRiskHasReadTheLog) {
  Begin();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(Placed("a" + std::to_string(i)).status.ok());
  life_.reset();
  life_ = std::make_unique<Life>(*this);
  life_->risk_unsent = 1'000;  // it reads nothing
  ASSERT_TRUE(life_->shard->Recover().ok());
  life_->Start();
  life_->shard->OnRiskReady({});
  std::future<OrderReply> cancelled = Cancel("a7");
  EXPECT_TRUE(Get(cancelled).status.ok());
  EXPECT_EQ(life_->risk_messages, 0);
  EXPECT_FALSE(life_->shard->risk_ready());
  life_->risk_unsent = 0;
  std::uint64_t expected = 1;
  while (true) {
    auto sent = life_->risk.Next([](const auto& request) { return request.has_events() || request.has_replayed(); });
    ASSERT_TRUE(sent.has_value());
    if (sent->has_replayed()) break;
    for (const auto& event : sent->events().events()) EXPECT_EQ(event.sequence(), expected++);
  }
  EXPECT_EQ(expected, Log().size() + 1);
}

TEST_F(ShardTest, WhenRiskIsLostWhatWaitsIsRefused) {
  Begin();
  std::future<OrderReply> waiting = Submit(MakeOrder("a"));
  ASSERT_TRUE(life_->risk.Next([](const auto& request) { return request.has_reserve(); }).has_value());
  life_->shard->OnRiskLost();
  EXPECT_EQ(Get(waiting).order.rejection->reason, RejectReason::kRiskUnavailable);
  std::future<OrderReply> next = Submit(MakeOrder("b"));
  EXPECT_EQ(Get(next).order.rejection->reason, RejectReason::kRiskUnavailable);
  life_->shard->OnRiskReady({});
  EXPECT_TRUE(Placed("c").status.ok());
}

TEST_F(ShardTest, ALateAnswerOfRiskChangesNothing) {
  options_.risk_timeout_ms = 30;
  Begin();
  std::future<OrderReply> late = Submit(MakeOrder("a"));
  auto asked = life_->risk.Next([](const auto& request) { return request.has_reserve(); });
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(Get(late).order.rejection->reason, RejectReason::kRiskUnavailable);
  auto forgotten = life_->risk.Next([](const auto& request) { return request.has_void_(); });
  ASSERT_TRUE(forgotten.has_value());
  EXPECT_EQ(forgotten->void_().order_id(), IdOf("a").value());
  risk::v1::ReserveResult result;
  result.set_correlation_id(asked->reserve().correlation_id());
  result.set_approved(true);
  life_->shard->OnRiskResults({result});
  std::future<OrderReply> again = Submit(MakeOrder("a"));
  EXPECT_EQ(Get(again).order.status, OrderStatus::kDenied);
  EXPECT_EQ(LogOf("a"), std::vector{OrderEventType::kDenied});
}

TEST_F(ShardTest, RiskGetsTheWholeLogOfASessionBeforeItIsAsked) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  life_->shard->OnRiskLost();
  life_->shard->OnRiskReady({{"paper", 1}});
  auto events = life_->risk.Next(
      [](const auto& request) { return request.has_events() && request.events().events(0).sequence() == 2; });
  ASSERT_TRUE(events.has_value());
  EXPECT_EQ(events->events().events_size(), 2);
}

TEST_F(ShardTest, ReportsAreAppliedOnceAndInOrder) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  auto accepted = Report("a", 1, broker::v1::EXECUTION_TYPE_NEW);
  auto filled = Report("a", 2, broker::v1::EXECUTION_TYPE_TRADE);
  life_->shard->OnReports({filled});  // before the first: refused, the session starts again
  life_->shard->OnReports({accepted, filled});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(life_->broker_drops, 1);
  life_->shard->OnReports({accepted, filled});  // the new session sends all of them again
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(LogOf("a"), (std::vector{OrderEventType::kPendingNew, OrderEventType::kSubmitted, OrderEventType::kAccepted,
                                     OrderEventType::kFilled}));
}

// One that will never be readable does not come again for ever: it is kept, its account is halted, and what follows it
// is booked.
TEST_F(ShardTest, AReportOfAnUnknownKindIsKeptAndTheNextOneIsTaken) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  auto strange = Report("a", 1, static_cast<broker::v1::ExecutionType>(99));
  life_->shard->OnReports({strange, Report("a", 2, broker::v1::EXECUTION_TYPE_TRADE)});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(life_->broker_drops, 0);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kFilled);
  std::vector<OrderEvent> log = disk_->Events(AccountId("paper"));
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const OrderEvent& event) {
    return event.type == OrderEventType::kIllegalReport && event.execution_sequence == 1;
  }));
  EXPECT_TRUE(std::any_of(log.begin(), log.end(),
                          [](const OrderEvent& event) { return event.type == OrderEventType::kAccountHalted; }));
}

TEST_F(ShardTest, AReportIsAcknowledgedOnlyWhenItIsDurable) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  int before = disk_->appends();
  disk_->FailNext(absl::UnavailableError("down"), false);
  disk_->FailNext(absl::UnavailableError("down"), false);
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(1));
  EXPECT_EQ(disk_->appends(), before + 3);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kAccepted);
}

TEST_F(ShardTest, AfterARestartTheUnansweredIsSentAgainUnderTheSameId) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Placed("b").status.ok());
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(1));
  std::future<OrderReply> cancel = Cancel("a");
  EXPECT_TRUE(Get(cancel).order.cancel_requested);
  Begin();
  EXPECT_EQ(life_->shard->ExecutionCursors().at("paper"), 1U);
  auto cancelled = life_->broker.Next([](const auto& sent) { return sent.has_new_order() || sent.has_cancel(); });
  auto resent = life_->broker.Next([](const auto& sent) { return sent.has_new_order() || sent.has_cancel(); });
  ASSERT_TRUE(cancelled && resent);
  if (cancelled->has_new_order()) std::swap(cancelled, resent);
  EXPECT_EQ(cancelled->cancel().order_id(), IdOf("a").value());
  EXPECT_EQ(resent->new_order().order().order_id(), IdOf("b").value());
  std::future<OrderReply> again = Submit(MakeOrder("b"));
  EXPECT_TRUE(Get(again).replayed);
}

TEST_F(ShardTest, WhatWaitedForTheBrokerIsSentWhenItIsBackAndYoungEnough) {
  Begin(false);
  std::future<OrderReply> waiting = Submit(MakeOrder("a"));
  Decide(true);
  EXPECT_EQ(Get(waiting).order.status, OrderStatus::kPendingNew);
  BrokerReady();
  EXPECT_TRUE(SentToBroker("a"));
  EXPECT_EQ(LogOf("a"), kClaimed);
}

TEST_F(ShardTest, WhatWaitedTooLongIsEndedAndNeverSent) {
  options_.intent_age_ms_max = 30;
  Begin(false);
  std::future<OrderReply> waiting = Submit(MakeOrder("a"));
  Decide(true);
  EXPECT_EQ(Get(waiting).order.status, OrderStatus::kPendingNew);
  auto freed = life_->risk.Next([](const auto& request) {
    return request.has_events() && request.events().events(0).type() == order::v1::ORDER_EVENT_TYPE_REJECTED;
  });
  ASSERT_TRUE(freed.has_value());
  BrokerReady();
  EXPECT_TRUE(Placed("b").status.ok());
  auto first = life_->broker.Next([](const auto& sent) { return sent.has_new_order(); });
  EXPECT_EQ(first->new_order().order().order_id(), IdOf("b").value());
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kRejected);
}

// What the gateway never took

TEST_F(ShardTest, AnOrderCancelledWhileTheGatewayWasAwayIsNeverSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  life_->shard->OnBrokerLost();  // before it took it
  EXPECT_EQ(Got(Cancel("a")).order.status, OrderStatus::kPendingCancel);
  BrokerReady();
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});
  EXPECT_EQ(LogOf("a"), (std::vector{OrderEventType::kPendingNew, OrderEventType::kSubmitted,
                                     OrderEventType::kPendingCancel, OrderEventType::kCanceled}));
}

TEST_F(ShardTest, AnOrderCancelledBeforeARestartIsNeverSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Got(Cancel("a")).order.cancel_requested);
  Begin();
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kCanceled);
}

TEST_F(ShardTest, AnOrderThatTheGatewayTookIsStillCancelledAfterAReconnect) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  life_->shard->OnBrokerLost();
  EXPECT_EQ(Got(Cancel("a")).order.status, OrderStatus::kPendingCancel);
  // The next session tells first what the gateway has.
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(1));
  life_->shard->OnBrokerReady({{"paper", 1}});
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), (std::vector{CancelOf("a"), New("b")}));
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kAccepted);
}

// The gateway says that there are reports we do not have, or has fewer than we have: whether it took the order nobody
// knows, so it is neither sent again nor taken for dead.
TEST_F(ShardTest, WhatTheGatewayMayHaveTakenIsNotSentAgain) {
  for (std::uint64_t head : {7U, 0U}) {
    disk_ = std::make_shared<MemoryJournal::Disk>();
    Begin();
    EXPECT_TRUE(Placed("first").status.ok());
    life_->shard->OnReports({Report("first", 1, broker::v1::EXECUTION_TYPE_NEW)});
    ASSERT_TRUE(Acknowledged(1));
    EXPECT_TRUE(Placed("a").status.ok());
    EXPECT_TRUE(Placed("c").status.ok());
    ASSERT_TRUE(SentToBroker("c"));
    life_->shard->OnBrokerLost();
    EXPECT_EQ(Got(Cancel("c")).order.status, OrderStatus::kPendingCancel);
    life_->shard->OnBrokerReady({{"paper", head}});
    EXPECT_TRUE(Placed("b").status.ok());
    EXPECT_EQ(SentUpTo("b"), (std::vector{CancelOf("c"), New("b")})) << head;
    EXPECT_EQ(LogOf("a"), kClaimed) << head;
    EXPECT_EQ(LogOf("c").back(), OrderEventType::kPendingCancel) << head;
  }
}

// The gateway has handed them over, and no report says so yet.
TEST_F(ShardTest, WhatTheGatewayHasAndTheVenueHasNotAnsweredIsNeitherEndedNorSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Placed("c").status.ok());
  EXPECT_TRUE(Placed("d").status.ok());
  ASSERT_TRUE(SentToBroker("d"));
  life_->shard->OnBrokerLost();
  EXPECT_EQ(Got(Cancel("c")).order.status, OrderStatus::kPendingCancel);
  life_->shard->OnBrokerReady({{"paper", 0}}, true, false, {IdOf("a"), IdOf("c")});
  EXPECT_TRUE(Placed("b").status.ok());
  // Of the third one nobody knows anything: it never got there.
  EXPECT_EQ(SentUpTo("b"), (std::vector{CancelOf("c"), New("d"), New("b")}));
  EXPECT_EQ(LogOf("a"), kClaimed);
  EXPECT_EQ(LogOf("c").back(), OrderEventType::kPendingCancel);
}

TEST_F(ShardTest, NoNewRiskInAnInstrumentWhileWhatBecameOfAnOrderThereIsNotKnown) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  life_->shard->OnReports({Report("a", 1, broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN)});
  ASSERT_TRUE(Acknowledged(1));
  Order more = MakeOrder("b");
  OrderReply refused = Got(Submit(more));
  EXPECT_EQ(refused.order.status, OrderStatus::kDenied);
  ASSERT_TRUE(refused.rejection.has_value());
  EXPECT_EQ(refused.rejection->reason, RejectReason::kOutcomeUnknown);
  EXPECT_EQ(refused.rejection->observed, IdOf("a").value());
  EXPECT_TRUE(Placed(Reducing("r")).status.ok());
  EXPECT_TRUE(SentToBroker("r"));
  life_->shard->OnReports({Report("a", 2, broker::v1::EXECUTION_TYPE_NEVER_ACCEPTED)});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kNeverAccepted);
  EXPECT_EQ(Placed("e").order.status, OrderStatus::kSubmitted);
}

// A session that was over before the thread looked at its beginning settles nothing: the next one may have taken more.
TEST_F(ShardTest, TheBeginningOfASessionThatIsOverSaysNothing) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  EXPECT_TRUE(Got(Cancel("a")).order.cancel_requested);
  {
    Standing standing(*life_->shard);
    life_->shard->OnBrokerLost();
    BrokerReady();
    life_->shard->OnBrokerLost();
  }
  EXPECT_EQ(Placed("b").order.status, OrderStatus::kPendingNew);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kPendingCancel);
}

TEST_F(ShardTest, WhatWasClaimedAndNotTakenDoesNotTradeAfterAHalt) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  EXPECT_TRUE(Placed(Reducing("r")).status.ok());
  ASSERT_TRUE(SentToBroker("r"));
  life_->shard->OnBrokerLost();
  EXPECT_TRUE(Got(Halt()).account.halted);
  BrokerReady();
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});  // what only reduces may still leave
  EXPECT_FALSE(Got(Halt(true)).account.halted);
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});  // and the end of the halt brings nothing back
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kRejected);
}

TEST_F(ShardTest, WhatWasClaimedTooLongAgoIsNotSentAgain) {
  Begin();
  EXPECT_TRUE(Placed("a").status.ok());
  ASSERT_TRUE(SentToBroker("a"));
  life_->shard->OnBrokerLost();
  clock_.Advance(options_.intent_age_ms_max + 1);
  BrokerReady();
  EXPECT_TRUE(Placed("b").status.ok());
  EXPECT_EQ(SentUpTo("b"), std::vector{New("b")});
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kRejected);
}

TEST_F(ShardTest, AHaltEndsWhatWaitsForTheGateway) {
  Begin(false);
  EXPECT_EQ(Placed("a").order.status, OrderStatus::kPendingNew);
  EXPECT_EQ(Placed(Reducing("r")).order.status, OrderStatus::kPendingNew);
  EXPECT_TRUE(Got(Halt()).account.halted);
  auto ended = life_->risk.Next([](const auto& request) {
    return request.has_events() && request.events().events(0).type() == order::v1::ORDER_EVENT_TYPE_REJECTED;
  });
  ASSERT_TRUE(ended.has_value());  // at once, not when the gateway is back
  EXPECT_EQ(ended->events().events(0).order().order_id(), IdOf("a").value());
  EXPECT_EQ(ended->events().events(0).order().rejection().reason(), type::v1::REJECT_REASON_ACCOUNT_HALTED);
  EXPECT_FALSE(Got(Halt(true)).account.halted);
  BrokerReady();
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});
}

// Between the decision and the sending

TEST_F(ShardTest, AHaltInTheSameBatchKeepsAnOrderFromLeaving) {
  Begin();
  std::future<OrderReply> placed = Submit(MakeOrder("a"));
  std::future<OrderReply> reducing = Submit(Reducing("r"));
  risk::v1::ReserveResult first = Answer(true);
  risk::v1::ReserveResult second = Answer(true);
  std::future<AccountReply> halted;
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({first});
    life_->shard->OnRiskResults({second});
    halted = Halt();
  }
  OrderReply reply = Get(placed);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  ASSERT_TRUE(reply.rejection.has_value());
  EXPECT_EQ(reply.rejection->reason, RejectReason::kAccountHalted);
  EXPECT_EQ(Get(reducing).order.status, OrderStatus::kSubmitted);
  EXPECT_TRUE(Got(std::move(halted)).account.halted);
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kDenied);
}

TEST_F(ShardTest, ACancelInTheSameBatchKeepsAnOrderFromLeaving) {
  Begin();
  std::future<OrderReply> placed = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  std::future<OrderReply> cancelled;
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({approval});
    cancelled = Cancel("a");
  }
  EXPECT_EQ(Get(placed).order.status, OrderStatus::kDenied);
  Get(cancelled);
  EXPECT_TRUE(Placed("b").status.ok());
  std::vector<std::string> sent = SentUpTo("b");
  EXPECT_EQ(std::count(sent.begin(), sent.end(), New("a")), 0);
  EXPECT_EQ(LogOf("a").back(), OrderEventType::kDenied);
}

TEST_F(ShardTest, WhatBecameTooOldWhileItWasStoredIsNotSent) {
  Begin();
  std::promise<void> stored;
  std::promise<void> go;
  EXPECT_TRUE(life_->shard->Submit(MakeOrder("a"), "user:me", true,
                                   [&stored, wait = go.get_future().share()](const OrderReply&) {
                                     stored.set_value();
                                     wait.wait();
                                   }));
  std::future<OrderReply> placed = Submit(MakeOrder("b"));
  risk::v1::ReserveResult first = Answer(true);
  risk::v1::ReserveResult second = Answer(true);
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({first});
    life_->shard->OnRiskResults({second});
  }
  stored.get_future().wait();  // one commit for both; b is about to be sent
  clock_.Advance(options_.intent_age_ms_max + 1);
  go.set_value();
  OrderReply reply = Get(placed);
  EXPECT_EQ(reply.order.status, OrderStatus::kRejected);
  EXPECT_EQ(reply.rejection->reason, RejectReason::kStaleIntent);
  EXPECT_EQ(LogOf("b").back(), OrderEventType::kRejected);
}

// Whoever asked has stopped waiting

TEST_F(ShardTest, AnOrderWhoseCallerGaveUpBeforeItsTurnIsRefused) {
  Begin();
  std::future<OrderReply> late;
  {
    Standing standing(*life_->shard);
    late = Submit(MakeOrder("a"), clock_.Now() + Duration::Millis(500));
    clock_.Advance(501);
  }
  OrderReply reply = Get(late);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kStaleIntent);
  EXPECT_EQ(reply.order.rejection->check, "deadline");
  EXPECT_FALSE(life_->risk.Any([](const auto& request) { return request.has_reserve(); }));
}

TEST_F(ShardTest, AnApprovalForACallerThatGaveUpIsGivenBack) {
  Begin();
  std::future<OrderReply> late = Submit(MakeOrder("a"), clock_.Now() + Duration::Millis(500));
  risk::v1::ReserveResult approval = Answer(true);
  clock_.Advance(501);
  life_->shard->OnRiskResults({approval});
  EXPECT_EQ(Get(late).order.status, OrderStatus::kDenied);
  EXPECT_TRUE(Voided("a"));
  EXPECT_FALSE(life_->broker.Any([](const auto& sent) { return sent.has_new_order(); }));
}

TEST_F(ShardTest, WhatItsCallerGaveUpOnWhileItWasStoredIsNotSent) {
  Begin();
  std::promise<void> stored;
  std::promise<void> go;
  EXPECT_TRUE(life_->shard->Submit(MakeOrder("a"), "user:me", true,
                                   [&stored, wait = go.get_future().share()](const OrderReply&) {
                                     stored.set_value();
                                     wait.wait();
                                   }));
  std::future<OrderReply> placed = Submit(MakeOrder("b"), clock_.Now() + Duration::Millis(500));
  risk::v1::ReserveResult first = Answer(true);
  risk::v1::ReserveResult second = Answer(true);
  {
    Standing standing(*life_->shard);
    life_->shard->OnRiskResults({first, second});
  }
  stored.get_future().wait();  // one commit for both; b is about to be sent
  clock_.Advance(501);
  go.set_value();
  EXPECT_EQ(Get(placed).order.status, OrderStatus::kRejected);
  EXPECT_EQ(LogOf("b").back(), OrderEventType::kRejected);
}

// A stale approval

TEST_F(ShardTest, AnApprovalForAnOrderThatIsTooOldByNowIsGivenBack) {
  options_.risk_timeout_ms = 60'000;
  for (OrderType type : {OrderType::kLimit, OrderType::kMarket}) {
    std::string request = type == OrderType::kLimit ? "limit" : "market";
    Begin();
    Order order = MakeOrder(request);
    order.type = type;
    if (type == OrderType::kMarket) order.limit_price.reset();
    std::future<OrderReply> late = Submit(order);
    risk::v1::ReserveResult approval = Answer(true);
    clock_.Advance((type == OrderType::kLimit ? options_.intent_age_ms_max : options_.intent_age_ms_max * 2 / 5) + 1);
    life_->shard->OnRiskResults({approval});
    OrderReply reply = Get(late);
    EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
    EXPECT_EQ(reply.order.rejection->reason, RejectReason::kStaleIntent);
    EXPECT_TRUE(Voided(request));
  }
}

TEST_F(ShardTest, AnApprovalThatHasLapsedIsGivenBack) {
  Begin();
  std::future<OrderReply> late = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  approval.mutable_expire_time()->set_seconds(clock_.Now().nanos / 1'000'000'000 - 1);
  life_->shard->OnRiskResults({approval});
  OrderReply reply = Get(late);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kRiskUnavailable);
  EXPECT_TRUE(Voided("a"));
  std::future<OrderReply> good = Submit(MakeOrder("b"));
  approval = Answer(true);
  approval.mutable_expire_time()->set_seconds(clock_.Now().nanos / 1'000'000'000 + 60);
  life_->shard->OnRiskResults({approval});
  EXPECT_EQ(Get(good).order.status, OrderStatus::kSubmitted);
}

TEST_F(ShardTest, AnOrderThatWaitedTooLongForTheThreadIsRefused) {
  Begin();
  std::future<OrderReply> late;
  {
    Standing standing(*life_->shard);
    late = Submit(MakeOrder("a"));
    clock_.Advance(options_.intent_age_ms_max + 1);
  }
  OrderReply reply = Get(late);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kStaleIntent);
}

// Halt

TEST_F(ShardTest, AHaltRefusesWhatIsNewAndLetsReductionsThrough) {
  Begin();
  EXPECT_TRUE(Got(Halt()).account.halted);
  EXPECT_EQ(Got(Halt()).account.halt_reason, "told to");  // again: nothing more happens
  OrderReply refused = Got(Submit(MakeOrder("a")));
  EXPECT_EQ(refused.order.status, OrderStatus::kDenied);
  EXPECT_EQ(refused.order.rejection->reason, RejectReason::kAccountHalted);
  EXPECT_EQ(Placed(Reducing("r")).order.status, OrderStatus::kSubmitted);
  EXPECT_EQ(SentUpTo("r"), std::vector{New("r")});
  EXPECT_FALSE(Got(Halt(true)).account.halted);
  EXPECT_EQ(Placed("b").order.status, OrderStatus::kSubmitted);
  std::vector<OrderEventType> types;
  for (const OrderEvent& event : Log()) {
    if (!event.order) types.push_back(event.type);
  }
  EXPECT_EQ(types, (std::vector{OrderEventType::kAccountOpened, OrderEventType::kAccountHalted,
                                OrderEventType::kAccountResumed}));
}

TEST_F(ShardTest, AHaltOfAnUnknownAccountIsRefused) {
  Begin();
  std::promise<AccountReply> reply;
  life_->shard->Halt(AccountId("nobody"), "", "user:me", false, [&](AccountReply got) { reply.set_value(got); });
  EXPECT_TRUE(absl::IsNotFound(Got(reply.get_future()).status));
}

TEST_F(ShardTest, AHaltWhileRiskDecidesRefusesTheOrderAndGivesTheRoomBack) {
  Begin();
  std::future<OrderReply> placed = Submit(MakeOrder("a"));
  risk::v1::ReserveResult approval = Answer(true);
  EXPECT_TRUE(Got(Halt()).account.halted);
  life_->shard->OnRiskResults({approval});
  OrderReply reply = Get(placed);
  EXPECT_EQ(reply.order.status, OrderStatus::kDenied);
  EXPECT_EQ(reply.order.rejection->reason, RejectReason::kAccountHalted);
  EXPECT_TRUE(Voided("a"));
}

TEST_F(ShardTest, AHaltOutlivesTheProcess) {
  Begin();
  EXPECT_TRUE(Got(Halt()).account.halted);
  Begin();
  EXPECT_EQ(Got(Submit(MakeOrder("a"))).order.rejection->reason, RejectReason::kAccountHalted);
}

// Cancel all

TEST_F(ShardTest, CancelAllReachesAnOrderInEveryState) {
  Begin();
  for (const char* request : {"new", "part", "filled", "cancelling", "submitted"}) {
    Order order = MakeOrder(request, "2");
    EXPECT_EQ(Placed(order).order.status, OrderStatus::kSubmitted);
  }
  auto whole = Report("filled", 4, broker::v1::EXECUTION_TYPE_TRADE);
  whole.mutable_last_quantity()->set_value("2");
  life_->shard->OnReports({Report("new", 1, broker::v1::EXECUTION_TYPE_NEW),
                           Report("part", 2, broker::v1::EXECUTION_TYPE_NEW),
                           Report("part", 3, broker::v1::EXECUTION_TYPE_TRADE), whole,
                           Report("cancelling", 5, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(5));
  EXPECT_EQ(Got(Cancel("cancelling")).order.status, OrderStatus::kPendingCancel);
  std::future<OrderReply> asking = Submit(MakeOrder("asking"));
  risk::v1::ReserveResult approval = Answer(true);
  // After the loss: what is accepted waits for the gateway.
  life_->shard->OnBrokerLost();
  EXPECT_EQ(Placed("pending").order.status, OrderStatus::kPendingNew);

  std::map<std::string, OrderStatus> touched;
  absl::StatusOr<std::vector<Order>> cancelled = Got(CancelAll());
  ASSERT_TRUE(cancelled.ok());
  for (const Order& order : *cancelled) touched[order.request_id.value()] = order.status;
  EXPECT_EQ(touched, (std::map<std::string, OrderStatus>{{"new", OrderStatus::kPendingCancel},
                                                         {"part", OrderStatus::kPendingCancel},
                                                         {"cancelling", OrderStatus::kPendingCancel},
                                                         {"submitted", OrderStatus::kPendingCancel},
                                                         {"pending", OrderStatus::kCanceled}}));
  OrderReply withdrawn = Get(asking);
  EXPECT_EQ(withdrawn.order.status, OrderStatus::kDenied);
  EXPECT_EQ(withdrawn.order.rejection->reason, RejectReason::kCancelPending);
  EXPECT_TRUE(Voided("asking"));
  life_->shard->OnRiskResults({approval});  // too late: it is gone

  life_->shard->OnBrokerReady({{"paper", 5}});
  EXPECT_TRUE(Placed("after").status.ok());
  std::vector<std::string> sent = SentUpTo("after");
  for (const char* request : {"new", "part", "cancelling"}) {
    EXPECT_GT(std::count(sent.begin(), sent.end(), CancelOf(request)), 0) << request;
  }
  for (const char* request : {"asking", "pending", "submitted"}) {
    EXPECT_EQ(std::count(sent.begin(), sent.end(), New(request)), 0) << request;
  }
  EXPECT_EQ(LogOf("submitted").back(), OrderEventType::kCanceled);
  EXPECT_EQ(LogOf("asking"), std::vector{OrderEventType::kDenied});
  EXPECT_EQ(LogOf("filled").back(), OrderEventType::kFilled);
  std::vector<OrderEventType> once = LogOf("cancelling");
  EXPECT_EQ(std::count(once.begin(), once.end(), OrderEventType::kPendingCancel), 1);
}

TEST_F(ShardTest, CancelAllTakesOnlyWhatIsMeant) {
  Begin();
  ASSERT_TRUE(Register("demo").ok());
  EXPECT_TRUE(Placed("btc").status.ok());
  Order other = MakeOrder("eth");
  other.symbol = Symbol("ETH-USD");
  EXPECT_TRUE(Placed(other).status.ok());
  Order of_deployment = MakeOrder("demo");
  of_deployment.deployment_id = DeploymentId("demo");
  EXPECT_TRUE(Placed(of_deployment).status.ok());
  auto names = [](const absl::StatusOr<std::vector<Order>>& orders) {
    std::vector<std::string> found;
    for (const Order& order : *orders) found.push_back(order.request_id.value());
    return found;
  };
  EXPECT_EQ(names(Got(CancelAll("ETH-USD"))), std::vector<std::string>{"eth"});
  EXPECT_EQ(names(Got(CancelAll("", "demo"))), std::vector<std::string>{"demo"});
  EXPECT_EQ(names(Got(CancelAll("SOL-USD"))), std::vector<std::string>{});
  EXPECT_EQ(LogOf("btc"), kClaimed);
  std::promise<absl::Status> reply;
  life_->shard->CancelAll(AccountId("nobody"), Symbol(), DeploymentId(), "user:me",
                          [&](const absl::StatusOr<std::vector<Order>>& got) { reply.set_value(got.status()); });
  EXPECT_TRUE(absl::IsNotFound(Got(reply.get_future())));
}

TEST_F(ShardTest, AnOrderForADeploymentNobodyRegisteredIsRefused) {
  Begin();
  Order order = MakeOrder("a");
  order.deployment_id = DeploymentId("ema");
  std::future<OrderReply> refused = Submit(order);
  EXPECT_EQ(Get(refused).rejection->reason, RejectReason::kUnknownDeployment);
  ASSERT_TRUE(Register("ema").ok());
  ASSERT_TRUE(Register("ema").ok());
  EXPECT_TRUE(absl::IsNotFound(Register("ema", "nobody")));
  Begin();  // and it is known to the next life
  order.request_id = RequestId("b");
  std::future<OrderReply> taken = Submit(order);
  Decide(true);
  EXPECT_EQ(Get(taken).order.status, OrderStatus::kSubmitted);
}

// A resting reduce-only order of a long position of 1, known to the broker.
TEST_F(ShardTest, WhatIsReduceOnlyIsTrimmedWhenThePositionIsGoneAlsoAfterARestart) {
  Begin();
  ASSERT_TRUE(Placed("in").status.ok());
  life_->shard->OnReports({Report("in", 1, broker::v1::EXECUTION_TYPE_TRADE)});
  ASSERT_TRUE(Acknowledged(1));
  Order exit = MakeOrder("exit");
  exit.side = Side::kSell;
  exit.reduce_only = true;
  std::future<OrderReply> taken = Submit(exit);
  Decide(true);
  ASSERT_TRUE(Get(taken).status.ok());
  life_->shard->OnReports({Report("exit", 2, broker::v1::EXECUTION_TYPE_NEW)});
  ASSERT_TRUE(Acknowledged(2));
  Order out = MakeOrder("out");
  out.side = Side::kSell;
  std::future<OrderReply> plain = Submit(out);
  Decide(true);
  ASSERT_TRUE(Get(plain).status.ok());
  auto sold = Report("out", 3, broker::v1::EXECUTION_TYPE_TRADE);
  sold.set_side(type::v1::SIDE_SELL);
  life_->shard->OnReports({sold});
  auto trim = [&] { return life_->broker.Next([](const auto& sent) { return sent.has_reduce(); }); };
  auto told = trim();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->reduce().order_id(), IdOf("exit").value());
  EXPECT_EQ(told->reduce().quantity().value(), "0");
  EXPECT_EQ(told->reduce().rejection().reason(), type::v1::REJECT_REASON_REDUCE_ONLY);
  ASSERT_TRUE(Acknowledged(3));
  Begin();  // killed before the broker answered
  ASSERT_TRUE(trim().has_value());
  auto ended = Report("exit", 4, broker::v1::EXECUTION_TYPE_CANCELED);
  *ended.mutable_rejection() = told->reduce().rejection();
  life_->shard->OnReports({ended});
  ASSERT_TRUE(Acknowledged(4));
  EXPECT_EQ(LogOf("exit").back(), OrderEventType::kCanceled);
  for (const OrderEvent& event : Log()) {
    if (event.type == OrderEventType::kCanceled) EXPECT_EQ(event.order->rejection->reason, RejectReason::kReduceOnly);
  }
}

TEST_F(ShardTest, ClosingAPositionTakesItsSideAndSizeFromTheFills) {
  Begin();
  ASSERT_TRUE(Register("ema").ok());
  Order entry = MakeOrder("in");
  entry.deployment_id = DeploymentId("ema");
  std::future<OrderReply> taken = Submit(entry);
  Decide(true);
  ASSERT_TRUE(Get(taken).status.ok());
  life_->shard->OnReports({Report("in", 1, broker::v1::EXECUTION_TYPE_TRADE)});
  ASSERT_TRUE(Acknowledged(1));
  auto close = [&](const char* request, std::optional<DeploymentId> book) {
    auto promise = std::make_shared<std::promise<OrderReply>>();
    EXPECT_TRUE(life_->shard->ClosePosition({.request_id = RequestId(request),
                                             .account_id = AccountId("paper"),
                                             .symbol = Symbol("BTC-USD"),
                                             .deployment_id = std::move(book)},
                                            "user:me", [promise](OrderReply reply) { promise->set_value(reply); }));
    return promise->get_future();
  };
  auto by_hand = close("c0", DeploymentId());
  EXPECT_TRUE(absl::IsFailedPrecondition(Get(by_hand).status));
  auto net = close("c1", std::nullopt);
  Decide(true);
  OrderReply closing = Get(net);
  ASSERT_TRUE(closing.status.ok());
  EXPECT_EQ(closing.order.side, Side::kSell);
  EXPECT_EQ(closing.order.quantity, Decimal::FromInt(1));
  EXPECT_TRUE(closing.order.reduce_only);
  EXPECT_TRUE(closing.order.deployment_id.empty());
  auto sold = Report("c1", 2, broker::v1::EXECUTION_TYPE_TRADE);
  sold.set_side(type::v1::SIDE_SELL);
  life_->shard->OnReports({sold});
  ASSERT_TRUE(Acknowledged(2));
  EXPECT_EQ(Log().back().fill->deployment_id, DeploymentId("ema"));
  auto again = close("c1", std::nullopt);  // the same request, though nothing is left
  EXPECT_TRUE(Get(again).replayed);
  auto more = close("c2", DeploymentId("ema"));
  EXPECT_TRUE(absl::IsFailedPrecondition(Get(more).status));
}

// Random lives: faults of every kind, ends at any point. What was answered is in the log, once, without gaps.
TEST_F(ShardTest, NothingAnsweredIsLostOrDoubledOverManyLives) {
  Rng rng(20'240'229);
  std::map<std::string, OrderStatus> answered;
  int number = 0;
  for (int life = 0; life < 25; ++life) {
    Begin();
    std::vector<std::pair<std::string, std::future<OrderReply>>> open;
    for (int i = 0; i < 12; ++i) {
      if (rng.Below(4) == 0) {
        bool applied = rng.Below(2) == 0;
        disk_->FailNext(applied || rng.Below(2) == 0 ? absl::UnknownError("lost") : absl::UnavailableError("down"),
                        applied);
      }
      // Sometimes one that was sent before, perhaps in another life.
      std::string request = "r" + std::to_string(number > 0 && rng.Below(5) == 0 ? rng.Below(number) : number++);
      bool known = !LogOf(request).empty() ||
                   std::any_of(open.begin(), open.end(), [&](const auto& one) { return one.first == request; });
      open.emplace_back(request, Submit(MakeOrder(request)));
      if (!known && rng.Below(6) != 0) DecideIfAsked(open.back().second, rng.Below(5) != 0);
    }
    // Half of the lives end in the middle of it.
    if (rng.Below(2) == 0) life_->shard->OnRiskLost();
    life_.reset();
    for (auto& [request, reply] : open) {
      if (reply.wait_for(std::chrono::seconds(0)) != std::future_status::ready) continue;
      OrderReply got;
      try {
        got = reply.get();
      } catch (const std::future_error&) {
        continue;  // dropped unanswered
      }
      if (!got.status.ok()) continue;
      auto [before, fresh] = answered.try_emplace(request, got.order.status);
      EXPECT_EQ(before->second == OrderStatus::kDenied, got.order.status == OrderStatus::kDenied) << request;
    }
  }
  ExpectGapless();
  EXPECT_GT(answered.size(), 100U);
  for (const auto& [request, status] : answered) {
    std::vector<OrderEventType> log = LogOf(request);
    if (status == OrderStatus::kDenied)
      EXPECT_EQ(log, std::vector{OrderEventType::kDenied}) << request;
    else
      EXPECT_EQ(log, kClaimed) << request;
  }
}

}  // namespace
}  // namespace ballast
