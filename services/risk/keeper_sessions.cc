#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/risk/keeper.h"

// The keeper's part about the order managers' sessions: whose they are, and what is told and asked in them.
namespace ballast {

void RiskKeeper::OnSession(const risk::v1::RiskSessionRequest& request, const std::shared_ptr<Sender>& sender) {
  if (request.has_hello()) {
    Hello(request.hello(), sender);
    return;
  }
  Session* session = sessions_.Find(sender);
  if (session == nullptr) {
    sender->Close(grpc::Status(grpc::FAILED_PRECONDITION, "say hello first"));
    return;
  }
  (void)Take(*session, request);
  // Also after an account has stopped: nothing comes of it for which the market could wait.
  ResumeStep();
}

void RiskKeeper::Hello(const risk::v1::SessionHello& hello, const std::shared_ptr<Sender>& sender) {
  Session* session = sessions_.Admit(hello, sender);
  if (session == nullptr) {
    sender->Close(grpc::Status(grpc::FAILED_PRECONDITION, "a newer order manager is known"));
    return;
  }
  risk::v1::RiskSessionResponse response;
  response.mutable_ready();
  for (const AccountId& account : session->accounts) {
    replayed_.erase(account);
    auto exposure = accounts_.find(account);
    std::uint64_t applied = exposure == accounts_.end() ? 0 : exposure->second.applied_sequence();
    if (unverified_.contains(account)) --applied;  // the newest of them once more
    (*response.mutable_ready()->mutable_applied_sequences())[account.value()] = applied;
  }
  sender->Push(std::move(response));
}

void RiskKeeper::End(const std::shared_ptr<Sender>& sender, const grpc::Status& why) {
  std::shared_ptr<Sender> kept = sender;  // may be the session's own
  for (const AccountId& account : sessions_.Remove(kept)) replayed_.erase(account);
  kept->Close(why);
}

bool RiskKeeper::Holds(Session& session, const AccountId& account) {
  SessionBoard::Hold hold = sessions_.Claim(session, account);
  if (hold == SessionBoard::Hold::kNew && session.replayed && !stopped_.Holds(account.value())) {
    replayed_.insert(account);
  }
  return hold != SessionBoard::Hold::kNo;
}

bool RiskKeeper::Take(Session& session, const risk::v1::RiskSessionRequest& request) {
  if (request.has_batch()) return TakeBatch(session, request.batch());
  if (request.has_events()) {
    for (const order::v1::OrderEvent& event : request.events().events()) {
      if (!Apply(session, event)) return false;
    }
  } else if (request.has_replayed()) {
    return OnReplayed(session);
  } else if (request.has_reserve()) {
    if (!Holds(session, AccountId(request.reserve().order().account_id()))) {
      return Refuse(session, request.reserve().order().account_id());
    }
    // Nothing is reserved before everything committed was sent.
    if (!OnReplayed(session)) return false;
    risk::v1::RiskSessionResponse response;
    Reserve(session, request.reserve(), response.mutable_reserve_result());
    session.sender->Push(std::move(response));
  } else if (request.has_void_()) {
    if (Holds(session, AccountId(request.void_().account_id()))) Void(request.void_());
  }
  return true;
}

bool RiskKeeper::TakeBatch(Session& session, const risk::v1::SessionBatch& batch) {
  for (const std::string& bytes : batch.events()) {
    if (!ApplyBytes(session, bytes)) return false;
  }
  for (const risk::v1::Void& request : batch.voids()) {
    if (Holds(session, AccountId(request.account_id()))) Void(request);
  }
  if (batch.reserves().empty()) return true;
  for (const risk::v1::Reserve& request : batch.reserves()) {
    if (!Holds(session, AccountId(request.order().account_id()))) return Refuse(session, request.order().account_id());
  }
  if (!OnReplayed(session)) return false;
  risk::v1::RiskSessionResponse response;
  for (const risk::v1::Reserve& request : batch.reserves()) {
    Reserve(session, request, response.mutable_reserve_results()->add_results());
  }
  session.sender->Push(std::move(response));
  return true;
}

bool RiskKeeper::Lose(const Session& session, const std::string& account, std::uint64_t sequence) {
  log_.Error("risk.event_refused", {{"account", account}, {"sequence", std::to_string(sequence)}});
  End(session.sender, grpc::Status(grpc::DATA_LOSS, "events with a gap"));
  return false;
}

bool RiskKeeper::Refuse(const Session& session, const std::string& account) {
  log_.Warning("risk.account_refused", {{"account", account}, {"epoch", std::to_string(session.epoch)}});
  End(session.sender, grpc::Status(grpc::FAILED_PRECONDITION, "another order manager writes account " + account));
  return false;
}

bool RiskKeeper::OnReplayed(Session& session) {
  if (std::exchange(session.replayed, true)) return true;
  // The log ends before what was stored.
  for (const AccountId& account : session.accounts) {
    if (unverified_.contains(account)) return Distrust(session, account);
  }
  for (const AccountId& account : session.accounts) {
    if (!stopped_.Holds(account.value())) replayed_.insert(account);
  }
  log_.Info("risk.replayed", {{"accounts", std::to_string(session.accounts.size())}});
  MarkAll();
  return true;
}

bool RiskKeeper::AllReplayed() const {
  for (const auto& [id, exposure] : accounts_) {
    bool told = replayed_.contains(id) || unverified_.contains(id) || stopped_.Holds(id.value());
    if (exposure.opened() && !told) return false;
  }
  return !replayed_.empty();
}

void RiskKeeper::CloseSession() {
  grpc::Status stopping(grpc::UNAVAILABLE, "risk is stopping");
  sessions_.CloseAll(stopping);
  for (const auto& subscriber : subscribers_) subscriber->Close(stopping);
  subscribers_.clear();
}

}  // namespace ballast
