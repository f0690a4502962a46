#include "services/order_management/second_person_desk.h"

#include <optional>

#include "libs/base/absl_std.h"
#include "libs/broker/capabilities.h"

namespace ballast {

bool SecondPersonDesk::ResolvingTakesTwo(AccountMode mode, const std::string& broker) const {
  if (on_paper_) return true;
  return mode == AccountMode::kLive && !broker::CapabilitiesOf(broker).acceptance_window.has_value();
}

absl::StatusOr<std::string> SecondPersonDesk::Ask(orders::AwaitedDecision asked) {
  asked.ask_time = clock_.Now();
  std::optional<orders::AwaitedDecision> waits;
  UtcTime until;
  {
    MutexLock lock(mutex_);
    waits = persons_.Ask(asked);
    if (!waits) return persons_.WhoAgreed(asked);
    until = persons_.ExpiresAt(*waits);
  }
  log_.Warning("decision.awaits_second", {{"account", waits->account_id.value()},
                                          {"kind", waits->kind},
                                          {"order", waits->order_id.value()},
                                          {"actor", waits->asked_by}});
  return absl::PermissionDeniedError(ToAbsl("a second person has to ask for the same: " + waits->asked_by +
                                            " has asked for it at " + waits->ask_time.ToString() +
                                            ", and it is forgotten at " + until.ToString()));
}

void SecondPersonDesk::Done(const orders::AwaitedDecision& asked) {
  MutexLock lock(mutex_);
  persons_.Done(asked);
}

std::vector<SecondPersonDesk::Waiting> SecondPersonDesk::List(const AccountId& account_id) {
  std::vector<Waiting> list;
  MutexLock lock(mutex_);
  for (orders::AwaitedDecision& asked : persons_.List(account_id, clock_.Now())) {
    UtcTime until = persons_.ExpiresAt(asked);
    list.push_back({.asked = std::move(asked), .expire_time = until});
  }
  return list;
}

}  // namespace ballast
