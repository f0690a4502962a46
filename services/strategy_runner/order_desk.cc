#include "services/strategy_runner/order_desk.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/shadow.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {
namespace {

// An older signal is not traded any more.
constexpr std::int64_t kSendAgeNs = 5'000'000'000;
constexpr std::int64_t kResendNs = 300'000'000;

bool LeftTheHouse(int status) {
  return status != order::v1::ORDER_STATUS_PENDING_NEW && status != order::v1::ORDER_STATUS_SUBMITTED;
}

// The answer says for sure that there is no order.
bool DefinitelyNot(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsAlreadyExists(status) || absl::IsNotFound(status) ||
         absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status) || absl::IsUnimplemented(status);
}

}  // namespace

OrderDesk::OrderDesk(Floor& floor, GraduationDesk& graduation)
    : floor_(floor),
      graduation_(graduation),
      decisions_(floor.metrics.GetCounter("ballast_strategy_decisions_total", "decisions made", {})),
      orders_(floor.metrics.GetCounter("ballast_strategy_orders_total", "orders answered", {})),
      refusals_(floor.metrics.GetCounter("ballast_strategy_refusals_total", "orders refused, or never sent", {})),
      unanswered_(floor.metrics.GetCounter("ballast_strategy_unanswered_total", "submits without an answer", {})),
      submit_seconds_(
          floor.metrics.GetSeconds("ballast_strategy_submit_seconds", "from sending an order to its answer", {})) {}

order::v1::SubmitOrderRequest OrderDesk::RequestOf(const LiveDeployment& live,
                                                   const strategy::Decision& decision) const {
  order::v1::SubmitOrderRequest submit;
  submit.set_request_id(live.decider->RequestIdOf(decision));
  submit.set_account_id(live.row.spec.account_id());
  submit.set_deployment_id(live.row.deployment_id);
  submit.set_symbol(decision.symbol.value());
  submit.set_side(static_cast<type::v1::Side>(decision.intent->side));
  submit.set_type(type::v1::ORDER_TYPE_MARKET);
  submit.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
  wire::ToProto(decision.intent->quantity, submit.mutable_quantity());
  submit.set_reduce_only(decision.intent->reduce_only);
  if (decision.intent->protective_stop_price)
    wire::ToProto(*decision.intent->protective_stop_price, submit.mutable_protective_stop_price());
  submit.set_reason(decision.intent->reason);
  submit.set_actor("strategy:" + live.row.deployment_id);
  // The guard against equal orders measures wall time; a market that runs as fast as it can has none.
  submit.set_confirm_duplicate(floor_.market.lockstep());
  return submit;
}

StoredDecision OrderDesk::Store(LiveDeployment& live, const strategy::Decision& decision) {
  StoredDecision stored;
  ToProto(decision, live.decider->id(), &stored.decision);
  bool by_signal = !decision.intent || decision.intent->reason == "signal";
  if (by_signal) {
    ++live.row.signals;
    live.row.last_signal_time = decision.time;
    live.row.last_signal = decision.symbol.value() + " " + decision.action;
  }
  if (decision.intent) {
    ++live.row.orders;
    stored.open = true;
    stored.submit = RequestOf(live, decision);
  }
  floor_.log.Info("strategy.decision", {{"deployment", live.row.deployment_id},
                                        {"sequence", std::to_string(decision.sequence)},
                                        {"symbol", decision.symbol.value()},
                                        {"action", decision.action},
                                        {"reason", decision.reason}});
  return stored;
}

StoredDecision OrderDesk::Withhold(LiveDeployment& live, const strategy::Decision& decision) {
  strategy::Decision told = decision;
  told.intent.reset();
  StoredDecision stored = Store(live, told);
  const std::string request_id = live.decider->RequestIdOf(decision);
  std::optional<OrderEvent> filled =
      ShadowFill(decision, live.decider->id(), request_id, floor_.market.QuoteOf(decision.symbol),
                 floor_.market.InstrumentOf(decision.symbol));
  if (filled) {
    stored.decision.set_outcome("withheld, a shadow: " + decision.intent->quantity.ToString() + " at " +
                                filled->fill->price.ToString());
    (void)live.decider->OnOrderEvent(*filled, floor_.market.time());
  } else {
    stored.decision.set_outcome("withheld, a shadow: there is no quote to fill it at");
    live.decider->OnRefused(request_id, floor_.market.time());
  }
  graduation_.OnWithheld(live.row.deployment_id);
  return stored;
}

