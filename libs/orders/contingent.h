#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/model/order.h"

namespace ballast::orders {

// Orders that depend on each other. What has to happen is a function of what the orders are, so it is asked again after
// every fact (a fill, an end, a refusal) and after a restart, and the same answer twice does no harm:
//
// - OTO: the first order triggers the others. One that can only reduce what the first one buys or sells follows its
//   fills, also partial ones; any other goes out when the first one has filled whole.
// - OCO: the first fill of one, also a partial one, cancels the others.
// - OUO: what one fills, the others have less.
// - BRACKET: an OTO whose children are OUO: together they take out what the entry has filled and no more. The first
//   fill of an exit ends the rest of the entry: who is getting out is not getting in.
//
// A child that is cancelled, or expires, leaves its siblings alone; a parent that ends without a fill takes its
// children along.
struct ListAction {
  enum class Kind : int {
    // Held for its parent: goes out, with `quantity` in all.
    kRelease = 1,
    // Has `quantity` in all from now on, with what has traded.
    kResize = 2,
    kCancel = 3,
    // `quantity` of the entry has no exit left: it is sold (bought) at the market by an order of the list's last index.
    kFlatten = 4,
  };
  Kind kind = Kind::kCancel;
  // kFlatten: the entry.
  OrderId order_id;
  Decimal quantity;
  std::string why;

  friend bool operator==(const ListAction&, const ListAction&) = default;
};

// What the orders of a list must not have done, and did: two venues' or two sides' facts crossed. A person has to look.
struct ListRace {
  enum class Kind : int {
    // Together they traded more than they shared.
    kOverfilled = 1,
    // The venue refused the stop of what the entry has filled.
    kProtectionRefused = 2,
  };
  Kind kind = Kind::kOverfilled;
  Decimal quantity;
  std::string message;

  friend bool operator==(const ListRace&, const ListRace&) = default;
};

struct ListVerdict {
  std::vector<ListAction> actions;
  std::optional<ListRace> race;
};

// `orders` by index from 1; behind them, where there is one, the order that a kFlatten made. One that is nullptr (it
// was never made) counts as ended.
ListVerdict Judge(const std::vector<const Order*>& orders);

// A child follows its parent's fills: it can only reduce what they bring.
bool FollowsFills(const Order& parent, const Order& child);
// Whether the first order of such a list is the parent of the others.
inline bool HasParent(ContingencyType type) {
  return type == ContingencyType::kOto || type == ContingencyType::kBracket;
}

// Gives the entry of a list with a parent the stop of its exits, where they have one for all of it: the furthest.
void TellEntryItsStop(std::vector<Order>& orders);
// The request id of the list's order at `index`.
std::string ListRequestId(const std::string& list_id, std::uint32_t index);
// The order id of the list's order at `index`.
OrderId ListOrderId(const AccountId& account_id, const std::string& list_id, std::uint32_t index);

}  // namespace ballast::orders
