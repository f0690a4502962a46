#include "services/order_management/grpc_adapter.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/orders/submit.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/emergency_desk.h"
#include "services/order_management/forward.h"
#include "services/order_management/order_request.h"
#include "services/order_management/shard_host.h"

namespace ballast {
namespace {

void Encode(const orders::Spread& spread, order::v1::GetOrderStatisticsResponse::Spread* out) {
  out->set_count(spread.count);
  out->set_p50_ms(static_cast<double>(spread.p50_ns) / 1e6);
  out->set_p90_ms(static_cast<double>(spread.p90_ns) / 1e6);
  out->set_p99_ms(static_cast<double>(spread.p99_ns) / 1e6);
  out->set_max_ms(static_cast<double>(spread.max_ns) / 1e6);
}

void Encode(const orders::OrderStatistics& statistics, order::v1::GetOrderStatisticsResponse* out) {
  out->set_orders(statistics.orders);
  if (statistics.fill_rate) wire::ToProto(*statistics.fill_rate, out->mutable_fill_rate());
  if (statistics.filled_part) wire::ToProto(*statistics.filled_part, out->mutable_filled_part());
  for (const auto& [status, count] : statistics.by_status) {
    auto* entry = out->add_statuses();
    entry->set_status(static_cast<order::v1::OrderStatus>(status));
    entry->set_count(count);
  }
  for (const auto& [refusal, count] : statistics.refusals) {
    auto* entry = out->add_refusals();
    entry->set_reason(static_cast<type::v1::RejectReason>(refusal.first));
    entry->set_check(refusal.second);
    entry->set_count(count);
  }
  std::stable_sort(out->mutable_refusals()->begin(), out->mutable_refusals()->end(),
                   [](const auto& left, const auto& right) { return left.count() > right.count(); });
  Encode(statistics.time_to_ack, out->mutable_time_to_ack());
  Encode(statistics.time_to_first_fill, out->mutable_time_to_first_fill());
  Encode(statistics.time_to_fill, out->mutable_time_to_fill());
}

constexpr int kPageMax = 500;
constexpr int kStatisticsOrdersMax = 10'000;
constexpr std::int64_t kStatisticsWindow = 86'400;
constexpr std::int64_t kStatisticsWindowMax = 31 * 86'400;

using Calls = order::v1::OrderService::StubInterface::async_interface;

}  // namespace

OrderGrpc::OrderGrpc(ShardRoster& roster, std::map<AccountId, std::string> brokers, Store& store, EventHub& hub,
                     const Clock& clock, std::shared_ptr<const StoryTellers> tellers, SecondPersonDesk& persons)
    : roster_(roster),
      brokers_(std::move(brokers)),
      store_(store),
      hub_(hub),
      clock_(clock),
      tellers_(std::move(tellers)),
      persons_(persons) {}
OrderGrpc::~OrderGrpc() { Stop(); }

void OrderGrpc::Start() {
  reader_ = std::thread([this] {
    while (!reads_.closed()) {
      for (auto& read : reads_.PopBatch(32, 1'000'000'000)) read();
    }
    for (auto& read : reads_.PopBatch(1000, 0)) read();
  });
}

void OrderGrpc::Stop() {
  reads_.Close();
  if (reader_.joinable()) reader_.join();
}

void OrderGrpc::Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read) {
  if (!reads_.TryPush([reactor, read = std::move(read)] { reactor->Finish(ToGrpc(read())); })) reactor->Finish(Busy());
}

grpc::ServerUnaryReactor* OrderGrpc::SubmitOrder(grpc::CallbackServerContext* context,
                                                 const order::v1::SubmitOrderRequest* request,
                                                 order::v1::SubmitOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  Order order = DecodeSubmit(*request, errors);
  if (!errors.empty()) return Finish(reactor, InvalidFields(errors));
  ShardRoster::Seat seat = roster_.Of(order.account_id);
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::SubmitOrder, request, response);
  bool queued = seat.host->shard().Submit(
      std::move(order), ActorOf(request->actor()), request->confirm_duplicate(),
      [reactor, response](OrderReply reply) {
        if (reply.status.ok()) {
          wire::ToProto(reply.order, response->mutable_order());
          response->set_replayed(reply.replayed);
          AddChecks(reply, response);
        }
        reactor->Finish(ToGrpc(reply.status));
      },
      DeadlineOf(*context));
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

namespace {

// Answers that wait to be written, as one message.
order::v1::SubmitOrdersResponse JoinAnswers(std::vector<std::shared_ptr<const order::v1::SubmitOrdersResponse>> parts) {
  order::v1::SubmitOrdersResponse joined;
  joined.mutable_answers()->Reserve(static_cast<int>(parts.size()));
  for (const auto& part : parts) *joined.add_answers() = *part;
  return joined;
}

}  // namespace

grpc::ServerBidiReactor<order::v1::SubmitOrdersRequest, order::v1::SubmitOrdersResponse>* OrderGrpc::SubmitOrders(
    grpc::CallbackServerContext* context) {
  auto session = SubmitSession::Make(
      [this, context](SubmitSession& self, order::v1::SubmitOrdersRequest& request) {
        if (request.takes_batches()) self.SetJoin(JoinAnswers);
        auto sender = std::static_pointer_cast<SubmitSession>(self.Self());
        // An order in a field of its own is one; so is a message that has none, which is refused for what it lacks.
        int count = request.orders_size() + (request.has_order() || request.orders().empty() ? 1 : 0);
        // All of them first: a call whose orders are all answered may end.
        for (int i = 0; i < count; ++i) self.Owe();
        if (count > request.orders_size()) SubmitOne(context, request.order(), sender);
        for (const order::v1::SubmitOrderRequest& order : request.orders()) SubmitOne(context, order, sender);
      },
      [] {});
  return session.get();
}

void OrderGrpc::SubmitOne(grpc::CallbackServerContext* context, const order::v1::SubmitOrderRequest& request,
                          const std::shared_ptr<SubmitSession>& sender) {
  std::string request_id = request.request_id();
  auto refuse = [&](const grpc::Status& status) {
    order::v1::SubmitOrdersResponse response;
    response.set_request_id(request_id);
    response.set_status_code(status.error_code());
    response.set_status_message(status.error_message());
    sender->Answer(std::move(response));
  };
  std::vector<FieldError> errors;
  Order order = DecodeSubmit(request, errors);
  if (!errors.empty()) {
    refuse(InvalidFields(errors));
    return;
  }
  ShardRoster::Seat seat = roster_.Of(order.account_id);
  if (!seat.host) {
    SubmitElsewhere(seat, context, request,
                    [sender](order::v1::SubmitOrdersResponse response) { sender->Answer(std::move(response)); });
    return;
  }
  bool queued = seat.host->shard().Submit(std::move(order), ActorOf(request.actor()), request.confirm_duplicate(),
                                          [sender, request_id](OrderReply reply) {
                                            order::v1::SubmitOrdersResponse response;
                                            response.set_request_id(request_id);
                                            response.set_replayed(reply.replayed);
                                            response.set_status_code(static_cast<int>(reply.status.code()));
                                            response.set_status_message(MessageOf(reply.status));
                                            if (reply.status.ok()) wire::ToProto(reply.order, response.mutable_order());
                                            sender->Answer(std::move(response));
                                          });
  if (!queued) refuse(Busy());
}

grpc::ServerUnaryReactor* OrderGrpc::CancelOrder(grpc::CallbackServerContext* context,
                                                 const order::v1::CancelOrderRequest* request,
                                                 order::v1::CancelOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("order_id", request->order_id()).ok()) return Finish(reactor, check.Refusal());
  if (roster_.map().shards() == 1) {
    CancelAt(roster_.OfShard(0), context, request, response, reactor);
    return reactor;
  }
  // The id does not say whose order it is.
  bool queued = reads_.TryPush([this, context, request, response, reactor] {
    auto order = store_.LoadOrder(OrderId(request->order_id()));
    if (!order.ok()) return reactor->Finish(ToGrpc(order.status()));
    CancelAt(roster_.Of(order->account_id), context, request, response, reactor);
  });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

void OrderGrpc::CancelAt(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                         const order::v1::CancelOrderRequest* request, order::v1::CancelOrderResponse* response,
                         grpc::ServerUnaryReactor* reactor) {
  if (!seat.host) {
    PassOn(*context, reactor, seat.other, &Calls::CancelOrder, request, response);
    return;
  }
  bool queued = seat.host->shard().Cancel(OrderId(request->order_id()), ActorOf(request->actor()),
                                          [reactor, response](OrderReply reply) {
                                            if (reply.status.ok()) {
                                              wire::ToProto(reply.order, response->mutable_order());
                                              if (reply.rejection)
                                                wire::ToProto(*reply.rejection, response->mutable_rejection());
                                            }
                                            reactor->Finish(ToGrpc(reply.status));
                                          });
  if (!queued) reactor->Finish(Busy());
}

void OrderGrpc::SubmitElsewhere(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                                const order::v1::SubmitOrderRequest& request,
                                std::function<void(order::v1::SubmitOrdersResponse)> answer) {
  struct Call {
    order::v1::SubmitOrderRequest request;
    order::v1::SubmitOrderResponse response;
    std::shared_ptr<grpc::ClientContext> context;
  };
  auto call = std::make_shared<Call>();
  call->request = request;
  auto finish = [call, answer = std::move(answer)](const grpc::Status& status) {
    order::v1::SubmitOrdersResponse response;
    response.set_request_id(call->request.request_id());
    response.set_status_code(status.error_code());
    response.set_status_message(status.error_message());
    if (status.ok()) {
      response.set_replayed(call->response.replayed());
      response.mutable_order()->Swap(call->response.mutable_order());
    }
    answer(std::move(response));
  };
  if (!seat.other || WasForwarded(*context)) return finish(Moving());
  call->context = ForwardedContext(context->deadline());
  seat.other->async()->SubmitOrder(call->context.get(), &call->request, &call->response,
                                   [finish, other = seat.other](const grpc::Status& status) { finish(status); });
}

grpc::ServerUnaryReactor* OrderGrpc::CancelAllOrders(grpc::CallbackServerContext* context,
                                                     const order::v1::CancelAllOrdersRequest* request,
                                                     order::v1::CancelAllOrdersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id());
  check.OptionalId("symbol", request->symbol()).OptionalId("deployment_id", request->deployment_id());
  if (!check.ok()) return Finish(reactor, check.Refusal());
  ShardRoster::Seat seat = roster_.Of(AccountId(request->account_id()));
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::CancelAllOrders, request, response);
  bool queued = seat.host->shard().CancelAll(AccountId(request->account_id()), Symbol(request->symbol()),
                                             DeploymentId(request->deployment_id()), ActorOf(request->actor()),
                                             [reactor, response](absl::StatusOr<std::vector<Order>> cancelled) {
                                               if (cancelled.ok()) {
                                                 for (const Order& order : *cancelled)
                                                   wire::ToProto(order, response->add_orders());
                                               }
                                               reactor->Finish(ToGrpc(cancelled.status()));
                                             });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::GetOrder(grpc::CallbackServerContext* context,
                                              const order::v1::GetOrderRequest* request,
                                              order::v1::GetOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("order_id", request->order_id()).ok()) return Finish(reactor, check.Refusal());
  Read(reactor, [this, id = OrderId(request->order_id()), response]() -> absl::Status {
    ASSIGN_OR_RETURN(Order order, store_.LoadOrder(id));
    wire::ToProto(order, response->mutable_order());
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::ListOrders(grpc::CallbackServerContext* context,
                                                const order::v1::ListOrdersRequest* request,
                                                order::v1::ListOrdersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.OptionalId("account_id", request->account_id()).OptionalId("symbol", request->symbol());
  check.OptionalId("deployment_id", request->deployment_id()).Range("page_size", request->page_size(), 0, kPageMax);
  for (int status : request->statuses()) {
    if (!order::v1::OrderStatus_IsValid(status)) check.Refuse("statuses", RejectReason::kBadEnum, "unknown value");
  }
  if (!request->page_token().empty() && !Store::IsPageToken(request->page_token()))
    check.Refuse("page_token", RejectReason::kMalformed, "not a token of this call");
  if (!check.ok()) return Finish(reactor, check.Refusal());
  Read(reactor, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response, store_.ListOrders(request));
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::ListOrderEvents(grpc::CallbackServerContext* context,
                                                     const order::v1::ListOrderEventsRequest* request,
                                                     order::v1::ListOrderEventsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("order_id", request->order_id()).ok()) return Finish(reactor, check.Refusal());
  Read(reactor, [this, id = OrderId(request->order_id()), response]() -> absl::Status {
    ASSIGN_OR_RETURN(std::vector<order::v1::OrderEvent> events, store_.LoadOrderEvents(id));
    if (events.empty()) return absl::NotFoundError(ToAbsl("there is no order " + id.value()));
    for (order::v1::OrderEvent& event : events) *response->add_events() = std::move(event);
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::GetOrderStatistics(grpc::CallbackServerContext* context,
                                                        const order::v1::GetOrderStatisticsRequest* request,
                                                        order::v1::GetOrderStatisticsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.OptionalId("account_id", request->account_id()).OptionalId("symbol", request->symbol());
  check.OptionalId("deployment_id", request->deployment_id());
  check.Range("window_seconds", request->window_seconds(), 0, kStatisticsWindowMax);
  if (!check.ok()) return Finish(reactor, check.Refusal());
  Read(reactor, [this, request = *request, response]() -> absl::Status {
    std::int64_t window_s = request.window_seconds() == 0 ? kStatisticsWindow : request.window_seconds();
    ASSIGN_OR_RETURN(
        std::vector<orders::OrderCourse> courses,
        store_.LoadCourses(request, clock_.Now().nanos - window_s * 1'000'000'000, kStatisticsOrdersMax + 1));
    bool truncated = courses.size() > kStatisticsOrdersMax;
    if (truncated) courses.pop_back();
    Encode(orders::Summarise(courses), response);
    response->set_truncated(truncated);
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* OrderGrpc::StreamOrderEvents(grpc::CallbackServerContext*,
                                                                         const grpc::ByteBuffer* bytes) {
  auto session = StreamSession<grpc::ByteBuffer>::Make([] {});
  order::v1::StreamOrderEventsRequest request;
  grpc::ByteBuffer copy(*bytes);  // reading takes it
  if (grpc::Status read = grpc::SerializationTraits<order::v1::StreamOrderEventsRequest>::Deserialize(&copy, &request);
      !read.ok()) {
    session->Close(grpc::Status(grpc::INVALID_ARGUMENT, "the request cannot be read"));
    return session.get();
  }
  FieldCheck check;
  for (const std::string& account : request.account_ids()) check.Id("account_ids", account);
  for (const auto& [account, sequence] : request.after_sequences()) check.Id("after_sequences", account);
  if (check.ok())
    hub_.Subscribe(request, session);
  else
    session->Close(check.Refusal());
  return session.get();
}

}  // namespace ballast
