#include "services/strategy_runner/entry_gate.h"

#include <utility>

namespace ballast {
namespace {

std::string UntilClose(UtcTime close) {
  constexpr std::size_t kTimeAt = 11, kTimeSize = 8;
  return "the end of its account's day at " + close.ToString().substr(kTimeAt, kTimeSize) + " UTC";
}

}  // namespace

void EntryGate::SetDays(std::map<std::string, Days> days) {
  MutexLock lock(mutex_);
  days_ = std::move(days);
}

void EntryGate::SetDeployment(const std::string& deployment, const std::string& account) {
  MutexLock lock(mutex_);
  owners_[deployment] = account;
}

bool EntryGate::Owns(const std::string& account, const std::string& deployment) const {
  MutexLock lock(mutex_);
  auto owner = owners_.find(deployment);
  return owner != owners_.end() && owner->second == account;
}

void EntryGate::SetStanding(const std::string& deployment, const Standing& standing) {
  MutexLock lock(mutex_);
  standings_[deployment] = standing;
}

std::string EntryGate::WaitOf(const std::string& account, TradingCalendar calendar, UtcTime time) const {
  if (!days_) return "what its account's day is";
  auto found = days_->find(account);
  if (found == days_->end()) return "";
  auto fits = [&](TradingCalendar one) { return calendar == TradingCalendar::kUnspecified || calendar == one; };
  for (const Window& window : found->second.begun) {
    if (fits(window.calendar) && window.from <= time && time <= window.to) return UntilClose(window.to);
  }
  for (const Policy& policy : found->second.policies) {
    if (time.nanos == 0 || !fits(policy.plan.calendar)) continue;
    std::optional<day_end::Due> due = day_end::DueAt(policy.plan, policy.since, time);
    if (due && !due->late) return UntilClose(due->session.close);
  }
  for (TradingCalendar one : found->second.ending) {
    if (fits(one)) return "its account's day to have been ended";
  }
  return "";
}

EntryGate::Permit EntryGate::For(const std::string& account, const std::string& deployment, TradingCalendar calendar,
                                 UtcTime time) const {
  MutexLock lock(mutex_);
  Permit permit{.wait = WaitOf(account, calendar, time)};
  auto standing = standings_.find(deployment);
  if (standing == standings_.end()) return permit;
  if (standing->second.shadow) {
    permit.nothing = "the deployment " + deployment + " is a shadow: its orders are not sent";
    permit.only_closes = !standing->second.withholding;
  }
  permit.size_ratio = standing->second.size_ratio;
  return permit;
}

}  // namespace ballast
