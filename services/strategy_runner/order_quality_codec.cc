#include "services/strategy_runner/order_quality_codec.h"

#include "libs/wire/wire.h"

namespace ballast {
namespace {

// Unset is zero.
bool ReadKept(const type::v1::Decimal& proto, Decimal* out) {
  if (proto.value().empty()) return true;
  auto value = Decimal::Parse(proto.value());
  if (value.ok()) *out = *value;
  return value.ok();
}

bool ReadKeptFill(const execution::v1::KeptFillMark& proto, execution::SingleFill* out) {
  out->execution_id = proto.execution_id();
  out->maker = proto.maker();
  out->mark.time = wire::FromProto(proto.time());
  if (proto.middles_size() != static_cast<int>(out->mark.middles.size())) return false;
  for (int i = 0; i < proto.middles_size(); ++i) {
    if (!ReadKept(proto.middles(i), &out->mark.middles[static_cast<std::size_t>(i)])) return false;
  }
  return ReadKept(proto.quantity(), &out->mark.quantity) && ReadKept(proto.price(), &out->mark.price);
}

}  // namespace

void ToProto(const execution::SingleOrderRecord& record, execution::v1::KeptOrderQuality* out) {
  out->set_side(static_cast<type::v1::Side>(record.side));
  out->set_type(static_cast<type::v1::OrderType>(record.type));
  wire::ToProto(record.quantity, out->mutable_quantity());
  wire::ToProto(record.decision_price, out->mutable_decision_price());
  wire::ToProto(record.last_price, out->mutable_last_price());
  wire::ToProto(record.arrival_bid, out->mutable_arrival_bid());
  wire::ToProto(record.arrival_ask, out->mutable_arrival_ask());
  out->set_arrived(record.arrived);
  out->set_status(static_cast<order::v1::OrderStatus>(record.status));
  wire::ToProto(record.filled, out->mutable_filled_quantity());
  wire::ToProto(record.average_price, out->mutable_average_price());
  wire::ToProto(record.fees, out->mutable_fees());
  out->set_cancel_requested(record.cancel_requested);
  out->clear_rejection();
  if (record.rejection) wire::ToProto(*record.rejection, out->mutable_rejection());
  out->set_sequence(record.sequence);
  out->clear_fills();
  for (const execution::SingleFill& fill : record.fills) {
    execution::v1::KeptFillMark& one = *out->add_fills();
    one.set_execution_id(fill.execution_id);
    one.set_maker(fill.maker);
    wire::ToProto(fill.mark.time, one.mutable_time());
    wire::ToProto(fill.mark.quantity, one.mutable_quantity());
    wire::ToProto(fill.mark.price, one.mutable_price());
    for (Decimal middle : fill.mark.middles) wire::ToProto(middle, one.add_middles());
  }
}

absl::StatusOr<execution::SingleOrderRecord> SingleOrderOf(const execution::v1::KeptOrderQuality& kept) {
  execution::SingleOrderRecord record;
  record.side = static_cast<Side>(kept.side());
  record.type = static_cast<OrderType>(kept.type());
  record.arrived = kept.arrived();
  record.status = static_cast<OrderStatus>(kept.status());
  record.cancel_requested = kept.cancel_requested();
  if (kept.has_rejection()) record.rejection = wire::FromProto(kept.rejection());
  record.sequence = kept.sequence();
  bool read = ReadKept(kept.quantity(), &record.quantity) && ReadKept(kept.decision_price(), &record.decision_price) &&
              ReadKept(kept.last_price(), &record.last_price) && ReadKept(kept.arrival_bid(), &record.arrival_bid) &&
              ReadKept(kept.arrival_ask(), &record.arrival_ask) && ReadKept(kept.filled_quantity(), &record.filled) &&
              ReadKept(kept.average_price(), &record.average_price) && ReadKept(kept.fees(), &record.fees);
  for (const execution::v1::KeptFillMark& fill : kept.fills())
    read = read && ReadKeptFill(fill, &record.fills.emplace_back());
  if (!read || !record.quantity.IsPositive())
    return absl::DataLossError("how a stored order was executed cannot be read");
  return record;
}

}  // namespace ballast
