#include "services/strategy_runner/grpc_adapter.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/strategy/catalogue.h"
#include "services/strategy_runner/prerequisites.h"
#include "services/strategy_runner/rule_codec.h"
#include "services/strategy_runner/sizing_preview.h"

namespace ballast {
namespace {

namespace pb = strategy::v1;

constexpr std::size_t kReasonBytesMax = 500;

grpc::Status Busy() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

grpc::ServerUnaryReactor* Refuse(grpc::ServerUnaryReactor* reactor, const FieldCheck& check) {
  reactor->Finish(check.Refusal());
  return reactor;
}

FieldCheck CheckDeployment(const std::string& deployment_id) {
  FieldCheck check;
  check.Id("deployment_id", deployment_id);
  return check;
}

// Answers with the deployment in the response's field of that name.
template <typename Response>
auto WithDeployment(grpc::ServerUnaryReactor* reactor, Response* response) {
  return [reactor, response](const absl::Status& status, const pb::Deployment& deployment) {
    if (status.ok()) *response->mutable_deployment() = deployment;
    reactor->Finish(ToGrpc(status));
  };
}

}  // namespace

void StrategyGrpc::Start() {
  reader_ = std::thread([this] {
    while (!reads_.closed()) {
      for (auto& read : reads_.PopBatch(16, 1'000'000'000)) read();
    }
    for (auto& read : reads_.PopBatch(200, 0)) read();
  });
}

void StrategyGrpc::Stop() {
  reads_.Close();
  if (reader_.joinable()) reader_.join();
}

void StrategyGrpc::Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read) {
  if (!reads_.TryPush([reactor, read = std::move(read)] { reactor->Finish(ToGrpc(read())); })) reactor->Finish(Busy());
}

grpc::ServerUnaryReactor* StrategyGrpc::ListStrategies(grpc::CallbackServerContext* context,
                                                       const pb::ListStrategiesRequest*,
                                                       pb::ListStrategiesResponse* response) {
  for (const strategy::Entry& entry : strategy::Catalogue()) ToProto(entry, response->add_strategies());
  for (const ShelvedRules& each : shelf_.All()) {
    if (!each.row.archived) ToProto(each.rules.EntryFor(each.row.strategy_id()), response->add_strategies());
  }
  for (const ShelvedExternal& each : shelf_.external().Offered()) {
    // Its make is not asked for.
    pb::Strategy* strategy = response->add_strategies();
    ToProto(each.registration.EntryWith({}), strategy);
    strategy->set_external_connection(each.connected ? pb::EXTERNAL_CONNECTION_CONNECTED
                                                     : pb::EXTERNAL_CONNECTION_WAITING);
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::CreateDeployment(grpc::CallbackServerContext* context,
                                                         const pb::CreateDeploymentRequest* request,
                                                         pb::CreateDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id());
  pb::CreateDeploymentRequest whole = *request;
  *whole.mutable_spec() = WithUsualLimits(request->spec());
  (void)SpecFromProto(whole.spec(), shelf_, check.errors());
  if (!check.ok()) return Refuse(reactor, check);
  // A deployment of nobody's account would stay for good. Where nobody answers it may be made: a start asks again, and
  // refuses without an answer.
  neighbours_.Accounts([this, reactor, response, whole](const absl::StatusOr<order::v1::ListAccountsResponse>& all) {
    const std::string& asked = whole.spec().account_id();
    const bool known =
        !all.ok() || std::any_of(all->accounts().begin(), all->accounts().end(),
                                 [&](const order::v1::Account& one) { return one.account_id() == asked; });
    if (!known) return reactor->Finish(ToGrpc(absl::NotFoundError(ToAbsl("there is no account '" + asked + "'"))));
    bool queued = runner_.Create(
        whole, [reactor, response](const absl::Status& status, const pb::CreateDeploymentResponse& created) {
          if (status.ok()) *response = created;
          reactor->Finish(ToGrpc(status));
        });
    if (!queued) reactor->Finish(Busy());
  });
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::CheckPrerequisites(grpc::CallbackServerContext* context,
                                                           const pb::CheckPrerequisitesRequest* request,
                                                           pb::CheckPrerequisitesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  strategy::Spec spec = SpecFromProto(WithUsualLimits(request->spec()), shelf_, errors);
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  auto external = shelf_.external().Find(spec.strategy_id);
  AskPrerequisites(spec, neighbours_, RiskScoreToo::kYes,
                   [reactor, response, external](std::vector<pb::Prerequisite> prerequisites) {
                     if (external) prerequisites.push_back(ConnectedPrerequisite(*external));
                     response->set_passed(AllPassed(prerequisites));
                     for (auto& prerequisite : prerequisites) *response->add_prerequisites() = std::move(prerequisite);
                     reactor->Finish(grpc::Status::OK);
                   });
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::StartDeployment(grpc::CallbackServerContext* context,
                                                        const pb::StartDeploymentRequest* request,
                                                        pb::StartDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = CheckDeployment(request->deployment_id()); !check.ok()) return Refuse(reactor, check);
  bool queued = runner_.StartDeployment(
      request->deployment_id(),
      [reactor, response](const absl::Status& status, const pb::StartDeploymentResponse& started) {
        if (status.ok()) *response = started;
        reactor->Finish(ToGrpc(status));
      });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::PauseDeployment(grpc::CallbackServerContext* context,
                                                        const pb::PauseDeploymentRequest* request,
                                                        pb::PauseDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = CheckDeployment(request->deployment_id()); !check.ok()) return Refuse(reactor, check);
  if (!runner_.Pause(request->deployment_id(), WithDeployment(reactor, response))) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::ResumeDeployment(grpc::CallbackServerContext* context,
                                                         const pb::ResumeDeploymentRequest* request,
                                                         pb::ResumeDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = CheckDeployment(request->deployment_id()); !check.ok()) return Refuse(reactor, check);
  if (!runner_.Resume(request->deployment_id(), WithDeployment(reactor, response))) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::StopDeployment(grpc::CallbackServerContext* context,
                                                       const pb::StopDeploymentRequest* request,
                                                       pb::StopDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check = CheckDeployment(request->deployment_id());
  if (!check.OptionalId("reason", request->reason()).ok()) return Refuse(reactor, check);
  if (!runner_.Stop(*request, WithDeployment(reactor, response))) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::UpdateDeployment(grpc::CallbackServerContext* context,
                                                         const pb::UpdateDeploymentRequest* request,
                                                         pb::UpdateDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check = CheckDeployment(request->deployment_id());
  check.Text("reason", request->reason(), kReasonBytesMax);
  (void)SpecFromProto(request->spec(), shelf_, check.errors());
  if (!check.ok()) return Refuse(reactor, check);
  if (!runner_.Update(*request, WithDeployment(reactor, response))) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::PreviewSizing(grpc::CallbackServerContext* context,
                                                      const pb::PreviewSizingRequest* request,
                                                      pb::PreviewSizingResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  CheckPreview(*request, check.errors());
  if (!check.ok()) return Refuse(reactor, check);
  bool queued = runner_.Preview(
      *request, [reactor, response](const absl::Status& status, const pb::PreviewSizingResponse& previewed) {
        if (status.ok()) *response = previewed;
        reactor->Finish(ToGrpc(status));
      });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::GetDeployment(grpc::CallbackServerContext* context,
                                                      const pb::GetDeploymentRequest* request,
                                                      pb::GetDeploymentResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = CheckDeployment(request->deployment_id()); !check.ok()) return Refuse(reactor, check);
  if (!runner_.Get(request->deployment_id(), WithDeployment(reactor, response))) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::ListDeployments(grpc::CallbackServerContext* context,
                                                        const pb::ListDeploymentsRequest* request,
                                                        pb::ListDeploymentsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.OptionalId("account_id", request->account_id()).ok()) return Refuse(reactor, check);
  bool queued = runner_.List(request->account_id(),
                             [reactor, response](const absl::Status& status, const pb::ListDeploymentsResponse& all) {
                               *response = all;
                               reactor->Finish(ToGrpc(status));
                             });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* StrategyGrpc::ListDecisions(grpc::CallbackServerContext* context,
                                                      const pb::ListDecisionsRequest* request,
                                                      pb::ListDecisionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check = CheckDeployment(request->deployment_id());
  std::int64_t before = 0;
  check.Range("page_size", request->page_size(), 0, StrategyStore::kPageMax);
  check.Token("page_token", request->page_token(), &before);
  if (!check.ok()) return Refuse(reactor, check);
  Read(reactor, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response, store_.ListDecisions(request));
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerWriteReactor<pb::StreamDeploymentsResponse>* StrategyGrpc::StreamDeployments(
    grpc::CallbackServerContext*, const pb::StreamDeploymentsRequest*) {
  auto session = StreamSession<pb::StreamDeploymentsResponse>::Make([] {});
  if (!runner_.Subscribe(session)) session->Close(Busy());
  return session.get();
}

}  // namespace ballast
