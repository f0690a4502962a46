#include "services/strategy_runner/graduation_codec.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

namespace graduation_pb = graduation::v1;

graduation_pb::GraduationPlan WithDefaults(graduation_pb::GraduationPlan plan) {
  const graduation::Plan defaults;
  if (plan.minimum_trades() == 0) plan.set_minimum_trades(defaults.minimum_trades);
  if (plan.minimum_days() == 0) plan.set_minimum_days(defaults.minimum_days);
  if (plan.drawdown_band() == 0) plan.set_drawdown_band(defaults.drawdown_band);
  if (plan.demotion_band() == 0) plan.set_demotion_band(defaults.demotion_band);
  if (plan.significance() == 0) plan.set_significance(defaults.significance);
  if (!plan.has_slippage_bps_max()) plan.set_slippage_bps_max(defaults.slippage_bps_max);
  if (plan.canary_ratio().value().empty()) plan.mutable_canary_ratio()->set_value("0.1");
  return plan;
}

graduation::Plan PlanFromProto(const graduation_pb::GraduationPlan& proto, std::vector<FieldError>& errors) {
  graduation::Plan plan{.minimum_trades = proto.minimum_trades(),
                        .minimum_days = proto.minimum_days(),
                        .backtest_drawdown_ratio = {},
                        .backtest_mean_return = {},
                        .backtest_return_deviation = {},
                        .drawdown_band = proto.drawdown_band(),
                        .demotion_band = proto.demotion_band(),
                        .significance = proto.significance(),
                        .slippage_bps_max = proto.slippage_bps_max()};
  if (proto.has_backtest_drawdown_ratio()) plan.backtest_drawdown_ratio = proto.backtest_drawdown_ratio();
  if (proto.has_backtest_mean_return()) plan.backtest_mean_return = proto.backtest_mean_return();
  if (proto.has_backtest_return_deviation()) plan.backtest_return_deviation = proto.backtest_return_deviation();
  if (std::string fault = graduation::Fault(plan); !fault.empty()) {
    const std::size_t colon = fault.find(':');
    errors.push_back({.field = "plan." + fault.substr(0, colon),
                      .reason = RejectReason::kOutOfRange,
                      .message = fault.substr(colon + 2)});
  }
  auto ratio = wire::FromProto(proto.canary_ratio(), "plan.canary_ratio");
  if (!ratio.ok() || !ratio->IsPositive() || *ratio > Decimal::FromInt(1))
    errors.push_back({.field = "plan.canary_ratio",
                      .reason = ratio.ok() ? RejectReason::kOutOfRange : RejectReason::kBadDecimal,
                      .message = "above 0 and at most 1 expected"});
  return plan;
}

graduation::Evidence EvidenceFromProto(const graduation_pb::StageEvidence& proto) {
  return {.trades = proto.trades(),
          .days = proto.days(),
          .return_sum = proto.return_sum(),
          .return_square_sum = proto.return_square_sum(),
          .drawdown_ratio = proto.drawdown_ratio(),
          .slippage_count = proto.slippage_count(),
          .slippage_bps_sum = proto.slippage_bps_sum()};
}

void ToProto(const std::vector<graduation::Gate>& gates, google::protobuf::RepeatedPtrField<graduation_pb::Gate>* out) {
  out->Clear();
  for (const graduation::Gate& gate : gates) {
    graduation_pb::Gate& one = *out->Add();
    one.set_name(gate.name);
    one.set_passed(gate.passed);
    one.set_observed(gate.observed);
    one.set_required(gate.required);
    one.set_detail(gate.detail);
  }
}

void ToProto(const graduation::RiskScore& score, graduation_pb::RiskScore* out) {
  out->set_score(score.score);
  out->set_grade(score.grade);
  for (const graduation::ScorePart& part : score.parts) {
    graduation_pb::RiskScorePart& one = *out->add_parts();
    one.set_name(part.name);
    one.set_points(part.points);
    one.set_most(part.most);
    one.set_reason(part.reason);
  }
}

std::string NameOf(graduation_pb::Stage stage) {
  switch (stage) {
    case graduation_pb::STAGE_PAPER:
      return "paper";
    case graduation_pb::STAGE_SHADOW:
      return "shadow";
    case graduation_pb::STAGE_CANARY:
      return "canary";
    case graduation_pb::STAGE_LIVE:
      return "live";
    default:
      return "none";
  }
}

}  // namespace ballast
