#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/platform/grpc/server_stream.h"
#include "libs/runtime/machine.h"
#include "services/strategy_runner/commands.h"
#include "services/strategy_runner/market_feed.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {

// The machine that owns every deployment: market steps, order events, commands and answers in turn. Everything one turn
// did becomes durable together, and only then are orders sent and replies given. What one turn did and cannot be stored
// yet holds up the next one.
class Runner : public runtime::Machine {
 public:
  using Sender = StreamSender<strategy::v1::StreamDeploymentsResponse>;
  template <typename Response>
  using Reply = Commands::Reply<Response>;
  static constexpr std::int64_t kTickNs = 200'000'000;

  struct Options {
    // Created at the first start and started as soon as their prerequisites hold.
    std::vector<ConfiguredDeployment> configured;
    // Kept at the first start, where there is none.
    std::vector<session::v1::DayEndPolicy> day_ends;
    // Runs once, on the deciding thread: every configured deployment has been started, or there is no need to wait for
    // it. The market is not read before, so that a replay starts with everybody in place.
    std::function<void()> on_settled;
    // For an external strategy's answer to a bar.
    std::int64_t external_window_ns = 2'000'000'000;
  };
  struct Ports {
    StrategyStore& store;
    Neighbours& neighbours;
    AccountNeighbours& accounts;
    const RuleShelf& shelf;
    // Told of days and stages.
    EntryGate& gate;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    // The process must end.
    std::function<void(const std::string&)> fail;
  };

  Runner(Options options, Ports ports);

  // Before the first Poll.
  absl::Status Recover();
  // After the last turn whoever waited has been answered, and what could still be stored is.
  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return *inbox_; }
  [[nodiscard]] std::size_t waiting() const { return inbox_->size(); }

  // Any thread, each from here to OnMarketLost.
  // The order log's reader, one message at a time; `done` says, at once or on the deciding thread when the events are
  // durable, whether they count. False: read again from the cursors.
  void OnEvents(std::shared_ptr<const order::v1::StreamOrderEventsResponse> response, std::function<void(bool)> done);
  void OnEventsLost() { orders_.OnLost(); }
  std::map<std::string, std::uint64_t> Cursors() { return orders_.Cursors(); }
  [[nodiscard]] std::map<std::string, OrderCursor> Places() const { return orders_.Places(); }
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
  bool Update(strategy::v1::UpdateDeploymentRequest request, Reply<strategy::v1::Deployment> reply);
  // The reply comes when the neighbours have answered, on any thread.
  bool Preview(strategy::v1::PreviewSizingRequest request, Reply<strategy::v1::PreviewSizingResponse> reply);
  bool Get(std::string id, Reply<strategy::v1::Deployment> reply);
  bool List(std::string account, Reply<strategy::v1::ListDeploymentsResponse> reply);
  bool SetDayEndPolicy(session::v1::DayEndPolicy policy, Reply<session::v1::DayEndPolicy> reply);
  bool ListDayEndPolicies(std::string account, Reply<std::vector<session::v1::DayEndPolicy>> reply);
  bool GetGraduation(std::string id, Reply<graduation::v1::Graduation> reply);
  bool ListGraduations(std::string account, Reply<std::vector<graduation::v1::Graduation>> reply);
  bool SetGraduationPlan(graduation::v1::SetGraduationPlanRequest request, Reply<graduation::v1::Graduation> reply);
  bool Promote(graduation::v1::PromoteDeploymentRequest request, Reply<graduation::v1::Graduation> reply);
  bool Demote(graduation::v1::DemoteDeploymentRequest request, Reply<graduation::v1::Graduation> reply);
  bool Subscribe(std::shared_ptr<Sender> session);

  // Any thread: the processes of external strategies. False: the inbox is full, and the session has to end.
  bool ConnectExternal(ExternalSession session);
  // `taken` runs on the deciding thread once the answer has been looked at; its process is not listened to before.
  bool AnswerExternal(std::uint64_t session, external::v1::Answer answer, std::function<void()> taken);
  void DisconnectExternal(std::uint64_t session);

 private:
  bool Command(absl::AnyInvocable<void()> task) { return inbox_->Post(kCommands, kTaskBytes, std::move(task)); }
  bool Flush() { return commit_.Flush(inbox_->closed()); }
  // How it stands when a Flush has said no.
  [[nodiscard]] runtime::Turn Blocked() const { return {runtime::Turn::State::kBlocked, commit_.next_try_ns()}; }
  // Nobody asks any more: the last words. It has ended when they are durable, or never will be.
  runtime::Turn End();
  absl::Status RecoverOne(StrategyStore::Loaded one);
  absl::Status AddConfigured();
  void Tick(std::int64_t now_ns);
  void Tell(const StrategyStore::Batch& batch);

  Options options_;
  StrategyStore& store_;
  const std::shared_ptr<RunnerInbox> inbox_;
  std::atomic<std::uint64_t> connection_{0};
  // The market does: events that are not ours may be what it waits for.
  std::atomic<bool> market_waits_{false};

  // The deciding thread only (and Recover, before it starts).
  Deployments deployments_;
  MarketView market_;
  Commit commit_;
  Floor floor_;
  GraduationDesk graduation_;
  OrderDesk desk_;
  StopWatch stops_;
  OrderFeed orders_;
  ExternalDesk external_;
  DayEndDesk day_end_;
  MarketFeed feed_;
  Starter starter_;
  Commands commands_;
  std::optional<std::int64_t> last_tick_ns_;
  bool ended_ = false;
  std::vector<std::shared_ptr<Sender>> subscribers_;

  Gauge& active_;
  Gauge& open_orders_;
  Gauge& inbox_size_;
};

}  // namespace ballast
