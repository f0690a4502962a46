#include "services/api_gateway/emergency_board.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

using order::v1::Emergency;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kFirstPauseNs = 50 * kMs;
constexpr std::int64_t kPauseNsMax = 1'000 * kMs;
// How often order management is asked how far it is, until it is done and from then on.
constexpr std::int64_t kAskNs = 50 * kMs;
constexpr std::int64_t kAskDoneNs = 2'000 * kMs;
constexpr std::int64_t kIdleNs = 1'000 * kMs;

const char* Prefix(int level) {
  static constexpr const char* kPrefixes[] = {"resume-", "halt-", "cancel-", "stop-", "flatten-"};
  return kPrefixes[level];
}

std::string CommandId(const std::string& account_id, const std::string& key, int level) {
  return Prefix(level) + Sha256Hex(account_id + "|" + key).substr(0, 24);
}

}  // namespace

EmergencyBoard::EmergencyBoard(Neighbours neighbours, EmergencyFile file, const Clock& clock, Logger& log)
    : neighbours_(std::move(neighbours)), file_(std::move(file)), clock_(clock), log_(log) {}

bool EmergencyBoard::IsDone(const Kept& kept) const {
  bool held = kept.record.broker_told || !HasSwitch();
  return held && kept.progress && kept.progress->phase() == order::v1::EMERGENCY_PHASE_DONE;
}

bool EmergencyBoard::HasSwitch() const { return neighbours_.broker != nullptr; }

void EmergencyBoard::Start() {
  absl::StatusOr<EmergencyTable> records = file_.Load();
  if (!records.ok()) {
    // Not written over: what it said is with order management and the gateway too, and here to be looked at.
    absl::StatusOr<std::string> aside = file_.KeepAside();
    log_.Critical("emergency.file_unusable", {{"error", MessageOf(records.status())},
                                              {"kept_as", aside.ok() ? *aside : MessageOf(aside.status())}});
  }
  if (records.ok()) {
    MutexLock lock(mutex_);
    for (auto& [account, record] : *records) {
      log_.Warning("emergency.remembered", {{"account", account}, {"command", record.command_id}});
      kept_[account].record = std::move(record);
    }
  }
  for (Neighbour neighbour : {kBroker, kOrders, kRunner}) {
    threads_.emplace_back([this, neighbour] { Loop(neighbour); });
  }
}

void EmergencyBoard::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::string EmergencyBoard::Engage(const Press& press) {
  std::string id;
  {
    MutexLock lock(mutex_);
    int level = press.level;
    auto found = kept_.find(press.account_id);
    if (found != kept_.end() && found->second.record.engaged()) {
      const EmergencyRecord& before = found->second.record;
      bool same = before.command_id == CommandId(press.account_id, press.key, before.level);
      bool covered = before.level >= level && !IsDone(found->second);
      if (same || covered) return before.command_id;
      level = std::max(level, before.level);
    }
    Kept& kept = kept_[press.account_id];
    int resuming = kept.resuming;
    id = CommandId(press.account_id, press.key, level);
    kept = Kept{.record = {.command_id = id,
                           .account_id = press.account_id,
                           .level = level,
                           .reason = press.reason,
                           .actor = press.actor,
                           .press_ns = clock_.Now().nanos},
                .resuming = resuming};
  }
  log_.Critical("emergency.pressed",
                {{"account", press.account_id}, {"command", id}, {"actor", press.actor}, {"reason", press.reason}});
  changed_.NotifyAll();
  Save();
  return id;
}

std::vector<std::string> EmergencyBoard::BeginResume(const std::string& account_id) {
  MutexLock lock(mutex_);
  Kept& kept = kept_[account_id];
  ++kept.resuming;
  if (kept.record.command_id.empty() || !kept.record.engaged()) return {};
  return {kept.record.command_id};
}

