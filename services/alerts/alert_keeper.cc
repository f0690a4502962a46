#include "services/alerts/alert_keeper.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/alerts/rules.h"
#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

using alerts::Alert;
using alerts::AlertLevel;

constexpr int kPage = 500;
// A follower that is further behind is sent so much, and goes on from there when it opens again: what one that reads
// nothing leaves unsent has a bound.
constexpr int kBacklogPagesMax = 20;

std::string LevelName(AlertLevel level) {
  std::string name = alert::v1::AlertLevel_Name(static_cast<alert::v1::AlertLevel>(level));
  constexpr std::string_view kPrefix = "ALERT_LEVEL_";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

std::string TypeName(alerts::AlertType type) {
  std::string name = alert::v1::AlertType_Name(static_cast<alert::v1::AlertType>(type));
  constexpr std::string_view kPrefix = "ALERT_TYPE_";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

}  // namespace

void ToProto(const Alert& alert, alert::v1::Alert* out) {
  out->set_alert_id(alert.alert_id);
  out->set_type(static_cast<alert::v1::AlertType>(alert.type));
  out->set_level(static_cast<alert::v1::AlertLevel>(alert.level));
  out->set_title(alert.title);
  out->set_text(alert.text);
  out->set_account_id(alert.account_id.value());
  out->set_deployment_id(alert.deployment_id.value());
  out->set_order_id(alert.order_id.value());
  out->set_symbol(alert.symbol.value());
  wire::ToProto(alert.first_time, out->mutable_first_time());
  wire::ToProto(alert.last_time, out->mutable_last_time());
  out->set_count(alert.count);
  out->set_acknowledged(alert.acknowledged);
  out->set_acknowledged_by(alert.acknowledged_by);
  if (alert.acknowledged) wire::ToProto(alert.acknowledge_time, out->mutable_acknowledge_time());
}

AlertKeeper::AlertKeeper(Options options, AlertStore& store, const Clock& clock, Logger& log, Metrics& metrics,
                         std::function<void(const std::string&)> fail)
    : options_(options),
      store_(store),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      fail_(std::move(fail)),
      read_back_(clock),
      folder_(options.folder),
      stopped_("alerts", log, metrics),
      facts_(metrics.GetCounter("ballast_alerts_facts_total", "Facts that became alerts or were folded into one", {})),
      unacknowledged_gauge_(
          metrics.GetGauge("ballast_alerts_unacknowledged", "Alerts that nobody has acknowledged", {})) {}

absl::Status AlertKeeper::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  return Loaded();
}

absl::Status AlertKeeper::Loaded() {
  return read_back_.Current([this] { return Load(); });
}

absl::Status AlertKeeper::Load() {
  ASSIGN_OR_RETURN(AlertStore::State state, store_.Load());
  std::vector<std::uint64_t> in_doubt;
  for (const auto& [id, alert] : untold_) in_doubt.push_back(id);
  std::vector<Alert> found;
  if (!in_doubt.empty()) {
    ASSIGN_OR_RETURN(found, store_.FindAll(in_doubt));
  }
  folder_ = alerts::Folder(options_.folder);
  for (const Alert& alert : state.recent) folder_.Restore(alert);
  cursors_ = std::move(state.cursors);
  SetCursors(cursors_);
  unacknowledged_ = state.unacknowledged;
  unacknowledged_gauge_.Set(static_cast<double>(unacknowledged_));
  std::map<std::uint64_t, Alert> made;
  for (Alert& alert : found) {
    if (alert == untold_[alert.alert_id]) made[alert.alert_id] = std::move(alert);
  }
  untold_.clear();
  for (const auto& [id, alert] : made) Log(alert);
  Publish(made);
  return absl::OkStatus();
}

void AlertKeeper::SetCursors(AlertStore::Cursors cursors) {
  MutexLock lock(mutex_);
  stored_cursors_ = std::move(cursors);
}

std::uint64_t AlertKeeper::AddTo(Draft& draft, Alert fact) {
  Alert alert = draft.folder.Add(std::move(fact));
  std::uint64_t id = alert.alert_id;
  draft.changed[id] = std::move(alert);
  ++draft.facts;
  return id;
}

