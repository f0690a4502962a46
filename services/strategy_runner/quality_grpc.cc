#include "services/strategy_runner/quality_grpc.h"

#include <map>

#include "libs/base/absl_std.h"
#include "libs/execution/quality.h"
#include "libs/execution/single_order.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/algo_codec.h"
#include "services/strategy_runner/order_quality_codec.h"
#include "services/strategy_runner/time_field.h"

namespace ballast {

namespace quality_pb = execution::v1;

namespace {

constexpr int kQualityOrdersMost = 500;

void PutQuality(const std::optional<Decimal>& value, type::v1::Decimal* (quality_pb::OrderQuality::*field)(),
                quality_pb::OrderQuality* out) {
  if (value) wire::ToProto(*value, (out->*field)());
}

absl::StatusOr<execution::Parent> ParentOfRow(const AlgoStore::Row& row) {
  ASSIGN_OR_RETURN(execution::ParentRecord record, AlgoRecordOf(row.kept));
  for (const quality_pb::ChildOrder& proto : row.children) {
    ASSIGN_OR_RETURN(execution::ChildOrder child, AlgoChildOf(proto));
    record.children.emplace(child.number, std::move(child));
  }
  return execution::Parent(std::move(record));
}

void EncodeMeasured(const execution::OrderQuality& quality, quality_pb::OrderQuality* out) {
  using Out = quality_pb::OrderQuality;
  PutQuality(quality.arrival_slippage, &Out::mutable_arrival_slippage_basis_points, out);
  PutQuality(quality.decision_slippage, &Out::mutable_decision_slippage_basis_points, out);
  PutQuality(quality.spread_cost, &Out::mutable_spread_cost, out);
  PutQuality(quality.vwap_slippage, &Out::mutable_vwap_slippage_basis_points, out);
  if (quality.shortfall) {
    quality_pb::Shortfall& shortfall = *out->mutable_shortfall();
    wire::ToProto(quality.shortfall->delay, shortfall.mutable_delay());
    wire::ToProto(quality.shortfall->execution, shortfall.mutable_execution());
    wire::ToProto(quality.shortfall->opportunity, shortfall.mutable_opportunity());
    wire::ToProto(quality.shortfall->fees, shortfall.mutable_fees());
    wire::ToProto(quality.shortfall->total(), shortfall.mutable_total());
  }
  for (const execution::Markout& markout : quality.markouts) {
    quality_pb::Markout& one = *out->add_markouts();
    one.set_after_seconds(static_cast<int>(markout.after.nanos / 1'000'000'000));
    wire::ToProto(markout.amount, one.mutable_amount());
    wire::ToProto(markout.basis_points, one.mutable_basis_points());
    wire::ToProto(markout.measured_quantity, one.mutable_measured_quantity());
  }
  wire::ToProto(quality.fill_ratio, out->mutable_fill_ratio());
  out->set_children(quality.children);
  out->set_rejected_children(quality.refused);
}

void EncodeOrderQuality(const AlgoStore::Row& row, const execution::Parent& parent, quality_pb::OrderQuality* out) {
  const quality_pb::AlgoOrder& order = row.kept.order();
  out->set_algo_order_id(order.algo_order_id());
  out->set_account_id(order.spec().account_id());
  out->set_deployment_id(order.spec().deployment_id());
  out->set_symbol(order.spec().symbol());
  out->set_side(order.spec().side());
  *out->mutable_quantity() = order.spec().quantity();
  *out->mutable_filled_quantity() = order.filled_quantity();
  *out->mutable_average_price() = order.average_price();
  *out->mutable_decision_price() = order.decision_price();
  *out->mutable_arrival_price() = order.arrival_price();
  *out->mutable_market_vwap() = order.market_vwap();
  EncodeMeasured(execution::QualityOf(parent), out);
}

void EncodeSingle(const quality_pb::KeptOrderQuality& kept, const execution::SingleOrderRecord& record,
                  quality_pb::OrderQuality* out) {
  out->set_order_id(kept.order_id());
  out->set_account_id(kept.account_id());
  out->set_deployment_id(kept.deployment_id());
  out->set_symbol(kept.symbol());
  out->set_side(kept.side());
  *out->mutable_quantity() = kept.quantity();
  *out->mutable_filled_quantity() = kept.filled_quantity();
  *out->mutable_average_price() = kept.average_price();
  *out->mutable_decision_price() = kept.decision_price();
  wire::ToProto(execution::SeenQuote{.bid = record.arrival_bid, .ask = record.arrival_ask}.Middle(),
                out->mutable_arrival_price());
  EncodeMeasured(execution::QualityOf(record), out);
}

void EncodeVenueQuality(const std::string& account, const execution::VenueQuality& quality,
                        quality_pb::VenueQuality* out) {
  out->set_account_id(account);
  out->set_orders(quality.children);
  out->set_rejected(quality.refused);
  wire::ToProto(quality.FillRatio(), out->mutable_fill_ratio());
  wire::ToProto(quality.RejectRatio(), out->mutable_reject_ratio());
  Decimal microseconds = Decimal::FromInt(quality.Latency().nanos / 1000);
  wire::ToProto(Divide(microseconds, Decimal::FromInt(1000), Rounding::kHalfEven), out->mutable_latency_ms());
  wire::ToProto(quality.Score(), out->mutable_score());
}

}  // namespace

void QualityGrpc::Start() {
  reader_ = std::thread([this] {
    while (!reads_.closed()) {
      for (auto& read : reads_.PopBatch(4, 1'000'000'000)) read();
    }
    for (auto& read : reads_.PopBatch(50, 0)) read();
  });
}

void QualityGrpc::Stop() {
  reads_.Close();
  if (reader_.joinable()) reader_.join();
}

grpc::ServerUnaryReactor* QualityGrpc::GetExecutionQuality(grpc::CallbackServerContext* context,
                                                           const quality_pb::GetExecutionQualityRequest* request,
                                                           quality_pb::GetExecutionQualityResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.OptionalId("algo_order_id", request->algo_order_id()).OptionalId("account_id", request->account_id());
  check.OptionalId("deployment_id", request->deployment_id()).OptionalId("symbol", request->symbol());
  check.OptionalId("order_id", request->order_id());
  if (!request->order_id().empty() && !request->algo_order_id().empty())
    check.Refuse("order_id", RejectReason::kMalformed, "not with algo_order_id");
  if (request->has_from_time()) (void)TimeFromProto(request->from_time(), "from_time", check.errors());
  if (request->has_to_time()) (void)TimeFromProto(request->to_time(), "to_time", check.errors());
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = reads_.TryPush(
      [this, reactor, response, request = *request] { reactor->Finish(ToGrpc(Report(request, response))); });
  if (!queued) reactor->Finish({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
  return reactor;
}

absl::Status QualityGrpc::Report(const quality_pb::GetExecutionQualityRequest& request,
                                 quality_pb::GetExecutionQualityResponse* response) {
  if (!request.order_id().empty() || request.single_orders()) return ReportSingles(request, response);
  std::vector<AlgoStore::Row> rows;
  if (!request.algo_order_id().empty()) {
    ASSIGN_OR_RETURN(std::optional<AlgoStore::Row> row, store_.Find(request.algo_order_id()));
    if (!row) return absl::NotFoundError(ToAbsl("there is no algorithm order '" + request.algo_order_id() + "'"));
    rows.push_back(std::move(*row));
  } else {
    AlgoStore::Range range{.account_id = request.account_id(),
                           .deployment_id = request.deployment_id(),
                           .symbol = request.symbol(),
                           .most = kQualityOrdersMost + 1};
    if (request.has_from_time()) range.from = wire::FromProto(request.from_time());
    if (request.has_to_time()) range.to = wire::FromProto(request.to_time());
    ASSIGN_OR_RETURN(rows, store_.Read(range));
    response->set_truncated(rows.size() > static_cast<std::size_t>(kQualityOrdersMost));
    if (response->truncated()) rows.pop_back();
  }
  std::map<std::string, execution::VenueQuality> venues;
  for (const AlgoStore::Row& row : rows) {
    ASSIGN_OR_RETURN(execution::Parent parent, ParentOfRow(row));
    EncodeOrderQuality(row, parent, response->add_orders());
    for (const auto& [number, child] : parent.record().children)
      venues[row.kept.order().spec().account_id()].Add(child);
  }
  for (const auto& [account, quality] : venues) EncodeVenueQuality(account, quality, response->add_venues());
  return absl::OkStatus();
}

absl::Status QualityGrpc::ReportSingles(const quality_pb::GetExecutionQualityRequest& request,
                                        quality_pb::GetExecutionQualityResponse* response) {
  std::vector<OrderQualityStore::Row> rows;
  if (!request.order_id().empty()) {
    ASSIGN_OR_RETURN(std::optional<OrderQualityStore::Row> row, singles_.Find(request.order_id()));
    if (!row) return absl::NotFoundError(ToAbsl("how order '" + request.order_id() + "' was executed is not known"));
    rows.push_back(std::move(*row));
  } else {
    OrderQualityStore::Range range{.account_id = request.account_id(),
                                   .deployment_id = request.deployment_id(),
                                   .symbol = request.symbol(),
                                   .most = kQualityOrdersMost + 1};
    if (request.has_from_time()) range.from = wire::FromProto(request.from_time());
    if (request.has_to_time()) range.to = wire::FromProto(request.to_time());
    ASSIGN_OR_RETURN(rows, singles_.Read(range));
    response->set_truncated(rows.size() > static_cast<std::size_t>(kQualityOrdersMost));
    if (response->truncated()) rows.pop_back();
  }
  std::map<std::string, execution::VenueQuality> venues;
  for (const OrderQualityStore::Row& row : rows) {
    ASSIGN_OR_RETURN(execution::SingleOrderRecord record, SingleOrderOf(row.kept));
    EncodeSingle(row.kept, record, response->add_orders());
    if (auto scored = execution::ScoredOrder(record)) venues[row.kept.account_id()].Add(*scored);
  }
  for (const auto& [account, quality] : venues) EncodeVenueQuality(account, quality, response->add_venues());
  return absl::OkStatus();
}

}  // namespace ballast
