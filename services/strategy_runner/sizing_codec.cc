#include "services/strategy_runner/sizing_codec.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/sizing/arithmetic.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

// From here on risk looks at no loss at the stop: risk::Limits::kRiskOff.
const Decimal kNoRiskLimit = Decimal::FromInt(10);

void ReadNumber(const type::v1::Decimal& proto, bool given, const std::string& field, Decimal& out,
                std::vector<FieldError>& errors) {
  if (!given || proto.value().empty()) return;
  auto value = wire::FromProto(proto, field);
  if (value.ok())
    out = *value;
  else
    errors.push_back({.field = field, .reason = RejectReason::kBadDecimal, .message = MessageOf(value.status())});
}

// The part of the equity that a limit of the risk service is; nothing where it is not set.
absl::Status ReadShare(const type::v1::Decimal& ratio, const char* field, Decimal equity, std::optional<Decimal>& out) {
  if (ratio.value().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(Decimal value, wire::FromProto(ratio, field));
  out = sizing::ProductWithin(std::max(Decimal(), equity), std::max(Decimal(), value));
  return absl::OkStatus();
}

absl::Status ReadMost(const type::v1::Decimal& limit, const char* field, std::optional<Decimal>& out) {
  if (limit.value().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(out, wire::FromProto(limit, field));
  return absl::OkStatus();
}

}  // namespace

sizing::Settings SettingsFromProto(const strategy::v1::Sizing& proto, const std::string& field,
                                   std::vector<FieldError>& errors) {
  sizing::Settings settings;
  auto wrong = [&](const char* name, const char* why) {
    errors.push_back({.field = field + "." + name, .reason = RejectReason::kOutOfRange, .message = why});
  };
  auto number = [&](const char* name, const type::v1::Decimal& value, bool given, Decimal& out) {
    ReadNumber(value, given, field + "." + name, out, errors);
  };
  if (proto.method() != 0) settings.method = static_cast<sizing::Method>(proto.method());
  if (proto.method() < 0 || proto.method() > strategy::v1::SIZING_METHOD_CONSENSUS) {
    wrong("method", "there is no such method");
    settings.method = sizing::Method::kFixedFraction;
  }
  number("risk_ratio", proto.risk_ratio(), proto.has_risk_ratio(), settings.risk_ratio);
  number("kelly_fraction", proto.kelly_fraction(), proto.has_kelly_fraction(), settings.kelly_fraction);
  number("kelly_cap_ratio", proto.kelly_cap_ratio(), proto.has_kelly_cap_ratio(), settings.kelly_cap_ratio);
  number("volatility_ratio", proto.volatility_ratio(), proto.has_volatility_ratio(), settings.volatility_ratio);
  number("volatility_decay", proto.volatility_decay(), proto.has_volatility_decay(), settings.volatility_decay);
  if (proto.has_kelly_prior_trades()) settings.kelly_prior_trades = proto.kelly_prior_trades();
  if (proto.kelly_minimum_trades() != 0) settings.kelly_minimum_trades = proto.kelly_minimum_trades();
  if (proto.volatility_periods() != 0) settings.volatility_periods = proto.volatility_periods();
  if (proto.volatility_measure() < 0 || proto.volatility_measure() > strategy::v1::VOLATILITY_MEASURE_ATR)
    wrong("volatility_measure", "there is no such measure");
  else if (proto.volatility_measure() != 0)
    settings.volatility_measure = static_cast<sizing::VolatilityMeasure>(proto.volatility_measure());
  if (proto.consensus() < 0 || proto.consensus() > strategy::v1::SIZING_CONSENSUS_WEIGHTED)
    wrong("consensus", "there is no such rule");
  else if (proto.consensus() != 0)
    settings.consensus = static_cast<sizing::Consensus>(proto.consensus());
  for (int member : proto.members()) settings.members.push_back(static_cast<sizing::Method>(member));
  return settings;
}

void ToProto(const sizing::Settings& settings, strategy::v1::Sizing* out) {
  out->set_method(static_cast<strategy::v1::SizingMethod>(settings.method));
  wire::ToProto(settings.risk_ratio, out->mutable_risk_ratio());
  wire::ToProto(settings.kelly_fraction, out->mutable_kelly_fraction());
  wire::ToProto(settings.kelly_cap_ratio, out->mutable_kelly_cap_ratio());
  out->set_kelly_prior_trades(settings.kelly_prior_trades);
  out->set_kelly_minimum_trades(settings.kelly_minimum_trades);
  wire::ToProto(settings.volatility_ratio, out->mutable_volatility_ratio());
  out->set_volatility_measure(static_cast<strategy::v1::VolatilityMeasure>(settings.volatility_measure));
  wire::ToProto(settings.volatility_decay, out->mutable_volatility_decay());
  out->set_volatility_periods(settings.volatility_periods);
  for (sizing::Method member : settings.members) out->add_members(static_cast<strategy::v1::SizingMethod>(member));
  out->set_consensus(static_cast<strategy::v1::SizingConsensus>(settings.consensus));
}

void ToProto(const sizing::Result& result, strategy::v1::SizingResult* out) {
  out->set_method(static_cast<strategy::v1::SizingMethod>(result.method));
  out->set_name(std::string(sizing::NameOf(result.method)));
  wire::ToProto(result.quantity, out->mutable_quantity());
  wire::ToProto(result.notional, out->mutable_notional());
  if (result.loss_at_stop) wire::ToProto(*result.loss_at_stop, out->mutable_loss_at_stop());
  for (const auto& [name, value] : result.inputs) (*out->mutable_inputs())[name] = value;
  for (const sizing::Cap& cap : result.caps) {
    strategy::v1::SizingCap& told = *out->add_caps();
    told.set_name(cap.name);
    wire::ToProto(cap.quantity, told.mutable_quantity());
  }
  out->set_refusal(result.refusal);
}

void ToProto(const sizing::Track& track, google::protobuf::RepeatedPtrField<strategy::v1::SizingRecord>* out) {
  for (const auto& [method, record] : track) {
    strategy::v1::SizingRecord& told = *out->Add();
    told.set_method(static_cast<strategy::v1::SizingMethod>(method));
    told.set_trades(record.trades);
    wire::ToProto(record.return_sum, told.mutable_return_ratio());
    wire::ToProto(record.profit, told.mutable_profit());
  }
}

absl::StatusOr<sizing::Ceiling> CeilingFromProto(const risk::v1::Limits& limits, Decimal equity,
                                                 Decimal gross_exposure) {
  sizing::Ceiling ceiling;
  RETURN_IF_ERROR(ReadMost(limits.max_order_quantity(), "max_order_quantity", ceiling.order_quantity));
  RETURN_IF_ERROR(ReadMost(limits.max_order_notional(), "max_order_notional", ceiling.order_notional));
  RETURN_IF_ERROR(ReadShare(limits.max_position_ratio(), "max_position_ratio", equity, ceiling.position_notional));
  RETURN_IF_ERROR(
      ReadShare(limits.concentration_ratio(), "concentration_ratio", equity, ceiling.concentration_notional));
  RETURN_IF_ERROR(ReadShare(limits.gross_leverage(), "gross_leverage", equity, ceiling.buying_power));
  if (ceiling.buying_power) *ceiling.buying_power -= gross_exposure;
  if (!limits.risk_per_trade_ratio().value().empty()) {
    ASSIGN_OR_RETURN(Decimal ratio, wire::FromProto(limits.risk_per_trade_ratio(), "risk_per_trade_ratio"));
    if (ratio < kNoRiskLimit)
      RETURN_IF_ERROR(ReadShare(limits.risk_per_trade_ratio(), "risk_per_trade_ratio", equity, ceiling.loss_at_stop));
  }
  return ceiling;
}

}  // namespace ballast