absl::Status AlertKeeper::Save(const std::map<std::uint64_t, Alert>& changed, const AlertStore::Cursors& cursors,
                               const std::optional<AlertStore::Request>& request) {
  absl::Status status = store_.Save(changed, cursors, request);
  read_back_.After(status);
  if (status.ok()) return status;
  untold_ = changed;
  if (absl::IsFailedPrecondition(status)) fail_(MessageOf(status));
  return status;
}

absl::Status AlertKeeper::Commit(Draft draft, AlertStore::Cursors cursors,
                                 const std::optional<AlertStore::Request>& request) {
  RETURN_IF_ERROR(Save(draft.changed, cursors, request));
  for (const auto& [id, alert] : draft.changed) {
    if (id > folder_.last_alert_id()) ++unacknowledged_;
  }
  unacknowledged_gauge_.Set(static_cast<double>(unacknowledged_));
  facts_.Add(static_cast<double>(draft.facts));
  folder_ = std::move(draft.folder);
  for (const auto& [account, sequence] : cursors) cursors_[account] = sequence;
  if (!cursors.empty()) SetCursors(cursors_);
  for (const auto& [id, alert] : draft.changed) Log(alert);
  Publish(draft.changed);
  return absl::OkStatus();
}

bool AlertKeeper::OnOrderEvents(const order::v1::StreamOrderEventsResponse& batch) {
  if (absl::Status status = Loaded(); !status.ok()) {
    log_.Error("alert.reload_failed", {{"error", status.ToString()}});
    return false;
  }
  Draft draft{.folder = folder_};
  AlertStore::Cursors moved;
  for (const order::v1::OrderEvent& proto : batch.events()) {
    const std::string& account = proto.account_id();
    std::uint64_t cursor = moved.contains(account)      ? moved[account]
                           : cursors_.contains(account) ? cursors_[account]
                                                        : 0;
    if (proto.sequence() <= cursor || stopped_.Holds(account)) continue;
    if (proto.sequence() != cursor + 1) {
      log_.Error("alert.order_event_missing", {{"account_id", account},
                                               {"expected", std::to_string(cursor + 1)},
                                               {"found", std::to_string(proto.sequence())}});
      return false;
    }
    // Most events are ordinary steps of which nobody is told; nor does one of a newer version stop the others.
    if (!alerts::IsTold(static_cast<OrderEventType>(proto.type()))) {
      moved[account] = proto.sequence();
      continue;
    }
    absl::StatusOr<OrderEvent> event = wire::FromProto(proto);
    if (!event.ok()) {
      stopped_.Stop(account, proto.sequence(), MessageOf(event.status()));
      continue;
    }
    if (std::optional<Alert> fact = alerts::AlertFor(*event)) AddTo(draft, *std::move(fact));
    moved[account] = proto.sequence();
  }
  if (!moved.empty()) {
    if (absl::Status status = Commit(std::move(draft), std::move(moved), std::nullopt); !status.ok()) {
      log_.Error("alert.store_failed", {{"error", status.ToString()}});
      return false;
    }
  }
  for (const auto& [account, head] : batch.head_sequences()) {
    std::uint64_t cursor = cursors_.contains(account) ? cursors_[account] : 0;
    metrics_.GetGauge("ballast_alerts_cursor_lag_events", "Order events not yet looked at", {{"account_id", account}})
        .Set(static_cast<double>(head > cursor ? head - cursor : 0));
  }
  return true;
}

AlertStore::Cursors AlertKeeper::Cursors() {
  MutexLock lock(mutex_);
  return stored_cursors_;
}

absl::StatusOr<Alert> AlertKeeper::Raise(Alert fact, const std::string& request_id, const std::string& fingerprint) {
  RETURN_IF_ERROR(Loaded());
  ASSIGN_OR_RETURN(std::optional<AlertStore::Request> first, store_.FindRequest(request_id));
  if (first) {
    if (first->fingerprint != fingerprint) {
      return absl::AlreadyExistsError(ToAbsl("request id " + request_id + " was used for another alert"));
    }
    ASSIGN_OR_RETURN(std::optional<Alert> alert, store_.Find(first->alert_id));
    if (!alert) return absl::DataLossError(ToAbsl("alert " + std::to_string(first->alert_id) + " is gone"));
    return *alert;
  }
  fact.first_time = fact.last_time = clock_.Now();
  Draft draft{.folder = folder_};
  std::uint64_t id = AddTo(draft, std::move(fact));
  Alert alert = draft.changed[id];
  RETURN_IF_ERROR(Commit(std::move(draft), {},
                         AlertStore::Request{.request_id = request_id, .fingerprint = fingerprint, .alert_id = id}));
  return alert;
}

