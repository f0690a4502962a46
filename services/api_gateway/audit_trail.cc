#include "services/api_gateway/audit_trail.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"

namespace ballast {
namespace {

constexpr std::int64_t kPauseNs = 200'000'000;
constexpr std::int64_t kPauseMaxNs = 5'000'000'000;

// Canonical: names sorted.
std::string Canonical(const nlohmann::json& detail) {
  return detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// As much as the audit service takes.
constexpr std::size_t kTextBytesMax = 1'024;

// UTF-8 whatever came in, of that length and without a NUL: one record that cannot be sent would hold up all after it.
std::string Sendable(const std::string& text) {
  return Shortened(nlohmann::json::parse(Canonical(text)).get<std::string>(), kTextBytesMax);
}

}  // namespace

AuditTrail::AuditTrail(Append append, std::string path, Logger& log, Metrics& metrics)
    : append_(std::move(append)),
      log_(log),
      lost_(metrics.GetCounter("ballast_gateway_audit_lost_total",
                               "Audit records that are on no disk and were not sent", {})),
      file_(std::move(path)) {}

void AuditTrail::Recover() {
  MutexLock lock(mutex_);
  absl::StatusOr<AuditFile::Loaded> loaded = file_.Load();
  if (!loaded.ok()) {
    // What it has not told stays there to be looked at.
    absl::StatusOr<std::string> aside = file_.KeepAside();
    log_.Error("audit.file_unusable",
               {{"error", MessageOf(loaded.status())}, {"kept_as", aside.ok() ? *aside : MessageOf(aside.status())}});
    behind_ = true;
    return;
  }
  // The end of a line that a dying process was writing is one, too: nobody was answered.
  if (loaded->unreadable > 0) {
    absl::StatusOr<std::string> aside = file_.KeepAside();
    log_.Error("audit.lines_unreadable", {{"lines", std::to_string(loaded->unreadable)},
                                          {"kept_as", aside.ok() ? *aside : MessageOf(aside.status())}});
  }
  for (auto& [number, entry] : loaded->entries) {
    last_number_ = std::max(last_number_, number);
    if (!std::exchange(entry.open, false)) continue;
    nlohmann::json detail = nlohmann::json::parse(entry.record.detail(), nullptr, false);
    if (!detail.is_object()) detail = nlohmann::json::object();
    detail["outcome"] = "unknown: the gateway ended before it was told";
    entry.record.set_detail(Canonical(detail));
  }
  entries_ = std::move(loaded->entries);
  if (!entries_.empty()) log_.Info("audit.taken_up", {{"records", std::to_string(entries_.size())}});
  Note(file_.Replace(entries_));
}

void AuditTrail::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void AuditTrail::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

audit::v1::AppendRecordRequest AuditTrail::Encode(const Entry& entry) {
  audit::v1::AppendRecordRequest request;
  request.set_request_id(entry.request_id);
  request.set_actor(Sendable(entry.actor));
  request.set_action(entry.action);
  request.set_subject(Sendable(entry.subject));
  request.set_detail(Canonical(entry.detail));
  request.set_account_id(Sendable(entry.account_id));
  return request;
}

std::int64_t AuditTrail::Intend(Entry entry) { return Keep({.record = Encode(entry), .open = true}, 0); }

void AuditTrail::Add(Entry entry, std::int64_t intent) {
  audit::v1::AppendRecordRequest record = Encode(entry);
  log_.Info(
      "audit.action",
      {{"action", entry.action}, {"actor", entry.actor}, {"subject", entry.subject}, {"detail", record.detail()}});
  (void)Keep({.record = std::move(record)}, intent);
  wake_.NotifyAll();
}

std::int64_t AuditTrail::Keep(AuditEntry entry, std::int64_t number) {
  MutexLock lock(mutex_);
  if (number == 0) {
    if (entries_.size() >= kEntriesMax) {
      lost_.Increment();
      log_.Error("audit.queue_full", {{"action", entry.record.action()}});
      return 0;
    }
    number = ++last_number_;
  }
  entries_[number] = entry;
  Note(file_.Add(number, entry));
  return number;
}

void AuditTrail::Note(const absl::Status& written) {
  bool failed = !written.ok();
  if (failed && !behind_) log_.Error("audit.not_kept", {{"error", MessageOf(written)}});
  behind_ = behind_ || failed;
  if (!behind_ && (file_.lines() < kLinesMax || file_.lines() < 4 * entries_.size())) return;
  bool replaced = file_.Replace(entries_).ok();
  if (replaced && behind_) log_.Info("audit.kept_again", {});
  if (replaced) behind_ = false;
}

AuditEntries::const_iterator AuditTrail::Next() const {
  return std::find_if(entries_.begin(), entries_.end(), [](const auto& each) { return !each.second.open; });
}

void AuditTrail::Loop() {
  std::int64_t pause_ns = kPauseNs;
  while (true) {
    std::int64_t number = 0;
    audit::v1::AppendRecordRequest record;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && Next() == entries_.end()) wake_.Wait(mutex_);
      auto next = Next();
      if (next == entries_.end()) return;
      number = next->first;
      record = next->second.record;
    }
    bool told = append_(record);
    MutexLock lock(mutex_);
    if (told) {
      entries_.erase(number);
      Note(file_.Told(number));
      pause_ns = kPauseNs;
      continue;
    }
    if (stopping_) {
      if (!behind_ && file_.keeps()) return;
      lost_.Add(static_cast<double>(entries_.size()));
      log_.Error("audit.lost", {{"records", std::to_string(entries_.size())}});
      return;
    }
    wake_.WaitFor(mutex_, pause_ns);
    pause_ns = std::min(pause_ns * 2, kPauseMaxNs);
  }
}

}  // namespace ballast
