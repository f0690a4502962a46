// What the reconciler does about orders and trades that were made elsewhere, and about trades of which another version
// is told.
#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/model/external.h"
#include "libs/wire/wire.h"
#include "services/positions/reconciler.h"

namespace ballast {
namespace {

position::v1::ExternalOrder ShownOf(const order::v1::Order& order) {
  position::v1::ExternalOrder shown;
  shown.set_account_id(order.account_id());
  shown.set_order_id(order.order_id());
  shown.set_symbol(order.symbol());
  shown.set_side(order.side());
  *shown.mutable_quantity() = order.quantity();
  *shown.mutable_cumulative_quantity() = order.cumulative_quantity();
  if (order.has_limit_price()) *shown.mutable_limit_price() = order.limit_price();
  const order::v1::External& external = order.external();
  bool asks = Asks(static_cast<ExternalHandling>(external.handling()));
  shown.set_handling(asks ? order::v1::EXTERNAL_HANDLING_ASK : external.handling());
  shown.set_deployment_id(order.deployment_id());
  shown.set_actor(external.actor());
  shown.set_reason(external.reason());
  shown.set_open(!IsTerminal(static_cast<OrderStatus>(order.status())));
  return shown;
}

position::v1::ExternalOrder ShownOf(const AccountId& account, const broker::v1::VenueOrder& order) {
  position::v1::ExternalOrder shown;
  shown.set_account_id(account.value());
  shown.set_order_id(order.order_id());
  shown.set_symbol(order.symbol());
  shown.set_side(order.side());
  *shown.mutable_quantity() = order.quantity();
  *shown.mutable_cumulative_quantity() = order.cumulative_quantity();
  if (order.has_limit_price()) *shown.mutable_limit_price() = order.limit_price();
  bool asks = Asks(static_cast<ExternalHandling>(order.external()));
  shown.set_handling(asks ? order::v1::EXTERNAL_HANDLING_ASK : order.external());
  shown.set_open(true);
  shown.set_unknown(true);
  return shown;
}

}  // namespace

absl::Status Reconciler::ReopenTrade(const AccountId& id, const positions::AccountBook& book, const ExecutionId& root,
                                     std::uint64_t before, Account& account) {
  if (account.match.IsOpen(root)) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<Fill> fills, ports_.fills.LoadFillsOf(id, root));
  // As all three agreed on it.
  reconciliation::TradeMatch booked;
  for (const Fill& fill : fills) {
    if (fill.sequence >= before || fill.transfer) continue;
    reconciliation::Moved moved = reconciliation::MovedBy(fill, fill.order_id, book.totals().currency);
    moved.version = fill.version;
    booked.SeeOurs(root, moved, fill.reversal);
  }
  auto found = booked.open().find(root);
  if (found != booked.open().end()) account.match.Reopen(root, *found->second.ours);
  return absl::OkStatus();
}

bool Reconciler::AdoptByPolicy(const AccountId& id, const broker::v1::VenueOrder& order, const Account& account) {
  const ExternalPolicy policy = wire::FromProto(account.policy);
  // One of ours that is on its way is no order made elsewhere; one that a person has decided on is on its way too.
  if (order.external() == order::v1::EXTERNAL_HANDLING_UNSPECIFIED) return false;
  if (!Asks(static_cast<ExternalHandling>(order.external()))) return true;
  if (Asks(policy.handling)) return false;
  broker::v1::AdoptVenueOrderRequest request;
  request.set_account_id(id.value());
  request.set_order_id(order.order_id());
  request.set_handling(static_cast<order::v1::ExternalHandling>(policy.handling));
  request.set_deployment_id(DeploymentFor(policy, Symbol(order.symbol())).value());
  request.set_actor(policy.actor);
  request.set_reason("policy: " + policy.reason.substr(0, 400));
  auto adopted = ports_.others.Adopt(request);
  if (!adopted.ok()) {
    log_.Warning("reconciliation.not_adopted",
                 {{"account", id.value()}, {"order", order.order_id()}, {"error", adopted.status().ToString()}});
  }
  return adopted.ok();
}

