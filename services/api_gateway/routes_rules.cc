#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using RuleAsync = strategy::v1::RuleStrategyService::StubInterface::async_interface;

// Records what was stored or archived and what became of it, then answers.
template <typename Response>
void ConcludeRules(const CallPtr& call, const char* action, const std::string& subject, const Json& asked,
                   const grpc::Status& status, const Response& response) {
  ApiError error = ErrorOf(status, "strategy_runner");
  Json detail = asked;
  detail["outcome"] = status.ok() ? "ok" : error.status;
  const std::string& id = response.rule_strategy().strategy_id();
  call->Audit(action, "rule_strategy:" + (id.empty() ? subject : id), std::move(detail));
  if (status.ok()) {
    call->Answer(200, response);
  } else {
    call->Fail(error);
  }
}

void CreateRules(const CallPtr& call) {
  strategy::v1::CreateRuleStrategyRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_actor(call->access.actor);
  Json detail = {{"name", request.name()}, {"bytes", request.text().size()}};
  call->AuditIntent("rule_strategy.created", "rule_strategy:" + request.name(), detail);
  call->Ask(call->gateway.peers.rules, &RuleAsync::CreateRuleStrategy, request,
            [call, name = request.name(), detail](const grpc::Status& status,
                                                  strategy::v1::CreateRuleStrategyResponse& response) {
              ConcludeRules(call, "rule_strategy.created", name, detail, status, response);
            });
}

void GetRules(const CallPtr& call) {
  strategy::v1::GetRuleStrategyRequest request;
  request.set_strategy_id(call->Param("id"));
  call->Forward(call->gateway.peers.rules, &RuleAsync::GetRuleStrategy, request);
}

void ListRules(const CallPtr& call) {
  strategy::v1::ListRuleStrategiesRequest request;
  bool archived = false, newest = false, ascending = false;
  if (!call->ReadFlag("include_archived", &archived) || !call->ReadFlag("newest_only", &newest) ||
      !call->ReadFlag("ascending", &ascending))
    return;
  request.set_include_archived(archived);
  request.set_newest_only(newest);
  request.set_ascending(ascending);
  request.set_sort_by(call->Query("sort_by"));
  call->Forward(call->gateway.peers.rules, &RuleAsync::ListRuleStrategies, request);
}

void ArchiveRules(const CallPtr& call) {
  strategy::v1::ArchiveRuleStrategyRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_strategy_id(call->Param("id"));
  request.set_actor(call->access.actor);
  call->AuditIntent("rule_strategy.archived", "rule_strategy:" + request.strategy_id(), Json::object());
  call->Ask(call->gateway.peers.rules, &RuleAsync::ArchiveRuleStrategy, request,
            [call, id = request.strategy_id()](const grpc::Status& status,
                                               strategy::v1::ArchiveRuleStrategyResponse& response) {
              ConcludeRules(call, "rule_strategy.archived", id, Json::object(), status, response);
            });
}

}  // namespace

std::vector<Route> RuleRoutes() {
  return {
      {"POST", "/api/live/rule-strategies", CreateRules},
      {"GET", "/api/live/rule-strategies", ListRules},
      {"GET", "/api/live/rule-strategies/{id}", GetRules},
      {"POST", "/api/live/rule-strategies/{id}/archive", ArchiveRules},
  };
}

}  // namespace ballast
