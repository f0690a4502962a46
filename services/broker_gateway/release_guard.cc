#include "services/broker_gateway/release_guard.h"

#include <optional>

#include "libs/base/absl_std.h"

namespace ballast {

absl::Status ReleaseGuard::Ask(const AccountId& account_id, const std::string& command_id, const std::string& reason,
                               const std::string& actor) {
  if (!TakesTwo(account_id) || !kill_.IsEngaged(account_id, command_id)) return absl::OkStatus();
  if (actor.empty()) return absl::PermissionDeniedError("it takes two persons: who asks is expected");
  orders::AwaitedDecision asked{.kind = "release",
                                .account_id = account_id,
                                .decision = command_id,
                                .reason = reason,
                                .asked_by = actor,
                                .ask_time = clock_.Now()};
  std::optional<orders::AwaitedDecision> waits;
  UtcTime until;
  {
    MutexLock lock(mutex_);
    waits = persons_.Ask(asked);
    if (waits) until = persons_.ExpiresAt(*waits);
  }
  if (!waits) return absl::OkStatus();
  log_.Warning("decision.awaits_second", {{"account", account_id.value()},
                                          {"kind", waits->kind},
                                          {"command", waits->decision},
                                          {"actor", waits->asked_by}});
  return absl::PermissionDeniedError(ToAbsl("the kill switch stays engaged: a second person has to ask for the same; " +
                                            waits->asked_by + " has asked for it at " + waits->ask_time.ToString() +
                                            ", and it is forgotten at " + until.ToString()));
}

void ReleaseGuard::Done(const AccountId& account_id) {
  MutexLock lock(mutex_);
  persons_.Done({.kind = "release", .account_id = account_id});
}

std::vector<ReleaseGuard::Waiting> ReleaseGuard::List(const AccountId& account_id) {
  std::vector<Waiting> list;
  MutexLock lock(mutex_);
  for (orders::AwaitedDecision& asked : persons_.List(account_id, clock_.Now())) {
    UtcTime until = persons_.ExpiresAt(asked);
    list.push_back({.asked = std::move(asked), .expire_time = until});
  }
  return list;
}

}  // namespace ballast
