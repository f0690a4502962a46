#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/model/order.h"

namespace ballast::broker {

// What a venue can do by itself. What it cannot is refused before anything is sent, or done here in its place
// (SupportFor); never changed into something else.
struct Capabilities {
  std::set<OrderType> order_types;
  std::set<TimeInForce> times_in_force;
  // Other prices and quantities for an order that works, with the same id.
  bool replace = false;
  bool reduce_only = false;
  bool post_only = false;
  bool display_quantity = false;
  // Triggers may be compared with the last price.
  bool last_trigger = false;
  bool cancel_all = false;
  // An order can be asked for by our id, and is found from the moment it was taken: "not found" proves something.
  bool query_by_order_id = false;
  // Told trades may be corrected or busted.
  bool corrections = false;
  // How long after the last byte left an order may still appear.
  Duration horizon = Duration::Seconds(10);
};

// The data of the brokers there are, by their id ("paper"). One that is not known can do nothing.
const Capabilities& CapabilitiesOf(std::string_view broker);

enum class Support : int {
  kNone = 0,
  kNative = 1,
  // Order management watches its trigger, and sends what the broker does know when it is reached.
  kEmulated = 2,
};
// What becomes of such an order at such a broker; `why`: what the broker lacks, where it is kNone.
struct Supported {
  Support support = Support::kNone;
  std::optional<Rejection> why;
};
Supported SupportFor(const Order& order, const Capabilities& capabilities);

// The order as it is sent when its emulated trigger was reached: a stop (or stop limit) at the trigger's price, so that
// a venue that sees another price than the one that was reached here still protects. A take-profit, and what looked at
// the last price, is a market order (or a limit).
Order AfterTrigger(const Order& order);

// For people and for the list of brokers: "order_type.stop", "time_in_force.gtd", "post_only"…, with what becomes of
// it.
std::vector<std::pair<std::string, Support>> DescribeCapabilities(const Capabilities& capabilities);

}  // namespace ballast::broker
