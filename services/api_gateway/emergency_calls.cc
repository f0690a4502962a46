#include "services/api_gateway/emergency_calls.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include <grpcpp/client_context.h>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

// Short: the next try is a fresh one, and whoever pressed sees why nothing comes.
constexpr std::chrono::milliseconds kDeadline(700);
constexpr char kReason[] = "emergency_stop";
// What the neighbours keep of them; more, or a NUL, may not keep a stop from being done.
constexpr std::size_t kToldReasonBytesMax = 200;
constexpr std::size_t kToldActorBytesMax = 140;

template <typename Stub, typename Request, typename Response>
absl::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response* response, std::chrono::milliseconds deadline = kDeadline) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  return FromGrpc((stub.*method)(&context, request, response));
}

// The order managers, each over a channel of its own: one channel to all of them stays with the one it has found for as
// long as its connection stands, and that of one that hangs stands for many seconds. Any thread.
class OrderManagers {
 public:
  using Stub = order::v1::OrderService::Stub;
  explicit OrderManagers(const std::string& address) {
    // "ipv4:host:port,host:port", or one of whatever kind.
    constexpr absl::string_view kScheme = "ipv4:";
    absl::string_view list = address;
    bool several = absl::ConsumePrefix(&list, kScheme);
    for (absl::string_view one : absl::StrSplit(list, ',', absl::SkipEmpty())) {
      stubs_.push_back(order::v1::OrderService::NewStub(MakeChannel((several ? "ipv4:" : "") + std::string(one))));
    }
  }
  // Asks the one that answered last, and in the same time the others if it does not.
  template <typename Request, typename Response>
  absl::Status Ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response* response) {
    absl::Status status = absl::UnavailableError("no order manager is known");
    for (std::size_t tries = 0; tries < stubs_.size(); ++tries) {
      std::size_t asked = first_;
      status = Call(*stubs_[asked], method, request, response, kDeadline / stubs_.size());
      if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
      response->Clear();
      first_.compare_exchange_strong(asked, (asked + 1) % stubs_.size());
    }
    return status;
  }

 private:
  std::vector<std::unique_ptr<Stub>> stubs_;
  std::atomic<std::size_t> first_ = 0;
};

// The broker gateway's own switch: nothing that may open risk passes it any more, whoever else is dead.
absl::StatusOr<std::string> Switch(const Peers& peers, const EmergencyRecord& record, bool engage) {
  broker::v1::SetKillSwitchRequest request;
  request.set_account_id(record.account_id);
  request.set_engaged(engage);
  request.set_reason(Shortened(engage ? record.reason : record.end_reason, kToldReasonBytesMax));
  request.set_actor(Shortened(engage ? record.actor : record.end_actor, kToldActorBytesMax));
  request.set_request_id(record.command_id);
  if (engage) {
    request.set_command_id(record.command_id);
    request.set_cancel_all(record.level >= order::v1::EMERGENCY_LEVEL_CANCEL);
  }
  broker::v1::SetKillSwitchResponse response;
  RETURN_IF_ERROR(Call(*peers.broker.stub, &broker::v1::BrokerService::Stub::SetKillSwitch, request, &response));
  const broker::v1::KillSwitch& now = response.kill_switch();
  if (!engage) return std::string("its kill switch is let go");
  std::string said = "its kill switch is engaged";
  if (request.cancel_all()) said += ", " + std::to_string(now.open_orders()) + " orders open at the venue";
  return said;
}

absl::StatusOr<order::v1::Emergency> Engage(OrderManagers& orders, const EmergencyRecord& record) {
  order::v1::EngageEmergencyRequest request;
  order::v1::EmergencyCommand& command = *request.mutable_command();
  command.set_command_id(record.command_id);
  command.set_account_id(record.account_id);
  command.set_level(static_cast<order::v1::EmergencyLevel>(record.level));
  command.set_reason(Shortened(record.reason, kToldReasonBytesMax));
  command.set_actor(record.actor);
  wire::ToProto(UtcTime{record.press_ns}, command.mutable_press_time());
  order::v1::EngageEmergencyResponse response;
  RETURN_IF_ERROR(orders.Ask(&OrderManagers::Stub::EngageEmergency, request, &response));
  return response.emergency();
}

absl::StatusOr<std::optional<order::v1::Emergency>> Progress(OrderManagers& orders, const std::string& account_id) {
  order::v1::ListEmergenciesRequest request;
  request.set_account_id(account_id);
  order::v1::ListEmergenciesResponse response;
  RETURN_IF_ERROR(orders.Ask(&OrderManagers::Stub::ListEmergencies, request, &response));
  if (response.emergencies().empty()) return std::optional<order::v1::Emergency>();
  return std::optional<order::v1::Emergency>(response.emergencies(0));
}

// Their positions are order management's to close.
absl::StatusOr<std::string> StopDeployments(const Peers& peers, const EmergencyRecord& record) {
  using Stub = strategy::v1::StrategyService::Stub;
  strategy::v1::ListDeploymentsRequest list;
  list.set_account_id(record.account_id);
  strategy::v1::ListDeploymentsResponse deployments;
  RETURN_IF_ERROR(Call(*peers.strategy.stub, &Stub::ListDeployments, list, &deployments));
  int stopped = 0;
  for (const strategy::v1::Deployment& deployment : deployments.deployments()) {
    if (deployment.status() == strategy::v1::DEPLOYMENT_STATUS_STOPPED) continue;
    strategy::v1::StopDeploymentRequest request;
    request.set_deployment_id(deployment.deployment_id());
    request.set_actor(record.actor);
    request.set_reason(kReason);
    strategy::v1::StopDeploymentResponse response;
    RETURN_IF_ERROR(Call(*peers.strategy.stub, &Stub::StopDeployment, request, &response));
    ++stopped;
  }
  return std::to_string(stopped) + " deployments stopped";
}

}  // namespace

EmergencyBoard::Neighbours EmergencyCalls(const Peers& peers) {
  auto orders = std::make_shared<OrderManagers>(peers.orders.address);
  return {.broker = [&peers](const EmergencyRecord& record, bool engage) { return Switch(peers, record, engage); },
          .engage = [orders](const EmergencyRecord& record) { return Engage(*orders, record); },
          .progress = [orders](const std::string& account_id) { return Progress(*orders, account_id); },
          .stop_deployments = [&peers](const EmergencyRecord& record) { return StopDeployments(peers, record); }};
}

}  // namespace ballast
