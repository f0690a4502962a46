#include "libs/alerts/health_watch.h"

#include <string_view>

namespace ballast::alerts {
namespace {

constexpr std::string_view kDown = " does not answer";
constexpr std::string_view kBack = " is back";

}  // namespace

HealthWatch::HealthWatch(const std::vector<std::string>& services, Options options) : options_(options) {
  for (const std::string& service : services) services_[service] = State();
}

std::optional<Alert> HealthWatch::Observe(const std::string& service, const std::string& problem, std::int64_t now_ns,
                                          UtcTime now) {
  State& state = services_[service];
  if (!state.first_check_ns) state.first_check_ns = now_ns;
  Alert alert;
  alert.type = AlertType::kSystem;
  alert.first_time = alert.last_time = now;
  if (problem.empty()) {
    state.failures = 0;
    state.served = true;
    if (!state.told_down) return std::nullopt;
    state.told_down = false;
    alert.level = AlertLevel::kInfo;
    alert.title = service + std::string(kBack);
    return alert;
  }
  ++state.failures;
  if (state.told_down || state.failures < options_.failures_max) return std::nullopt;
  if (!state.served && now_ns - *state.first_check_ns < options_.start_grace_ns) return std::nullopt;
  state.told_down = true;
  alert.level = AlertLevel::kError;
  alert.title = service + std::string(kDown);
  alert.text = problem;
  return alert;
}

void HealthWatch::Restore(const Alert& alert) {
  if (alert.type != AlertType::kSystem) return;
  std::string_view title = alert.title;
  for (std::string_view ending : {kDown, kBack}) {
    if (!title.ends_with(ending)) continue;
    auto state = services_.find(std::string(title.substr(0, title.size() - ending.size())));
    if (state != services_.end()) state->second.told_down = ending == kDown;
  }
}

int HealthWatch::down() const {
  int count = 0;
  for (const auto& [name, state] : services_) count += state.told_down ? 1 : 0;
  return count;
}

}  // namespace ballast::alerts
