#pragma once

#include <functional>
#include <thread>

#include "ballast/execution/v1/routing_service.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/child_neighbours.h"
#include "services/strategy_runner/route_desk.h"
#include "services/strategy_runner/route_planner.h"
#include "services/strategy_runner/route_store.h"

namespace ballast {

// Routes by RPC. One thread of its own plans, sends and looks after them, one after the other.
class RoutingGrpc final : public execution::v1::RoutingService::CallbackService {
 public:
  struct Ports {
    Neighbours& neighbours;
    ChildNeighbours& children;
    VenueNeighbours& venues;
    AlgoStore& algo_store;
    RouteStore& store;
    const EntryGate& gate;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    std::function<void(const std::string&)> fail;
    Duration book_age_max;
    OrderQualityStore* singles = nullptr;
  };
  explicit RoutingGrpc(Ports ports);
  ~RoutingGrpc() override { Stop(); }
  // Before Start.
  absl::Status Recover() { return desk_.Recover(); }
  void Start();
  // While its neighbours still answer.
  void Stop();
  // Nothing more is begun; any thread.
  [[nodiscard]] bool ending() const { return work_.closed(); }

  grpc::ServerUnaryReactor* PlanRoute(grpc::CallbackServerContext*, const execution::v1::PlanRouteRequest*,
                                      execution::v1::PlanRouteResponse*) override;
  grpc::ServerUnaryReactor* ExecuteRoute(grpc::CallbackServerContext*, const execution::v1::ExecuteRouteRequest*,
                                         execution::v1::ExecuteRouteResponse*) override;
  grpc::ServerUnaryReactor* CancelRoute(grpc::CallbackServerContext*, const execution::v1::CancelRouteRequest*,
                                        execution::v1::CancelRouteResponse*) override;
  grpc::ServerUnaryReactor* GetRoute(grpc::CallbackServerContext*, const execution::v1::GetRouteRequest*,
                                     execution::v1::GetRouteResponse*) override;
  grpc::ServerUnaryReactor* ListRoutes(grpc::CallbackServerContext*, const execution::v1::ListRoutesRequest*,
                                       execution::v1::ListRoutesResponse*) override;

 private:
  struct Call {
    grpc::CallbackServerContext* context;
    grpc::ServerUnaryReactor* reactor;
    std::function<absl::Status()> what;
  };

  void Do(grpc::CallbackServerContext* context, grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> what);
  // OK while somebody waits for its answer.
  [[nodiscard]] absl::Status Waits(grpc::CallbackServerContext* context) const;
  absl::Status List(const execution::v1::ListRoutesRequest& request, execution::v1::ListRoutesResponse* response);

  const Clock& clock_;
  // The thread's.
  RoutePlanner planner_;
  RouteDesk desk_;
  BoundedQueue<Call> work_{50};
  std::thread worker_;
};

}  // namespace ballast
