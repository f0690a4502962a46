#include "libs/broker/venue_capabilities.h"

namespace ballast::broker {

// binance/binance-spot-api-docs: enums.md, rest-api.md.
Capabilities BinanceSpot() {
  Capabilities spot;
  spot.asset_classes = {AssetClass::kCrypto};
  // Its trailing orders count in whole basis points only; ours are watched here.
  spot.order_types = {OrderType::kMarket,    OrderType::kLimit,      OrderType::kStop,
                      OrderType::kStopLimit, OrderType::kTakeProfit, OrderType::kTakeProfitLimit};
  spot.times_in_force = {TimeInForce::kGtc, TimeInForce::kIoc, TimeInForce::kFok};
  // cancelReplace ends the order and makes another one, with an id and a traded quantity of its own: that is no order
  // with other terms and the same id.
  spot.replace = false;
  spot.reduce_only = false;
  spot.post_only = true;
  // With GTC only; its order_request refuses the rest.
  spot.display_quantity = true;
  spot.last_trigger = true;
  // Of one symbol, not of the account.
  spot.cancel_all = false;
  spot.query_by_order_id = true;
  spot.query_trades = true;
  spot.query_open_orders = true;
  // An id may be used again once its order has ended, so it proves nothing by itself.
  spot.client_id_rule = ClientIdRule::kUniqueAmongOpen;
  // 50 unfilled orders in 10 s is the smallest limit its documents show; exchangeInfo says the account's.
  spot.orders_per_second = 5;
  spot.corrections = false;
  // Each request is sent with a recvWindow of 5 s, which the venue holds against its own clock, and that may be a
  // second behind ours (timestamp < serverTime + 1000 ms).
  spot.acceptance_window = Duration::Seconds(6);
  // -1007: its backend was silent for 10 s.
  spot.processing_limit = Duration::Seconds(10);
  // Longer than that silence, so that -1007 is heard.
  spot.send_timeout = Duration::Seconds(12);
  return spot;
}

}  // namespace ballast::broker
