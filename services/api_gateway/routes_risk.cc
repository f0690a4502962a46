#include "ballast/order/v1/decision_service.grpc.pb.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"
#include "services/api_gateway/api.h"
#include "services/api_gateway/awaited_decisions.h"
#include "services/api_gateway/emergency.h"

namespace ballast {
namespace {

using RiskAsync = risk::v1::RiskService::StubInterface::async_interface;
using OrderAsync = order::v1::OrderService::StubInterface::async_interface;

// The state's fields, and the limits beside them.
void GetRisk(const CallPtr& call) {
  risk::v1::GetRiskStateRequest request;
  request.set_account_id(call->AccountOfQuery());
  call->Forward(call->gateway.peers.risk, &RiskAsync::GetRiskState, request,
                [call](risk::v1::GetRiskStateResponse& state) {
                  risk::v1::GetLimitsRequest next;
                  next.set_account_id(state.account_id());
                  Json answer = ToJson(state);
                  call->Forward(call->gateway.peers.risk, &RiskAsync::GetLimits, next,
                                [call, answer = std::move(answer)](risk::v1::GetLimitsResponse& limits) mutable {
                                  answer["limits"] = ToJson(limits.limits());
                                  call->Answer(200, answer);
                                });
                });
}

void UpdateLimits(const CallPtr& call) {
  risk::v1::UpdateLimitsRequest request;
  if (!call->ReadBody(&request)) return;
  std::string account = call->AccountOr(request.limits().account_id());
  if (request.has_limits()) request.mutable_limits()->set_account_id(account);
  request.set_actor(call->access.actor);
  Json asked = ToJson(request.limits());
  call->Ask(call->gateway.peers.risk, &RiskAsync::UpdateLimits, request,
            [call, account, asked = std::move(asked), reason = request.reason()](
                const grpc::Status& status, risk::v1::UpdateLimitsResponse& response) {
              ApiError error = ErrorOf(status, "risk");
              // What was changed is told by risk itself, whoever asked it and with the change.
              if (!status.ok()) {
                call->Audit("limits.updated", "account:" + account,
                            {{"reason", reason}, {"outcome", error.status}, {"limits", asked}}, account);
              }
              if (status.ok())
                call->Answer(response.has_pending() ? 202 : 200, response);
              else
                call->Fail(error);
            });
}

void ListLimits(const CallPtr& call) {
  risk::v1::ListLimitsHistoryRequest request;
  int page_size = 0;
  if (!call->ReadNumber("page_size", &page_size)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_page_size(page_size);
  request.set_page_token(call->Query("page_token"));
  call->Forward(call->gateway.peers.risk, &RiskAsync::ListLimitsHistory, request);
}

void EffectiveLimits(const CallPtr& call) {
  risk::v1::GetEffectiveLimitsRequest request;
  request.set_account_id(call->AccountOfQuery());
  request.set_deployment_id(call->Query("deployment_id"));
  request.set_symbol(call->Query("symbol"));
  call->Forward(call->gateway.peers.risk, &RiskAsync::GetEffectiveLimits, request);
}

void ListScopedLimits(const CallPtr& call) {
  risk::v1::ListScopedLimitsRequest request;
  bool history = false;
  if (!call->ReadFlag("history", &history)) return;
  request.set_history(history);
  call->Forward(call->gateway.peers.risk, &RiskAsync::ListScopedLimits, request);
}

void ListLimitChanges(const CallPtr& call) {
  risk::v1::ListLimitChangesRequest request;
  bool pending_only = false;
  if (!call->ReadFlag("pending_only", &pending_only)) return;
  request.set_pending_only(pending_only);
  call->Forward(call->gateway.peers.risk, &RiskAsync::ListLimitChanges, request);
}

void WhatIf(const CallPtr& call) {
  risk::v1::WhatIfRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_account_id(call->AccountOr(request.account_id()));
  call->Forward(call->gateway.peers.risk, &RiskAsync::WhatIf, request);
}

void GetOpening(const CallPtr& call) {
  risk::v1::GetOpeningRequest request;
  request.set_account_id(call->AccountOfQuery());
  request.set_deployment_id(call->Query("deployment_id"));
  call->Forward(call->gateway.peers.risk, &RiskAsync::GetOpening, request,
                [call](risk::v1::GetOpeningResponse& response) { call->Answer(200, response.answer()); });
}

void ListBreakers(const CallPtr& call) {
  risk::v1::ListBreakersRequest request;
  request.set_account_id(call->Query("account_id"));
  call->Forward(call->gateway.peers.risk, &RiskAsync::ListBreakers, request);
}

void GetBreakerRules(const CallPtr& call) {
  call->Forward(call->gateway.peers.risk, &RiskAsync::GetBreakerRules, risk::v1::GetBreakerRulesRequest());
}

// What was changed or re-armed is told by risk itself; what it refused is told here.
template <typename Request>
void AuditRefusal(const CallPtr& call, const char* action, const std::string& subject, const Request& request,
                  const ApiError& error) {
  call->Audit(action, subject, {{"reason", request.reason()}, {"outcome", error.status}});
}

void SetScopedLimits(const CallPtr& call) {
  risk::v1::SetScopedLimitsRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.risk, &RiskAsync::SetScopedLimits, request,
            [call, request](const grpc::Status& status, risk::v1::SetScopedLimitsResponse& response) {
              if (status.ok()) return call->Answer(response.has_pending() ? 202 : 200, response);
              ApiError error = ErrorOf(status, "risk");
              const std::string& account = request.scope().account_id();
              AuditRefusal(call, "limits.scope_updated", account.empty() ? "firm" : "account:" + account, request,
                           error);
              call->Fail(error);
            });
}

void DecideLimitChange(const CallPtr& call) {
  risk::v1::DecideLimitChangeRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_request_id(call->KeyOrNew());
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.risk, &RiskAsync::DecideLimitChange, request,
            [call, request](const grpc::Status& status, risk::v1::DecideLimitChangeResponse& response) {
              if (status.ok()) return call->Answer(200, response.change());
              ApiError error = ErrorOf(status, "risk");
              AuditRefusal(call, "limits.raise_decided", "limit_change:" + request.change_id(), request, error);
              call->Fail(error);
            });
}

void UpdateBreakerRules(const CallPtr& call) {
  risk::v1::UpdateBreakerRulesRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.risk, &RiskAsync::UpdateBreakerRules, request,
            [call, request](const grpc::Status& status, risk::v1::UpdateBreakerRulesResponse& response) {
              if (status.ok()) return call->Answer(200, response);
              ApiError error = ErrorOf(status, "risk");
              AuditRefusal(call, "breaker_rules.updated", "firm", request, error);
              call->Fail(error);
            });
}

