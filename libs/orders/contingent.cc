#include "libs/orders/contingent.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/model/trigger.h"
#include "libs/orders/order_id.h"

namespace ballast::orders {
namespace {

using Kind = ListAction::Kind;

bool IsLive(const Order* order) { return order != nullptr && !IsTerminal(order->status); }
Decimal Filled(const Order* order) { return order == nullptr ? Decimal() : order->cumulative_quantity; }
Decimal Asked(const Order& order) {
  return order.requested_quantity.IsZero() ? order.quantity : order.requested_quantity;
}
bool WaitsForParent(const Order& order) {
  return order.status == OrderStatus::kHeld && order.hold == HoldReason::kParent;
}
// What it is told now would cross what it was told before, or meet nothing that could take it.
bool IsOnItsWay(const Order& order) {
  return order.cancel_requested || order.pending_replace || order.status == OrderStatus::kPendingNew ||
         order.status == OrderStatus::kSubmitted || order.status == OrderStatus::kUnknown;
}

class Judgement {
 public:
  explicit Judgement(const std::vector<const Order*>& orders) : orders_(orders) {
    for (const Order* order : orders) {
      if (order != nullptr && order->list) place_ = &*order->list;
    }
  }

  ListVerdict Make() {
    if (place_ == nullptr) return {};
    switch (place_->contingency) {
      case ContingencyType::kOto:
        OneTriggersOthers();
        break;
      case ContingencyType::kOco:
        OneCancelsOthers();
        break;
      case ContingencyType::kOuo:
        OneUpdatesOthers();
        break;
      case ContingencyType::kBracket:
        Bracket();
        break;
      case ContingencyType::kUnspecified:
        break;
    }
    return std::move(verdict_);
  }

 private:
  [[nodiscard]] std::size_t Size() const { return std::min<std::size_t>(place_->size, orders_.size()); }
  [[nodiscard]] const Order* Parent() const { return orders_.front(); }
  // The order that was made to take out what had no exit.
  [[nodiscard]] const Order* Repair() const { return orders_.size() > Size() ? orders_[Size()] : nullptr; }

  void Cancel(const Order* order, const char* why) {
    if (!IsLive(order) || order->cancel_requested) return;
    verdict_.actions.push_back({.kind = Kind::kCancel, .order_id = order->order_id, .why = why});
  }
  void Release(const Order& order, Decimal quantity) {
    verdict_.actions.push_back({.kind = Kind::kRelease,
                                .order_id = order.order_id,
                                .quantity = quantity,
                                .why = "the first order of its list has filled"});
  }
  void Overfilled(Decimal filled, Decimal shared) {
    verdict_.race = ListRace{.kind = ListRace::Kind::kOverfilled,
                             .quantity = filled - shared,
                             .message = "the orders of list " + place_->list_id + " traded " + filled.ToString() +
                                        " together where they shared " + shared.ToString()};
  }

  // The children of a parent that brought nothing and will not.
  void CancelHeld(const char* why) {
    for (std::size_t i = 1; i < Size(); ++i) {
      if (IsLive(orders_[i]) && WaitsForParent(*orders_[i])) Cancel(orders_[i], why);
    }
  }

  void OneTriggersOthers() {
    const Order* parent = Parent();
    bool whole = parent != nullptr && parent->status == OrderStatus::kFilled;
    for (std::size_t i = 1; i < Size(); ++i) {
      const Order* child = orders_[i];
      if (!IsLive(child)) continue;
      bool follows = parent != nullptr && FollowsFills(*parent, *child);
      if (!follows) {
        if (whole && WaitsForParent(*child)) Release(*child, Asked(*child));
      } else if (Decimal wanted = std::min(Asked(*child), Filled(parent)); wanted.IsPositive()) {
        SizeTo(*child, wanted);
      }
    }
    if (!IsLive(parent) && !whole) CancelHeld("the first order of the list ended before it had filled");
  }

  void OneCancelsOthers() {
    const Order* first = nullptr;
    for (const Order* order : orders_) {
      if (!Filled(order).IsPositive()) continue;
      // The one that filled more: the others are stopped, also when both have traded.
      if (first == nullptr || Filled(order) > Filled(first)) first = order;
    }
    if (first == nullptr) return;
    Decimal others;
    for (const Order* order : orders_) {
      if (order == first) continue;
      others += Filled(order);
      Cancel(order, "another order of the list has filled");
    }
    if (others.IsPositive()) Overfilled(Filled(first) + others, Filled(first));
  }

  void OneUpdatesOthers() {
    Decimal shared;
    for (const Order* order : orders_) {
      if (order != nullptr) shared = std::max(shared, Asked(*order));
    }
    Share(0, shared);
  }

