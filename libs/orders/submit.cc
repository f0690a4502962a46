#include "libs/orders/submit.h"

#include <algorithm>

#include "libs/model/trigger.h"
#include "libs/orders/contingent.h"

namespace ballast::orders {

bool IsIdentifier(const std::string& text, std::size_t length_max) {
  return !text.empty() && text.size() <= length_max && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == ':' || c == '-';
  });
}

namespace {

class Form {
 public:
  explicit Form(const Order& order) : order_(order) {}

  std::vector<Violation> Check() {
    Names();
    Prices();
    Trail();
    Time();
    Display();
    return std::move(violations_);
  }

 private:
  void Refuse(const char* field, RejectReason reason, const char* message) {
    violations_.push_back({.field = field, .reason = reason, .message = message});
  }
  void Positive(const char* field, const std::optional<Decimal>& value) {
    if (value && !value->IsPositive()) Refuse(field, RejectReason::kOutOfRange, "must be above zero");
  }

  void Names() {
    const char* kCharset = "1 to 64 characters of A-Z a-z 0-9 . _ : - expected";
    if (!IsIdentifier(order_.request_id.value(), 64)) Refuse("request_id", RejectReason::kBadIdentifier, kCharset);
    if (!IsIdentifier(order_.account_id.value(), 64)) Refuse("account_id", RejectReason::kBadIdentifier, kCharset);
    if (!order_.deployment_id.empty() && !IsIdentifier(order_.deployment_id.value(), 64)) {
      Refuse("deployment_id", RejectReason::kBadIdentifier, kCharset);
    }
    if (!IsIdentifier(order_.symbol.value(), 32)) {
      Refuse("symbol", RejectReason::kBadIdentifier, "1 to 32 characters of A-Z a-z 0-9 . _ : - expected");
    }
    if (order_.reason.size() > 200) Refuse("reason", RejectReason::kOutOfRange, "at most 200 bytes");
    if (order_.side == Side::kUnspecified)
      Refuse("side", RejectReason::kMissingField, "SIDE_BUY or SIDE_SELL expected");
    if (!order_.quantity.IsPositive()) Refuse("quantity", RejectReason::kOutOfRange, "must be above zero");
    if (!order_.locate_id.empty() && !IsIdentifier(order_.locate_id, 64))
      Refuse("locate_id", RejectReason::kBadIdentifier, kCharset);
    Positive("protective_stop_price", order_.protective_stop_price);
    // By hand it would be a promise that nobody keeps.
    if (order_.protective_stop_price && order_.deployment_id.empty()) {
      Refuse("protective_stop_price", RejectReason::kUnsupported,
             "only a deployment watches a stop of its own: send a bracket");
    }
  }

  void Prices() {
    if (order_.type == OrderType::kUnspecified) {
      Refuse("type", RejectReason::kMissingField, "an order type is expected");
      return;
    }
    // A trailing order's prices are made by its offset.
    bool needs_limit = HasLimit(order_.type) && !IsTrailing(order_.type);
    bool needs_stop = HasTrigger(order_.type) && !IsTrailing(order_.type);
    if (needs_limit && !order_.limit_price) {
      Refuse("limit_price", RejectReason::kPriceRequired, "this order type needs a limit price");
    }
    if (!needs_limit && order_.limit_price) {
      Refuse("limit_price", RejectReason::kPriceForbidden, "this order type takes no limit price");
    }
    if (needs_stop && !order_.stop_price) {
      Refuse("stop_price", RejectReason::kPriceRequired, "this order type needs a stop price");
    }
    if (!needs_stop && order_.stop_price) {
      Refuse("stop_price", RejectReason::kPriceForbidden, "this order type takes no stop price");
    }
    Positive("limit_price", order_.limit_price);
    Positive("stop_price", order_.stop_price);
    if (order_.trigger_source != TriggerSource::kUnspecified && !HasTrigger(order_.type)) {
      Refuse("trigger_source", RejectReason::kUnsupported, "this order type waits for no trigger");
    }
  }

