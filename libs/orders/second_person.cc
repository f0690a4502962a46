#include "libs/orders/second_person.h"

#include <algorithm>
#include <string_view>

namespace ballast::orders {
namespace {

// Nobody asks for so many: the oldest is forgotten.
constexpr std::size_t kWaitingMax = 1'000;
constexpr std::string_view kAnd = " + ";

}  // namespace

std::string BothOf(const std::string& first, const std::string& second) { return first + std::string(kAnd) + second; }

std::vector<std::string> PersonsOf(const std::string& actor) {
  std::vector<std::string> persons;
  for (std::size_t at = 0; at <= actor.size();) {
    std::size_t end = std::min(actor.find(kAnd, at), actor.size());
    std::string one = actor.substr(at, end - at);
    // The same one twice is one.
    if (!one.empty() && std::find(persons.begin(), persons.end(), one) == persons.end())
      persons.push_back(std::move(one));
    at = end + kAnd.size();
  }
  return persons;
}

void SecondPersons::Forget(UtcTime now) {
  std::erase_if(waiting_, [&](const auto& one) { return now >= ExpiresAt(one.second); });
}

std::optional<AwaitedDecision> SecondPersons::Ask(const AwaitedDecision& asked) {
  Forget(asked.ask_time);
  if (PersonsOf(asked.asked_by).size() > 1) return std::nullopt;
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

std::string SecondPersons::WhoAgreed(const AwaitedDecision& asked) const {
  auto found = waiting_.find(Of(asked));
  bool two = found != waiting_.end() && found->second.asked_by != asked.asked_by;
  return two ? BothOf(found->second.asked_by, asked.asked_by) : asked.asked_by;
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
