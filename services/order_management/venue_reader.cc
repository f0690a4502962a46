#include "services/order_management/venue_reader.h"

#include <chrono>
#include <memory>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::chrono::milliseconds kDeadline(1'000);

// One call and what it needs until it is answered.
template <typename Request, typename Response>
struct Call {
  Call() { context.set_deadline(std::chrono::system_clock::now() + kDeadline); }
  grpc::ClientContext context;
  Request request;
  Response response;
};

absl::StatusOr<orders::VenueView> Decode(const broker::v1::ListOpenOrdersResponse& open,
                                         const broker::v1::GetBrokerAccountResponse& account) {
  orders::VenueView view{.execution_sequence = account.execution_sequence()};
  for (const order::v1::Order& order : open.orders()) {
    // One that is left to whoever made it is nobody's to end here.
    if (order.external().handling() != order::v1::EXTERNAL_HANDLING_IGNORE) ++view.open_orders;
  }
  for (const broker::v1::BrokerPosition& position : account.positions()) {
    ASSIGN_OR_RETURN(Decimal quantity, wire::FromProto(position.quantity(), "quantity"));
    if (!quantity.IsZero()) view.positions[Symbol(position.symbol())] = quantity;
  }
  return view;
}

std::vector<HeldSwitch> Decode(const broker::v1::GetKillSwitchResponse& response) {
  std::vector<HeldSwitch> held;
  for (const broker::v1::KillSwitch& each : response.kill_switches()) {
    if (!each.engaged()) continue;
    held.push_back({.account_id = AccountId(each.account_id()),
                    .command_id = each.command_id(),
                    .reason = each.reason(),
                    .actor = each.actor(),
                    .engage_time = wire::FromProto(each.engage_time())});
  }
  return held;
}

}  // namespace

bool VenueReader::Enter() {
  MutexLock lock(mutex_);
  if (stopped_) return false;
  ++under_way_;
  return true;
}

void VenueReader::Leave() {
  MutexLock lock(mutex_);
  if (--under_way_ == 0) none_.NotifyAll();
}

void VenueReader::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  while (under_way_ > 0) none_.Wait(mutex_);
}

void VenueReader::Look(const AccountId& account_id, std::function<void(absl::StatusOr<orders::VenueView>)> done) {
  if (!Enter()) return done(absl::UnavailableError("order management is stopping"));
  auto answer = [this, done = std::move(done)](absl::StatusOr<orders::VenueView> view) {
    done(std::move(view));
    Leave();
  };
  auto orders = std::make_shared<Call<broker::v1::ListOpenOrdersRequest, broker::v1::ListOpenOrdersResponse>>();
  orders->request.set_account_id(account_id.value());
  stub_.async()->ListOpenOrders(
      &orders->context, &orders->request, &orders->response,
      [this, orders, account_id, answer = std::move(answer)](const grpc::Status& listed) {
        if (!listed.ok()) return answer(FromGrpc(listed));
        auto account =
            std::make_shared<Call<broker::v1::GetBrokerAccountRequest, broker::v1::GetBrokerAccountResponse>>();
        account->request.set_account_id(account_id.value());
        stub_.async()->GetBrokerAccount(&account->context, &account->request, &account->response,
                                        [orders, account, answer](const grpc::Status& status) {
                                          if (!status.ok()) return answer(FromGrpc(status));
                                          answer(Decode(orders->response, account->response));
                                        });
      });
}

void VenueReader::Switches(std::function<void(absl::StatusOr<std::vector<HeldSwitch>>)> done) {
  if (!Enter()) return done(absl::UnavailableError("order management is stopping"));
  auto call = std::make_shared<Call<broker::v1::GetKillSwitchRequest, broker::v1::GetKillSwitchResponse>>();
  stub_.async()->GetKillSwitch(&call->context, &call->request, &call->response,
                               [this, call, done = std::move(done)](const grpc::Status& status) {
                                 if (status.ok())
                                   done(Decode(call->response));
                                 else
                                   done(FromGrpc(status));
                                 Leave();
                               });
}

}  // namespace ballast
