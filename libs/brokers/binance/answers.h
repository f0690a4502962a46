#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/broker/broker.h"
#include "libs/brokers/binance/errors.h"
#include "libs/brokers/binance/symbols.h"
#include "libs/venue/transport.h"

namespace ballast::binance {

// What an answer says about the orders it was asked for. `problem` is there for whoever sends next: to wait, to ask for
// the time, to stop.
struct Answer {
  std::vector<broker::Fact> facts;
  std::optional<Problem> problem;
};

// To POST /api/v3/order: Ack, the trades made at once, the record of one that has ended; DefinitiveReject, NotSent or
// OutcomeUnknown. `time` is when the answer came.
Answer OnPlaced(const Order& order, const venue::HttpAnswer& answer, UtcTime time);
// To DELETE /api/v3/order: the venue's record, as trades may not have been told yet; CancelReject, also when it was not
// sent and when nothing is open by that id (-2011), which says no more than that; OutcomeUnknown.
Answer OnCanceled(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime time);
// To POST /api/v3/order/cancelReplace of `order`, which is the one to end: the record of that one where it was
// cancelled. What became of the new one is in `replacement`, of the client id of its own.
struct ReplaceAnswer {
  Answer canceled;
  // The new order's number; empty: it was not made, or nobody knows.
  std::string replacement;
  bool replacement_known = true;
};
ReplaceAnswer OnCancelReplaced(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime time);

// To GET /api/v3/order: OrderRecord, or NotFound (-2013). What was placed a moment ago may not be found yet: `as_of` is
// when it was asked, by the venue's clock, and only what is asked after the horizon proves anything. No fact where the
// question itself failed: it is asked again.
Answer OnQueried(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime as_of);
// To GET /api/v3/openOrders, of one order: OrderRecord, or NotFound.
Answer OnOpenOrders(const OrderId& order_id, const venue::HttpAnswer& answer, UtcTime as_of);

// To GET /api/v3/myTrades. The venue's trades name its own number of the order only: without it, of a symbol that has
// traded, nothing can be said.
struct TradesAsked {
  OrderId order_id;
  // Empty: the venue has not named it.
  std::string broker_order_id;
  // Of those asked for in pages; NotFound is told of the first only.
  bool first_page = true;
};
struct TradesAnswer {
  Answer answer;
  // There may be more: from this trade on.
  std::optional<std::int64_t> next_trade;
};
TradesAnswer OnTrades(const TradesAsked& asked, const Symbols& symbols, const venue::HttpAnswer& answer, UtcTime as_of);

}  // namespace ballast::binance
