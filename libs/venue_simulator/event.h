#pragma once

#include <string>
#include <variant>
#include <vector>

#include "libs/venue_simulator/order.h"

namespace ballast::venue_simulator {

enum class ExecutionKind : int { kNew = 0, kTrade = 1, kCanceled = 2, kExpired = 3 };

// Something became of an order; told to its account.
struct Execution {
  ExecutionKind kind = ExecutionKind::kNew;
  // As it is afterwards.
  Order order;
  // Of kTrade.
  Fill fill;
  // Of kCanceled: the id of the cancel itself.
  std::string cancel_id;
  std::int64_t execution_id = 0;
  UtcTime time;
};

// An account's balances of these assets changed; told to it.
struct BalancesChanged {
  AccountId account = 0;
  std::vector<std::string> assets;
  UtcTime time;
};

// A list began or ended; told to its account.
struct ListChanged {
  OrderList list;
  UtcTime time;
};

// Told to everybody.
struct Traded {
  std::string symbol;
  Print print;
};

using Event = std::variant<Execution, BalancesChanged, ListChanged, Traded>;

}  // namespace ballast::venue_simulator
