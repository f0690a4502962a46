#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/ids.h"
#include "libs/model/rejection.h"

namespace ballast {

// Enumerators carry the numbers of ballast.type.v1 / ballast.order.v1. Zero is "not said" and never stored.
enum class Side : int { kUnspecified = 0, kBuy = 1, kSell = 2 };
enum class OrderType : int {
  kUnspecified = 0,
  kMarket = 1,
  kLimit = 2,
  kStop = 3,
  kStopLimit = 4,
  kTakeProfit = 5,
  kTakeProfitLimit = 6,
  kTrailingStop = 7,
  kTrailingStopLimit = 8,
};
enum class TimeInForce : int {
  kUnspecified = 0,
  kGtc = 1,
  kDay = 2,
  kIoc = 3,
  kFok = 4,
  kGtd = 5,
  kAtOpen = 6,
  kAtClose = 7,
};
// Unspecified is the side the order would trade against.
enum class TriggerSource : int { kUnspecified = 0, kBidAsk = 1, kLast = 2 };
enum class TrailingOffsetType : int { kUnspecified = 0, kPrice = 1, kPercent = 2, kTicks = 3 };
enum class ContingencyType : int { kUnspecified = 0, kOto = 1, kOco = 2, kOuo = 3, kBracket = 4 };
enum class HoldReason : int { kUnspecified = 0, kParent = 1, kTrigger = 2, kSession = 3 };
enum class AccountMode : int { kUnspecified = 0, kPaper = 1, kLive = 2 };

enum class OrderStatus : int {
  kUnspecified = 0,
  kDenied = 1,      // refused here, never left; terminal
  kPendingNew = 2,  // durable, not yet claimed for sending
  kSubmitted = 3,   // claimed for sending, not confirmed
  kUnknown = 4,     // the send's outcome is not known; exposure stays reserved
  kNew = 5,
  kPartiallyFilled = 6,
  kPendingCancel = 7,
  kPendingReplace = 8,
  kFilled = 9,
  kCanceled = 10,
  kRejected = 11,
  kExpired = 12,
  kNeverAccepted = 310,  // sent and, by evidence, never taken; terminal
  kHeld = 13,            // durable here and meant to wait (see HoldReason); nothing has left
};

// +1 for a buy, -1 for a sell.
inline int SignOf(Side side) { return side == Side::kBuy ? 1 : -1; }
inline Side Opposite(Side side) { return side == Side::kBuy ? Side::kSell : Side::kBuy; }
// Nothing can follow but what the venue tells late: that reopens it.
inline bool IsTerminal(OrderStatus status) {
  return status == OrderStatus::kDenied || status == OrderStatus::kFilled || status == OrderStatus::kCanceled ||
         status == OrderStatus::kRejected || status == OrderStatus::kExpired || status == OrderStatus::kNeverAccepted;
}

// How a trailing stop follows the market, and how far it has (libs/orders/trailing.h).
struct Trailing {
  Decimal offset;
  TrailingOffsetType offset_type = TrailingOffsetType::kUnspecified;
  // It does not follow before the market has touched this price.
  std::optional<Decimal> activation_price;
  // Of a trailing stop limit: how far the limit is behind the stop, counted as the offset is.
  std::optional<Decimal> limit_offset;
  // The best price since it follows; nothing: it does not yet.
  std::optional<Decimal> high_water_mark;
  // Market time of the newest quote it has looked at.
  UtcTime high_water_time;

  friend bool operator==(const Trailing&, const Trailing&) = default;
};

// An order's place in a list of orders that depend on each other (libs/orders/contingent.h).
struct ListPlace {
  // The list's request id; the order's own is "<list_id>:<index>", so each knows the ids of all.
  std::string list_id;
  ContingencyType contingency = ContingencyType::kUnspecified;
  // From 1.
  std::uint32_t index = 0;
  std::uint32_t size = 0;

  friend bool operator==(const ListPlace&, const ListPlace&) = default;
};

// The terms an order is to have instead; what is not there stays as it is.
struct Replacement {
  // In all, with what has traded already.
  std::optional<Decimal> quantity;
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;
  // From 1 for each order: of two answers the one of the higher number is about the newer question.
  std::uint32_t number = 0;
  std::string request_id;

