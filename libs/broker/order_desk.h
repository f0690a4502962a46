#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/lookup_map.h"
#include "libs/broker/broker.h"
#include "libs/broker/execution.h"

namespace ballast::broker {

// What would still trade of the order if it had these terms now, as an order of its own.
Order WithTerms(const Order& order, const Replacement& terms);

// One account's orders between order management and a venue session: an intent is durable before a session may send it,
// each fact of the venue becomes one execution however often and in whichever order it comes, executions are numbered
// without a gap, and what is not known is said and asked for. A machine: what it wants stored and sent is taken from
// it.
class OrderDesk {
 public:
  // How far an order has come on its way out.
  enum class Way : int {
    kIntent = 1,    // to be stored; nothing has left
    kSendable = 2,  // stored, not handed to the session yet
    kSent = 3,      // handed over, no answer
    kUnknown = 4,   // told STATUS_UNKNOWN
    kOpen = 5,      // the venue has it
    kClosed = 6,
  };
  struct Told {
    std::uint32_t version = 0;
    bool busted = false;
    Decimal quantity;
    // What it moved can be taken back only by who knows it.
    Decimal price;
    Decimal fee;
    std::string fee_currency;

    friend bool operator==(const Told&, const Told&) = default;
  };
  struct Entry {
    Order order;
    Way way = Way::kIntent;
    UtcTime sent_time;
    // While it is asked for: when next, and how often it was.
    UtcTime ask_time;
    int asked = 0;
    // Answers that count towards the proof that it was never taken, oldest first.
    std::vector<VenueAnswer> evidence;
    bool cancel_wanted = false;
    // Cancels sent that no refusal has answered: each may still be refused, also after the order has ended.
    int cancels_sent = 0;
    // The newest replacement that was answered, and the newest that this process has handed over.
    std::uint32_t replace_answered = 0;
    std::uint32_t replace_sent = 0;
    // The venue has told things of it that cannot both be true: a person has to look.
    bool contradicted = false;
    bool triggered = false;
    // By root execution id: the newest version heard.
    std::map<ExecutionId, Told> trades;
  };
  // In one transaction, before anything of it is told or sent.
  struct Batch {
    std::vector<Execution> executions;
    // Orders whose entry changed, new intents included.
    std::set<OrderId> orders;
    [[nodiscard]] bool empty() const { return executions.empty() && orders.empty(); }
  };
  struct Sends {
    std::vector<Order> submit;
    std::vector<CancelIntent> cancel;
    std::vector<ReplaceIntent> replace;
    std::vector<QueryIntent> query;
  };

  // What is stored of the orders beside the executions.
  enum class Keeping : int {
    // While it is out or asked for: all else is known from the venue's own books, which are stored here.
    kWhileOut = 0,
    // From the intent on until it is forgotten: the venue's books are elsewhere, and what ended there must be known
    // when
    // it is asked for, or told of, again.
    kUntilForgotten = 1,
  };
  OrderDesk(AccountId account_id, Capabilities capabilities, std::uint64_t execution_sequence,
            Keeping keeping = Keeping::kWhileOut)
      : account_id_(std::move(account_id)),
        capabilities_(std::move(capabilities)),
        keeping_(keeping),
        execution_sequence_(execution_sequence) {}

  struct Kept {
    Order order;
    Way way = Way::kSent;
    bool cancel_wanted = false;
    bool contradicted = false;
    std::uint32_t replace_answered = 0;
    bool triggered = false;
    // By root execution id, of kUntilForgotten: what is told again after a restart is known.
    std::map<ExecutionId, Told> trades = {};

    friend bool operator==(const Kept&, const Kept&) = default;
  };

  // After a restart, before anything else. What was handed over, or may have been, is told as unknown, asked for and
  // not sent again. A replacement without an answer is still waited for, and handed over once more when it is asked for
  // again.
  void Restore(Entry entry, UtcTime now);
  void RestoreKept(const Kept& kept, UtcTime now);

  // Idempotent by order id. It has passed the last check.
  void Take(const Order& order, UtcTime now);
  // Refused here: told, and never sent.
  void Refuse(const Order& order, const Rejection& why, UtcTime now);
  // What has not left ends here; what has is cancelled at the venue. An order that is not known changes nothing.
  void Cancel(const OrderId& id, UtcTime now);
  // Idempotent by the number of `terms`. Refused here where the venue does not have the order.
  void Replace(const OrderId& id, const Replacement& terms, UtcTime now);
  // Refused by the gateway: told, and never sent.
  void RefuseReplace(const OrderId& id, const Replacement& terms, Rejection why, UtcTime now);
  // A person's word about an order that is out: the venue has it under that id, or (empty) never took it. Nothing where
  // it is known.
  void Resolve(const OrderId& id, const std::string& broker_order_id, const std::string& who, UtcTime now);
  void Hear(const Fact& fact, UtcTime now);
  // An order made elsewhere that the venue has open is told from here on: once as ADOPTED, with its terms; of one that
  // is told already only how it is treated changes. False: it was sent from here.
  bool Adopt(const Order& order, UtcTime now);
  // A trade that was told before this process began, or of an order that is forgotten here: what comes of it is about
  // that one.
  void RecallTrade(const Order& order, const ExecutionId& root, const Told& told);
  // What has gone without an answer for too long is told as unknown.
  void OnTime(UtcTime now);
  // When OnTime or TakeSends has something to do by itself.
  [[nodiscard]] std::optional<UtcTime> NextDue() const;
  // Orders that are out: handed over and not answered, or told as unknown.
  [[nodiscard]] const std::set<OrderId>& out() const { return out_; }
  // Orders that are not closed, and those a person has to look at.
  [[nodiscard]] const std::set<OrderId>& unsettled() const { return unsettled_; }
  // Those that are out and those that have not left yet: a report will tell of each what became of it, and until then
  // nobody may take it for never sent.
  [[nodiscard]] std::vector<OrderId> Unanswered() const;
  // In the same transaction as the batches taken: what is to be kept now, where that is news (nothing: no more).
  std::map<OrderId, std::optional<Kept>> TakeKept();

