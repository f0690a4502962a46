// The call of OrderGrpc that tells an order's story.
#include <chrono>
#include <memory>

#include "libs/base/absl_std.h"
#include "libs/orders/contingent.h"
#include "libs/orders/elsewhere.h"
#include "libs/orders/order_id.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/explanation.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/order_request.h"

namespace ballast {
namespace {

// Whoever has not answered by then is left out; the log alone tells most of it.
constexpr std::chrono::milliseconds kTellerTime{1'000};

// The other order of two where one went elsewhere as the other: the ids of both are functions of the first one's.
absl::Status ReadElsewhere(Store& store, const Order& order, const std::vector<orders::Account::Snapshot>& accounts,
                           OrderFacts& facts) {
  std::vector<OrderId> others;
  if (std::optional<OrderId> origin = orders::ElsewhereOrigin(order)) others.push_back(*origin);
  if (orders::WasLeftUnsent(order)) {
    for (int number = 1; number <= orders::kElsewhereMost; ++number) {
      for (const orders::Account::Snapshot& account : accounts)
        others.push_back(orders::OrderIdFor(account.id, orders::ElsewhereRequestId(order.order_id, number)));
    }
  }
  for (const OrderId& id : others) {
    absl::StatusOr<Order> other = store.LoadOrder(id);
    if (absl::IsNotFound(other.status())) continue;
    RETURN_IF_ERROR(other.status());
    const bool both = orders::WasLeftUnsent(*other) || orders::ElsewhereOrigin(*other) == order.order_id;
    if (both) wire::ToProto(*other, &facts.elsewhere.emplace_back());
  }
  return absl::OkStatus();
}

absl::StatusOr<OrderFacts> ReadFacts(Store& store, const OrderId& id) {
  OrderFacts facts;
  ASSIGN_OR_RETURN(facts.events, store.LoadOrderEvents(id));
  if (facts.events.empty()) return absl::NotFoundError(ToAbsl("there is no order " + id.value()));
  const order::v1::Order& order = facts.events.back().order();
  const AccountId account(order.account_id());
  ASSIGN_OR_RETURN(auto brokers, store.LoadBrokers());
  facts.broker = brokers[account];
  ASSIGN_OR_RETURN(auto accounts, store.LoadAccounts());
  for (const orders::Account::Snapshot& each : accounts) {
    if (each.id == account) facts.currency = each.currency;
  }
  if (absl::StatusOr<Order> read = wire::FromProto(order); read.ok())
    RETURN_IF_ERROR(ReadElsewhere(store, *read, accounts, facts));
  if (!order.has_list()) return facts;
  for (std::uint32_t index = 1; index <= order.list().size() + 1; ++index) {
    absl::StatusOr<Order> member = store.LoadOrder(orders::ListOrderId(account, order.list().list_id(), index));
    if (!member.ok() && !absl::IsNotFound(member.status())) return member.status();
    order::v1::Order& added = facts.list.emplace_back();
    if (member.ok()) wire::ToProto(*member, &added);
  }
  return facts;
}

// Asks the tellers one after the other, each on a thread of gRPC, and answers in the end.
struct Telling : std::enable_shared_from_this<Telling> {
  grpc::ServerUnaryReactor* reactor = nullptr;
  order::v1::ExplainOrderResponse* response = nullptr;
  std::shared_ptr<const StoryTellers> tellers;
  grpc::ClientContext decision_context;
  strategy::v1::ListDecisionsRequest decision_request;
  strategy::v1::ListDecisionsResponse decisions;
  grpc::ClientContext fills_context;
  position::v1::ListFillsRequest fills_request;
  position::v1::ListFillsResponse fills;

  void Begin() {
    std::optional<std::uint64_t> sequence = DecisionOf(response->order());
    if (!sequence) return AskResults();
    decision_request.set_deployment_id(response->order().deployment_id());
    decision_request.set_page_size(1);
    decision_request.set_page_token(std::to_string(*sequence + 1));
    decision_context.set_deadline(std::chrono::system_clock::now() + kTellerTime);
    tellers->strategy->async()->ListDecisions(
        &decision_context, &decision_request, &decisions,
        [self = shared_from_this(), sequence = *sequence](const grpc::Status& status) {
          absl::StatusOr<strategy::v1::Decision> decision = absl::NotFoundError("");
          bool there = self->decisions.decisions_size() > 0 && self->decisions.decisions(0).sequence() == sequence;
          if (!status.ok() && status.error_code() != grpc::NOT_FOUND)
            decision = absl::UnavailableError("");
          else if (status.ok() && there)
            decision = self->decisions.decisions(0);
          AddDecision(decision, self->response);
          self->AskResults();
        });
  }

  void AskResults() {
    if (response->fills().empty()) return Finish(grpc::Status::OK);
    fills_request.set_account_id(response->order().account_id());
    fills_request.set_page_size(500);
    for (const order::v1::ExplainedFill& fill : response->fills()) {
      if (fills_request.execution_ids_size() < 500) fills_request.add_execution_ids(fill.fill().execution_id());
    }
    fills_context.set_deadline(std::chrono::system_clock::now() + kTellerTime);
    tellers->positions->async()->ListFills(&fills_context, &fills_request, &fills,
                                           [self = shared_from_this()](const grpc::Status& status) {
                                             if (status.ok())
                                               AddResults(self->fills, self->response);
                                             else
                                               AddResults(absl::UnavailableError(""), self->response);
                                             self->Finish(grpc::Status::OK);
                                           });
  }

  void Finish(const grpc::Status& status) const { reactor->Finish(status); }
};

}  // namespace

grpc::ServerUnaryReactor* OrderGrpc::ExplainOrder(grpc::CallbackServerContext* context,
                                                  const order::v1::ExplainOrderRequest* request,
                                                  order::v1::ExplainOrderResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("order_id", request->order_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  auto telling = std::make_shared<Telling>();
  telling->reactor = reactor;
  telling->response = response;
  telling->tellers = tellers_;
  bool queued = reads_.TryPush([this, telling, id = OrderId(request->order_id())] {
    absl::StatusOr<OrderFacts> facts = ReadFacts(store_, id);
    if (!facts.ok()) return telling->Finish(ToGrpc(facts.status()));
    *telling->response = Explain(*facts);
    telling->Begin();
  });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

}  // namespace ballast
