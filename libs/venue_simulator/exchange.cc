#include "libs/venue_simulator/exchange.h"

#include <algorithm>

#include "libs/base/check.h"

namespace ballast::venue_simulator {
namespace {

// Gets what is paid in fees.
constexpr AccountId kVenue = 0;

}  // namespace

Exchange::Exchange() { accounts_[kVenue].settings.house = true; }

void Exchange::List(Instrument instrument, Decimal last) {
  std::string symbol = instrument.symbol;
  CHECK(!instruments_.contains(symbol), "a symbol is listed once");
  markets_[symbol].last = last;
  instruments_.emplace(std::move(symbol), std::move(instrument));
}

AccountId Exchange::Open(AccountSettings settings) {
  accounts_[++last_account_].settings = std::move(settings);
  return last_account_;
}

void Exchange::Deposit(AccountId account, std::string_view asset, Decimal amount, UtcTime now) {
  ledger_.Deposit(account, asset, amount);
  if (!accounts_.at(account).settings.house) events_.push_back(BalancesChanged{account, {std::string(asset)}, now});
}

void Exchange::SetStatus(std::string_view symbol, TradingStatus status) {
  auto found = instruments_.find(symbol);
  if (found != instruments_.end()) found->second.status = status;
}

void Exchange::SetFees(AccountId account, AccountSettings settings) {
  auto found = accounts_.find(account);
  if (found != accounts_.end()) found->second.settings = std::move(settings);
}

const Instrument* Exchange::Find(std::string_view symbol) const {
  auto found = instruments_.find(symbol);
  return found == instruments_.end() ? nullptr : &found->second;
}

const Book& Exchange::book(std::string_view symbol) const { return market(symbol).book; }
Book& Exchange::book(std::string_view symbol) { return market(symbol).book; }
Decimal Exchange::last_price(std::string_view symbol) const { return market(symbol).last; }
const std::deque<Print>& Exchange::prints(std::string_view symbol) const { return market(symbol).prints; }

const Order* Exchange::order(std::int64_t id) const {
  auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}

const Order* Exchange::OrderBy(AccountId account, std::string_view symbol, std::string_view client_id) const {
  const Account& of = accounts_.at(account);
  auto found = of.by_client_id.find(client_id);
  if (found == of.by_client_id.end()) return nullptr;
  const Order& latest = orders_.at(found->second);
  return latest.terms.symbol == symbol ? &latest : nullptr;
}

const OrderList* Exchange::list(std::int64_t id) const {
  auto found = lists_.find(id);
  return found == lists_.end() ? nullptr : &found->second;
}

const OrderList* Exchange::ListBy(AccountId account, std::string_view client_id) const {
  for (auto it = lists_.rbegin(); it != lists_.rend(); ++it) {
    if (it->second.account == account && it->second.client_id == client_id) return &it->second;
  }
  return nullptr;
}

const std::vector<std::int64_t>& Exchange::orders(AccountId account) const { return accounts_.at(account).orders; }
const std::set<std::int64_t>& Exchange::open_orders(AccountId account) const { return accounts_.at(account).open; }
const std::vector<Fill>& Exchange::fills(AccountId account) const { return accounts_.at(account).fills; }

std::vector<AccountId> Exchange::accounts() const {
  std::vector<AccountId> ids;
  for (const auto& [id, account] : accounts_) ids.push_back(id);
  return ids;
}

const std::string& Exchange::LockedAsset(const OrderTerms& terms) const {
  const Instrument& instrument = *Find(terms.symbol);
  return terms.side == Side::kBuy ? instrument.quote : instrument.base;
}

Decimal Exchange::LockNeeded(const OrderTerms& terms) const {
  if (terms.type == OrderType::kMarket) return Decimal();
  if (terms.side == Side::kSell) return terms.quantity;
  Decimal price = HasLimit(terms.type)         ? terms.price
                  : !terms.stop_price.IsZero() ? terms.stop_price
                                               : last_price(terms.symbol);
  return Multiply(price, terms.quantity, Rounding::kUp);
}

void Exchange::Lock(Order& order, Decimal amount) {
  order.locked += amount;
  ledger_.Lock(order.terms.account, LockedAsset(order.terms), amount);
}

void Exchange::Release(Order& order) {
  if (!order.locked.IsZero()) Lock(order, -order.locked);
}

Order& Exchange::Enter(OrderTerms terms, UtcTime now) {
  std::int64_t id = ++last_order_id_;
  Order& order = orders_[id];
  order.id = id;
  order.terms = std::move(terms);
  order.created = now;
  order.updated = now;
  Account& account = accounts_.at(order.terms.account);
  account.open.insert(id);
  if (!account.settings.house) {
    account.orders.push_back(id);
    account.by_client_id[order.terms.client_id] = id;
  }
  return order;
}

Exchange::Placed Exchange::Place(OrderTerms terms, UtcTime now) {
  Refusal refusal = Check(terms);
  if (refusal != Refusal::kNone) return {refusal, 0};
  std::string symbol = terms.symbol;
  Order& order = Enter(std::move(terms), now);
  std::int64_t id = order.id;
  Lock(order, LockNeeded(order.terms));
  if (IsStop(order.terms.type)) {
    if (order.terms.trailing_delta != 0 && order.terms.stop_price.IsZero()) order.extreme = market(symbol).last;
    market(symbol).waiting.insert(id);
    Tell(ExecutionKind::kNew, order, {}, "", now);
    TellBalances(order.terms.account, order.terms, "", now);
  } else {
    Work(id, now);
    Trigger(symbol, now);
  }
  return {Refusal::kNone, id};
}

Exchange::Placed Exchange::PlaceList(OrderTerms resting, OrderTerms stop, std::string client_id, UtcTime now) {
  Refusal refusal = CheckBounds(resting);
  if (refusal == Refusal::kNone) refusal = CheckBounds(stop);
  if (refusal != Refusal::kNone) return {refusal, 0};
  Decimal last = last_price(resting.symbol);
  Decimal target = HasLimit(resting.type) ? resting.price : resting.stop_price;
  Decimal loss = stop.stop_price.IsZero() ? last : stop.stop_price;
  bool ordered = resting.side == Side::kSell ? target > last && (last > loss || stop.stop_price.IsZero())
                                             : target < last && (last < loss || stop.stop_price.IsZero());
  if (!ordered) return {Refusal::kPricesOfList, 0};
  for (const OrderTerms* terms : {&resting, &stop}) {
    refusal = CheckMarket(*terms);
    if (refusal != Refusal::kNone) return {refusal, 0};
  }
  if (resting.client_id == stop.client_id) return {Refusal::kDuplicate, 0};
  // Only one of the two can trade: what the dearer one needs is enough for both.
  Decimal needed = std::max(LockNeeded(resting), LockNeeded(stop));
  if (ledger_.Of(resting.account, LockedAsset(resting)).free < needed) return {Refusal::kBalance, 0};
  std::int64_t list_id = ++last_list_id_;
  OrderList& entry = lists_[list_id];
  entry = {list_id, resting.account, resting.symbol, std::move(client_id), 0, 0, false, now};
  Order& first = Enter(std::move(stop), now);
  Order& second = Enter(std::move(resting), now);
  first.list_id = second.list_id = list_id;
  entry.first = first.id;
  entry.second = second.id;
  Lock(second, needed);
  if (first.terms.trailing_delta != 0 && first.terms.stop_price.IsZero()) first.extreme = last;
  events_.push_back(ListChanged{entry, now});
  market(first.terms.symbol).waiting.insert(first.id);
  Tell(ExecutionKind::kNew, first, {}, "", now);
  if (IsStop(second.terms.type)) {
    market(second.terms.symbol).waiting.insert(second.id);
    Tell(ExecutionKind::kNew, second, {}, "", now);
    TellBalances(second.terms.account, second.terms, "", now);
  } else {
    Work(second.id, now);
  }
  return {Refusal::kNone, list_id};
}

Refusal Exchange::Cancel(std::int64_t id, std::string_view cancel_id, UtcTime now) {
  auto found = orders_.find(id);
  if (found == orders_.end() || !found->second.open()) return Refusal::kUnknownOrder;
  if (found->second.list_id >= 0) {
    OrderList entry = lists_.at(found->second.list_id);
    for (std::int64_t leg : {entry.first, entry.second}) {
      if (orders_.at(leg).open()) End(orders_.at(leg), OrderStatus::kCanceled, ExpiryReason::kNone, cancel_id, now);
    }
    FinishList(entry.id, now);
    return Refusal::kNone;
  }
  End(found->second, OrderStatus::kCanceled, ExpiryReason::kNone, cancel_id, now);
  return Refusal::kNone;
}

void Exchange::LeaveBook(Order& order) {
  Market& here = market(order.terms.symbol);
  if (here.waiting.erase(order.id) == 0 && order.working && HasLimit(order.terms.type) && order.visible.IsPositive()) {
    here.book.Remove(order.terms.side, order.terms.price, order.id, order.visible);
  }
  order.visible = Decimal();
}

void Exchange::End(Order& order, OrderStatus status, ExpiryReason why, std::string_view cancel_id, UtcTime now) {
  LeaveBook(order);
  Release(order);
  order.status = status;
  order.expiry = why;
  order.updated = now;
  OrderTerms terms = order.terms;
  Tell(status == OrderStatus::kCanceled ? ExecutionKind::kCanceled : ExecutionKind::kExpired, order, {}, cancel_id,
       now);
  TellBalances(terms.account, terms, "", now);
  Forget(order.id);
}

void Exchange::EndOtherLeg(const Order& order, UtcTime now) {
  if (order.list_id < 0) return;
  const OrderList& entry = lists_.at(order.list_id);
  Order& own = orders_.at(order.id);
  Order& other = orders_.at(entry.first == order.id ? entry.second : entry.first);
  if (!other.open()) return;
  // What the list has locked becomes this leg's, as far as it needs it.
  Release(own);
  End(other, OrderStatus::kExpired, ExpiryReason::kOtherLeg, "", now);
  Lock(own, LockNeeded(own.terms));
}

void Exchange::FinishList(std::int64_t id, UtcTime now) {
  if (id < 0) return;
  OrderList& entry = lists_.at(id);
  if (entry.done || orders_.at(entry.first).open() || orders_.at(entry.second).open()) return;
  entry.done = true;
  entry.time = now;
  events_.push_back(ListChanged{entry, now});
}

// An order that is done: the house's are not kept.
void Exchange::Forget(std::int64_t id) {
  Order& order = orders_.at(id);
  Account& account = accounts_.at(order.terms.account);
  account.open.erase(id);
  if (account.settings.house) orders_.erase(id);
}

void Exchange::Tell(ExecutionKind kind, const Order& order, Fill fill, std::string_view cancel_id, UtcTime now) {
  if (accounts_.at(order.terms.account).settings.house) return;
  events_.push_back(Execution{kind, order, std::move(fill), std::string(cancel_id), ++last_execution_id_, now});
}

void Exchange::TellBalances(AccountId account, const OrderTerms& terms, std::string_view also, UtcTime now) {
  if (accounts_.at(account).settings.house) return;
  const Instrument& instrument = *Find(terms.symbol);
  BalancesChanged changed{account, {instrument.base, instrument.quote}, now};
  if (!also.empty() && also != instrument.base && also != instrument.quote) changed.assets.emplace_back(also);
  events_.push_back(std::move(changed));
}

}  // namespace ballast::venue_simulator