  // The live ones from `begin` on have what is left of `shared`, each of them all of it.
  void Share(std::size_t begin, Decimal shared) {
    Decimal filled = Filled(Repair());
    for (std::size_t i = begin; i < Size(); ++i) filled += Filled(orders_[i]);
    if (filled > shared) Overfilled(filled, shared);
    Decimal left = std::max(Decimal(), shared - filled);
    for (std::size_t i = begin; i < Size(); ++i) {
      if (!IsLive(orders_[i])) continue;
      if (left.IsPositive())
        SizeTo(*orders_[i], std::min(Asked(*orders_[i]), Filled(orders_[i]) + left));
      else if (!IsLive(Parent()) || begin == 0)
        Cancel(orders_[i], "the other orders of the list have filled all of it");
    }
  }

  void SizeTo(const Order& order, Decimal wanted) {
    if (WaitsForParent(order)) {
      Release(order, wanted);
    } else if (!IsOnItsWay(order) && wanted != order.quantity && wanted > order.cumulative_quantity) {
      verdict_.actions.push_back({.kind = Kind::kResize,
                                  .order_id = order.order_id,
                                  .quantity = wanted,
                                  .why = wanted < order.quantity ? "another order of the list has filled a part"
                                                                 : "the first order of its list has filled more"});
    }
  }

  void Bracket() {
    const Order* entry = Parent();
    Decimal entered = Filled(entry);
    if (!entered.IsPositive()) {
      if (!IsLive(entry)) CancelHeld("the entry ended without a fill");
      return;
    }
    Decimal left = Filled(Repair());
    bool exited = left.IsPositive(), any_live = IsLive(Repair());
    const Order* refused = nullptr;
    bool any_stop = false;
    for (std::size_t i = 1; i < Size(); ++i) {
      left += Filled(orders_[i]);
      exited = exited || Filled(orders_[i]).IsPositive();
      any_live = any_live || IsLive(orders_[i]);
      if (orders_[i] == nullptr) continue;
      bool stop = IsStop(orders_[i]->type);
      any_stop = any_stop || (stop && IsLive(orders_[i]));
      bool no = orders_[i]->status == OrderStatus::kRejected || orders_[i]->status == OrderStatus::kNeverAccepted;
      if (stop && no) refused = orders_[i];
    }
    left = std::max(Decimal(), entered - left);
    if (exited) Cancel(entry, "an exit of the bracket has filled");
    Share(1, entered);
    if (!left.IsPositive()) return;
    // Every exit has ended after it traded, and the entry went on: nobody takes that out any more.
    if (!any_live && exited && Repair() == nullptr) {
      verdict_.actions.push_back({.kind = Kind::kFlatten,
                                  .order_id = entry->order_id,
                                  .quantity = left,
                                  .why = "the entry of the bracket filled after its exits had ended"});
    } else if (refused != nullptr && !any_stop) {
      verdict_.race =
          ListRace{.kind = ListRace::Kind::kProtectionRefused,
                   .quantity = left,
                   .message = "the stop of bracket " + place_->list_id + " was refused: " + left.ToString() +
                              " of what its entry filled is unprotected"};
    }
  }

  const std::vector<const Order*>& orders_;
  const ListPlace* place_ = nullptr;
  ListVerdict verdict_;
};

}  // namespace

bool FollowsFills(const Order& parent, const Order& child) {
  return child.reduce_only && child.symbol == parent.symbol && child.side == Opposite(parent.side) &&
         child.deployment_id == parent.deployment_id;
}

ListVerdict Judge(const std::vector<const Order*>& orders) {
  CHECK(!orders.empty(), "a list has orders");
  return Judgement(orders).Make();
}

void TellEntryItsStop(std::vector<Order>& orders) {
  if (orders.empty() || !orders.front().list || !HasParent(orders.front().list->contingency)) return;
  Order& entry = orders.front();
  Decimal covered;
  std::optional<Decimal> furthest;
  for (std::size_t i = 1; i < orders.size(); ++i) {
    const Order& exit = orders[i];
    if (!FollowsFills(entry, exit) || !IsStop(exit.type) || !exit.stop_price) continue;
    covered += exit.quantity;
    bool further =
        !furthest || (entry.side == Side::kBuy ? *exit.stop_price < *furthest : *exit.stop_price > *furthest);
    if (further) furthest = exit.stop_price;
  }
  if (covered >= entry.quantity) entry.protective_stop_price = furthest;
}

std::string ListRequestId(const std::string& list_id, std::uint32_t index) {
  return list_id + ":" + std::to_string(index);
}

OrderId ListOrderId(const AccountId& account_id, const std::string& list_id, std::uint32_t index) {
  return OrderIdFor(account_id, RequestId(ListRequestId(list_id, index)));
}

}  // namespace ballast::orders