absl::Status AlertKeeper::RaiseOwn(const std::vector<Alert>& facts) {
  RETURN_IF_ERROR(Loaded());
  Draft draft{.folder = folder_};
  for (const Alert& fact : facts) AddTo(draft, fact);
  return Commit(std::move(draft), {}, std::nullopt);
}

absl::StatusOr<bool> AlertKeeper::Holds(const std::vector<Alert>& facts) {
  RETURN_IF_ERROR(Loaded());
  ASSIGN_OR_RETURN(std::vector<Alert> stored, store_.LoadSystem());
  // They were one commit, so one of them stands for all: the last, which nothing was folded into since.
  const Alert& last = facts.back();
  return std::any_of(stored.begin(), stored.end(), [&](const Alert& alert) {
    return alert.type == last.type && alert.title == last.title && alert.text == last.text &&
           alert.last_time == last.last_time;
  });
}

absl::StatusOr<Alert> AlertKeeper::Acknowledge(std::uint64_t alert_id, const std::string& actor) {
  RETURN_IF_ERROR(Loaded());
  ASSIGN_OR_RETURN(std::optional<Alert> alert, store_.Find(alert_id));
  if (!alert) return absl::NotFoundError(ToAbsl("there is no alert " + std::to_string(alert_id)));
  if (alert->acknowledged) return *alert;
  std::vector<Alert> one = {*alert};
  RETURN_IF_ERROR(AcknowledgeRows(one, actor));
  return one[0];
}

absl::Status AlertKeeper::AcknowledgeRows(std::vector<Alert>& rows, const std::string& actor) {
  std::map<std::uint64_t, Alert> changed;
  for (Alert& alert : rows) {
    alert.acknowledged = true;
    alert.acknowledged_by = actor;
    alert.acknowledge_time = clock_.Now();
    changed[alert.alert_id] = alert;
  }
  RETURN_IF_ERROR(Save(changed, {}, std::nullopt));
  for (const Alert& alert : rows) folder_.Restore(alert);
  unacknowledged_ -= static_cast<std::int64_t>(changed.size());
  unacknowledged_gauge_.Set(static_cast<double>(unacknowledged_));
  for (const auto& [id, alert] : changed)
    log_.Info("alert.acknowledged", {{"alert_id", std::to_string(id)}, {"actor", actor}});
  Publish(changed);
  return absl::OkStatus();
}

absl::StatusOr<AlertKeeper::Acknowledged> AlertKeeper::AcknowledgeMany(const std::vector<std::uint64_t>& alert_ids,
                                                                       const std::string& actor) {
  RETURN_IF_ERROR(Loaded());
  ASSIGN_OR_RETURN(std::vector<Alert> rows, store_.FindAll(alert_ids));
  std::set<std::uint64_t> missing(alert_ids.begin(), alert_ids.end());
  for (const Alert& alert : rows) missing.erase(alert.alert_id);
  // All or none: who chose them sees what became of each.
  if (!missing.empty()) return absl::NotFoundError(ToAbsl("there is no alert " + std::to_string(*missing.begin())));
  std::erase_if(rows, [](const Alert& alert) { return alert.acknowledged; });
  if (!rows.empty()) RETURN_IF_ERROR(AcknowledgeRows(rows, actor));
  return Acknowledged{.alerts = static_cast<std::int64_t>(rows.size()), .left = unacknowledged_};
}

absl::StatusOr<AlertKeeper::Acknowledged> AlertKeeper::AcknowledgeUpTo(std::uint64_t alert_id,
                                                                       const std::string& account_id,
                                                                       const std::string& actor) {
  RETURN_IF_ERROR(Loaded());
  AlertStore::Filter filter{.unacknowledged_only = true, .limit = kPage};
  filter.account_id = account_id;
  filter.before = std::min(alert_id, folder_.last_alert_id()) + 1;
  Acknowledged result;
  // Newest first, so that what fails in between leaves the older ones, which the same call then takes.
  while (true) {
    std::int64_t ignored = 0;
    ASSIGN_OR_RETURN(std::vector<Alert> rows, store_.List(filter, &ignored));
    if (rows.empty()) break;
    filter.before = rows.back().alert_id;
    RETURN_IF_ERROR(AcknowledgeRows(rows, actor));
    result.alerts += static_cast<std::int64_t>(rows.size());
  }
  result.left = unacknowledged_;
  return result;
}

