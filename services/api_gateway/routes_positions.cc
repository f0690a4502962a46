#include <charconv>

#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using OrderAsync = order::v1::OrderService::StubInterface::async_interface;
using PositionAsync = position::v1::PositionService::StubInterface::async_interface;
using RiskAsync = risk::v1::RiskService::StubInterface::async_interface;

// Reads or recomputes the whole history of an account.
constexpr std::int64_t kVerifyDeadlineMs = 30'000;

void ListPositions(const CallPtr& call) {
  position::v1::ListPositionsRequest request;
  bool by_deployment = false;
  if (!call->ReadFlag("by_deployment", &by_deployment)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_deployment_id(call->Query("deployment_id"));
  request.set_by_deployment(by_deployment || !request.deployment_id().empty());
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListPositions, request);
}

// What it closes is decided where the fills are, not from what the dashboard saw a moment ago.
void ClosePosition(const CallPtr& call) {
  order::v1::ClosePositionRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_account_id(call->AccountOr(request.account_id()));
  if (!request.symbol().empty() && request.symbol() != call->Param("symbol")) {
    return call->Fail(BadFields({{.field = "symbol",
                                  .reason = RejectReason::kBadIdentifier,
                                  .message = "the body and the path name different symbols"}}));
  }
  request.set_symbol(call->Param("symbol"));
  request.set_actor(call->access.actor);
  call->Ask(call->gateway.peers.orders, &OrderAsync::ClosePosition, request,
            [call](const grpc::Status& status, order::v1::SubmitOrderResponse& response) {
              if (!status.ok()) {
                ApiError error = ErrorOf(status, "order_management");
                if (status.error_code() == grpc::FAILED_PRECONDITION) error.reason = RejectReason::kReduceOnly;
                if (status.error_code() == grpc::ALREADY_EXISTS) error.reason = RejectReason::kRequestIdReused;
                return call->Fail(error);
              }
              if (response.order().status() != order::v1::ORDER_STATUS_DENIED) return call->Answer(201, response);
              const type::v1::Rejection& rejection = response.order().rejection();
              call->FailWith(MakeError(422, rejection.message(), static_cast<RejectReason>(rejection.reason())),
                             ToJson(response));
            });
}

// May risk be opened, and if not why; without risk's word nothing may.
Json RiskInShort(const grpc::Status& status, const risk::v1::GetRiskStateResponse& state) {
  if (!status.ok()) {
    return {{"opening", "OPENING_BLOCKED"},
            {"blocked_by", Json::array({"risk_unavailable"})},
            {"opening_message", "risk does not answer: no entry is taken"},
            {"loss_rules", Json::array()}};
  }
  Json all = ToJson(state);
  Json brief = Json::object();
  for (const char* field : {"opening", "blocked_by", "opening_message", "loss_rules"}) brief[field] = all[field];
  return brief;
}

void GetSummary(const CallPtr& call) {
  position::v1::GetAccountSummaryRequest request;
  request.set_account_id(call->AccountOfQuery());
  call->Forward(call->gateway.peers.positions, &PositionAsync::GetAccountSummary, request,
                [call](position::v1::GetAccountSummaryResponse& response) {
                  risk::v1::GetRiskStateRequest next;
                  next.set_account_id(response.summary().account_id());
                  call->Ask(call->gateway.peers.risk, &RiskAsync::GetRiskState, next,
                            [call, answer = ToJson(response)](const grpc::Status& status,
                                                              risk::v1::GetRiskStateResponse& state) mutable {
                              answer["risk"] = RiskInShort(status, state);
                              call->Answer(200, answer);
                            });
                });
}

void ListBooks(const CallPtr& call) {
  position::v1::ListBookSummariesRequest request;
  request.set_account_id(call->AccountOfQuery());
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListBookSummaries, request);
}

// Trades and fills are asked for in the same way.
template <typename Request>
bool ReadFilter(const CallPtr& call, Request* request) {
  int page_size = 0;
  if (!call->ReadNumber("page_size", &page_size)) return false;
  request->set_account_id(call->AccountOfQuery());
  request->set_deployment_id(call->Query("deployment_id"));
  request->set_symbol(call->Query("symbol"));
  request->set_page_size(page_size);
  request->set_page_token(call->Query("page_token"));
  return true;
}

void ListTrades(const CallPtr& call) {
  position::v1::ListTradesRequest request;
  if (!ReadFilter(call, &request)) return;
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListTrades, request);
}

void ListFills(const CallPtr& call) {
  position::v1::ListFillsRequest request;
  if (!ReadFilter(call, &request)) return;
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListFills, request);
}

void ListEquity(const CallPtr& call) {
  position::v1::ListEquityPointsRequest request;
  int limit = 0;
  if (!call->ReadNumber("limit", &limit)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_limit(limit);
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListEquityPoints, request,
                [call, account = request.account_id()](position::v1::ListEquityPointsResponse& response) {
                  for (position::v1::EquityPoint& point : *response.mutable_points()) point.set_account_id(account);
                  call->Answer(200, response);
                });
}

void Verify(const CallPtr& call) {
  position::v1::VerifyAccountRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_account_id(call->AccountOr(request.account_id()));
  call->Forward(call->gateway.peers.positions, &PositionAsync::VerifyAccount, request, nullptr, kVerifyDeadlineMs);
}

