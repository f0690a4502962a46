#include "services/strategy_runner/algo_codec.h"

#include <algorithm>
#include <charconv>

#include "libs/base/absl_std.h"
#include "libs/orders/order_id.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/time_field.h"

namespace ballast {
namespace {

namespace algo_pb = execution::v1;
using execution::AlgoSpec;
using execution::AlgoType;
using execution::ChildOrder;
using execution::ParentRecord;
using execution::ParentState;

constexpr std::size_t kAlgoIdBytes = 27;

// Of "a.b" only what is there; what cannot be read is told under its field.
std::optional<Decimal> AlgoNumber(bool there, const type::v1::Decimal& proto, const char* field,
                                  std::vector<FieldError>& errors) {
  if (!there) return std::nullopt;
  auto value = wire::FromProto(proto, field);
  if (value.ok()) return *value;
  errors.push_back({std::string("spec.") + field, RejectReason::kBadDecimal, MessageOf(value.status())});
  return std::nullopt;
}

void PutAlgo(Decimal value, bool there, type::v1::Decimal* (algo_pb::AlgoSpec::*field)(), algo_pb::AlgoSpec* out) {
  if (there) wire::ToProto(value, (out->*field)());
}

absl::Status AlgoUnreadable() { return absl::DataLossError("a stored algorithm order cannot be read"); }

bool ReadAlgo(const type::v1::Decimal& proto, Decimal* out) {
  if (proto.value().empty()) return true;
  auto value = Decimal::Parse(proto.value());
  if (value.ok()) *out = *value;
  return value.ok();
}

}  // namespace

AlgoSpec AlgoSpecFromProto(const algo_pb::AlgoSpec& proto, std::vector<FieldError>& errors) {
  FieldCheck check;
  check.Id("spec.account_id", proto.account_id()).OptionalId("spec.deployment_id", proto.deployment_id());
  check.Id("spec.symbol", proto.symbol());
  errors.insert(errors.end(), check.errors().begin(), check.errors().end());
  std::size_t before = errors.size();
  AlgoSpec spec{.account_id = AccountId(proto.account_id()),
                .deployment_id = DeploymentId(proto.deployment_id()),
                .symbol = Symbol(proto.symbol()),
                .side = static_cast<Side>(proto.side()),
                .type = algo_pb::AlgoType_IsValid(proto.algo_type()) ? static_cast<AlgoType>(proto.algo_type())
                                                                     : AlgoType::kUnspecified,
                .slices = proto.slices(),
                .seed = proto.seed(),
                .reduce_only = proto.reduce_only()};
  auto number = [&](bool there, const type::v1::Decimal& value, const char* field) {
    return AlgoNumber(there, value, field, errors);
  };
  spec.quantity = number(proto.has_quantity(), proto.quantity(), "quantity").value_or(Decimal());
  spec.limit_price = number(proto.has_limit_price(), proto.limit_price(), "limit_price");
  spec.jitter_ratio = number(proto.has_jitter_ratio(), proto.jitter_ratio(), "jitter_ratio").value_or(Decimal());
  spec.participation_ratio =
      number(proto.has_participation_ratio(), proto.participation_ratio(), "participation_ratio").value_or(Decimal());
  spec.display_quantity =
      number(proto.has_display_quantity(), proto.display_quantity(), "display_quantity").value_or(Decimal());
  spec.urgency = number(proto.has_urgency(), proto.urgency(), "urgency").value_or(Decimal());
  spec.max_child_quantity =
      number(proto.has_max_child_quantity(), proto.max_child_quantity(), "max_child_quantity").value_or(Decimal());
  for (const type::v1::Decimal& weight : proto.volume_curve())
    spec.volume_curve.push_back(number(true, weight, "volume_curve").value_or(Decimal()));
  if (proto.has_start_time()) spec.start_time = TimeFromProto(proto.start_time(), "spec.start_time", errors);
  // What is out of range stays so, without overflowing.
  std::int64_t seconds = proto.duration_seconds();
  std::int64_t most = execution::kDurationMax.nanos / 1'000'000'000;
  spec.duration = Duration::Seconds(seconds < 0 ? -1 : std::min(seconds, most + 1));
  if (errors.size() > before) return spec;  // of what could not be read nothing more is said
  for (const execution::TermFault& fault : execution::FaultsOf(spec))
    errors.push_back({"spec." + fault.field, fault.reason, fault.message});
  return spec;
}

void ToProto(const AlgoSpec& spec, algo_pb::AlgoSpec* out) {
  out->set_account_id(spec.account_id.value());
  out->set_deployment_id(spec.deployment_id.value());
  out->set_symbol(spec.symbol.value());
  out->set_side(static_cast<type::v1::Side>(spec.side));
  wire::ToProto(spec.quantity, out->mutable_quantity());
  if (spec.limit_price) wire::ToProto(*spec.limit_price, out->mutable_limit_price());
  out->set_algo_type(static_cast<algo_pb::AlgoType>(spec.type));
  wire::ToProto(spec.start_time, out->mutable_start_time());
  out->set_duration_seconds(spec.duration.nanos / 1'000'000'000);
  out->set_slices(spec.slices);
  out->set_seed(spec.seed);
  for (Decimal weight : spec.volume_curve) wire::ToProto(weight, out->add_volume_curve());
  using Spec = algo_pb::AlgoSpec;
  PutAlgo(spec.jitter_ratio, !spec.jitter_ratio.IsZero(), &Spec::mutable_jitter_ratio, out);
  PutAlgo(spec.participation_ratio, !spec.participation_ratio.IsZero(), &Spec::mutable_participation_ratio, out);
  PutAlgo(spec.display_quantity, !spec.display_quantity.IsZero(), &Spec::mutable_display_quantity, out);
  PutAlgo(spec.urgency, !spec.urgency.IsZero(), &Spec::mutable_urgency, out);
  PutAlgo(spec.max_child_quantity, !spec.max_child_quantity.IsZero(), &Spec::mutable_max_child_quantity, out);
  out->set_reduce_only(spec.reduce_only);
}

void ToProto(const ChildOrder& child, const std::string& parent_id, algo_pb::ChildOrder* out) {
  out->set_number(child.number);
  out->set_request_id(ChildRequestId(parent_id, child.number));
  out->set_order_id(child.order_id.value());
  wire::ToProto(child.terms.quantity, out->mutable_quantity());
  wire::ToProto(child.filled, out->mutable_filled_quantity());
  wire::ToProto(child.average_price, out->mutable_average_price());
  wire::ToProto(child.fees, out->mutable_fees());
  out->set_type(static_cast<type::v1::OrderType>(child.terms.type));
  out->set_time_in_force(static_cast<type::v1::TimeInForce>(child.terms.time_in_force));
  if (child.terms.limit_price) wire::ToProto(*child.terms.limit_price, out->mutable_limit_price());
  out->set_status(static_cast<order::v1::OrderStatus>(child.status));
  out->set_ended(child.ended);
  wire::ToProto(child.send_time, out->mutable_send_time());
  if (child.rejection) wire::ToProto(*child.rejection, out->mutable_rejection());
  wire::ToProto(child.decision_price, out->mutable_decision_price());
  out->set_sequence(child.sequence);
  out->set_cancel_requested(child.cancel_requested);
  out->set_never_sent(child.never_sent);
  out->set_latency_us(child.latency.nanos / 1000);
  for (const execution::FillMark& fill : child.fills) {
    algo_pb::FillMark& mark = *out->add_fills();
    wire::ToProto(fill.time, mark.mutable_time());
    wire::ToProto(fill.quantity, mark.mutable_quantity());
    wire::ToProto(fill.price, mark.mutable_price());
    for (Decimal middle : fill.middles) wire::ToProto(middle, mark.add_middles());
  }
}

void ToProto(const std::vector<execution::ScheduleStep>& schedule,
             google::protobuf::RepeatedPtrField<algo_pb::ScheduleStep>* out) {
  for (const execution::ScheduleStep& step : schedule) {
    algo_pb::ScheduleStep& one = *out->Add();
    wire::ToProto(step.time, one.mutable_time());
    wire::ToProto(step.cumulative, one.mutable_cumulative_quantity());
  }
}

void ToProto(const execution::Parent& parent, UtcTime now, algo_pb::AlgoOrder* out) {
  const ParentRecord& record = parent.record();
  out->set_algo_order_id(record.id);
  ToProto(record.spec, out->mutable_spec());
  out->set_status(static_cast<algo_pb::AlgoStatus>(record.state));
  out->set_ends_as(static_cast<algo_pb::AlgoStatus>(record.ends_as));
  out->clear_status_reason();
  if (record.reason) wire::ToProto(*record.reason, out->mutable_status_reason());
  wire::ToProto(record.spec.start_time, out->mutable_start_time());
  if (auto end = record.spec.end_time()) wire::ToProto(*end, out->mutable_end_time());
  if (record.finish_time.nanos != 0) wire::ToProto(record.finish_time, out->mutable_finish_time());
  wire::ToProto(parent.Filled(), out->mutable_filled_quantity());
  wire::ToProto(parent.Working(), out->mutable_working_quantity());
  wire::ToProto(parent.Remaining(), out->mutable_remaining_quantity());
  wire::ToProto(parent.AveragePrice(), out->mutable_average_price());
  wire::ToProto(parent.Fees(), out->mutable_fees());
  wire::ToProto(parent.Target(parent.finished() ? record.finish_time : now), out->mutable_scheduled_quantity());
  wire::ToProto(record.decision_price, out->mutable_decision_price());
  wire::ToProto(record.arrival_price, out->mutable_arrival_price());
  wire::ToProto(record.last_price, out->mutable_last_price());
  wire::ToProto(record.market_volume, out->mutable_market_volume());
  Decimal vwap = record.market_volume.IsPositive()
                     ? Divide(record.market_notional, record.market_volume, Rounding::kHalfEven)
                     : Decimal();
  wire::ToProto(vwap, out->mutable_market_vwap());
  out->set_child_count(static_cast<int>(record.children.size()));
  out->set_refusals(record.refusals);
  out->clear_child_cap();
  if (record.child_cap.IsPositive()) wire::ToProto(record.child_cap, out->mutable_child_cap());
}

void KeepRecord(const ParentRecord& record, algo_pb::KeptAlgoOrder* out) {
  wire::ToProto(record.market_notional, out->mutable_market_notional());
  wire::ToProto(record.last_bar_time, out->mutable_last_bar_time());
  wire::ToProto(record.blocked_until, out->mutable_blocked_until());
  wire::ToProto(record.lot, out->mutable_lot_size());
  wire::ToProto(record.min_notional, out->mutable_min_notional());
}

absl::StatusOr<ParentRecord> AlgoRecordOf(const algo_pb::KeptAlgoOrder& kept) {
  const algo_pb::AlgoOrder& order = kept.order();
  std::vector<FieldError> errors;
  ParentRecord record{.id = order.algo_order_id(), .spec = AlgoSpecFromProto(order.spec(), errors)};
  if (!errors.empty() || !algo_pb::AlgoStatus_IsValid(order.status()) || order.status() == 0) return AlgoUnreadable();
  record.state = static_cast<ParentState>(order.status());
  record.ends_as = static_cast<ParentState>(order.ends_as());
  if (order.has_status_reason()) record.reason = wire::FromProto(order.status_reason());
  record.finish_time = order.has_finish_time() ? wire::FromProto(order.finish_time()) : UtcTime{};
  record.last_bar_time = wire::FromProto(kept.last_bar_time());
  record.blocked_until = wire::FromProto(kept.blocked_until());
  record.refusals = order.refusals();
  bool read =
      ReadAlgo(kept.lot_size(), &record.lot) && ReadAlgo(kept.min_notional(), &record.min_notional) &&
      ReadAlgo(order.decision_price(), &record.decision_price) &&
      ReadAlgo(order.arrival_price(), &record.arrival_price) && ReadAlgo(order.last_price(), &record.last_price) &&
      ReadAlgo(order.market_volume(), &record.market_volume) &&
      ReadAlgo(kept.market_notional(), &record.market_notional) && ReadAlgo(order.child_cap(), &record.child_cap);
  if (!read || !record.lot.IsPositive()) return AlgoUnreadable();
  return record;
}

absl::StatusOr<ChildOrder> AlgoChildOf(const algo_pb::ChildOrder& proto) {
  ChildOrder child{.number = proto.number(),
                   .terms = {.type = static_cast<OrderType>(proto.type()),
                             .time_in_force = static_cast<TimeInForce>(proto.time_in_force())},
                   .status = static_cast<OrderStatus>(proto.status()),
                   .order_id = OrderId(proto.order_id()),
                   .ended = proto.ended(),
                   .never_sent = proto.never_sent(),
                   .cancel_requested = proto.cancel_requested(),
                   .send_time = wire::FromProto(proto.send_time()),
                   .sequence = proto.sequence()};
  if (proto.has_rejection()) child.rejection = wire::FromProto(proto.rejection());
  bool read = ReadAlgo(proto.quantity(), &child.terms.quantity) && ReadAlgo(proto.filled_quantity(), &child.filled) &&
              ReadAlgo(proto.average_price(), &child.average_price) && ReadAlgo(proto.fees(), &child.fees) &&
              ReadAlgo(proto.decision_price(), &child.decision_price);
  if (proto.has_limit_price()) read = read && ReadAlgo(proto.limit_price(), &child.terms.limit_price.emplace());
  child.latency.nanos = proto.latency_us() * 1000;
  for (const algo_pb::FillMark& mark : proto.fills()) {
    execution::FillMark& fill = child.fills.emplace_back();
    fill.time = wire::FromProto(mark.time());
    read = read && ReadAlgo(mark.quantity(), &fill.quantity) && ReadAlgo(mark.price(), &fill.price) &&
           mark.middles_size() == static_cast<int>(fill.middles.size());
    for (int i = 0; read && i < mark.middles_size(); ++i)
      read = ReadAlgo(mark.middles(i), &fill.middles[static_cast<std::size_t>(i)]);
  }
  if (!read || child.number == 0 || !child.terms.quantity.IsPositive()) return AlgoUnreadable();
  return child;
}

std::string ChildRequestId(const std::string& parent_id, std::uint32_t number) {
  return parent_id + "-" + std::to_string(number);
}

bool SplitChildRequestId(const std::string& request_id, std::string* parent_id, std::uint32_t* number) {
  if (request_id.size() < kAlgoIdBytes + 2 || request_id[0] != 'a' || request_id[kAlgoIdBytes] != '-') return false;
  *parent_id = request_id.substr(0, kAlgoIdBytes);
  const char* end = request_id.data() + request_id.size();
  auto [read, error] = std::from_chars(request_id.data() + kAlgoIdBytes + 1, end, *number);
  return error == std::errc() && read == end && *number > 0;
}

std::string AlgoOrderIdFor(const std::string& account_id, const std::string& request_id) {
  std::string id = orders::OrderIdFor(AccountId(account_id), RequestId("algo:" + request_id)).value();
  id[0] = 'a';
  return id;
}

order::v1::SubmitOrderRequest ChildRequest(const ParentRecord& record, const ChildOrder& child) {
  order::v1::SubmitOrderRequest submit;
  submit.set_request_id(ChildRequestId(record.id, child.number));
  submit.set_account_id(record.spec.account_id.value());
  submit.set_deployment_id(record.spec.deployment_id.value());
  submit.set_symbol(record.spec.symbol.value());
  submit.set_side(static_cast<type::v1::Side>(record.spec.side));
  submit.set_type(static_cast<type::v1::OrderType>(child.terms.type));
  submit.set_time_in_force(static_cast<type::v1::TimeInForce>(child.terms.time_in_force));
  wire::ToProto(child.terms.quantity, submit.mutable_quantity());
  if (child.terms.limit_price) wire::ToProto(*child.terms.limit_price, submit.mutable_limit_price());
  submit.set_reduce_only(record.spec.reduce_only);
  submit.set_reason(execution::NameOf(record.spec.type));
  submit.set_actor("algo:" + record.id);
  // Equal children are meant.
  submit.set_confirm_duplicate(true);
  return submit;
}

}  // namespace ballast