// Where it takes two persons the first one is refused.
ApiError DecisionError(const grpc::Status& status, const std::string& service) {
  ApiError error = ErrorOf(status, service);
  if (status.error_code() == grpc::PERMISSION_DENIED) error.reason = RejectReason::kPermissionDenied;
  return error;
}

// account_id left out: the default account; "": the firm.
void RearmBreakers(const CallPtr& call) {
  risk::v1::RearmBreakersRequest request;
  if (!call->ReadBody(&request)) return;
  if (!call->body.contains("account_id")) request.set_account_id(call->AccountOr(""));
  request.set_request_id(call->KeyOrNew());
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.risk, &RiskAsync::RearmBreakers, request,
            [call, request](const grpc::Status& status, risk::v1::RearmBreakersResponse& response) {
              if (status.ok()) return call->Answer(200, response);
              ApiError error = DecisionError(status, "risk");
              std::string subject = request.account_id().empty() ? "firm" : "account:" + request.account_id();
              AuditRefusal(call, "breakers.rearmed", subject, request, error);
              call->Fail(error);
            });
}

// Of a deployment or an order of the account, where one is named.
void EngageScoped(const CallPtr& call, const std::string& level, ScopedStopRecord plan) {
  const std::map<std::string, order::v1::EmergencyLevel> levels = {{"K1", order::v1::EMERGENCY_LEVEL_HALT},
                                                                   {"K2", order::v1::EMERGENCY_LEVEL_CANCEL},
                                                                   {"K3", order::v1::EMERGENCY_LEVEL_FLATTEN}};
  auto found = levels.find(level);
  std::vector<FieldError> errors;
  if (found == levels.end()) {
    errors.push_back({.field = "level", .reason = RejectReason::kBadEnum, .message = "K1, K2 or K3 is expected"});
  } else if (!plan.order_id.empty() && level == "K3") {
    errors.push_back(
        {.field = "level",
         .reason = RejectReason::kBadEnum,
         .message = "an order has no position of its own: K2 cancels it, K3 is of its deployment or account"});
  }
  if (!plan.order_id.empty() && !plan.deployment_id.empty()) {
    errors.push_back({.field = "order_id",
                      .reason = RejectReason::kMalformed,
                      .message = "one of deployment_id and order_id is expected"});
  }
  FieldCheck ids;
  ids.OptionalId("deployment_id", plan.deployment_id).OptionalId("order_id", plan.order_id);
  errors.insert(errors.end(), ids.errors().begin(), ids.errors().end());
  if (!errors.empty()) return call->Fail(BadFields(std::move(errors)));
  plan.level = found->second;
  RunScopedStop(call, std::move(plan));
}

