// The calls of OrderGrpc about lists of orders, other terms, and what became of an order.
#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/orders/contingent.h"
#include "libs/orders/reserved_request.h"
#include "libs/orders/submit.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/forward.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/order_request.h"
#include "services/order_management/shard_host.h"

namespace ballast {
namespace {

using Calls = order::v1::OrderService::StubInterface::async_interface;

// With ":10" behind it, the request id of an order.
constexpr std::size_t kListIdMax = 60;
constexpr std::size_t kResolveReasonMax = 500;
constexpr std::size_t kBrokerOrderIdMax = 100;

class ListDecoder {
 public:
  explicit ListDecoder(const order::v1::SubmitOrderListRequest& request) : request_(request) {}

  std::vector<Order> Decode() {
    if (!orders::IsIdentifier(request_.request_id(), kListIdMax))
      Refuse("request_id", RejectReason::kBadIdentifier, "1 to 60 characters of A-Z a-z 0-9 . _ : - expected");
    if (!type::v1::ContingencyType_IsValid(request_.contingency_type()))
      Refuse("contingency_type", RejectReason::kBadEnum, "unknown value");
    if (request_.actor().size() > kActorMax) Refuse("actor", RejectReason::kOutOfRange, "at most 100 bytes");
    const auto type = static_cast<ContingencyType>(request_.contingency_type());
    std::vector<Order> list;
    for (int i = 0; i < request_.orders_size(); ++i) list.push_back(DecodeOne(i, type));
    if (!errors_.empty()) return list;
    for (orders::Violation& violation : orders::ValidateList(list, type))
      Refuse(violation.field, violation.reason, std::move(violation.message));
    return list;
  }
  [[nodiscard]] const std::vector<FieldError>& errors() const { return errors_; }

 private:
  void Refuse(std::string field, RejectReason reason, std::string message) {
    errors_.push_back({.field = std::move(field), .reason = reason, .message = std::move(message)});
  }

  Order DecodeOne(int i, ContingencyType type) {
    const std::string prefix = "orders[" + std::to_string(i) + "].";
    order::v1::SubmitOrderRequest one = request_.orders(i);
    if (!one.request_id().empty() || !one.account_id().empty() || !one.actor().empty() || one.confirm_duplicate())
      Refuse(prefix + "request_id", RejectReason::kUnsupported,
             "request_id, account_id, actor and confirm_duplicate are the list's");
    const auto index = static_cast<std::uint32_t>(i + 1);
    one.set_request_id(orders::ListRequestId(request_.request_id(), index));
    one.set_account_id(request_.account_id());
    one.clear_actor();
    std::vector<FieldError> errors;
    Order order = DecodeSubmit(one, errors);
    for (FieldError& error : errors) {
      bool of_list = error.field == "account_id" || error.field == "request_id";
      if (of_list && i > 0) continue;
      Refuse(of_list ? error.field : prefix + error.field, error.reason, std::move(error.message));
    }
    // The others wait for the first one; where nobody waits, they wait for each other.
    if (order.hold_until_open && (i > 0 || !orders::HasParent(type)))
      Refuse(prefix + "hold_until_open", RejectReason::kUnsupported,
             "only the first order of an OTO or a bracket waits");
    order.list = ListPlace{.list_id = request_.request_id(),
                           .contingency = type,
                           .index = index,
                           .size = static_cast<std::uint32_t>(request_.orders_size())};
    const bool told =
        std::any_of(errors.begin(), errors.end(), [](const auto& one) { return one.field == "request_id"; });
    // Nothing that the suite sends under such an id is of a list.
    if (i == 0 && !told && orders::TakesReservedRequest(order))
      Refuse("request_id", RejectReason::kBadIdentifier, "route- and elsewhere- begin the suite's own request ids");
    return order;
  }

