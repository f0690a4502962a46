#include "libs/brokers/ibkr/place_order.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/brokers/ibkr/fields.h"
#include "libs/brokers/ibkr/frame.h"
#include "libs/brokers/ibkr/requests.h"
#include "libs/model/trigger.h"

namespace ballast::ibkr {
namespace {

using Fields = std::vector<std::string>;

// From these server versions on an order has, or no longer has, a field.
constexpr int kDuration = 158;
constexpr int kPostToAts = 160;
constexpr int kAutoCancelParent = 162;
constexpr int kAdvancedErrorOverride = 166;
constexpr int kManualOrderTime = 169;
constexpr int kNoAllocationProfile = 177;

absl::Status Refuse(const char* why) { return absl::InvalidArgumentError(why); }

// Older servers refuse letters beyond; control characters are nobody's.
bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char each) { return each >= ' ' && each <= '~'; });
}

// Order type and time in force in the venue's words; for the close the type says it.
struct Words {
  std::string type;
  std::string time_in_force;
};
absl::StatusOr<Words> WordsOf(const Ticket& ticket) {
  Words words;
  switch (ticket.type) {
    case OrderType::kMarket:
      words.type = "MKT";
      break;
    case OrderType::kLimit:
      words.type = "LMT";
      break;
    case OrderType::kStop:
      words.type = "STP";
      break;
    case OrderType::kStopLimit:
      words.type = "STP LMT";
      break;
    case OrderType::kTakeProfit:
      words.type = "MIT";
      break;
    case OrderType::kTakeProfitLimit:
      words.type = "LIT";
      break;
    case OrderType::kTrailingStop:
      words.type = "TRAIL";
      break;
    case OrderType::kTrailingStopLimit:
      words.type = "TRAIL LIMIT";
      break;
    case OrderType::kUnspecified:
      return Refuse("no order type");
  }
  bool plain = ticket.type == OrderType::kMarket || ticket.type == OrderType::kLimit;
  switch (ticket.time_in_force) {
    case TimeInForce::kGtc:
      words.time_in_force = "GTC";
      break;
    case TimeInForce::kDay:
      words.time_in_force = "DAY";
      break;
    case TimeInForce::kIoc:
      words.time_in_force = "IOC";
      break;
    case TimeInForce::kFok:
      words.time_in_force = "FOK";
      break;
    case TimeInForce::kGtd:
      words.time_in_force = "GTD";
      break;
    case TimeInForce::kAtOpen:
      words.time_in_force = "OPG";
      break;
    case TimeInForce::kAtClose:
      words.type = ticket.type == OrderType::kMarket ? "MOC" : "LOC";
      words.time_in_force = "DAY";
      break;
    case TimeInForce::kUnspecified:
      return Refuse("no time in force");
  }
  if (IsAuction(ticket.time_in_force) && !plain) {
    return absl::UnimplementedError("only market and limit orders take part in an auction");
  }
  return words;
}

absl::Status CheckPrices(const Ticket& ticket) {
  const bool trailing = IsTrailing(ticket.type);
  if (trailing ? ticket.trail_amount.has_value() == ticket.trail_percent.has_value()
               : ticket.trail_amount || ticket.trail_percent || ticket.trail_limit_offset) {
    return Refuse(trailing ? "a trailing order has an amount or a percentage, and one of them"
                           : "only a trailing order trails");
  }
  for (const auto& distance : {ticket.trail_amount, ticket.trail_percent}) {
    if (distance && !distance->IsPositive()) return Refuse("an order trails by more than nothing");
  }
  if (ticket.type == OrderType::kTrailingStopLimit) {
    if (ticket.limit_price.has_value() == ticket.trail_limit_offset.has_value()) {
      return Refuse("a trailing stop limit has a limit price or its offset, and one of them");
    }
  } else if (ticket.trail_limit_offset || HasLimit(ticket.type) != ticket.limit_price.has_value()) {
    return Refuse(HasLimit(ticket.type) ? "the limit price is missing" : "this order type has no limit price");
  }
  if (!trailing && HasTrigger(ticket.type) != ticket.stop_price.has_value()) {
    return Refuse(HasTrigger(ticket.type) ? "the stop price is missing" : "this order type has no stop price");
  }
  return absl::OkStatus();
}

absl::Status CheckContract(const Contract& contract) {
  if (contract.security_type == "BAG") {
    return absl::UnimplementedError("the legs of a combination are not written here");
  }
  bool named = !contract.symbol.empty() && !contract.security_type.empty() && !contract.currency.empty();
  if (contract.exchange.empty() || (contract.con_id == 0 && !named)) {
    return Refuse("the contract is not named: an exchange, and its number or symbol, type and currency");
  }
  return absl::OkStatus();
}

