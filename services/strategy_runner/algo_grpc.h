#pragma once

#include <functional>
#include <thread>

#include "ballast/execution/v1/algo_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/algo_runner.h"

namespace ballast {

// Parent orders by RPC: decodes, asks the machine or the store, encodes. Decides nothing.
class AlgoGrpc final : public execution::v1::AlgoOrderService::CallbackService {
 public:
  AlgoGrpc(AlgoRunner& runner, AlgoStore& store) : runner_(runner), store_(store) {}
  ~AlgoGrpc() override { Stop(); }
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* CreateAlgoOrder(grpc::CallbackServerContext*, const execution::v1::CreateAlgoOrderRequest*,
                                            execution::v1::CreateAlgoOrderResponse*) override;
  grpc::ServerUnaryReactor* PreviewAlgoOrder(grpc::CallbackServerContext*,
                                             const execution::v1::PreviewAlgoOrderRequest*,
                                             execution::v1::PreviewAlgoOrderResponse*) override;
  grpc::ServerUnaryReactor* GetAlgoOrder(grpc::CallbackServerContext*, const execution::v1::GetAlgoOrderRequest*,
                                         execution::v1::GetAlgoOrderResponse*) override;
  grpc::ServerUnaryReactor* ListAlgoOrders(grpc::CallbackServerContext*, const execution::v1::ListAlgoOrdersRequest*,
                                           execution::v1::ListAlgoOrdersResponse*) override;
  grpc::ServerUnaryReactor* PauseAlgoOrder(grpc::CallbackServerContext*, const execution::v1::PauseAlgoOrderRequest*,
                                           execution::v1::PauseAlgoOrderResponse*) override;
  grpc::ServerUnaryReactor* ResumeAlgoOrder(grpc::CallbackServerContext*, const execution::v1::ResumeAlgoOrderRequest*,
                                            execution::v1::ResumeAlgoOrderResponse*) override;
  grpc::ServerUnaryReactor* CancelAlgoOrder(grpc::CallbackServerContext*, const execution::v1::CancelAlgoOrderRequest*,
                                            execution::v1::CancelAlgoOrderResponse*) override;

 private:
  // Runs `read` on the reader thread, never on a gRPC thread, and finishes the call with what it returns.
  void Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read);

  AlgoRunner& runner_;
  AlgoStore& store_;
  BoundedQueue<std::function<void()>> reads_{200};
  std::thread reader_;
};

}  // namespace ballast
