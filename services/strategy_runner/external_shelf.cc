#include "services/strategy_runner/external_shelf.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {

absl::Status ExternalShelf::Put(const ExternalRow& row) {
  std::vector<external::Problem> problems;
  ShelvedExternal shelved{.registration = external::ReadRegistration(row.registration, problems),
                          .create_time = row.create_time};
  if (!problems.empty())
    return absl::InvalidArgumentError(ToAbsl(problems.front().field + ": " + problems.front().message));
  std::string id = shelved.registration.strategy_id();
  MutexLock lock(mutex_);
  // One that is there keeps its connection.
  all_.try_emplace(std::move(id), std::move(shelved));
  return absl::OkStatus();
}

void ExternalShelf::SetConnected(const std::string& strategy_id, bool connected) {
  MutexLock lock(mutex_);
  auto found = all_.find(strategy_id);
  if (found != all_.end()) found->second.connected = connected;
}

std::optional<ShelvedExternal> ExternalShelf::Find(const std::string& strategy_id) const {
  MutexLock lock(mutex_);
  auto found = all_.find(strategy_id);
  return found == all_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<ShelvedExternal> ExternalShelf::Offered() const {
  std::vector<ShelvedExternal> offered;
  MutexLock lock(mutex_);
  std::map<std::string, const ShelvedExternal*> last;
  for (const auto& [id, each] : all_) {
    const ShelvedExternal*& newest = last[each.registration.name];
    if (newest == nullptr || newest->create_time < each.create_time) newest = &each;
  }
  for (const auto& [id, each] : all_) {
    if (each.connected || last.at(each.registration.name) == &each) offered.push_back(each);
  }
  return offered;
}

strategy::v1::Prerequisite ConnectedPrerequisite(const ShelvedExternal& external) {
  strategy::v1::Prerequisite connected;
  connected.set_name("external_strategy");
  connected.set_passed(external.connected);
  connected.set_detail(external.registration.strategy_id() +
                       (external.connected ? " is connected" : " is not connected: start its process"));
  return connected;
}

}  // namespace ballast
