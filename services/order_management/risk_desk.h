#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/order_management/order_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// The session to the risk service: asks it for reservations, tells it what was committed and what will not be, and
// brings it up to the log. The writer's thread only, but for ready and Lose.
class RiskDesk {
 public:
  RiskDesk(ShardFloor& floor, Journal& journal, OrderDesk& orders)
      : floor_(floor), journal_(journal), orders_(orders) {}

  // Any thread.
  [[nodiscard]] bool ready() const { return ready_; }
  // Any thread: the session has ended.
  void Lose() { ready_ = false; }

  // A session has begun, and risk knows the logs up to `applied`.
  void OnReady(const std::map<std::string, std::uint64_t>& applied);
  void OnLost();
  void OnResults(std::vector<risk::v1::ReserveResult> results);
  // After every commit: sends risk what was committed, then what will not be, then what is asked; ends what cannot be
  // asked.
  void Tell(const EncodedEvents* committed);
  // After a turn's commits, when risk is behind: sends a part of what it has not seen. True: there is more, and it can
  // be sent now.
  bool Backfill();
  // Ends what risk has not answered in time.
  void Expire(std::int64_t now_ns);

  // What risk said of an order that is asked about for somebody else than the order desk.
  struct Answer {
    // None: approved.
    std::optional<Rejection> rejection;
    // Nobody has looked: risk is away or silent, or it is not asked any more. Says nothing of the order.
    bool unanswered = false;
    std::vector<RiskCheck> checks;
    std::string encoded_checks;
  };
  struct Terms {
    // Waits for another order or for the open: only what depends neither on the account nor on the market of now is
    // checked, against this price, or the market's, or the better of both. Nothing is reserved.
    std::optional<Decimal> anchor_price;
    bool anchor_at_market = false;
    // In the place of the open order with its id; what it grows by is reserved.
    bool replaces = false;
    // New, so that it is there for Waiting and WithdrawIf.
    bool is_new = false;
  };
  // As Ask, and the answer goes to `done`, in a turn.
  void Inquire(Order order, const Terms& terms, std::optional<UtcTime> deadline, std::function<void(Answer)> done);
  // Nobody is answered: it is not asked any more, or what was reserved for it is let go.
  void Drop(const Order& order);

  // Asks for a reservation together with the rest of the batch, once what the batch decides is durable.
  // `anchor_at_market` as in Terms: one that waits for the open.
  void Ask(Order order, std::string actor, std::optional<UtcTime> deadline, std::function<void(OrderReply)> reply,
           bool anchor_at_market = false);
  // Null: it waits for no answer.
  [[nodiscard]] const Order* Waiting(const OrderId& id) const;
  // One more who is told; only while it waits.
  void Join(const OrderId& id, std::function<void(OrderReply)> reply);
  [[nodiscard]] int CountWaiting(const AccountId& id) const;
  // Every order that waits for risk and is `meant`.
  void WithdrawIf(const std::function<bool(const Order&)>& meant, const Rejection& rejection);
  // Nobody is answered any more.
  void Abandon() { waiting_.clear(); }

 private:
  struct Question {
    Order order;
    std::string actor;
    std::int64_t deadline_ns = 0;
    // Until when whoever asked waits.
    std::optional<UtcTime> caller_deadline;
    OrderReplies replies;
    // Instead of all that.
    std::function<void(Answer)> done;
  };

  // None: it was answered, withdrawn or timed out.
  std::optional<Question> Take(std::uint64_t correlation);
  void Finish(Question question, risk::v1::ReserveResult& result);
  // Ends an order that waits; a late answer finds nothing, and risk is told to forget it.
  void Withdraw(std::uint64_t correlation, Rejection rejection);
  void DenyUnavailable(Question question, const char* why);
  risk::v1::Reserve& Put(Order order, std::optional<UtcTime> deadline, Question** question);
  // False: it was asked already.
  bool Unask(std::uint64_t correlation);
  void VoidReservation(const Order& order);
  bool SendPage(const AccountId& id, std::uint64_t* cursor);

  ShardFloor& floor_;
  Journal& journal_;
  OrderDesk& orders_;
  std::atomic<bool> ready_{false};
  std::map<std::uint64_t, Question> waiting_;
  std::map<OrderId, std::uint64_t> by_order_;
  std::uint64_t next_correlation_ = 1;
  // Until where risk has been sent the logs, while it is being brought up to their heads.
  std::optional<std::map<AccountId, std::uint64_t>> behind_;
  // What risk is told once the batch is durable: it must see every event before it is asked.
  risk::v1::SessionBatch next_;
};

}  // namespace ballast
