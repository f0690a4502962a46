#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "libs/runtime/testing/faults.h"
#include "services/alerts/store.h"

namespace ballast {

// Alerts without a database, for tests. What it keeps is a Disk, which outlives the stores of one process after
// another, and which fails when it is told to.
class MemoryAlertStore final : public AlertStore {
 public:
  struct Disk {
    std::uint64_t epoch = 0;
    std::map<std::uint64_t, alerts::Alert> alerts;
    Cursors cursors;
    std::map<std::string, Request> requests;
    runtime::Faults faults;
  };

  explicit MemoryAlertStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Fence() override {
    epoch_ = ++disk_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<State> Load() override {
    State state{.cursors = disk_->cursors, .unacknowledged = Unacknowledged()};
    for (const auto& [id, alert] : disk_->alerts) state.recent.push_back(alert);
    return state;
  }
  absl::StatusOr<std::vector<alerts::Alert>> LoadSystem() override {
    std::vector<alerts::Alert> system;
    for (const auto& [id, alert] : disk_->alerts) {
      if (alert.type == alerts::AlertType::kSystem) system.push_back(alert);
    }
    std::stable_sort(system.begin(), system.end(),
                     [](const auto& left, const auto& right) { return left.last_time < right.last_time; });
    return system;
  }
  absl::Status Save(const std::map<std::uint64_t, alerts::Alert>& changed, const Cursors& cursors,
                    const std::optional<Request>& request) override {
    return disk_->faults.Commit([&]() -> absl::Status {
      if (epoch_ != disk_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
      if (request && disk_->requests.contains(request->request_id)) return absl::AlreadyExistsError("used already");
      for (const auto& [id, alert] : changed) disk_->alerts[id] = alert;
      for (const auto& [account, sequence] : cursors) disk_->cursors[account] = sequence;
      if (request) disk_->requests[request->request_id] = *request;
      return absl::OkStatus();
    });
  }
  absl::StatusOr<std::optional<Request>> FindRequest(const std::string& request_id) override {
    auto found = disk_->requests.find(request_id);
    if (found == disk_->requests.end()) return std::nullopt;
    return found->second;
  }
  absl::StatusOr<std::optional<alerts::Alert>> Find(std::uint64_t alert_id) override {
    auto found = disk_->alerts.find(alert_id);
    if (found == disk_->alerts.end()) return std::nullopt;
    return found->second;
  }
  absl::StatusOr<std::vector<alerts::Alert>> FindAll(const std::vector<std::uint64_t>& alert_ids) override {
    std::vector<alerts::Alert> all;
    for (const auto& [id, alert] : disk_->alerts) {
      if (std::find(alert_ids.begin(), alert_ids.end(), id) != alert_ids.end()) all.push_back(alert);
    }
    return all;
  }
  absl::StatusOr<std::vector<alerts::Alert>> List(const Filter& filter, std::int64_t* unacknowledged) override {
    std::vector<alerts::Alert> found;
    for (auto at = disk_->alerts.rbegin(); at != disk_->alerts.rend(); ++at) {
      const alerts::Alert& alert = at->second;
      if (found.size() == static_cast<std::size_t>(filter.limit)) break;
      if (alert.level < filter.min_level || (filter.unacknowledged_only && alert.acknowledged)) continue;
      if (!filter.account_id.empty() && alert.account_id.value() != filter.account_id) continue;
      if (filter.before == 0 || alert.alert_id < filter.before) found.push_back(alert);
    }
    *unacknowledged = Unacknowledged();
    return found;
  }
  absl::StatusOr<std::vector<alerts::Alert>> After(std::uint64_t alert_id, int limit) override {
    std::vector<alerts::Alert> page;
    for (auto at = disk_->alerts.upper_bound(alert_id); at != disk_->alerts.end(); ++at) {
      if (page.size() == static_cast<std::size_t>(limit)) break;
      page.push_back(at->second);
    }
    return page;
  }

 private:
  [[nodiscard]] std::int64_t Unacknowledged() const {
    return std::count_if(disk_->alerts.begin(), disk_->alerts.end(),
                         [](const auto& entry) { return !entry.second.acknowledged; });
  }

  std::shared_ptr<Disk> disk_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
