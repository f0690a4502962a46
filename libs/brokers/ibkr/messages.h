#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/decimal.h"
#include "libs/brokers/ibkr/contract.h"
#include "libs/brokers/ibkr/fields.h"

// What the server tells, as it says it. Words of the venue (statuses, sides, types) stay words: one that nobody here
// knows is read like any other. Numbers that were empty or "not set" are nothing.
namespace ballast::ibkr {

// The smallest id that may be used for an order on this connection.
struct NextValidId {
  std::int64_t order_id = 0;
};
struct ManagedAccounts {
  std::vector<std::string> accounts;
};

// The order's state; comes more than once, and may not come at all for one that is filled at once.
struct OrderStatusReport {
  std::int64_t order_id = 0;
  // "PendingSubmit", "PreSubmitted", "Submitted", "PendingCancel", "Cancelled", "ApiCancelled", "Filled", "Inactive" …
  std::string status;
  Decimal filled;
  Decimal remaining;
  std::optional<Decimal> average_price;
  // The account's number for it, 0 before the broker has taken it.
  std::int64_t perm_id = 0;
  std::int64_t parent_id = 0;
  std::optional<Decimal> last_price;
  std::int64_t client_id = 0;
  std::string why_held;
  std::optional<Decimal> market_cap_price;
};

struct OpenOrder {
  // Of the client that placed it; 0 where it was not placed over this interface.
  std::int64_t order_id = 0;
  std::int64_t client_id = 0;
  std::int64_t perm_id = 0;
  std::int64_t parent_id = 0;
  Contract contract;
  // "BUY", "SELL", "SSHORT".
  std::string action;
  Decimal quantity;
  std::string order_type;
  std::optional<Decimal> limit_price;
  // The stop's or trigger's price; of a trailing order the amount it trails by.
  std::optional<Decimal> aux_price;
  std::optional<Decimal> trail_stop_price;
  // 1 is one percent.
  std::optional<Decimal> trailing_percent;
  std::string time_in_force;
  std::string good_till_date;
  std::string oca_group;
  std::int64_t oca_type = 0;
  std::string account;
  std::string order_ref;
  bool outside_rth = false;
  // Answer to a preview: there is no such order.
  bool what_if = false;
  std::string status;
};

struct Execution {
  // -1: as it happened; else the request it answers.
  std::int64_t request_id = 0;
  std::int64_t order_id = 0;
  std::int64_t client_id = 0;
  std::int64_t perm_id = 0;
  Contract contract;
  std::string execution_id;
  VenueTime time;
  std::string account;
  std::string exchange;
  // "BOT", "SLD".
  std::string side;
  Decimal quantity;
  Decimal price;
  // Of the whole order so far.
  std::optional<Decimal> cumulative_quantity;
  std::optional<Decimal> average_price;
  bool liquidation = false;
  std::string order_ref;
  // 1 added, 2 removed, 3 routed out; 0: not said.
  std::int64_t last_liquidity = 0;
  // Its price may still change.
  bool pending_price_revision = false;
};

// Comes after the execution with that id.
struct CommissionReport {
  std::string execution_id;
  Decimal commission;
  std::string currency;
  std::optional<Decimal> realised_pnl;
};

struct ErrorReport {
  // An order's or a request's id, whichever has it; -1: about the session. See errors.h.
  std::int64_t id = 0;
  int code = 0;
  std::string text;
  std::string advanced_reject_json;
};

struct PositionReport {
  std::string account;
  Contract contract;
  Decimal quantity;
  std::optional<Decimal> average_cost;
};

// One line of the account's summary. The value is not always a number.
struct AccountValue {
  std::int64_t request_id = 0;
  std::string account;
  std::string tag;
  std::string value;
  std::string currency;
};

struct ContractData {
  std::int64_t request_id = 0;
  Contract contract;
  std::string long_name;
  std::optional<Decimal> minimum_tick;
  // Each one a comma-separated list in the venue's words; empty where none.
  std::vector<std::string> order_types;
  std::vector<std::string> valid_exchanges;
  std::vector<std::string> market_rule_ids;
  std::string time_zone;
  std::string trading_hours;
  std::string liquid_hours;
  std::string stock_type;
  // From server version 164 on.
  std::optional<Decimal> minimum_size;
  std::optional<Decimal> size_increment;
};

// 1 bid, 2 ask, 4 last, 6 high, 7 low, 9 close, 14 open; 66 to 76 the same delayed.
struct TickPrice {
  std::int64_t request_id = 0;
  int tick_type = 0;
  // Nothing, or -1: there is none now.
  std::optional<Decimal> price;
  std::optional<Decimal> size;
};
// 0 bid, 3 ask, 5 last, 8 volume.
struct TickSize {
  std::int64_t request_id = 0;
  int tick_type = 0;
  std::optional<Decimal> size;
};

struct HistoricalBar {
  VenueTime start;
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  std::optional<Decimal> volume;
  std::optional<Decimal> average_price;
  std::int64_t trade_count = 0;
};
struct HistoricalData {
  std::int64_t request_id = 0;
  std::vector<HistoricalBar> bars;
};

// Nothing more follows to what was asked.
struct EndOf {
  enum class List : int { kOpenOrders, kExecutions, kPositions, kAccountSummary, kContractData, kCompletedOrders };
  List list = List::kOpenOrders;
  // 0 where the list has no request of its own.
  std::int64_t request_id = 0;
};

// A message that is not read here; nothing is wrong with it.
struct Unknown {
  std::int64_t message_id = 0;
  std::vector<std::string> fields;
};

using Message =
    std::variant<Unknown, NextValidId, ManagedAccounts, OrderStatusReport, OpenOrder, Execution, CommissionReport,
                 ErrorReport, PositionReport, AccountValue, ContractData, TickPrice, TickSize, HistoricalData, EndOf>;

// One payload of a server that speaks `server_version`, kVersionMin to kVersionMax. INVALID_ARGUMENT with the message's
// and the field's name: it is too short, or a field is not what it should be. More fields than expected are no error.
absl::StatusOr<Message> ReadMessage(std::string_view payload, int server_version);

}  // namespace ballast::ibkr
