#include "services/risk/session_board.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ballast {

SessionBoard::Session* SessionBoard::Admit(const risk::v1::SessionHello& hello, const std::shared_ptr<Sender>& sender) {
  std::set<AccountId> named;
  for (const std::string& account : hello.account_ids()) named.emplace(account);
  bool stale = hello.epoch() == 0;
  for (const AccountId& account : named) {
    auto epoch = epochs_.find(account);
    stale = stale || (epoch != epochs_.end() && hello.epoch() < epoch->second);
  }
  if (stale) return nullptr;
  std::vector<std::shared_ptr<Sender>> former;
  for (const Session& session : sessions_) {
    bool gone = session.sender == sender || session.sender->done();
    for (const AccountId& account : named) gone = gone || session.accounts.contains(account);
    if (gone) former.push_back(session.sender);
  }
  for (const auto& each : former) {
    sessions_.remove_if([&](const Session& session) { return session.sender == each; });
    if (each != sender) each->Close(grpc::Status(grpc::ABORTED, "a newer session has taken over"));
  }
  for (const AccountId& account : named) epochs_[account] = hello.epoch();
  sessions_.push_back({.sender = sender,
                       .epoch = hello.epoch(),
                       .accounts = std::move(named),
                       .takes_encoded_checks = hello.takes_encoded_checks()});
  return &sessions_.back();
}

SessionBoard::Session* SessionBoard::Find(const std::shared_ptr<Sender>& sender) {
  for (Session& session : sessions_) {
    if (session.sender == sender) return &session;
  }
  return nullptr;
}

SessionBoard::Hold SessionBoard::Claim(Session& session, const AccountId& account) {
  if (session.accounts.contains(account)) return Hold::kYes;
  std::uint64_t& epoch = epochs_[account];
  if (session.epoch < epoch) return Hold::kNo;
  for (const Session& other : sessions_) {
    if (other.accounts.contains(account)) return Hold::kNo;
  }
  epoch = session.epoch;
  session.accounts.insert(account);
  return Hold::kNew;
}

std::set<AccountId> SessionBoard::Remove(const std::shared_ptr<Sender>& sender) {
  std::set<AccountId> accounts;
  for (Session& session : sessions_) {
    if (session.sender == sender) accounts = std::move(session.accounts);
  }
  std::shared_ptr<Sender> kept = sender;  // may be the session's own
  sessions_.remove_if([&](const Session& session) { return session.sender == kept; });
  return accounts;
}

void SessionBoard::CloseAll(const grpc::Status& why) {
  for (const Session& session : sessions_) session.sender->Close(why);
  sessions_.clear();
}

}  // namespace ballast
