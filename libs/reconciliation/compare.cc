#include "libs/reconciliation/compare.h"

#include <set>

namespace ballast::reconciliation {
namespace {

Decimal At(const std::map<Symbol, Decimal>& map, const Symbol& symbol) {
  auto found = map.find(symbol);
  return found == map.end() ? Decimal() : found->second;
}

std::string Describe(const OpenOrder& order) {
  return std::string(order.side == Side::kBuy ? "buy " : "sell ") + order.quantity.ToString();
}

std::string Phrase(const OpenOrder& order) {
  return "order " + order.order_id.value() + " (" + Describe(order) + " " + order.symbol.value() + ")";
}

}  // namespace

std::vector<Difference> CompareOrders(const std::vector<OpenOrder>& ours, const std::vector<OpenOrder>& venue) {
  std::vector<Difference> differences;
  std::map<OrderId, const OpenOrder*> there;
  for (const OpenOrder& order : venue) there[order.order_id] = &order;
  std::set<OrderId> known;
  for (const OpenOrder& order : ours) {
    known.insert(order.order_id);
    auto found = there.find(order.order_id);
    if (found == there.end()) {
      if (!order.taken) continue;
      differences.push_back({.type = BreakType::kOrderNotAtVenue,
                             .symbol = order.symbol,
                             .order_id = order.order_id,
                             .ours = Describe(order),
                             .gist = Describe(order),
                             .message = Phrase(order) + " is open here and not at the venue"});
    } else if (order.taken && (found->second->quantity != order.quantity || found->second->side != order.side)) {
      differences.push_back({.type = BreakType::kOrderDiffers,
                             .symbol = order.symbol,
                             .order_id = order.order_id,
                             .ours = Describe(order),
                             .venue = Describe(*found->second),
                             .gist = Describe(*found->second),
                             .message = Phrase(order) + " is " + Describe(*found->second) + " at the venue"});
    }
  }
  for (const OpenOrder& order : venue) {
    if (known.contains(order.order_id)) continue;
    differences.push_back({.type = BreakType::kExternalOrder,
                           .symbol = order.symbol,
                           .order_id = order.order_id,
                           .venue = Describe(order),
                           .gist = Describe(order),
                           .message = Phrase(order) + " is open at the venue and not here: EXTERNAL"});
  }
  return differences;
}

std::vector<Difference> ComparePositions(const std::map<Symbol, Decimal>& ours, const std::map<Symbol, Decimal>& venue,
                                         const std::map<Symbol, Decimal>& under_way) {
  std::set<Symbol> symbols;
  for (const auto* map : {&ours, &venue, &under_way}) {
    for (const auto& [symbol, quantity] : *map) symbols.insert(symbol);
  }
  std::vector<Difference> differences;
  for (const Symbol& symbol : symbols) {
    const Decimal here = At(ours, symbol), there = At(venue, symbol), ahead = At(under_way, symbol);
    const Decimal left = there - here - ahead;
    if (left.IsZero()) continue;
    std::string message = symbol.value() + ": " + here.ToString() + " here, " + there.ToString() + " at the venue";
    if (!ahead.IsZero()) message += ", of which trades under way explain " + ahead.ToString();
    differences.push_back({.type = BreakType::kPosition,
                           .symbol = symbol,
                           .ours = here.ToString(),
                           .venue = there.ToString(),
                           .gist = left.ToString(),
                           .message = message + "; difference " + left.ToString()});
  }
  return differences;
}

std::vector<Difference> CompareCash(Decimal ours, Decimal venue, Decimal under_way) {
  const Decimal left = venue - ours - under_way;
  if (left.IsZero()) return {};
  std::string message = "cash: " + ours.ToString() + " here, " + venue.ToString() + " at the venue";
  if (!under_way.IsZero()) message += ", of which trades under way explain " + under_way.ToString();
  return {{.type = BreakType::kCash,
           .ours = ours.ToString(),
           .venue = venue.ToString(),
           .gist = left.ToString(),
           .message = message + "; difference " + left.ToString()}};
}

std::vector<Difference> CompareBooks(const std::map<Symbol, Decimal>& books, const std::map<Symbol, Decimal>& net) {
  std::set<Symbol> symbols;
  for (const auto* map : {&books, &net}) {
    for (const auto& [symbol, quantity] : *map) symbols.insert(symbol);
  }
  std::vector<Difference> differences;
  for (const Symbol& symbol : symbols) {
    const Decimal sum = At(books, symbol), held = At(net, symbol);
    if (sum == held) continue;
    differences.push_back({.type = BreakType::kBooks,
                           .symbol = symbol,
                           .ours = sum.ToString(),
                           .venue = held.ToString(),
                           .gist = (held - sum).ToString(),
                           .message = symbol.value() + ": the books hold " + sum.ToString() +
                                      " together, the account " + held.ToString()});
  }
  return differences;
}

}  // namespace ballast::reconciliation
