#include "services/positions/grpc_adapter.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/status.h"

namespace ballast {
namespace {

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

}  // namespace

void PositionGrpc::Start() {
  reader_ = std::thread([this] {
    while (!reads_.closed()) {
      for (auto& read : reads_.PopBatch(32, 1'000'000'000)) read();
    }
    for (auto& read : reads_.PopBatch(1000, 0)) read();
  });
}

void PositionGrpc::Stop() {
  reads_.Close();
  if (reader_.joinable()) reader_.join();
}

grpc::ServerUnaryReactor* PositionGrpc::Read(grpc::CallbackServerContext* context, std::function<absl::Status()> read) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = reads_.TryPush([reactor, read = std::move(read)] { reactor->Finish(ToGrpc(read())); });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"));
  return reactor;
}

grpc::ServerUnaryReactor* PositionGrpc::ListPositions(grpc::CallbackServerContext* context,
                                                      const position::v1::ListPositionsRequest* request,
                                                      position::v1::ListPositionsResponse* response) {
  return Answer(context, keeper_.ListPositions(*request, response));
}

grpc::ServerUnaryReactor* PositionGrpc::GetAccountSummary(grpc::CallbackServerContext* context,
                                                          const position::v1::GetAccountSummaryRequest* request,
                                                          position::v1::GetAccountSummaryResponse* response) {
  return Answer(context, keeper_.Summary(request->account_id(), response->mutable_summary()));
}

grpc::ServerUnaryReactor* PositionGrpc::ListBookSummaries(grpc::CallbackServerContext* context,
                                                          const position::v1::ListBookSummariesRequest* request,
                                                          position::v1::ListBookSummariesResponse* response) {
  return Answer(context, keeper_.ListBooks(request->account_id(), response));
}

grpc::ServerUnaryReactor* PositionGrpc::ListTrades(grpc::CallbackServerContext* context,
                                                   const position::v1::ListTradesRequest* request,
                                                   position::v1::ListTradesResponse* response) {
  return Read(context, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response, store_.ListTrades(request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::ListFills(grpc::CallbackServerContext* context,
                                                  const position::v1::ListFillsRequest* request,
                                                  position::v1::ListFillsResponse* response) {
  return Read(context, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response, store_.ListFills(request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::ListEquityPoints(grpc::CallbackServerContext* context,
                                                         const position::v1::ListEquityPointsRequest* request,
                                                         position::v1::ListEquityPointsResponse* response) {
  return Read(context, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response, store_.ListEquityPoints(request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::VerifyAccount(grpc::CallbackServerContext* context,
                                                      const position::v1::VerifyAccountRequest* request,
                                                      position::v1::VerifyAccountResponse* response) {
  return Read(context, [this, account = request->account_id(), response] { return keeper_.Verify(account, response); });
}

grpc::ServerWriteReactor<position::v1::StreamPositionsResponse>* PositionGrpc::StreamPositions(
    grpc::CallbackServerContext*, const position::v1::StreamPositionsRequest* request) {
  auto session = StreamSession<position::v1::StreamPositionsResponse>::Make([] {});
  if (request->account_id().empty()) {
    session->Close(InvalidFields(
        {{.field = "account_id", .reason = RejectReason::kMissingField, .message = "an account is expected"}}));
  } else {
    keeper_.Subscribe(request->account_id(), session);
  }
  return session.get();
}

}  // namespace ballast
