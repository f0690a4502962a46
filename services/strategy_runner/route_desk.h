#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/routing_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/strategy_runner/child_neighbours.h"
#include "services/strategy_runner/entry_gate.h"
#include "services/strategy_runner/neighbour_deadline.h"
#include "services/strategy_runner/route_figures.h"
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
    const EntryGate& gate;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    // This process may not go on: a newer one has taken the routes over.
    std::function<void(const std::string&)> fail;
    // This process is ending: nothing more is asked.
    std::function<bool()> closed = nullptr;
  };
  // OK while the caller still waits for the answer.
  using Waits = std::function<absl::Status()>;
  // So many work at a time; those of before a restart go on, however many there were.
  static constexpr std::size_t kOpenMost = 200;
  // As duplicate_window_manual_ms of order management for orders.
  static constexpr Duration kRepeatTime = Duration::Seconds(5);
  // An older plan is of another market: what has not been sent by then is not.
  static constexpr Duration kPlanTime = Duration::Seconds(10);
  // No request of ours is on its way any more so long after that.
  static constexpr Duration kSettled = kNeighbourSettled;
  static constexpr int kReplansDefault = 2;
  // Of a route without a limit: so far beyond the first plan's worst price, as a part of it, what is left may be
  // planned.
  static Decimal SlippageMax() { return Decimal::Of("0.001"); }

  explicit RouteDesk(Ports ports) : ports_(std::move(ports)), figures_(ports_.metrics) {}

  // Claims the store, and takes up the routes that had not ended.
  absl::Status Recover();
  // RESOURCE_EXHAUSTED: too many work. FAILED_PRECONDITION: it cannot be placed, or repeats another. What `waits` says
  // is answered before anything is kept.
  absl::Status Execute(const execution::v1::ExecuteRouteRequest& request, execution::v1::ExecuteRouteResponse* response,
                       const Waits& waits = nullptr);
  // Stored: nothing is sent or planned any more, what works is cancelled. As it ended, of one that has. NOT_FOUND.
  absl::StatusOr<execution::v1::Route> Cancel(const std::string& request_id, const std::string& actor);
  // NOT_FOUND.
  absl::StatusOr<execution::v1::Route> Get(const std::string& request_id);
  // Of those that work, what is known now stands in for what is stored.
  absl::StatusOr<std::vector<execution::v1::Route>> Read(const RouteStore::Range& range);
  // Looks after what has not ended, a part of it a turn. True: more is due now. After each route `interrupted` may say
  // that something else comes first.
  bool Work(const std::function<bool()>& interrupted = nullptr);
  [[nodiscard]] bool has_work() const { return !open_.empty(); }

 private:
  using Route = execution::v1::Route;
  using Open = std::map<std::string, Route>;
  // Monotonic, when it is looked at and planned again at the earliest.
  struct Due {
    std::int64_t look_ns = 0;
    std::int64_t plan_ns = 0;
  };

  // The row of it, new or of before.
  absl::StatusOr<Route> Kept(const execution::v1::ExecuteRouteRequest& request, const Waits& waits, bool* replayed);
  absl::StatusOr<Route> Make(const execution::v1::ExecuteRouteRequest& request, const Waits& waits);
  absl::Status LookForRepeat(const execution::v1::ExecuteRouteRequest& request);
  Open::iterator Drop(Open::iterator at);
  // One step of a route; false: nothing changed.
  bool Step(Route& route);
  void StepLeg(const Route& route, execution::v1::ExecutedLeg& leg);
  void Send(const Route& route, execution::v1::ExecutedLeg& leg);
  void Look(const Route& route, execution::v1::ExecutedLeg& leg);
  void AskCancel(const Route& route, execution::v1::ExecutedLeg& leg);
  // Why an account may be sent nothing now, for people; empty: it may. Not OK: it is not known now.
  absl::StatusOr<std::string> HeldNow(const Route& route, const std::string& account);
  // The same of all that the newest plan went to, and whether somebody has asked for a cancel of one of its legs.
  absl::StatusOr<std::string> StoppedBySomebody(const Route& route);
  // False: there is nothing to plan again, or nothing came of it.
  bool Replan(Route& route, Decimal left);
  void End(Route& route, bool filled, std::string note);
  // A step and its row; what is not stored is done again.
  void Advance(Route& route);
  void Alert(const Route& route);
  [[nodiscard]] bool InTime(const Route& route) const;

  Ports ports_;
  // By request id; as they are stored.
  Open open_;
  std::map<std::string, Due> due_;
  // Requests of legs that this process has stored and not sent yet: the next answer is the first one's.
  std::set<std::string> unsent_;
  // The route that was looked at last, how many are still to be in this round, and the questions of this turn.
  std::string last_;
  std::size_t round_left_ = 0;
  int questions_ = 0;

  RouteFigures figures_;
};

}  // namespace ballast
