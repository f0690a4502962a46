#include "services/positions/grpc_adapter.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"

namespace ballast {
namespace {

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

FieldCheck CheckAccount(const std::string& account_id) {
  FieldCheck check;
  check.Id("account_id", account_id);
  return check;
}

// Of the two lists that come in pages.
template <typename Request>
FieldCheck CheckList(const Request& request) {
  FieldCheck check = CheckAccount(request.account_id());
  check.OptionalId("deployment_id", request.deployment_id()).OptionalId("symbol", request.symbol());
  check.Range("page_size", request.page_size(), 0, PostgresPositionStore::kPageMax);
  std::int64_t before = 0;
  check.Token("page_token", request.page_token(), &before);
  return check;
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
  FieldCheck check = CheckAccount(request->account_id());
  check.OptionalId("deployment_id", request->deployment_id());
  return Answer(context, check.ok() ? ToGrpc(keeper_.ListPositions(*request, response)) : check.Refusal());
}

grpc::ServerUnaryReactor* PositionGrpc::GetAccountSummary(grpc::CallbackServerContext* context,
                                                          const position::v1::GetAccountSummaryRequest* request,
                                                          position::v1::GetAccountSummaryResponse* response) {
  FieldCheck check = CheckAccount(request->account_id());
  return Answer(context, check.ok() ? ToGrpc(keeper_.Summary(request->account_id(), response->mutable_summary()))
                                    : check.Refusal());
}

grpc::ServerUnaryReactor* PositionGrpc::ListBookSummaries(grpc::CallbackServerContext* context,
                                                          const position::v1::ListBookSummariesRequest* request,
                                                          position::v1::ListBookSummariesResponse* response) {
  FieldCheck check = CheckAccount(request->account_id());
  return Answer(context, check.ok() ? ToGrpc(keeper_.ListBooks(request->account_id(), response)) : check.Refusal());
}

grpc::ServerUnaryReactor* PositionGrpc::ListTrades(grpc::CallbackServerContext* context,
                                                   const position::v1::ListTradesRequest* request,
                                                   position::v1::ListTradesResponse* response) {
  FieldCheck check = CheckList(*request);
  if (!check.ok()) return Answer(context, check.Refusal());
  return Read(context, [this, request = *request, response]() -> absl::Status {
    RETURN_IF_ERROR(keeper_.Known(request.account_id()));
    ASSIGN_OR_RETURN(*response, store_.ListTrades(request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::ListFills(grpc::CallbackServerContext* context,
                                                  const position::v1::ListFillsRequest* request,
                                                  position::v1::ListFillsResponse* response) {
  FieldCheck check = CheckList(*request);
  check.Range("execution_ids", request->execution_ids_size(), 0, PostgresPositionStore::kPageMax);
  if (!check.ok()) return Answer(context, check.Refusal());
  return Read(context, [this, request = *request, response]() -> absl::Status {
    RETURN_IF_ERROR(keeper_.Known(request.account_id()));
    ASSIGN_OR_RETURN(*response, store_.ListFills(request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::ListEquityPoints(grpc::CallbackServerContext* context,
                                                         const position::v1::ListEquityPointsRequest* request,
                                                         position::v1::ListEquityPointsResponse* response) {
  FieldCheck check = CheckAccount(request->account_id());
  check.Range("limit", request->limit(), 0, PostgresPositionStore::kEquityPointsMax);
  if (!check.ok()) return Answer(context, check.Refusal());
  return Read(context, [this, request = *request, response]() -> absl::Status {
    RETURN_IF_ERROR(keeper_.Known(request.account_id()));
    ASSIGN_OR_RETURN(*response, store_.ListEquityPoints(request));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::VerifyAccount(grpc::CallbackServerContext* context,
                                                      const position::v1::VerifyAccountRequest* request,
                                                      position::v1::VerifyAccountResponse* response) {
  FieldCheck check = CheckAccount(request->account_id());
  if (!check.ok()) return Answer(context, check.Refusal());
  return Read(context, [this, account = request->account_id(), response] { return keeper_.Verify(account, response); });
}

grpc::ServerUnaryReactor* PositionGrpc::ListBreaks(grpc::CallbackServerContext* context,
                                                   const position::v1::ListBreaksRequest* request,
                                                   position::v1::ListBreaksResponse* response) {
  FieldCheck check;
  check.OptionalId("account_id", request->account_id());
  check.Range("page_size", request->page_size(), 0, PostgresPositionStore::kPageMax);
  if (!check.ok()) return Answer(context, check.Refusal());
  if (!request->account_id().empty()) {
    if (absl::Status known = keeper_.Known(request->account_id()); absl::IsNotFound(known))
      return Answer(context, ToGrpc(known));
  }
  reconciler_.Show(request->account_id(), response);
  if (!request->resolved_too()) return Answer(context, grpc::Status::OK);
  return Read(context, [this, request = *request, response]() -> absl::Status {
    constexpr int kDefault = 100;
    int limit = request.page_size() == 0 ? kDefault : request.page_size();
    response->clear_breaks();
    for (const auto& status : response->accounts()) {
      const AccountId account(status.account_id());
      ASSIGN_OR_RETURN(std::vector<reconciliation::Break> breaks, breaks_.LoadBreaks(account, limit));
      for (const reconciliation::Break& one : breaks) reconciler_.Finish(account, one, response->add_breaks());
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::ListTieOuts(grpc::CallbackServerContext* context,
                                                    const position::v1::ListTieOutsRequest* request,
                                                    position::v1::ListTieOutsResponse* response) {
  FieldCheck check = CheckAccount(request->account_id());
  check.Range("page_size", request->page_size(), 0, PostgresPositionStore::kPageMax);
  if (!check.ok()) return Answer(context, check.Refusal());
  return Read(context, [this, request = *request, response]() -> absl::Status {
    constexpr int kDefault = 30;
    int limit = request.page_size() == 0 ? kDefault : request.page_size();
    RETURN_IF_ERROR(keeper_.Known(request.account_id()));
    ASSIGN_OR_RETURN(auto tie_outs, breaks_.LoadTieOuts(AccountId(request.account_id()), limit));
    for (position::v1::TieOut& tie_out : tie_outs) *response->add_tie_outs() = std::move(tie_out);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PositionGrpc::AcknowledgeBreak(grpc::CallbackServerContext* context,
                                                         const position::v1::AcknowledgeBreakRequest* request,
                                                         position::v1::AcknowledgeBreakResponse* response) {
  FieldCheck check = CheckAccount(request->account_id());
  constexpr std::size_t kReasonMax = 500;
  constexpr std::size_t kActorMax = 64;
  check.Id("request_id", request->request_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty())
    check.Refuse("reason", RejectReason::kMissingField, "acknowledging a break needs a reason");
  if (!check.ok()) return Answer(context, check.Refusal());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = reconciler_.Acknowledge(*request, [reactor, response](absl::StatusOr<position::v1::Break> told) {
    if (told.ok()) *response->mutable_reconciliation_break() = *std::move(told);
    reactor->Finish(ToGrpc(told.status()));
  });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"));
  return reactor;
}

grpc::ServerUnaryReactor* PositionGrpc::DecideExternal(grpc::CallbackServerContext* context,
                                                       const position::v1::DecideExternalRequest* request,
                                                       position::v1::DecideExternalResponse* response) {
  FieldCheck check = CheckAccount(request->account_id());
  constexpr std::size_t kReasonMax = 500;
  constexpr std::size_t kActorMax = 64;
  check.Id("order_id", request->order_id()).OptionalId("request_id", request->request_id());
  check.OptionalId("deployment_id", request->deployment_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty())
    check.Refuse("reason", RejectReason::kMissingField, "a decision about money needs one");
  bool attributes = request->handling() == order::v1::EXTERNAL_HANDLING_ATTRIBUTE;
  bool known = attributes || request->handling() == order::v1::EXTERNAL_HANDLING_ADOPT ||
               request->handling() == order::v1::EXTERNAL_HANDLING_IGNORE;
  if (!known) check.Refuse("handling", RejectReason::kBadEnum, "ADOPT, IGNORE or ATTRIBUTE is expected");
  if (!attributes && !request->deployment_id().empty())
    check.Refuse("deployment_id", RejectReason::kUnsupported, "only ATTRIBUTE names a deployment");
  if (!check.ok()) return Answer(context, check.Refusal());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = reconciler_.DecideExternal(
      *request, [reactor, response](absl::StatusOr<position::v1::DecideExternalResponse> decided) {
        if (decided.ok()) *response = *std::move(decided);
        reactor->Finish(ToGrpc(decided.status()));
      });
  if (!queued) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"));
  return reactor;
}

grpc::ServerWriteReactor<position::v1::StreamPositionsResponse>* PositionGrpc::StreamPositions(
    grpc::CallbackServerContext*, const position::v1::StreamPositionsRequest* request) {
  auto session = StreamSession<position::v1::StreamPositionsResponse>::Make([] {});
  FieldCheck check;
  if (check.Id("account_id", request->account_id()).ok())
    keeper_.Subscribe(request->account_id(), session);
  else
    session->Close(check.Refusal());
  return session.get();
}

}  // namespace ballast
