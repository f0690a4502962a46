// Changes of a deployment's settings, and what an entry of it would be sized.
#include <google/protobuf/util/message_differencer.h>

#include <utility>

#include "libs/base/absl_std.h"
#include "services/strategy_runner/commands.h"
#include "services/strategy_runner/prerequisites.h"
#include "services/strategy_runner/sizing_preview.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {

namespace pb = strategy::v1;

namespace {

absl::Status WhyNotChanged(const LiveDeployment& live, const strategy::Spec& spec, std::uint64_t revision,
                           const Deployments& deployments) {
  const strategy::Spec& now = live.decider->spec();
  if (live.row.revision != revision)
    return absl::AbortedError(
        ToAbsl("its settings were changed meanwhile: they are revision " + std::to_string(live.row.revision) + " now"));
  if (spec.account_id != now.account_id) return absl::FailedPreconditionError("a deployment keeps its account");
  bool idle = !live.running() && live.decider->flat() && !live.decider->any_working();
  if (spec.symbols != now.symbols && !idle)
    return absl::FailedPreconditionError("its symbols can be changed when it is stopped and holds nothing");
  if (live.row.life.state == strategy::DeploymentState::kStopping)
    return absl::FailedPreconditionError("it is being stopped");
  Decimal left = deployments.CapitalLeft(live.row.spec.account_id(), live.row.deployment_id);
  if (spec.capital_ratio && *spec.capital_ratio > left)
    return absl::FailedPreconditionError(ToAbsl("capital_ratio " + spec.capital_ratio->ToString() + ": only " +
                                                left.ToString() + " of the account's equity is left"));
  return absl::OkStatus();
}

std::string Differences(const pb::DeploymentSpec& before, const pb::DeploymentSpec& after) {
  google::protobuf::util::MessageDifferencer differencer;
  std::string report;
  differencer.ReportDifferencesToString(&report);
  (void)differencer.Compare(before, after);
  return report;
}

}  // namespace

void Commands::Update(const pb::UpdateDeploymentRequest& request, const Reply<pb::Deployment>& reply) {
  LiveDeployment* live = floor_.deployments.Find(request.deployment_id());
  if (live == nullptr)
    return reply(absl::NotFoundError(ToAbsl("there is no deployment '" + request.deployment_id() + "'")), {});
  std::vector<FieldError> errors;
  strategy::Spec spec =
      SpecFromProto(request.spec(), floor_.deployments.shelf(), errors);  // checked by the caller already
  if (absl::Status refusal = WhyNotChanged(*live, spec, request.revision(), floor_.deployments); !refusal.ok())
    return reply(refusal, {});
  if (!live->running()) return Change(*live, request, spec, reply);
  // One that runs must be able to go on with them.
  using Prerequisites = std::vector<pb::Prerequisite>;
  AskPrerequisites(spec, floor_.neighbours, RiskScoreToo::kNo,
                   Posted<Prerequisites>(floor_.inbox, [this, request, spec, reply](Prerequisites& prerequisites) {
                     for (const pb::Prerequisite& one : prerequisites) {
                       if (!one.passed())
                         return reply(absl::FailedPreconditionError(ToAbsl(one.name() + ": " + one.detail())), {});
                     }
                     LiveDeployment& live = floor_.deployments.all().at(request.deployment_id());
                     absl::Status refusal = WhyNotChanged(live, spec, request.revision(), floor_.deployments);
                     if (!refusal.ok()) return reply(refusal, {});
                     Change(live, request, spec, reply);
                   }));
}

void Commands::Change(LiveDeployment& live, const pb::UpdateDeploymentRequest& request, const strategy::Spec& spec,
                      const Reply<pb::Deployment>& reply) {
  pb::DeploymentSpec before = std::exchange(live.row.spec, pb::DeploymentSpec());
  ToProto(spec, &live.row.spec);
  std::string changes = Differences(before, live.row.spec);
  if (changes.empty()) return ReplyWhenDurable(request.deployment_id(), reply);
  if (absl::Status made = floor_.deployments.Renew(live); !made.ok()) {
    live.row.spec = std::move(before);
    return reply(made, {});
  }
  ++live.row.revision;
  // What they were decided on is another now; the bars come again as the past.
  live.DropNews();
  live.decider->ForgetEntries();
  live.decider->ClearHalts();
  strategy::Decision remark = live.decider->Remark(
      floor_.market.has_spoken() ? floor_.market.time() : floor_.clock.Now(),
      "settings changed by " + request.actor() + (request.reason().empty() ? "" : ": " + request.reason()),
      {{"changes", changes}, {"revision", std::to_string(live.row.revision)}});
  StoredDecision stored;
  ToProto(remark, live.decider->id(), &stored.decision);
  live.row.decision_sequence = live.decider->last_sequence();
  floor_.commit.Put(std::move(stored));
  floor_.commit.Touch(live);
  floor_.log.Info("deployment.changed", {{"deployment", live.row.deployment_id},
                                         {"actor", request.actor()},
                                         {"revision", std::to_string(live.row.revision)}});
  ReplyWhenDurable(request.deployment_id(), reply);
}

void Commands::Preview(const pb::PreviewSizingRequest& request, const Reply<pb::PreviewSizingResponse>& reply) {
  SizingBasis basis;
  if (!request.deployment_id().empty()) {
    LiveDeployment* live = floor_.deployments.Find(request.deployment_id());
    if (live == nullptr)
      return reply(absl::NotFoundError(ToAbsl("there is no deployment '" + request.deployment_id() + "'")), {});
    basis = {.record = live->decider->book().record, .track = live->decider->book().track};
  }
  PreviewSizing(request, std::move(basis), floor_.neighbours, reply);
}

}  // namespace ballast
