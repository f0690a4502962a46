#include "services/order_management/broker_desk.h"

#include <algorithm>
#include <utility>

#include "libs/broker/capabilities.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::int64_t kRepeatNs = 2'000'000'000;
// A permission to open risk is valid for so long, and given anew after so long.
constexpr std::int64_t kPermissionMs = 5'000;
constexpr std::int64_t kPermitNs = 1'000'000'000;
// Instructions in one message: far below what a message may have.
constexpr int kInstructionsMax = 500;
// Closed orders of each account: whoever names an older one waits for the store.
constexpr std::size_t kClosedInMemoryMax = 20'000;

}  // namespace

void BrokerDesk::Lose() {
  ++losses_;
  ready_ = false;
}

void BrokerDesk::OnLost() {
  ready_ = false;
  batch_.Clear();
  lost_ns_ = floor_.clock.MonotonicNanos();
}

bool BrokerDesk::Usable() const {
  return ready_ || floor_.clock.MonotonicNanos() - lost_ns_ < floor_.options.broker_grace_ms * 1'000'000;
}

bool BrokerDesk::Send(broker::v1::OrderSessionRequest request) {
  if (!ready_ || !takes_batches_) return SendNow(std::move(request));
  if (batch_.instructions_size() >= kInstructionsMax) SendBatch();
  batch_.add_instructions()->Swap(&request);
  return ready_;
}

void BrokerDesk::SendBatch() {
  if (batch_.instructions().empty()) return;
  broker::v1::OrderSessionRequest request;
  if (batch_.instructions_size() == 1)
    request.Swap(batch_.mutable_instructions(0));
  else
    request.mutable_batch()->Swap(&batch_);
  batch_.Clear();
  // Of a session that is over nothing may go to the one after it, which looks at everything by itself first.
  if (losses_ == begun_at_) SendNow(std::move(request));
}

bool BrokerDesk::SendNow(broker::v1::OrderSessionRequest request) {
  // A broken session sends it again when it is back: the gateway knows orders by their id.
  if (floor_.ports.broker(std::move(request))) return true;
  ready_ = false;
  floor_.ports.drop_broker();
  return false;
}

void BrokerDesk::OpenAccount(const orders::Account& account) {
  broker::v1::OrderSessionRequest open;
  open.mutable_open_account()->set_account_id(account.snapshot().id.value());
  open.mutable_open_account()->set_currency(account.snapshot().currency);
  wire::ToProto(account.snapshot().opening_cash, open.mutable_open_account()->mutable_opening_cash());
  open.mutable_open_account()->set_broker(floor_.accounts.BrokerOf(account.snapshot().id));
  if (!floor_.ports.broker(std::move(open))) ready_ = false;
}

void BrokerDesk::Permit() {
  if (!ready_ || !wants_permission_ || !permits_ || !permits_()) return;
  std::int64_t now = floor_.clock.MonotonicNanos();
  if (permitted_ns_ != 0 && now - permitted_ns_ < kPermitNs) return;
  permitted_ns_ = now;
  broker::v1::OrderSessionRequest request;
  wire::ToProto(floor_.clock.Now(), request.mutable_permission()->mutable_issue_time());
  request.mutable_permission()->set_valid_ms(kPermissionMs);
  Send(std::move(request));
}

void BrokerDesk::OnReady(std::map<std::string, std::uint64_t> heads, std::uint64_t losses, bool takes_batches,
                         bool wants_permission, const std::set<OrderId>& unanswered) {
  ready_ = true;
  batch_.Clear();
  takes_batches_ = takes_batches;
  begun_at_ = losses;
  wants_permission_ = wants_permission;
  permitted_ns_ = 0;
  if (losses != losses_) {
    ready_ = false;  // over already: what it told says nothing about the one after it
    return;
  }
  UtcTime now = floor_.clock.Now();
  for (auto& [id, account] : floor_.accounts.all()) {
    OpenAccount(account);
    // Every report up to the gateway's head is applied: an order without the broker's mark was never taken. If they
    // are not (one was unreadable, or the gateway lost its journal), nobody knows, and nothing is sent again.
    bool settled = account.snapshot().execution_sequence == heads[id.value()];
    if (!settled) {
      floor_.log.Critical("broker.heads_differ", {{"account", id.value()},
                                                  {"ours", std::to_string(account.snapshot().execution_sequence)},
                                                  {"theirs", std::to_string(heads[id.value()])}});
    }
    LookAgain(account, settled, unanswered, now);
  }
  DispatchPending();
  trims_.clear();
  for (const auto& [id, account] : floor_.accounts.all()) TrimReduceOnly(id);
  floor_.log.Info("broker.session_ready", {});
}

