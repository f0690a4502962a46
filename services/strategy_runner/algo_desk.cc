#include "services/strategy_runner/algo_desk.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/orders/order_id.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::int64_t kChildResendNs = 300'000'000;
// An open child is looked up so often, so that nothing that an event has said and that was missed is missed for long.
constexpr std::int64_t kChildLookNs = 5'000'000'000;
// No request of ours is on its way any more so long after it was last sent: its deadline is 2 s.
constexpr std::int64_t kChildSettledNs = 10'000'000'000;
constexpr std::int64_t kChildCancelNs = 2'000'000'000;

std::string OrderIdOfChild(const execution::ParentRecord& record, std::uint32_t number) {
  return orders::OrderIdFor(record.spec.account_id, RequestId(ChildRequestId(record.id, number))).value();
}

// The answer says for sure that this request made no order and never will.
bool ChildImpossible(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
         absl::IsPermissionDenied(status) || absl::IsUnimplemented(status);
}

// The largest quantity that would have passed, as the check that refused says.
std::optional<Decimal> PassableOf(const order::v1::SubmitOrderResponse* answer) {
  if (answer == nullptr) return std::nullopt;
  for (const order::v1::RiskCheck& check : answer->checks()) {
    if (check.passed()) continue;
    for (const order::v1::PassableTerm& term : check.nearest()) {
      auto value = Decimal::Parse(term.value());
      if (term.term() == "quantity" && value.ok()) return *value;
    }
  }
  return std::nullopt;
}

}  // namespace

AlgoDesk::AlgoDesk(Ports ports)
    : ports_(std::move(ports)),
      children_(ports_.metrics.GetCounter("ballast_strategy_algo_children_total", "child orders answered", {})),
      refusals_(ports_.metrics.GetCounter("ballast_strategy_algo_refusals_total", "child orders refused", {})),
      unanswered_(
          ports_.metrics.GetCounter("ballast_strategy_algo_unanswered_total", "child orders without an answer", {})) {}

void AlgoDesk::OnDurable(const std::string& parent_id, std::uint32_t number) {
  LiveAlgo* live = ports_.parents.Find(parent_id);
  if (live == nullptr) return;
  auto flight = live->flights.find(number);
  if (flight == live->flights.end()) return;
  flight->second.stage = ChildFlight::Stage::kDue;
  flight->second.since_ns = ports_.clock.MonotonicNanos();
  WorkFlight(*live, number, flight->second);
}

void AlgoDesk::Work(LiveAlgo& live, UtcTime market_time, bool looks) {
  market_time_ = market_time;
  // What is asked may be answered at once, and change what is walked over.
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, flight] : live.flights) numbers.push_back(number);
  for (std::uint32_t number : numbers) {
    auto flight = live.flights.find(number);
    if (flight != live.flights.end()) WorkFlight(live, number, flight->second);
  }
  std::int64_t now_ns = ports_.clock.MonotonicNanos();
  for (const auto& [number, child] : live.parent.record().children) {
    if (child.ended || child.unanswered()) continue;
    auto looked = live.looked_ns.find(number);
    const bool due = looked == live.looked_ns.end() || now_ns - looked->second >= kChildLookNs;
    if (due && (looks || live.to_look.contains(number))) {
      live.looked_ns[number] = now_ns;
      Look(live, number);
    }
    auto asked = live.cancel_asked_ns.find(number);
    bool again = asked == live.cancel_asked_ns.end() || now_ns - asked->second >= kChildCancelNs;
    if (child.cancel_requested && again && !child.unknown()) {
      live.cancel_asked_ns[number] = now_ns;
      AskCancel(live, number);
    }
  }
}

bool AlgoDesk::idle(const LiveAlgo& live) {
  const auto& children = live.parent.record().children;
  return live.flights.empty() && live.to_look.empty() &&
         std::none_of(children.begin(), children.end(), [](const auto& each) {
           const OrderStatus status = each.second.status;
           return !each.second.ended && (status == OrderStatus::kPendingNew || status == OrderStatus::kSubmitted ||
                                         status == OrderStatus::kPendingCancel);
         });
}

