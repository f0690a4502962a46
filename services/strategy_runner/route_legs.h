#pragma once

#include <string>

#include "absl/status/status.h"
#include "ballast/execution/v1/routing_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/base/decimal.h"
#include "services/strategy_runner/route_planner.h"

namespace ballast {

// The legs of a route: how they are sent, what becomes of them, and what that says of the rest. No question, no clock.

order::v1::SubmitOrderRequest LegRequest(const execution::v1::Route& route, const execution::v1::ExecutedLeg& leg);
// What a plan places.
Decimal PlacedBy(const execution::v1::RoutePlan& plan);
// Pending; to be stored before they are sent.
void AddLegs(const execution::v1::RoutePlan& plan, int replan, execution::v1::Route& route);
bool LegEnded(const execution::v1::ExecutedLeg& leg);
// The answer says for sure that this request made no order and never will; of an earlier one it says nothing.
bool MadeNoOrder(const absl::Status& status);
// As its order is now. One of the same id that is not what was sent is somebody else's: then the leg was never sent.
void SetLegOrder(const order::v1::Order& order, const execution::v1::Route& route, execution::v1::ExecutedLeg& leg);
void SetNeverSent(const std::string& why, execution::v1::ExecutedLeg& leg);
// What its legs have traded, summed into the route.
Decimal SumLegs(execution::v1::Route& route);
// Nothing is planned again at a worse price than somebody has said or, but for what a market moves in that time, seen.
Decimal WorstAgain(const execution::v1::Route& route);
// Where a leg's venue was away, or its account had no money, the rest does not go.
RoutePlanner::LeftOut RefusedAt(const execution::v1::Route& route);
// The first refusal that is not of that kind, for people: a limit that says no is not evaded in another account. Empty:
// there is none.
std::string RefusedForGood(const execution::v1::Route& route);

}  // namespace ballast
