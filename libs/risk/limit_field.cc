#include "libs/risk/limit_field.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace ballast::risk {
namespace {

template <Decimal Limits::*member>
LimitField OfDecimal(std::string_view name, std::string_view check, int maximum) {
  return {.name = name,
          .check = check,
          .maximum = Decimal::FromInt(maximum),
          .get = [](const Limits& limits) { return limits.*member; },
          .set = [](Limits& limits, Decimal value) { limits.*member = value; }};
}

template <auto member>
LimitField OfCount(std::string_view name, std::string_view check, int maximum) {
  return {.name = name,
          .check = check,
          .whole = true,
          .maximum = Decimal::FromInt(maximum),
          .get = [](const Limits& limits) { return Decimal::FromInt(static_cast<std::int64_t>(limits.*member)); },
          .set =
              [](Limits& limits, Decimal value) {
                using Number = std::remove_reference_t<decltype(limits.*member)>;
                limits.*member = static_cast<Number>(value.units() / Decimal::FromInt(1).units());
              }};
}

template <bool Limits::*member>
LimitField OfYesNo(std::string_view name, std::string_view check) {
  return {.name = name,
          .check = check,
          .whole = true,
          .maximum = Decimal::FromInt(1),
          .get = [](const Limits& limits) { return Decimal::FromInt(limits.*member ? 1 : 0); },
          .set = [](Limits& limits, Decimal value) { limits.*member = !value.IsZero(); }};
}

LimitField Upwards(LimitField field) {
  field.smaller_is_tighter = false;
  return field;
}

LimitField OffAtZero(LimitField field) {
  field.zero_is_off = true;
  return field;
}

const auto& AllFields() {
  static const std::array kFields = {
      OfDecimal<&Limits::max_order_quantity>("max_order_quantity", "max_order_quantity", 1'000'000'000),
      OfDecimal<&Limits::max_order_notional>("max_order_notional", "max_order_notional", 1'000'000'000),
      OfDecimal<&Limits::max_position_ratio>("max_position_ratio", "max_position", 10),
      OfDecimal<&Limits::concentration_ratio>("concentration_ratio", "concentration", 10),
      OfDecimal<&Limits::gross_leverage>("gross_leverage", "gross_leverage", 10),
      OfDecimal<&Limits::net_leverage>("net_leverage", "net_leverage", 10),
      OfDecimal<&Limits::risk_per_trade_ratio>("risk_per_trade_ratio", "risk_per_trade", 10),
      OfDecimal<&Limits::portfolio_risk_ratio>("portfolio_risk_ratio", "portfolio_risk", 10),
      Upwards(OfDecimal<&Limits::unprotected_loss_ratio>("unprotected_loss_ratio", "", 1)),
      OfCount<&Limits::max_open_positions_per_deployment>("max_open_positions_per_deployment",
                                                          "max_open_positions_per_deployment", 1'000),
      OfCount<&Limits::max_open_positions>("max_open_positions", "max_open_positions", 10'000),
      OfCount<&Limits::max_open_orders>("max_open_orders", "max_open_orders", 100'000),
      OfDecimal<&Limits::daily_loss_ratio>("daily_loss_ratio", "daily_loss", 1),
      OfDecimal<&Limits::drawdown_ratio>("drawdown_ratio", "drawdown", 1),
      OfYesNo<&Limits::daily_loss_clears_next_day>("daily_loss_clears_next_day", ""),
      OfDecimal<&Limits::derisk_floor>("derisk_floor", "", 1),
      OfDecimal<&Limits::derisk_start>("derisk_start", "", 1),
      OffAtZero(OfDecimal<&Limits::derisk_volatility>("derisk_volatility", "", 10)),
      OfDecimal<&Limits::price_collar_ratio>("price_collar_ratio", "price_collar", 1),
      OfDecimal<&Limits::soft_collar_ratio>("soft_collar_ratio", "soft_collar", 1),
      OfYesNo<&Limits::soft_collar_passes_deployments>("soft_collar_passes_deployments", ""),
      OfCount<&Limits::order_rate_per_second>("order_rate_per_second", "order_rate", 100'000),
      OfCount<&Limits::order_rate_per_deployment>("order_rate_per_deployment", "order_rate_per_deployment", 100'000),
      OfCount<&Limits::repeated_orders_per_second>("repeated_orders_per_second", "repeated_orders", 100'000),
      OfCount<&Limits::quote_age_ms_max>("quote_age_ms_max", "price_age", 600'000),
      OfYesNo<&Limits::allow_short>("allow_short", "short_selling"),
      OfYesNo<&Limits::allow_self_trade>("allow_self_trade", "self_trade"),
      Upwards(OfYesNo<&Limits::require_locate>("require_locate", "locate")),
  };
  return kFields;
}

const LimitField* FindField(std::string_view text, std::string_view LimitField::*member) {
  const auto& fields = AllFields();
  const auto* found = std::find_if(fields.begin(), fields.end(),
                                   [&](const LimitField& field) { return !text.empty() && field.*member == text; });
  return found == fields.end() ? nullptr : found;
}

}  // namespace

bool LimitField::Tighter(Decimal left, Decimal right) const {
  if (zero_is_off && (left.IsZero() || right.IsZero())) return !left.IsZero() && right.IsZero();
  return smaller_is_tighter ? left < right : left > right;
}

bool LimitField::Allows(Decimal value) const {
  return !value.IsNegative() && value <= maximum && (!whole || value.IsMultipleOf(Decimal::FromInt(1)));
}

std::span<const LimitField> LimitFields() { return AllFields(); }
const LimitField* FindLimitField(std::string_view name) { return FindField(name, &LimitField::name); }
const LimitField* LimitFieldOfCheck(std::string_view check) { return FindField(check, &LimitField::check); }

std::vector<std::string> Raises(const Limits& before, const Limits& after) {
  std::vector<std::string> raised;
  for (const LimitField& field : LimitFields()) {
    Decimal from = field.get(before), to = field.get(after);
    if (field.Tighter(from, to))
      raised.push_back(std::string(field.name) + " " + from.ToString() + " -> " + to.ToString());
  }
  // Nobody knows what they allowed.
  for (const std::string& name : before.unusable) {
    if (!after.unusable.contains(name)) raised.push_back(name + " unusable -> set");
  }
  for (const Symbol& symbol : before.restricted) {
    if (!after.restricted.contains(symbol)) raised.push_back("restricted_symbols without " + symbol.value());
  }
  return raised;
}

}  // namespace ballast::risk
