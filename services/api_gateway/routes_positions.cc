#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using PositionAsync = position::v1::PositionService::StubInterface::async_interface;

// Reads or recomputes the whole history of an account.
constexpr std::int64_t kLongDeadlineMs = 30'000;

void ListPositions(const CallPtr& call) {
  position::v1::ListPositionsRequest request;
  bool by_deployment = false;
  if (!call->ReadFlag("by_deployment", &by_deployment)) return;
  request.set_account_id(call->AccountOfQuery());
  request.set_deployment_id(call->Query("deployment_id"));
  request.set_by_deployment(by_deployment || !request.deployment_id().empty());
  call->Forward(call->gateway.peers.positions, &PositionAsync::ListPositions, request);
}

void GetSummary(const CallPtr& call) {
  position::v1::GetAccountSummaryRequest request;
  request.set_account_id(call->AccountOfQuery());
  call->Forward(call->gateway.peers.positions, &PositionAsync::GetAccountSummary, request);
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
  call->Forward(call->gateway.peers.positions, &PositionAsync::VerifyAccount, request, nullptr, kLongDeadlineMs);
}

}  // namespace

std::vector<Route> PositionRoutes() {
  return {
      {"GET", "/api/live/positions", ListPositions},  {"GET", "/api/live/summary", GetSummary},
      {"GET", "/api/live/books", ListBooks},          {"GET", "/api/live/trades", ListTrades},
      {"GET", "/api/live/fills", ListFills},          {"GET", "/api/live/equity", ListEquity},
      {"POST", "/api/live/positions/verify", Verify},
  };
}

}  // namespace ballast
