#include "services/order_management/held_desk.h"

#include <utility>

namespace ballast {
namespace {

// Null: it does not wait here any more.
const Order* HeldIn(const orders::Account& account, const OrderId& id) {
  const Order* order = account.Find(id);
  return order == nullptr || order->status != OrderStatus::kHeld ? nullptr : order;
}

}  // namespace

bool HeldDesk::MayLeave(orders::Account& account, Order order) {
  UtcTime now = floor_.clock.Now();
  order.release_time = now;  // its age counts from here
  std::optional<Rejection> why = floor_.gate.Unsendable(account, order);
  if (why) floor_.writer.Keep(account.RejectUnsent(order.order_id, *std::move(why), now));
  return !why;
}

void HeldDesk::Send(orders::Account& account, Order order) {
  OrderId id = order.order_id;
  floor_.writer.Keep(account.ReleaseHeld(std::move(order), true, floor_.clock.Now()));
  floor_.writer.After([this, held = &account, id] { broker_.Release(*held, id); });
}

bool HeldDesk::Release(orders::Account& account, const OrderId& id, Decimal quantity) {
  const Order* held = HeldIn(account, id);
  if (held == nullptr) return true;
  if (!broker_.ready()) return false;
  Order order = *held;
  order.quantity = quantity;
  if (!MayLeave(account, order)) return true;
  if (broker_.Emulates(order))
    floor_.writer.Keep(account.HoldOn(id, HoldReason::kTrigger, quantity, floor_.clock.Now()));
  else
    Send(account, std::move(order));
  return true;
}

void HeldDesk::ReleaseIfRiskApproves(orders::Account& account, const OrderId& id, Decimal quantity) {
  const Order* held = HeldIn(account, id);
  if (held == nullptr || !broker_.ready() || !risk_.ready() || asked_.contains(id)) return;
  Order order = *held;
  order.quantity = quantity;
  if (!MayLeave(account, order)) return;
  order.release_time = floor_.clock.Now();
  asked_.insert(id);
  risk_.Inquire(order, {}, std::nullopt, [this, order, account = &account](const RiskDesk::Answer& answer) {
    asked_.erase(order.order_id);
    if (HeldIn(*account, order.order_id) == nullptr) {
      if (!answer.rejection) risk_.Drop(order);
    } else if (!answer.rejection) {
      if (!Release(*account, order.order_id, order.quantity)) risk_.Drop(order);
    } else if (!answer.unanswered) {
      floor_.writer.Keep(account->RejectUnsent(order.order_id, *answer.rejection, floor_.clock.Now()));
    }
  });
}

bool HeldDesk::Fire(orders::Account& account, const Order& followed) {
  if (HeldIn(account, followed.order_id) == nullptr) return true;
  if (!broker_.ready()) return false;
  if (MayLeave(account, followed)) Send(account, followed);
  return true;
}

}  // namespace ballast
