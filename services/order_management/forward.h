#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>

#include <grpcpp/grpcpp.h>

#include "ballast/order/v1/order_service.grpc.pb.h"

namespace ballast {

// A call that an order manager makes for another one, whose account it is about, carries this; it is not passed on
// again: what has moved meanwhile is asked for anew by the caller.
inline constexpr char kForwardedKey[] = "ballast-forwarded";

inline bool WasForwarded(const grpc::CallbackServerContext& context) {
  return context.client_metadata().contains(kForwardedKey);
}

// The context of a call made for another one's caller: it ends when the caller's does, and within 5 s.
inline std::shared_ptr<grpc::ClientContext> ForwardedContext(std::chrono::system_clock::time_point deadline) {
  auto context = std::make_shared<grpc::ClientContext>();
  context->set_deadline(std::min(deadline, std::chrono::system_clock::now() + std::chrono::seconds(5)));
  context->AddMetadata(kForwardedKey, "1");
  return context;
}

template <typename Request, typename Response>
using OrderCall = void (order::v1::OrderService::StubInterface::async_interface::*)(grpc::ClientContext*,
                                                                                    const Request*, Response*,
                                                                                    std::function<void(grpc::Status)>);

// Between two owners: the same call may be made again.
inline grpc::Status Moving() {
  return {grpc::UNAVAILABLE, "the account is moving to another order manager; try again"};
}

// Passes a call about an account that is not written here on to who writes it (null: nobody at the moment), and the
// answer back. `request` and `response` are the caller's, who waits for `reactor`.
template <typename Request, typename Response>
grpc::ServerUnaryReactor* PassOn(grpc::CallbackServerContext& caller, grpc::ServerUnaryReactor* reactor,
                                 const std::shared_ptr<order::v1::OrderService::Stub>& to,
                                 OrderCall<Request, Response> call, const Request* request, Response* response) {
  if (!to || WasForwarded(caller)) {
    reactor->Finish(Moving());
    return reactor;
  }
  std::shared_ptr<grpc::ClientContext> context = ForwardedContext(caller.deadline());
  (to->async()->*call)(context.get(), request, response,
                       [context, to, reactor](const grpc::Status& status) { reactor->Finish(status); });
  return reactor;
}

}  // namespace ballast
