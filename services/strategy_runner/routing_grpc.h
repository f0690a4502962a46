#pragma once

#include <functional>
#include <thread>

#include "ballast/execution/v1/routing_service.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/child_neighbours.h"
#include "services/strategy_runner/route_planner.h"
#include "services/strategy_runner/route_store.h"

namespace ballast {

// Routes by RPC: planned, stored, then sent. One thread of its own does it, one after the other.
class RoutingGrpc final : public execution::v1::RoutingService::CallbackService {
 public:
  struct Ports {
    Neighbours& neighbours;
    ChildNeighbours& children;
    VenueNeighbours& venues;
    AlgoStore& algo_store;
    RouteStore& store;
    const Clock& clock;
    Logger& log;
  };
  explicit RoutingGrpc(Ports ports) : ports_(ports), planner_(ports.neighbours, ports.venues, ports.algo_store) {}
  ~RoutingGrpc() override { Stop(); }
  // Claims the store; before Start.
  absl::Status Recover() { return ports_.store.Fence(); }
  void Start();
  // After its neighbours answer everything: its thread may wait for one.
  void Stop();

  grpc::ServerUnaryReactor* PreviewRoute(grpc::CallbackServerContext*, const execution::v1::PreviewRouteRequest*,
                                         execution::v1::PreviewRouteResponse*) override;
  grpc::ServerUnaryReactor* ExecuteRoute(grpc::CallbackServerContext*, const execution::v1::ExecuteRouteRequest*,
                                         execution::v1::ExecuteRouteResponse*) override;

 private:
  void Do(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> what);
  absl::Status Execute(const execution::v1::ExecuteRouteRequest& request,
                       execution::v1::ExecuteRouteResponse* response);
  // The row of it, new or of before.
  absl::StatusOr<execution::v1::KeptRoute> Kept(const execution::v1::ExecuteRouteRequest& request, bool* replayed);
  void Send(const execution::v1::KeptRoute& route, const execution::v1::RouteLeg& leg,
            execution::v1::LegOutcome* outcome);

  Ports ports_;
  RoutePlanner planner_;
  BoundedQueue<std::function<void()>> work_{50};
  std::thread worker_;
};

}  // namespace ballast