void Engage(const CallPtr& call) {
  std::string level, account, deployment, order, reason;
  if (!call->ReadFields({{"level", &level},
                         {"account_id", &account},
                         {"deployment_id", &deployment},
                         {"order_id", &order},
                         {"reason", &reason}}))
    return;
  // What is no id is no account: it would be kept and told for ever.
  FieldCheck check;
  if (!check.OptionalId("account_id", account).ok()) return call->Fail(BadFields(check.errors()));
  if (!deployment.empty() || !order.empty()) {
    // The account is what is known of them, then what was said; never somebody's default.
    const std::string known = deployment.empty() ? "" : call->gateway.account_of_deployment(deployment);
    return EngageScoped(
        call, level,
        {.account = known.empty() ? account : known, .deployment_id = deployment, .order_id = order, .reason = reason});
  }
  if (level != "K1" && level != "K2") {
    return call->Fail(
        BadFields({{.field = "level", .reason = RejectReason::kBadEnum, .message = "K1 or K2 is expected"}}));
  }
  RunEmergency(call, {.account = call->AccountOr(account),
                      .reason = reason,
                      .level = level == "K2" ? order::v1::EMERGENCY_LEVEL_CANCEL : order::v1::EMERGENCY_LEVEL_HALT});
}

// Every account, or every account at one broker.
void EngageFirm(const CallPtr& call) {
  std::string level, broker, reason;
  if (!call->ReadFields({{"level", &level}, {"broker", &broker}, {"reason", &reason}})) return;
  const std::map<std::string, order::v1::EmergencyLevel> levels = {{"K1", order::v1::EMERGENCY_LEVEL_HALT},
                                                                   {"K2", order::v1::EMERGENCY_LEVEL_CANCEL},
                                                                   {"K3", order::v1::EMERGENCY_LEVEL_FLATTEN}};
  auto found = levels.find(level);
  if (found == levels.end()) {
    return call->Fail(
        BadFields({{.field = "level", .reason = RejectReason::kBadEnum, .message = "K1, K2 or K3 is expected"}}));
  }
  RunFirmEmergency(call, {.broker = broker, .reason = reason, .level = found->second});
}

// The newest emergency command of each account, or of one.
void ListEmergencies(const CallPtr& call) {
  gateway::v1::ListEmergenciesResponse response;
  std::string account = call->Query("account_id");
  for (gateway::v1::EmergencyState& state : call->gateway.emergencies.List()) {
    if (account.empty() || state.command().account_id() == account) *response.add_emergencies() = std::move(state);
  }
  call->Answer(200, response);
}

