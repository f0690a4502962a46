#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/lookup_map.h"
#include "libs/model/order.h"
#include "libs/orders/books.h"

namespace ballast::orders {

// A broker's execution report, in our words.
struct Report {
  std::uint64_t execution_sequence = 0;
  // One of kAccepted, kFilled, kCanceled, kRejected, kExpired, kCancelRejected, kTriggered, kRestated, kUnknown,
  // kTradeCancel, kTradeCorrect, kReplaced, kReplaceRejected, kNeverAccepted, kAdopted.
  OrderEventType type = OrderEventType::kUnspecified;
  OrderId order_id;
  std::string broker_order_id;
  // kFilled; kTradeCorrect: what the trade `fill.exec_ref_id` really was; kTradeCancel: which trade never was
  // (`exec_ref_id` and `version` alone count).
  Fill fill;
  // kRestated only: the order's quantity from now on.
  Decimal quantity;
  std::optional<Rejection> rejection;
  // kReplaced and kReplaceRejected: what was asked for; of kReplaced the terms the order has now, all of them.
  std::optional<Replacement> replacement = std::nullopt;
  // kNeverAccepted only: what proves it.
  std::vector<VenueAnswer> evidence = {};
  // kAdopted only: the order as the venue has it, and how it is treated.
  std::optional<Order> adopted = std::nullopt;
};

// One account: its orders and its place in the log. Events are the only way it changes: the functions below answer with
// events that are already applied; whoever calls them makes them durable before anything leaves.
class Account {
 public:
  Account() = default;

  // The account's first event.
  std::vector<OrderEvent> Open(const AccountId& id, AccountMode mode, const std::string& currency, Decimal cash,
                               UtcTime now);
  // An approved or refused new order (`order` as ValidateSubmit left it, with ids; its create_time is when it came, now
  // if that is not known). `submit` adds SUBMITTED: the claim for sending stands in the same commit.
  std::vector<OrderEvent> Accept(Order order, const std::string& actor, std::vector<RiskCheck> checks, bool submit,
                                 UtcTime now);
  std::vector<OrderEvent> Deny(Order order, const std::string& actor, Rejection rejection,
                               std::vector<RiskCheck> checks, UtcTime now);
  // Claims an order that waited for the broker.
  std::vector<OrderEvent> Submit(const OrderId& id, UtcTime now);
  // Ends an order that the broker provably never took (NeverTaken, and whoever calls knows every report up to now):
  // refused, or as cancelled when its cancel was asked for.
  std::vector<OrderEvent> RejectUnsent(const OrderId& id, Rejection rejection, UtcTime now);
  std::vector<OrderEvent> CancelUnsent(const OrderId& id, UtcTime now, std::optional<Rejection> why = std::nullopt);
  // An approved order that waits here for what its `hold` says.
  std::vector<OrderEvent> Hold(Order order, const std::string& actor, std::vector<RiskCheck> checks, UtcTime now);
  // A held order goes on waiting: for `hold`, with that quantity.
  std::vector<OrderEvent> HoldOn(const OrderId& id, HoldReason hold, Decimal quantity, UtcTime now);
  // A held order's stop has moved; `followed` is the order as orders::Follow left it.
  std::vector<OrderEvent> Trail(const Order& followed, UtcTime now);
  // A held order goes out, with the terms `order` has; TRIGGERED says that it was its trigger it waited for. `submit`
  // as in Accept.
  std::vector<OrderEvent> ReleaseHeld(Order order, bool submit, UtcTime now);
  // A held order's day, or its date, is over.
  std::vector<OrderEvent> ExpireHeld(const OrderId& id, Rejection why, UtcTime now);
  // PENDING_REPLACE: the venue is to be told. A held order is changed at once (REPLACED). Nothing when its state does
  // not allow it. `replacement` is numbered here.
  std::vector<OrderEvent> RequestReplace(const OrderId& id, Replacement replacement, const std::string& actor,
                                         UtcTime now);
  // PENDING_CANCEL (or CANCELED when it was never sent); nothing when it is closed, already being cancelled, or left to
  // whoever made it elsewhere.
  std::vector<OrderEvent> RequestCancel(const OrderId& id, const std::string& actor, UtcTime now);
  // A report in sequence. The order must be in memory (Find). What the table does not allow is stored as
  // ILLEGAL_REPORT and halts the account. A fill is booked in every case, also one of an order that is not ours
  // (`reason` "external"), which halts the account too unless its policy says what becomes of such; but once: the same
  // execution told again, or a version of it that is not newer, changes nothing. One of an order that had ended reopens
  // it (REOPENED before it). One that closes more than one book is told as one event for each. A trade that was taken
  // back or corrected is reversed in the books it was booked in; one that is not known any more halts the account.
  std::vector<OrderEvent> ApplyReport(const Report& report, UtcTime now);
  // A report in sequence that cannot be read or used here: kept with what is known of it, and the account is halted.
  std::vector<OrderEvent> Quarantine(std::uint64_t execution_sequence, const std::string& message, UtcTime now);
  // Books of `symbol` that stand against each other are crossed at `price` until none does: a leg of an order of its
  // own in each book, taken and filled at once; no venue hears of it, and the net position stays. Nothing where none
  // does.
  struct CrossTerms {
    // What the request ids of the legs begin with.
    std::string request;
    std::string reason;
    std::string actor;
  };
  std::vector<OrderEvent> Cross(const Symbol& symbol, Decimal price, const CrossTerms& terms, UtcTime now);
  std::vector<OrderEvent> Halt(const std::string& reason, const std::string& actor, UtcTime now);
  // A fact of the account that changes nothing of it: UNPROTECTED or PROTECTED.
  std::vector<OrderEvent> Note(OrderEventType type, Rejection what, const std::string& actor, UtcTime now);
  std::vector<OrderEvent> Resume(const std::string& reason, const std::string& actor, UtcTime now);
  // What becomes of what is made elsewhere, from now on; nothing where it is so already.
  std::vector<OrderEvent> SetExternalPolicy(ExternalPolicy policy, UtcTime now);
  // How an order made elsewhere is treated, and of kAttribute whose book it is: what it has traded moves there by
  // recorded transfers, as it goes back to the book by hand when it is somebody's no more. The order must be in memory.
  std::vector<OrderEvent> DecideExternal(const OrderId& id, External decided, const DeploymentId& deployment,
                                         UtcTime now);

