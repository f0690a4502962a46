#pragma once

#include <functional>
#include <thread>

#include "ballast/strategy/v1/rule_strategy_service.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/rule_store.h"

namespace ballast {

// The catalogue of strategies written as rules. What is stored is on the shelf before the reply.
class RuleStrategyGrpc final : public strategy::v1::RuleStrategyService::CallbackService {
 public:
  RuleStrategyGrpc(RuleShelf& shelf, RuleStore& store, const Clock& clock, Logger& log)
      : shelf_(shelf), store_(store), clock_(clock), log_(log) {}
  ~RuleStrategyGrpc() override { Stop(); }
  // Claims the store and fills the shelf; before Start.
  absl::Status Recover();
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* CreateRuleStrategy(grpc::CallbackServerContext*,
                                               const strategy::v1::CreateRuleStrategyRequest*,
                                               strategy::v1::CreateRuleStrategyResponse*) override;
  grpc::ServerUnaryReactor* GetRuleStrategy(grpc::CallbackServerContext*, const strategy::v1::GetRuleStrategyRequest*,
                                            strategy::v1::GetRuleStrategyResponse*) override;
  grpc::ServerUnaryReactor* ListRuleStrategies(grpc::CallbackServerContext*,
                                               const strategy::v1::ListRuleStrategiesRequest*,
                                               strategy::v1::ListRuleStrategiesResponse*) override;
  grpc::ServerUnaryReactor* ArchiveRuleStrategy(grpc::CallbackServerContext*,
                                                const strategy::v1::ArchiveRuleStrategyRequest*,
                                                strategy::v1::ArchiveRuleStrategyResponse*) override;

 private:
  // Runs `write` on the writer thread, never on a gRPC thread, and finishes the call with what it returns.
  void Write(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> write);

  RuleShelf& shelf_;
  RuleStore& store_;
  const Clock& clock_;
  Logger& log_;
  BoundedQueue<std::function<void()>> writes_{50};
  std::thread writer_;
};

}  // namespace ballast
