// Messages as rows of Postgres hold them: what a former version, or a damaged disk, may give back.
#include <string>

#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/broker/v1/market_data_service.pb.h"
#include "ballast/order/v1/order.pb.h"
#include "ballast/order/v1/protection.pb.h"
#include "ballast/position/v1/reconciliation.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/base/check.h"
#include "libs/risk/limit_field.h"
#include "libs/wire/wire.h"
#include "services/order_management/protection_codec.h"
#include "services/order_management/report_codec.h"
#include "services/positions/reconciliation_codec.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/exposure_codec.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/limits_codec.h"
#include "tests/fuzz/targets.h"

namespace ballast::fuzz {
namespace {

template <typename Message>
bool Parses(std::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// What was read is written, read and written again: the same for ever. `Proto` is what `value` is stored as.
template <typename Proto, typename Value, typename Read>
void CheckKept(const Value& value, Read read) {
  Proto once, twice;
  ToProto(value, &once);
  auto again = read(once);
  CHECK(again.ok(), "what was written can be read");
  ToProto(*again, &twice);
  CHECK(once.SerializeAsString() == twice.SerializeAsString(), "what was read and written is the same");
}

}  // namespace

void ReadOrderRow(std::string_view bytes) {
  order::v1::Order proto;
  if (!Parses(bytes, &proto)) return;
  auto order = wire::FromProto(proto);
  if (!order.ok()) return;
  order::v1::Order once, twice;
  wire::ToProto(*order, &once);
  auto again = wire::FromProto(once);
  CHECK(again.ok(), "what was written can be read");
  wire::ToProto(*again, &twice);
  CHECK(once.SerializeAsString() == twice.SerializeAsString(), "an order that was read and written is the order");
}

// As the gateway tells it on: what it books has to be something that can be booked.
void ReadReportRow(std::string_view bytes) {
  broker::v1::ExecutionReport report;
  if (!Parses(bytes, &report)) return;
  auto read = DecodeReport(report);
  if (!read.ok()) return;
  if (read->type == OrderEventType::kTradeCorrect || read->type == OrderEventType::kTradeCancel)
    CHECK(!read->fill.exec_ref_id.empty() && read->fill.version > 0, "a correction says of which trade");
  if (read->type == OrderEventType::kFilled) CHECK(!read->fill.execution_id.empty(), "a fill has an id");
  for (const VenueAnswer& answer : read->evidence) {
    order::v1::VenueAnswer written;
    wire::ToProto(answer, &written);
    CHECK(wire::FromProto(written) == answer, "evidence that was read and written is the evidence");
  }
}

void ReadMarketStep(std::string_view bytes) {
  broker::v1::StreamMarketDataResponse step;
  if (!Parses(bytes, &step)) return;
  for (const broker::v1::Quote& proto : step.quotes()) {
    auto quote = wire::FromProto(proto);
    if (!quote.ok()) continue;
    broker::v1::Quote once;
    wire::ToProto(*quote, &once);
    CHECK(wire::FromProto(once).ok(), "a quote that was written can be read");
  }
  broker::v1::Instrument proto;
  if (Parses(bytes, &proto)) (void)wire::FromProto(proto);
  broker::v1::Bar bar;
  if (Parses(bytes, &bar)) (void)wire::FromProto(bar);
}

void ReadBreakerRules(std::string_view bytes) {
  auto rules = StoredRules(bytes);
  if (!rules.ok()) return;
  auto again = StoredRules(BytesOf(*rules));
  CHECK(again.ok() && *again == *rules, "rules that were stored are the rules");
}

void ReadBreaker(std::string_view bytes) {
  auto kept = StoredBreaker(bytes);
  if (!kept.ok()) return;
  std::string written = BytesOf(*kept);
  auto again = StoredBreaker(written);
  CHECK(again.ok() && BytesOf(*again) == written, "a breaker that was stored is the breaker");
}

void ReadLimits(std::string_view bytes) {
  auto limits = StoredLimits(bytes);
  if (!limits.ok()) return;
  for (const risk::LimitField& field : risk::LimitFields())
    CHECK(!field.get(*limits).IsNegative(), "no limit is below zero: it would allow what is above it");
  risk::v1::Limits written, twice;
  ToProto(*limits, &written);
  auto again = StoredLimits(written.SerializeAsString());
  CHECK(again.ok(), "limits that were stored can be read");
  ToProto(*again, &twice);
  CHECK(written.SerializeAsString() == twice.SerializeAsString(), "limits that were stored are the limits");
}

void ReadLimitSet(std::string_view bytes) {
  auto set = StoredLimitSet(bytes);
  if (!set.ok()) return;
  std::string written = BytesOf(*set);
  auto again = StoredLimitSet(written);
  CHECK(again.ok() && BytesOf(*again) == written, "a set that was stored is the set");
}

void ReadExposure(std::string_view bytes) {
  risk::v1::StoredExposure proto;
  if (!Parses(bytes, &proto)) return;
  auto kept = FromProto(proto);
  if (!kept.ok()) return;
  CheckKept<risk::v1::StoredExposure>(*kept, [](const auto& stored) { return FromProto(stored); });
}

void ReadReconciliation(std::string_view bytes) {
  position::v1::StoredReconciliation proto;
  if (Parses(bytes, &proto)) {
    auto state = FromProto(proto);
    if (state.ok())
      CheckKept<position::v1::StoredReconciliation>(*state, [](const auto& stored) { return FromProto(stored); });
  }
  position::v1::TieOut tie_out;
  if (Parses(bytes, &tie_out)) (void)ClosingOf(tie_out);
  position::v1::Break broken;
  if (!Parses(bytes, &broken)) return;
  reconciliation::Break one = FromProto(broken);
  position::v1::Break once, twice;
  ToProto(AccountId("a"), one, &once);
  ToProto(AccountId("a"), FromProto(once), &twice);
  CHECK(once.SerializeAsString() == twice.SerializeAsString(), "a break that was stored is the break");
}

void ReadStopPolicy(std::string_view bytes) {
  order::v1::StopPolicyEntry proto;
  if (!Parses(bytes, &proto)) return;
  auto entry = DecodeEntry(proto);
  if (!entry.ok()) return;
  order::v1::StopPolicyEntry once, twice;
  Encode(*entry, &once);
  auto again = DecodeEntry(once);
  CHECK(again.ok(), "a policy that was written can be read");
  Encode(*again, &twice);
  CHECK(once.SerializeAsString() == twice.SerializeAsString(), "a policy that was read and written is the policy");
}

}  // namespace ballast::fuzz
