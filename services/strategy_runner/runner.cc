#include "services/strategy_runner/runner.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {

namespace pb = strategy::v1;

namespace {

constexpr std::size_t kSubscribersMax = 256;
// What waits in the inbox, at most: thousands of commands, and as much of the streams as can be caught up with. There
// is one answer for each question.
constexpr std::array<std::size_t, kRunnerLanes> kLaneBytesMax = {4U << 20, SIZE_MAX, 64U << 20};
// One turn's share: what it does becomes one transaction.
constexpr std::size_t kTurnMost = 100;

}  // namespace

Runner::Runner(Options options, Ports ports)
    : options_(std::move(options)),
      store_(ports.store),
      inbox_(std::make_shared<RunnerInbox>(kLaneBytesMax)),
      deployments_(ports.shelf),
      market_(ports.clock, ports.log),
      commit_(
          ports.store, deployments_, ports.clock, ports.log, ports.metrics,
          {.on_durable = [this](const StrategyStore::Batch& batch) { Tell(batch); }, .fail = std::move(ports.fail)}),
      floor_{.clock = ports.clock,
             .log = ports.log,
             .metrics = ports.metrics,
             .neighbours = ports.neighbours,
             .inbox = inbox_,
             .deployments = deployments_,
             .market = market_,
             .commit = commit_,
             .gate = ports.gate},
      graduation_(floor_, ports.accounts),
      desk_(floor_, graduation_),
      stops_(floor_, desk_),
      orders_(floor_, desk_, stops_),
      external_(floor_, options_.external_window_ns),
      day_end_(floor_, ports.accounts),
      feed_(floor_, desk_, stops_, orders_, external_, day_end_, graduation_),
      starter_(floor_, stops_, [this] { options_.on_settled(); }),
      commands_(floor_, stops_, starter_, [this](const std::string& id) { orders_.Own(id); }),
      active_(ports.metrics.GetGauge("ballast_strategy_deployments", "deployments that run", {})),
      open_orders_(
          ports.metrics.GetGauge("ballast_strategy_unsettled_orders", "orders whose outcome is not known", {})),
      inbox_size_(ports.metrics.GetGauge("ballast_strategy_inbox_size", "tasks that wait for the runner", {})) {}

absl::Status Runner::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  ASSIGN_OR_RETURN(std::vector<StrategyStore::Loaded> loaded, store_.Load());
  ASSIGN_OR_RETURN(auto cursors, store_.LoadCursors());
  orders_.Recover(std::move(cursors));
  for (StrategyStore::Loaded& one : loaded) RETURN_IF_ERROR(RecoverOne(std::move(one)));
  RETURN_IF_ERROR(AddConfigured());
  ASSIGN_OR_RETURN(StrategyStore::DayEnds day_ends, store_.LoadDayEnds());
  day_end_.Recover(std::move(day_ends), options_.day_ends);
  ASSIGN_OR_RETURN(std::vector<graduation::v1::KeptGraduation> graduations, store_.LoadGraduations());
  graduation_.Recover(std::move(graduations));
  StrategyStore::Batch batch;
  for (const auto& [id, live] : deployments_.all()) {
    floor_.gate.SetDeployment(id, live.row.spec.account_id());
    batch.rows.push_back(live.row);
  }
  return store_.Save(batch);
}

absl::Status Runner::RecoverOne(StrategyStore::Loaded one) {
  ASSIGN_OR_RETURN(LiveDeployment * live, deployments_.Add(std::move(one.row)));
  orders_.Own(live->row.deployment_id);
  live->decider->Restore(live->row.decision_sequence, std::move(one.states), live->row.book);
  if (live->running()) ++live->row.restarts;
  for (StoredDecision& decision : one.open_decisions) desk_.Recover(live->row.deployment_id, std::move(decision));
  return absl::OkStatus();
}

absl::Status Runner::AddConfigured() {
  for (const ConfiguredDeployment& configured : options_.configured) {
    if (deployments_.Find(configured.deployment_id) != nullptr) continue;
    DeploymentRow row;
    row.deployment_id = configured.deployment_id;
    row.request_id = "configured:" + configured.deployment_id;
    row.spec = configured.spec;
    row.life.start_pending = true;
    row.create_time = floor_.clock.Now();
    RETURN_IF_ERROR(deployments_.Add(std::move(row)).status());
    orders_.Own(configured.deployment_id);
  }
  return absl::OkStatus();
}

