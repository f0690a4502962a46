#include <google/protobuf/arena.h>
#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/wire.h"
#include "services/risk/keeper.h"

// The keeper's part about the order log: what its events make of an account, and which log it is.
namespace ballast {
namespace {

// Own switches are pulled by somebody who knows; what they refuse is no sign of anything.
bool IsVenuesNo(const Order& order) {
  RejectReason reason = order.rejection ? order.rejection->reason : RejectReason::kUnspecified;
  return reason != RejectReason::kKillSwitch && reason != RejectReason::kAccountHalted &&
         reason != RejectReason::kBrokerUnavailable;
}

}  // namespace

void RiskKeeper::SeeExecution(const AccountId& account, std::uint64_t sequence) {
  std::uint64_t& executions = executions_[account];
  executions = std::max(executions, sequence);
}

bool RiskKeeper::ApplyBytes(Session& session, const std::string& bytes) {
  std::optional<wire::EventHeader> header = wire::ReadHeader(bytes);
  if (!header) {
    // Bytes that are no message: of the session's one account, or of nobody knows which.
    if (session.accounts.size() != 1) return Lose(session, "", 0);
    const AccountId id = *session.accounts.begin();
    return StopAccount(id, accounts_[id].applied_sequence() + 1, "its bytes are no message");
  }
  if (stopped_.Holds(std::string(header->account_id))) return true;
  if (!risk::MayMatter(header->type)) {
    AccountId id{std::string(header->account_id)};
    if (!Holds(session, id)) return Refuse(session, id.value());
    risk::Exposure& exposure = accounts_[id];
    if (!Verify(session, id, header->sequence, header->event_time, header->type)) return false;
    if (header->sequence <= exposure.applied_sequence()) return true;
    if (!exposure.Skip(header->sequence, header->event_time, header->type))
      return Lose(session, id.value(), header->sequence);
    SeeExecution(id, header->execution_sequence);
    return true;
  }
  google::protobuf::Arena arena;
  auto* event = google::protobuf::Arena::CreateMessage<order::v1::OrderEvent>(&arena);
  if (!event->ParseFromString(bytes)) {
    AccountId id{std::string(header->account_id)};
    if (!Holds(session, id)) return Refuse(session, id.value());
    return StopAccount(id, header->sequence, "its bytes are no event");
  }
  return Apply(session, *event);
}

bool RiskKeeper::Apply(Session& session, const order::v1::OrderEvent& proto) {
  auto event = wire::FromProto(proto);
  AccountId id(proto.account_id());
  if (!Holds(session, id)) return Refuse(session, proto.account_id());
  if (stopped_.Holds(id.value())) return true;
  if (!event.ok()) return StopAccount(id, proto.sequence(), MessageOf(event.status()));
  risk::Exposure& exposure = accounts_[id];
  if (!Verify(session, id, event->sequence, event->event_time, event->type)) return false;
  if (event->sequence <= exposure.applied_sequence()) return true;
  // A fill of a later day ends the day before it: what was held then is what is held before it is booked.
  bool timed =
      event->sequence == exposure.applied_sequence() + 1 && event->fill && event->fill->transact_time.nanos != 0;
  if (timed) {
    std::int64_t day = calendar_.DayOf(event->fill->transact_time);
    if (day > exposure.baseline.day) StartDay(id, exposure, day);
  }
  if (!exposure.Apply(*event)) return Lose(session, proto.account_id(), proto.sequence());
  SeeExecution(id, event->execution_sequence);
  surroundings_.OnEvent(event->event_time, clock_.MonotonicNanos());
  if (event->type == OrderEventType::kAccountOpened) {
    auto mark = stored_marks_.find(event->account_id);
    if (mark != stored_marks_.end()) {
      exposure.baseline = mark->second.baseline;
      exposure.latches = mark->second.latches;
    }
  }
  if (!replayed_.contains(id)) return true;
  if (event->fill) Observe(id, exposure);
  if (event->type == OrderEventType::kRejected && event->order && IsVenuesNo(*event->order) && !exposure.halted())
    breakers_.OnRejected(id, event->order->deployment_id, AgeNow());
  // Whoever follows the answer learns it at once.
  bool answers = event->type == OrderEventType::kAccountHalted || event->type == OrderEventType::kAccountResumed;
  if (answers && wake_) wake_();
  return true;
}

bool RiskKeeper::StopAccount(const AccountId& account, std::uint64_t sequence, const std::string& why) {
  stopped_.Stop(account.value(), sequence, why);
  replayed_.erase(account);
  unverified_.erase(account);
  return true;
}

bool RiskKeeper::Verify(const Session& session, const AccountId& account, std::uint64_t sequence, UtcTime event_time,
                        OrderEventType type) {
  if (!unverified_.contains(account)) return true;
  if (!accounts_[account].IsNewest(sequence, event_time, type)) return Distrust(session, account);
  unverified_.erase(account);
  return true;
}

bool RiskKeeper::Distrust(const Session& session, const AccountId& account) {
  log_.Error("risk.stored_exposure_foreign", {{"account", account.value()},
                                              {"sequence", std::to_string(accounts_[account].applied_sequence())},
                                              {"action", "the log is read from its beginning"}});
  unverified_.erase(account);
  accounts_.erase(account);
  executions_.erase(account);
  End(session.sender, grpc::Status(grpc::DATA_LOSS, "what risk has stored is of another log"));
  return false;
}

}  // namespace ballast
