#include "services/risk/limits_codec.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

void ToProto(const risk::Limits& limits, risk::v1::Limits* out) {
  out->set_version(limits.version);
  wire::ToProto(limits.max_order_quantity, out->mutable_max_order_quantity());
  wire::ToProto(limits.max_order_notional, out->mutable_max_order_notional());
  wire::ToProto(limits.max_position_ratio, out->mutable_max_position_ratio());
  wire::ToProto(limits.concentration_ratio, out->mutable_concentration_ratio());
  wire::ToProto(limits.gross_leverage, out->mutable_gross_leverage());
  out->set_max_open_positions_per_deployment(limits.max_open_positions_per_deployment);
  out->set_max_open_positions(limits.max_open_positions);
  out->set_max_open_orders(limits.max_open_orders);
  wire::ToProto(limits.daily_loss_ratio, out->mutable_daily_loss_ratio());
  wire::ToProto(limits.drawdown_ratio, out->mutable_drawdown_ratio());
  wire::ToProto(limits.price_collar_ratio, out->mutable_price_collar_ratio());
  out->set_order_rate_per_second(limits.order_rate_per_second);
  out->set_quote_age_ms_max(limits.quote_age_ms_max);
  out->set_allow_short(limits.allow_short);
  for (const Symbol& symbol : limits.restricted) out->add_restricted_symbols(symbol.value());
}

risk::Limits LimitsFromProto(const risk::v1::Limits& proto, std::vector<FieldError>& errors) {
  risk::Limits limits;
  limits.version = proto.version();
  auto decimal = [&](const type::v1::Decimal& value, const char* field, const char* maximum) {
    auto parsed = Decimal::Parse(value.value());
    if (!parsed.ok()) {
      errors.push_back({.field = field, .reason = RejectReason::kBadDecimal, .message = MessageOf(parsed.status())});
      return Decimal();
    }
    if (parsed->IsNegative() || *parsed > Decimal::Of(maximum)) {
      errors.push_back({.field = field,
                        .reason = RejectReason::kOutOfRange,
                        .message = std::string("0 to ") + maximum + " expected"});
      return Decimal();
    }
    return *parsed;
  };
  auto number = [&](std::int64_t value, const char* field, std::int64_t maximum) {
    if (value < 0 || value > maximum) {
      errors.push_back({.field = field,
                        .reason = RejectReason::kOutOfRange,
                        .message = "0 to " + std::to_string(maximum) + " expected"});
      return std::int64_t{0};
    }
    return value;
  };
  limits.max_order_quantity = decimal(proto.max_order_quantity(), "max_order_quantity", "1000000000");
  limits.max_order_notional = decimal(proto.max_order_notional(), "max_order_notional", "1000000000");
  limits.max_position_ratio = decimal(proto.max_position_ratio(), "max_position_ratio", "10");
  limits.concentration_ratio = decimal(proto.concentration_ratio(), "concentration_ratio", "10");
  limits.gross_leverage = decimal(proto.gross_leverage(), "gross_leverage", "10");
  limits.daily_loss_ratio = decimal(proto.daily_loss_ratio(), "daily_loss_ratio", "1");
  limits.drawdown_ratio = decimal(proto.drawdown_ratio(), "drawdown_ratio", "1");
  limits.price_collar_ratio = decimal(proto.price_collar_ratio(), "price_collar_ratio", "1");
  limits.max_open_positions_per_deployment =
      static_cast<int>(number(proto.max_open_positions_per_deployment(), "max_open_positions_per_deployment", 1000));
  limits.max_open_positions = static_cast<int>(number(proto.max_open_positions(), "max_open_positions", 10000));
  limits.max_open_orders = static_cast<int>(number(proto.max_open_orders(), "max_open_orders", 100000));
  limits.order_rate_per_second =
      static_cast<int>(number(proto.order_rate_per_second(), "order_rate_per_second", 100000));
  limits.quote_age_ms_max = number(proto.quote_age_ms_max(), "quote_age_ms_max", 600000);
  limits.allow_short = proto.allow_short();
  for (const std::string& symbol : proto.restricted_symbols()) limits.restricted.insert(Symbol(symbol));
  return limits;
}

}  // namespace ballast
