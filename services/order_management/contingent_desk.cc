#include "services/order_management/contingent_desk.h"

#include <algorithm>

#include "libs/broker/capabilities.h"
#include "libs/orders/reduce_only.h"

namespace ballast {
namespace {

Rejection Contingent(const std::string& list_id, const std::string& why) {
  return {.reason = RejectReason::kContingent, .check = "contingent", .observed = list_id, .message = why};
}

// What of it would be left of `quantity` after reduce-only orders are trimmed.
Decimal AfterTrims(const orders::Account& account, const Order& order, Decimal quantity) {
  std::map<OrderId, Order> orders = account.working();
  Order& grown = orders[order.order_id];
  grown.quantity = quantity;
  grown.leaves_quantity = quantity - grown.cumulative_quantity;
  for (const orders::Trim& trim : orders::TrimsFor(account.books(), orders, account.snapshot().halted)) {
    if (trim.order_id == order.order_id) return trim.quantity;
  }
  return quantity;
}

}  // namespace

void ContingentDesk::Recover() {
  for (const auto& [id, account] : floor_.accounts.all()) {
    for (const auto& [order_id, order] : account.working()) {
      if (!order.list) continue;
      Key key{id, order.list->list_id};
      lists_[key] = order.list->size;
      due_.insert(key);
    }
  }
}

void ContingentDesk::See(const OrderEvent& event) {
  if (!event.order || !event.order->list) return;
  const Order& order = *event.order;
  Key key{event.account_id, order.list->list_id};
  lists_[key] = order.list->size;
  due_.insert(std::move(key));
  if (event.type == OrderEventType::kReplaceRejected) {
    if (auto asked = asked_.find(order.order_id); asked != asked_.end()) refused_[order.order_id] = asked->second;
  }
  if (!IsTerminal(order.status)) return;
  asked_.erase(order.order_id);
  refused_.erase(order.order_id);
}

void ContingentDesk::OnBrokerReady() {
  for (const auto& [key, size] : lists_) due_.insert(key);
}

void ContingentDesk::Work() {
  std::set<Key> again;
  for (const Key& key : std::exchange(due_, {})) {
    if (!Judge(key)) again.insert(key);
  }
  due_.merge(again);
}

bool ContingentDesk::Load(orders::Account& account, const std::string& list_id, std::vector<Order>* list) {
  const std::uint32_t size = lists_.at({account.snapshot().id, list_id});
  for (std::uint32_t index = 1; index <= size + 1; ++index) {
    absl::StatusOr<const Order*> order =
        floor_.accounts.LoadOrder(account, orders::ListOrderId(account.snapshot().id, list_id, index));
    if (!order.ok()) return false;
    // The copy stays what it is while others change.
    list->push_back(*order == nullptr ? Order() : **order);
  }
  return true;
}

bool ContingentDesk::Judge(const Key& key) {
  orders::Account* account = floor_.accounts.Find(key.first);
  std::vector<Order> list;
  if (account == nullptr || !Load(*account, key.second, &list)) return false;
  std::vector<const Order*> orders;
  bool any_live = false;
  for (const Order& order : list) {
    bool there = !order.order_id.empty();
    orders.push_back(there ? &order : nullptr);
    any_live = any_live || (there && !IsTerminal(order.status));
  }
  orders::ListVerdict verdict = orders::Judge(orders);
  bool done = true;
  for (const orders::ListAction& action : verdict.actions) done = Act(*account, list, action) && done;
  if (verdict.race && raced_.insert(key).second) Race(*account, list, *verdict.race);
  if (!any_live && done) {
    lists_.erase(key);
    raced_.erase(key);
  }
  return done;
}

bool ContingentDesk::Act(orders::Account& account, const std::vector<Order>& list, const orders::ListAction& action) {
  const Order& order =
      *std::find_if(list.begin(), list.end(), [&](const Order& each) { return each.order_id == action.order_id; });
  switch (action.kind) {
    case orders::ListAction::Kind::kRelease:
      return Release(account, list.front(), order, action);
    case orders::ListAction::Kind::kResize:
      return Resize(account, order, action);
    case orders::ListAction::Kind::kCancel:
      Cancel(account, order, action.why);
      return true;
    case orders::ListAction::Kind::kFlatten:
      Flatten(order, action.quantity, action.why);
      return true;
  }
  return true;
}

// What can only reduce what its parent has brought was looked at with its list, and protection waits for nobody.
// Anything else is an order like a new one.
bool ContingentDesk::Release(orders::Account& account, const Order& parent, const Order& child,
                             const orders::ListAction& action) {
  if (orders::FollowsFills(parent, child)) return held_.Release(account, child.order_id, action.quantity);
  held_.ReleaseIfRiskApproves(account, child.order_id, action.quantity);
  // It waits for its answer, and where nobody answers it is asked again.
  const Order* now = account.Find(child.order_id);
  return now->status != OrderStatus::kHeld || now->hold != HoldReason::kParent;
}

bool ContingentDesk::Resize(orders::Account& account, const Order& order, const orders::ListAction& action) {
  if (order.status == OrderStatus::kHeld) {
    Decimal quantity = action.quantity > order.quantity && order.reduce_only
                           ? AfterTrims(account, order, action.quantity)
                           : action.quantity;
    if (quantity != order.quantity && quantity.IsPositive())
      floor_.writer.Keep(account.HoldOn(order.order_id, order.hold, quantity, floor_.clock.Now()));
    return true;
  }
  if (!broker_.ready()) return false;
  if (action.quantity > order.quantity) {
    Grow(account, order, action);
    return true;
  }
  floor_.writer.After([this, order, action] {
    broker_.SendReduce(order, action.quantity, Contingent(order.list->list_id, action.why));
  });
  return true;
}

void ContingentDesk::Grow(orders::Account& account, const Order& order, const orders::ListAction& action) {
  Decimal quantity = order.reduce_only ? AfterTrims(account, order, action.quantity) : action.quantity;
  if (quantity <= order.quantity) return;  // the position is smaller than what the list has brought
  const Key key{order.account_id, order.list->list_id};
  auto refused = refused_.find(order.order_id);
  bool cannot = !broker::CapabilitiesOf(floor_.accounts.BrokerOf(order.account_id)).replace;
  if (cannot || (refused != refused_.end() && refused->second == quantity)) {
    // What it leaves open is nobody's any more: a person has to look.
    if (raced_.insert(key).second) {
      const std::string why = "order " + order.order_id.value() + " of list " + order.list->list_id +
                              " cannot be made as large as what it is to take out, " + quantity.ToString();
      floor_.log.Critical("orders.list_unprotected", {{"account", order.account_id.value()}, {"why", why}});
      floor_.writer.Keep(account.Halt(why, "system", floor_.clock.Now()));
    }
    return;
  }
  asked_[order.order_id] = quantity;
  floor_.writer.Keep(account.RequestReplace(order.order_id,
                                            {.quantity = quantity, .request_id = "list:" + order.list->list_id},
                                            "system", floor_.clock.Now()));
  floor_.writer.After([this, account = &account, id = order.order_id] {
    if (const Order* asked = account->Find(id)) broker_.SendReplace(*asked);
  });
}

void ContingentDesk::Cancel(orders::Account& account, const Order& order, const std::string& why) {
  UtcTime now = floor_.clock.Now();
  if (order.status == OrderStatus::kHeld) {
    floor_.writer.Keep(account.CancelUnsent(order.order_id, now, Contingent(order.list->list_id, why)));
    return;
  }
  floor_.writer.Keep(account.RequestCancel(order.order_id, "system", now));
  floor_.writer.After([this, account = &account, id = order.order_id] {
    const Order* cancelled = account->Find(id);
    if (cancelled != nullptr && cancelled->cancel_requested) broker_.SendCancel(*cancelled);
  });
}

void ContingentDesk::Flatten(const Order& entry, Decimal quantity, const std::string& why) {
  Order order;
  order.account_id = entry.account_id;
  order.deployment_id = entry.deployment_id;
  order.symbol = entry.symbol;
  order.side = Opposite(entry.side);
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = quantity;
  order.reduce_only = true;
  order.reason = "list_repair";
  order.list = entry.list;
  order.list->index = entry.list->size + 1;
  order.request_id = RequestId(orders::ListRequestId(entry.list->list_id, order.list->index));
  order.order_id = orders::ListOrderId(entry.account_id, entry.list->list_id, order.list->index);
  floor_.log.Critical("orders.list_flattened", {{"account", entry.account_id.value()},
                                                {"list", entry.list->list_id},
                                                {"quantity", quantity.ToString()},
                                                {"why", why}});
  orders_.Place(std::move(order), "system", {.name = "list_repair", .after = quantity.ToString(), .passed = true});
}

void ContingentDesk::Race(orders::Account& account, const std::vector<Order>& list, const orders::ListRace& race) {
  floor_.log.Critical("orders.list_race", {{"account", account.snapshot().id.value()}, {"why", race.message}});
  if (race.kind == orders::ListRace::Kind::kProtectionRefused) {
    Cancel(account, list.front(), "the stop of the bracket was refused");
    if (list.back().order_id.empty()) Flatten(list.front(), race.quantity, race.message);
  }
  floor_.writer.Keep(account.Halt(race.message, "system", floor_.clock.Now()));
}

}  // namespace ballast
