#include "libs/risk/exposure.h"

#include <algorithm>

#include "libs/ledger/fill.h"

namespace ballast::risk {

bool Exposure::Apply(const OrderEvent& event) {
  if (event.sequence != applied_sequence_ + 1) return false;
  applied_sequence_ = event.sequence;
  switch (event.type) {
    case OrderEventType::kAccountOpened:
      cash_ = event.cash;
      currency_ = event.currency;
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
    if ((books_[key] += change).IsZero()) books_.erase(key);
  }
  if (event.order) {
    const Order& order = *event.order;
    reserved_.erase(order.order_id);
    if (IsTerminal(order.status)) {
      open_.erase(order.order_id);
    } else {
      open_[order.order_id] = order;
    }
  }
  return true;
}

void Exposure::Reserve(const Order& order, std::int64_t expire_ns) { reserved_[order.order_id] = {order, expire_ns}; }

void Exposure::Expire(std::int64_t now_ns) {
  std::erase_if(reserved_, [&](const auto& entry) { return entry.second.expire_ns <= now_ns; });
}

Decimal Exposure::Position(const Symbol& symbol) const {
  auto found = positions_.find(symbol);
  return found == positions_.end() ? Decimal() : found->second;
}

Decimal Exposure::BookPosition(const BookKey& key) const {
  auto found = books_.find(key);
  return found == books_.end() ? Decimal() : found->second;
}

Decimal Exposure::Pending(const Symbol& symbol, Side side) const {
  Decimal sum;
  ForEachPending([&](const Order& order, Decimal quantity) {
    if (order.symbol == symbol && order.side == side) sum += quantity;
  });
  return sum;
}

Decimal Exposure::PendingInBook(const BookKey& key, Side side) const {
  Decimal sum;
  ForEachPending([&](const Order& order, Decimal quantity) {
    if (order.symbol == key.second && order.deployment_id == key.first && order.side == side) sum += quantity;
  });
  return sum;
}

namespace {

bool IsStop(const Order& order) { return order.type == OrderType::kStop || order.type == OrderType::kStopLimit; }

// Both may trade, and neither gives way. What is reduce-only and rests gives way: it is trimmed when the position
// shrinks, so who goes to the market now does not wait for it, and a stop shares with a limit, for the market reaches
// them by moving opposite ways.
bool TradesBeside(const Order& pending, const Order& order) {
  if (!pending.reduce_only || pending.type == OrderType::kMarket) return true;
  return order.type != OrderType::kMarket && IsStop(pending) == IsStop(order);
}

Decimal Left(Decimal position, Decimal pending, Side side) {
  bool opposite = side == Side::kSell ? position.IsPositive() : position.IsNegative();
  return opposite ? position.Abs() - std::min(position.Abs(), pending) : Decimal();
}

}  // namespace

Exposure::ReduceRoom Exposure::RoomFor(const Order& order) const {
  Decimal account, book;
  ForEachPending([&](const Order& pending, Decimal quantity) {
    if (pending.symbol != order.symbol || pending.side != order.side || !TradesBeside(pending, order)) return;
    account += quantity;
    if (pending.deployment_id == order.deployment_id) book += quantity;
  });
  return {.net = Left(Position(order.symbol), account, order.side),
          .book = Left(BookPosition({order.deployment_id, order.symbol}), book, order.side)};
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
