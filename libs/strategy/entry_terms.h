#pragma once

#include <optional>

#include "libs/base/decimal.h"

namespace ballast::strategy {

// What a strategy itself asks of the entry it signals; what it does not say the deployment's settings decide. Above
// zero. Each can only make an entry smaller or its way out nearer: the settings go on to hold (Decider::Enter).
struct EntryTerms {
  // In units, a multiple of the lot.
  std::optional<Decimal> quantity;
  // At which the position is left, at a loss and with a profit.
  std::optional<Decimal> stop_price;
  std::optional<Decimal> target_price;

  [[nodiscard]] bool empty() const { return !quantity && !stop_price && !target_price; }
  friend bool operator==(const EntryTerms&, const EntryTerms&) = default;
};

}  // namespace ballast::strategy
