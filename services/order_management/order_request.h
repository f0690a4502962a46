#pragma once

#include <optional>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "ballast/order/v1/order_service.pb.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/shard_ports.h"

namespace ballast {

// What the calls that ask for orders have in common.

inline constexpr std::size_t kActorMax = 100;

const grpc::Status& Busy();
grpc::ServerUnaryReactor* Finish(grpc::ServerUnaryReactor* reactor, const grpc::Status& status);

// The order of a request; every field that cannot be read or breaks a rule of form is in `errors`.
Order DecodeSubmit(const order::v1::SubmitOrderRequest& request, std::vector<FieldError>& errors);
std::string ActorOf(const std::string& actor);
// Until when the caller waits; none: for ever.
std::optional<UtcTime> DeadlineOf(const grpc::CallbackServerContext& context);

// What risk said, to whichever answer carries it.
template <typename Response>
void AddChecks(const OrderReply& reply, Response* response) {
  for (const RiskCheck& check : reply.checks) wire::ToProto(check, response->add_checks());
  if (reply.encoded_checks.empty()) return;
  order::v1::OrderEvent said;
  if (said.ParseFromString(reply.encoded_checks)) response->mutable_checks()->Swap(said.mutable_checks());
}

}  // namespace ballast
