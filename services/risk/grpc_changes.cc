#include "services/risk/grpc_adapter.h"

#include <limits>
#include <utility>

#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/grpc_calls.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/limits_codec.h"

namespace ballast {
namespace {

constexpr std::size_t kReasonMax = 200;
constexpr std::size_t kActorMax = 200;
// A rule's name, a colon and a time in nanoseconds.
constexpr std::size_t kTripNameMax = 80;

}  // namespace

grpc::ServerUnaryReactor* RiskGrpc::UpdateLimits(grpc::CallbackServerContext* context,
                                                 const risk::v1::UpdateLimitsRequest* request,
                                                 risk::v1::UpdateLimitsResponse* response) {
  FieldCheck check;
  check.Id("request_id", request->request_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "changing limits needs a reason");
  if (!request->has_limits()) {
    // All that is in them would be missing too, which says nothing more.
    check.Refuse("limits", RejectReason::kMissingField, "the whole set of limits is expected");
    return RefuseCall(context, check);
  }
  RiskStore::Update update{.account_id = AccountId(request->limits().account_id()),
                           .limits = LimitsFromProto(request->limits(), check),
                           .reason = request->reason(),
                           .actor = request->actor(),
                           .request_id = request->request_id()};
  return ChangeByMachine(machine_, context, check, request->ByteSizeLong(),
                         [response, update = std::move(update)](RiskKeeper& keeper, const CallDone& answered) {
                           keeper.UpdateLimits(update, [response, answered, account = update.account_id.value()](
                                                           absl::StatusOr<RiskKeeper::Changed> saved) {
                             if (saved.ok()) {
                               ToProto(saved->limits, response->mutable_limits());
                               response->mutable_limits()->set_account_id(account);
                               if (saved->pending) *response->mutable_pending() = *std::move(saved->pending);
                             }
                             answered(saved.status());
                           });
                         });
}

grpc::ServerUnaryReactor* RiskGrpc::SetScopedLimits(grpc::CallbackServerContext* context,
                                                    const risk::v1::SetScopedLimitsRequest* request,
                                                    risk::v1::SetScopedLimitsResponse* response) {
  FieldCheck check;
  check.Id("request_id", request->request_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "changing limits needs a reason");
  RiskStore::SetUpdate update{.set = LimitSetFromProto(*request, check),
                              .reason = request->reason(),
                              .actor = request->actor(),
                              .request_id = request->request_id()};
  if (std::string wrong = check.ok() ? WrongIn(update.set) : ""; !wrong.empty())
    check.Refuse("values", RejectReason::kOutOfRange, std::move(wrong));
  return ChangeByMachine(machine_, context, check, request->ByteSizeLong(),
                         [response, update = std::move(update)](RiskKeeper& keeper, const CallDone& answered) {
                           keeper.SetScopedLimits(update, response, answered);
                         });
}

grpc::ServerUnaryReactor* RiskGrpc::ListScopedLimits(grpc::CallbackServerContext* context,
                                                     const risk::v1::ListScopedLimitsRequest* request,
                                                     risk::v1::ListScopedLimitsResponse* response) {
  return ReadByMachine(machine_, context, FieldCheck(),
                       [response, history = request->history()](RiskKeeper& keeper, const CallDone& answered) {
                         keeper.ListScopedLimits(history, response, answered);
                       });
}

grpc::ServerUnaryReactor* RiskGrpc::ListLimitChanges(grpc::CallbackServerContext* context,
                                                     const risk::v1::ListLimitChangesRequest* request,
                                                     risk::v1::ListLimitChangesResponse* response) {
  return ReadByMachine(machine_, context, FieldCheck(),
                       [response, pending = request->pending_only()](RiskKeeper& keeper, const CallDone& answered) {
                         keeper.ListLimitChanges(pending, response, answered);
                       });
}

grpc::ServerUnaryReactor* RiskGrpc::DecideLimitChange(grpc::CallbackServerContext* context,
                                                      const risk::v1::DecideLimitChangeRequest* request,
                                                      risk::v1::DecideLimitChangeResponse* response) {
  FieldCheck check;
  check.Id("request_id", request->request_id()).Id("change_id", request->change_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "a decision needs a reason");
  // Who is nobody is no second person.
  if (request->actor().empty()) check.Refuse("actor", RejectReason::kMissingField, "who decides is expected");
  return ChangeByMachine(machine_, context, check, request->ByteSizeLong(),
                         [response, request = *request](RiskKeeper& keeper, const CallDone& answered) {
                           keeper.DecideLimitChange(request, response->mutable_change(), answered);
                         });
}

grpc::ServerUnaryReactor* RiskGrpc::RearmLossRules(grpc::CallbackServerContext* context,
                                                   const risk::v1::RearmLossRulesRequest* request,
                                                   risk::v1::RearmLossRulesResponse* response) {
  FieldCheck check;
  check.Id("request_id", request->request_id()).Id("account_id", request->account_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "re-arming needs a reason");
  for (const std::string& rule : request->rules()) {
    if (risk::ReadSeenBy(rule)) continue;
    auto name = risk::ReadTripName(rule);
    if (!name || (!name->time && !risk::LossRuleOf(name->rule))) {
      check.Refuse("rules", RejectReason::kBadEnum,
                   "daily_loss, drawdown, or a rule and the time of its trip (drawdown:2026-03-02T14:30:00Z) expected");
    }
  }
  return ChangeByMachine(machine_, context, check, request->ByteSizeLong(),
                         [response, request = *request](RiskKeeper& keeper, const CallDone& answered) {
                           keeper.Rearm(request, response, answered);
                         });
}

grpc::ServerUnaryReactor* RiskGrpc::UpdateBreakerRules(grpc::CallbackServerContext* context,
                                                       const risk::v1::UpdateBreakerRulesRequest* request,
                                                       risk::v1::UpdateBreakerRulesResponse* response) {
  FieldCheck check;
  check.Id("request_id", request->request_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "changing rules needs a reason");
  if (!request->has_rules()) check.Refuse("rules", RejectReason::kMissingField, "the whole set of rules is expected");
  RiskStore::RulesUpdate update{.rules = RulesFromProto(request->rules(), check),
                                .reason = request->reason(),
                                .actor = request->actor(),
                                .request_id = request->request_id()};
  return ChangeByMachine(machine_, context, check, request->ByteSizeLong(),
                         [response, update = std::move(update)](RiskKeeper& keeper, const CallDone& answered) {
                           keeper.UpdateBreakerRules(update,
                                                     [response, answered](const absl::StatusOr<BreakerRuleSet>& saved) {
                                                       if (saved.ok()) ToProto(*saved, response->mutable_rules());
                                                       answered(saved.status());
                                                     });
                         });
}

grpc::ServerUnaryReactor* RiskGrpc::RearmBreakers(grpc::CallbackServerContext* context,
                                                  const risk::v1::RearmBreakersRequest* request,
                                                  risk::v1::RearmBreakersResponse* response) {
  FieldCheck check;
  check.Id("request_id", request->request_id()).OptionalId("account_id", request->account_id());
  check.OptionalId("deployment_id", request->deployment_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kActorMax);
  if (request->reason().empty()) check.Refuse("reason", RejectReason::kMissingField, "re-arming needs a reason");
  for (const std::string& name : request->names()) {
    if (!risk::ReadTripName(name)) {
      check.Refuse("names", RejectReason::kBadIdentifier,
                   "a rule, or a rule and the time of its trip (leverage:2026-03-02T14:30:00Z) expected");
    }
    check.Text("names", name, kTripNameMax);
  }
  return ChangeByMachine(machine_, context, check, request->ByteSizeLong(),
                         [response, request = *request](RiskKeeper& keeper, const CallDone& answered) {
                           keeper.RearmBreakers(request, response, answered);
                         });
}

grpc::ServerUnaryReactor* RiskGrpc::ReportBreaks(grpc::CallbackServerContext* context,
                                                 const risk::v1::ReportBreaksRequest* request,
                                                 risk::v1::ReportBreaksResponse*) {
  FieldCheck check;
  check.Id("account_id", request->account_id()).Range("open_breaks", request->open_breaks(), 0, 1'000'000);
  check.Text("message", request->message(), kReasonMax);
  return ChangeByMachine(
      machine_, context, check, request->ByteSizeLong(),
      [request = *request](RiskKeeper& keeper, const CallDone& answered) { answered(keeper.ReportBreaks(request)); });
}

grpc::ServerUnaryReactor* RiskGrpc::ListLimitsHistory(grpc::CallbackServerContext* context,
                                                      const risk::v1::ListLimitsHistoryRequest* request,
                                                      risk::v1::ListLimitsHistoryResponse* response) {
  FieldCheck check;
  constexpr int kPage = 50, kPageMax = 500;
  std::int64_t before = 0;
  check.Id("account_id", request->account_id()).Range("page_size", request->page_size(), 0, kPageMax);
  check.Token("page_token", request->page_token(), &before);
  if (before > std::numeric_limits<int>::max())
    check.Refuse("page_token", RejectReason::kMalformed, "not a token of this call");
  int count = request->page_size() == 0 ? kPage : request->page_size();
  auto read = [response, account = request->account_id(), before, count](RiskKeeper& keeper, const CallDone& answered) {
    auto tell = [response, account, count, answered](const absl::StatusOr<RiskKeeper::History>& records) {
      if (!records.ok()) return answered(records.status());
      for (const RiskStore::LimitsRecord& record : *records) {
        risk::v1::LimitsVersion& version = *response->add_versions();
        ToProto(record.limits, version.mutable_limits());
        version.mutable_limits()->set_account_id(account);
        version.mutable_limits()->set_updated_by(record.actor);
        wire::ToProto(record.update_time, version.mutable_limits()->mutable_update_time());
        version.set_reason(record.reason);
      }
      if (static_cast<int>(records->size()) == count)
        response->set_next_page_token(std::to_string(records->back().limits.version));
      answered(absl::OkStatus());
    };
    keeper.LimitsHistory(account, static_cast<std::uint64_t>(before), count, std::move(tell));
  };
  return ReadByMachine(machine_, context, check, std::move(read));
}

}  // namespace ballast