  // What has to be durable next; the same is not given twice.
  Batch TakeBatch();
  // The last check, of an order that is about to leave: why it may not, if so.
  using LastWord = std::function<std::optional<Rejection>(const Order&)>;
  // All batches taken are durable: what may be sent now. A session that is not ready gets nothing. Between Take and now
  // a session may have been away, or the process stood still: what `last_word` refuses by now ends here and never
  // leaves, an order or the terms it was to have (empty: nothing is asked).
  Sends TakeSends(UtcTime now, const LastWord& last_word = {});

  [[nodiscard]] const Entry* Find(const OrderId& id) const;
  // Orders that are known, closed ones included.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t execution_sequence() const { return execution_sequence_; }
  // Nothing is numbered up to here again.
  void GoOnAfter(std::uint64_t execution_sequence) {
    execution_sequence_ = std::max(execution_sequence_, execution_sequence);
  }
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] const Capabilities& capabilities() const { return capabilities_; }
  // Drops a closed order; whoever calls knows it from elsewhere.
  void Forget(const OrderId& id);

 private:
  void On(const Ack& ack, UtcTime now);
  // One that nobody here has sent: booked all the same, as what it is.
  Entry& External(const Trade& trade);
  void On(const Trade& trade, UtcTime now);
  void On(const DefinitiveReject& reject, UtcTime now);
  void On(const Ended& ended, UtcTime now);
  void On(const Triggered& fact, UtcTime now);
  void On(const Restated& fact, UtcTime now);
  void On(const CancelReject& reject, UtcTime now);
  void On(const NotSent& fact, UtcTime now);
  void On(const OutcomeUnknown& fact, UtcTime now);
  void On(const OrderRecord& record, UtcTime now);
  void On(const NotFound& fact, UtcTime now);
  void On(const SessionState& fact, UtcTime now);
  void On(const Replaced& fact, UtcTime now);
  void On(const ReplaceReject& fact, UtcTime now);
  // Nobody knows what became of it.
  void Unknown(Entry& entry, Rejection why, UtcTime now);
  // It had ended, and the venue has it: open until the venue says how it stands.
  void Reopen(Entry& entry);
  [[nodiscard]] bool Proves(const Entry& entry) const;
  void SetWay(Entry& entry, Way way);
  // Handed over, and not answered by the venue.
  [[nodiscard]] static bool IsOut(const Entry& entry) { return entry.way == Way::kSent || entry.way == Way::kUnknown; }

  Entry* Known(const OrderId& id);
  [[nodiscard]] Kept KeptOf(const Entry& entry) const;
  // The venue has it: told NEW once, before its first trade.
  void Accept(Entry& entry, const std::string& broker_order_id, UtcTime time);
  void End(Entry& entry, ExecutionType type, OrderStatus status, std::optional<Rejection> why, UtcTime time);
  void Tell(Entry& entry, Execution execution, UtcTime time);
  // At once, or when the next question is due anyway; until Answered.
  void Ask(Entry& entry);
  void Answered(Entry& entry);
  [[nodiscard]] Duration PauseBefore(const Entry& entry) const;
  // The venue's word against itself.
  void Contradict(Entry& entry);
  void Close(Entry& entry);

  AccountId account_id_;
  Capabilities capabilities_;
  Keeping keeping_;
  std::uint64_t execution_sequence_;
  bool ready_ = false;
  LookupMap<OrderId, Entry> entries_;
  // Those of them that a session that begins is asked about: not closed, or contradicted.
  std::set<OrderId> unsettled_;
  Batch batch_;
  // Taken and not durable yet, so not to be sent.
  std::set<OrderId> storing_;
  std::set<OrderId> submit_;
  std::set<OrderId> cancel_;
  std::map<OrderId, Replacement> replace_;
  // What has to be looked at as time goes by stands apart from all there is: what is out, what is asked for, and what
  // of both is stored.
  std::set<OrderId> out_;
  std::set<OrderId> query_;
  std::map<OrderId, Kept> kept_;
  // Of kUntilForgotten, since TakeKept: told of, and forgotten.
  std::set<OrderId> told_;
  std::set<OrderId> gone_;
};

}  // namespace ballast::broker
