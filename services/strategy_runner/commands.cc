#include "services/strategy_runner/commands.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {

namespace pb = strategy::v1;
using strategy::DeploymentEvent;
using strategy::DeploymentState;

namespace {

absl::Status NoSuch(const std::string& id) {
  return absl::NotFoundError(ToAbsl("there is no deployment '" + id + "'"));
}

}  // namespace

LiveDeployment* Commands::FindOrMake(const pb::CreateDeploymentRequest& request, absl::Status* refusal) {
  std::vector<FieldError> errors;
  strategy::Spec spec =
      SpecFromProto(request.spec(), floor_.deployments.shelf(), errors);  // checked by the caller already
  if (LiveDeployment* live = floor_.deployments.FindByRequest(request.request_id())) {
    if (live->decider->spec() == spec) return live;
    *refusal = absl::AlreadyExistsError("the request id was used for another deployment");
    return nullptr;
  }
  if (auto rules = floor_.deployments.shelf().Find(spec.strategy_id); rules && rules->row.archived) {
    *refusal = absl::FailedPreconditionError(ToAbsl(spec.strategy_id + " is archived"));
    return nullptr;
  }
  // An id has no '@'; an order's id is made of it, so it is kept short.
  std::string stem = spec.strategy_id.starts_with("external:") ? spec.strategy_id.substr(9) : spec.strategy_id;
  std::replace(stem.begin(), stem.end(), '@', '.');
  std::string id = stem + "-" + Sha256Hex(request.request_id()).substr(0, 8);
  if (floor_.deployments.Find(id) != nullptr) {
    *refusal = absl::AlreadyExistsError(ToAbsl("there is a deployment " + id + " already; use another request id"));
    return nullptr;
  }
  Decimal left = floor_.deployments.CapitalLeft(request.spec().account_id(), id);
  if (spec.capital_ratio && *spec.capital_ratio > left) {
    *refusal = absl::FailedPreconditionError(ToAbsl("capital_ratio " + spec.capital_ratio->ToString() + ": only " +
                                                    left.ToString() + " of the account's equity is left"));
    return nullptr;
  }
  DeploymentRow row;
  row.deployment_id = id;
  row.request_id = request.request_id();
  ToProto(spec, &row.spec);
  row.create_time = floor_.clock.Now();
  auto live = floor_.deployments.Add(std::move(row));
  if (!live.ok()) {
    *refusal = live.status();
    return nullptr;
  }
  floor_.gate.SetDeployment(id, request.spec().account_id());
  on_created_(id);
  floor_.commit.Touch(**live);
  floor_.log.Info("deployment.created", {{"deployment", id}, {"actor", request.actor()}});
  return *live;
}

void Commands::Create(const pb::CreateDeploymentRequest& request, const Reply<pb::CreateDeploymentResponse>& reply) {
  absl::Status refusal;
  LiveDeployment* live = FindOrMake(request, &refusal);
  if (live == nullptr) return reply(refusal, {});
  // A repeated request starts what never ran; it does not bring back what has been stopped since.
  StartAndReply(*live, request.start() && live->row.life.state == DeploymentState::kCreated, reply);
}

void Commands::Start(const std::string& id, const Reply<pb::StartDeploymentResponse>& reply) {
  LiveDeployment* live = floor_.deployments.Find(id);
  if (live == nullptr) return reply(NoSuch(id), {});
  const strategy::DeploymentCell& cell = CellOf(live->row.life.state, DeploymentEvent::kStart);
  if (cell.refusal != nullptr) return reply(absl::FailedPreconditionError(cell.refusal), {});
  StartAndReply(*live, !cell.stays, reply);
}

template <typename Response>
void Commands::StartAndReply(LiveDeployment& live, bool start, const Reply<Response>& reply) {
  auto answer = [this, id = live.row.deployment_id, reply](const absl::Status& durable,
                                                           const Starter::Prerequisites& prerequisites) {
    Response response;
    if (!durable.ok()) return reply(durable, response);
    for (const pb::Prerequisite& prerequisite : prerequisites) *response.add_prerequisites() = prerequisite;
    *response.mutable_deployment() = floor_.deployments.Describe(floor_.deployments.all().at(id));
    reply(absl::OkStatus(), response);
  };
  if (start)
    starter_.Start(live, /*by_hand=*/true, answer);
  else
    floor_.commit.After([answer](const absl::Status& durable) { answer(durable, {}); });
}

void Commands::Pause(const std::string& id, const Reply<pb::Deployment>& reply) {
  Change(id, DeploymentEvent::kPause, reply);
}

void Commands::Resume(const std::string& id, const Reply<pb::Deployment>& reply) {
  Change(id, DeploymentEvent::kResume, reply);
}

void Commands::Change(const std::string& id, DeploymentEvent event, const Reply<pb::Deployment>& reply) {
  LiveDeployment* live = floor_.deployments.Find(id);
  if (live == nullptr) return reply(NoSuch(id), {});
  const std::string* blocked = floor_.deployments.BlockOf(live->row.spec.account_id());
  if (blocked != nullptr && event == DeploymentEvent::kResume)
    return reply(absl::FailedPreconditionError(*blocked), {});
  if (event == DeploymentEvent::kPause) {
    // A start that is being asked for does not bring it back: who pauses is told that it opens nothing, or that it did
    // not.
    ++live->stops;
    live->row.life.start_pending = false;
    floor_.commit.Touch(*live);
  }
  strategy::DeploymentChange change = Apply(live->row.life, event, "", floor_.clock.Now());
  if (change.refused()) {
    return floor_.commit.After([reply, why = change.refusal](const absl::Status& durable) {
      reply(durable.ok() ? absl::FailedPreconditionError(ToAbsl(why)) : durable, {});
    });
  }
  if (change.changed) floor_.commit.Touch(*live);
  ReplyWhenDurable(id, reply);
}

void Commands::Stop(const pb::StopDeploymentRequest& request, const Reply<pb::Deployment>& reply) {
  LiveDeployment* live = floor_.deployments.Find(request.deployment_id());
  if (live == nullptr) return reply(NoSuch(request.deployment_id()), {});
  stops_.Stop(*live, request.close_positions(), request.reason());
  ReplyWhenDurable(request.deployment_id(), reply);
}

void Commands::ReplyWhenDurable(const std::string& id, const Reply<pb::Deployment>& reply) {
  floor_.commit.After([this, id, reply](const absl::Status& durable) {
    if (!durable.ok()) return reply(durable, {});
    reply(absl::OkStatus(), floor_.deployments.Describe(floor_.deployments.all().at(id)));
  });
}

void Commands::Get(const std::string& id, const Reply<pb::Deployment>& reply) {
  if (floor_.deployments.Find(id) == nullptr) return reply(NoSuch(id), {});
  ReplyWhenDurable(id, reply);
}

void Commands::List(const std::string& account, const Reply<pb::ListDeploymentsResponse>& reply) {
  floor_.commit.After([this, account, reply](const absl::Status& durable) {
    pb::ListDeploymentsResponse response;
    for (const auto& [id, live] : floor_.deployments.all()) {
      if (account.empty() || live.row.spec.account_id() == account)
        *response.add_deployments() = floor_.deployments.Describe(live);
    }
    reply(durable, response);
  });
}

}  // namespace ballast
