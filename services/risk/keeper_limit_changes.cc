#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"
#include "services/risk/keeper.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/limits_codec.h"

// The keeper's part about limits that wait for a second person.
namespace ballast {
namespace {

constexpr int kLimitChangesListed = 500;

using ChangeAnswer = absl::StatusOr<risk::v1::LimitChange>;

// Asked again it is the one that was stored.
ChangeAnswer StoreProposal(RiskStore& store, const risk::v1::LimitChange& change) {
  ChangeAnswer before = store.FindLimitChange(change.change_id());
  if (absl::IsNotFound(before.status())) {
    RETURN_IF_ERROR(store.SaveLimitChange(change));
    return change;
  }
  if (!before.ok()) return before;
  bool same = before->proposed_by() == change.proposed_by() && before->reason() == change.reason() &&
              before->limits().SerializeAsString() == change.limits().SerializeAsString() &&
              before->limit_set().SerializeAsString() == change.limit_set().SerializeAsString();
  if (!same) return absl::AlreadyExistsError("the request id was used for another change");
  return before;
}

// What became of a decision, and what holds by it: also when it was not stored to its end.
struct Decided {
  absl::Status status;
  risk::v1::LimitChange change;
  bool told = false;
  std::optional<risk::Limits> limits;
  std::optional<risk::LimitSet> set;
};

absl::Status Carry(RiskStore& store, const std::string& actor, UtcTime now, Decided& decided) {
  const risk::v1::LimitChange& change = decided.change;
  const std::string both = change.proposed_by() + ", approved by " + actor, key = "approved:" + change.change_id();
  if (change.has_limits()) {
    FieldCheck check;
    RiskStore::Update update{.account_id = AccountId(change.limits().account_id()),
                             .limits = LimitsFromProto(change.limits(), check),
                             .reason = change.reason(),
                             .actor = both,
                             .request_id = key};
    if (!check.ok()) return absl::FailedPreconditionError("the change is out of its bounds by now");
    ASSIGN_OR_RETURN(decided.limits, store.SaveLimits(update));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(risk::LimitSet set, StoredLimitSet(change.limit_set()));
  if (set.expire_time && !set.values.empty() && *set.expire_time <= now)
    return absl::FailedPreconditionError("the override would be over by now");
  ASSIGN_OR_RETURN(decided.set,
                   store.SaveLimitSet({.set = set, .reason = change.reason(), .actor = both, .request_id = key}));
  return absl::OkStatus();
}

absl::Status StoreDecision(RiskStore& store, const risk::v1::DecideLimitChangeRequest& request, UtcTime now,
                           Decided& decided) {
  risk::v1::LimitChange& change = decided.change;
  ASSIGN_OR_RETURN(change, store.FindLimitChange(request.change_id()));
  const risk::v1::LimitChangeState state =
      request.approve() ? risk::v1::LIMIT_CHANGE_STATE_APPROVED : risk::v1::LIMIT_CHANGE_STATE_REJECTED;
  if (change.state() != risk::v1::LIMIT_CHANGE_STATE_PENDING) {
    // The same word again.
    if (change.state() == state && change.decided_by() == request.actor()) return absl::OkStatus();
    return absl::FailedPreconditionError(ToAbsl("the change was decided by " + change.decided_by()));
  }
  // Whoever asked for it may take it back.
  if (request.approve() && request.actor() == change.proposed_by())
    return absl::PermissionDeniedError("a second person has to approve what one has asked for");
  // First what it is about: approved again after a failure in between, it is the same change.
  if (request.approve()) RETURN_IF_ERROR(Carry(store, request.actor(), now, decided));
  change.set_state(state);
  change.set_decided_by(request.actor());
  change.set_decision_reason(request.reason());
  wire::ToProto(now, change.mutable_decide_time());
  RETURN_IF_ERROR(store.SaveLimitChange(change));
  decided.told = true;
  return absl::OkStatus();
}

}  // namespace

void RiskKeeper::Propose(risk::v1::LimitChange change, const std::vector<std::string>& raises,
                         const std::string& reason, const std::string& actor,
                         Done<absl::StatusOr<risk::v1::LimitChange>> then) {
  change.set_state(risk::v1::LIMIT_CHANGE_STATE_PENDING);
  for (const std::string& raise : raises) change.add_raises(raise);
  change.set_reason(reason);
  change.set_proposed_by(actor);
  wire::ToProto(clock_.Now(), change.mutable_propose_time());
  Write<ChangeAnswer>([change](RiskStore& store) { return StoreProposal(store, change); },
                      [this, actor, then = std::move(then)](const ChangeAnswer& stored) {
                        if (stored.ok())
                          log_.Info("limits.raise_proposed", {{"change", stored->change_id()}, {"actor", actor}});
                        then(stored);
                      });
}

void RiskKeeper::ListLimitChanges(bool pending_only, risk::v1::ListLimitChangesResponse* response,
                                  Done<absl::Status> done) {
  using Answer = absl::StatusOr<std::vector<risk::v1::LimitChange>>;
  Read<Answer>([=](RiskStore& store) { return store.ListLimitChanges(pending_only, kLimitChangesListed); },
               [response, done = std::move(done)](Answer changes) {
                 if (!changes.ok()) return done(changes.status());
                 for (risk::v1::LimitChange& change : *changes) *response->add_changes() = std::move(change);
                 done(absl::OkStatus());
               });
}

void RiskKeeper::DecideLimitChange(const risk::v1::DecideLimitChangeRequest& request, risk::v1::LimitChange* change,
                                   Done<absl::Status> done) {
  auto decide = [this, request, change](const Done<absl::Status>& end) {
    Write<Decided>(
        [request, now = clock_.Now()](RiskStore& store) {
          Decided decided;
          decided.status = StoreDecision(store, request, now, decided);
          return decided;
        },
        [this, request, change, end](const Decided& decided) {
          if (decided.limits) TakeLimits(AccountId(decided.change.limits().account_id()), *decided.limits);
          if (decided.set) TakeSet(*decided.set);
          if (decided.told) {
            log_.Info("limits.raise_decided", {{"change", decided.change.change_id()},
                                               {"actor", request.actor()},
                                               {"approved", request.approve() ? "true" : "false"}});
          }
          *change = decided.change;
          end(decided.status);
        });
  };
  InLine<absl::Status>(std::move(done), std::move(decide));
}

}  // namespace ballast
