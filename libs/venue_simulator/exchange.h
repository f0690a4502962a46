#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/venue_simulator/book.h"
#include "libs/venue_simulator/event.h"
#include "libs/venue_simulator/instrument.h"
#include "libs/venue_simulator/ledger.h"
#include "libs/venue_simulator/order.h"
#include "libs/venue_simulator/refusal.h"

namespace ballast::venue_simulator {

struct AccountSettings {
  // Parts of what a trade brings.
  Decimal maker_fee;
  Decimal taker_fee;
  // Fees are paid in this asset where the account has enough of it and its price is known, less the discount.
  std::string fee_asset;
  Decimal fee_discount;
  // The venue's own, which makes the market: may owe, and nobody asks for its history.
  bool house = false;
};

// Matches orders by price, then time, and books what comes of it. No venue's words; time is passed in.
// Not thread-safe. Events are in the order in which things happened.
class Exchange {
 public:
  Exchange();

  // CHECKs that the symbol is new. `last`: its price before the first trade.
  void List(Instrument instrument, Decimal last);
  AccountId Open(AccountSettings settings);
  void Deposit(AccountId account, std::string_view asset, Decimal amount, UtcTime now);
  // Nothing happens where there is no such symbol or account.
  void SetStatus(std::string_view symbol, TradingStatus status);
  void SetFees(AccountId account, AccountSettings settings);

  struct Placed {
    Refusal refusal = Refusal::kNone;
    std::int64_t id = 0;
  };
  Placed Place(OrderTerms terms, UtcTime now);
  // Whether Place would take it.
  [[nodiscard]] Refusal Check(const OrderTerms& terms) const;
  // Two orders of one symbol, side and quantity; `resting` limits or takes a profit, `stop` stops a loss.
  Placed PlaceList(OrderTerms resting, OrderTerms stop, std::string client_id, UtcTime now);
  // Cancels the whole list where the order is of one.
  Refusal Cancel(std::int64_t order, std::string_view cancel_id, UtcTime now);

  [[nodiscard]] const std::map<std::string, Instrument, std::less<>>& instruments() const { return instruments_; }
  [[nodiscard]] const Instrument* Find(std::string_view symbol) const;
  [[nodiscard]] const Book& book(std::string_view symbol) const;
  Book& book(std::string_view symbol);
  [[nodiscard]] Decimal last_price(std::string_view symbol) const;
  // The latest, oldest first; at most kPrintsMax.
  [[nodiscard]] const std::deque<Print>& prints(std::string_view symbol) const;
  static constexpr std::size_t kPrintsMax = 1000;

  // Null where there is none; valid until the next change.
  [[nodiscard]] const Order* order(std::int64_t id) const;
  // The open one of that id, else the latest.
  [[nodiscard]] const Order* OrderBy(AccountId account, std::string_view symbol, std::string_view client_id) const;
  [[nodiscard]] const OrderList* list(std::int64_t id) const;
  [[nodiscard]] const OrderList* ListBy(AccountId account, std::string_view client_id) const;
  // Ascending; empty for the house's.
  [[nodiscard]] const std::vector<std::int64_t>& orders(AccountId account) const;
  [[nodiscard]] const std::set<std::int64_t>& open_orders(AccountId account) const;
  [[nodiscard]] const std::vector<Fill>& fills(AccountId account) const;
  [[nodiscard]] const std::map<std::int64_t, OrderList>& lists() const { return lists_; }
  [[nodiscard]] std::vector<AccountId> accounts() const;
  [[nodiscard]] const AccountSettings& settings(AccountId account) const { return accounts_.at(account).settings; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }

  std::vector<Event> TakeEvents() { return std::exchange(events_, {}); }

 private:
  struct Account {
    AccountSettings settings;
    std::vector<std::int64_t> orders;
    std::set<std::int64_t> open;
    std::vector<Fill> fills;
    // Client id → order, the latest one.
    std::map<std::string, std::int64_t, std::less<>> by_client_id;
  };
  struct Market {
    Book book;
    Decimal last;
    std::deque<Print> prints;
    std::int64_t last_trade_id = 0;
    // Wait for their trigger, by age.
    std::set<std::int64_t> waiting;
  };
  // What an order without a limit would take from the book.
  struct Reach {
    Decimal quantity;
    Decimal quote;
  };

  [[nodiscard]] const Market& market(std::string_view symbol) const { return markets_.find(symbol)->second; }
  Market& market(std::string_view symbol) { return markets_.find(symbol)->second; }
  [[nodiscard]] const std::string& LockedAsset(const OrderTerms& terms) const;
  [[nodiscard]] Decimal LockNeeded(const OrderTerms& terms) const;
  [[nodiscard]] Reach Walk(const OrderTerms& terms) const;
  [[nodiscard]] Refusal CheckBounds(const OrderTerms& terms) const;
  [[nodiscard]] Refusal CheckLimit(const Instrument& instrument, const OrderTerms& terms) const;
  [[nodiscard]] Refusal CheckQuantity(const Instrument& instrument, const OrderTerms& terms) const;
  [[nodiscard]] Refusal CheckMarket(const OrderTerms& terms) const;
  [[nodiscard]] bool Crosses(const OrderTerms& terms) const;
  [[nodiscard]] bool Triggered(const Order& order, Decimal last) const;

  Order& Enter(OrderTerms terms, UtcTime now);
  void Lock(Order& order, Decimal amount);
  void Release(Order& order);
  void Work(std::int64_t id, UtcTime now);
  void Match(Order& taker, UtcTime now);
  bool MayMeet(Order& taker, Order& maker, UtcTime now);
  [[nodiscard]] Decimal Wanted(const Order& taker, Decimal price) const;
  void Trade(Order& taker, Order& maker, Decimal price, Decimal quantity, UtcTime now);
  void Settle(Order& order, Fill fill, UtcTime now);
  [[nodiscard]] Fill WithFee(Fill fill) const;
  void Rest(Order& order, UtcTime now);
  void LeaveBook(Order& order);
  void End(Order& order, OrderStatus status, ExpiryReason why, std::string_view cancel_id, UtcTime now);
  void EndOtherLeg(const Order& order, UtcTime now);
  void FinishList(std::int64_t id, UtcTime now);
  void Trigger(std::string_view symbol, UtcTime now);
  void Forget(std::int64_t id);

  void Tell(ExecutionKind kind, const Order& order, Fill fill, std::string_view cancel_id, UtcTime now);
  void TellBalances(AccountId account, const OrderTerms& terms, std::string_view also, UtcTime now);

  std::map<std::string, Instrument, std::less<>> instruments_;
  std::map<std::string, Market, std::less<>> markets_;
  std::map<AccountId, Account> accounts_;
  std::map<std::int64_t, Order> orders_;
  std::map<std::int64_t, OrderList> lists_;
  Ledger ledger_;
  std::vector<Event> events_;
  std::int64_t last_order_id_ = 0;
  std::int64_t last_list_id_ = 0;
  std::int64_t last_execution_id_ = 0;
  AccountId last_account_ = 0;
};

}  // namespace ballast::venue_simulator
