#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "libs/base/lookup_map.h"
#include "libs/broker/execution.h"
#include "libs/matching/book.h"
#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast::paper {

// The venue's own ledger, kept apart from the suite's books: what reconciliation compares against.
struct Ledger {
  AccountId account_id;
  std::string currency;
  Decimal cash;
  std::map<Symbol, Decimal> positions;
  std::uint64_t execution_sequence = 0;
  // The newest number that an id was made of: never given again, also where nobody was told.
  std::uint64_t id_number = 0;
  // How many trades it has made; the newest one's number.
  std::uint64_t trades = 0;

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

// A trade in the venue's own record, which is kept apart from what is told of it.
struct NumberedTrade {
  // From 1 in each account.
  std::uint64_t number = 0;
  broker::Execution execution;
};

// What changed since the last TakeChanges: to be made durable before any execution is told.
struct Changes {
  std::vector<broker::Execution> executions;
  std::vector<NumberedTrade> trades;
  std::set<OrderId> orders;
  std::set<AccountId> accounts;
  [[nodiscard]] bool empty() const {
    return executions.empty() && trades.empty() && orders.empty() && accounts.empty();
  }
};

// How one of the paper venues shows the market to its accounts, and what it takes for a trade. The default is the
// market as it is.
struct Face {
  // Those of the same name trade against the same book.
  std::string venue = {};
  // Each side is quoted so many of the instrument's ticks worse than the market's.
  int ticks_worse = 0;
  // Of the market's sizes, and of the instrument's fees.
  Decimal size_factor = Decimal::FromInt(1);
  Decimal fee_factor = Decimal::FromInt(1);
  // Beside what the venue takes of every order from being told NEW to being on the book.
  Duration extra_latency = {};
};

// What the venue knows of an order beyond the order itself.
struct VenueState {
  // Market time; orders are worked by it, then by id.
  UtcTime arrival;
  // Told NEW, but still on its way to the book.
  bool waiting = false;
  // Its stop was reached.
  bool triggered = false;
  // Of a resting limit order: the size that was quoted at its price before it and has not traded. None while its price
  // was never the best one.
  std::optional<Decimal> queue_ahead;
  // Of a limit order: the market has been beyond its price since the market opened, so that it is the market that comes
  // to the order. Until then the order takes what the market offers.
  bool rests = false;

  friend bool operator==(const VenueState&, const VenueState&) = default;
};

// The simulated venue: fills against the quoted book with depth. Market and marketable limit orders walk the levels as
// takers, at the market's prices: also at an open, and also the rest of an order that was larger than the book. An
// order that the market was beyond rests, and trades as maker at its price when the other side reaches it, so much at a
// time as it shows. Stops and take-profits trigger on the quote they would trade against, or on the last price, and
// then act as market or limit orders. A post-only order never takes: it is refused if it would as it arrives. Orders of
// the opening trade on the session's first quote and those of the close in its last minute, or not at all. What is cut
// off says why. DAY orders expire at the end of the session or day they came in or before, whatever is quoted then, and
// GTD orders at their time. A quote that cannot be used, is stale or from outside the session trades with nobody. Pure:
// time comes with each call and is market time.
class PaperBroker {
 public:
  struct Options {
    int depth = 5;
    // Refused when equity would not cover gross exposure / leverage after the order.
    Decimal leverage_max = Decimal::FromInt(4);
    // From being told NEW to being on the book. Cancels take none.
    Duration latency;
    // A taker's price is so many ticks worse than the book's, but never worse than its limit.
    int slippage_ticks = 0;
    // A resting order waits for what was quoted at its price before it, unless the price moves through.
    bool queue = false;
    // In a halt no order is taken; without it those that may wait are taken and wait for the resume.
    bool refuses_in_halts = false;
  };
  PaperBroker(std::vector<Instrument> instruments, Options options);