  void Trail() {
    if (!IsTrailing(order_.type)) {
      if (order_.trailing) Refuse("trailing", RejectReason::kUnsupported, "only a trailing order trails");
      return;
    }
    if (!order_.trailing) {
      Refuse("trailing", RejectReason::kMissingField, "a trailing order needs an offset");
      return;
    }
    const Trailing& trailing = *order_.trailing;
    bool limit = order_.type == OrderType::kTrailingStopLimit;
    if (trailing.offset_type == TrailingOffsetType::kUnspecified)
      Refuse("trailing.offset_type", RejectReason::kMissingField, "PRICE, PERCENT or TICKS expected");
    Positive("trailing.offset", trailing.offset);
    Positive("trailing.activation_price", trailing.activation_price);
    bool percent = trailing.offset_type == TrailingOffsetType::kPercent;
    if (percent && trailing.offset >= Decimal::FromInt(100))
      Refuse("trailing.offset", RejectReason::kOutOfRange, "must be below 100 per cent");
    bool ticks = trailing.offset_type == TrailingOffsetType::kTicks;
    if (ticks && !trailing.offset.IsMultipleOf(Decimal::FromInt(1)))
      Refuse("trailing.offset", RejectReason::kOutOfRange, "must be whole ticks");
    if (limit && !trailing.limit_offset)
      Refuse("trailing.limit_offset", RejectReason::kPriceRequired, "a trailing stop limit needs a limit offset");
    if (!limit && trailing.limit_offset)
      Refuse("trailing.limit_offset", RejectReason::kPriceForbidden, "this order type takes no limit offset");
    if (trailing.limit_offset && trailing.limit_offset->IsNegative())
      Refuse("trailing.limit_offset", RejectReason::kOutOfRange, "must not be below zero");
  }

  void Time() {
    TimeInForce time = order_.time_in_force;
    bool immediate = time == TimeInForce::kIoc || time == TimeInForce::kFok;
    if (immediate && HasTrigger(order_.type)) {
      Refuse("time_in_force", RejectReason::kUnsupported, "a stop order rests: IOC and FOK do not apply");
    }
    if (IsAuction(time) && order_.type != OrderType::kMarket && order_.type != OrderType::kLimit) {
      Refuse("time_in_force", RejectReason::kUnsupported, "only market and limit orders trade at the open or close");
    }
    bool dated = time == TimeInForce::kGtd;
    if (dated && order_.type == OrderType::kMarket)
      Refuse("time_in_force", RejectReason::kUnsupported, "a market order does not wait for a date");
    if (dated && order_.expire_time.nanos <= 0)
      Refuse("expire_time", RejectReason::kMissingField, "GTD needs the time until when");
    if (!dated && order_.expire_time.nanos != 0)
      Refuse("expire_time", RejectReason::kUnsupported, "only GTD has an end of its own");
  }

  void Display() {
    bool rests = order_.type == OrderType::kLimit && Rests(order_.time_in_force);
    if (order_.post_only && !rests)
      Refuse("post_only", RejectReason::kUnsupported, "only a limit order that rests can be post-only");
    if (!order_.display_quantity) return;
    if (!rests) Refuse("display_quantity", RejectReason::kUnsupported, "only a limit order that rests is shown");
    Positive("display_quantity", order_.display_quantity);
    if (*order_.display_quantity > order_.quantity)
      Refuse("display_quantity", RejectReason::kOutOfRange, "must not be above the quantity");
  }

  const Order& order_;
  std::vector<Violation> violations_;
};

// Without what it has become by following the market.
bool SameTrail(const std::optional<Trailing>& left, const std::optional<Trailing>& right) {
  if (!left || !right) return left.has_value() == right.has_value();
  return left->offset == right->offset && left->offset_type == right->offset_type &&
         left->activation_price == right->activation_price && left->limit_offset == right->limit_offset;
}

}  // namespace

std::vector<Violation> ValidateSubmit(Order& order) {
  if (order.time_in_force == TimeInForce::kUnspecified)
    order.time_in_force = order.type == OrderType::kMarket ? TimeInForce::kIoc : TimeInForce::kGtc;
  return Form(order).Check();
}