  friend bool operator==(const Replacement&, const Replacement&) = default;
};

// What becomes of an order, or a trade, that was made elsewhere: at the venue, by hand, by another program.
enum class ExternalHandling : int {
  kUnspecified = 0,  // nobody has said: as kAsk
  kAsk = 1,          // entries are held back until a person has decided
  kAdopt = 2,        // ours from now on, of the book by hand
  kIgnore = 3,       // shown and counted; nobody here touches it
  kAttribute = 4,    // ours, and of a deployment's book
};

// Of an order made elsewhere: how it is treated, and by whose word.
struct External {
  ExternalHandling handling = ExternalHandling::kUnspecified;
  std::string actor;
  std::string reason;
  std::string request_id;
  UtcTime decide_time;

  friend bool operator==(const External&, const External&) = default;
};

struct AttributionRule {
  // Empty: any.
  Symbol symbol;
  DeploymentId deployment_id;

  friend bool operator==(const AttributionRule&, const AttributionRule&) = default;
};

// An account's policy for what is made elsewhere.
struct ExternalPolicy {
  ExternalHandling handling = ExternalHandling::kUnspecified;
  // kAttribute: the first one that fits.
  std::vector<AttributionRule> rules;
  std::string actor;
  std::string reason;
  std::string request_id;
  UtcTime set_time;

  friend bool operator==(const ExternalPolicy&, const ExternalPolicy&) = default;
};

struct Order {
  OrderId order_id;
  AccountId account_id;
  RequestId request_id;
  DeploymentId deployment_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  OrderType type = OrderType::kUnspecified;
  TimeInForce time_in_force = TimeInForce::kUnspecified;
  Decimal quantity;
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;
  bool reduce_only = false;
  OrderStatus status = OrderStatus::kUnspecified;
  Decimal cumulative_quantity;
  // quantity - cumulative while it can still fill, else zero.
  Decimal leaves_quantity;
  Decimal average_price;
  Decimal fees;
  std::string broker_order_id;
  std::optional<Rejection> rejection;
  UtcTime create_time;
  UtcTime update_time;
  std::uint64_t sequence = 0;
  AccountMode mode = AccountMode::kPaper;
  // Caller's words: "signal", "stop_loss", "take_profit", "manual", "emergency_stop".
  std::string reason;
  bool cancel_requested = false;
  // What was asked for, once `quantity` has been made smaller; zero before.
  Decimal requested_quantity;
  // The broker told UNKNOWN of it, and nothing since has said what became of it.
  bool outcome_unknown = false;
  // Rests or is refused; never takes.
  bool post_only = false;
  // Where its session is closed it waits here for the open.
  bool hold_until_open = false;
  TriggerSource trigger_source = TriggerSource::kUnspecified;
  // What a HELD order waits for.
  HoldReason hold = HoldReason::kUnspecified;
  // Replacements asked for so far, answered or not.
  std::uint32_t replace_count = 0;
  // GTD only; market time.
  UtcTime expire_time;
  // When it stopped waiting here: its age counts from then. Zero for what never waited.
  UtcTime release_time;
  // So much of it is shown at a time.
  std::optional<Decimal> display_quantity;
  std::optional<Trailing> trailing;
  std::optional<ListPlace> list;
  // Asked for and not yet answered.
  std::optional<Replacement> pending_replace;
  // Somebody has looked at a price beyond the soft collar and means it.
  bool confirm_soft_collar = false;
  // By what the borrowing of a short sale was arranged.
  std::string locate_id;
  // Of a list's entry the stop of its exit, of a deployment's order the stop that it watches.
  std::optional<Decimal> protective_stop_price;
  // Made elsewhere.
  std::optional<External> external = {};