void OrderDesk::Act(LiveDeployment& live, std::vector<strategy::Decision> decisions) {
  // Before the decisions: they are stored with it.
  bool unsaved = live.decider->TakeUnsaved();
  if (decisions.empty()) {
    if (unsaved) floor_.commit.Touch(live);
    return;
  }
  std::vector<std::string> to_send;
  for (const strategy::Decision& decision : decisions) {
    const bool withheld = live.standing.withholding && decision.intent;
    StoredDecision stored = withheld ? Withhold(live, decision) : Store(live, decision);
    if (stored.submit) {
      auto price = decision.inputs.find("price");
      if (auto expected =
              price == decision.inputs.end() ? absl::StatusOr<Decimal>(Decimal()) : Decimal::Parse(price->second);
          !stored.submit->reduce_only() && expected.ok())
        graduation_.OnEntry(stored.submit->request_id(), live.row.deployment_id, stored.submit->side(), *expected);
      to_send.push_back(stored.submit->request_id());
      open_[to_send.back()] = {.deployment_id = live.row.deployment_id,
                               .decision = stored,
                               .number = ++last_number_,
                               .first_try_ns = floor_.clock.MonotonicNanos(),
                               .stage = Stage::kUnstored};
    }
    floor_.commit.Put(std::move(stored));
  }
  decisions_.Add(static_cast<double>(decisions.size()));
  live.row.decision_sequence = live.decider->last_sequence();
  floor_.commit.Touch(live);
  floor_.commit.After([this, to_send = std::move(to_send)](const absl::Status& durable) {
    if (!durable.ok()) return;  // the process is ending; what is stored is what happened
    for (const std::string& request_id : to_send) {
      if (Open* open = Find(request_id)) open->stage = Stage::kDue;
    }
    Work();
  });
}

void OrderDesk::Recover(const std::string& deployment_id, StoredDecision decision) {
  if (!decision.submit) return;
  std::string request_id = decision.submit->request_id();
  // Whether it was sent is not known. It is not sent again (its moment is over) unless the market has waited.
  open_[request_id] = {
      .deployment_id = deployment_id, .decision = std::move(decision), .number = ++last_number_, .send_allowed = false};
}

OrderDesk::Open* OrderDesk::Find(const std::string& request_id) {
  auto found = open_.find(request_id);
  return found == open_.end() ? nullptr : &found->second;
}

void OrderDesk::Work() {
  if (floor_.commit.dead()) return;
  std::vector<Open*> due;
  for (auto& [request_id, open] : open_) {
    // A market that waits gets one order after the other, so that it gets them in the same order each time.
    if (floor_.market.lockstep() && open.stage == Stage::kAsked) return;
    if (open.stage == Stage::kDue) due.push_back(&open);
  }
  std::sort(due.begin(), due.end(), [](const Open* one, const Open* other) { return one->number < other->number; });
  // Not the turn's time: storing may have taken long.
  std::int64_t now_ns = floor_.clock.MonotonicNanos();
  for (Open* open : due) {
    WorkOne(*open, now_ns);
    if (floor_.market.lockstep() && open->stage == Stage::kAsked) return;
  }
}

void OrderDesk::WorkOne(Open& open, std::int64_t now_ns) {
  if (open.last_try_ns && now_ns - *open.last_try_ns < kResendNs) return;
  // It may have stood still since the decision was stored; another may have taken over and decided since.
  bool young = open.send_allowed && now_ns - open.first_try_ns < kSendAgeNs;
  if (young || floor_.market.lockstep())
    Send(open, now_ns);
  else if (floor_.market.has_spoken())
    // Not before the market has spoken: in lockstep it has waited, and the order is sent after all.
    Withdraw(open, now_ns);
}

void OrderDesk::Send(Open& open, std::int64_t now_ns) {
  const order::v1::SubmitOrderRequest& request = *open.decision.submit;
  open.stage = Stage::kAsked;
  open.last_try_ns = now_ns;
  using Response = absl::StatusOr<order::v1::SubmitOrderResponse>;
  floor_.neighbours.Submit(
      request, Posted<Response>(floor_.inbox, [this, request_id = request.request_id()](const Response& response) {
        OnAnswer(request_id, response);
      }));
}

void OrderDesk::OnAnswer(const std::string& request_id,
                         const absl::StatusOr<order::v1::SubmitOrderResponse>& response) {
  Open* open = Find(request_id);
  // Its event was here before.
  if (open == nullptr) return orders_.Increment();
  submit_seconds_.Observe(static_cast<double>(floor_.clock.MonotonicNanos() - *open->last_try_ns) / 1e9);
  if (!response.ok() && !DefinitelyNot(response.status())) {
    unanswered_.Increment();
    floor_.log.Warning("strategy.submit_unanswered",
                       {{"request", request_id}, {"error", response.status().ToString()}});
    open->stage = Stage::kDue;
    return;
  }
  orders_.Increment();
  if (response.ok())
    Settle(request_id, response->order());
  else
    Refuse(request_id, MessageOf(response.status()));
}

