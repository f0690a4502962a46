#include "services/risk/limits_codec.h"

#include "libs/base/absl_std.h"
#include "libs/risk/limit_field.h"
#include "libs/wire/wire.h"

namespace ballast {

void ToProto(const risk::Limits& limits, risk::v1::Limits* out) {
  out->set_version(limits.version);
  wire::ToProto(limits.max_order_quantity, out->mutable_max_order_quantity());
  wire::ToProto(limits.max_order_notional, out->mutable_max_order_notional());
  wire::ToProto(limits.max_position_ratio, out->mutable_max_position_ratio());
  wire::ToProto(limits.concentration_ratio, out->mutable_concentration_ratio());
  wire::ToProto(limits.gross_leverage, out->mutable_gross_leverage());
  wire::ToProto(limits.net_leverage, out->mutable_net_leverage());
  out->set_max_open_positions_per_deployment(limits.max_open_positions_per_deployment);
  out->set_max_open_positions(limits.max_open_positions);
  out->set_max_open_orders(limits.max_open_orders);
  wire::ToProto(limits.daily_loss_ratio, out->mutable_daily_loss_ratio());
  wire::ToProto(limits.drawdown_ratio, out->mutable_drawdown_ratio());
  wire::ToProto(limits.price_collar_ratio, out->mutable_price_collar_ratio());
  out->set_order_rate_per_second(limits.order_rate_per_second);
  out->set_order_rate_per_deployment(limits.order_rate_per_deployment);
  out->set_repeated_orders_per_second(limits.repeated_orders_per_second);
  out->set_quote_age_ms_max(limits.quote_age_ms_max);
  out->set_allow_short(limits.allow_short);
  out->set_daily_loss_clears_next_day(limits.daily_loss_clears_next_day);
  wire::ToProto(limits.derisk_floor, out->mutable_derisk_floor());
  wire::ToProto(limits.derisk_start, out->mutable_derisk_start());
  wire::ToProto(limits.derisk_volatility, out->mutable_derisk_volatility());
  wire::ToProto(limits.soft_collar_ratio, out->mutable_soft_collar_ratio());
  out->set_soft_collar_passes_deployments(limits.soft_collar_passes_deployments);
  wire::ToProto(limits.risk_per_trade_ratio, out->mutable_risk_per_trade_ratio());
  wire::ToProto(limits.portfolio_risk_ratio, out->mutable_portfolio_risk_ratio());
  wire::ToProto(limits.unprotected_loss_ratio, out->mutable_unprotected_loss_ratio());
  out->set_allow_self_trade(limits.allow_self_trade);
  out->set_require_locate(limits.require_locate);
  for (const Symbol& symbol : limits.restricted) out->add_restricted_symbols(symbol.value());
}

risk::Limits LimitsFromProto(const risk::v1::Limits& proto, FieldCheck& check) {
  check.Id("limits.account_id", proto.account_id());
  risk::Limits limits;
  limits.version = proto.version();
  auto decimal = [&](const type::v1::Decimal& value, const char* field, const char* maximum) {
    auto parsed = Decimal::Parse(value.value());
    if (!parsed.ok()) {
      check.Refuse(field, RejectReason::kBadDecimal, MessageOf(parsed.status()));
      return Decimal();
    }
    if (parsed->IsNegative() || *parsed > Decimal::Of(maximum)) {
      check.Refuse(field, RejectReason::kOutOfRange, std::string("0 to ") + maximum + " expected");
      return Decimal();
    }
    return *parsed;
  };
  auto number = [&](std::int64_t value, const char* field, std::int64_t maximum) {
    check.Range(field, value, 0, maximum);
    return value < 0 || value > maximum ? 0 : value;
  };
  limits.max_order_quantity = decimal(proto.max_order_quantity(), "limits.max_order_quantity", "1000000000");
  limits.max_order_notional = decimal(proto.max_order_notional(), "limits.max_order_notional", "1000000000");
  limits.max_position_ratio = decimal(proto.max_position_ratio(), "limits.max_position_ratio", "10");
  limits.concentration_ratio = decimal(proto.concentration_ratio(), "limits.concentration_ratio", "10");
  limits.gross_leverage = decimal(proto.gross_leverage(), "limits.gross_leverage", "10");
  // Who does not know it says nothing about it.
  if (proto.has_net_leverage()) limits.net_leverage = decimal(proto.net_leverage(), "limits.net_leverage", "10");
  limits.daily_loss_ratio = decimal(proto.daily_loss_ratio(), "limits.daily_loss_ratio", "1");
  limits.drawdown_ratio = decimal(proto.drawdown_ratio(), "limits.drawdown_ratio", "1");
  limits.price_collar_ratio = decimal(proto.price_collar_ratio(), "limits.price_collar_ratio", "1");
  limits.max_open_positions_per_deployment = static_cast<int>(
      number(proto.max_open_positions_per_deployment(), "limits.max_open_positions_per_deployment", 1000));
  limits.max_open_positions = static_cast<int>(number(proto.max_open_positions(), "limits.max_open_positions", 10000));
  limits.max_open_orders = static_cast<int>(number(proto.max_open_orders(), "limits.max_open_orders", 100000));
  limits.order_rate_per_second =
      static_cast<int>(number(proto.order_rate_per_second(), "limits.order_rate_per_second", 100000));
  if (proto.has_order_rate_per_deployment()) {
    limits.order_rate_per_deployment =
        static_cast<int>(number(proto.order_rate_per_deployment(), "limits.order_rate_per_deployment", 100000));
  }
  if (proto.has_repeated_orders_per_second()) {
    limits.repeated_orders_per_second =
        static_cast<int>(number(proto.repeated_orders_per_second(), "limits.repeated_orders_per_second", 100000));
  }
  limits.quote_age_ms_max = number(proto.quote_age_ms_max(), "limits.quote_age_ms_max", 600000);
  limits.allow_short = proto.allow_short();
  limits.daily_loss_clears_next_day = proto.daily_loss_clears_next_day();
  if (proto.has_derisk_floor()) limits.derisk_floor = decimal(proto.derisk_floor(), "limits.derisk_floor", "1");
  if (proto.has_derisk_start()) limits.derisk_start = decimal(proto.derisk_start(), "limits.derisk_start", "1");
  if (proto.has_derisk_volatility())
    limits.derisk_volatility = decimal(proto.derisk_volatility(), "limits.derisk_volatility", "10");
  if (proto.has_soft_collar_ratio())
    limits.soft_collar_ratio = decimal(proto.soft_collar_ratio(), "limits.soft_collar_ratio", "1");
  limits.soft_collar_passes_deployments = proto.soft_collar_passes_deployments();
  if (proto.has_risk_per_trade_ratio())
    limits.risk_per_trade_ratio = decimal(proto.risk_per_trade_ratio(), "limits.risk_per_trade_ratio", "10");
  if (proto.has_portfolio_risk_ratio())
    limits.portfolio_risk_ratio = decimal(proto.portfolio_risk_ratio(), "limits.portfolio_risk_ratio", "10");
  if (proto.has_unprotected_loss_ratio())
    limits.unprotected_loss_ratio = decimal(proto.unprotected_loss_ratio(), "limits.unprotected_loss_ratio", "1");
  limits.allow_self_trade = proto.allow_self_trade();
  limits.require_locate = proto.require_locate();
  for (const std::string& symbol : proto.restricted_symbols()) {
    check.Id("limits.restricted_symbols", symbol);
    limits.restricted.insert(Symbol(symbol));
  }
  return limits;
}

absl::StatusOr<risk::Limits> StoredLimits(std::string_view bytes) {
  risk::v1::Limits stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("stored limits cannot be read");
  risk::v1::Limits whole;
  ToProto(risk::Limits(), &whole);
  // Without presence a field that is not there was stored as 0. So a new limit has to be a message or `optional`.
  const google::protobuf::Descriptor& fields = *risk::v1::Limits::descriptor();
  for (int i = 0; i < fields.field_count(); ++i) {
    if (!fields.field(i)->has_presence()) whole.GetReflection()->ClearField(&whole, fields.field(i));
  }
  whole.MergeFrom(stored);
  FieldCheck check;
  risk::Limits limits = LimitsFromProto(whole, check);
  const risk::Limits usual;
  for (const FieldError& error : check.errors()) {
    // Whose they are stands beside them.
    if (error.field == "limits.account_id") continue;
    const std::string name = error.field.substr(error.field.find('.') + 1);
    limits.unusable.insert(name);
    if (const risk::LimitField* field = risk::FindLimitField(name)) field->set(limits, field->get(usual));
  }
  return limits;
}

}  // namespace ballast
