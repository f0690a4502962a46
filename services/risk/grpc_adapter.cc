#include "services/risk/grpc_adapter.h"

#include <utility>

#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/grpc_calls.h"
#include "services/risk/limits_codec.h"
#include "services/risk/preview_codec.h"

namespace ballast {

grpc::ServerBidiReactor<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>* RiskGrpc::RiskSession(
    grpc::CallbackServerContext*) {
  using Session = BidiSession<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>;
  auto session = Session::Make(
      [this](Session& self, risk::v1::RiskSessionRequest& request) {
        auto sender = std::static_pointer_cast<Session>(self.Self());
        // One message at a time: who tells faster than risk takes feels it.
        self.Hold();
        if (!machine_.Hear(std::move(request), sender, [sender] { sender->ReadOn(); })) self.Close(TooBusy());
      },
      [] {});
  return session.get();
}

grpc::ServerUnaryReactor* RiskGrpc::PreviewOrder(grpc::CallbackServerContext* context,
                                                 const risk::v1::PreviewOrderRequest* request,
                                                 risk::v1::PreviewOrderResponse* response) {
  FieldCheck check;
  Order order = PreviewFromProto(request->order(), check);
  return AskMachine(machine_, context, check, [response, order = std::move(order)](RiskKeeper& keeper) {
    keeper.Preview(order, response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* RiskGrpc::GetRiskState(grpc::CallbackServerContext* context,
                                                 const risk::v1::GetRiskStateRequest* request,
                                                 risk::v1::GetRiskStateResponse* response) {
  FieldCheck check;
  check.Id("account_id", request->account_id());
  return AskMachine(machine_, context, check, [response, account = request->account_id()](RiskKeeper& keeper) {
    return keeper.State(account, response);
  });
}

grpc::ServerUnaryReactor* RiskGrpc::GetLimits(grpc::CallbackServerContext* context,
                                              const risk::v1::GetLimitsRequest* request,
                                              risk::v1::GetLimitsResponse* response) {
  FieldCheck check;
  check.Id("account_id", request->account_id());
  return AskMachine(machine_, context, check, [response, account = request->account_id()](RiskKeeper& keeper) {
    auto limits = keeper.GetLimits(account);
    if (limits.ok()) {
      ToProto(*limits, response->mutable_limits());
      response->mutable_limits()->set_account_id(account);
    }
    return limits.status();
  });
}

grpc::ServerUnaryReactor* RiskGrpc::GetEffectiveLimits(grpc::CallbackServerContext* context,
                                                       const risk::v1::GetEffectiveLimitsRequest* request,
                                                       risk::v1::GetEffectiveLimitsResponse* response) {
  FieldCheck check;
  check.Id("account_id", request->account_id()).OptionalId("deployment_id", request->deployment_id());
  check.OptionalId("symbol", request->symbol());
  return AskMachine(machine_, context, check, [response, request = *request](RiskKeeper& keeper) {
    return keeper.EffectiveLimits(request, response);
  });
}

grpc::ServerUnaryReactor* RiskGrpc::GetOpening(grpc::CallbackServerContext* context,
                                               const risk::v1::GetOpeningRequest* request,
                                               risk::v1::GetOpeningResponse* response) {
  FieldCheck check;
  check.Id("account_id", request->account_id()).OptionalId("deployment_id", request->deployment_id());
  return AskMachine(machine_, context, check, [response, request = *request](RiskKeeper& keeper) {
    return keeper.Opening(request.account_id(), request.deployment_id(), response->mutable_answer());
  });
}

grpc::ServerWriteReactor<risk::v1::StreamOpeningsResponse>* RiskGrpc::StreamOpenings(
    grpc::CallbackServerContext*, const risk::v1::StreamOpeningsRequest*) {
  auto session = StreamSession<risk::v1::StreamOpeningsResponse>::Make([] {});
  if (!machine_.Query([session](RiskKeeper& keeper) { keeper.Subscribe(session); })) session->Close(TooBusy());
  return session.get();
}

grpc::ServerUnaryReactor* RiskGrpc::GetBreakerRules(grpc::CallbackServerContext* context,
                                                    const risk::v1::GetBreakerRulesRequest*,
                                                    risk::v1::GetBreakerRulesResponse* response) {
  return AskMachine(machine_, context, FieldCheck(), [response](RiskKeeper& keeper) {
    ToProto(keeper.GetBreakerRules(), response->mutable_rules());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* RiskGrpc::ListBreakers(grpc::CallbackServerContext* context,
                                                 const risk::v1::ListBreakersRequest* request,
                                                 risk::v1::ListBreakersResponse* response) {
  FieldCheck check;
  check.OptionalId("account_id", request->account_id());
  return AskMachine(machine_, context, check, [response, account = request->account_id()](RiskKeeper& keeper) {
    keeper.ListBreakers(account, response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* RiskGrpc::WhatIf(grpc::CallbackServerContext* context, const risk::v1::WhatIfRequest* request,
                                           risk::v1::WhatIfResponse* response) {
  FieldCheck check;
  constexpr int kMovesMax = 1'000;
  check.Id("account_id", request->account_id()).Range("moves", request->moves_size(), 0, kMovesMax);
  std::optional<Order> order;
  if (request->has_order()) {
    order::v1::Order proto = request->order();
    proto.set_account_id(request->account_id());
    order = PreviewFromProto(proto, check);
  }
  std::vector<risk::MarketMove> moves;
  for (const risk::v1::MarketMove& move : request->moves()) {
    check.OptionalId("moves.symbol", move.symbol());
    auto ratio = wire::FromProto(move.ratio(), "ratio");
    // A price above zero stays one, and elevenfold is far enough.
    bool sound = ratio.ok() && *ratio > Decimal::FromInt(-1) && *ratio <= Decimal::FromInt(10);
    if (!sound) check.Refuse("moves.ratio", RejectReason::kOutOfRange, "above -1, at most 10 expected");
    if (sound) moves.push_back({.symbol = Symbol(move.symbol()), .ratio = *ratio});
  }
  // What is far above every limit has no sums.
  if (order && order->quantity > Decimal::FromInt(10'000'000))
    check.Refuse("order.quantity", RejectReason::kOutOfRange, "at most 10000000 expected");
  if (order && order->limit_price && *order->limit_price > Decimal::FromInt(10'000'000))
    check.Refuse("order.limit_price", RejectReason::kOutOfRange, "at most 10000000 expected");
  return AskMachine(
      machine_, context, check,
      [response, account = AccountId(request->account_id()), order = std::move(order), moves = std::move(moves)](
          RiskKeeper& keeper) { return keeper.WhatIf(account, order ? &*order : nullptr, moves, response); });
}

}  // namespace ballast
