#include "services/strategy_runner/algo_grpc.h"

#include <map>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"

namespace ballast {

namespace algo_pb = execution::v1;

namespace {

constexpr std::size_t kAlgoActorBytesMax = 100;

grpc::Status AlgoBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

grpc::ServerUnaryReactor* AlgoRefuse(grpc::ServerUnaryReactor* reactor, const FieldCheck& check) {
  reactor->Finish(check.Refusal());
  return reactor;
}

// Answers with the parent order in the response's field of that name.
template <typename Response>
AlgoRunner::Reply<algo_pb::AlgoOrder> WithAlgoOrder(grpc::ServerUnaryReactor* reactor, Response* response) {
  return [reactor, response](const absl::Status& status, const algo_pb::AlgoOrder& order) {
    if (status.ok()) *response->mutable_algo_order() = order;
    reactor->Finish(ToGrpc(status));
  };
}

// Of one parent order, by whom.
template <typename Request>
FieldCheck CheckAlgo(const Request& request) {
  FieldCheck check;
  check.Id("algo_order_id", request.algo_order_id()).Text("actor", request.actor(), kAlgoActorBytesMax);
  return check;
}

}  // namespace

void AlgoGrpc::Start() {
  reader_ = std::thread([this] {
    while (!reads_.closed()) {
      for (auto& read : reads_.PopBatch(16, 1'000'000'000)) read();
    }
    for (auto& read : reads_.PopBatch(200, 0)) read();
  });
}

void AlgoGrpc::Stop() {
  reads_.Close();
  if (reader_.joinable()) reader_.join();
}

void AlgoGrpc::Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read) {
  if (!reads_.TryPush([reactor, read = std::move(read)] { reactor->Finish(ToGrpc(read())); }))
    reactor->Finish(AlgoBusy());
}

grpc::ServerUnaryReactor* AlgoGrpc::CreateAlgoOrder(grpc::CallbackServerContext* context,
                                                    const algo_pb::CreateAlgoOrderRequest* request,
                                                    algo_pb::CreateAlgoOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id()).Text("actor", request->actor(), kAlgoActorBytesMax);
  (void)AlgoSpecFromProto(request->spec(), check.errors());
  if (!check.ok()) return AlgoRefuse(reactor, check);
  bool queued = runner_.Create(
      *request, [reactor, response](const absl::Status& status, const algo_pb::CreateAlgoOrderResponse& created) {
        if (status.ok()) *response = created;
        reactor->Finish(ToGrpc(status));
      });
  if (!queued) reactor->Finish(AlgoBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlgoGrpc::PreviewAlgoOrder(grpc::CallbackServerContext* context,
                                                     const algo_pb::PreviewAlgoOrderRequest* request,
                                                     algo_pb::PreviewAlgoOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  (void)AlgoSpecFromProto(request->spec(), check.errors());
  if (!check.ok()) return AlgoRefuse(reactor, check);
  bool queued = runner_.Preview(
      request->spec(), [reactor, response](const absl::Status& status, const algo_pb::PreviewAlgoOrderResponse& made) {
        if (status.ok()) *response = made;
        reactor->Finish(ToGrpc(status));
      });
  if (!queued) reactor->Finish(AlgoBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlgoGrpc::GetAlgoOrder(grpc::CallbackServerContext* context,
                                                 const algo_pb::GetAlgoOrderRequest* request,
                                                 algo_pb::GetAlgoOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("algo_order_id", request->algo_order_id()).ok()) return AlgoRefuse(reactor, check);
  bool queued = runner_.Get(request->algo_order_id(), [this, reactor, response, id = request->algo_order_id()](
                                                          const absl::Status& status, const algo_pb::AlgoOrder& order) {
    if (!absl::IsNotFound(status)) {
      *response->mutable_algo_order() = order;
      return reactor->Finish(ToGrpc(status));
    }
    // It has ended before this process began.
    Read(reactor, [this, response, id, status]() -> absl::Status {
      ASSIGN_OR_RETURN(std::optional<AlgoStore::Row> row, store_.Find(id));
      if (!row) return status;
      algo_pb::AlgoOrder& stored = *response->mutable_algo_order();
      ASSIGN_OR_RETURN(execution::ParentRecord record, AlgoRecordOf(row->kept));
      stored = row->kept.order();
      ToProto(execution::Parent(std::move(record)).schedule(), stored.mutable_schedule());
      for (algo_pb::ChildOrder& child : row->children) *stored.add_children() = std::move(child);
      return absl::OkStatus();
    });
  });
  if (!queued) reactor->Finish(AlgoBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlgoGrpc::ListAlgoOrders(grpc::CallbackServerContext* context,
                                                   const algo_pb::ListAlgoOrdersRequest* request,
                                                   algo_pb::ListAlgoOrdersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.OptionalId("account_id", request->account_id());
  check.Range("page_size", request->page_size(), 0, AlgoStore::kPageMax);
  if (!AlgoPage::Of(*request).ok() && check.ok())
    check.Refuse("page_token", RejectReason::kMalformed, "not a token of this call");
  if (!check.ok()) return AlgoRefuse(reactor, check);
  using All = std::vector<algo_pb::AlgoOrder>;
  bool queued = runner_.List([this, reactor, response, request = *request](const absl::Status& status, const All& all) {
    if (!status.ok()) return reactor->Finish(ToGrpc(status));
    std::map<std::string, algo_pb::AlgoOrder> now;
    for (const algo_pb::AlgoOrder& order : all) now[order.algo_order_id()] = order;
    Read(reactor, [this, response, request, now = std::move(now)]() -> absl::Status {
      ASSIGN_OR_RETURN(*response, store_.List(request));
      // Of those that are worked what is known now, with what time alone changes.
      for (algo_pb::AlgoOrder& order : *response->mutable_algo_orders()) {
        auto known = now.find(order.algo_order_id());
        if (known != now.end()) order = known->second;
      }
      return absl::OkStatus();
    });
  });
  if (!queued) reactor->Finish(AlgoBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlgoGrpc::PauseAlgoOrder(grpc::CallbackServerContext* context,
                                                   const algo_pb::PauseAlgoOrderRequest* request,
                                                   algo_pb::PauseAlgoOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = CheckAlgo(*request); !check.ok()) return AlgoRefuse(reactor, check);
  if (!runner_.Pause(request->algo_order_id(), request->actor(), WithAlgoOrder(reactor, response)))
    reactor->Finish(AlgoBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlgoGrpc::ResumeAlgoOrder(grpc::CallbackServerContext* context,
                                                    const algo_pb::ResumeAlgoOrderRequest* request,
                                                    algo_pb::ResumeAlgoOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = CheckAlgo(*request); !check.ok()) return AlgoRefuse(reactor, check);
  if (!runner_.Resume(request->algo_order_id(), request->actor(), WithAlgoOrder(reactor, response)))
    reactor->Finish(AlgoBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlgoGrpc::CancelAlgoOrder(grpc::CallbackServerContext* context,
                                                    const algo_pb::CancelAlgoOrderRequest* request,
                                                    algo_pb::CancelAlgoOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (FieldCheck check = CheckAlgo(*request); !check.ok()) return AlgoRefuse(reactor, check);
  if (!runner_.Cancel(request->algo_order_id(), request->actor(), WithAlgoOrder(reactor, response)))
    reactor->Finish(AlgoBusy());
  return reactor;
}

}  // namespace ballast
