#pragma once

#include <functional>
#include <string>

#include "services/strategy_runner/starter.h"

namespace ballast {

// What people ask of deployments. Each reply comes exactly once, when what it says is durable; none waits for a
// neighbour but those of a start, which wait for the prerequisites. The deciding thread only.
class Commands {
 public:
  template <typename Response>
  using Reply = std::function<void(const absl::Status&, const Response&)>;

  Commands(Floor& floor, StopWatch& stops, Starter& starter, std::function<void(const std::string&)> on_created)
      : floor_(floor), stops_(stops), starter_(starter), on_created_(std::move(on_created)) {}

  void Create(const strategy::v1::CreateDeploymentRequest& request,
              const Reply<strategy::v1::CreateDeploymentResponse>& reply);
  void Start(const std::string& id, const Reply<strategy::v1::StartDeploymentResponse>& reply);
  void Pause(const std::string& id, const Reply<strategy::v1::Deployment>& reply);
  void Resume(const std::string& id, const Reply<strategy::v1::Deployment>& reply);
  void Stop(const strategy::v1::StopDeploymentRequest& request, const Reply<strategy::v1::Deployment>& reply);
  // Waits for the prerequisites of one that runs.
  void Update(const strategy::v1::UpdateDeploymentRequest& request, const Reply<strategy::v1::Deployment>& reply);
  // The reply comes on any thread.
  void Preview(const strategy::v1::PreviewSizingRequest& request,
               const Reply<strategy::v1::PreviewSizingResponse>& reply);
  void Get(const std::string& id, const Reply<strategy::v1::Deployment>& reply);
  void List(const std::string& account, const Reply<strategy::v1::ListDeploymentsResponse>& reply);

 private:
  // Null when it has been refused.
  LiveDeployment* FindOrMake(const strategy::v1::CreateDeploymentRequest& request, absl::Status* refusal);
  // Starts it when it is to be, and replies with how it is then.
  template <typename Response>
  void StartAndReply(LiveDeployment& live, bool start, const Reply<Response>& reply);
  void Change(const std::string& id, strategy::DeploymentEvent event, const Reply<strategy::v1::Deployment>& reply);
  void Change(LiveDeployment& live, const strategy::v1::UpdateDeploymentRequest& request, const strategy::Spec& spec,
              const Reply<strategy::v1::Deployment>& reply);
  void ReplyWhenDurable(const std::string& id, const Reply<strategy::v1::Deployment>& reply);

  Floor& floor_;
  StopWatch& stops_;
  Starter& starter_;
  std::function<void(const std::string&)> on_created_;
};

}  // namespace ballast