  // Idempotent. One without a currency stands for an account nobody has opened, and is opened by the next call.
  void OpenAccount(const AccountId& id, const std::string& currency, Decimal cash);
  // Of the account's orders from now on; before it has any.
  void SetFace(const AccountId& id, Face face);
  // Idempotent by order id: a known order changes nothing.
  void Submit(const Order& order, UtcTime now);
  // `why` is told with it where it was not the order's owner who asked.
  void Cancel(const AccountId& account, const OrderId& id, UtcTime now, std::optional<Rejection> why);
  // Makes the order's quantity smaller; `why` is told with it. At or below what has traded already, it ends.
  void Reduce(const AccountId& account, const OrderId& id, Decimal quantity, const Rejection& why, UtcTime now);
  // Other terms for an order; told as REPLACED or REPLACE_REJECTED, once for each number. A quantity below what has
  // traded is that much. Another price or a larger quantity queues anew.
  void Replace(const AccountId& account, const OrderId& id, const Replacement& terms, UtcTime now);
  // A refusal by the gateway's own checks, told like the venue's.
  void Reject(const Order& order, const Rejection& rejection, UtcTime now);
  // What nobody traded: a deposit, a correction, somebody's mistake. The account must be open.
  void Adjust(const AccountId& account, Decimal cash, const Symbol& symbol, Decimal quantity);
  // A trade that a venue elsewhere has told, in the account's record of trades under its next number. Moves nothing.
  void Record(const AccountId& account, broker::Execution execution);
  // Of an open order that was made elsewhere: how it is treated from now on. False: there is none such.
  bool Treat(const AccountId& account, const OrderId& id, const External& external, const DeploymentId& deployment);
  // A trade as it was made, and what it is from now on. The account must be open.
  struct Amendment {
    broker::Execution former;
    Decimal quantity;
    Decimal price;
    // It never was; the two above do not count.
    bool busted = false;
    // It is in the record, and not told.
    bool unheard = false;
    // The record alone has other numbers, and says nothing of another version: cash and positions stay.
    bool silent = false;
  };
  void Amend(const Amendment& amendment, UtcTime now);
  void OnQuote(const Quote& quote, UtcTime now);
  // Works the orders whose latency is over against the present quotes, after those whose day ended before `now`.
  void OnTime(UtcTime now);
  // Expires the orders whose day or date ends at or before `until`: to be called when the quotes of that time are
  // known.
  void Expire(UtcTime until);
  // When the first waiting order is due or a day is over.
  [[nodiscard]] std::optional<UtcTime> NextDue() const;
  Changes TakeChanges();
  [[nodiscard]] bool has_changes() const { return !changes_.empty(); }
  // Those of the account that can still trade, by arrival.
  [[nodiscard]] std::vector<OrderId> Working(const AccountId& account) const;
  [[nodiscard]] std::size_t working_count() const { return working_.size(); }

  // Recovery.
  // Known, and not traded against: what it could trade was traded before.
  void RestoreQuote(const Quote& quote) {
    quotes_[quote.symbol] = quote;
    looked_minute_ = -1;
  }
  void RestoreLedger(Ledger ledger);
  void RestoreOrder(Order order, VenueState state);
  // The order must be known.
  [[nodiscard]] const VenueState& StateOf(const OrderId& id) const { return states_.At(id); }

  // Keeps the newest `keep` of the closed orders and returns the others: whoever calls knows them from elsewhere.
  std::vector<Order> Forget(std::size_t keep);
  // Every order made later is known here, if it came at all.
  [[nodiscard]] UtcTime forgotten_until() const { return forgotten_until_; }
  void RestoreForgotten(UtcTime until) { forgotten_until_ = until; }
  // So much has been told: what was not to be told took no number. The account must be open.
  void SetTold(const AccountId& id, std::uint64_t execution_sequence);
  // Nothing is numbered up to here again: whoever was told already has gone so far. The account must be open.
  void GoOnAfter(const AccountId& id, std::uint64_t execution_sequence);

