#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <set>

#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/model/ids.h"
#include "libs/platform/grpc/server_stream.h"

namespace ballast {

// The order managers' streams, and which of them may speak of which account. One thread at a time.
class SessionBoard {
 public:
  using Sender = StreamSender<risk::v1::RiskSessionResponse>;
  // One order manager's stream, and the accounts it writes.
  struct Session {
    std::shared_ptr<Sender> sender;
    std::uint64_t epoch = 0;
    std::set<AccountId> accounts;
    bool replayed = false;
    bool takes_encoded_checks = false;
  };
  enum class Hold { kNo, kYes, kNew };

  // Those who wrote the accounts it names have ended. Null: a newer order manager is known, or it has no epoch.
  Session* Admit(const risk::v1::SessionHello& hello, const std::shared_ptr<Sender>& sender);
  // Null when it has said no hello, or others write its accounts by now.
  Session* Find(const std::shared_ptr<Sender>& sender);
  // Whether the session may speak of the account; one that nobody has named becomes its own (kNew).
  Hold Claim(Session& session, const AccountId& account);
  // Forgets it, and answers the accounts it wrote.
  std::set<AccountId> Remove(const std::shared_ptr<Sender>& sender);
  void CloseAll(const grpc::Status& why);

 private:
  std::list<Session> sessions_;
  // The newest epoch each account was seen with.
  std::map<AccountId, std::uint64_t> epochs_;
};

}  // namespace ballast
