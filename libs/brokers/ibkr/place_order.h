#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/brokers/ibkr/contract.h"
#include "libs/model/order.h"

namespace ballast::ibkr {

// What becomes of the others of a group when one of them trades.
enum class OcaType : int {
  kNone = 0,
  // They are cancelled, and only one of them is in the market at a time: no two can trade at once.
  kCancelBlocking = 1,
  // They become smaller; only one is in the market at a time.
  kReduceBlocking = 2,
  // They become smaller; two may trade at once.
  kReduce = 3,
};

// One order as it goes to the venue. The same order id again changes it.
struct Ticket {
  // 1 to 2147483646; never used before by this client for another order.
  std::int64_t order_id = 0;
  // The exchange, and its number or symbol, type and currency.
  Contract contract;
  Side side = Side::kUnspecified;
  OrderType type = OrderType::kUnspecified;
  TimeInForce time_in_force = TimeInForce::kUnspecified;
  Decimal quantity;
  // Of what has one. Of a trailing stop limit this or `trail_limit_offset`.
  std::optional<Decimal> limit_price;
  // The stop or trigger. Of a trailing one where its stop is at first; nothing: the venue sees to it.
  std::optional<Decimal> stop_price;
  // Of a trailing one, one of both: money, or percent (1 is one percent).
  std::optional<Decimal> trail_amount;
  std::optional<Decimal> trail_percent;
  std::optional<Decimal> trail_limit_offset;
  // GTD only.
  std::optional<UtcTime> expire_time;
  // May be empty where the user has one account only.
  std::string account;
  // Our id. The venue keeps it, tells it with everything about the order, and does not compare it with others: it is
  // the only way to know our order again after a silence, so there is none without.
  std::string order_ref;
  std::string oca_group;
  OcaType oca_type = OcaType::kNone;
  // The order id of the one that has to fill first; 0: none.
  std::int64_t parent_id = 0;
  // False: TWS keeps it until one of its bracket comes with true. The last one of a bracket has it.
  bool transmit = true;
  bool outside_rth = false;
  // A preview: nothing is placed.
  bool what_if = false;
};

// The payload of a new or changed order. INVALID_ARGUMENT, with the reason: the ticket is incomplete or says too much;
// UNIMPLEMENTED: it is something that is not written here.
absl::StatusOr<std::string> PlaceOrder(const Ticket& ticket, int server_version);

}  // namespace ballast::ibkr
