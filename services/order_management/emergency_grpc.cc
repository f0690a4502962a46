// The emergency calls of OrderGrpc.
#include <optional>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/order_management/emergency_desk.h"
#include "services/order_management/forward.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/shard_host.h"

namespace ballast {
namespace {

// Leaves room for what is appended to it in the ids of its orders.
constexpr std::size_t kCommandIdMax = 40;
constexpr std::size_t kCommandReasonMax = 200;
constexpr std::size_t kEmergencyActorMax = 100;

void Encode(const EmergencyView& view, order::v1::Emergency* out) {
  const orders::Emergency& emergency = view.emergency;
  order::v1::EmergencyCommand* command = out->mutable_command();
  command->set_command_id(emergency.command_id);
  command->set_account_id(emergency.account_id.value());
  command->set_level(static_cast<order::v1::EmergencyLevel>(emergency.level));
  command->set_reason(emergency.reason);
  command->set_actor(emergency.actor);
  wire::ToProto(emergency.press_time, command->mutable_press_time());
  out->set_phase(static_cast<order::v1::EmergencyPhase>(emergency.phase));
  out->set_halted(view.halted);
  out->set_orders_found(emergency.orders_found);
  out->set_orders_open(view.orders_open);
  out->set_closes_sent(emergency.closes_sent);
  for (const auto& [symbol, quantity] : view.positions) {
    order::v1::EmergencyPosition* position = out->add_positions();
    position->set_symbol(symbol.value());
    wire::ToProto(quantity, position->mutable_quantity());
  }
  out->set_waits_for(view.waits_for);
  auto time = [](UtcTime from, google::protobuf::Timestamp* (order::v1::Emergency::*to)(), order::v1::Emergency* in) {
    if (from.nanos != 0) wire::ToProto(from, (in->*to)());
  };
  time(emergency.take_time, &order::v1::Emergency::mutable_take_time, out);
  time(emergency.done_time, &order::v1::Emergency::mutable_done_time, out);
  time(emergency.end_time, &order::v1::Emergency::mutable_end_time, out);
  out->set_end_reason(emergency.end_reason);
  out->set_end_actor(emergency.end_actor);
}

using Calls = order::v1::OrderService::StubInterface::async_interface;

// Answers of several order managers to one question. An answer that lacks somebody's part would look whole: it is
// refused.
class Gathering {
 public:
  explicit Gathering(std::size_t answers) : missing_(answers) {}
  // After the last one: what came of it all.
  std::optional<grpc::Status> Add(const grpc::Status& status, const order::v1::ListEmergenciesResponse& answer,
                                  order::v1::ListEmergenciesResponse* all) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!status.ok()) problem_ = status;
    all->MergeFrom(answer);
    return --missing_ == 0 ? std::optional(problem_) : std::nullopt;
  }

 private:
  Mutex mutex_;
  std::size_t missing_ GUARDED_BY(mutex_);
  grpc::Status problem_ GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerUnaryReactor* OrderGrpc::EngageEmergency(grpc::CallbackServerContext* context,
                                                     const order::v1::EngageEmergencyRequest* request,
                                                     order::v1::EngageEmergencyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const order::v1::EmergencyCommand& command = request->command();
  orders::EmergencyLevel level = orders::LevelOfCommand(command.command_id());
  FieldCheck check;
  check.Id("command.command_id", command.command_id()).Id("command.account_id", command.account_id());
  check.Text("command.command_id", command.command_id(), kCommandIdMax);
  if (level == orders::EmergencyLevel::kUnspecified || static_cast<int>(level) != static_cast<int>(command.level())) {
    check.Refuse("command.level", RejectReason::kBadEnum, "the command's id has to name its level");
  }
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  ShardRoster::Seat seat = roster_.Of(AccountId(command.account_id()));
  if (!seat.host) return PassOn(*context, reactor, seat.other, &Calls::EngageEmergency, request, response);
  seat.host->desk().Engage(
      {.command_id = command.command_id(),
       .account_id = AccountId(command.account_id()),
       .level = level,
       .reason = Shortened(command.reason(), kCommandReasonMax),
       .actor = command.actor().empty() ? "user:unknown" : Shortened(command.actor(), kEmergencyActorMax),
       .press_time = wire::FromProto(command.press_time())},
      [reactor, response](const absl::StatusOr<EmergencyView>& view) {
        if (view.ok()) Encode(*view, response->mutable_emergency());
        reactor->Finish(ToGrpc(view.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* OrderGrpc::ListEmergencies(grpc::CallbackServerContext* context,
                                                     const order::v1::ListEmergenciesRequest* request,
                                                     order::v1::ListEmergenciesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.OptionalId("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  std::optional<ShardRoster::Seat> seat;
  if (!request->account_id().empty()) seat = roster_.Of(AccountId(request->account_id()));
  // Of one account its writer alone is asked: the answer does not wait for order managers it has nothing to do with.
  if (seat && !seat->host) return PassOn(*context, reactor, seat->other, &Calls::ListEmergencies, request, response);
  for (const std::shared_ptr<ShardHost>& host : roster_.Hosts()) {
    for (const EmergencyView& view : host->desk().List()) {
      bool meant = !seat || view.emergency.account_id.value() == request->account_id();
      if (meant) Encode(view, response->add_emergencies());
    }
  }
  if (seat) {
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  std::vector<std::shared_ptr<ShardRoster::Stub>> others = roster_.Others();
  if (others.empty() || WasForwarded(*context)) {
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  auto gathering = std::make_shared<Gathering>(others.size());
  for (const std::shared_ptr<ShardRoster::Stub>& other : others) {
    auto answer = std::make_shared<order::v1::ListEmergenciesResponse>();
    std::shared_ptr<grpc::ClientContext> call = ForwardedContext(context->deadline());
    other->async()->ListEmergencies(call.get(), request, answer.get(),
                                    [call, other, answer, gathering, response, reactor](const grpc::Status& status) {
                                      if (auto all = gathering->Add(status, *answer, response)) reactor->Finish(*all);
                                    });
  }
  return reactor;
}

}  // namespace ballast
