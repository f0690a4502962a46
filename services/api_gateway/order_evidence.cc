#include "services/api_gateway/order_evidence.h"

#include <memory>

#include "ballast/broker/v1/outcome_service.grpc.pb.h"
#include "ballast/order/v1/decision_service.grpc.pb.h"

namespace ballast {
namespace {

using OrderAsync = order::v1::OrderService::StubInterface::async_interface;
using DecisionAsync = order::v1::DecisionService::StubInterface::async_interface;
using OutcomeAsync = broker::v1::OutcomeService::StubInterface::async_interface;

constexpr std::int64_t kAskMs = 2'000;

void AddDecisions(const CallPtr& call, const std::string& account, const std::string& order_id, Json answer) {
  const Peers& peers = call->gateway.peers;
  auto decisions = std::make_shared<Peer<order::v1::DecisionService>>("order_management", peers.orders.address,
                                                                      peers.orders.channel);
  order::v1::ListAwaitedDecisionsRequest request;
  request.set_account_id(account);
  call->Ask(
      *decisions, &DecisionAsync::ListAwaitedDecisions, request,
      [call, decisions, order_id, answer = std::move(answer)](
          const grpc::Status& status, order::v1::ListAwaitedDecisionsResponse& response) mutable {
        // Not known is not no: whoever decides is told that it may take two.
        answer["needs_two"] = !status.ok() || response.resolve_needs_two();
        answer["awaited"] = nullptr;
        for (const order::v1::AwaitedDecision& one : response.decisions()) {
          if (one.kind() == "resolve" && one.order_id() == order_id) answer["awaited"] = ToJson(one);
        }
        call->Answer(200, answer);
      },
      kAskMs);
}

}  // namespace

void ShowEvidence(const CallPtr& call) {
  order::v1::GetOrderRequest request;
  request.set_order_id(call->Param("id"));
  call->Ask(call->gateway.peers.orders, &OrderAsync::GetOrder, request,
            [call](const grpc::Status& status, order::v1::GetOrderResponse& response) {
              if (!status.ok()) {
                ApiError error = ErrorOf(status, "order_management");
                if (error.http == 404) error.reason = RejectReason::kOrderNotFound;
                return call->Fail(error);
              }
              const std::string account = response.order().account_id(), order_id = response.order().order_id();
              const Peers& peers = call->gateway.peers;
              auto outcomes = std::make_shared<Peer<broker::v1::OutcomeService>>("broker_gateway", peers.broker.address,
                                                                                 peers.broker.channel);
              broker::v1::GetOutcomeEvidenceRequest ask;
              ask.set_account_id(account);
              ask.set_order_id(order_id);
              call->Ask(
                  *outcomes, &OutcomeAsync::GetOutcomeEvidence, ask,
                  [call, outcomes, account, order_id](const grpc::Status& asked,
                                                      broker::v1::GetOutcomeEvidenceResponse& evidence) {
                    Json answer;
                    answer["order_id"] = order_id;
                    answer["evidence"] = asked.ok() ? ToJson(evidence.evidence()) : Json();
                    AddDecisions(call, account, order_id, std::move(answer));
                  },
                  kAskMs);
            });
}

}  // namespace ballast
