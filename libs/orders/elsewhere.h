#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/model/order.h"

namespace ballast::orders {

// An order whose venue was down goes elsewhere as another order, in another account: which orders may, and how the two
// name each other.

// The check that a broker gateway refuses with (BROKER_UNAVAILABLE) where an order has surely not been handed to its
// venue, opens risk, and the venue's policy lets such an order go elsewhere. No other refusal is one to act on.
inline constexpr std::string_view kMayGoElsewhere = "session_down_elsewhere";
// So many other accounts are tried at most.
inline constexpr int kElsewhereMost = 5;

// "elsewhere-<order id>-<number>": the request id of its attempt of that number, from 1.
RequestId ElsewhereRequestId(const OrderId& order, int number);
// "elsewhere:<order id>": the reason of the order that went.
std::string ElsewhereReason(const OrderId& order);
// Whose order went elsewhere as this one; nothing: none did. What the caller of an order says alone is not believed:
// its request id has to say the same.
std::optional<OrderId> ElsewhereOrigin(const Order& order);

// It has ended unsent and by its venue's policy may go elsewhere.
bool WasLeftUnsent(const Order& order);
// Why it does not, for people; nothing: it does. A deployment's position and a list's exits are in the order's account,
// so what belongs to one of these stays; so does what waited for a trigger, what reduces, what was borrowed at its
// broker, and what a router or an algorithm decides about by itself.
std::optional<std::string> StaysBecause(const Order& order, bool of_router_or_algorithm);

}  // namespace ballast::orders
