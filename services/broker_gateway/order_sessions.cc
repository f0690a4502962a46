#include "services/broker_gateway/order_sessions.h"

#include <algorithm>

namespace ballast {

bool OrderSessions::Admits(const std::set<AccountId>& accounts, std::uint64_t epoch) const {
  return epoch != 0 && std::none_of(accounts.begin(), accounts.end(), [&](const AccountId& account) {
           auto known = epochs_.find(account);
           return known != epochs_.end() && epoch < known->second;
         });
}

void OrderSessions::Open(const std::shared_ptr<Sender>& sender, std::uint64_t epoch, std::set<AccountId> accounts) {
  std::erase_if(sessions_, [&](const Session& session) {
    bool over = session.sender == sender || session.sender->done();
    for (const AccountId& account : accounts) over = over || session.accounts.contains(account);
    if (over && session.sender != sender) {
      session.sender->Close(grpc::Status(grpc::ABORTED, "a newer session has taken over"));
    }
    return over;
  });
  for (const AccountId& account : accounts) epochs_[account] = epoch;
  sessions_.push_back({.sender = sender, .epoch = epoch, .accounts = std::move(accounts)});
}

bool OrderSessions::Knows(const std::shared_ptr<Sender>& sender) const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [&](const Session& session) { return session.sender == sender; });
}

bool OrderSessions::Holds(const std::shared_ptr<Sender>& sender, const AccountId& account) {
  auto session =
      std::find_if(sessions_.begin(), sessions_.end(), [&](const Session& each) { return each.sender == sender; });
  if (session == sessions_.end()) return false;
  if (session->accounts.contains(account)) return true;
  std::uint64_t& epoch = epochs_[account];
  if (session->epoch < epoch || Of(account)) return false;
  epoch = session->epoch;
  session->accounts.insert(account);
  return true;
}

std::shared_ptr<OrderSessions::Sender> OrderSessions::Of(const AccountId& account) const {
  for (const Session& session : sessions_) {
    if (session.accounts.contains(account)) return session.sender;
  }
  return nullptr;
}

void OrderSessions::Lose(const std::shared_ptr<Sender>& sender) {
  std::erase_if(sessions_, [&](const Session& session) { return session.sender == sender; });
}

void OrderSessions::Prune() {
  std::erase_if(sessions_, [](const Session& session) { return session.sender->done(); });
}

void OrderSessions::CloseAll(const grpc::Status& why) {
  for (const Session& session : sessions_) session.sender->Close(why);
  sessions_.clear();
}

}  // namespace ballast