bool SameBody(const Order& left, const Order& right) {
  auto asked = [](const Order& order) {
    return order.requested_quantity.IsZero() ? order.quantity : order.requested_quantity;
  };
  // What the market or a replacement has set is not what was asked for.
  bool priced = !IsTrailing(left.type) && left.replace_count == 0 && right.replace_count == 0;
  bool same_prices = !priced || (left.limit_price == right.limit_price && left.stop_price == right.stop_price);
  return left.account_id == right.account_id && left.request_id == right.request_id &&
         left.deployment_id == right.deployment_id && left.symbol == right.symbol && left.side == right.side &&
         left.type == right.type && left.time_in_force == right.time_in_force && asked(left) == asked(right) &&
         same_prices && left.reduce_only == right.reduce_only && left.reason == right.reason &&
         left.post_only == right.post_only && left.hold_until_open == right.hold_until_open &&
         left.display_quantity == right.display_quantity && left.expire_time == right.expire_time &&
         left.trigger_source == right.trigger_source && left.list == right.list &&
         left.confirm_soft_collar == right.confirm_soft_collar && left.locate_id == right.locate_id &&
         // A list's entry has it from its exit.
         (left.list || left.protective_stop_price == right.protective_stop_price) &&
         SameTrail(left.trailing, right.trailing);
}

std::vector<Violation> ValidateList(const std::vector<Order>& orders, ContingencyType type) {
  std::vector<Violation> violations;
  auto refuse = [&](std::string field, RejectReason reason, const char* message) {
    violations.push_back({.field = std::move(field), .reason = reason, .message = message});
  };
  constexpr std::size_t kOrdersMax = 10;
  bool bracket = type == ContingencyType::kBracket;
  if (type == ContingencyType::kUnspecified)
    refuse("contingency_type", RejectReason::kMissingField, "OTO, OCO, OUO or BRACKET expected");
  if (orders.size() < 2 || orders.size() > (bracket ? 3 : kOrdersMax)) {
    refuse("orders", RejectReason::kOutOfRange,
           bracket ? "a bracket has an entry and one or two exits" : "2 to 10 orders expected");
    return violations;
  }
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Order &first = orders.front(), &order = orders[i];
    const std::string field = "orders[" + std::to_string(i) + "].";
    bool immediate = order.time_in_force == TimeInForce::kIoc || order.time_in_force == TimeInForce::kFok;
    bool child = HasParent(type) && i > 0;
    if (!child && !HasParent(type) && immediate)
      refuse(field + "time_in_force", RejectReason::kUnsupported, "orders that wait for each other have to rest");
    if (i == 0) continue;
    if (order.symbol != first.symbol && type != ContingencyType::kOto && type != ContingencyType::kOco)
      refuse(field + "symbol", RejectReason::kUnsupported, "orders that share a quantity are of one instrument");
    if (type == ContingencyType::kOuo && (order.quantity != first.quantity || order.side != first.side))
      refuse(field + "quantity", RejectReason::kUnsupported, "orders that share a quantity have the same, and a side");
    if (!bracket) continue;
    if (order.side != Opposite(first.side)) refuse(field + "side", RejectReason::kUnsupported, "an exit takes out");
    if (order.quantity != first.quantity)
      refuse(field + "quantity", RejectReason::kUnsupported, "an exit has the entry's quantity");
    if (!order.reduce_only) refuse(field + "reduce_only", RejectReason::kUnsupported, "an exit is reduce-only");
    if (immediate || order.type == OrderType::kMarket)
      refuse(field + "type", RejectReason::kUnsupported, "an exit waits for its price");
  }
  bool two_stops = bracket && orders.size() == 3 && IsStop(orders[1].type) == IsStop(orders[2].type);
  if (two_stops) refuse("orders[2].type", RejectReason::kUnsupported, "two exits are a target and a stop");
  return violations;
}

}  // namespace ballast::orders
