#pragma once

#include <map>
#include <vector>

#include "libs/model/order.h"
#include "libs/reconciliation/difference.h"

namespace ballast::reconciliation {

// What of an order that can still trade is compared.
struct OpenOrder {
  OrderId order_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  // Ours only: the venue has said that it has it, and nothing since says otherwise.
  bool taken = false;
};

// By order id. One of ours that the venue has not taken yet may be there or not.
std::vector<Difference> CompareOrders(const std::vector<OpenOrder>& ours, const std::vector<OpenOrder>& venue);
// `under_way`: by how much the venue may be ahead of us (TradeMatch::QuantityUnderWay).
std::vector<Difference> ComparePositions(const std::map<Symbol, Decimal>& ours, const std::map<Symbol, Decimal>& venue,
                                         const std::map<Symbol, Decimal>& under_way);
std::vector<Difference> CompareCash(Decimal ours, Decimal venue, Decimal under_way);
// The sum of the books of each instrument, against what the account holds.
std::vector<Difference> CompareBooks(const std::map<Symbol, Decimal>& books, const std::map<Symbol, Decimal>& net);

}  // namespace ballast::reconciliation
