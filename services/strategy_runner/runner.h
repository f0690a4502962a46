#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/platform/grpc/server_stream.h"
#include "services/strategy_runner/commands.h"
#include "services/strategy_runner/market_feed.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {

// The machine that owns every deployment: market steps, order events, commands and answers in turn. Everything one turn
// did becomes durable together, and only then are orders sent and replies given. It has no thread, sleep or clock of
// its own: whoever calls Poll decides when time passes. Other threads put into its inbox.
class Runner {
 public:
  using Sender = StreamSender<strategy::v1::StreamDeploymentsResponse>;
  template <typename Response>
  using Reply = Commands::Reply<Response>;
  static constexpr std::int64_t kTickNs = 200'000'000;

  struct Options {
    // Created at the first start and started as soon as their prerequisites hold.
    std::vector<ConfiguredDeployment> configured;
    // Runs once, on the deciding thread: every configured deployment has been started, or there is no need to wait for
    // it. The market is not read before, so that a replay starts with everybody in place.
    std::function<void()> on_settled;
  };
  struct Ports {
    StrategyStore& store;
    Neighbours& neighbours;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    // The process must end.
    std::function<void(const std::string&)> fail;
  };

  Runner(Options options, Ports ports);

  // Before the first Poll.
  absl::Status Recover();
  // One turn at that monotonic time. False: what the last turn did cannot be stored yet, and nothing else was done.
  bool Poll(std::int64_t now_ns);
  // The last turn: whoever waits is answered, what can still be stored is. Nothing is done after it.
  void Finish(std::int64_t now_ns);
  [[nodiscard]] const std::shared_ptr<Inbox>& inbox() const { return inbox_; }

  // Any thread, each from here to OnMarketLost.
  // The order log's reader, one message at a time; `done` says, at once or on the deciding thread when the events are
  // durable, whether they count. False: read again from the cursors.
  void OnEvents(std::shared_ptr<const order::v1::StreamOrderEventsResponse> response, std::function<void(bool)> done);
  void OnEventsLost() { orders_.OnLost(); }
  std::map<std::string, std::uint64_t> Cursors() { return orders_.Cursors(); }
  // `acknowledge` runs when everything the step led to is done. False: the inbox is full.
  bool OnStep(broker::v1::StreamMarketDataResponse step, std::function<void()> acknowledge);
  // Outside lockstep, steps are missing now.
  void OnMarketLost() { ++connection_; }
  [[nodiscard]] bool Ready() const { return orders_.caught_up(); }

  // Any thread; the reply comes on the deciding thread. False: the inbox is full.
  bool Create(strategy::v1::CreateDeploymentRequest request, Reply<strategy::v1::CreateDeploymentResponse> reply);
  bool StartDeployment(std::string id, Reply<strategy::v1::StartDeploymentResponse> reply);
  bool Pause(std::string id, Reply<strategy::v1::Deployment> reply);
  bool Resume(std::string id, Reply<strategy::v1::Deployment> reply);
  bool Stop(strategy::v1::StopDeploymentRequest request, Reply<strategy::v1::Deployment> reply);
  bool Get(std::string id, Reply<strategy::v1::Deployment> reply);
  bool List(std::string account, Reply<strategy::v1::ListDeploymentsResponse> reply);
  bool Subscribe(std::shared_ptr<Sender> session);

 private:
  bool Command(std::function<void()> task) { return inbox_->TryPush(Lane::kCommand, std::move(task)); }
  absl::Status RecoverOne(StrategyStore::Loaded one);
  absl::Status AddConfigured();
  void Tick(std::int64_t now_ns);
  void Tell(const StrategyStore::Batch& batch);

  Options options_;
  StrategyStore& store_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::atomic<std::uint64_t> connection_{0};
  // The market does: events that are not ours may be what it waits for.
  std::atomic<bool> market_waits_{false};

  // The deciding thread only (and Recover, before it starts).
  Deployments deployments_;
  MarketView market_;
  Commit commit_;
  Floor floor_;
  OrderDesk desk_;
  StopWatch stops_;
  OrderFeed orders_;
  MarketFeed feed_;
  Starter starter_;
  Commands commands_;
  std::optional<std::int64_t> last_tick_ns_;
  std::vector<std::shared_ptr<Sender>> subscribers_;

  Gauge& active_;
  Gauge& open_orders_;
  Gauge& inbox_size_;
};

}  // namespace ballast