runtime::Turn Runner::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  // What the last turn did comes first: nothing may be built on what is not durable.
  if (!Flush() && !commit_.dead()) return Blocked();
  bool closed = inbox_->closed();
  std::vector<absl::AnyInvocable<void()>> tasks = inbox_->Take(kTurnMost);
  for (auto& task : tasks) task();
  if (closed && tasks.empty()) return End();
  if (!closed) {
    if (!last_tick_ns_ || now_ns - *last_tick_ns_ >= kTickNs) Tick(now_ns);
    desk_.Work();
    feed_.Work();
    if (!market_.lockstep()) day_end_.Work(now_ns);
    day_end_.Tell(now_ns);
  }
  if (!Flush() && !commit_.dead()) return Blocked();
  return {runtime::Turn::State::kReady, last_tick_ns_.value_or(now_ns) + kTickNs};
}

runtime::Turn Runner::End() {
  starter_.Abandon();
  external_.End();
  graduation_.End();
  if (!Flush() && !commit_.dead()) return Blocked();
  for (const auto& subscriber : subscribers_)
    subscriber->Close(grpc::Status(grpc::UNAVAILABLE, "the strategy runner is stopping"));
  subscribers_.clear();
  ended_ = true;
  return {runtime::Turn::State::kEnded, 0};
}

void Runner::Tick(std::int64_t now_ns) {
  last_tick_ns_ = now_ns;
  std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->done(); });
  inbox_size_.Set(static_cast<double>(inbox_->size()));
  open_orders_.Set(static_cast<double>(desk_.open()));
  active_.Set(static_cast<double>(deployments_.running()));
  if (commit_.dead()) return;
  starter_.Tick(now_ns);
  for (auto& [id, live] : deployments_.all()) stops_.Work(live);
  external_.Tick(now_ns);
  feed_.Tick(now_ns);
  graduation_.Tick(now_ns);
  day_end_.Watch(now_ns);
  orders_.Tick();
}

void Runner::OnEvents(std::shared_ptr<const order::v1::StreamOrderEventsResponse> response,
                      std::function<void(bool)> done) {
  switch (orders_.Pass(*response)) {
    case OrderFeed::Look::kGap:
      return done(false);
    case OrderFeed::Look::kPassed:
      // A market that waits may wait for just this.
      if (market_waits_) (void)inbox_->PostAlways(kFeeds, 0, [] {});
      return done(true);
    case OrderFeed::Look::kOurs:
      break;
  }
  std::size_t bytes = response->ByteSizeLong();
  bool queued = inbox_->Post(kFeeds, bytes, [this, response = std::move(response), done] {
    if (!orders_.Apply(*response)) return done(false);
    commit_.After([done](const absl::Status& durable) { done(durable.ok()); });
  });
  if (!queued) done(false);
}

bool Runner::OnStep(broker::v1::StreamMarketDataResponse step, std::function<void()> acknowledge) {
  market_waits_ = step.lockstep();
  std::size_t bytes = step.ByteSizeLong();
  MarketFeed::Step queued{
      .message = std::move(step), .acknowledge = std::move(acknowledge), .connection = connection_.load()};
  return inbox_->Post(kFeeds, bytes, [this, queued = std::move(queued)]() mutable {
    // The service stops: the next one reads on.
    if (!inbox_->closed() && !commit_.dead()) feed_.Push(std::move(queued));
  });
}

bool Runner::ConnectExternal(ExternalSession session) {
  return inbox_->Post(kFeeds, kTaskBytes,
                      [this, session = std::move(session)]() mutable { external_.Connect(std::move(session)); });
}

bool Runner::AnswerExternal(std::uint64_t session, external::v1::Answer answer, std::function<void()> taken) {
  std::size_t bytes = kTaskBytes + answer.ByteSizeLong();
  return inbox_->Post(kFeeds, bytes, [this, session, answer = std::move(answer), taken = std::move(taken)] {
    external_.Answer(session, answer);
    taken();
  });
}

void Runner::DisconnectExternal(std::uint64_t session) {
  (void)inbox_->PostAlways(kFeeds, 0, [this, session] { external_.Disconnect(session); });
}

void Runner::Tell(const StrategyStore::Batch& batch) {
  if (subscribers_.empty()) return;
  auto message = std::make_shared<pb::StreamDeploymentsResponse>();
  for (const DeploymentRow& row : batch.rows)
    *message->add_deployments() = deployments_.Describe(deployments_.all().at(row.deployment_id));
  for (const StoredDecision& decision : batch.decisions) *message->add_decisions() = decision.decision;
  for (const auto& subscriber : subscribers_) subscriber->PushShared(message);
}

