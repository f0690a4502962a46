#include "services/broker_gateway/kill_desk.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/file/durable_file.h"
#include "libs/platform/grpc/status.h"

namespace ballast {
namespace {

// Of those that were let go so many are known, and so many may be engaged.
constexpr std::size_t kEndedMax = 500;
constexpr std::size_t kEngagedMax = 500;
constexpr char kUnreadable[] = "unreadable-file";

bool Same(const KillCommand& command, const AccountId& account_id, const std::string& command_id) {
  return command.account_id == account_id && command.command_id == command_id;
}

void Forget(std::vector<KillCommand>& commands) {
  auto ended = static_cast<std::size_t>(
      std::count_if(commands.begin(), commands.end(), [](const KillCommand& each) { return !each.engaged; }));
  std::erase_if(commands, [&](const KillCommand& each) {
    if (each.engaged || ended <= kEndedMax) return false;
    --ended;
    return true;
  });
}

}  // namespace

void KillDesk::Load() {
  absl::StatusOr<std::string> text = ReadOwnFile(path_);
  if (absl::IsNotFound(text.status())) return;
  absl::StatusOr<std::vector<KillCommand>> commands =
      text.ok() ? ParseKillFile(*text) : absl::StatusOr<std::vector<KillCommand>>(text.status());
  if (!commands.ok()) {
    // What it said may have been "nothing leaves".
    std::string why = "the kill switch's file " + path_ + " cannot be used: " + MessageOf(commands.status());
    log_.Critical("kill.file_unusable", {{"path", path_}, {"error", MessageOf(commands.status())}});
    commands = std::vector<KillCommand>{{.account_id = {},
                                         .command_id = kUnreadable,
                                         .reason = why,
                                         .actor = "broker_gateway",
                                         .engage_time = clock_.Now(),
                                         .engaged = true}};
  }
  for (const KillCommand& command : *commands) {
    if (!command.engaged) continue;
    log_.Warning("kill.engaged_still", {{"account", command.account_id.value()}, {"command", command.command_id}});
  }
  Adopt(*std::move(commands));
}

void KillDesk::Adopt(std::vector<KillCommand> commands) {
  MutexLock lock(mutex_);
  commands_ = std::move(commands);
  bool any = std::any_of(commands_.begin(), commands_.end(), [](const KillCommand& each) { return each.engaged; });
  version_.fetch_add(1, std::memory_order_release);
  any_.store(any, std::memory_order_release);
}

absl::Status KillDesk::Save(const std::vector<KillCommand>& commands) {
  absl::Status saved = WriteDurably(path_, KillFileText(commands));
  if (!saved.ok()) log_.Error("kill.not_saved", {{"path", path_}, {"error", MessageOf(saved)}});
  return saved;
}

absl::Status KillDesk::Engage(KillCommand command) {
  MutexLock writing(writing_);
  std::vector<KillCommand> commands;
  {
    MutexLock lock(mutex_);
    commands = commands_;
  }
  bool known = std::any_of(commands.begin(), commands.end(),
                           [&](const KillCommand& each) { return Same(each, command.account_id, command.command_id); });
  if (known && !unsaved_) return absl::OkStatus();
  if (!known) {
    auto engaged = static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(), [](const KillCommand& each) { return each.engaged; }));
    if (engaged >= kEngagedMax) return absl::ResourceExhaustedError("too many kill commands are engaged");
    log_.Critical("kill.engaged", {{"account", command.account_id.value()},
                                   {"command", command.command_id},
                                   {"actor", command.actor},
                                   {"reason", command.reason},
                                   {"cancel_all", command.cancel_all ? "true" : "false"}});
    command.engaged = true;
    commands.push_back(std::move(command));
    Adopt(commands);
    unsaved_ = true;
  }
  if (absl::Status saved = Save(commands); !saved.ok()) {
    return absl::UnavailableError(
        ToAbsl("the kill switch is engaged, but a restart would forget it: " + MessageOf(saved)));
  }
  unsaved_ = false;
  return absl::OkStatus();
}

