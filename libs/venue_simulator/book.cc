#include "libs/venue_simulator/book.h"

#include <algorithm>

#include "libs/base/check.h"

namespace ballast::venue_simulator {

void Book::Touch(Side side, Decimal price) {
  ++update_id_;
  changed_.emplace(side, price);
}

Book::Level* Book::Find(Side side, Decimal price) {
  if (side == Side::kBuy) {
    auto found = bids_.find(price);
    return found == bids_.end() ? nullptr : &found->second;
  }
  auto found = asks_.find(price);
  return found == asks_.end() ? nullptr : &found->second;
}

void Book::Drop(Side side, Decimal price) {
  if (side == Side::kBuy) {
    bids_.erase(price);
  } else {
    asks_.erase(price);
  }
}

void Book::Add(Side side, Decimal price, std::int64_t order, Decimal visible) {
  Level& level = side == Side::kBuy ? bids_[price] : asks_[price];
  level.orders.push_back(order);
  level.visible += visible;
  Touch(side, price);
}

void Book::Resize(Side side, Decimal price, Decimal change) {
  Level* level = Find(side, price);
  CHECK(level != nullptr, "an order rests on a level that is there");
  level->visible += change;
  Touch(side, price);
}

void Book::Remove(Side side, Decimal price, std::int64_t order, Decimal visible) {
  Level* level = Find(side, price);
  CHECK(level != nullptr, "an order rests on a level that is there");
  auto at = std::find(level->orders.begin(), level->orders.end(), order);
  CHECK(at != level->orders.end(), "an order is where it rests");
  level->orders.erase(at);
  level->visible -= visible;
  if (level->orders.empty()) Drop(side, price);
  Touch(side, price);
}

const Book::Level* Book::Best(Side side, Decimal* price) const {
  if (side == Side::kBuy) {
    if (bids_.empty()) return nullptr;
    *price = bids_.begin()->first;
    return &bids_.begin()->second;
  }
  if (asks_.empty()) return nullptr;
  *price = asks_.begin()->first;
  return &asks_.begin()->second;
}

std::vector<BookLevel> Book::Levels(Side side, std::size_t depth) const {
  std::vector<BookLevel> levels;
  auto walk = [&](const auto& half) {
    for (const auto& [price, level] : half) {
      if (levels.size() >= depth) return;
      levels.push_back({price, level.visible});
    }
  };
  if (side == Side::kBuy) {
    walk(bids_);
  } else {
    walk(asks_);
  }
  return levels;
}

const Book::Level* Book::Find(Side side, Decimal price) const { return const_cast<Book*>(this)->Find(side, price); }

std::deque<std::int64_t> Book::OrdersAt(Side side, Decimal price) const {
  const Level* level = Find(side, price);
  return level == nullptr ? std::deque<std::int64_t>() : level->orders;
}

Decimal Book::At(Side side, Decimal price) const {
  const Level* level = Find(side, price);
  return level == nullptr ? Decimal() : level->visible;
}

}  // namespace ballast::venue_simulator
