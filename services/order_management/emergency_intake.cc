#include <algorithm>

#include "libs/base/absl_std.h"
#include "services/order_management/emergency_desk.h"

// Commands on their way in and out: stored, taken over from the gateway's switch, ended by a person.
namespace ballast {
namespace {

using orders::EmergencyLevel;
using orders::EmergencyPhase;

constexpr std::int64_t kSaveCommandAgainNs = 250'000'000;
constexpr std::size_t kPendingMax = 100;
constexpr std::size_t kRepliesMax = 16;

}  // namespace

void EmergencyDesk::Stop() {
  std::map<std::pair<AccountId, std::string>, Pending> pending;
  {
    MutexLock lock(mutex_);
    pending.swap(pending_);
  }
  for (auto& [key, one] : pending) {
    for (const Reply& reply : one.replies) reply(absl::UnavailableError("order management is stopping"));
  }
}

void EmergencyDesk::Engage(orders::Emergency command, Reply reply) {
  bool away = writer_.storage_away();
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    auto key = std::pair(command.account_id, command.command_id);
    if (!pending_.contains(key) && pending_.size() >= kPendingMax) {
      refusal = absl::ResourceExhaustedError("too many emergency commands wait to be stored");
    } else {
      Pending& pending = pending_[key];
      pending.command = std::move(command);
      if (away) pending.problem = "the storage does not answer";
      if (away || pending.replies.size() >= kRepliesMax) {
        refusal = absl::UnavailableError(ToAbsl("the command is remembered and not stored yet: " + pending.problem));
      } else {
        pending.replies.push_back(std::move(reply));
      }
    }
  }
  if (!refusal.ok()) reply(refusal);
  if (!writer_.enqueue([this] { Tick(); })) Stop();
}

void EmergencyDesk::End(AccountId account_id, std::vector<std::string> command_ids, std::string reason,
                        std::string actor, std::function<void(const Who&)> reply, MayEnd may) {
  if (writer_.storage_away()) {
    reply(absl::UnavailableError("the account cannot be resumed while nothing can be stored"));
    return;
  }
  bool queued = writer_.enqueue([=, this] {
    const orders::Account* account = writer_.account(account_id);
    Who who = actor;
    if (may != nullptr && account != nullptr) who = may(account->snapshot().mode);
    if (!who.ok()) return reply(who.status());
    absl::Status ended = DoEnd(account_id, command_ids, reason, *who);
    reply(ended.ok() ? who : ended);
  });
  if (!queued) reply(absl::UnavailableError("order management is stopping"));
}

void EmergencyDesk::AskRegister(AccountId account_id, DeploymentId deployment_id, bool clear,
                                std::function<void(absl::Status)> reply) {
  bool queued = writer_.enqueue([=, this] { reply(DoRegister(account_id, deployment_id, clear)); });
  if (!queued) reply(absl::UnavailableError("order management is stopping"));
}

std::vector<EmergencyView> EmergencyDesk::List() const {
  MutexLock lock(mutex_);
  std::map<AccountId, EmergencyView> views = views_;
  for (const auto& [key, pending] : pending_) {
    EmergencyView& view = views[key.first];
    bool known = view.emergency.phase != EmergencyPhase::kUnspecified &&
                 view.emergency.phase != EmergencyPhase::kEnded && !view.emergency.command_id.empty();
    if (known) continue;
    view.emergency = pending.command;
    view.waits_for = "the command is not stored yet";
    if (!pending.problem.empty()) view.waits_for += ": " + pending.problem;
  }
  std::vector<EmergencyView> list;
  for (auto& [account, view] : views) list.push_back(std::move(view));
  return list;
}

void EmergencyDesk::OnBrokerReady() {
  (void)writer_.enqueue([this] { ++broker_session_; });
  venue_.switches([this](absl::StatusOr<std::vector<HeldSwitch>> switches) {
    if (!switches.ok()) {
      log_.Warning("emergency.switches_unread", {{"error", switches.status().ToString()}});
      return;
    }
    (void)writer_.enqueue([this, held = *std::move(switches)] { Adopt(held); });
  });
}

