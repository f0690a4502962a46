#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/neighbours.h"
#include "services/strategy_runner/spec_codec.h"
#include "services/strategy_runner/store.h"

namespace ballast {

// One thread owns every deployment: it takes market steps, order events and commands in turn, makes decisions durable
// and only then sends their orders. Other threads enqueue.
class Runner {
 public:
  using Sender = StreamSender<strategy::v1::StreamDeploymentsResponse>;
  struct Options {
    // Created at the first start and started as soon as their prerequisites hold.
    std::vector<ConfiguredDeployment> configured;
    // Runs once, on the runner's thread: every configured deployment has been started, or there is no need to wait for
    // it. The market is not read before, so that a replay starts with everybody in place.
    std::function<void()> on_settled;
  };

  Runner(Options options, StrategyStore& store, Neighbours& neighbours, const Clock& clock, Logger& log,
         Metrics& metrics, std::function<void(const std::string&)> fail);
  ~Runner() { Drain(); }

  absl::Status Recover();
  void Start();
  void Drain();

  // The order log's reader thread; waits until the events are durable. False: read again from the cursors.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response);
  void OnEventsLost();
  // The market's reader thread: outside lockstep, steps are missing now.
  void OnMarketLost() { ++connection_; }
  std::map<std::string, std::uint64_t> Cursors();
  // The market's reader thread. `acknowledge` runs when everything the step led to is done. False: the inbox is full.
  bool OnStep(broker::v1::StreamMarketDataResponse step, std::function<void()> acknowledge);

  // Any thread; the reply comes on the runner's. False: the inbox is full.
  template <typename Response>
  using Reply = std::function<void(const absl::Status&, const Response&)>;
  bool Create(strategy::v1::CreateDeploymentRequest request, Reply<strategy::v1::CreateDeploymentResponse> reply);
  bool StartDeployment(std::string id, Reply<strategy::v1::StartDeploymentResponse> reply);
  bool Pause(std::string id, Reply<strategy::v1::Deployment> reply);
  bool Resume(std::string id, Reply<strategy::v1::Deployment> reply);
  bool Stop(strategy::v1::StopDeploymentRequest request, Reply<strategy::v1::Deployment> reply);
  bool Get(std::string id, Reply<strategy::v1::Deployment> reply);
  bool List(std::string account, Reply<strategy::v1::ListDeploymentsResponse> reply);
  bool Subscribe(std::shared_ptr<Sender> session);
  [[nodiscard]] bool Ready() const { return events_caught_up_; }

 private:
  using Task = std::function<void()>;
  struct Live {
    DeploymentRow row;
    std::unique_ptr<strategy::Decider> decider;
    // The indicators have seen their past.
    bool warm = false;
  };
  // An order whose outcome is not known yet.
  struct Open {
    std::string deployment_id;
    StoredDecision decision;
    std::int64_t first_try_ns = 0;
    std::int64_t last_try_ns = 0;
    bool send_allowed = true;
  };
  struct Step {
    broker::v1::StreamMarketDataResponse message;
    std::function<void()> acknowledge;
    std::uint64_t connection = 0;
    bool decided = false;
  };

  void Loop();
  void Tick();
  void StartPending();
  bool ApplyEvents(const order::v1::StreamOrderEventsResponse& response);
  void WorkSteps();
  bool ExecutionsSeen(const broker::v1::StreamMarketDataResponse& step);
  void Decide(const broker::v1::StreamMarketDataResponse& step);
  bool WarmUp(Live& live, const std::vector<Bar>& coming);
  void Act(Live& live, std::vector<strategy::Decision> decisions);
  void Send(Open open);
  void Settle(const std::string& deployment_id, StoredDecision decision, const order::v1::Order& order);
  void Refuse(const std::string& deployment_id, StoredDecision decision, const std::string& why);
  void SaveSettled(const Live& live, const StoredDecision& decision);
  void WorkOpen();
  bool Withdraw(const Open& open);
  void Rewarm();
  void WorkStopping(Live& live);
  absl::StatusOr<Live*> FindLive(const std::string& id);
  absl::Status MakeDecider(Live& live);
  // Tells order management of it. FAILED_PRECONDITION: an emergency stop has stopped it; `by_hand` takes that back.
  absl::Status Register(const Live& live, bool by_hand);
  // Order management takes none of its orders until a person starts it.
  void StopByEmergency(Live& live, const std::string& why);
  std::vector<strategy::v1::Prerequisite> TryStart(Live& live, bool by_hand);
  bool Save(StrategyStore::Batch batch);
  void SaveLive(const Live& live, StrategyStore::Batch& batch) const;
  void Changed(const Live& live);
  void Tell(const strategy::v1::StreamDeploymentsResponse& message);
  strategy::v1::Deployment Describe(const Live& live) const;
  strategy::DecisionContext Context(const Live& live, std::optional<Decimal> equity) const;
  std::optional<Decimal> EquityOf(const AccountId& account);
  [[nodiscard]] static bool Running(const Live& live);

  Options options_;
  StrategyStore& store_;
  Neighbours& neighbours_;
  const Clock& clock_;
  Logger& log_;
  std::function<void(const std::string&)> fail_;
  BoundedQueue<Task> inbox_{20'000};
  std::thread thread_;
  std::atomic<bool> events_caught_up_{false};
  std::atomic<std::uint64_t> connection_{0};

  // The runner's thread only (and Recover, before it starts).
  std::map<std::string, Live> live_;
  std::map<Symbol, Quote> quotes_;
  std::map<Symbol, Instrument> instruments_;
  // Zero until the market has said it.
  UtcTime market_time_;
  bool lockstep_ = false;
  // In lockstep a step comes again after a lost connection; it is not decided again.
  std::uint64_t decided_step_ = 0;
  std::uint64_t decided_connection_ = 0;
  // Something could not be stored: what is in memory is ahead of what is durable, so nothing more is stored or sent.
  bool dead_ = false;
  std::deque<Step> steps_;
  std::set<std::string> awaited_orders_;
  std::map<std::string, Open> open_;  // by request id
  std::map<std::string, type::v1::AccountMode> modes_;
  // Deployments order management is known to know.
  std::set<std::string> registered_;
  bool settled_ = false;
  std::int64_t last_tick_ns_ = 0;
  std::int64_t last_start_try_ns_ = 0;
  std::map<std::string, std::string> told_waiting_;
  std::vector<std::shared_ptr<Sender>> subscribers_;

  Mutex cursor_mutex_;
  std::map<std::string, OrderCursor> cursors_ GUARDED_BY(cursor_mutex_);
  bool cursors_dirty_ = false;

  Counter& decisions_;
  Counter& orders_;
  Counter& refusals_;
  Counter& unanswered_;
  Counter& commit_failures_;
  Counter& steps_counter_;
  Gauge& active_;
  Gauge& open_orders_;
  Gauge& inbox_size_;
  Histogram& submit_seconds_;
  Histogram& step_seconds_;
};

}  // namespace ballast
