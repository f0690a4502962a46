#include "services/strategy_runner/session_grpc.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "services/strategy_runner/day_end_codec.h"

namespace ballast {
namespace {

namespace session_pb = session::v1;

grpc::Status SessionsBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

}  // namespace

void SessionGrpc::Start() {
  thread_ = std::thread([this] {
    while (!reads_.closed()) {
      for (auto& read : reads_.PopBatch(16, 1'000'000'000)) read();
    }
    for (auto& read : reads_.PopBatch(100, 0)) read();
  });
}

void SessionGrpc::Stop() {
  reads_.Close();
  if (thread_.joinable()) thread_.join();
}

void SessionGrpc::Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read) {
  if (!reads_.TryPush([reactor, read = std::move(read)] { reactor->Finish(ToGrpc(read())); }))
    reactor->Finish(SessionsBusy());
}

grpc::ServerUnaryReactor* SessionGrpc::ListCalendarDays(grpc::CallbackServerContext* context,
                                                        const session_pb::ListCalendarDaysRequest* request,
                                                        session_pb::ListCalendarDaysResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ListDays(*request, response));
  return reactor;
}

grpc::ServerUnaryReactor* SessionGrpc::SetDayEndPolicy(grpc::CallbackServerContext* context,
                                                       const session_pb::SetDayEndPolicyRequest* request,
                                                       session_pb::SetDayEndPolicyResponse* response) {
  constexpr std::size_t kActorBytesMax = 100;
  constexpr int kDeploymentsMax = 200;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  session_pb::DayEndPolicy policy = WithDefaults(request->policy());
  FieldCheck check;
  check.Id("policy.account_id", policy.account_id()).Text("actor", request->actor(), kActorBytesMax);
  if (policy.deployment_liquidate_size() > kDeploymentsMax)
    check.Refuse("policy.deployment_liquidate", RejectReason::kOutOfRange, "at most 200 deployments");
  for (const auto& [deployment, liquidate] : policy.deployment_liquidate())
    check.OptionalId("policy.deployment_liquidate", deployment);
  (void)PolicyFromProto(policy, check.errors());
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  policy.set_actor(request->actor());
  neighbours_.Accounts([this, reactor, response, policy](const absl::StatusOr<order::v1::ListAccountsResponse>& all) {
    if (!all.ok()) return reactor->Finish(ToGrpc(all.status()));
    bool known = false;
    for (const order::v1::Account& account : all->accounts()) known |= account.account_id() == policy.account_id();
    if (!known)
      return reactor->Finish(ToGrpc(absl::NotFoundError(ToAbsl("there is no account " + policy.account_id()))));
    bool queued = runner_.SetDayEndPolicy(
        policy, [reactor, response](const absl::Status& status, const session_pb::DayEndPolicy& kept) {
          if (status.ok()) *response->mutable_policy() = kept;
          reactor->Finish(ToGrpc(status));
        });
    if (!queued) reactor->Finish(SessionsBusy());
  });
  return reactor;
}

grpc::ServerUnaryReactor* SessionGrpc::ListDayEndPolicies(grpc::CallbackServerContext* context,
                                                          const session_pb::ListDayEndPoliciesRequest* request,
                                                          session_pb::ListDayEndPoliciesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.OptionalId("account_id", request->account_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = runner_.ListDayEndPolicies(
      request->account_id(),
      [reactor, response](const absl::Status& status, const std::vector<session_pb::DayEndPolicy>& policies) {
        for (const auto& policy : policies) *response->add_policies() = policy;
        reactor->Finish(ToGrpc(status));
      });
  if (!queued) reactor->Finish(SessionsBusy());
  return reactor;
}

grpc::ServerUnaryReactor* SessionGrpc::ListDayEnds(grpc::CallbackServerContext* context,
                                                   const session_pb::ListDayEndsRequest* request,
                                                   session_pb::ListDayEndsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.OptionalId("account_id", request->account_id())
      .Range("page_size", request->page_size(), 0, DayEndReader::kPageMax);
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Read(reactor, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response, reader_.List(request));
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* SessionGrpc::GetDayEnd(grpc::CallbackServerContext* context,
                                                 const session_pb::GetDayEndRequest* request,
                                                 session_pb::GetDayEndResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("account_id", request->account_id());
  if (!DayFromText(request->date()))
    check.Refuse("date", RejectReason::kOutOfRange, "a day of 2007 to 2099, 2026-11-27, expected");
  if (request->calendar() == session_pb::CALENDAR_UNSPECIFIED)
    check.Refuse("calendar", RejectReason::kBadEnum, "XNYS or ALWAYS_OPEN expected");
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Read(reactor, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(*response->mutable_day_end(), reader_.Get(request));
    return absl::OkStatus();
  });
  return reactor;
}

}  // namespace ballast