// Whoever engaged the gateway's switch may not be there to tell it here too.
void EmergencyDesk::Adopt(const std::vector<HeldSwitch>& switches) {
  for (const HeldSwitch& held : switches) {
    EmergencyLevel level = orders::LevelOfCommand(held.command_id);
    if (level == EmergencyLevel::kUnspecified) {
      log_.Warning("emergency.switch_unknown", {{"command", held.command_id}});
      continue;
    }
    for (const AccountId& account : writer_.accounts()) {
      if (!held.account_id.empty() && account != held.account_id) continue;
      Engage({.command_id = held.command_id,
              .account_id = account,
              .level = level,
              .reason = held.reason,
              .actor = held.actor,
              .press_time = held.engage_time},
             [](const absl::StatusOr<EmergencyView>&) {});
    }
  }
}

void EmergencyDesk::TakePending() {
  std::vector<orders::Emergency> commands;
  {
    MutexLock lock(mutex_);
    if (pending_.empty() || clock_.MonotonicNanos() < next_take_ns_) return;
    for (const auto& [key, pending] : pending_) commands.push_back(pending.command);
  }
  for (const orders::Emergency& command : commands) {
    // Held at once: what it stops does not wait for the storage.
    if (writer_.account(command.account_id) != nullptr) held_.insert(command.account_id);
    absl::StatusOr<EmergencyView> taken = Take(command);
    bool again = !taken.ok() && !absl::IsNotFound(taken.status());
    if (again) {
      next_take_ns_ = clock_.MonotonicNanos() + kSaveCommandAgainNs;
      log_.Error("emergency.not_stored", {{"command", command.command_id}, {"error", taken.status().ToString()}});
    } else if (!UnderWay(command.account_id)) {
      held_.erase(command.account_id);
    }
    std::vector<Reply> replies;
    {
      MutexLock lock(mutex_);
      auto found = pending_.find({command.account_id, command.command_id});
      if (found == pending_.end()) continue;
      replies.swap(found->second.replies);
      if (again)
        found->second.problem = MessageOf(taken.status());
      else
        pending_.erase(found);
    }
    if (again) {
      taken =
          absl::UnavailableError(ToAbsl("the command is remembered and not stored yet: " + MessageOf(taken.status())));
    }
    for (const Reply& reply : replies) reply(taken);
  }
}

absl::StatusOr<EmergencyView> EmergencyDesk::Take(const orders::Emergency& command) {
  if (writer_.account(command.account_id) == nullptr) {
    return absl::NotFoundError(ToAbsl("there is no account " + command.account_id.value()));
  }
  if (auto live = live_.find(command.account_id);
      live != live_.end() && live->second.emergency.command_id == command.command_id) {
    return live->second.view;
  }
  absl::StatusOr<orders::Emergency> known = journal_.Find(command.account_id, command.command_id);
  if (known.ok()) return EmergencyView{.emergency = *std::move(known)};
  if (!absl::IsNotFound(known.status())) return known.status();
  std::vector<orders::Emergency> changed;
  if (UnderWay(command.account_id)) {
    Live& before = live_.at(command.account_id);
    if (before.emergency.level >= command.level && before.emergency.phase != EmergencyPhase::kDone) return before.view;
    orders::Emergency ended = before.emergency;
    ended.phase = EmergencyPhase::kEnded;
    ended.end_time = clock_.Now();
    ended.end_actor = command.actor;
    ended.end_reason = "taken over by " + command.command_id;
    // Never less than what is under way.
    changed.push_back(std::move(ended));
  }
  orders::Emergency taken = command;
  if (!changed.empty()) taken.level = std::max(taken.level, changed.front().level);
  taken.phase = EmergencyPhase::kCanceling;
  taken.take_time = clock_.Now();
  changed.push_back(taken);
  bool stop = taken.level >= EmergencyLevel::kStop;
  if (absl::Status saved = journal_.Save(changed, stop ? &taken : nullptr); !saved.ok()) return saved;
  taken_.Increment();
  log_.Critical("emergency.taken", {{"account", taken.account_id.value()},
                                    {"command", taken.command_id},
                                    {"reach", std::to_string(static_cast<int>(taken.level))},
                                    {"actor", taken.actor},
                                    {"reason", taken.reason}});
  if (stop) {
    stops_unread_ = true;
    LoadStops();
  }
  Live& live = live_[taken.account_id];
  live = Live{.emergency = taken, .question = live.question + 1};
  live.view.emergency = taken;
  Work(live);
  return live.view;
}

