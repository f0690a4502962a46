#pragma once

#include <thread>

#include "ballast/strategy/v1/strategy_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/runner.h"

namespace ballast {

class StrategyGrpc final : public strategy::v1::StrategyService::CallbackService {
 public:
  StrategyGrpc(Runner& runner, StrategyStore& store, Neighbours& neighbours, const RuleShelf& shelf)
      : runner_(runner), store_(store), neighbours_(neighbours), shelf_(shelf) {}
  ~StrategyGrpc() override { Stop(); }
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* ListStrategies(grpc::CallbackServerContext*, const strategy::v1::ListStrategiesRequest*,
                                           strategy::v1::ListStrategiesResponse*) override;
  grpc::ServerUnaryReactor* CreateDeployment(grpc::CallbackServerContext*, const strategy::v1::CreateDeploymentRequest*,
                                             strategy::v1::CreateDeploymentResponse*) override;
  grpc::ServerUnaryReactor* CheckPrerequisites(grpc::CallbackServerContext*,
                                               const strategy::v1::CheckPrerequisitesRequest*,
                                               strategy::v1::CheckPrerequisitesResponse*) override;
  grpc::ServerUnaryReactor* StartDeployment(grpc::CallbackServerContext*, const strategy::v1::StartDeploymentRequest*,
                                            strategy::v1::StartDeploymentResponse*) override;
  grpc::ServerUnaryReactor* PauseDeployment(grpc::CallbackServerContext*, const strategy::v1::PauseDeploymentRequest*,
                                            strategy::v1::PauseDeploymentResponse*) override;
  grpc::ServerUnaryReactor* ResumeDeployment(grpc::CallbackServerContext*, const strategy::v1::ResumeDeploymentRequest*,
                                             strategy::v1::ResumeDeploymentResponse*) override;
  grpc::ServerUnaryReactor* StopDeployment(grpc::CallbackServerContext*, const strategy::v1::StopDeploymentRequest*,
                                           strategy::v1::StopDeploymentResponse*) override;
  grpc::ServerUnaryReactor* UpdateDeployment(grpc::CallbackServerContext*, const strategy::v1::UpdateDeploymentRequest*,
                                             strategy::v1::UpdateDeploymentResponse*) override;
  grpc::ServerUnaryReactor* PreviewSizing(grpc::CallbackServerContext*, const strategy::v1::PreviewSizingRequest*,
                                          strategy::v1::PreviewSizingResponse*) override;
  grpc::ServerUnaryReactor* GetDeployment(grpc::CallbackServerContext*, const strategy::v1::GetDeploymentRequest*,
                                          strategy::v1::GetDeploymentResponse*) override;
  grpc::ServerUnaryReactor* ListDeployments(grpc::CallbackServerContext*, const strategy::v1::ListDeploymentsRequest*,
                                            strategy::v1::ListDeploymentsResponse*) override;
  grpc::ServerUnaryReactor* ListDecisions(grpc::CallbackServerContext*, const strategy::v1::ListDecisionsRequest*,
                                          strategy::v1::ListDecisionsResponse*) override;
  grpc::ServerWriteReactor<strategy::v1::StreamDeploymentsResponse>* StreamDeployments(
      grpc::CallbackServerContext*, const strategy::v1::StreamDeploymentsRequest*) override;

 private:
  // Runs `read` on the reader thread, never on a gRPC thread, and finishes the call with what it returns.
  void Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read);

  Runner& runner_;
  StrategyStore& store_;
  Neighbours& neighbours_;
  const RuleShelf& shelf_;
  BoundedQueue<std::function<void()>> reads_{200};
  std::thread reader_;
};

}  // namespace ballast