absl::Status KillDesk::Release(const AccountId& account_id, const std::string& command_id) {
  MutexLock writing(writing_);
  std::vector<KillCommand> commands;
  {
    MutexLock lock(mutex_);
    commands = commands_;
  }
  bool changed = false, known = false;
  for (KillCommand& each : commands) {
    if (each.account_id != account_id || (!command_id.empty() && each.command_id != command_id)) continue;
    known = true;
    changed |= each.engaged;
    each.engaged = false;
  }
  if (!command_id.empty() && !known) {
    // It may still be on its way here: then it comes too late.
    commands.push_back({.account_id = account_id, .command_id = command_id, .engage_time = clock_.Now()});
    changed = true;
  }
  if (!changed && !unsaved_) return absl::OkStatus();
  Forget(commands);
  if (absl::Status saved = Save(commands); !saved.ok()) {
    return absl::UnavailableError(ToAbsl("the kill switch stays engaged: " + MessageOf(saved)));
  }
  unsaved_ = false;
  log_.Critical("kill.let_go", {{"account", account_id.value()}, {"command", command_id}});
  Adopt(std::move(commands));
  return absl::OkStatus();
}

std::optional<KillCommand> KillDesk::Find(const AccountId& account_id) const {
  std::optional<KillCommand> held;
  bool cancel_all = false;
  for (const KillCommand& each : commands_) {
    if (!each.engaged || (!each.account_id.empty() && each.account_id != account_id)) continue;
    held = each;
    cancel_all |= each.cancel_all;
  }
  if (held) held->cancel_all = cancel_all;
  return held;
}

std::optional<KillCommand> KillDesk::Held(const AccountId& account_id) const {
  if (!any()) return std::nullopt;
  MutexLock lock(mutex_);
  return Find(account_id);
}

bool KillDesk::IsEngaged(const AccountId& account_id, const std::string& command_id) const {
  MutexLock lock(mutex_);
  return std::any_of(commands_.begin(), commands_.end(), [&](const KillCommand& each) {
    return each.engaged && each.account_id == account_id && (command_id.empty() || each.command_id == command_id);
  });
}

void KillDesk::SetRealMoney(std::set<AccountId> accounts) {
  MutexLock lock(mutex_);
  real_money_ = std::move(accounts);
}

bool KillDesk::HoldsRealMoney(const AccountId& account_id) const {
  MutexLock lock(mutex_);
  return account_id.empty() ? !real_money_.empty() : real_money_.contains(account_id);
}

void KillDesk::Show(std::uint64_t version, std::map<AccountId, View> views) {
  {
    MutexLock lock(mutex_);
    views_ = std::move(views);
    shown_version_ = version;
  }
  shown_.NotifyAll();
}

void KillDesk::Await(const AccountId& account_id, std::int64_t timeout_ns) {
  std::int64_t end = clock_.MonotonicNanos() + timeout_ns;
  MutexLock lock(mutex_);
  while (true) {
    bool done = shown_version_ >= version() && !ViewOf(account_id, Find(account_id)).cancel_pending;
    std::int64_t left = end - clock_.MonotonicNanos();
    if (done || left <= 0) return;
    shown_.WaitFor(mutex_, left);
  }
}

KillDesk::View KillDesk::ViewOf(const AccountId& account_id, const std::optional<KillCommand>& held) const {
  View view;
  for (const auto& [id, each] : views_) {
    if (!account_id.empty() && id != account_id) continue;
    view.open_orders += each.open_orders;
    view.cancels_sent += each.cancels_sent;
    view.cancel_pending |= each.cancel_pending;
    // A sum over accounts would say nothing.
    if (!account_id.empty()) view.positions = each.positions;
    if (!each.detail.empty()) view.detail = each.detail;
  }
  if (shown_version_ < version()) {
    view.cancel_pending = held && held->cancel_all;
    view.detail = "the venue has not been looked at since" + (view.detail.empty() ? "" : "; " + view.detail);
  }
  return view;
}

KillDesk::Switch KillDesk::Get(const AccountId& account_id) const {
  MutexLock lock(mutex_);
  std::optional<KillCommand> held = Find(account_id);
  Switch found{.command = held.value_or(KillCommand{})};
  found.command.account_id = account_id;
  if (held) found.view = ViewOf(account_id, held);
  return found;
}

std::vector<KillDesk::Switch> KillDesk::List() const {
  std::set<AccountId> accounts;
  {
    MutexLock lock(mutex_);
    bool all = false;
    for (const KillCommand& each : commands_) {
      if (!each.engaged) continue;
      accounts.insert(each.account_id);
      all |= each.account_id.empty();
    }
    for (const auto& [id, view] : views_) {
      if (all) accounts.insert(id);
    }
  }
  std::vector<Switch> list;
  for (const AccountId& account : accounts) {
    if (Switch found = Get(account); found.command.engaged) list.push_back(std::move(found));
  }
  return list;
}

}  // namespace ballast
