#include "services/api_gateway/routes_backtests.h"

#include "ballast/backtest/v1/backtest_service.grpc.pb.h"
#include "libs/platform/grpc/fields.h"

namespace ballast {
namespace {

namespace bt = backtest::v1;
using BacktestPeer = Peer<bt::BacktestService>;
using BacktestAsync = bt::BacktestService::StubInterface::async_interface;

// A stub is cheap beside a call, and the runner's channel is there.
std::shared_ptr<BacktestPeer> Backtests(const Gateway& gateway) {
  const auto& strategy = gateway.peers.strategy;
  return std::make_shared<BacktestPeer>(strategy.name, strategy.address, strategy.channel);
}

// Records what was asked for and what became of it, then answers.
template <typename Response>
void ConcludeBacktest(const CallPtr& call, const char* action, const std::string& subject, Json detail,
                      const grpc::Status& status, const Response& response, int code = 200) {
  ApiError error = ErrorOf(status, "strategy_runner");
  detail["outcome"] = status.ok() ? "ok" : error.status;
  call->Audit(action, "backtest:" + subject, std::move(detail));
  if (status.ok())
    call->Answer(code, response);
  else
    call->Fail(error);
}

void CreateBacktest(const CallPtr& call) {
  bt::CreateBacktestRequest request;
  if (!call->ReadBody(&request)) return;
  request.set_actor(call->access.actor);
  if (request.request_id().empty()) request.set_request_id(call->KeyOrNew());
  auto peer = Backtests(call->gateway);
  Json detail = {{"kind", bt::BacktestKind_Name(request.spec().kind())},
                 {"strategy", Shortened(request.spec().deployment().strategy_id(), 100)}};
  call->AuditIntent("backtest.created", "backtest:" + request.request_id(), detail);
  call->Ask(*peer, &BacktestAsync::CreateBacktest, request,
            [call, peer, detail, key = request.request_id()](const grpc::Status& status,
                                                             bt::CreateBacktestResponse& response) {
              const std::string& id = response.backtest().backtest_id();
              ConcludeBacktest(call, "backtest.created", id.empty() ? key : id, detail, status, response, 201);
            });
}

void GetBacktest(const CallPtr& call) {
  bt::GetBacktestRequest request;
  request.set_backtest_id(call->Param("id"));
  auto peer = Backtests(call->gateway);
  call->Forward(*peer, &BacktestAsync::GetBacktest, request,
                [call, peer](bt::GetBacktestResponse& response) { call->Answer(200, response); });
}

// As it was written: it is JSON already.
void GetBacktestReport(const CallPtr& call) {
  bt::GetBacktestReportRequest request;
  request.set_backtest_id(call->Param("id"));
  auto peer = Backtests(call->gateway);
  call->Forward(
      *peer, &BacktestAsync::GetBacktestReport, request, [call, peer](bt::GetBacktestReportResponse& response) {
        call->AnswerFile({.status = 200,
                          .headers = {{"Content-Type", "application/json"}, {"X-Request-Id", call->request_id}},
                          .body = std::move(*response.mutable_report())});
      });
}

void ListBacktests(const CallPtr& call) {
  bt::ListBacktestsRequest request;
  int size = 0;
  if (!call->ReadNumber("page_size", &size)) return;
  request.set_page_size(size);
  request.set_page_token(call->Query("page_token"));
  request.set_strategy_id(call->Query("strategy_id"));
  bt::BacktestKind kind = bt::BACKTEST_KIND_UNSPECIFIED;
  if (std::string text = call->Query("kind"); !text.empty() && !bt::BacktestKind_Parse(text, &kind))
    return call->Fail(BadFields(
        {{.field = "kind", .reason = RejectReason::kBadEnum, .message = "BACKTEST_KIND_RUN, … is expected"}}));
  request.set_kind(kind);
  auto peer = Backtests(call->gateway);
  call->Forward(*peer, &BacktestAsync::ListBacktests, request,
                [call, peer](bt::ListBacktestsResponse& response) { call->Answer(200, response); });
}

void ListRecordedMarkets(const CallPtr& call) {
  auto peer = Backtests(call->gateway);
  call->Forward(*peer, &BacktestAsync::ListRecordedMarkets, bt::ListRecordedMarketsRequest(),
                [call, peer](bt::ListRecordedMarketsResponse& response) { call->Answer(200, response); });
}

void CancelBacktest(const CallPtr& call) {
  bt::CancelBacktestRequest request;
  if (!call->ReadFields({})) return;
  request.set_backtest_id(call->Param("id"));
  request.set_actor(call->access.actor);
  auto peer = Backtests(call->gateway);
  call->Ask(*peer, &BacktestAsync::CancelBacktest, request,
            [call, peer, id = call->Param("id")](const grpc::Status& status, bt::CancelBacktestResponse& response) {
              ConcludeBacktest(call, "backtest.cancelled", id, Json::object(), status, response);
            });
}

void DeleteBacktest(const CallPtr& call) {
  bt::DeleteBacktestRequest request;
  request.set_backtest_id(call->Param("id"));
  request.set_actor(call->access.actor);
  auto peer = Backtests(call->gateway);
  call->Ask(*peer, &BacktestAsync::DeleteBacktest, request,
            [call, peer, id = call->Param("id")](const grpc::Status& status, bt::DeleteBacktestResponse& response) {
              ConcludeBacktest(call, "backtest.deleted", id, Json::object(), status, response);
            });
}

}  // namespace

std::vector<Route> BacktestRoutes() {
  return {
      {"POST", "/api/live/backtests", CreateBacktest},
      {"GET", "/api/live/backtests", ListBacktests},
      {"GET", "/api/live/backtests/markets", ListRecordedMarkets},
      {"GET", "/api/live/backtests/{id}", GetBacktest},
      {"GET", "/api/live/backtests/{id}/report", GetBacktestReport},
      {"POST", "/api/live/backtests/{id}/cancel", CancelBacktest},
      {"DELETE", "/api/live/backtests/{id}", DeleteBacktest},
  };
}

}  // namespace ballast
