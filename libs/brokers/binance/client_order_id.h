#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/model/ids.h"

namespace ballast::binance {

// Our order id as the venue's newClientOrderId (^[a-zA-Z0-9-_]{1,36}$, enums.md): "bl-", the id as it is, and for the
// n-th order in its place "-r<n>". Ids that begin with "x-" belong to the venue's brokers, so ours never do.
struct ClientOrderId {
  OrderId order_id;
  // 0: the order itself.
  int replacement = 0;

  friend bool operator==(const ClientOrderId&, const ClientOrderId&) = default;
};
inline constexpr int kReplacementMax = 9999;

// INVALID_ARGUMENT: the order id is none that we make (orders::OrderIdFor: "o" and 26 characters of [0-9a-v]), or the
// number is not 0 to kReplacementMax.
absl::StatusOr<std::string> Encode(const ClientOrderId& id);
// Nothing: it was not made here.
std::optional<ClientOrderId> Decode(std::string_view client_order_id);

// What an order made elsewhere is called here. The venue counts orders by symbol, so its number alone names none:
// "BTCUSDT:28". The colon keeps it apart from every id that Decode reads.
OrderId ForeignOrderId(std::string_view venue_symbol, std::string_view venue_order_id);
// The order's by its client id, or the one made elsewhere.
OrderId OrderIdOf(std::string_view client_order_id, std::string_view venue_symbol, std::string_view venue_order_id);
// Every version of one trade, wherever it is told: trades too are counted by symbol.
ExecutionId ExecutionIdOf(std::string_view venue_symbol, std::string_view trade_id);

}  // namespace ballast::binance
