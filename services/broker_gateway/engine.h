#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/broker/v1/market_data_service.pb.h"
#include "libs/base/clock.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/market/source.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/redis/redis_cache.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/broker_gateway/kill_desk.h"
#include "services/broker_gateway/last_check.h"
#include "services/broker_gateway/lockstep.h"
#include "services/broker_gateway/order_sessions.h"
#include "services/broker_gateway/store.h"

namespace ballast {

// One thread owns the market and the paper venue: it steps the market on its pace, works instructions as they come,
// makes what the venue did durable and only then tells it. Other threads enqueue. With speed 0 there is no pace: the
// market moves when LockstepGate says so.
class Engine {
 public:
  using OrderSender = OrderSessions::Sender;
  using MarketSender = StreamSender<broker::v1::StreamMarketDataResponse>;
  struct Options {
    // "simulated" or "replay".
    std::string source = "simulated";
    // The simulated market closes when the exchanges do.
    bool exchange_hours = false;
    // When the day of a market that never closes begins, in minutes after midnight UTC.
    std::int32_t day_start_minute = 0;
    std::uint64_t seed = 7;
    std::int64_t tick_ms = 250;
    // Market seconds per wall second; 0: lockstep.
    Decimal speed = Decimal::FromInt(1);
    std::string replay_directory;
    std::vector<std::string> replay_symbols;
    // What the symbols are where nothing beside the data says so: market::ParseInstrument.
    std::vector<std::string> replay_instruments;
    int lockstep_subscribers = 3;
    paper::PaperBroker::Options paper = {};
    // So many closed orders are known in memory; the others are looked up.
    std::size_t closed_orders_kept = 10'000;
    // The gateway's own caps, checked last and apart from risk.
    LastCheck last_check = {};
  };

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
  [[nodiscard]] const market::Source& source() const { return *source_; }
  // What a taker meets at the venue now, best price first.
  void FillBook(const Symbol& symbol, broker::v1::GetBookResponse* book) const;
  void FillStatus(broker::v1::GetMarketStatusResponse* response) const;
  // Any thread, after Recover: these do not change.
  [[nodiscard]] const std::vector<Instrument>& instruments() const { return instruments_; }
  [[nodiscard]] const std::string& source_key() const { return source_key_; }
  [[nodiscard]] UtcTime market_time() const { return market_time_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // Any thread. False: what has happened waits to be stored for longer than a second, and nothing new happens.
  [[nodiscard]] bool stores() const;

 private:
  using Task = std::function<void()>;
  struct Subscriber {
    LockstepGate::Connection connection = 0;
    // The market waits for it.
    bool lockstep = false;
    std::shared_ptr<MarketSender> sender;
    std::vector<std::string> symbols;
    std::vector<std::string> timeframes;
    bool books = false;
  };

  void Loop();
  // Before anything may trade: what the kill switches say of the open orders is done.
  void Kill();
  void CancelAll(const KillCommand& held, KillDesk::View& view, const AccountId& account);
  void Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderSender>& session);
  void Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderSender>& session);
  void New(const broker::v1::NewOrder& request);
  void GoOnAfter(const AccountId& account, std::uint64_t head, std::uint64_t after);
  void Open(const AccountId& id, const std::string& currency, Decimal cash);
  // nullptr: there is none, and the order is refused.
  const paper::Ledger* LedgerFor(const Order& order);
  std::int64_t SentInSecond(const AccountId& account);
  void Quarantine(const broker::v1::OrderSessionRequest& request, const absl::Status& why);
  [[nodiscard]] bool lockstep() const { return options_.speed.IsZero(); }
  // The position goes with the executions of every step: nothing is stepped twice or left out after a kill.
  [[nodiscard]] bool exact() const { return lockstep() || options_.source == "replay"; }
  absl::Status OpenSource();
  void Advance();
  void StepMarket();
  void TellStep();
  void TellDue();
  void TellEnd();
  void KeepAlive();
  void Prune();
  void SessionsChanged();
  // What the venue did, to the order manager of each account.
  void TellExecutions(std::vector<broker::v1::ExecutionReport> reports);
  [[nodiscard]] std::int64_t StepPauseNanos() const;
  [[nodiscard]] std::int64_t IdleNanos() const;
  [[nodiscard]] UtcTime MarketNow() const;
  [[nodiscard]] broker::v1::StreamMarketDataResponse StepHead() const;
  // All the quotes; those that nobody stands behind are not told again and again, which would make them look new.
  enum class Quotes { kAll, kNotStale };
  [[nodiscard]] broker::v1::StreamMarketDataResponse StepFor(const Subscriber& subscriber, Quotes quotes,
                                                             bool bars) const;
  void TellSkipped();
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
  std::vector<Instrument> instruments_;
  BoundedQueue<Task> inbox_{50'000};
  std::thread thread_;

  // The engine's thread only.
  paper::PaperBroker venue_;
  std::unique_ptr<market::Source> source_;
  std::string source_key_;
  // A replay's only.
  std::optional<broker::v1::DataSet> data_set_;
  LockstepGate gate_;
  market::MarketStep step_;
  // Heads of the accounts' reports when step_ was made.
  std::map<std::string, std::uint64_t> step_heads_;
  bool end_of_data_ = false;
  UtcTime market_time_;
  // Monotonic: when step_ was made, the next one is due, and subscribers last heard anything.
  std::int64_t step_made_ns_ = 0;
  std::int64_t next_step_ns_ = 0;
  std::int64_t last_told_ns_ = 0;
  // step_ is not yet durable (exact() only).
  bool step_unsaved_ = false;
  std::vector<Bar> unsaved_bars_;
  std::int64_t last_save_ns_ = 0;
  // Symbols whose newest quote could not be used, so that it is logged once.
  std::set<Symbol> unusable_;
  // What the order manager was told of accounts that are not open here.
  std::map<AccountId, std::uint64_t> told_;
  // New orders by account that have left in the running second.
  std::int64_t sent_second_ = 0;
  std::map<AccountId, std::int64_t> sent_;
  OrderSessions sessions_;
  std::vector<Subscriber> subscribers_;
  LockstepGate::Connection last_connection_ = 0;
  std::vector<std::function<void()>> after_commit_;
  // By the kill switches, since the start.
  std::map<AccountId, int> cancels_sent_;
  // The switches' version that the venue was last brought in line with.
  std::uint64_t killed_version_ = 0;
  // Why the newest rows are not stored; empty when they are.
  std::string storage_problem_;
  // Any thread reads it: since when they wait; 0: they do not.
  std::atomic<std::int64_t> storing_since_ns_ = 0;

  Counter& steps_;
  Counter& executions_;
  Counter& skipped_quotes_;
  Counter& reports_lost_;
  Counter& unreadable_;
  Gauge& session_gauge_;
};

}  // namespace ballast
