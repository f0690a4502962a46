#pragma once

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
#include "services/order_management/shard.h"
#include "services/order_management/testing/memory_journal.h"

namespace ballast {

inline constexpr std::chrono::seconds kPatience(20);

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

// The writer against a journal that fails, a risk service and a broker that answer when the test says so.
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

  static inline std::unique_ptr<Logger> log_;
  MovedClock clock_;
  Metrics metrics_;
  Shard::Options options_{.risk_timeout_ms = 20'000};
  std::string broker_ = "paper";
  std::shared_ptr<MemoryJournal::Disk> disk_ = std::make_shared<MemoryJournal::Disk>();
  std::unique_ptr<Life> life_;
};

inline const std::vector<OrderEventType> kClaimed = {OrderEventType::kPendingNew, OrderEventType::kSubmitted};

}  // namespace ballast