void Reconciler::CollectExternal(const AccountId& id, const std::vector<order::v1::Order>& ours,
                                 const broker::v1::GetVenueStatementResponse& statement, Account& account) {
  account.external.clear();
  std::set<std::string> shown;
  for (const order::v1::Order& order : ours) {
    shown.insert(order.order_id());
    if (order.has_external()) account.external.push_back(ShownOf(order));
  }
  for (const broker::v1::VenueOrder& order : statement.open_orders()) {
    bool elsewhere = order.external() != order::v1::EXTERNAL_HANDLING_UNSPECIFIED;
    if (elsewhere && shown.insert(order.order_id()).second) account.external.push_back(ShownOf(id, order));
  }
  // What has ended does not change by itself: it is read once, and when somebody decides on it.
  std::erase_if(account.ended, [&](const auto& entry) { return shown.contains(entry.first.value()); });
  for (auto each = account.state.external_orders.rbegin(); each != account.state.external_orders.rend(); ++each) {
    if (shown.contains(each->value())) continue;
    auto known = account.ended.find(*each);
    if (known == account.ended.end()) {
      auto order = ports_.others.FindOrder(*each);
      if (!order.ok()) continue;
      position::v1::ExternalOrder one = ShownOf(*order);
      if (one.open()) continue;  // the next comparison has it among those that are open
      known = account.ended.emplace(*each, std::move(one)).first;
    }
    account.external.push_back(known->second);
  }
}

bool Reconciler::DecideExternal(const position::v1::DecideExternalRequest& request,
                                std::function<void(absl::StatusOr<position::v1::DecideExternalResponse>)> done) {
  constexpr std::size_t kBytes = 1'024;
  return inbox_.Post(0, kBytes, [this, request, done = std::move(done)] {
    auto decided = DoDecide(request);
    if (decided.ok()) {
      if (auto found = accounts_.find(AccountId(request.account_id())); found != accounts_.end())
        found->second.ended.erase(OrderId(request.order_id()));
      now_wanted_ = true;
    }
    done(std::move(decided));
  });
}

// Order management first: it knows whether the word can be kept. What it does not have is taken in by the gateway's
// telling of it; of what it has the gateway is told, whose kill switch has to know what may be touched.
absl::StatusOr<position::v1::DecideExternalResponse> Reconciler::DoDecide(
    const position::v1::DecideExternalRequest& request) {
  position::v1::DecideExternalResponse response;
  order::v1::DecideExternalOrderRequest word;
  word.set_request_id(request.request_id());
  word.set_account_id(request.account_id());
  word.set_order_id(request.order_id());
  word.set_handling(request.handling());
  word.set_deployment_id(request.deployment_id());
  word.set_reason(request.reason());
  word.set_actor(request.actor());
  auto decided = ports_.others.Decide(word);
  bool in_log = decided.ok();
  if (!in_log && !absl::IsNotFound(decided.status())) return decided.status();
  if (in_log) {
    if (decided->has_order()) *response.mutable_order() = decided->order();
    response.set_replayed(decided->replayed());
    if (decided->has_rejection()) {
      *response.mutable_rejection() = decided->rejection();
      return response;
    }
    if (IsTerminal(static_cast<OrderStatus>(decided->order().status()))) return response;
  }
  broker::v1::AdoptVenueOrderRequest adopt;
  adopt.set_request_id(request.request_id());
  adopt.set_account_id(request.account_id());
  adopt.set_order_id(request.order_id());
  adopt.set_handling(request.handling());
  adopt.set_deployment_id(request.deployment_id());
  adopt.set_reason(request.reason());
  adopt.set_actor(request.actor());
  auto adopted = ports_.others.Adopt(adopt);
  if (!adopted.ok()) {
    // It has ended meanwhile.
    if (in_log && absl::IsNotFound(adopted.status())) return response;
    if (absl::IsFailedPrecondition(adopted.status())) {
      wire::ToProto(Rejection{.reason = RejectReason::kIllegalTransition,
                              .check = "external_order",
                              .observed = request.order_id(),
                              .message = "the order was made here: nothing is to be decided about it"},
                    response.mutable_rejection());
      return response;
    }
    return adopted.status();
  }
  if (in_log) return response;
  *response.mutable_order() = adopted->order();
  response.set_replayed(adopted->replayed());
  return response;
}

}  // namespace ballast