void EmergencyBoard::EndResume(const std::string& account_id, bool resumed, const std::string& reason,
                               const std::string& actor) {
  {
    MutexLock lock(mutex_);
    Kept& kept = kept_[account_id];
    --kept.resuming;
    if (resumed) {
      if (kept.record.command_id.empty()) {
        // Nothing is known of here; the gateway's switch may be engaged all the same.
        kept.record.command_id = CommandId(account_id, std::to_string(clock_.Now().nanos), 0);
        kept.record.account_id = account_id;
      }
      kept.record.end_ns = clock_.Now().nanos;
      kept.record.end_reason = reason;
      kept.record.end_actor = actor;
      kept.record.broker_released = false;
      kept.telling = {};
      kept.progress.reset();
    } else if (kept.record.command_id.empty() && kept.resuming == 0) {
      kept_.erase(account_id);
    }
  }
  changed_.NotifyAll();
  if (resumed) Save();
}

bool EmergencyBoard::Released(const std::string& account_id) const {
  MutexLock lock(mutex_);
  auto found = kept_.find(account_id);
  return found == kept_.end() || !HasSwitch() || found->second.record.engaged() || found->second.record.broker_released;
}

void EmergencyBoard::Loop(Neighbour neighbour) {
  while (true) {
    std::optional<Job> job;
    {
      MutexLock lock(mutex_);
      while (!stopped_) {
        std::int64_t wait_ns = kIdleNs;
        job = NextJob(neighbour, &wait_ns);
        if (job) break;
        changed_.WaitFor(mutex_, wait_ns);
      }
      if (stopped_) return;
    }
    Do(neighbour, *job);
  }
}

bool EmergencyBoard::Owes(const Kept& kept, Neighbour neighbour) const {
  const EmergencyRecord& record = kept.record;
  if (record.command_id.empty() || (neighbour == kBroker && !HasSwitch())) return false;
  if (!record.engaged()) return neighbour == kBroker && !record.broker_released;
  if (kept.resuming > 0) return false;
  switch (neighbour) {
    case kBroker:
      return !record.broker_told;
    case kOrders:
      return !record.orders_told;
    case kRunner:
      return record.level >= order::v1::EMERGENCY_LEVEL_STOP && !record.runner_told;
    case kNeighbours:
      break;
  }
  return false;
}

std::optional<EmergencyBoard::Job> EmergencyBoard::NextJob(Neighbour neighbour, std::int64_t* wait_ns) {
  std::int64_t now = clock_.MonotonicNanos();
  for (auto& [account, kept] : kept_) {
    bool owes = Owes(kept, neighbour);
    bool follows = neighbour == kOrders && kept.record.engaged() && kept.record.orders_told && kept.resuming == 0;
    if (!owes && !follows) continue;
    if (std::int64_t due = kept.telling[neighbour].next_ns; due > now) {
      *wait_ns = std::min(*wait_ns, due - now);
      continue;
    }
    return Job{.record = kept.record, .tell = owes};
  }
  return std::nullopt;
}

void EmergencyBoard::Do(Neighbour neighbour, const Job& job) {
  EmergencyRecord before = job.record;
  if (neighbour == kBroker)
    TellBroker(job);
  else if (neighbour == kRunner)
    TellRunner(job);
  else if (job.tell)
    TellOrders(job);
  else
    AskOrders(job);
  bool changed = false;
  {
    MutexLock lock(mutex_);
    auto found = kept_.find(job.record.account_id);
    changed = found != kept_.end() && found->second.record != before;
  }
  if (changed) Save();
  changed_.NotifyAll();
}

EmergencyBoard::Kept* EmergencyBoard::Find(const Job& job) {
  auto found = kept_.find(job.record.account_id);
  bool same = found != kept_.end() && found->second.record.command_id == job.record.command_id &&
              found->second.record.engaged() == job.record.engaged();
  return same ? &found->second : nullptr;
}

