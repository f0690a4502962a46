#include "services/api_gateway/api.h"
#include "services/api_gateway/emergency.h"

namespace ballast {
namespace {

using PositionAsync = position::v1::PositionService::StubInterface::async_interface;
using StrategyAsync = strategy::v1::StrategyService::StubInterface::async_interface;

constexpr char kPeer[] = "strategy_runner";

// Records what was asked of a deployment and what became of it, then answers.
template <typename Response>
void Conclude(const CallPtr& call, const char* action, const std::string& deployment_id, Json detail,
              const grpc::Status& status, const Response& response) {
  ApiError error = ErrorOf(status, kPeer);
  detail["outcome"] = status.ok() ? "ok" : error.status;
  const strategy::v1::Deployment& deployment = response.deployment();
  const std::string& id = deployment.deployment_id().empty() ? deployment_id : deployment.deployment_id();
  call->Audit(action, "deployment:" + id, std::move(detail), deployment.spec().account_id());
  if (status.ok())
    call->Answer(200, response);
  else
    call->Fail(error);
}

void Deploy(const CallPtr& call) {
  strategy::v1::CreateDeploymentRequest request;
  if (!call->ReadBody(&request)) return;
  request.mutable_spec()->set_account_id(call->AccountOr(request.spec().account_id()));
  request.set_actor(call->access.actor);
  Json detail = {{"spec", ToJson(request.spec())}, {"start", request.start()}};
  call->AuditIntent("deployment.created", "deployment", detail, request.spec().account_id());
  call->Ask(
      call->gateway.peers.strategy, &StrategyAsync::CreateDeployment, request,
      [call, detail = std::move(detail)](const grpc::Status& status, strategy::v1::CreateDeploymentResponse& response) {
        Conclude(call, "deployment.created", "", detail, status, response);
      });
}

void Check(const CallPtr& call) {
  strategy::v1::CheckPrerequisitesRequest request;
  if (!call->ReadBody(&request)) return;
  request.mutable_spec()->set_account_id(call->AccountOr(request.spec().account_id()));
  call->Forward(call->gateway.peers.strategy, &StrategyAsync::CheckPrerequisites, request);
}

template <typename Request, typename Response, typename Method>
void Steer(const CallPtr& call, Method method, const char* action, bool trades_again) {
  Request request;
  request.set_deployment_id(call->Param("id"));
  request.set_actor(call->access.actor);
  call->AuditIntent(action, "deployment:" + call->Param("id"), Json::object());
  call->Ask<strategy::v1::StrategyService, StrategyAsync, Request, Response>(
      call->gateway.peers.strategy, method, request,
      [call, action, trades_again](const grpc::Status& status, Response& response) {
        // What was to stop it is over by a person's word, once it does trade.
        const bool active = response.deployment().status() == strategy::v1::DEPLOYMENT_STATUS_ACTIVE;
        if (trades_again && status.ok() && active)
          call->gateway.scoped_stops.End(call->Param("id"), call->access.actor);
        Conclude(call, action, call->Param("id"), Json::object(), status, response);
      });
}

void Start(const CallPtr& call) {
  using Request = strategy::v1::StartDeploymentRequest;
  using Response = strategy::v1::StartDeploymentResponse;
  void (StrategyAsync::*method)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>) =
      &StrategyAsync::StartDeployment;
  Steer<Request, Response>(call, method, "deployment.started", true);
}

void Pause(const CallPtr& call) {
  using Request = strategy::v1::PauseDeploymentRequest;
  using Response = strategy::v1::PauseDeploymentResponse;
  void (StrategyAsync::*method)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>) =
      &StrategyAsync::PauseDeployment;
  Steer<Request, Response>(call, method, "deployment.paused", false);
}

void ResumeDeployment(const CallPtr& call) {
  using Request = strategy::v1::ResumeDeploymentRequest;
  using Response = strategy::v1::ResumeDeploymentResponse;
  void (StrategyAsync::*method)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>) =
      &StrategyAsync::ResumeDeployment;
  Steer<Request, Response>(call, method, "deployment.resumed", true);
}

void Stop(const CallPtr& call) {
  strategy::v1::StopDeploymentRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_deployment_id(call->Param("id"));
  request.set_actor(call->access.actor);
  if (request.reason().empty()) request.set_reason("manual");
  call->AuditIntent("deployment.stopped", "deployment:" + call->Param("id"),
                    {{"close_positions", request.close_positions()}});
  call->Ask(call->gateway.peers.strategy, &StrategyAsync::StopDeployment, request,
            [call, close = request.close_positions()](const grpc::Status& status,
                                                      strategy::v1::StopDeploymentResponse& response) {
              Conclude(call, "deployment.stopped", call->Param("id"), {{"close_positions", close}}, status, response);
            });
}

void UpdateDeployment(const CallPtr& call) {
  strategy::v1::UpdateDeploymentRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_deployment_id(call->Param("id"));
  request.mutable_spec()->set_account_id(call->AccountOr(request.spec().account_id()));
  request.set_actor(call->access.actor);
  Json detail = {{"spec", ToJson(request.spec())}, {"revision", request.revision()}, {"reason", request.reason()}};
  call->AuditIntent("deployment.changed", "deployment:" + call->Param("id"), detail);
  call->Ask(
      call->gateway.peers.strategy, &StrategyAsync::UpdateDeployment, request,
      [call, detail = std::move(detail)](const grpc::Status& status, strategy::v1::UpdateDeploymentResponse& response) {
        Conclude(call, "deployment.changed", call->Param("id"), detail, status, response);
      });
}