using DecisionAsync = order::v1::DecisionService::StubInterface::async_interface;

// What became of it, told to the trail and to whoever asked.
void ConcludeResume(const CallPtr& call, const order::v1::ResumeAccountRequest& request, const grpc::Status& status,
                    const order::v1::ResumeAccountResponse& response, const Json& rearmed) {
  ApiError error = DecisionError(status, "order_management");
  call->Audit("account.resumed", "account:" + request.account_id(),
              {{"reason", request.reason()},
               {"outcome", status.ok() ? "ok" : error.status},
               {"rearmed", rearmed.value("rearmed", Json::array())},
               {"baseline", rearmed.value("baseline", Json())}},
              request.account_id());
  if (!status.ok()) return call->Fail(error);
  Json answer = ToJson(response);
  answer.update(rearmed);
  AnswerWhenReleased(call, request.account_id(), std::move(answer));
}

// The account's halt and what engaged it; then `next`. `who`: by whose word, of two who have agreed both.
void ResumeAccount(const CallPtr& call, order::v1::ResumeAccountRequest request, const std::string& who,
                   std::function<void(const grpc::Status&, order::v1::ResumeAccountResponse&)> next) {
  for (std::string& id : call->gateway.emergencies.BeginResume(request.account_id())) {
    request.add_ended_command_ids(std::move(id));
  }
  call->Ask(call->gateway.peers.orders, &OrderAsync::ResumeAccount, request,
            [call, request, who, next = std::move(next)](const grpc::Status& status,
                                                         order::v1::ResumeAccountResponse& response) {
              call->gateway.emergencies.EndResume(request.account_id(), status.ok(), request.reason(), who);
              next(status, response);
            });
}

// What is re-armed with a resume, and by whose word.
risk::v1::RearmLossRulesRequest RearmOf(const order::v1::ResumeAccountRequest& request, const std::string& who,
                                        const std::vector<std::string>& trips) {
  risk::v1::RearmLossRulesRequest rearm;
  rearm.set_request_id(request.request_id());
  rearm.set_account_id(request.account_id());
  rearm.set_reason(request.reason());
  rearm.set_actor(who);
  for (const std::string& trip : trips) rearm.add_rules(trip);
  return rearm;
}

// Tripped loss rules; `next` with what was re-armed, or answered with why not.
void RearmThen(const CallPtr& call, const risk::v1::RearmLossRulesRequest& request,
               std::function<void(const Json&)> next) {
  call->Ask(
      call->gateway.peers.risk, &RiskAsync::RearmLossRules, request,
      [call, request, next = std::move(next)](const grpc::Status& status, risk::v1::RearmLossRulesResponse& response) {
        if (status.ok()) return next(ToJson(response));
        // An account that risk has never heard of has no rule to re-arm; order management says whether it exists.
        if (status.error_code() == grpc::NOT_FOUND) return next(Json::object());
        ApiError error = DecisionError(status, "risk");
        call->Audit("account.resumed", "account:" + request.account_id(),
                    {{"reason", request.reason()}, {"outcome", error.status}}, request.account_id());
        call->Fail(error);
      });
}

// "trips" of a body: those that whoever resumes has seen, so that none that came since is taken back with them. False:
// answered 400.
bool TakeTrips(const CallPtr& call, std::vector<std::string>* trips) {
  auto found = call->body.find("trips");
  if (found == call->body.end()) return true;
  bool texts = found->is_array() && !found->empty();
  for (const Json& one : *found) texts = texts && one.is_string();
  if (!texts) {
    call->Fail(BadFields({{.field = "trips",
                           .reason = RejectReason::kMalformed,
                           .message = "rules with the times of their trips are expected, or no such field"}}));
    return false;
  }
  *trips = found->get<std::vector<std::string>>();
  call->body.erase(found);
  return true;
}

