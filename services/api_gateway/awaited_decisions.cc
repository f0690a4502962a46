#include "services/api_gateway/awaited_decisions.h"

#include <memory>
#include <string>
#include <utility>

#include "ballast/order/v1/decision_service.grpc.pb.h"

namespace ballast {
namespace {

using DecisionAsync = order::v1::DecisionService::StubInterface::async_interface;
using DecisionPeer = Peer<order::v1::DecisionService>;

constexpr std::int64_t kAnswerMs = 1'000;

// One of those who keep such decisions, and what it says takes two.
struct Keeper {
  std::shared_ptr<DecisionPeer> peer;
  std::vector<const char*> flags;
};

template <typename ServiceType>
Keeper KeeperAt(const Peer<ServiceType>& peer, std::vector<const char*> flags) {
  return {std::make_shared<DecisionPeer>(peer.name, peer.address, peer.channel), std::move(flags)};
}

// One after the other: each answers from memory.
void AskFrom(const CallPtr& call, const std::shared_ptr<std::vector<Keeper>>& keepers, std::size_t at,
             const std::string& account, Json answer) {
  if (at == keepers->size()) return call->Answer(200, answer);
  order::v1::ListAwaitedDecisionsRequest request;
  request.set_account_id(account);
  call->Ask(
      *(*keepers)[at].peer, &DecisionAsync::ListAwaitedDecisions, request,
      [call, keepers, at, account, answer = std::move(answer)](
          const grpc::Status& status, order::v1::ListAwaitedDecisionsResponse& response) mutable {
        const Keeper& keeper = (*keepers)[at];
        if (status.error_code() == grpc::NOT_FOUND) return call->Fail(ErrorOf(status, keeper.peer->name));
        const Json told = ToJson(response);
        // Not known is not no.
        for (const char* flag : keeper.flags) answer[flag] = status.ok() ? told[flag] : Json(true);
        if (!status.ok()) answer["missing"].push_back(keeper.peer->name);
        for (const order::v1::AwaitedDecision& one : response.decisions()) answer["decisions"].push_back(ToJson(one));
        AskFrom(call, keepers, at + 1, account, std::move(answer));
      },
      kAnswerMs);
}

}  // namespace

void ListAwaitedDecisions(const CallPtr& call) {
  const Peers& peers = call->gateway.peers;
  auto keepers = std::make_shared<std::vector<Keeper>>();
  keepers->push_back(KeeperAt(peers.orders, {"resolve_needs_two", "resume_needs_two"}));
  keepers->push_back(KeeperAt(peers.risk, {"rearm_needs_two"}));
  keepers->push_back(KeeperAt(peers.broker, {"release_needs_two"}));
  const std::string account = call->AccountOfQuery();
  AskFrom(call, keepers, 0, account,
          {{"account_id", account}, {"decisions", Json::array()}, {"missing", Json::array()}});
}

}  // namespace ballast
