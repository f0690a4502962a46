#include "libs/brokers/kraken/capabilities.h"

namespace ballast::kraken {

broker::Capabilities KrakenCapabilities() {
  broker::Capabilities kraken;
  kraken.asset_classes = {AssetClass::kCrypto};
  // It has trailing stops too, but tells nobody where such a stop stands, and knows no price from which it follows:
  // they are watched here.
  kraken.order_types = {OrderType::kMarket,    OrderType::kLimit,      OrderType::kStop,
                        OrderType::kStopLimit, OrderType::kTakeProfit, OrderType::kTakeProfitLimit};
  // FOK is known to REST and not to WebSocket v2; DAY and the auctions to neither.
  kraken.times_in_force = {TimeInForce::kGtc, TimeInForce::kIoc, TimeInForce::kGtd};
  kraken.replace = true;
  // Only of positions on margin.
  kraken.reduce_only = false;
  kraken.post_only = true;
  kraken.display_quantity = true;
  kraken.last_trigger = true;
  kraken.cancel_all = true;
  // It answers these, but nobody here reads the answers yet: a question without one must not count as asked.
  kraken.query_by_order_id = false;
  kraken.query_trades = false;
  kraken.query_open_orders = false;
  kraken.client_id_rule = broker::ClientIdRule::kUniqueAmongOpen;
  // The lowest tier: a counter for each pair up to 60, of which 1 goes off in a second. This is what goes on for ever.
  kraken.orders_per_second = 1;
  kraken.corrections = false;
  kraken.acceptance_window = kDeadline;
  return kraken;
}

}  // namespace ballast::kraken
