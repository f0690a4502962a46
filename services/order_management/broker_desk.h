#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/orders/reduce_only.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// The order session to the broker gateway: what is sent, and what is sent again when a session begins. The writer's
// thread only, but for ready and Lose.
class BrokerDesk {
 public:
  explicit BrokerDesk(ShardFloor& floor) : floor_(floor) {}

  // Before the first turn: from now on the grace runs.
  void Recover() { lost_ns_ = floor_.clock.MonotonicNanos(); }

  // Any thread.
  [[nodiscard]] bool ready() const { return ready_; }
  // Any thread: the session has ended. What was told on it is over.
  void Lose();
  [[nodiscard]] std::uint64_t losses() const { return losses_; }

  // A session has begun and everything up to `heads` has come before; `losses` as it was then. `takes_batches`: its
  // gateway understands several instructions in one message.
  // `wants_permission`: nothing that opens risk leaves its gateway without one. `unanswered`: what the gateway has and
  // the venue has said nothing of.
  void OnReady(std::map<std::string, std::uint64_t> heads, std::uint64_t losses, bool takes_batches,
               bool wants_permission = false, const std::set<OrderId>& unanswered = {});
  // A person's word about an order that is UNKNOWN. False: not connected.
  bool SendResolve(const Order& order, const std::string& broker_order_id, const std::string& actor,
                   const std::string& reason);
  // Whether risk may be opened now: asked before each permission is given. Before the first turn.
  void SetPermits(std::function<bool()> permits) { permits_ = std::move(permits); }
  // Gives the gateway a permission where it wants one, the last one is a second old, and risk may be opened.
  void Permit();
  void OnLost();
  // There is a session, or there was one a moment ago.
  [[nodiscard]] bool Usable() const;

  // Sends a claimed order once its claim is durable, if it may still leave by then; else ends it.
  void Release(orders::Account& account, const OrderId& id, std::optional<UtcTime> deadline = std::nullopt);
  void SendCancel(const Order& order);
  // Of the order's pending replacement.
  void SendReplace(const Order& order);
  // Makes it smaller; `quantity` is in all, with what has traded.
  void SendReduce(const Order& order, Decimal quantity, const Rejection& why);
  // Its trigger is watched here: its broker has no such order.
  [[nodiscard]] bool Emulates(const Order& order) const;
  // Together with the rest of the turn, where the gateway takes that. False: not connected any more.
  bool Send(broker::v1::OrderSessionRequest request);
  // What was to be sent together goes out.
  void SendBatch();
  // Orders that waited for the broker: sent when they still may be, ended when not.
  void DispatchPending();
  // Some order may be waiting for the broker.
  void ExpectPending() { pending_possible_ = true; }
  // Tells the broker what reduce-only orders have to give up; again on every later occasion until it has answered. What
  // waits here for its trigger gives it up at once.
  void TrimReduceOnly(const AccountId& id);
  // The broker has answered for this order.
  void ForgetTrim(const OrderId& id) { trims_.erase(id); }
  // A cancel or a replacement is repeated until the broker has answered it, a trim told again.
  void Repeat(std::int64_t now_ns);

 private:
  bool SendNow(broker::v1::OrderSessionRequest request);
  void SendNewOrder(const Order& order);
  void OpenAccount(const orders::Account& account);
  void Trim(orders::Account& account, const orders::Trim& trim);
  void LookAgain(orders::Account& account, bool settled, const std::set<OrderId>& unanswered, UtcTime now);
  [[nodiscard]] bool ClaimedInBatch(const OrderId& id) const;

  ShardFloor& floor_;
  std::atomic<bool> ready_{false};
  std::atomic<std::uint64_t> losses_{0};
  std::int64_t lost_ns_ = 0;
  // Of the session that has begun last: which one it is, and what waits to be sent on it.
  std::uint64_t begun_at_ = 0;
  bool takes_batches_ = false;
  bool wants_permission_ = false;
  std::function<bool()> permits_;
  // When the last permission of this session was given; 0: none yet.
  std::int64_t permitted_ns_ = 0;
  broker::v1::InstructionBatch batch_;
  // Spares the search when no order can be waiting.
  bool pending_possible_ = true;
  std::int64_t last_repeat_ns_ = 0;
  // Trims the broker was told of and has not answered; what is lost of it is told again.
  std::map<OrderId, Decimal> trims_;
};

}  // namespace ballast
