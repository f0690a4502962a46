#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast::broker {

// What a venue does with an id of ours that it has seen before.
enum class ClientIdRule : int {
  // Takes the order again.
  kNotEnforced = 0,
  // Refuses it while the first one is open.
  kUniqueAmongOpen = 1,
  kUniqueForEver = 2,
};

// What a venue can do by itself. What it cannot is refused before anything is sent, or done here in its place
// (SupportFor); never changed into something else.
struct Capabilities {
  std::set<AssetClass> asset_classes;
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
  // The questions it answers: by our id, found from the moment it was taken; the trades of one order; what is open.
  bool query_by_order_id = false;
  bool query_trades = false;
  bool query_open_orders = false;
  ClientIdRule client_id_rule = ClientIdRule::kNotEnforced;
  // Lists of orders it watches itself. None is used yet: they are watched here for every broker.
  std::set<ContingencyType> contingencies;
  // New orders and replacements that an account may send in a second; 0: it names no limit.
  int orders_per_second = 0;
  // Told trades may be corrected or busted.
  bool corrections = false;
  // How long after it has left the venue may still take an order; nothing: for ever, and no silence proves anything.
  std::optional<Duration> acceptance_window;
  // From taking an order to being able to say so.
  Duration processing_limit = Duration::Seconds(10);
  // Added to both.
  Duration horizon_margin = Duration::Seconds(5);
  // Without an answer for so long, what became of an order is not known.
  Duration send_timeout = Duration::Seconds(5);
  // Between two answers that both count, and between the first two questions: each next pause is twice as long, up to
  // kAskPauseMax of them.
  Duration answer_gap = Duration::Seconds(2);
  Duration ask_pause = Duration::Seconds(1);
  static constexpr int kAskPauseMax = 8;
};

// A venue that has no order of ours by now never will; nothing: it may take one for ever.
[[nodiscard]] inline std::optional<Duration> HorizonOf(const Capabilities& can) {
  if (!can.acceptance_window) return std::nullopt;
  return Duration{can.acceptance_window->nanos + can.processing_limit.nanos + can.horizon_margin.nanos};
}

// The data of the brokers there are, by their id ("paper"). One that is not known can do nothing.
const Capabilities& CapabilitiesOf(std::string_view broker);
// Their ids, by name.
std::vector<std::string> KnownBrokers();
// Of an account whose broker is none of `known`: BROKER_UNSUPPORTED, with those there are as the limit.
Rejection UnknownBroker(std::string_view broker, const std::vector<std::string>& known);

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
// The names in it, without what they begin with.
std::string_view NameOf(OrderType type);
std::string_view NameOf(TimeInForce time);
std::string_view NameOf(ContingencyType list);

}  // namespace ballast::broker