  [[nodiscard]] const Order* Find(const OrderId& id) const;
  // What an order of `side` would find, best first.
  [[nodiscard]] std::vector<matching::Level> Levels(const Symbol& symbol, Side side) const;
  // The same at the venue of that account, and what that venue takes.
  [[nodiscard]] std::vector<matching::Level> Levels(const Symbol& symbol, Side side, const AccountId& account) const;
  [[nodiscard]] std::optional<Instrument> TermsFor(const AccountId& account, const Symbol& symbol) const;
  // From being told NEW to being on the book there.
  [[nodiscard]] Duration LatencyOf(const AccountId& account) const;
  [[nodiscard]] const Ledger* FindLedger(const AccountId& id) const;
  // That are known, closed ones included.
  [[nodiscard]] std::size_t size() const { return orders_.size(); }
  [[nodiscard]] const std::map<AccountId, Ledger>& ledgers() const { return ledgers_; }
  [[nodiscard]] const std::map<Symbol, Quote>& quotes() const { return quotes_; }
  [[nodiscard]] const Quote* FindQuote(const Symbol& symbol) const;
  [[nodiscard]] const Instrument* FindInstrument(const Symbol& symbol) const;

 private:
  // nullptr: the market as it is.
  [[nodiscard]] const Face* FaceOf(const AccountId& account) const;
  // The quote as the order's venue shows it; where that is another one than the market's it is made in `scratch`.
  [[nodiscard]] const Quote& Shown(const Order& order, Quote& scratch) const;
  // What traded against the present quote at the order's venue.
  [[nodiscard]] Decimal& Taken(const Order& order);
  [[nodiscard]] Decimal TakenAt(const Symbol& symbol, Side side, const std::string& venue) const;
  void Tell(Order& order, broker::Execution execution, UtcTime now);
  void Arrive(Order& order, UtcTime now);
  void Work(Order& order, UtcTime now, bool arriving);
  void Take(Order& order, std::optional<Decimal> limit, UtcTime now);
  void TradeResting(Order& order, UtcTime now);
  // What is ahead of a resting order, from the present quote.
  void Queue(const Order& order);
  // Rests from now on if the market is beyond its price.
  void Rest(const Order& order);
  // Why nothing more trades with an order that does not wait, from the present quote.
  [[nodiscard]] Rejection CutOff(const Order& order) const;
  void Trade(Order& order, Decimal quantity, Decimal price, bool maker, UtcTime now);
  // What of the order may trade now: all that is left of it, and of a reduce-only order no more than the position.
  [[nodiscard]] Decimal MayTrade(const Order& order) const;
  // Ends a reduce-only order when the ledger has nothing left for it to reduce.
  void EndUnlessReducing(Order& order, UtcTime now);
  std::optional<Rejection> Refusal(const Order& order) const;
  std::optional<Rejection> Uncarried(const Order& order) const;
  std::optional<Rejection> ReplaceRefusal(const Order& order, const Order& wanted, const Replacement& terms) const;
  [[nodiscard]] bool AuctionOf(const Order& order, const Quote& quote, UtcTime now) const;
  // It is post-only and the market is at its price.
  [[nodiscard]] bool WouldTake(const Order& order) const;
  [[nodiscard]] Rejection TakesRejection(const Order& order) const;
  void End(Order& order, broker::ExecutionType type, OrderStatus status, std::optional<Rejection> why, UtcTime now);
  void Keep(const Order& order);
  void EndSessions(UtcTime now);

  Options options_;
  std::map<Symbol, Instrument> instruments_;
  std::map<Symbol, Quote> quotes_;
  std::map<AccountId, Face> faces_;
  // Quantity traded against the present quote, per symbol and side, and there per venue.
  std::map<std::pair<Symbol, Side>, std::map<std::string, Decimal>> taken_;
  std::map<AccountId, Ledger> ledgers_;
  LookupMap<OrderId, Order> orders_;
  LookupMap<OrderId, VenueState> states_;
  // Working orders by arrival.
  std::set<std::pair<UtcTime, OrderId>> working_;
  // Those of them that wait, by when they are due.
  std::set<std::pair<UtcTime, OrderId>> waiting_;
  // Closed ones as they were closed.
  std::deque<OrderId> closed_;
  UtcTime forgotten_until_;
  // Working orders that end by themselves, by when.
  std::set<std::pair<UtcTime, OrderId>> days_;
  Changes changes_;
  // Within which minute the ends of sessions were looked for; -1: not yet.
  std::int64_t looked_minute_ = -1;
};

}  // namespace ballast::paper