bool Runner::Create(pb::CreateDeploymentRequest request, Reply<pb::CreateDeploymentResponse> reply) {
  return Command([this, request = std::move(request), reply = std::move(reply)] { commands_.Create(request, reply); });
}

bool Runner::StartDeployment(std::string id, Reply<pb::StartDeploymentResponse> reply) {
  return Command([this, id = std::move(id), reply = std::move(reply)] { commands_.Start(id, reply); });
}

bool Runner::Pause(std::string id, Reply<pb::Deployment> reply) {
  return Command([this, id = std::move(id), reply = std::move(reply)] { commands_.Pause(id, reply); });
}

bool Runner::Resume(std::string id, Reply<pb::Deployment> reply) {
  return Command([this, id = std::move(id), reply = std::move(reply)] { commands_.Resume(id, reply); });
}

bool Runner::Stop(pb::StopDeploymentRequest request, Reply<pb::Deployment> reply) {
  return Command([this, request = std::move(request), reply = std::move(reply)] { commands_.Stop(request, reply); });
}

bool Runner::Update(pb::UpdateDeploymentRequest request, Reply<pb::Deployment> reply) {
  return Command([this, request = std::move(request), reply = std::move(reply)] { commands_.Update(request, reply); });
}

bool Runner::Preview(pb::PreviewSizingRequest request, Reply<pb::PreviewSizingResponse> reply) {
  return Command([this, request = std::move(request), reply = std::move(reply)] { commands_.Preview(request, reply); });
}

bool Runner::Get(std::string id, Reply<pb::Deployment> reply) {
  return Command([this, id = std::move(id), reply = std::move(reply)] { commands_.Get(id, reply); });
}

bool Runner::List(std::string account, Reply<pb::ListDeploymentsResponse> reply) {
  return Command([this, account = std::move(account), reply = std::move(reply)] { commands_.List(account, reply); });
}

bool Runner::SetDayEndPolicy(session::v1::DayEndPolicy policy, Reply<session::v1::DayEndPolicy> reply) {
  return Command([this, policy = std::move(policy), reply = std::move(reply)] { day_end_.SetPolicy(policy, reply); });
}

bool Runner::ListDayEndPolicies(std::string account, Reply<std::vector<session::v1::DayEndPolicy>> reply) {
  return Command([this, account = std::move(account), reply = std::move(reply)] {
    reply(absl::OkStatus(), day_end_.Policies(account));
  });
}

bool Runner::GetGraduation(std::string id, Reply<graduation::v1::Graduation> reply) {
  return Command([this, id = std::move(id), reply = std::move(reply)] { graduation_.Get(id, reply); });
}

bool Runner::ListGraduations(std::string account, Reply<std::vector<graduation::v1::Graduation>> reply) {
  return Command([this, account = std::move(account), reply = std::move(reply)] {
    reply(absl::OkStatus(), graduation_.List(account));
  });
}

bool Runner::SetGraduationPlan(graduation::v1::SetGraduationPlanRequest request,
                               Reply<graduation::v1::Graduation> reply) {
  return Command([this, request = std::move(request), reply = std::move(reply)] {
    graduation_.SetPlan(request.deployment_id(), request.plan(), request.actor(), reply);
  });
}

bool Runner::Promote(graduation::v1::PromoteDeploymentRequest request, Reply<graduation::v1::Graduation> reply) {
  return Command(
      [this, request = std::move(request), reply = std::move(reply)] { graduation_.Promote(request, reply); });
}

bool Runner::Demote(graduation::v1::DemoteDeploymentRequest request, Reply<graduation::v1::Graduation> reply) {
  return Command(
      [this, request = std::move(request), reply = std::move(reply)] { graduation_.Demote(request, reply); });
}

bool Runner::Subscribe(std::shared_ptr<Sender> session) {
  return Command([this, session = std::move(session)] {
    if (subscribers_.size() >= kSubscribersMax)
      return session->Close(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many streams are open"));
    pb::StreamDeploymentsResponse all;
    for (const auto& [id, live] : deployments_.all()) *all.add_deployments() = deployments_.Describe(live);
    session->Push(std::move(all));
    subscribers_.push_back(session);
  });
}

}  // namespace ballast
