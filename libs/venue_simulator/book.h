#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/venue_simulator/order.h"

namespace ballast::venue_simulator {

struct BookLevel {
  Decimal price;
  // What is shown there.
  Decimal quantity;
};

// Price, then time: the orders that rest in one symbol. Knows ids and shown quantities; the orders are the exchange's.
class Book {
 public:
  struct Level {
    std::deque<std::int64_t> orders;
    Decimal visible;
  };

  void Add(Side side, Decimal price, std::int64_t order, Decimal visible);
  // What is shown of an order there changed by `change`.
  void Resize(Side side, Decimal price, Decimal change);
  void Remove(Side side, Decimal price, std::int64_t order, Decimal visible);

  // The best level of a side; null where there is none.
  [[nodiscard]] const Level* Best(Side side, Decimal* price) const;
  // Best first; at most `depth`.
  [[nodiscard]] std::vector<BookLevel> Levels(Side side, std::size_t depth) const;
  // Ids in the order in which they trade; empty where there is no such level.
  [[nodiscard]] std::deque<std::int64_t> OrdersAt(Side side, Decimal price) const;
  // Shown at one price.
  [[nodiscard]] Decimal At(Side side, Decimal price) const;

  // One more with each change.
  [[nodiscard]] std::uint64_t update_id() const { return update_id_; }
  using Changed = std::set<std::pair<Side, Decimal>>;
  // The levels that changed since the last call.
  Changed TakeChanged() { return std::exchange(changed_, {}); }

 private:
  void Touch(Side side, Decimal price);
  Level* Find(Side side, Decimal price);
  [[nodiscard]] const Level* Find(Side side, Decimal price) const;
  void Drop(Side side, Decimal price);

  std::map<Decimal, Level, std::greater<>> bids_;
  std::map<Decimal, Level> asks_;
  std::uint64_t update_id_ = 1;
  Changed changed_;
};

}  // namespace ballast::venue_simulator
