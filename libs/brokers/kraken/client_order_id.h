#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/model/ids.h"

namespace ballast::kraken {

// cl_ord_id is a UUID, with dashes or without, or up to 18 free characters. An id of ours is "o" and 26 characters that
// hold 128 bits (libs/orders/order_id.h): too long to stand there as it is, and exactly a UUID without dashes.

// 32 characters of [0-9a-f]; nothing: it has not the form of an id made here.
std::optional<std::string> ClientOrderIdOf(const OrderId& order_id);

// The way back; nothing for what never came from ClientOrderIdOf. Dashes and capitals are read too, as the venue may
// write a UUID in its own way; so another program's UUID reads as an id that nobody here has given, and only who knows
// the orders can tell.
std::optional<OrderId> OrderIdOf(std::string_view client_order_id);

}  // namespace ballast::kraken
