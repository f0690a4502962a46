#include "libs/orders/books.h"

#include <algorithm>

#include "libs/ledger/fill.h"

namespace ballast::orders {

void Books::Apply(const Fill& fill) {
  std::map<DeploymentId, Decimal>& books = held_[fill.symbol];
  Decimal& held = books[fill.deployment_id];
  const std::pair key(fill.symbol, fill.deployment_id);
  const Decimal before = held, moved = ledger::QuantityMoved(fill);
  held += moved;
  if (before.IsZero() || before.Sign() * held.Sign() < 0) {
    costs_[key] = Multiply(held, fill.price, Rounding::kHalfEven);
  } else if (auto cost = costs_.find(key); cost != costs_.end()) {
    if (before.Sign() == moved.Sign())
      cost->second += Multiply(moved, fill.price, Rounding::kHalfEven);
    else
      cost->second = MultiplyDivide(cost->second, held, before, Rounding::kHalfEven);
  }
  if (held.IsZero()) {
    books.erase(fill.deployment_id);
    costs_.erase(key);
  }
  if (books.empty()) held_.erase(fill.symbol);
}

void Books::Restore(const Symbol& symbol, const DeploymentId& deployment, Decimal held, std::optional<Decimal> cost) {
  if (held.IsZero()) return;
  held_[symbol][deployment] = held;
  if (cost) costs_[{symbol, deployment}] = *cost;
}

std::optional<Decimal> Books::Cost(const DeploymentId& deployment, const Symbol& symbol) const {
  auto found = costs_.find({symbol, deployment});
  return found == costs_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Decimal> Books::EntryPrice(const DeploymentId& deployment, const Symbol& symbol) const {
  std::optional<Decimal> cost = Cost(deployment, symbol);
  Decimal held = Held(deployment, symbol);
  if (!cost || held.IsZero()) return std::nullopt;
  return Divide(*cost, held, Rounding::kHalfEven);
}

bool Books::AnyCostUnknown() const {
  for (const auto& [symbol, books] : held_) {
    for (const auto& [deployment, held] : books) {
      if (!costs_.contains({symbol, deployment})) return true;
    }
  }
  return false;
}

std::vector<Books::Part> Books::Attribute(const Order& order, Decimal quantity) const {
  std::vector<Part> parts;
  if (!order.deployment_id.empty() && !order.reduce_only) return {{order.deployment_id, quantity}};
  Decimal rest = quantity, own = std::min(rest, Room(Held(order.deployment_id, order.symbol), order.side));
  rest -= own;
  Decimal net = Room(Net(order.symbol), order.side);
  Decimal others = std::min(rest, net - std::min(net, own));
  if (auto books = held_.find(order.symbol); books != held_.end()) {
    for (const auto& [deployment, held] : books->second) {
      Decimal taken = deployment == order.deployment_id ? Decimal() : std::min(others, Room(held, order.side));
      if (!taken.IsPositive()) continue;
      parts.push_back({deployment, taken});
      others -= taken;
      rest -= taken;
    }
  }
  own += rest;
  if (own.IsPositive() || parts.empty()) parts.insert(parts.begin(), {order.deployment_id, own});
  return parts;
}

Decimal Books::Net(const Symbol& symbol) const {
  Decimal net;
  if (auto books = held_.find(symbol); books != held_.end()) {
    for (const auto& [deployment, held] : books->second) net += held;
  }
  return net;
}

std::map<Symbol, Decimal> Books::NetAll() const {
  std::map<Symbol, Decimal> all;
  for (const auto& [symbol, books] : held_) {
    Decimal net;
    for (const auto& [deployment, quantity] : books) net += quantity;
    if (!net.IsZero()) all.emplace(symbol, net);
  }
  return all;
}

Decimal Books::Held(const DeploymentId& deployment, const Symbol& symbol) const {
  auto books = held_.find(symbol);
  if (books == held_.end()) return {};
  auto held = books->second.find(deployment);
  return held == books->second.end() ? Decimal() : held->second;
}

bool Books::Opposed(const Symbol& symbol) const {
  auto books = held_.find(symbol);
  if (books == held_.end()) return false;
  bool is_long = false, is_short = false;
  for (const auto& [deployment, held] : books->second) (held.IsPositive() ? is_long : is_short) = true;
  return is_long && is_short;
}

Decimal Books::Room(Decimal position, Side side) {
  bool opposite = side == Side::kSell ? position.IsPositive() : position.IsNegative();
  return opposite ? position.Abs() : Decimal();
}

}  // namespace ballast::orders
