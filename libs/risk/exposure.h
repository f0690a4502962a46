#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/ledger/mark_board.h"
#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/risk/loss_rules.h"

namespace ballast::risk {

// What risk knows of the market: instruments and the newest quotes, with the time each arrived.
struct Market {
  std::map<Symbol, Instrument> instruments;
  std::map<Symbol, Quote> quotes;
  std::map<Symbol, std::int64_t> arrival_ns;  // monotonic
  // What positions are valued at: usable quotes only.
  ledger::MarkBoard board;

  // Nothing without a usable quote.
  [[nodiscard]] std::optional<ledger::Mark> MarkOf(const Symbol& symbol) const;
};

// What counts of an order that is under way.
struct PendingOrder {
  DeploymentId deployment_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  OrderType type = OrderType::kUnspecified;
  bool reduce_only = false;
  std::optional<Decimal> limit_price;
  // That may still trade.
  Decimal quantity;
  // The protection supervisor's: it makes room for any other exit.
  bool yields = false;
  std::optional<Decimal> stop_price = std::nullopt;
  // Where what it opens is protected.
  std::optional<Decimal> protective_stop_price = std::nullopt;
  // IOC or FOK: it never rests, and nobody meets it.
  bool immediate = false;

  bool operator==(const PendingOrder&) const = default;
};

// What an approved order was, for what is allowed in a second.
struct RecentOrder {
  std::int64_t time_ns = 0;  // monotonic
  DeploymentId deployment_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;

  [[nodiscard]] static RecentOrder Of(const Order& order, std::int64_t time_ns) {
    return {.time_ns = time_ns,
            .deployment_id = order.deployment_id,
            .symbol = order.symbol,
            .side = order.side,
            .quantity = order.quantity};
  }
  // A loop gone wild sends the same thing again; its price may follow the market.
  [[nodiscard]] bool Repeats(const Order& order, Decimal sent_quantity) const {
    return deployment_id == order.deployment_id && symbol == order.symbol && side == order.side &&
           quantity == sent_quantity;
  }
};

// Sums over the orders under way of one instrument, or of one book's: a decision does not pass by every one of them.
struct PendingSum {
  struct OfSide {
    // Of orders that give way to nobody; of reduce-only stops; of other reduce-only orders that rest; of those that
    // give way to everybody.
    Decimal firm, stops, resting, yielding;

    [[nodiscard]] Decimal all() const { return firm + stops + resting + yielding; }
    bool operator==(const OfSide&) const = default;
  };
  OfSide buys, sells;
  int orders = 0;

  [[nodiscard]] const OfSide& Of(Side side) const { return side == Side::kBuy ? buys : sells; }
  bool operator==(const PendingSum&) const = default;
};

// False: an event of this type changes nothing here, whatever it says; see Exposure::Skip.
[[nodiscard]] bool MayMatter(OrderEventType type);

// One account as risk sees it: positions and cash from fills, open orders at worst case, reservations. A reservation is
// an order that was approved and whose PENDING_NEW event has not come yet.
class Exposure {
 public:
  using BookKey = std::pair<DeploymentId, Symbol>;

  // All that the events up to one of them have made, in a form that can be kept: replaying the rest of them upon it is
  // the same as replaying all. Reservations are no events, and lapse.
  struct Snapshot {
    std::uint64_t applied_sequence = 0;
    // Of that event, to know its log again.
    UtcTime event_time;
    OrderEventType event_type = OrderEventType::kUnspecified;
    bool halted = false;
    Decimal cash;
    Decimal opening_cash;
    std::string currency;
    std::map<BookKey, Decimal> books;
    std::map<BookKey, Decimal> flows;
    std::map<DeploymentId, Decimal> closed_flows;
    std::vector<std::pair<OrderId, PendingOrder>> open_orders;
    AccountMode mode = AccountMode::kPaper;
  };
  // `with_orders`: false leaves out what is under way.
  [[nodiscard]] Snapshot TakeSnapshot(bool with_orders = true) const;
  void Restore(Snapshot snapshot);

  // Total. Events must come without a gap: false when `event` is not the next one (nothing changes then).
  bool Apply(const OrderEvent& event);
  // The next event changes nothing of what risk knows: false when it is not the next one.
  bool Skip(std::uint64_t sequence, UtcTime event_time, OrderEventType type);
  void Reserve(const Order& order, std::int64_t expire_ns);
  // `order` is what is left of an open order as it was approved to become: what that is more than what counts of it now
  // is reserved, until its next event.
  void ReserveGrowth(const Order& order, std::int64_t expire_ns);
  void Void(const OrderId& id);
  // Does not count an open order while what is to stand in its place is looked at; the same is put back afterwards.
  // Nothing: it is not open.
  [[nodiscard]] std::optional<PendingOrder> SetAside(const OrderId& id);
  void PutBack(const OrderId& id, PendingOrder order);
  // Frees what never became an order.
  void Expire(std::int64_t now_ns);