  const order::v1::SubmitOrderListRequest& request_;
  std::vector<FieldError> errors_;
};

Replacement DecodeTerms(const order::v1::ReplaceOrderRequest& request, FieldCheck& check) {
  Replacement terms{.request_id = request.request_id()};
  check.Id("request_id", request.request_id()).Id("order_id", request.order_id());
  check.Text("actor", request.actor(), kActorMax);
  auto read = [&](bool there, const type::v1::Decimal& value, const char* field, std::optional<Decimal>* out) {
    if (!there) return;
    auto parsed = Decimal::Parse(value.value());
    if (!parsed.ok())
      check.Refuse(field, RejectReason::kBadDecimal, MessageOf(parsed.status()));
    else if (!parsed->IsPositive())
      check.Refuse(field, RejectReason::kOutOfRange, "must be above zero");
    else
      *out = *parsed;
  };
  read(request.has_quantity(), request.quantity(), "quantity", &terms.quantity);
  read(request.has_limit_price(), request.limit_price(), "limit_price", &terms.limit_price);
  read(request.has_stop_price(), request.stop_price(), "stop_price", &terms.stop_price);
  if (!request.has_quantity() && !request.has_limit_price() && !request.has_stop_price())
    check.Refuse("quantity", RejectReason::kMissingField, "quantity, limit_price or stop_price expected");
  return terms;
}

}  // namespace

grpc::ServerUnaryReactor* OrderGrpc::SubmitOrderList(grpc::CallbackServerContext* context,
                                                     const order::v1::SubmitOrderListRequest* request,
                                                     order::v1::SubmitOrderListResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  ListDecoder decoder(*request);
  std::vector<Order> list = decoder.Decode();
  if (!decoder.errors().empty()) return Finish(reactor, InvalidFields(decoder.errors()));
  ShardRoster::Seat seat = roster_.Of(AccountId(request->account_id()));
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::SubmitOrderList, request, response);
  bool queued = seat.host->shard().SubmitList(
      std::move(list), ActorOf(request->actor()), request->confirm_duplicate(),
      [reactor, response](const ListReply& reply) {
        if (reply.status.ok()) {
          for (const Order& order : reply.orders) wire::ToProto(order, response->add_orders());
          response->set_replayed(reply.replayed);
        }
        reactor->Finish(ToGrpc(reply.status));
      },
      DeadlineOf(*context));
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::ReplaceOrder(grpc::CallbackServerContext* context,
                                                  const order::v1::ReplaceOrderRequest* request,
                                                  order::v1::ReplaceOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  Replacement terms = DecodeTerms(*request, check);
  if (!check.ok()) return Finish(reactor, check.Refusal());
  if (roster_.map().shards() == 1) {
    ReplaceAt(roster_.OfShard(0), context, request, terms, response, reactor);
    return reactor;
  }
  // The id does not say whose order it is.
  bool queued = reads_.TryPush([this, context, request, terms = std::move(terms), response, reactor] {
    auto order = store_.LoadOrder(OrderId(request->order_id()));
    if (!order.ok()) return reactor->Finish(ToGrpc(order.status()));
    ReplaceAt(roster_.Of(order->account_id), context, request, terms, response, reactor);
  });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

void OrderGrpc::ReplaceAt(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                          const order::v1::ReplaceOrderRequest* request, const Replacement& terms,
                          order::v1::ReplaceOrderResponse* response, grpc::ServerUnaryReactor* reactor) {
  if (!seat.host) {
    PassOn(*context, reactor, seat.other, &Calls::ReplaceOrder, request, response);
    return;
  }
  bool queued = seat.host->shard().Replace(
      OrderId(request->order_id()), terms, ActorOf(request->actor()),
      [reactor, response](const OrderReply& reply) {
        if (reply.status.ok()) {
          wire::ToProto(reply.order, response->mutable_order());
          if (reply.rejection) wire::ToProto(*reply.rejection, response->mutable_rejection());
          response->set_replayed(reply.replayed);
          AddChecks(reply, response);
        }
        reactor->Finish(ToGrpc(reply.status));
      },
      DeadlineOf(*context));
  if (!queued) reactor->Finish(Busy());
}

grpc::ServerUnaryReactor* OrderGrpc::ResolveOrder(grpc::CallbackServerContext* context,
                                                  const order::v1::ResolveOrderRequest* request,
                                                  order::v1::ResolveOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id()).Id("order_id", request->order_id());
  check.Text("actor", request->actor(), kActorMax).Text("reason", request->reason(), kResolveReasonMax);
  check.Text("broker_order_id", request->broker_order_id(), kBrokerOrderIdMax);
  if (request->reason().empty())
    check.Refuse("reason", RejectReason::kMissingField, "whoever says what became of an order says how he knows");
  if (!check.ok()) return Finish(reactor, check.Refusal());
  if (roster_.map().shards() == 1) {
    ResolveAt(roster_.OfShard(0), context, request, response, reactor);
    return reactor;
  }
  bool queued = reads_.TryPush([this, context, request, response, reactor] {
    auto order = store_.LoadOrder(OrderId(request->order_id()));
    if (!order.ok()) return reactor->Finish(ToGrpc(order.status()));
    ResolveAt(roster_.Of(order->account_id), context, request, response, reactor);
  });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

void OrderGrpc::ResolveAt(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                          const order::v1::ResolveOrderRequest* request, order::v1::ResolveOrderResponse* response,
                          grpc::ServerUnaryReactor* reactor) {
  if (!seat.host) {
    PassOn(*context, reactor, seat.other, &Calls::ResolveOrder, request, response);
    return;
  }
  orders::AwaitedDecision asked{.kind = "resolve",
                                .order_id = OrderId(request->order_id()),
                                .decision = request->broker_order_id(),
                                .reason = request->reason(),
                                .asked_by = ActorOf(request->actor())};
  bool queued = seat.host->shard().Resolve(
      asked.order_id, asked.decision, asked.asked_by, asked.reason,
      [this, asked, reactor, response](const OrderReply& reply) mutable {
        if (reply.status.ok()) {
          asked.account_id = reply.order.account_id;
          persons_.Done(asked);
          wire::ToProto(reply.order, response->mutable_order());
        }
        reactor->Finish(ToGrpc(reply.status));
      },
      [this, asked](const Order& order, AccountMode mode, const std::string& broker) mutable {
        if (!persons_.ResolvingTakesTwo(mode, broker)) return absl::OkStatus();
        asked.account_id = order.account_id;
        return persons_.Ask(asked).status();
      });
  if (!queued) reactor->Finish(Busy());
}

}  // namespace ballast