void AlertKeeper::Publish(const std::map<std::uint64_t, Alert>& changed) {
  if (changed.empty()) return;
  for (Joiner& joiner : joiners_) {
    // What comes behind it is in the pages that it has not read yet.
    alert::v1::StreamAlertsResponse behind;
    for (auto at = changed.begin(); at != changed.end() && at->first <= joiner.cursor; ++at)
      ToProto(at->second, behind.add_alerts());
    if (behind.alerts_size() > 0) joiner.sender->Push(std::move(behind));
  }
  auto response = std::make_shared<alert::v1::StreamAlertsResponse>();
  for (const auto& [id, alert] : changed) ToProto(alert, response->add_alerts());
  MutexLock lock(mutex_);
  std::erase_if(followers_, [](const auto& follower) { return follower->done(); });
  for (const auto& follower : followers_) follower->PushShared(response);
}

absl::StatusOr<bool> AlertKeeper::SendPage(Joiner& joiner) {
  if (++joiner.pages > kBacklogPagesMax)
    return absl::ResourceExhaustedError("so much at once; open again after the newest alert that came");
  ASSIGN_OR_RETURN(std::vector<Alert> page, store_.After(joiner.cursor, kPage));
  alert::v1::StreamAlertsResponse response;
  for (const Alert& alert : page) ToProto(alert, response.add_alerts());
  if (!page.empty()) joiner.cursor = page.back().alert_id;
  // Never nothing at the end: it says that the backlog is complete.
  if (!joiner.sender->Push(std::move(response))) return absl::CancelledError("the reader is gone");
  return page.size() == kPage;
}

void AlertKeeper::Subscribe(std::uint64_t after_alert_id, const std::shared_ptr<Sender>& sender) {
  joiners_.push_back({.cursor = after_alert_id, .sender = sender});
}

bool AlertKeeper::SendBacklogs() {
  for (Joiner& joiner : std::exchange(joiners_, {})) {
    absl::StatusOr<bool> more = SendPage(joiner);
    if (!more.ok()) {
      bool bounded = absl::IsResourceExhausted(more.status());
      joiner.sender->Close(
          grpc::Status(bounded ? grpc::RESOURCE_EXHAUSTED : grpc::UNAVAILABLE, MessageOf(more.status())));
    } else if (*more) {
      joiners_.push_back(std::move(joiner));
    } else {
      MutexLock lock(mutex_);
      followers_.push_back(std::move(joiner.sender));
    }
  }
  return !joiners_.empty();
}

void AlertKeeper::Heartbeat() {
  MutexLock lock(mutex_);
  std::erase_if(followers_, [](const auto& follower) { return follower->done(); });
  for (const auto& follower : followers_) follower->Push({});
}

void AlertKeeper::CloseStreams() {
  const grpc::Status stopping(grpc::UNAVAILABLE, "the alert service is stopping");
  for (const Joiner& joiner : joiners_) joiner.sender->Close(stopping);
  joiners_.clear();
  MutexLock lock(mutex_);
  for (const auto& follower : followers_) follower->Close(stopping);
  followers_.clear();
}

void AlertKeeper::Log(const Alert& alert) {
  if (alert.level < options_.log_level_min) return;
  LogFields fields = {{"alert_id", std::to_string(alert.alert_id)},
                      {"type", TypeName(alert.type)},
                      {"alert_level", LevelName(alert.level)},
                      {"title", alert.title},
                      {"text", alert.text},
                      {"account_id", alert.account_id.value()},
                      {"deployment_id", alert.deployment_id.value()},
                      {"order_id", alert.order_id.value()},
                      {"symbol", alert.symbol.value()},
                      {"time", alert.last_time.ToString()},
                      {"count", std::to_string(alert.count)}};
  std::string event = alert.count == 1 ? "alert.raised" : "alert.folded";
  switch (alert.level) {
    case AlertLevel::kUnspecified:
    case AlertLevel::kInfo:
      log_.Info(event, fields);
      break;
    case AlertLevel::kWarning:
      log_.Warning(event, fields);
      break;
    case AlertLevel::kError:
      log_.Error(event, fields);
      break;
    case AlertLevel::kCritical:
      log_.Critical(event, fields);
      break;
  }
}

}  // namespace ballast
