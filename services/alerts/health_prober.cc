#include "services/alerts/health_prober.h"

#include <grpcpp/grpcpp.h>

#include "libs/platform/grpc/channel.h"

namespace ballast {
namespace {

constexpr std::size_t kFactsMax = 1'000;

std::vector<std::string> NamesOf(const std::vector<HealthProber::Peer>& peers) {
  std::vector<std::string> names;
  for (const auto& peer : peers) names.push_back(peer.service);
  return names;
}

// Empty when it serves.
std::string ProblemOf(const grpc::Status& status, const grpc::health::v1::HealthCheckResponse& response,
                      const HealthProber::Peer& peer, std::int64_t deadline_ms) {
  if (status.error_code() == grpc::DEADLINE_EXCEEDED) {
    return "no answer from " + peer.address + " within " + std::to_string(deadline_ms) + " ms";
  }
  if (!status.ok()) return "no connection to " + peer.address + ": " + status.error_message();
  if (response.status() != grpc::health::v1::HealthCheckResponse::SERVING) {
    return "it answers at " + peer.address + ", but says that it is not ready";
  }
  return "";
}

}  // namespace

HealthProber::HealthProber(Options options, const std::vector<Peer>& peers, const Clock& clock, Logger& log,
                           Metrics& metrics, std::function<void()> on_round)
    : options_(options),
      clock_(clock),
      log_(log),
      on_round_(std::move(on_round)),
      watch_(NamesOf(peers), options.watch),
      down_gauge_(metrics.GetGauge("ballast_alerts_services_down", "Services that do not answer", {})) {
  for (const Peer& peer : peers) {
    probes_.push_back({.peer = peer, .stub = grpc::health::v1::Health::NewStub(MakeChannel(peer.address))});
  }
}

void HealthProber::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void HealthProber::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void HealthProber::Loop() {
  std::int64_t next_ns = clock_.MonotonicNanos();
  while (!stopping_) {
    CheckAll();
    on_round_();
    next_ns += options_.period_ms * 1'000'000;
    std::int64_t now_ns = clock_.MonotonicNanos();
    if (next_ns < now_ns) next_ns = now_ns;
    MutexLock lock(mutex_);
    while (!stopping_ && (now_ns = clock_.MonotonicNanos()) < next_ns) wake_.WaitFor(mutex_, next_ns - now_ns);
  }
}

void HealthProber::CheckAll() {
  struct Call {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    grpc::health::v1::HealthCheckResponse response;
    grpc::Status status;
  };
  std::vector<std::unique_ptr<Call>> calls;
  Mutex mutex;
  CondVar done;
  std::size_t open = probes_.size();
  auto deadline = std::chrono::system_clock::now() + std::chrono::milliseconds(options_.deadline_ms);
  for (Probe& probe : probes_) {
    Call* call = calls.emplace_back(std::make_unique<Call>()).get();
    call->context.set_deadline(deadline);
    probe.stub->async()->Check(&call->context, &call->request, &call->response, [&, call](grpc::Status status) {
      MutexLock lock(mutex);
      call->status = std::move(status);
      --open;
      done.NotifyAll();
    });
  }
  {
    MutexLock lock(mutex);
    while (open > 0) done.Wait(mutex);
  }
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    const Peer& peer = probes_[i].peer;
    std::string problem = ProblemOf(calls[i]->status, calls[i]->response, peer, options_.deadline_ms);
    auto fact = watch_.Observe(peer.service, problem, clock_.MonotonicNanos(), clock_.Now());
    if (!fact) continue;
    // Logged here as well: the store may be what is broken.
    if (problem.empty())
      log_.Info("health.back", {{"peer", peer.service}});
    else
      log_.Error("health.down", {{"peer", peer.service}, {"error", problem}});
    MutexLock lock(mutex_);
    if (facts_.size() < kFactsMax) facts_.push_back(*std::move(fact));
  }
  down_gauge_.Set(watch_.down());
}

std::vector<alerts::Alert> HealthProber::Take() {
  MutexLock lock(mutex_);
  return std::exchange(facts_, {});
}

void HealthProber::Give(std::vector<alerts::Alert> facts) {
  MutexLock lock(mutex_);
  facts.insert(facts.end(), std::make_move_iterator(facts_.begin()), std::make_move_iterator(facts_.end()));
  facts_ = std::move(facts);
}

}  // namespace ballast
