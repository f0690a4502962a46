#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/model/order.h"

namespace ballast::broker {

// What a venue says of one account at one moment, from its own records: never from what was told of them.
struct Statement {
  AccountId account_id;
  // When it was asked for, on the clock of its session: what happened before then it has.
  UtcTime as_of;
  std::string currency;
  Decimal cash;
  // Signed; none of what is flat.
  std::map<Symbol, Decimal> positions;
  // As the venue has them; one made elsewhere has the venue's id.
  std::vector<Order> open_orders;
  // The number of its newest trade, by its own count.
  std::uint64_t trade_number = 0;

  friend bool operator==(const Statement&, const Statement&) = default;
};

}  // namespace ballast::broker
