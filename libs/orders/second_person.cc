#include "libs/orders/second_person.h"

namespace ballast::orders {
namespace {

// Nobody asks for so many: the oldest is forgotten.
constexpr std::size_t kWaitingMax = 1'000;

}  // namespace

void SecondPersons::Forget(UtcTime now) {
  std::erase_if(waiting_, [&](const auto& one) { return now >= ExpiresAt(one.second); });
}

std::optional<AwaitedDecision> SecondPersons::Ask(const AwaitedDecision& asked) {
  Forget(asked.ask_time);
  auto found = waiting_.find(Of(asked));
  if (found != waiting_.end() && found->second.decision == asked.decision) {
    if (found->second.asked_by != asked.asked_by) return std::nullopt;
    // The same person again: it waits as long as it did.
    return found->second;
  }
  if (found == waiting_.end() && waiting_.size() >= kWaitingMax) {
    auto oldest = waiting_.begin();
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
      if (it->second.ask_time < oldest->second.ask_time) oldest = it;
    }
    waiting_.erase(oldest);
  }
  waiting_.insert_or_assign(Of(asked), asked);
  return asked;
}

void SecondPersons::Done(const AwaitedDecision& asked) { waiting_.erase(Of(asked)); }

std::vector<AwaitedDecision> SecondPersons::List(const AccountId& account_id, UtcTime now) {
  Forget(now);
  std::vector<AwaitedDecision> list;
  for (const auto& [subject, asked] : waiting_) {
    if (subject.account_id == account_id) list.push_back(asked);
  }
  return list;
}

}  // namespace ballast::orders
