#pragma once

#include <functional>
#include <thread>

#include "ballast/execution/v1/quality_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/algo_store.h"
#include "services/strategy_runner/order_quality_store.h"

namespace ballast {

// How orders and parent orders were executed, from what is stored of them. Decides nothing.
class QualityGrpc final : public execution::v1::ExecutionQualityService::CallbackService {
 public:
  QualityGrpc(AlgoStore& store, OrderQualityStore& singles) : store_(store), singles_(singles) {}
  ~QualityGrpc() override { Stop(); }
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* GetExecutionQuality(grpc::CallbackServerContext*,
                                                const execution::v1::GetExecutionQualityRequest*,
                                                execution::v1::GetExecutionQualityResponse*) override;

 private:
  // On the reader thread.
  absl::Status Report(const execution::v1::GetExecutionQualityRequest& request,
                      execution::v1::GetExecutionQualityResponse* response);
  absl::Status ReportSingles(const execution::v1::GetExecutionQualityRequest& request,
                             execution::v1::GetExecutionQualityResponse* response);

  AlgoStore& store_;
  OrderQualityStore& singles_;
  BoundedQueue<std::function<void()>> reads_{50};
  std::thread reader_;
};

}  // namespace ballast