// An order nobody has answered for and whose moment is over.
void OrderDesk::Withdraw(Open& open, std::int64_t now_ns) {
  const order::v1::SubmitOrderRequest& submit = *open.decision.submit;
  open.stage = Stage::kWithdrawing;
  open.last_try_ns = now_ns;
  // The cancel runs behind the submit if that is still queued; what is not listed after it does not come any more.
  floor_.neighbours.CancelAll(
      submit.account_id(), submit.deployment_id(), submit.symbol(),
      Posted<absl::Status>(floor_.inbox, [this, request_id = submit.request_id()](const absl::Status& cancelled) {
        OnCancelled(request_id, cancelled);
      }));
}

void OrderDesk::OnCancelled(const std::string& request_id, const absl::Status& cancelled) {
  Open* open = Find(request_id);
  if (open == nullptr) return;
  if (!cancelled.ok()) {
    open->stage = Stage::kDue;
    return;
  }
  using Found = absl::StatusOr<std::optional<order::v1::Order>>;
  floor_.neighbours.Find(*open->decision.submit, Posted<Found>(floor_.inbox, [this, request_id](const Found& found) {
    OnFound(request_id, found);
  }));
}

void OrderDesk::OnFound(const std::string& request_id, const absl::StatusOr<std::optional<order::v1::Order>>& found) {
  Open* open = Find(request_id);
  if (open == nullptr) return;
  if (!found.ok())
    open->stage = Stage::kDue;
  else if (found->has_value())
    Settle(request_id, **found);
  else
    Refuse(request_id, "not sent: order management did not answer in time");
}

// There is an order: the decision says so from now on.
void OrderDesk::Settle(const std::string& request_id, const order::v1::Order& order) {
  Open& open = open_.at(request_id);
  open.decision.decision.set_order_id(order.order_id());
  if (order.status() == order::v1::ORDER_STATUS_DENIED) return Refuse(request_id, order.rejection().message());
  if (!LeftTheHouse(order.status())) Await(order.order_id(), open.decision.submit->account_id());
  open.decision.open = false;
  open.decision.decision.set_outcome("accepted");
  floor_.commit.Touch(floor_.deployments.all().at(open.deployment_id));
  floor_.commit.Put(std::move(open.decision));
  open_.erase(request_id);
}

// There will be no order.
void OrderDesk::Refuse(const std::string& request_id, const std::string& why) {
  Open& open = open_.at(request_id);
  LiveDeployment& live = floor_.deployments.all().at(open.deployment_id);
  refusals_.Increment();
  live.decider->OnRefused(request_id, floor_.market.time());
  floor_.log.Warning("strategy.order_refused",
                     {{"deployment", open.deployment_id}, {"request", request_id}, {"why", why}});
  open.decision.open = false;
  open.decision.decision.set_outcome(why);
  floor_.commit.Touch(live);
  floor_.commit.Put(std::move(open.decision));
  open_.erase(request_id);
}

void OrderDesk::Await(const std::string& order_id, const std::string& account_id) {
  if (floor_.market.lockstep() && !passed_over_.contains(account_id)) awaited_[order_id] = account_id;
}

void OrderDesk::PassOver(const std::string& account_id) {
  passed_over_.insert(account_id);
  std::erase_if(awaited_, [&](const auto& awaited) { return awaited.second == account_id; });
}

void OrderDesk::OnOrder(const order::v1::Order& order) {
  graduation_.OnOrder(order);
  if (LeftTheHouse(order.status())) awaited_.erase(order.order_id());
  Open* open = Find(order.request_id());
  if (open == nullptr || open->deployment_id != order.deployment_id()) return;
  bool denied = order.status() == order::v1::ORDER_STATUS_DENIED;
  if (!LeftTheHouse(order.status())) Await(order.order_id(), order.account_id());
  // In the same transaction as the cursor: the state must not be ahead of it.
  open->decision.open = false;
  open->decision.decision.set_order_id(order.order_id());
  open->decision.decision.set_outcome(denied ? order.rejection().message() : "accepted");
  floor_.commit.Touch(floor_.deployments.all().at(open->deployment_id));
  floor_.commit.Put(std::move(open->decision));
  open_.erase(order.request_id());
}

}  // namespace ballast
