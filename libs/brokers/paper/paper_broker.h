#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "libs/broker/execution.h"
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

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

// What changed since the last TakeChanges: to be made durable before any execution is told.
struct Changes {
  std::vector<broker::Execution> executions;
  std::set<OrderId> orders;
  std::set<AccountId> accounts;
  [[nodiscard]] bool empty() const { return executions.empty() && orders.empty() && accounts.empty(); }
};

// The simulated venue: fills against the quoted book with depth. Market and marketable limit orders walk the levels;
// the rest of a limit order rests and trades as maker when the other side reaches its price; stops trigger on the
// quote they would trade against and then act as market or limit orders. Pure: time comes with each call.
class PaperBroker {
 public:
  struct Options {
    int depth = 5;
    // Refused when equity would not cover gross exposure / leverage after the order.
    Decimal leverage_max = Decimal::FromInt(4);
  };
  PaperBroker(std::vector<Instrument> instruments, Options options);

  // Idempotent.
  void OpenAccount(const AccountId& id, const std::string& currency, Decimal cash);
  // Idempotent by order id: a known order changes nothing.
  void Submit(const Order& order, UtcTime now);
  void Cancel(const AccountId& account, const OrderId& id, UtcTime now);
  // A refusal by the gateway's own checks, told like the venue's.
  void Reject(const Order& order, const Rejection& rejection, UtcTime now);
  void OnQuote(const Quote& quote, UtcTime now);
  Changes TakeChanges();

  // Recovery.
  // Known, and not traded against: what it could trade was traded before.
  void RestoreQuote(const Quote& quote) { quotes_[quote.symbol] = quote; }
  void RestoreLedger(Ledger ledger);
  // `triggered`: its stop was reached before.
  void RestoreOrder(Order order, bool triggered);
  [[nodiscard]] bool IsTriggered(const OrderId& id) const { return triggered_.contains(id); }

  [[nodiscard]] const Order* Find(const OrderId& id) const;
  [[nodiscard]] const Ledger* FindLedger(const AccountId& id) const;
  [[nodiscard]] const std::map<OrderId, Order>& orders() const { return orders_; }
  [[nodiscard]] const std::map<AccountId, Ledger>& ledgers() const { return ledgers_; }
  [[nodiscard]] const std::map<Symbol, Quote>& quotes() const { return quotes_; }
  [[nodiscard]] const Quote* FindQuote(const Symbol& symbol) const;
  [[nodiscard]] const Instrument* FindInstrument(const Symbol& symbol) const;

 private:
  void Tell(Order& order, broker::Execution execution, UtcTime now);
  void Work(Order& order, UtcTime now, bool arriving);
  void TradeMatches(Order& order, std::optional<Decimal> limit, bool maker, UtcTime now);
  std::optional<Rejection> Refusal(const Order& order) const;
  void End(Order& order, broker::ExecutionType type, OrderStatus status, UtcTime now);

  Options options_;
  std::map<Symbol, Instrument> instruments_;
  std::map<Symbol, Quote> quotes_;
  // Quantity traded against the present quote, per symbol and side.
  std::map<std::pair<Symbol, Side>, Decimal> taken_;
  std::map<AccountId, Ledger> ledgers_;
  std::map<OrderId, Order> orders_;
  std::set<OrderId> working_;
  std::set<OrderId> triggered_;
  Changes changes_;
};

}  // namespace ballast::paper
