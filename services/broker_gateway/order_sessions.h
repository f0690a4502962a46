#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/model/ids.h"
#include "libs/platform/grpc/server_stream.h"

namespace ballast {

// The order managers' streams, and whose word counts for which account: the one of the newest epoch. One thread.
class OrderSessions {
 public:
  using Sender = StreamSender<broker::v1::OrderSessionResponse>;
  using Epochs = std::map<AccountId, std::uint64_t>;

  // The epochs the accounts were last seen with.
  void Restore(Epochs epochs) { epochs_ = std::move(epochs); }

  // Whether nobody newer is known for any of the accounts.
  [[nodiscard]] bool Admits(const std::set<AccountId>& accounts, std::uint64_t epoch) const;
  // From here on the accounts are this one's; whoever had one of them is closed. `grants`: it opens risk with a
  // permission only, and has none yet.
  void Open(const std::shared_ptr<Sender>& sender, std::uint64_t epoch, std::set<AccountId> accounts,
            bool grants = false);
  // Monotonic: until then.
  void Permit(const std::shared_ptr<Sender>& sender, std::int64_t until_ns);
  // For how long the account's order manager has had no permission (very long: it never had); nothing while
  // it has one, or needs none.
  [[nodiscard]] std::optional<std::int64_t> UnpermittedNs(const AccountId& account, std::int64_t now_ns) const;
  // Sessions that may open risk now.
  [[nodiscard]] std::size_t permitted(std::int64_t now_ns) const;
  // Whether the stream has said a hello that still counts.
  [[nodiscard]] bool Knows(const std::shared_ptr<Sender>& sender) const;
  // Whether the stream may instruct for the account; one that nobody has named becomes its own.
  bool Holds(const std::shared_ptr<Sender>& sender, const AccountId& account);
  // Who is told what happens to the account; null: nobody is there.
  [[nodiscard]] std::shared_ptr<Sender> Of(const AccountId& account) const;
  void Lose(const std::shared_ptr<Sender>& sender);
  // Forgets those whose stream has ended.
  void Prune();
  void CloseAll(const grpc::Status& why);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  struct Session {
    std::shared_ptr<Sender> sender;
    std::uint64_t epoch = 0;
    std::set<AccountId> accounts;
    // None: it needs no permission. Monotonic.
    std::optional<std::int64_t> permitted_until_ns = {};
  };
  std::list<Session> sessions_;
  Epochs epochs_;
};

}  // namespace ballast
