#include "services/compliance_audit/chain_keeper.h"

#include <algorithm>

#include "libs/audit/order_record.h"
#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::int64_t kTellNs = 60'000'000'000;

}  // namespace

ChainKeeper::ChainKeeper(AuditStore& store, AnchorFile anchor_file, const Clock& clock, Logger& log, Metrics& metrics,
                         std::function<void(const std::string&)> fail)
    : store_(store),
      anchor_file_(std::move(anchor_file)),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      fail_(std::move(fail)),
      read_back_(clock),
      stopped_("compliance_audit", log, metrics),
      records_(metrics.GetCounter("ballast_compliance_audit_records_total", "Records appended by this process", {})),
      head_gauge_(metrics.GetGauge("ballast_compliance_audit_head_sequence", "Sequence of the newest record", {})) {}

absl::Status ChainKeeper::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  RETURN_IF_ERROR(CompareWithAnchor());
  return Loaded();
}

absl::Status ChainKeeper::Loaded() {
  return read_back_.Current([this] { return Load(); });
}

absl::Status ChainKeeper::CompareWithAnchor() {
  ASSIGN_OR_RETURN(std::optional<audit::Head> anchor, anchor_file_.Load());
  if (!anchor) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<audit::Record> found, store_.Page(anchor->sequence - 1, anchor->sequence, 1));
  std::string found_hash = found.empty() ? "" : found[0].hash;
  if (found_hash != anchor->hash) {
    log_.Critical(
        "audit.anchor_differs",
        {{"sequence", std::to_string(anchor->sequence)}, {"anchored_hash", anchor->hash}, {"found_hash", found_hash}});
  }
  anchor_ = told_ = known_ = *anchor;
  anchor_differs_ = found_hash != anchor->hash;
  return absl::OkStatus();
}

absl::Status ChainKeeper::Load() {
  ASSIGN_OR_RETURN(state_, store_.Load());
  // The end of the chain is cheap to look at; the rest is VerifyChain's. The chain goes on behind what was written and
  // behind what was found, so that a hole or a foreign record stays to be seen and is in nobody's way.
  if (known_.sequence > state_.head.sequence) {
    log_.Critical("audit.head_went_back", {{"expected_sequence", std::to_string(known_.sequence)},
                                           {"found_sequence", std::to_string(state_.head.sequence)}});
    state_.head = known_;
  }
  if (state_.last_sequence != state_.head.sequence) {
    log_.Critical("audit.chain_end_differs", {{"expected_sequence", std::to_string(state_.head.sequence)},
                                              {"expected_hash", state_.head.hash},
                                              {"found_sequence", std::to_string(state_.last_sequence)}});
    state_.head.sequence = std::max(state_.head.sequence, state_.last_sequence);
  }
  known_ = state_.head;
  Show();
  return absl::OkStatus();
}

void ChainKeeper::Show() {
  head_gauge_.Set(static_cast<double>(state_.head.sequence));
  MutexLock lock(mutex_);
  head_ = state_.head;
  cursors_ = state_.cursors;
}

absl::Status ChainKeeper::Commit(std::vector<audit::Record> records, AuditStore::Cursors cursors,
                                 const std::string& request_id) {
  audit::Head head = state_.head;
  for (audit::Record& record : records) audit::Link(record, head, Sha256Hex);
  absl::Status status = store_.Append(records, head, cursors, request_id);
  read_back_.After(status);
  if (!status.ok()) {
    if (absl::IsFailedPrecondition(status)) fail_(MessageOf(status));
    return status;
  }
  state_.head = known_ = head;
  for (const auto& [account, sequence] : cursors) state_.cursors[account] = sequence;
  records_.Add(static_cast<double>(records.size()));
  Show();
  return absl::OkStatus();
}

