#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/base/clock.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/redis/redis_cache.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/broker_gateway/engine_options.h"
#include "services/broker_gateway/kill_desk.h"
#include "services/broker_gateway/market_feed.h"
#include "services/broker_gateway/order_sessions.h"
#include "services/broker_gateway/store.h"
#include "services/broker_gateway/venue_desks.h"

namespace ballast {

// One thread owns the feed and the paper venue: it moves the market when the feed says so, works instructions as they
// come, makes what the venue did durable and only then tells it. Other threads enqueue.
class Engine {
 public:
  using OrderSender = OrderSessions::Sender;
  using MarketSender = MarketFeed::Sender;
  using Options = EngineOptions;

  Engine(Options options, BrokerStore& store, KillDesk& kill, const Clock& clock, Logger& log, Metrics& metrics,
         RedisCache& redis, std::function<void(const std::string&)> fail);
  ~Engine();

  absl::Status Recover();
  void Start();
  void Drain();

  // Any thread. False: the inbox is full.
  bool Instruct(broker::v1::OrderSessionRequest request, std::shared_ptr<OrderSender> session);
  bool Subscribe(broker::v1::Subscribe request, std::shared_ptr<MarketSender> session);
  bool Acknowledge(std::uint64_t step, std::shared_ptr<MarketSender> session);
  // A stream has ended: somebody may have to be waited for.
  void StreamEnded();
  // A kill switch has changed: looked at now and not at the next tick.
  void WakeUp() {
    (void)inbox_.TryPush([] {});
  }
  // Runs on the engine's thread, after the commit of what came before it.
  bool Ask(std::function<void(const Engine&)> question);

  // For questions only: the engine's thread.
  [[nodiscard]] const paper::PaperBroker& venue() const { return venue_; }
  [[nodiscard]] const MarketFeed& feed() const { return feed_; }
  [[nodiscard]] const VenueDesks& desks() const { return desks_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // Any thread. False: what has happened waits to be stored for longer than a second, and nothing new happens.
  [[nodiscard]] bool stores() const;

 private:
  using Task = std::function<void()>;

  absl::Status SavePast(const std::vector<Bar>& past);
  void Loop();
  // Before anything may trade: what the kill switches say of the open orders is done.
  void Kill();
  void CancelAll(const KillCommand& held, KillDesk::View& view, const AccountId& account);
  [[nodiscard]] bool IsToCancel(const KillCommand& held, const Order& order) const;
  void Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderSender>& session);
  void Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderSender>& session);
  void New(const broker::v1::NewOrder& request);
  void GoOnAfter(const AccountId& account, std::uint64_t head, std::uint64_t after);
  void Open(const AccountId& id, const std::string& currency, Decimal cash);
  // nullptr: there is none, and the order is refused.
  const paper::Ledger* LedgerFor(const Order& order);
  std::int64_t SentInSecond(const AccountId& account);
  void Quarantine(const broker::v1::OrderSessionRequest& request, const absl::Status& why);
  void Advance();
  void StepMarket();
  void Prune();
  void SessionsChanged();
  // What the venue did, to the order manager of each account.
  void TellExecutions(std::vector<broker::v1::ExecutionReport> reports);
  [[nodiscard]] std::int64_t IdleNanos() const;
  void CommitAndTell();
  // False: they cannot be stored, and the process ends.
  bool Store(const SqlBatch& rows);
  void SaveMarket();

  Options options_;
  BrokerStore& store_;
  KillDesk& kill_;
  const Clock& clock_;
  Logger& log_;
  RedisCache& redis_;
  std::function<void(const std::string&)> fail_;
  BoundedQueue<Task> inbox_{50'000};
  std::thread thread_;

  // The engine's thread only.
  paper::PaperBroker venue_;
  MarketFeed feed_;
  VenueDesks desks_;
  std::int64_t last_save_ns_ = 0;
  // What the order manager was told of accounts that are not open here.
  std::map<AccountId, std::uint64_t> told_;
  // New orders by account that have left in the running second.
  std::int64_t sent_second_ = 0;
  std::map<AccountId, std::int64_t> sent_;
  OrderSessions sessions_;
  std::vector<std::function<void()>> after_commit_;
  // By the kill switches, since the start.
  std::map<AccountId, int> cancels_sent_;
  // The switches' version that the venue was last brought in line with.
  std::uint64_t killed_version_ = 0;
  // Accounts of which everything that was to be cancelled is gone, and stored, since that version; and the reductions
  // that have left since: they are not cancelled by it.
  std::set<AccountId> settled_;
  std::set<OrderId> reductions_;
  // Why the newest rows are not stored; empty when they are.
  std::string storage_problem_;
  // Any thread reads it: since when they wait; 0: they do not.
  std::atomic<std::int64_t> storing_since_ns_ = 0;

  Counter& executions_;
  Counter& reports_lost_;
  Counter& unreadable_;
  Gauge& session_gauge_;
};

}  // namespace ballast
