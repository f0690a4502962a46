#include "services/strategy_runner/stop_watch.h"

#include <iterator>

#include "libs/base/absl_std.h"

namespace ballast {

using strategy::DeploymentEvent;
using strategy::DeploymentState;

void StopWatch::Watch(const std::vector<Symbol>& quoted) {
  for (auto& [id, live] : floor_.deployments.all()) {
    if (live.running()) desk_.Act(live, Exits(live, quoted));
  }
}

std::vector<strategy::Decision> StopWatch::Exits(LiveDeployment& live, const std::vector<Symbol>& quoted) const {
  std::vector<strategy::Decision> exits;
  for (const Symbol& symbol : quoted) {
    auto more = live.decider->OnQuote(symbol, floor_.market.Context(live, std::nullopt));
    exits.insert(exits.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return exits;
}

void StopWatch::Stop(LiveDeployment& live, bool close, const std::string& reason) {
  bool stopping = live.row.life.state == DeploymentState::kStopping;
  DeploymentEvent event = close && (stopping || live.row.life.running() || !live.decider->flat() ||
                                    live.row.life.state == DeploymentState::kCreated)
                              ? DeploymentEvent::kStopAndClose
                              : DeploymentEvent::kStop;
  // A start that is being asked for does not bring it back, even if it was stopped already.
  ++live.stops;
  live.DropNews();
  if (!Apply(live.row.life, event, reason, floor_.clock.Now()).changed) return;
  floor_.commit.Touch(live);
  // Asked again: its orders are cancelled already, and what closes it now is not to be.
  if (!stopping) Cancel(live);
  Work(live);
}

void StopWatch::Cancel(LiveDeployment& live) {
  live.cancelling = true;
  floor_.commit.After(
      [this, id = live.row.deployment_id, account = live.row.spec.account_id()](const absl::Status& durable) {
        if (!durable.ok()) return;
        floor_.neighbours.CancelAll(
            account, id, "", Posted<absl::Status>(floor_.inbox, [this, id](const absl::Status& done) {
              if (!done.ok())
                floor_.log.Warning("deployment.cancel_failed", {{"deployment", id}, {"error", done.ToString()}});
              LiveDeployment& live = floor_.deployments.all().at(id);
              live.cancelling = false;
              Work(live);
            }));
      });
}

void StopWatch::StopByEmergency(LiveDeployment& live, const std::string& why) {
  if (!Apply(live.row.life, DeploymentEvent::kEmergencyStop, why, floor_.clock.Now()).changed) return;
  ++live.stops;
  live.DropNews();
  floor_.commit.Touch(live);
  floor_.log.Warning("deployment.stopped_by_emergency", {{"deployment", live.row.deployment_id}, {"why", why}});
}

void StopWatch::Block(LiveDeployment& live, const std::string& why) {
  live.row.life.start_pending = false;
  // One that is not active opens nothing anyway.
  Apply(live.row.life, DeploymentEvent::kPause, why, floor_.clock.Now());
  // A start that is being asked for does not bring it back.
  ++live.stops;
  floor_.commit.Touch(live);
  floor_.log.Error("deployment.blocked", {{"deployment", live.row.deployment_id}, {"why", why}});
}

void StopWatch::OnFill(LiveDeployment& live) {
  // Flat was promised.
  if (!live.decider->flat() && Apply(live.row.life, DeploymentEvent::kLateFill, "", floor_.clock.Now()).changed) {
    floor_.log.Warning("deployment.late_fill", {{"deployment", live.row.deployment_id}});
    floor_.commit.Touch(live);
  }
  Work(live);
}

void StopWatch::Work(LiveDeployment& live) {
  if (live.row.life.state != DeploymentState::kStopping) return;
  if (live.row.life.close_positions && !live.decider->flat()) {
    // A cancel that comes behind the close would take it away.
    if (live.cancelling) return;
    desk_.Act(live, live.decider->CloseAll(live.row.life.stop_reason, floor_.market.Context(live, std::nullopt)));
    return;
  }
  if (live.decider->any_working()) return;
  if (!Apply(live.row.life, DeploymentEvent::kDone, "", floor_.clock.Now()).changed) return;
  floor_.commit.Touch(live);
  floor_.log.Info("deployment.stopped", {{"deployment", live.row.deployment_id}});
}

}  // namespace ballast