  // Total: puts one event's effect into the state. Recovery folds with it.
  void Apply(const OrderEvent& event);
  // Brings an order from the store into memory.
  void Load(const Order& order) { Put(order); }
  // Recovery of the figures that stand beside the orders.
  struct Snapshot {
    AccountId id;
    AccountMode mode = AccountMode::kPaper;
    std::string currency;
    Decimal opening_cash;
    std::uint64_t last_sequence = 0;
    std::uint64_t execution_sequence = 0;
    bool halted = false;
    std::string halt_reason;
    // For what is made elsewhere.
    ExternalPolicy external = {};

    friend bool operator==(const Snapshot&, const Snapshot&) = default;
  };
  void Restore(Snapshot snapshot) { snapshot_ = std::move(snapshot); }
  // The books as the fills up to an event have left them.
  struct StoredBooks {
    AccountId id;
    std::uint64_t sequence = 0;
    Books books;
  };
  // Recovery of the books, before any fill.
  void Restore(StoredBooks stored);
  // Recovery of the books: every fill after what was restored, and before that the newest kExecutionsMax, so that one
  // that is told again is known.
  void LoadFill(const Fill& fill);
  static constexpr int kExecutionsMax = 50'000;
  // So many fills are not in what was taken last that it is time to store the books again.
  [[nodiscard]] bool BooksDue() const { return fills_since_stored_ >= kFillsUnstoredMax; }
  // The books as they are now, to be stored.
  [[nodiscard]] StoredBooks TakeBooks();

  [[nodiscard]] const Order* Find(const OrderId& id) const;
  // Those that can still change.
  [[nodiscard]] const std::map<OrderId, Order>& working() const { return working_; }
  // Of which nobody knows what became, by instrument.
  [[nodiscard]] const std::map<Symbol, std::set<OrderId>>& unknown() const { return unknown_; }
  // So many of them halt the account.
  static constexpr std::size_t kUnknownMax = 3;
  [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }
  // Open, and nothing of the broker's is in it, not even that it does not know.
  [[nodiscard]] static bool NeverTaken(const Order& order);
  [[nodiscard]] const Books& books() const { return books_; }
  // Drops closed orders from memory, those that closed first, down to `keep_max` of them.
  void Forget(std::size_t keep_max);