void EmergencyBoard::Failed(Kept& kept, Neighbour neighbour, const absl::Status& status) {
  Telling& telling = kept.telling[neighbour];
  std::string problem = MessageOf(status);
  if (std::exchange(telling.problem, problem) != problem) {
    log_.Warning(
        "emergency.not_acknowledged",
        {{"command", kept.record.command_id}, {"neighbour", std::to_string(neighbour)}, {"error", status.ToString()}});
  }
  telling.pause_ns = std::clamp(telling.pause_ns * 2, kFirstPauseNs, kPauseNsMax);
  telling.next_ns = clock_.MonotonicNanos() + telling.pause_ns;
}

void EmergencyBoard::TellBroker(const Job& job) {
  absl::StatusOr<std::string> told = neighbours_.broker(job.record, job.record.engaged());
  MutexLock lock(mutex_);
  Kept* kept = Find(job);
  if (kept == nullptr) return;
  if (!told.ok()) return Failed(*kept, kBroker, told.status());
  kept->telling[kBroker] = {.detail = *told};
  (job.record.engaged() ? kept->record.broker_told : kept->record.broker_released) = true;
}

void EmergencyBoard::TellRunner(const Job& job) {
  absl::StatusOr<std::string> told = neighbours_.stop_deployments(job.record);
  MutexLock lock(mutex_);
  Kept* kept = Find(job);
  if (kept == nullptr) return;
  if (!told.ok()) return Failed(*kept, kRunner, told.status());
  kept->telling[kRunner] = {.detail = *told};
  kept->record.runner_told = true;
}

void EmergencyBoard::TellOrders(const Job& job) {
  absl::StatusOr<Emergency> taken = neighbours_.engage(job.record);
  MutexLock lock(mutex_);
  Kept* kept = Find(job);
  if (kept == nullptr) return;
  if (absl::IsNotFound(taken.status())) {
    kept->record.end_ns = clock_.Now().nanos;
    kept->record.end_reason = kNoAccount;
    kept->telling[kBroker] = {};
    return;
  }
  if (!taken.ok()) return Failed(*kept, kOrders, taken.status());
  kept->telling[kOrders] = {};
  kept->record.orders_told = true;
  Follow(*kept, *taken);
}

void EmergencyBoard::AskOrders(const Job& job) {
  auto progress = neighbours_.progress(job.record.account_id);
  MutexLock lock(mutex_);
  Kept* kept = Find(job);
  if (kept == nullptr) return;
  if (!progress.ok()) return Failed(*kept, kOrders, progress.status());
  kept->telling[kOrders] = {};
  bool other = *progress && (*progress)->command().command_id() != job.record.command_id;
  if (!*progress || (other && (*progress)->phase() == order::v1::EMERGENCY_PHASE_ENDED)) {
    kept->record.orders_told = false;  // it has lost it, or says what became of it
    return;
  }
  Follow(*kept, **progress);
}

void EmergencyBoard::Follow(Kept& kept, const Emergency& progress) {
  kept.progress = progress;
  bool own = progress.command().command_id() == kept.record.command_id;
  if (own && progress.phase() == order::v1::EMERGENCY_PHASE_ENDED && kept.record.engaged()) {
    // Resumed by somebody who did not come through here.
    kept.record.end_ns = std::max<std::int64_t>(wire::FromProto(progress.end_time()).nanos, 1);
    kept.record.end_reason = progress.end_reason();
    kept.record.end_actor = progress.end_actor();
    kept.telling[kBroker] = {};
    return;
  }
  bool done = progress.phase() == order::v1::EMERGENCY_PHASE_DONE;
  kept.record.done_ns = done ? wire::FromProto(progress.done_time()).nanos : 0;
  kept.telling[kOrders].next_ns = clock_.MonotonicNanos() + (done ? kAskDoneNs : kAskNs);
}