void AlgoDesk::LookAgain() {
  for (auto& [id, live] : ports_.parents.all()) {
    live.looked_ns.clear();
    live.to_look.clear();
    for (const auto& [number, child] : live.parent.record().children) {
      if (!child.ended && !child.unanswered()) live.to_look.insert(number);
    }
  }
}

void AlgoDesk::WorkFlight(LiveAlgo& live, std::uint32_t number, ChildFlight& flight) {
  if (flight.stage != ChildFlight::Stage::kDue) return;
  std::int64_t now_ns = ports_.clock.MonotonicNanos();
  if (flight.since_ns == 0) flight.since_ns = now_ns;
  if (flight.last_try_ns && now_ns - *flight.last_try_ns < kChildResendNs) return;
  bool runs = live.parent.sends();
  // Stored by this process and not sent by it, and nobody wants it any more.
  if (!runs && !flight.look_first && !flight.ever_sent) return NeverSent(live, number, std::nullopt);
  flight.last_try_ns = now_ns;
  if (flight.look_first || !runs) {
    flight.stage = ChildFlight::Stage::kAsked;
    Look(live, number);
  } else {
    Send(live, number, flight);
  }
}

void AlgoDesk::Send(LiveAlgo& live, std::uint32_t number, ChildFlight& flight) {
  flight.stage = ChildFlight::Stage::kAsked;
  flight.ever_sent = true;
  // An order that was taken may be told of later than the last request: what is awaited counts from that one.
  flight.since_ns = ports_.clock.MonotonicNanos();
  using Response = absl::StatusOr<order::v1::SubmitOrderResponse>;
  const execution::ParentRecord& record = live.parent.record();
  ports_.neighbours.Submit(ChildRequest(record, record.children.at(number)),
                           Posted<Response>(ports_.inbox, [this, id = live.id(), number](const Response& response) {
                             OnAnswer(id, number, response);
                           }));
}

void AlgoDesk::OnAnswer(const std::string& parent_id, std::uint32_t number,
                        const absl::StatusOr<order::v1::SubmitOrderResponse>& response) {
  LiveAlgo* live = ports_.parents.Find(parent_id);
  if (live == nullptr) return;
  auto flight = live->flights.find(number);
  if (response.ok()) {
    // Of one whose event was here before nobody knows any more when it was sent.
    if (flight != live->flights.end() && flight->second.last_try_ns)
      live->parent.OnLatency(number, {ports_.clock.MonotonicNanos() - *flight->second.last_try_ns});
    return OnOrder(parent_id, number, response->order(), &*response);
  }
  if (flight == live->flights.end()) return;
  ports_.log.Warning("algo.child_unanswered",
                     {{"request", ChildRequestId(parent_id, number)}, {"error", response.status().ToString()}});
  if (ChildImpossible(response.status())) {
    Rejection why{.reason = RejectReason::kMalformed, .message = MessageOf(response.status())};
    // Of a request of before that nobody has answered it says nothing.
    if (!flight->second.unclear) return NeverSent(*live, number, why);
    flight->second.refused = std::move(why);
    flight->second.look_first = true;
    flight->second.stage = ChildFlight::Stage::kDue;
    return;
  }
  unanswered_.Increment();
  flight->second.unclear = true;
  flight->second.stage = ChildFlight::Stage::kDue;
  // It is there already, with another body: as it is there it counts.
  if (absl::IsAlreadyExists(response.status())) flight->second.look_first = true;
}

void AlgoDesk::Look(LiveAlgo& live, std::uint32_t number) {
  using Found = absl::StatusOr<order::v1::Order>;
  ports_.children.GetOrder(
      OrderIdOfChild(live.parent.record(), number),
      Posted<Found>(ports_.inbox, [this, id = live.id(), number](const Found& found) { OnLooked(id, number, found); }));
}

