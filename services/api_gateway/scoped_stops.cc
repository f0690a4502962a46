#include "services/api_gateway/scoped_stops.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

// Of those that are over the newest are told.
constexpr std::size_t kViewsMax = 200;

}  // namespace

const char* ScopedStops::LevelName(int level) {
  switch (level) {
    case order::v1::EMERGENCY_LEVEL_HALT:
      return "K1";
    case order::v1::EMERGENCY_LEVEL_CANCEL:
      return "K2";
    default:
      return "K3";
  }
}

Json ScopedStops::NotLookedYet(const ScopedStopRecord& record) {
  return {{"scope",
           {{"kind", record.OfOrder() ? "order" : "deployment"},
            {"id", record.OfOrder() ? record.order_id : record.deployment_id},
            {"account_id", record.account}}},
          {"level", LevelName(record.level)},
          {"done", false},
          {"safe", Json::array()},
          {"to_do", {"nobody has answered yet; it is on the disk and goes on"}},
          {"proof", {{"orders_working", nullptr}, {"orders_at_venue", nullptr}, {"positions", nullptr}}}};
}

ScopedStops::ScopedStops(const Peers& peers, AuditTrail& audit, Continuations& continuations, ScopedStopFile file,
                         const Clock& clock, Logger& log)
    : peers_(peers), audit_(audit), continuations_(continuations), file_(std::move(file)), clock_(clock), log_(log) {}

ScopedStops::~ScopedStops() { Stop(); }

void ScopedStops::Start() {
  ScopedStopFile::Loaded loaded = file_.Load();
  const bool whole = loaded.problem.empty();
  if (!whole) {
    const std::int64_t now = clock_.Now().nanos;
    absl::StatusOr<std::string> aside = file_.KeepAside();
    log_.Critical("emergency.file_unusable",
                  {{"error", loaded.problem}, {"kept_as", aside.ok() ? *aside : MessageOf(aside.status())}});
    ScopedStopRecord every{.id = "unreadable-" + std::to_string(now),
                           .account = "",
                           .deployment_id = kEvery,
                           .order_id = "",
                           .level = order::v1::EMERGENCY_LEVEL_HALT,
                           .reason = "the stops of deployments and orders could not be read: " + loaded.problem +
                                     (aside.ok() ? "; kept as " + *aside : ""),
                           .actor = "api_gateway",
                           .press_ns = now};
    loaded.records[every.Subject()] = every;
    MutexLock lock(file_mutex_);
    frozen_ = !aside.ok();
  }
  {
    MutexLock lock(mutex_);
    records_ = loaded.records;
  }
  if (!whole) Save();
  for (const auto& [subject, record] : loaded.records) {
    log_.Warning("emergency.remembered", {{"subject", subject}, {"command", record.id}});
    Run(record);
  }
}

void ScopedStops::Stop() {
  constexpr std::int64_t kPatienceNs = 3'000'000'000;
  stopping_ = true;
  const std::int64_t until = clock_.MonotonicNanos() + kPatienceNs;
  MutexLock lock(mutex_);
  while (running_ > 0) {
    std::int64_t left = until - clock_.MonotonicNanos();
    if (left <= 0) break;
    ended_.WaitFor(mutex_, left);
  }
}

void ScopedStops::Run(const ScopedStopRecord& record) {
  {
    MutexLock lock(mutex_);
    ++running_;
    views_[record.id].record = record;
  }
  StartScopedStop(*this, record);
}

std::string ScopedStops::Press(ScopedStopRecord record) {
  {
    MutexLock lock(mutex_);
    auto found = records_.find(record.Subject());
    if (found != records_.end() && found->second.level >= record.level) return found->second.id;
    records_[record.Subject()] = record;
  }
  log_.Critical(
      "emergency.pressed",
      {{"subject", record.Subject()}, {"command", record.id}, {"actor", record.actor}, {"reason", record.reason}});
  Save();
  Run(record);
  return record.id;
}

bool ScopedStops::Tell(const View& view) {
  bool goes_on = false, ended = false;
  {
    MutexLock lock(mutex_);
    auto kept = records_.find(view.record.Subject());
    // Another one goes further, or a person has ended it.
    bool current = kept != records_.end() && kept->second.id == view.record.id;
    View& told = views_[view.record.id];
    told = view;
    told.over = view.over || !current;
    if (current && view.over) records_.erase(kept);
    ended = current && view.over;
    goes_on = current && !view.over && !stopping_;
    while (views_.size() > kViewsMax) {
      auto oldest = std::min_element(views_.begin(), views_.end(), [](const auto& left, const auto& right) {
        return std::pair(!left.second.over, left.second.record.press_ns) <
               std::pair(!right.second.over, right.second.record.press_ns);
      });
      views_.erase(oldest);
    }
  }
  if (ended) {
    Save();
    if (view.done) {
      audit_.Add({.request_id = view.record.id + ".done",
                  .actor = view.record.actor,
                  .action = "emergency.done",
                  .subject = view.record.Subject(),
                  .detail = {{"level", LevelName(view.record.level)}, {"proof", view.answer["proof"]}},
                  .account_id = view.record.account});
    }
  }
  return goes_on;
}

void ScopedStops::End(const std::string& deployment_id, const std::string& actor) {
  {
    MutexLock lock(mutex_);
    auto found = records_.find("deployment:" + deployment_id);
    if (found == records_.end()) return;
    log_.Critical("emergency.ended", {{"subject", found->first}, {"command", found->second.id}, {"actor", actor}});
    views_[found->second.id].over = true;
    records_.erase(found);
  }
  Save();
}

std::optional<ScopedStops::View> ScopedStops::Look(const std::string& id) const {
  MutexLock lock(mutex_);
  auto found = views_.find(id);
  if (found == views_.end()) return std::nullopt;
  return found->second;
}

std::vector<ScopedStops::View> ScopedStops::List() const {
  std::vector<View> list;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, view] : views_) list.push_back(view);
  }
  std::sort(list.begin(), list.end(),
            [](const View& left, const View& right) { return left.record.press_ns > right.record.press_ns; });
  return list;
}

void ScopedStops::Save() {
  MutexLock file_lock(file_mutex_);
  ScopedStopTable records;
  {
    MutexLock lock(mutex_);
    records = records_;
  }
  // It goes on from memory.
  if (frozen_) return log_.Critical("emergency.not_on_disk", {{"error", "the file that could not be read is there"}});
  if (absl::Status saved = file_.Save(records); !saved.ok())
    log_.Critical("emergency.not_on_disk", {{"error", MessageOf(saved)}});
}

}  // namespace ballast