 private:
  OrderEvent Next(OrderEventType type, UtcTime now, const std::string& actor) const;
  void Push(OrderEvent event, std::vector<OrderEvent>& events);
  void Put(const Order& order);
  void Remember(const Fill& fill);
  OrderEvent NextOf(const Report& report, const Order* order, UtcTime now) const;
  std::vector<OrderEvent> BookFill(const Report& report, const OrderId& id, UtcTime now);
  std::vector<OrderEvent> TakeBack(const Report& report, UtcTime now);
  // Kept whole, for a person. `halt`: the account takes no new orders until one has looked.
  std::vector<OrderEvent> Illegal(const Report& report, Rejection why, bool halt, UtcTime now);
  // What a report on a replacement makes of the order of its event.
  static void TakeTerms(const Report& report, Order& order);
  std::vector<OrderEvent> HaltIfOverfilled(const OrderId& id, UtcTime now);
  std::vector<OrderEvent> HaltIfTooMuchIsUnknown(UtcTime now);
  // What had ended is open again by the broker's word. Where it had been refused, or proven never to have been there,
  // the account is halted: what was believed to be certain was not. Nothing where it has not ended like that.
  // `report`: REOPENED stands for it alone; without, for what comes with it.
  std::vector<OrderEvent> Reopen(const OrderId& id, const Report* report, const std::string& why, UtcTime now);
  void NoteUnknown(const Order& order);
  // The order that a fill of nobody's knowing must have had.
  const Order* AddExternal(const Report& report, UtcTime now);
  // An order made elsewhere, with its terms, by the broker's word.
  std::vector<OrderEvent> Adopt(const Report& report, UtcTime now);
  // Everything that the order has traded goes to the book of `to`.
  void MoveTrades(const OrderId& id, const DeploymentId& to, const std::string& actor, UtcTime now,
                  std::vector<OrderEvent>& events);

  Snapshot snapshot_;
  static constexpr int kFillsUnstoredMax = 10'000;
  Books books_;
  // The event that the books were restored at; fills up to there are in them.
  std::uint64_t books_restored_ = 0;
  int fills_since_stored_ = 0;
  // Apart, so that what looks at all that can change does not pass by all that ever was. An order keeps its place in
  // memory when it goes from one to the other.
  std::map<OrderId, Order> working_;
  std::map<Symbol, std::set<OrderId>> unknown_;
  // Nobody looks at all of them.
  struct Closed {
    using Node = std::map<OrderId, Order>::node_type;
    Closed() = default;
    explicit Closed(Node taken) : node(std::move(taken)) {}
    Closed(const Closed& other) : node(Copy(other.node)) {}
    Closed(Closed&& other) noexcept = default;
    Closed& operator=(const Closed& other) {
      node = Copy(other.node);
      return *this;
    }
    Closed& operator=(Closed&& other) noexcept = default;
    ~Closed() = default;
    static Node Copy(const Node& of) {
      std::map<OrderId, Order> one;
      if (!of.empty()) one.emplace(of.key(), of.mapped());
      return one.empty() ? Node() : one.extract(one.begin());
    }

    Node node;
  };
  LookupMap<OrderId, Closed> closed_;
  // As they closed; may name some that are not in closed_ any more.
  std::deque<OrderId> closing_;
  // One execution as it is booked now, by book; nothing when it was taken back.
  struct Share {
    ExecutionId execution_id;
    DeploymentId deployment_id;
    Decimal quantity;
    Decimal price;
    Decimal fee;
    std::string fee_currency;
  };
  struct Booked {
    std::uint32_t version = 0;
    OrderId order_id;
    std::vector<Share> shares;
  };
  // The newest executions that were booked.
  LookupMap<std::string, Booked> executions_;
  std::deque<std::string> execution_order_;
};

}  // namespace ballast::orders