bool ChainKeeper::OnOrderEvents(const order::v1::StreamOrderEventsResponse& batch) {
  if (absl::Status status = Loaded(); !status.ok()) {
    log_.Error("audit.reload_failed", {{"error", status.ToString()}});
    return false;
  }
  std::vector<audit::Record> records;
  AuditStore::Cursors cursors;
  for (const order::v1::OrderEvent& proto : batch.events()) {
    auto known = state_.cursors.find(proto.account_id());
    auto moved = cursors.find(proto.account_id());
    std::uint64_t cursor = moved != cursors.end() ? moved->second : known != state_.cursors.end() ? known->second : 0;
    if (proto.sequence() <= cursor || stopped_.Holds(proto.account_id())) continue;
    if (proto.sequence() != cursor + 1) {
      log_.Error("audit.order_event_missing", {{"account_id", proto.account_id()},
                                               {"expected", std::to_string(cursor + 1)},
                                               {"found", std::to_string(proto.sequence())}});
      return false;
    }
    absl::StatusOr<OrderEvent> event = wire::FromProto(proto);
    if (!event.ok()) {
      stopped_.Stop(proto.account_id(), proto.sequence(), MessageOf(event.status()));
      continue;
    }
    records.push_back(audit::RecordOf(*event, Hex(proto.checks_digest())));
    cursors[proto.account_id()] = proto.sequence();
  }
  if (!records.empty()) {
    if (absl::Status status = Commit(std::move(records), std::move(cursors), ""); !status.ok()) {
      log_.Error("audit.append_failed", {{"error", status.ToString()}});
      return false;
    }
  }
  for (const auto& [account, head] : batch.head_sequences()) {
    auto cursor = state_.cursors.find(account);
    std::uint64_t done = cursor == state_.cursors.end() ? 0 : cursor->second;
    metrics_
        .GetGauge("ballast_compliance_audit_cursor_lag_events", "Order events not yet in the chain",
                  {{"account_id", account}})
        .Set(static_cast<double>(head > done ? head - done : 0));
  }
  return true;
}

AuditStore::Cursors ChainKeeper::Cursors() {
  MutexLock lock(mutex_);
  return cursors_;
}

absl::StatusOr<audit::Record> ChainKeeper::Append(audit::Record record) {
  RETURN_IF_ERROR(Loaded());
  ASSIGN_OR_RETURN(std::optional<audit::Record> first, store_.FindRequest(record.request_id));
  if (first) {
    if (first->actor == record.actor && first->action == record.action && first->subject == record.subject &&
        first->detail == record.detail && first->account_id == record.account_id) {
      return *first;
    }
    return absl::AlreadyExistsError(ToAbsl("request id " + record.request_id + " was used for another record"));
  }
  record.time = clock_.Now();
  audit::Head head = state_.head;
  audit::Record linked = record;
  audit::Link(linked, head, Sha256Hex);
  RETURN_IF_ERROR(Commit({std::move(record)}, {}, linked.request_id));
  return linked;
}

audit::Head ChainKeeper::Head() {
  MutexLock lock(mutex_);
  return head_;
}

absl::StatusOr<ChainKeeper::Expectation> ChainKeeper::Expected() {
  RETURN_IF_ERROR(Loaded());
  Expectation expected{.head = state_.head, .anchor = anchor_};
  ASSIGN_OR_RETURN(std::vector<audit::Record> newest, store_.List({.limit = 1}));
  if (!newest.empty() && newest[0].sequence > expected.head.sequence) expected.foreign = newest[0].sequence;
  return expected;
}

void ChainKeeper::SaveAnchor(const audit::Head& head) {
  if (anchor_differs_ || head == anchor_) return;
  absl::Status saved = anchor_file_.Save(head);
  if (saved.ok()) anchor_ = head;
  if (!saved.ok() && !anchor_failing_) log_.Error("audit.anchor_not_saved", {{"error", saved.ToString()}});
  anchor_failing_ = !saved.ok();
}

void ChainKeeper::Anchor(bool at_once) {
  const audit::Head& head = known_;
  if (head.sequence == 0) return;
  SaveAnchor(head);
  std::int64_t now_ns = clock_.MonotonicNanos();
  if (head == told_ || (!at_once && told_ns_ != 0 && now_ns - told_ns_ < kTellNs)) return;
  told_ns_ = now_ns;
  told_ = head;
  log_.Info("audit.head", {{"sequence", std::to_string(head.sequence)}, {"hash", head.hash}});
}

}  // namespace ballast
