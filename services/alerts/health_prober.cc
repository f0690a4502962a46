#include "services/alerts/health_prober.h"

#include <array>
#include <cstdint>

namespace ballast {
namespace {

// There is one answer for each question, and one question for each service.
constexpr std::array<std::size_t, 1> kNoBound = {SIZE_MAX};

}  // namespace

HealthProber::HealthProber(Options options, std::vector<std::string> services, Ports ports)
    : options_(options),
      services_(std::move(services)),
      ports_(std::move(ports)),
      inbox_(std::make_shared<Answers>(kNoBound)),
      watch_(services_, options.watch),
      down_gauge_(ports_.metrics.GetGauge("ballast_alerts_services_down", "Services that do not answer", {})) {}

runtime::Turn HealthProber::Poll(std::int64_t now_ns) {
  if (ended_ || inbox_->closed()) {
    ended_ = true;
    return {runtime::Turn::State::kEnded, 0};
  }
  for (const auto& [service, problem] : inbox_->Take(services_.size())) OnAnswer(service, problem, now_ns);
  if (now_ns >= next_round_ns_) {
    ports_.on_round();
    for (const std::string& service : services_) Ask(service);
    next_round_ns_ = now_ns + options_.period_ms * 1'000'000;
  }
  return {runtime::Turn::State::kReady, next_round_ns_};
}

void HealthProber::Ask(const std::string& service) {
  if (!open_.insert(service).second) return;
  ports_.peers.Check(service, [inbox = inbox_, service](std::string problem) {
    (void)inbox->PostAlways(0, service.size() + problem.size(), {service, std::move(problem)});
  });
}

void HealthProber::OnAnswer(const std::string& service, const std::string& problem, std::int64_t now_ns) {
  open_.erase(service);
  auto fact = watch_.Observe(service, problem, now_ns, ports_.clock.Now());
  down_gauge_.Set(watch_.down());
  if (!fact) return;
  // Logged here as well: the store may be what is broken.
  if (problem.empty())
    ports_.log.Info("health.back", {{"peer", service}});
  else
    ports_.log.Error("health.down", {{"peer", service}, {"error", problem}});
  ports_.tell(*std::move(fact));
}

}  // namespace ballast