void PreviewSizing(const CallPtr& call) {
  strategy::v1::PreviewSizingRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_account_id(call->AccountOr(request.account_id()));
  call->Forward(call->gateway.peers.strategy, &StrategyAsync::PreviewSizing, request);
}

void EmergencyStop(const CallPtr& call) {
  std::string account, reason;
  bool close = true;
  if (!call->ReadFields({{"account_id", &account}, {"reason", &reason}}, {{"close_positions", &close}})) return;
  RunEmergency(call, {.account = call->AccountOr(account),
                      .reason = reason,
                      .level = close ? order::v1::EMERGENCY_LEVEL_FLATTEN : order::v1::EMERGENCY_LEVEL_STOP});
}

void ListDeployments(const CallPtr& call) {
  strategy::v1::ListDeploymentsRequest request;
  request.set_account_id(call->Query("account_id"));  // empty: of every account
  call->Forward(call->gateway.peers.strategy, &StrategyAsync::ListDeployments, request);
}

// 404 for a deployment of another account than the one of the query, if that names one. True: answered.
bool OfAnotherAccount(const CallPtr& call, const std::string& account) {
  std::string asked = call->Query("account_id");
  if (asked.empty() || asked == account) return false;
  call->Fail(MakeError(404, "account " + asked + " has no deployment " + call->Param("id")));
  return true;
}

void GetDeployment(const CallPtr& call) {
  strategy::v1::GetDeploymentRequest request;
  request.set_deployment_id(call->Param("id"));
  call->Forward(call->gateway.peers.strategy, &StrategyAsync::GetDeployment, request,
                [call](strategy::v1::GetDeploymentResponse& response) {
                  if (!OfAnotherAccount(call, response.deployment().spec().account_id())) call->Answer(200, response);
                });
}

// Goes on with the deployment's account, as the streams told it; what they did not tell, the strategy runner knows.
void WithAccount(const CallPtr& call, std::function<void(const std::string&)> next) {
  if (std::string account = call->gateway.account_of_deployment(call->Param("id")); !account.empty()) {
    if (!OfAnotherAccount(call, account)) next(account);
    return;
  }
  strategy::v1::GetDeploymentRequest request;
  request.set_deployment_id(call->Param("id"));
  call->Forward(call->gateway.peers.strategy, &StrategyAsync::GetDeployment, request,
                [call, next = std::move(next)](strategy::v1::GetDeploymentResponse& response) {
                  const std::string& account = response.deployment().spec().account_id();
                  if (!OfAnotherAccount(call, account)) next(account);
                });
}

void DeploymentPositions(const CallPtr& call) {
  WithAccount(call, [call](const std::string& account) {
    position::v1::ListPositionsRequest request;
    request.set_account_id(account);
    request.set_by_deployment(true);
    request.set_deployment_id(call->Param("id"));
    call->Forward(call->gateway.peers.positions, &PositionAsync::ListPositions, request);
  });
}

void DeploymentHistory(const CallPtr& call) {
  int page_size = 0;
  if (!call->ReadNumber("page_size", &page_size)) return;
  WithAccount(call, [call, page_size](const std::string& account) {
    position::v1::ListTradesRequest request;
    request.set_account_id(account);
    request.set_deployment_id(call->Param("id"));
    request.set_page_size(page_size);
    request.set_page_token(call->Query("page_token"));
    call->Forward(call->gateway.peers.positions, &PositionAsync::ListTrades, request);
  });
}

void ListDecisions(const CallPtr& call) {
  int page_size = 0;
  if (!call->ReadNumber("page_size", &page_size)) return;
  WithAccount(call, [call, page_size](const std::string& account) {
    strategy::v1::ListDecisionsRequest request;
    request.set_deployment_id(call->Param("id"));
    request.set_page_size(page_size);
    request.set_page_token(call->Query("page_token"));
    call->Forward(call->gateway.peers.strategy, &StrategyAsync::ListDecisions, request,
                  [call, account](strategy::v1::ListDecisionsResponse& response) {
                    for (strategy::v1::Decision& decision : *response.mutable_decisions())
                      decision.set_account_id(account);
                    call->Answer(200, response);
                  });
  });
}

void ListStrategies(const CallPtr& call) {
  call->Forward(call->gateway.peers.strategy, &StrategyAsync::ListStrategies, strategy::v1::ListStrategiesRequest());
}

}  // namespace

std::vector<Route> TradingRoutes() {
  return {
      {"POST", "/api/trading/deploy", Deploy},
      {"POST", "/api/trading/check", Check},
      {"POST", "/api/trading/start/{id}", Start},
      {"POST", "/api/trading/pause/{id}", Pause},
      {"POST", "/api/trading/resume/{id}", ResumeDeployment},
      {"POST", "/api/trading/stop/{id}", Stop},
      {"POST", "/api/trading/update/{id}", UpdateDeployment},
      {"POST", "/api/live/sizing/preview", PreviewSizing},
      {"POST", "/api/trading/emergency-stop", EmergencyStop},
      {"GET", "/api/trading/deployments", ListDeployments},
      {"GET", "/api/trading/deployment/{id}", GetDeployment},
      {"GET", "/api/trading/positions/{id}", DeploymentPositions},
      {"GET", "/api/trading/history/{id}", DeploymentHistory},
      {"GET", "/api/trading/decisions/{id}", ListDecisions},
      {"GET", "/api/trading/strategies", ListStrategies},
  };
}

}  // namespace ballast
