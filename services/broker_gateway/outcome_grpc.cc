#include "services/broker_gateway/outcome_grpc.h"

#include <optional>
#include <utility>

#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

void FillEvidence(const VenueDesks::Outcome& outcome, broker::v1::OutcomeEvidence* out) {
  const broker::OrderDesk::Entry& entry = outcome.entry;
  const broker::Capabilities& can = outcome.capabilities;
  if (entry.sent_time.nanos != 0) wire::ToProto(entry.sent_time, out->mutable_send_time());
  out->set_asked(entry.asked);
  if (entry.ask_time.nanos != 0) wire::ToProto(entry.ask_time, out->mutable_next_ask_time());
  out->set_session_ready(outcome.session_ready);
  if (can.query_by_order_id) out->add_questions(order::v1::VENUE_QUESTION_ORDER);
  if (can.query_trades) out->add_questions(order::v1::VENUE_QUESTION_TRADES);
  if (can.query_open_orders) out->add_questions(order::v1::VENUE_QUESTION_OPEN_ORDERS);
  for (const VenueAnswer& answer : entry.evidence) wire::ToProto(answer, out->add_answers());
  std::optional<Duration> horizon = broker::HorizonOf(can);
  if (horizon && entry.sent_time.nanos != 0) wire::ToProto(entry.sent_time + *horizon, out->mutable_horizon());
  if (can.acceptance_window) out->set_acceptance_window_ms(can.acceptance_window->nanos / 1'000'000);
  for (const auto& [id, told] : entry.trades) {
    if (!told.busted) out->add_execution_ids(id.value());
  }
  out->set_contradicted(entry.contradicted);
}

}  // namespace

grpc::ServerUnaryReactor* OutcomeGrpc::GetOutcomeEvidence(grpc::CallbackServerContext* context,
                                                          const broker::v1::GetOutcomeEvidenceRequest* request,
                                                          broker::v1::GetOutcomeEvidenceResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).Id("order_id", request->order_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = engine_.Ask([reactor, account = AccountId(request->account_id()), id = OrderId(request->order_id()),
                             response](const Engine& engine) {
    std::optional<VenueDesks::Outcome> outcome = engine.desks().OutcomeOf(account, id);
    if (!outcome) return reactor->Finish({grpc::NOT_FOUND, "there is nothing to find out about this order"});
    FillEvidence(*outcome, response->mutable_evidence());
    reactor->Finish(grpc::Status::OK);
  });
  if (!queued) reactor->Finish({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
  return reactor;
}

}  // namespace ballast