// These are released by themselves when the batch is durable.
bool BrokerDesk::ClaimedInBatch(const OrderId& id) const {
  const std::vector<OrderEvent>& batch = floor_.writer.batch();
  return std::any_of(batch.begin(), batch.end(), [&](const OrderEvent& event) {
    return event.type == OrderEventType::kSubmitted && event.order->order_id == id;
  });
}

void BrokerDesk::LookAgain(orders::Account& account, bool settled, const std::set<OrderId>& unanswered, UtcTime now) {
  std::vector<OrderId> open;
  for (const auto& [id, order] : account.working()) {
    bool ours_alone = order.status == OrderStatus::kPendingNew || order.status == OrderStatus::kHeld;
    if (!IsTerminal(order.status) && !ours_alone) open.push_back(id);
  }
  for (const OrderId& id : open) {
    const Order& order = *account.Find(id);
    // What the gateway has handed over and not heard of may be anything: it is neither ended nor sent again.
    bool untaken = settled && orders::Account::NeverTaken(order) && !unanswered.contains(id);
    if (order.cancel_requested) {
      if (untaken)
        floor_.writer.Keep(account.CancelUnsent(id, now));
      else
        SendCancel(order);
    } else if (untaken) {
      if (std::optional<Rejection> why = floor_.gate.Unsendable(account, order)) {
        floor_.writer.Keep(account.RejectUnsent(id, std::move(*why), now));
      } else if (!ClaimedInBatch(id)) {
        floor_.writer.After([this, &account, id] { Release(account, id); });
      }
    } else if (order.pending_replace) {
      SendReplace(order);
    }
  }
}

void BrokerDesk::DispatchPending() {
  if (!pending_possible_) return;
  pending_possible_ = false;
  UtcTime now = floor_.clock.Now();
  for (auto& [account_id, account] : floor_.accounts.all()) {
    std::vector<OrderId> pending;
    for (const auto& [id, order] : account.working()) {
      if (order.status == OrderStatus::kPendingNew) pending.push_back(id);
    }
    for (const OrderId& id : pending) {
      if (std::optional<Rejection> why = floor_.gate.Unsendable(account, *account.Find(id))) {
        floor_.writer.Keep(account.RejectUnsent(id, std::move(*why), now));
      } else if (!ready_) {
        pending_possible_ = true;
      } else {
        floor_.writer.Keep(account.Submit(id, now));
        floor_.writer.After([this, held = &account, id] { Release(*held, id); });
      }
    }
  }
}

void BrokerDesk::Release(orders::Account& account, const OrderId& id, std::optional<UtcTime> deadline) {
  const Order* order = account.Find(id);
  // Without a session nothing was sent: the next one's beginning looks at it.
  if (order == nullptr || !ready_ || !orders::Account::NeverTaken(*order)) return;
  if (order->cancel_requested) {
    floor_.writer.Keep(account.CancelUnsent(id, floor_.clock.Now()));
  } else if (std::optional<Rejection> why = floor_.gate.Unsendable(account, *order, deadline)) {
    floor_.writer.Keep(account.RejectUnsent(id, std::move(*why), floor_.clock.Now()));
  } else {
    SendNewOrder(*order);
  }
}

void BrokerDesk::SendNewOrder(const Order& order) {
  // A session that this thread has not begun yet gets nothing: what its gateway has taken must be settled first.
  if (!ready_) return;
  Permit();
  broker::v1::OrderSessionRequest request;
  order::v1::Order* sent = request.mutable_new_order()->mutable_order();
  if (Emulates(order))
    wire::ToProto(broker::AfterTrigger(order), sent);
  else
    wire::ToProto(order, sent);
  // The venue knows one position, the net one. Where books stand against each other, closing one of them may move the
  // net position away from zero, which a venue would not call reducing.
  orders::Account* account = floor_.accounts.Find(order.account_id);
  if (order.reduce_only && account != nullptr && account->books().Opposed(order.symbol) &&
      order.leaves_quantity > orders::Books::Room(account->books().Net(order.symbol), order.side)) {
    request.mutable_new_order()->mutable_order()->set_reduce_only(false);
  }
  Send(std::move(request));
}

