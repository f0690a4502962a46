#include "services/broker_gateway/order_sessions.h"

#include <algorithm>

namespace ballast {

bool OrderSessions::Admits(const std::set<AccountId>& accounts, std::uint64_t epoch) const {
  return epoch != 0 && std::none_of(accounts.begin(), accounts.end(), [&](const AccountId& account) {
           auto known = epochs_.find(account);
           return known != epochs_.end() && epoch < known->second;
         });
}

void OrderSessions::Permit(const std::shared_ptr<Sender>& sender, std::int64_t until_ns) {
  for (Session& session : sessions_) {
    if (session.sender == sender && session.permitted_until_ns) session.permitted_until_ns = until_ns;
  }
}

std::optional<std::int64_t> OrderSessions::UnpermittedNs(const AccountId& account, std::int64_t now_ns) const {
  for (const Session& session : sessions_) {
    if (!session.accounts.contains(account)) continue;
    if (!session.permitted_until_ns || now_ns < *session.permitted_until_ns) return std::nullopt;
    return now_ns - *session.permitted_until_ns;
  }
  return std::nullopt;
}

std::size_t OrderSessions::permitted(std::int64_t now_ns) const {
  return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), [now_ns](const Session& session) {
    return !session.permitted_until_ns || now_ns < *session.permitted_until_ns;
  }));
}

void OrderSessions::Open(const std::shared_ptr<Sender>& sender, std::uint64_t epoch, std::set<AccountId> accounts,
                         bool grants) {
  std::erase_if(sessions_, [&](const Session& session) {
    bool over = session.sender == sender || session.sender->done();
    for (const AccountId& account : accounts) over = over || session.accounts.contains(account);
    if (over && session.sender != sender) {
      session.sender->Close(grpc::Status(grpc::ABORTED, "a newer session has taken over"));
    }
    return over;
  });
  for (const AccountId& account : accounts) epochs_[account] = epoch;
  std::optional<std::int64_t> none_yet;
  if (grants) none_yet = 0;
  sessions_.push_back(
      {.sender = sender, .epoch = epoch, .accounts = std::move(accounts), .permitted_until_ns = none_yet});
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
