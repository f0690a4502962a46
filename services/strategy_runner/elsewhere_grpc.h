#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "ballast/execution/v1/elsewhere_service.grpc.pb.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/service/service.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/elsewhere_desk.h"
#include "services/strategy_runner/elsewhere_postgres.h"
#include "services/strategy_runner/grpc_neighbours.h"

namespace ballast {

// Orders that go elsewhere as a part of the process: their desk, its thread, its reader of the order log and its RPC.
// Without a policy nothing is read.
class ElsewhereGrpc final : public execution::v1::ElsewhereService::CallbackService {
 public:
  ElsewhereGrpc(ServiceContext& context, ElsewherePolicies policies, GrpcNeighbours& neighbours,
                AccountNeighbours& accounts, const EntryGate& gate);
  ~ElsewhereGrpc() override { Stop(); }
  // Before Start.
  absl::Status Recover() { return desk_.Recover(); }
  void Start();
  // While its neighbours still answer.
  void Stop();

  grpc::ServerUnaryReactor* ListElsewhereOrders(grpc::CallbackServerContext*,
                                                const execution::v1::ListElsewhereOrdersRequest*,
                                                execution::v1::ListElsewhereOrdersResponse*) override;

 private:
  using EventReader = StreamReader<order::v1::StreamOrderEventsResponse>;
  // The desk's thread does it; false: it does not any more.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response);
  absl::Status List(const execution::v1::ListElsewhereOrdersRequest& request,
                    execution::v1::ListElsewhereOrdersResponse* response);

  Logger& log_;
  PostgresElsewhereStore store_;
  // The thread's.
  ElsewhereDesk desk_;
  BoundedQueue<std::function<void()>> work_{50};
  std::thread worker_;
  EventReader events_;
};

}  // namespace ballast