// Of two who resume the account: both, and when the first one asked, whose word the second one's is. The second alone,
// and a time before everything, where nobody has asked for it yet.
struct Agreed {
  std::string who;
  UtcTime ask_time;
};
Agreed BothOf(const order::v1::ListAwaitedDecisionsResponse& decisions, const std::string& actor) {
  for (const order::v1::AwaitedDecision& one : decisions.decisions()) {
    if (one.kind() == "resume" && one.asked_by() != actor)
      return {.who = one.asked_by() + " + " + actor, .ask_time = wire::FromProto(one.ask_time())};
  }
  return {.who = actor, .ask_time = UtcTime{}};
}

// Whatever keeps an account from opening risk by a person's or a rule's word, a person takes back in one step: tripped
// loss rules first, so that an account which trades again is one that may. Where it takes two persons the account comes
// first: what one of them asks for re-arms nothing.
void Resume(const CallPtr& call) {
  order::v1::ResumeAccountRequest request;
  std::vector<std::string> trips;
  if (!TakeTrips(call, &trips) || !call->ReadBody(&request)) return;
  request.set_request_id(call->KeyOrNew());
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_actor(call->access.actor);
  const Peers& peers = call->gateway.peers;
  auto decisions = std::make_shared<Peer<order::v1::DecisionService>>("order_management", peers.orders.address,
                                                                      peers.orders.channel);
  order::v1::ListAwaitedDecisionsRequest ask;
  ask.set_account_id(request.account_id());
  call->Ask(
      *decisions, &DecisionAsync::ListAwaitedDecisions, ask,
      [call, decisions, request, trips](const grpc::Status& told, order::v1::ListAwaitedDecisionsResponse& decision) {
        if (told.ok() && decision.resume_needs_two()) {
          const Agreed agreed = BothOf(decision, request.actor());
          return ResumeAccount(call, request, agreed.who, [=](const grpc::Status& status, auto& response) {
            if (!status.ok()) return ConcludeResume(call, request, status, response, Json::object());
            // What has tripped since the first one asked is not what they have agreed about.
            risk::v1::RearmLossRulesRequest rearm = RearmOf(request, agreed.who, trips);
            rearm.add_rules("@" + agreed.ask_time.ToString());
            RearmThen(call, rearm, [call, request, response](const Json& rearmed) {
              ConcludeResume(call, request, grpc::Status::OK, response, rearmed);
            });
          });
        }
        RearmThen(call, RearmOf(request, request.actor(), trips), [call, request](const Json& rearmed) {
          ResumeAccount(call, request, request.actor(),
                        [call, request, rearmed](const grpc::Status& status, auto& response) {
                          ConcludeResume(call, request, status, response, rearmed);
                        });
        });
      });
}

}  // namespace

std::vector<Route> RiskRoutes() {
  return {
      {"GET", "/api/live/risk", GetRisk},
      {"PUT", "/api/live/risk/limits", UpdateLimits},
      {"GET", "/api/live/risk/limits/history", ListLimits},
      {"GET", "/api/live/risk/limits/effective", EffectiveLimits},
      {"GET", "/api/live/risk/limits/scopes", ListScopedLimits},
      {"PUT", "/api/live/risk/limits/scopes", SetScopedLimits},
      {"GET", "/api/live/risk/limits/changes", ListLimitChanges},
      {"POST", "/api/live/risk/limits/changes", DecideLimitChange},
      {"POST", "/api/live/risk/what-if", WhatIf},
      {"GET", "/api/live/opening", GetOpening},
      {"GET", "/api/live/breakers", ListBreakers},
      {"GET", "/api/live/breakers/rules", GetBreakerRules},
      {"PUT", "/api/live/breakers/rules", UpdateBreakerRules},
      {"POST", "/api/live/breakers/rearm", RearmBreakers},
      {"GET", "/api/live/emergency", ListEmergencies},
      {"POST", "/api/live/emergency", Engage},
      {"POST", "/api/live/emergency/all", EngageFirm},
      {"POST", "/api/live/emergency/resume", Resume},
      {"GET", "/api/live/emergency/scoped", ListScopedStops},
      {"GET", "/api/live/decisions", ListAwaitedDecisions},
  };
}

}  // namespace ballast
