#include "libs/risk/exposure.h"

#include <algorithm>

#include "libs/ledger/fill.h"
#include "libs/model/protection.h"
#include "libs/model/trigger.h"

namespace ballast::risk {
namespace {

// What is reduce-only and rests gives way: it is trimmed when the position shrinks, so who goes to the market now does
// not wait for it, and a stop shares with a limit, for the market reaches them by moving opposite ways.
Decimal& PartOf(PendingSum::OfSide& sum, const PendingOrder& order) {
  if (!order.reduce_only || order.type == OrderType::kMarket) return sum.firm;
  if (order.yields) return sum.yielding;
  return IsStop(order.type) ? sum.stops : sum.resting;
}

// Of that, what may trade beside `order` without giving way.
Decimal Beside(const PendingSum::OfSide& sum, const Order& order) {
  if (order.type == OrderType::kMarket) return sum.firm;
  return sum.firm + (IsStop(order.type) ? sum.stops : sum.resting);
}

PendingOrder PendingOf(const Order& order, Decimal quantity) {
  return {.deployment_id = order.deployment_id,
          .symbol = order.symbol,
          .side = order.side,
          .type = order.type,
          .reduce_only = order.reduce_only,
          .limit_price = order.limit_price,
          .quantity = quantity,
          .yields = IsProtection(order),
          .stop_price = order.stop_price,
          .protective_stop_price = order.protective_stop_price,
          .immediate = order.time_in_force == TimeInForce::kIoc || order.time_in_force == TimeInForce::kFok};
}

// Waits for what may never come, and risk is asked again before it goes out; its own trigger may come any time.
bool IsAsleep(const Order& order) { return order.status == OrderStatus::kHeld && order.hold != HoldReason::kTrigger; }

// What of the order may still trade at worst: at the old terms, or at those it has asked for.
Decimal WorstLeft(const Order& order) {
  if (!order.pending_replace || !order.pending_replace->quantity) return order.leaves_quantity;
  return std::max(order.leaves_quantity, *order.pending_replace->quantity - order.cumulative_quantity);
}

template <typename Key>
void CountIn(std::map<Key, PendingSum>& sums, const Key& key, const PendingOrder& order, int sign) {
  auto found = sums.try_emplace(key).first;
  PendingSum& sum = found->second;
  Decimal& part = PartOf(order.side == Side::kBuy ? sum.buys : sum.sells, order);
  part += sign > 0 ? order.quantity : -order.quantity;
  if ((sum.orders += sign) == 0) sums.erase(found);
}

template <typename Key>
const PendingSum& SumOf(const std::map<Key, PendingSum>& sums, const Key& key) {
  static const PendingSum kNone;
  auto found = sums.find(key);
  return found == sums.end() ? kNone : found->second;
}

}  // namespace

bool MayMatter(OrderEventType type) {
  switch (type) {
    // The order was there before, with the same quantity left and on its way to an end of its own.
    case OrderEventType::kSubmitted:
    case OrderEventType::kAccepted:
    case OrderEventType::kTriggered:
    case OrderEventType::kPendingCancel:
    case OrderEventType::kCancelRejected:
    case OrderEventType::kTrailed:
      return false;
    default:
      return true;
  }
}

bool Exposure::Skip(std::uint64_t sequence, UtcTime event_time, OrderEventType type) {
  if (sequence != applied_sequence_ + 1) return false;
  applied_sequence_ = sequence;
  event_time_ = event_time;
  event_type_ = type;
  return true;
}

void Exposure::Count(const PendingOrder& order, int sign) {
  CountIn(pending_, order.symbol, order, sign);
  CountIn(pending_in_book_, BookKey(order.deployment_id, order.symbol), order, sign);
}

void Exposure::Close(const OrderId& id) {
  auto found = open_.find(id);
  if (found == open_.end()) return;
  Count(found->second, -1);
  open_.erase(found);
}

bool Exposure::Apply(const OrderEvent& event) {
  if (event.sequence != applied_sequence_ + 1) return false;
  applied_sequence_ = event.sequence;
  event_time_ = event.event_time;
  event_type_ = event.type;
  switch (event.type) {
    case OrderEventType::kAccountOpened:
      cash_ = opening_cash_ = event.cash;
      currency_ = event.currency;
      mode_ = event.mode;
      baseline.Open(event.cash);
      break;
    case OrderEventType::kAccountHalted:
      halted_ = true;
      break;
    case OrderEventType::kAccountResumed:
      halted_ = false;
      break;
    default:
      break;
  }
  if (event.fill) {
    const Fill& fill = *event.fill;
    ledger::FillEffect effect = ledger::EffectOf(fill, currency_);
    Decimal change = effect.quantity;
    cash_ += effect.cash;
    if ((positions_[fill.symbol] += change).IsZero()) positions_.erase(fill.symbol);
    BookKey key{fill.deployment_id, fill.symbol};
    auto book = books_.try_emplace(key).first;
    CountFlow(key, book->second, change, effect.cash);
    if ((book->second += change).IsZero()) books_.erase(book);
  }
  if (event.order) {
    const Order& order = *event.order;
    Void(order.order_id);
    auto before = open_.find(order.order_id);
    std::optional<Decimal> stop = order.stop_price;
    // Whoever passes such events over (Skip) knows the stop from before: a nearer one than that is not counted on.
    if (event.type == OrderEventType::kTrailed && before != open_.end()) stop = before->second.stop_price;
    Close(order.order_id);
    if (!IsTerminal(order.status) && !IsAsleep(order)) {
      PendingOrder pending = PendingOf(order, WorstLeft(order));
      pending.stop_price = stop;
      Count(pending, 1);
      open_.emplace(order.order_id, std::move(pending));
    }
  }
  return true;
}

void Exposure::CountFlow(const BookKey& key, Decimal before, Decimal change, Decimal cash) {
  Decimal after = before + change;
  if (after.IsZero()) {
    auto open = flows_.find(key);
    closed_flows_[key.first] += cash + (open == flows_.end() ? Decimal() : open->second);
    if (open != flows_.end()) flows_.erase(open);
    return;
  }
  Decimal& flow = flows_[key];
  bool turned = before.IsPositive() ? after.IsNegative() : before.IsNegative() && after.IsPositive();
  if (turned) {
    // As much of it as closes what was held; the rest opens the other side.
    Decimal closing = MultiplyDivide(cash, before.Abs(), change.Abs(), Rounding::kHalfEven);
    closed_flows_[key.first] += flow + closing;
    flow = cash - closing;
  } else {
    flow += cash;
  }
}

void Exposure::Reserve(const Order& order, std::int64_t expire_ns) {
  Void(order.order_id);
  PendingOrder pending = PendingOf(order, order.quantity);
  Count(pending, 1);
  expiries_.emplace(expire_ns, order.order_id);
  reserved_.emplace(order.order_id, Reservation{std::move(pending), expire_ns});
}

void Exposure::ReserveGrowth(const Order& order, std::int64_t expire_ns) {
  auto open = open_.find(order.order_id);
  Order growth = order;
  if (open != open_.end()) growth.quantity -= open->second.quantity;
  if (growth.quantity.IsPositive()) Reserve(growth, expire_ns);
}

void Exposure::Void(const OrderId& id) {
  auto found = reserved_.find(id);
  if (found == reserved_.end()) return;
  Count(found->second.order, -1);
  expiries_.erase({found->second.expire_ns, id});
  reserved_.erase(found);
}

std::optional<PendingOrder> Exposure::SetAside(const OrderId& id) {
  auto found = open_.find(id);
  if (found == open_.end()) return std::nullopt;
  PendingOrder order = found->second;
  Close(id);
  return order;
}

void Exposure::PutBack(const OrderId& id, PendingOrder order) {
  Count(order, 1);
  open_.emplace(id, std::move(order));
}

Exposure::Snapshot Exposure::TakeSnapshot(bool with_orders) const {
  Snapshot snapshot{.applied_sequence = applied_sequence_,
                    .event_time = event_time_,
                    .event_type = event_type_,
                    .halted = halted_,
                    .cash = cash_,
                    .opening_cash = opening_cash_,
                    .currency = currency_,
                    .books = books_,
                    .flows = flows_,
                    .closed_flows = closed_flows_,
                    .mode = mode_};
  if (!with_orders) return snapshot;
  snapshot.open_orders.reserve(open_.size());
  for (const auto& entry : open_) snapshot.open_orders.push_back(entry);
  return snapshot;
}

void Exposure::Restore(Snapshot snapshot) {
  applied_sequence_ = snapshot.applied_sequence;
  event_time_ = snapshot.event_time;
  event_type_ = snapshot.event_type;
  halted_ = snapshot.halted;
  mode_ = snapshot.mode;
  cash_ = snapshot.cash;
  opening_cash_ = snapshot.opening_cash;
  currency_ = std::move(snapshot.currency);
  books_ = std::move(snapshot.books);
  flows_ = std::move(snapshot.flows);
  closed_flows_ = std::move(snapshot.closed_flows);
  positions_.clear();
  for (const auto& [book, quantity] : books_) {
    if ((positions_[book.second] += quantity).IsZero()) positions_.erase(book.second);
  }
  open_.clear();
  reserved_.clear();
  expiries_.clear();
  pending_.clear();
  pending_in_book_.clear();
  for (auto& [id, order] : snapshot.open_orders) {
    Close(id);
    Count(order, 1);
    open_.emplace(std::move(id), std::move(order));
  }
}

void Exposure::Expire(std::int64_t now_ns) {
  while (!expiries_.empty() && expiries_.begin()->first <= now_ns) {
    OrderId id = expiries_.begin()->second;
    Void(id);
  }
}

Decimal Exposure::Position(const Symbol& symbol) const {
  auto found = positions_.find(symbol);
  return found == positions_.end() ? Decimal() : found->second;
}

Decimal Exposure::BookPosition(const BookKey& key) const {
  auto found = books_.find(key);
  return found == books_.end() ? Decimal() : found->second;
}

Decimal Exposure::Pending(const Symbol& symbol, Side side) const { return SumOf(pending_, symbol).Of(side).all(); }

Decimal Exposure::PendingInBook(const BookKey& key, Side side) const {
  return SumOf(pending_in_book_, key).Of(side).all();
}

std::vector<Exposure::Resting> Exposure::Crossed(const Symbol& symbol, Side side, Decimal price) const {
  std::vector<Resting> crossed;
  const bool buy = side == Side::kBuy;
  // Mostly there is nothing on the other side, and no order is looked at.
  if (Pending(symbol, Opposite(side)).IsZero()) return crossed;
  auto look = [&](const OrderId& id, const PendingOrder& order) {
    bool rests = order.symbol == symbol && order.side != side && order.type == OrderType::kLimit && order.limit_price &&
                 !order.immediate;
    if (rests && (buy ? *order.limit_price <= price : *order.limit_price >= price))
      crossed.push_back({id, *order.limit_price});
  };
  for (const auto& [id, order] : open_) look(id, order);
  for (const auto& [id, entry] : reserved_) look(id, entry.order);
  std::sort(crossed.begin(), crossed.end(), [&](const Resting& left, const Resting& right) {
    if (left.price != right.price) return buy ? left.price < right.price : left.price > right.price;
    return left.order_id < right.order_id;
  });
  return crossed;
}

namespace {

Decimal Left(Decimal position, Decimal pending, Side side) {
  bool opposite = side == Side::kSell ? position.IsPositive() : position.IsNegative();
  return opposite ? position.Abs() - std::min(position.Abs(), pending) : Decimal();
}

}  // namespace

Exposure::ReduceRoom Exposure::RoomFor(const Order& order) const {
  BookKey key{order.deployment_id, order.symbol};
  Decimal account = Beside(SumOf(pending_, order.symbol).Of(order.side), order);
  Decimal book = Beside(SumOf(pending_in_book_, key).Of(order.side), order);
  return {.net = Left(Position(order.symbol), account, order.side), .book = Left(BookPosition(key), book, order.side)};
}

Decimal Exposure::ReduceRoom::Passable(const Order& order, bool halted) const {
  if (order.deployment_id.empty()) return halted ? net : std::max(net, book);
  return halted ? std::min(net, book) : book;
}

std::optional<ledger::Mark> Market::MarkOf(const Symbol& symbol) const {
  auto mark = board.now().find(symbol);
  if (mark != board.now().end()) return mark->second;
  auto quote = quotes.find(symbol);
  if (quote == quotes.end() || !ledger::Usable(quote->second)) return std::nullopt;
  return ledger::Mark{quote->second.bid_price, quote->second.ask_price, quote->second.quote_time,
                      quote->second.session_open};
}

std::optional<Decimal> Exposure::Equity(const Market& market) const {
  Decimal equity = cash_;
  for (const auto& [symbol, quantity] : positions_) {
    std::optional<ledger::Mark> mark = market.MarkOf(symbol);
    if (!mark) return std::nullopt;
    equity += ledger::Value(quantity, mark->Price(quantity));
  }
  return equity;
}

std::optional<Decimal> Exposure::EquityAt(const ledger::Marks& marks) const {
  Decimal equity = cash_;
  for (const auto& [symbol, quantity] : positions_) {
    auto mark = marks.find(symbol);
    if (mark == marks.end()) return std::nullopt;
    equity += ledger::Value(quantity, mark->second.Price(quantity));
  }
  return equity;
}

}  // namespace ballast::risk