void AlgoDesk::OnLooked(const std::string& parent_id, std::uint32_t number,
                        const absl::StatusOr<order::v1::Order>& order) {
  LiveAlgo* live = ports_.parents.Find(parent_id);
  if (live == nullptr) return;
  if (order.ok() || absl::IsNotFound(order.status())) live->to_look.erase(number);
  if (order.ok()) return OnOrder(parent_id, number, *order);
  auto flight = live->flights.find(number);
  if (flight == live->flights.end()) return;
  flight->second.stage = ChildFlight::Stage::kDue;
  if (!absl::IsNotFound(order.status())) return;
  // From here on the same request may be told again: it finds the order, or is its first.
  flight->second.look_first = false;
  flight->second.ever_sent = true;
  flight->second.unclear = true;
  const bool settled = ports_.clock.MonotonicNanos() - flight->second.since_ns >= kChildSettledNs;
  if (const std::optional<Rejection> refused = flight->second.refused) {
    // It is only looked for until none of its requests can be on its way any more.
    flight->second.look_first = true;
    if (settled) NeverSent(*live, number, refused);
    return;
  }
  bool runs = live->parent.sends();
  if (!runs && settled) NeverSent(*live, number, std::nullopt);
}

void AlgoDesk::NeverSent(LiveAlgo& live, std::uint32_t number, const std::optional<Rejection>& why) {
  live.flights.erase(number);
  if (!live.parent.OnNeverSent(number, why)) return;
  if (why) refusals_.Increment();
  ports_.log.Warning("algo.child_never_sent", {{"request", ChildRequestId(live.id(), number)},
                                               {"why", why ? why->message : "nobody wants it any more"}});
  ports_.parents.Touch(live, {number});
}

void AlgoDesk::AskCancel(LiveAlgo& live, std::uint32_t number) {
  order::v1::CancelOrderRequest request;
  request.set_request_id(ChildRequestId(live.id(), number) + "-cancel");
  request.set_order_id(OrderIdOfChild(live.parent.record(), number));
  request.set_actor("algo:" + live.id());
  using Response = absl::StatusOr<order::v1::CancelOrderResponse>;
  ++cancels_open_;
  // What became of it is what its events, or the next look, say; it is asked again until then.
  ports_.children.CancelOrder(request,
                              Posted<Response>(ports_.inbox, [this, id = live.id(), number](const Response& r) {
                                --cancels_open_;
                                if (r.ok() && r->has_order()) OnOrder(id, number, r->order());
                              }));
}

void AlgoDesk::OnOrder(const std::string& parent_id, std::uint32_t number, const order::v1::Order& proto,
                       const order::v1::SubmitOrderResponse* answer) {
  LiveAlgo* live = ports_.parents.Find(parent_id);
  if (live == nullptr) return;
  auto order = wire::FromProto(proto);
  if (!order.ok()) {
    // Not understood: nothing is built on it, and the child stays as exposed as it was.
    ports_.log.Error("algo.order_unreadable", {{"order", proto.order_id()}, {"error", order.status().ToString()}});
    auto flight = live->flights.find(number);
    if (flight != live->flights.end()) flight->second.stage = ChildFlight::Stage::kDue;
    return;
  }
  bool first = live->flights.erase(number) > 0;
  if (!live->parent.OnOrder(number, *order, PassableOf(answer), market_time_)) return;
  if (first) children_.Increment();
  const execution::ChildOrder& child = live->parent.record().children.at(number);
  if (child.ended && child.rejection && child.filled.IsZero()) {
    refusals_.Increment();
    ports_.log.Warning("algo.child_refused",
                       {{"request", ChildRequestId(parent_id, number)}, {"why", child.rejection->message}});
  }
  ports_.parents.Touch(*live, {number});
}

}  // namespace ballast