void ListBreaks(const CallPtr& call) {
  position::v1::ListBreaksRequest request;
  bool resolved = false;
  int page_size = 0;
  if (!call->ReadFlag("resolved", &resolved) || !call->ReadNumber("page_size", &page_size)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_resolved_too(resolved);
  request.set_page_size(page_size);
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListBreaks, request);
}

void ListTieOuts(const CallPtr& call) {
  position::v1::ListTieOutsRequest request;
  int page_size = 0;
  if (!call->ReadNumber("page_size", &page_size)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_page_size(page_size);
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListTieOuts, request);
}

void AcknowledgeBreak(const CallPtr& call) {
  position::v1::AcknowledgeBreakRequest request;
  if (!call->ReadBody(&request)) return;
  std::uint64_t number = 0;
  const std::string& text = call->Param("id");
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) {
    return call->Fail(BadFields(
        {{.field = "id", .reason = RejectReason::kBadIdentifier, .message = "the number of a break is expected"}}));
  }
  request.set_request_id(call->KeyOrNew());
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_break_id(number);
  request.set_actor(call->access.actor);
  call->Forward(call->gateway.peers.positions, &PositionAsync::AcknowledgeBreak, request);
}

// One order made elsewhere: what becomes of it.
void DecideExternal(const CallPtr& call, order::v1::ExternalHandling handling) {
  position::v1::DecideExternalRequest request;
  if (!call->ReadBody(&request)) return;
  if (request.request_id().empty()) request.set_request_id(call->KeyOrNew());
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_order_id(call->Param("id"));
  request.set_handling(handling);
  request.set_actor(call->access.actor);
  const std::string subject = "order:" + request.order_id();
  const Json asked = ToJson(request);
  call->AuditIntent("external_order.decide", subject, asked, request.account_id());
  call->Ask(call->gateway.peers.positions, &PositionAsync::DecideExternal, request,
            [call, subject, asked, account = request.account_id()](const grpc::Status& status,
                                                                   position::v1::DecideExternalResponse& response) {
              ApiError error = ErrorOf(status, "positions");
              Json detail = asked;
              detail["outcome"] = !status.ok() ? error.status : response.has_rejection() ? "REFUSED" : "OK";
              call->Audit("external_order.decide", subject, detail, account);
              if (!status.ok()) return call->Fail(error);
              if (!response.has_rejection()) return call->Answer(200, response);
              const type::v1::Rejection& rejection = response.rejection();
              call->FailWith(MakeError(422, rejection.message(), static_cast<RejectReason>(rejection.reason())),
                             ToJson(response));
            });
}
void AdoptExternal(const CallPtr& call) { DecideExternal(call, order::v1::EXTERNAL_HANDLING_ADOPT); }
void IgnoreExternal(const CallPtr& call) { DecideExternal(call, order::v1::EXTERNAL_HANDLING_IGNORE); }
void AttributeExternal(const CallPtr& call) { DecideExternal(call, order::v1::EXTERNAL_HANDLING_ATTRIBUTE); }

void SetExternalPolicy(const CallPtr& call) {
  order::v1::SetExternalPolicyRequest request;
  if (!call->ReadBody(&request)) return;
  if (request.request_id().empty()) request.set_request_id(call->KeyOrNew());
  request.set_account_id(call->AccountOr(request.account_id()));
  request.set_actor(call->access.actor);
  const std::string subject = "account:" + request.account_id();
  const Json asked = ToJson(request);
  call->AuditIntent("external_policy.set", subject, asked, request.account_id());
  call->Ask(call->gateway.peers.orders, &OrderAsync::SetExternalPolicy, request,
            [call, subject, asked, account = request.account_id()](const grpc::Status& status,
                                                                   order::v1::SetExternalPolicyResponse& response) {
              ApiError error = ErrorOf(status, "order_management");
              Json detail = asked;
              detail["outcome"] = !status.ok() ? error.status : response.has_rejection() ? "REFUSED" : "OK";
              call->Audit("external_policy.set", subject, detail, account);
              if (!status.ok()) return call->Fail(error);
              if (!response.has_rejection()) return call->Answer(200, response);
              const type::v1::Rejection& rejection = response.rejection();
              call->FailWith(MakeError(422, rejection.message(), static_cast<RejectReason>(rejection.reason())),
                             ToJson(response));
            });
}

}  // namespace

std::vector<Route> PositionRoutes() {
  return {
      {"GET", "/api/live/positions", ListPositions},
      {"GET", "/api/live/summary", GetSummary},
      {"GET", "/api/live/books", ListBooks},
      {"GET", "/api/live/trades", ListTrades},
      {"GET", "/api/live/fills", ListFills},
      {"GET", "/api/live/equity", ListEquity},
      {"POST", "/api/live/positions/verify", Verify},
      {"POST", "/api/live/positions/{symbol}/close", ClosePosition},
      {"GET", "/api/live/reconciliation", ListBreaks},
      {"GET", "/api/live/reconciliation/days", ListTieOuts},
      {"POST", "/api/live/reconciliation/breaks/{id}/acknowledge", AcknowledgeBreak},
      {"PUT", "/api/live/reconciliation/external_policy", SetExternalPolicy},
      {"POST", "/api/live/reconciliation/external/{id}/adopt", AdoptExternal},
      {"POST", "/api/live/reconciliation/external/{id}/ignore", IgnoreExternal},
      {"POST", "/api/live/reconciliation/external/{id}/attribute", AttributeExternal},
  };
}

}  // namespace ballast