  friend bool operator==(const Order&, const Order&) = default;
};

// From when its age counts: what waited here on purpose is as old as its release.
inline UtcTime SentFrom(const Order& order) { return std::max(order.create_time, order.release_time); }

struct Fill {
  ExecutionId execution_id;
  OrderId order_id;
  AccountId account_id;
  DeploymentId deployment_id;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  Decimal price;
  Decimal fee;
  std::string fee_currency;
  bool maker = false;
  UtcTime transact_time;
  std::uint64_t sequence = 0;
  std::string reason;
  // The execution that this one takes back, stands in the place of, or is a part of; empty for what was told first.
  ExecutionId exec_ref_id;
  // Of that execution, as the broker counts: 0 as it was first told.
  std::uint32_t version = 0;
  // Takes back: the other side, the same quantity and price, the fee given back. Booked like any other fill.
  bool reversal = false;
  // What it realised in its book, before its fee; only where the books at cost are kept.
  std::optional<Decimal> realised_pnl = {};
  // Moves a trade from one book to another: a reversal out of the one, a fill into the other. The account as a whole
  // sees nothing of the two.
  bool transfer = false;

  friend bool operator==(const Fill&, const Fill&) = default;
};

// A term of an order with which it would have passed.
struct PassableTerm {
  // "quantity", "limit_price", "stop_price", or "none": with none of them.
  std::string term;
  std::string value;
  // The check it comes from: of a quantity the one that refuses one lot more.
  std::string check;

  friend bool operator==(const PassableTerm&, const PassableTerm&) = default;
};

// One line of the ordered list risk went through.
struct RiskCheck {
  std::string name;
  std::string limit;
  std::string used;
  std::string after;
  bool passed = false;
  // Of the check that refused.
  std::vector<PassableTerm> nearest = {};

  friend bool operator==(const RiskCheck&, const RiskCheck&) = default;
};

enum class OrderEventType : int {
  kUnspecified = 0,
  kAccountOpened = 1,
  kDenied = 2,
  kPendingNew = 3,
  kSubmitted = 4,
  kAccepted = 5,
  kFilled = 6,
  kPendingCancel = 7,
  kCancelRejected = 8,
  kCanceled = 9,
  kRejected = 10,
  kExpired = 11,
  kUnknown = 12,
  kTriggered = 13,
  kIllegalReport = 14,
  kAccountHalted = 15,
  kAccountResumed = 16,
  kRestated = 17,
  kTradeCancel = 18,
  kTradeCorrect = 19,
  kHeld = 20,
  kReleased = 21,
  kTrailed = 22,
  kPendingReplace = 23,
  kReplaced = 24,
  kReplaceRejected = 25,
  kNeverAccepted = 310,
  kReopened = 311,
  // Of the account: a position that must have protection has none, or has it again.
  kUnprotected = 340,
  kProtected = 341,
  // Made elsewhere: in this log from here on, or treated in another way.
  kAdopted = 440,
  kExternalDecided = 441,
  // Of the account: what becomes of what is made elsewhere.
  kExternalPolicy = 442,
};

// What a venue can be asked about an order.
enum class VenueQuestion : int { kUnspecified = 0, kOrder = 1, kTrades = 2, kOpenOrders = 3, kPerson = 4 };
// One answer that says that the venue has no such order.
struct VenueAnswer {
  VenueQuestion question = VenueQuestion::kUnspecified;
  UtcTime as_of;
  std::string text = {};

  friend bool operator==(const VenueAnswer&, const VenueAnswer&) = default;
};

// One fact of one account; sequences are gapless from 1. `order` is the order after the event.
struct OrderEvent {
  AccountId account_id;
  std::uint64_t sequence = 0;
  OrderEventType type = OrderEventType::kUnspecified;
  UtcTime event_time;
  std::optional<Order> order;
  std::optional<Fill> fill;
  std::optional<Rejection> rejection;
  std::string actor;
  // Account opened only.
  Decimal cash;
  std::string currency;
  std::vector<RiskCheck> checks;
  // The same as it goes over the wire, where nobody here looks into it; then `checks` is empty.
  std::string encoded_checks;
  // NEVER_ACCEPTED only: what proves it, oldest first.
  std::vector<VenueAnswer> evidence;
  // EXTERNAL_POLICY only.
  std::optional<ExternalPolicy> external_policy = {};
  // The broker report it came from; 0 when from elsewhere.
  std::uint64_t execution_sequence = 0;
  AccountMode mode = AccountMode::kPaper;

  friend bool operator==(const OrderEvent&, const OrderEvent&) = default;
};

}  // namespace ballast