void BrokerDesk::SendCancel(const Order& order) {
  if (!ready_) return;  // the session's beginning sends it
  broker::v1::OrderSessionRequest request;
  request.mutable_cancel()->set_account_id(order.account_id.value());
  request.mutable_cancel()->set_order_id(order.order_id.value());
  Send(std::move(request));
}

void BrokerDesk::SendReplace(const Order& order) {
  if (!ready_ || !order.pending_replace) return;  // the session's beginning sends it
  Permit();
  broker::v1::OrderSessionRequest request;
  request.mutable_replace()->set_account_id(order.account_id.value());
  request.mutable_replace()->set_order_id(order.order_id.value());
  wire::ToProto(*order.pending_replace, request.mutable_replace()->mutable_replacement());
  Send(std::move(request));
}

bool BrokerDesk::SendResolve(const Order& order, const std::string& broker_order_id, const std::string& actor,
                             const std::string& reason) {
  if (!ready_) return false;
  broker::v1::OrderSessionRequest request;
  broker::v1::ResolveInstruction& resolve = *request.mutable_resolve();
  resolve.set_account_id(order.account_id.value());
  resolve.set_order_id(order.order_id.value());
  resolve.set_broker_order_id(broker_order_id);
  resolve.set_actor(actor);
  resolve.set_reason(reason);
  return Send(std::move(request));
}

void BrokerDesk::SendReduce(const Order& order, Decimal quantity, const Rejection& why) {
  if (!ready_) return;
  broker::v1::OrderSessionRequest request;
  request.mutable_reduce()->set_account_id(order.account_id.value());
  request.mutable_reduce()->set_order_id(order.order_id.value());
  wire::ToProto(quantity, request.mutable_reduce()->mutable_quantity());
  wire::ToProto(why, request.mutable_reduce()->mutable_rejection());
  Send(std::move(request));
}

bool BrokerDesk::Emulates(const Order& order) const {
  const broker::Capabilities& can = broker::CapabilitiesOf(floor_.accounts.BrokerOf(order.account_id));
  return !can.order_types.contains(order.type) && broker::SupportFor(order, can).support == broker::Support::kEmulated;
}

void BrokerDesk::TrimReduceOnly(const AccountId& id) {
  orders::Account* account = floor_.accounts.Find(id);
  if (account == nullptr) return;
  for (const orders::Trim& trim : orders::TrimsFor(account->books(), account->working(), account->snapshot().halted))
    Trim(*account, trim);
}

void BrokerDesk::Trim(orders::Account& account, const orders::Trim& trim) {
  const Order& order = *account.Find(trim.order_id);
  if (order.status == OrderStatus::kHeld) {
    UtcTime now = floor_.clock.Now();
    bool ends = trim.quantity <= order.cumulative_quantity;
    floor_.writer.Keep(ends ? account.CancelUnsent(trim.order_id, now, trim.why)
                            : account.HoldOn(trim.order_id, order.hold, trim.quantity, now));
    return;
  }
  if (!ready_) return;
  auto [told, fresh] = trims_.try_emplace(trim.order_id, trim.quantity);
  if (!fresh && told->second <= trim.quantity) return;
  told->second = trim.quantity;
  floor_.writer.After([this, order, trim] { SendReduce(order, trim.quantity, trim.why); });
}

void BrokerDesk::Repeat(std::int64_t now_ns) {
  if (now_ns - last_repeat_ns_ <= kRepeatNs) return;
  bool first = last_repeat_ns_ == 0;
  last_repeat_ns_ = now_ns;
  UtcTime now = floor_.clock.Now();
  trims_.clear();
  for (auto& [account_id, account] : floor_.accounts.all()) {
    TrimReduceOnly(account_id);
    account.Forget(kClosedInMemoryMax);
    if (!ready_ || first) continue;
    for (const auto& [id, order] : account.working()) {
      if ((now - order.update_time).nanos <= kRepeatNs) continue;
      if (order.cancel_requested)
        SendCancel(order);
      else
        SendReplace(order);
    }
  }
}

}  // namespace ballast
