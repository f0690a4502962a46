#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/routing_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "services/strategy_runner/child_neighbours.h"
#include "services/strategy_runner/route_planner.h"
#include "services/strategy_runner/route_store.h"

namespace ballast {

// Routes from a plan to their end. A leg is stored before it is sent, always under the same request id, so that
// whatever is lost or killed on the way it is one order; what nobody has answered for is asked for again, and after the
// plan's time only looked for. What the legs leave is planned again within that time. Blocks; one thread, never gRPC's.
class RouteDesk {
 public:
  struct Ports {
    Neighbours& neighbours;
    ChildNeighbours& children;
    RoutePlanner& planner;
    RouteStore& store;
    const Clock& clock;
    Logger& log;
    // This process may not go on: a newer one has taken the routes over.
    std::function<void(const std::string&)> fail;
  };
  // An older plan is of another market: what has not been sent by then is not.
  static constexpr Duration kPlanTime = Duration::Seconds(10);
  // No request of ours is on its way any more so long after that: its deadline is 2 s.
  static constexpr Duration kSettled = Duration::Seconds(10);
  static constexpr int kReplansDefault = 2;
  // Of a route without a limit: so far beyond the first plan's worst price, as a part of it, what is left may be
  // planned.
  static Decimal SlippageMax() { return Decimal::Of("0.001"); }

  explicit RouteDesk(Ports ports) : ports_(std::move(ports)) {}

  // Claims the store, and takes up the routes that had not ended.
  absl::Status Recover();
  absl::Status Execute(const execution::v1::ExecuteRouteRequest& request,
                       execution::v1::ExecuteRouteResponse* response);
  // NOT_FOUND.
  absl::StatusOr<execution::v1::Route> Get(const std::string& request_id);
  // Of those that work, what is known now stands in for what is stored.
  absl::StatusOr<std::vector<execution::v1::Route>> Read(const RouteStore::Range& range);
  // Looks after what has not ended.
  void Work();
  [[nodiscard]] bool has_work() const { return !open_.empty(); }

 private:
  using Route = execution::v1::Route;

  // The row of it, new or of before.
  absl::StatusOr<Route> Kept(const execution::v1::ExecuteRouteRequest& request, bool* replayed);
  // One step of a route; false: nothing changed.
  bool Step(Route& route);
  void StepLeg(const Route& route, execution::v1::ExecutedLeg& leg);
  void Send(const Route& route, execution::v1::ExecutedLeg& leg);
  void Look(const Route& route, execution::v1::ExecutedLeg& leg);
  // False: there is nothing to plan again, or nothing came of it.
  bool Replan(Route& route, Decimal left);
  void End(Route& route, bool filled, std::string note);
  // A step and its row; what is not stored is done again.
  void Advance(Route& route);
  void Alert(const Route& route);
  [[nodiscard]] bool InTime(const Route& route) const;

  Ports ports_;
  // By request id; as they are stored.
  std::map<std::string, Route> open_;
  // Monotonic: a route that works for long is not looked at so often.
  std::map<std::string, std::int64_t> next_look_ns_;
};

}  // namespace ballast