  [[nodiscard]] std::uint64_t applied_sequence() const { return applied_sequence_; }
  // Whether it is the event that was applied last.
  [[nodiscard]] bool IsNewest(std::uint64_t sequence, UtcTime event_time, OrderEventType type) const {
    return sequence == applied_sequence_ && event_time == event_time_ && type == event_type_;
  }
  [[nodiscard]] bool opened() const { return applied_sequence_ > 0; }
  [[nodiscard]] AccountMode mode() const { return mode_; }
  [[nodiscard]] bool halted() const { return halted_; }
  [[nodiscard]] Decimal cash() const { return cash_; }
  [[nodiscard]] Decimal Position(const Symbol& symbol) const;
  [[nodiscard]] Decimal BookPosition(const BookKey& key) const;
  [[nodiscard]] const std::map<Symbol, Decimal>& positions() const { return positions_; }
  [[nodiscard]] const std::map<BookKey, Decimal>& books() const { return books_; }
  // Open and reserved quantity of one side, whole account or one book.
  [[nodiscard]] Decimal Pending(const Symbol& symbol, Side side) const;
  [[nodiscard]] Decimal PendingInBook(const BookKey& key, Side side) const;
  // What a reduce-only order may take and what it shares with what is under way already.
  struct ReduceRoom {
    // Left of the account's net position, and of the order's own book.
    Decimal net;
    Decimal book;
    // A hand-made order is about the account, and its book is only what it takes first.
    [[nodiscard]] Decimal Passable(const Order& order, bool halted) const;
  };
  [[nodiscard]] ReduceRoom RoomFor(const Order& order) const;
  // Every order that still counts: working ones and reservations.
  template <typename Visit>
  void ForEachPending(Visit visit) const {
    for (const auto& [id, order] : open_) visit(order);
    for (const auto& [id, entry] : reserved_) visit(entry.order);
  }
  // The account's own limit orders that one of the other side would trade with which reaches to `price`, best first.
  struct Resting {
    OrderId order_id;
    Decimal price;
  };
  [[nodiscard]] std::vector<Resting> Crossed(const Symbol& symbol, Side side, Decimal price) const;
  // Only what has some.
  [[nodiscard]] const std::map<Symbol, PendingSum>& pending() const { return pending_; }
  [[nodiscard]] const std::map<BookKey, PendingSum>& pending_in_book() const { return pending_in_book_; }
  [[nodiscard]] std::size_t open_orders() const { return open_.size() + reserved_.size(); }
  // Nothing when a position has no price.
  [[nodiscard]] std::optional<Decimal> Equity(const Market& market) const;
  [[nodiscard]] std::optional<Decimal> EquityAt(const ledger::Marks& marks) const;
  [[nodiscard]] Decimal opening_cash() const { return opening_cash_; }
  // Money that went in (above zero) or out for a book's position since it was opened; beside what the position is worth
  // it is what was won or lost with it. Only what is held.
  [[nodiscard]] const std::map<BookKey, Decimal>& flows() const { return flows_; }
  // The same of each deployment's positions that are closed.
  [[nodiscard]] const std::map<DeploymentId, Decimal>& closed_flows() const { return closed_flows_; }

  // What losses are measured from, and the rules that were tripped: moved by the service when it marks; kept here so
  // that they travel with the account.
  ledger::DayBaseline baseline;
  LossLatches latches;
  // Of the shares of the equity that limits allow; see libs/risk/derisk.h.
  Decimal scale = Decimal::FromInt(1);
  // The last second's orders, oldest first.
  std::deque<RecentOrder> recent_orders;

 private:
  struct Reservation {
    PendingOrder order;
    std::int64_t expire_ns = 0;
  };
  // Into the sums, or (-1) out of them.
  void Count(const PendingOrder& order, int sign);
  void Close(const OrderId& id);
  // A book held `before`, and `change` and `cash` came by a fill.
  void CountFlow(const BookKey& key, Decimal before, Decimal change, Decimal cash);
  std::uint64_t applied_sequence_ = 0;
  UtcTime event_time_;
  OrderEventType event_type_ = OrderEventType::kUnspecified;
  bool halted_ = false;
  AccountMode mode_ = AccountMode::kPaper;
  Decimal cash_;
  Decimal opening_cash_;
  std::string currency_;
  std::map<Symbol, Decimal> positions_;
  std::map<BookKey, Decimal> books_;
  std::map<BookKey, Decimal> flows_;
  std::map<DeploymentId, Decimal> closed_flows_;
  std::map<OrderId, PendingOrder> open_;
  std::map<OrderId, Reservation> reserved_;
  std::set<std::pair<std::int64_t, OrderId>> expiries_;
  std::map<Symbol, PendingSum> pending_;
  std::map<BookKey, PendingSum> pending_in_book_;
};

}  // namespace ballast::risk