void EmergencyBoard::Save() {
  MutexLock file_lock(file_mutex_);
  EmergencyTable records;
  {
    MutexLock lock(mutex_);
    for (const auto& [account, kept] : kept_) {
      if (!kept.record.command_id.empty()) records[account] = kept.record;
    }
  }
  // It goes on from memory, and from what the neighbours keep.
  if (absl::Status saved = file_.Save(records); !saved.ok()) {
    log_.Critical("emergency.not_on_disk", {{"error", MessageOf(saved)}});
  }
}

std::optional<gateway::v1::EmergencyState> EmergencyBoard::State(const std::string& account_id) const {
  MutexLock lock(mutex_);
  auto found = kept_.find(account_id);
  if (found == kept_.end() || found->second.record.level == 0) return std::nullopt;
  return Describe(found->second);
}

std::vector<gateway::v1::EmergencyState> EmergencyBoard::List() const {
  MutexLock lock(mutex_);
  std::vector<gateway::v1::EmergencyState> list;
  for (const auto& [account, kept] : kept_) {
    if (kept.record.level != 0) list.push_back(Describe(kept));
  }
  return list;
}

gateway::v1::EmergencyState EmergencyBoard::Describe(const Kept& kept) const {
  const EmergencyRecord& record = kept.record;
  gateway::v1::EmergencyState state;
  order::v1::EmergencyCommand& command = *state.mutable_command();
  command.set_command_id(record.command_id);
  command.set_account_id(record.account_id);
  command.set_level(static_cast<Level>(record.level));
  command.set_reason(record.reason);
  command.set_actor(record.actor);
  wire::ToProto(UtcTime{record.press_ns}, command.mutable_press_time());
  state.set_engaged(record.engaged());
  bool done = record.engaged() && IsDone(kept);
  state.set_done(done);
  if (kept.progress) {
    *state.mutable_progress() = *kept.progress;
    state.set_halted(kept.progress->halted());
    state.set_flat(done && record.level == order::v1::EMERGENCY_LEVEL_FLATTEN);
  }
  if (record.done_ns != 0) wire::ToProto(UtcTime{record.done_ns}, state.mutable_done_time());
  if (!record.engaged()) {
    wire::ToProto(UtcTime{record.end_ns}, state.mutable_end_time());
    state.set_end_reason(record.end_reason);
    state.set_end_actor(record.end_actor);
  }
  auto add = [&](const char* name, bool acknowledged, const Telling& telling) {
    gateway::v1::EmergencyNeighbour& neighbour = *state.add_neighbours();
    neighbour.set_name(name);
    neighbour.set_acknowledged(acknowledged);
    neighbour.set_detail(telling.problem.empty() ? telling.detail : telling.problem);
    if (!telling.problem.empty() || !acknowledged) {
      state.add_to_do(std::string(name) + (acknowledged ? " does not answer" : " has not acknowledged") +
                      (telling.problem.empty() ? "" : ": " + telling.problem));
    }
  };
  if (HasSwitch())
    add("broker_gateway", record.engaged() ? record.broker_told : record.broker_released, kept.telling[kBroker]);
  if (!record.engaged()) return state;
  add("order_management", record.orders_told, kept.telling[kOrders]);
  if (record.level >= order::v1::EMERGENCY_LEVEL_STOP) {
    add("strategy_runner", record.runner_told, kept.telling[kRunner]);
  }
  if (record.broker_told) state.add_safe("the broker gateway lets no order out that could open risk");
  if (record.broker_told && record.level >= order::v1::EMERGENCY_LEVEL_CANCEL) {
    state.add_safe("the broker gateway cancels every open order at the venue");
  }
  if (record.orders_told) state.add_safe("order management has stored the command and carries it out");
  if (state.halted()) state.add_safe("the account is halted");
  if (record.level >= order::v1::EMERGENCY_LEVEL_STOP && record.orders_told) {
    state.add_safe("the deployments are stopped until a person starts them again");
  }
  if (kept.progress && !kept.progress->waits_for().empty()) state.add_to_do(kept.progress->waits_for());
  return state;
}

}  // namespace ballast