void EmergencyDesk::LoadStops() {
  auto stopped = journal_.LoadStopped();
  if (!stopped.ok()) return;  // at the next tick
  stopped_ = *std::move(stopped);
  stops_unread_ = false;
}

absl::Status EmergencyDesk::DoEnd(const AccountId& account_id, const std::vector<std::string>& command_ids,
                                  const std::string& reason, const std::string& actor) {
  if (writer_.account(account_id) == nullptr) return absl::OkStatus();  // whoever resumes it is told
  UtcTime now = clock_.Now();
  std::vector<orders::Emergency> changed;
  auto end = [&](orders::Emergency emergency) {
    emergency.phase = EmergencyPhase::kEnded;
    emergency.end_time = now;
    emergency.end_reason = reason;
    emergency.end_actor = actor;
    changed.push_back(std::move(emergency));
  };
  auto live = live_.find(account_id);
  if (UnderWay(account_id)) end(live->second.emergency);
  for (const std::string& id : command_ids) {
    if (live != live_.end() && live->second.emergency.command_id == id) continue;
    absl::StatusOr<orders::Emergency> known = journal_.Find(account_id, id);
    if (known.ok() && known->phase == EmergencyPhase::kEnded) continue;
    if (!known.ok() && !absl::IsNotFound(known.status())) return known.status();
    // One that was never heard of stands there as ended: when it comes, it starts nothing.
    end(known.ok()
            ? *known
            : orders::Emergency{.command_id = id, .account_id = account_id, .level = orders::LevelOfCommand(id)});
  }
  if (!changed.empty()) {
    if (absl::Status saved = journal_.Save(changed, nullptr); !saved.ok()) {
      return absl::UnavailableError(ToAbsl("the emergency command cannot be ended now: " + MessageOf(saved)));
    }
  }
  if (UnderWay(account_id)) {
    live->second.emergency = changed.front();
    live->second.view = EmergencyView{.emergency = changed.front()};
    Publish(live->second);
    log_.Warning("emergency.ended", {{"account", account_id.value()},
                                     {"command", changed.front().command_id},
                                     {"actor", actor},
                                     {"reason", reason}});
  }
  std::vector<Reply> replies;
  {
    MutexLock lock(mutex_);
    for (auto it = pending_.begin(); it != pending_.end();) {
      if (it->first.first != account_id) {
        ++it;
        continue;
      }
      for (Reply& one : it->second.replies) replies.push_back(std::move(one));
      it = pending_.erase(it);
    }
  }
  for (const Reply& one : replies) one(absl::AbortedError("a person has resumed the account meanwhile"));
  held_.erase(account_id);
  return absl::OkStatus();
}

absl::Status EmergencyDesk::DoRegister(const AccountId& account_id, const DeploymentId& deployment_id, bool clear) {
  if (stops_unread_) LoadStops();
  if (stops_unread_) return absl::UnavailableError("which deployments are stopped cannot be read now");
  auto stopped = stopped_.find({account_id, deployment_id});
  if (stopped == stopped_.end()) return absl::OkStatus();
  if (!clear) {
    return absl::FailedPreconditionError(ToAbsl("the emergency stop " + stopped->second + " has stopped deployment " +
                                                deployment_id.value() + "; a person has to start it again"));
  }
  if (held_.contains(account_id)) {
    return absl::FailedPreconditionError(
        ToAbsl("the emergency stop of account " + account_id.value() + " is engaged; resume the account first"));
  }
  RETURN_IF_ERROR(journal_.ClearStop(account_id, deployment_id));
  stopped_.erase(stopped);
  log_.Warning("emergency.deployment_cleared",
               {{"account", account_id.value()}, {"deployment", deployment_id.value()}});
  return absl::OkStatus();
}

}  // namespace ballast
