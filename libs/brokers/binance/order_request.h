#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "libs/broker/broker.h"
#include "libs/brokers/binance/symbols.h"
#include "libs/model/order.h"
#include "libs/venue/form.h"

namespace ballast::binance {

// As they are to be sent, not yet percent-encoded: whoever signs keeps the order and puts `signature` last.
using venue::Parameters;
struct Request {
  // "POST".
  std::string method;
  // "/api/v3/order".
  std::string path;
  Parameters parameters;
  // What it counts against REQUEST_WEIGHT. One that places or cancels and succeeds counts nothing since 2026-04-02.
  int weight = 1;
};
// What cannot be said to the venue is a Rejection, never said in another way: kUnknownInstrument (it has not listed the
// symbol), kBrokerUnsupported, kPriceRequired, kPriceForbidden, kOutOfRange, kBadEnum, kBadIdentifier.
using RequestOrRejection = std::variant<Request, Rejection>;

// A reduce-only sell is said as a sell, as nobody sells more on spot than there is; a reduce-only buy is refused.
RequestOrRejection PlaceRequest(const Order& order, const Symbols& symbols);
// By our id; of an order made elsewhere by the venue's, which is then needed.
RequestOrRejection CancelRequest(const broker::CancelIntent& intent, const Symbol& symbol, const Symbols& symbols);
// Ends `order` and, only when that has worked, makes another one of what is left of it with `terms`. It has the client
// id of the terms' number, a place at the end of the queue, and has traded nothing.
RequestOrRejection CancelReplaceRequest(const Order& order, const Replacement& terms, const Symbols& symbols);
RequestOrRejection QueryOrderRequest(const OrderId& order_id, const std::string& broker_order_id, const Symbol& symbol,
                                     const Symbols& symbols);
// Everything of the symbol that is open; of the whole account, which counts more, where the symbol is empty.
RequestOrRejection OpenOrdersRequest(const Symbol& symbol, const Symbols& symbols);
// The trades of one order, by the venue's number of it; with none, those of the symbol since `since`. The first
// kTradesMax of them, or those from `from_trade` on.
inline constexpr int kTradesMax = 1000;
struct TradesQuestion {
  Symbol symbol;
  std::string broker_order_id;
  UtcTime since = {};
  std::optional<std::int64_t> from_trade = {};
};
RequestOrRejection TradesRequest(const TradesQuestion& question, const Symbols& symbols);

// Says when it was sent and how long it may be taken (kRecvWindow): the last before the signature. `venue_time` is the
// venue's clock as whoever sends knows it.
void AddTime(Request& request, UtcTime venue_time);

}  // namespace ballast::binance