absl::Status Check(const Ticket& ticket) {
  // Order ids are 32 bits wide, and the largest one means "not set".
  constexpr std::int64_t kIdEnd = std::numeric_limits<std::int32_t>::max();
  if (ticket.order_id < 1 || ticket.order_id >= kIdEnd) return Refuse("the order id is not within 1 to 2147483646");
  if (ticket.parent_id < 0 || ticket.parent_id >= kIdEnd)
    return Refuse("the parent's id is not within 0 to 2147483646");
  if (ticket.parent_id == ticket.order_id) return Refuse("the order is its own parent");
  if (ticket.side != Side::kBuy && ticket.side != Side::kSell) return Refuse("no side");
  if (!ticket.quantity.IsPositive()) return Refuse("the quantity is not above zero");
  if (ticket.order_ref.empty()) return Refuse("no order without our own id");
  if ((ticket.time_in_force == TimeInForce::kGtd) != ticket.expire_time.has_value()) {
    return Refuse("an expiry belongs to GTD, and GTD has one");
  }
  if (ticket.oca_group.empty() != (ticket.oca_type == OcaType::kNone)) {
    return Refuse("a group has a type, and a type a group");
  }
  RETURN_IF_ERROR(CheckContract(ticket.contract));
  return CheckPrices(ticket);
}

std::string TextOf(const std::optional<Decimal>& value) { return value ? value->ToString() : ""; }

void Blank(std::size_t count, Fields& fields) { fields.resize(fields.size() + count); }

// From the group to what comes before the model's code.
void AppendHandling(const Ticket& ticket, int server_version, Fields& fields) {
  fields.push_back(ticket.oca_group);
  fields.push_back(ticket.account);
  Blank(2, fields);  // open or close, origin
  fields.push_back(ticket.order_ref);
  fields.emplace_back(ticket.transmit ? "1" : "0");
  fields.push_back(ticket.parent_id == 0 ? "" : std::to_string(ticket.parent_id));
  Blank(4, fields);  // block order, sweep to fill, display size, trigger method
  fields.emplace_back(ticket.outside_rth ? "1" : "");
  Blank(4, fields);  // hidden, shares allocation, discretionary amount, good after time
  fields.push_back(ticket.expire_time ? WriteTime(*ticket.expire_time) : "");
  Blank(3, fields);  // adviser's group, method, percentage
  if (server_version < kNoAllocationProfile) Blank(1, fields);
}

// From the model's code to the preview.
void AppendTerms(const Ticket& ticket, Fields& fields) {
  Blank(4, fields);  // model code, short sale slot, designated location, exempt code
  fields.push_back(ticket.oca_type == OcaType::kNone ? "" : std::to_string(static_cast<int>(ticket.oca_type)));
  Blank(8, fields);  // rule 80A, settling firm, all or none, minimum, offset, electronic only, firm quote, price cap
  Blank(7, fields);  // auction: strategy, starting price, reference price, delta, range from, to, override
  Blank(4, fields);  // volatility, its type, hedge's type, hedge's price
  Blank(2, fields);  // continuous update, reference price type
  fields.push_back(IsTrailing(ticket.type) ? TextOf(ticket.stop_price) : "");
  fields.push_back(TextOf(ticket.trail_percent));
  Blank(6, fields);          // scale: first size, next size, increment, table, start, stop
  Blank(5, fields);          // hedge, no smart routing, clearing account, clearing intent, not held
  fields.emplace_back("0");  // no delta-neutral contract
  Blank(2, fields);          // algorithm, its id
  fields.emplace_back(ticket.what_if ? "1" : "");
}

// From the miscellaneous options to the end.
void AppendRest(const Ticket& ticket, int server_version, Fields& fields) {
  Blank(4, fields);          // options, solicited, random size, random price
  fields.emplace_back("0");  // no conditions
  Blank(2, fields);          // adjusted order's type, trigger price
  fields.push_back(TextOf(ticket.trail_limit_offset));
  Blank(4, fields);  // adjusted stop, stop limit, trailing amount and its unit
  Blank(4, fields);  // external operator, soft dollars' name and value, cash quantity
  Blank(4, fields);  // MiFID: decision maker, its algorithm, execution trader, its algorithm
  Blank(4, fields);  // hedge's automatic price, OMS container, discretion up to the limit, price management
  for (int since : {kDuration, kPostToAts, kAutoCancelParent, kAdvancedErrorOverride, kManualOrderTime}) {
    if (server_version >= since) Blank(1, fields);
  }
}

}  // namespace

absl::StatusOr<std::string> PlaceOrder(const Ticket& ticket, int server_version) {
  RETURN_IF_ERROR(Check(ticket));
  ASSIGN_OR_RETURN(Words words, WordsOf(ticket));
  Fields fields = {"3", std::to_string(ticket.order_id)};
  AppendContract(ticket.contract, fields);
  Blank(2, fields);  // kind and number of another identifier
  fields.emplace_back(ticket.side == Side::kBuy ? "BUY" : "SELL");
  fields.push_back(ticket.quantity.ToString());
  fields.push_back(words.type);
  fields.push_back(TextOf(ticket.limit_price));
  fields.push_back(TextOf(IsTrailing(ticket.type) ? ticket.trail_amount : ticket.stop_price));
  fields.push_back(words.time_in_force);
  AppendHandling(ticket, server_version, fields);
  AppendTerms(ticket, fields);
  AppendRest(ticket, server_version, fields);
  if (!std::all_of(fields.begin(), fields.end(), IsPrintable)) return Refuse("a field holds more than printable ASCII");
  return JoinFields(fields);
}

}  // namespace ballast::ibkr
