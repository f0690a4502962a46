#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"
#include "services/risk/keeper.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/limits_codec.h"

// The keeper's part about limits: whose they are, who may raise them, and until when.
namespace ballast {
namespace {

constexpr int kSetsListed = 500;
constexpr Duration kOverrideMax = Duration::Seconds(30 * 24 * 3'600);

}  // namespace

void RiskKeeper::SetRaisingOnPaper(Raising raising) {
  MutexLock lock(mutex_);
  raising_on_paper_ = raising;
}

const risk::Limits& RiskKeeper::LimitsOf(const AccountId& id, const DeploymentId& deployment) {
  return limits_.For(id, deployment, Symbol()).limits;
}

void RiskKeeper::EndOverrides() {
  for (risk::LimitSet& set : limits_.Expire(clock_.Now())) {
    log_.Info("limits.override_ended", {{"scope", set.scope.Name()}, {"version", std::to_string(set.version)}});
    ended_overrides_.push_back(std::move(set));
  }
}

void RiskKeeper::TellEndedOverrides() {
  std::vector<risk::LimitSet> ended;
  {
    MutexLock lock(mutex_);
    ended = std::exchange(ended_overrides_, {});
    // A limit that is tighter again may be reached already.
    for (auto& [id, exposure] : accounts_) {
      if (!ended.empty() && replayed_.contains(id)) Observe(id, exposure);
    }
  }
  for (std::size_t i = 0; i < ended.size(); ++i) {
    absl::Status told = store_.EndOverride(ended[i]);
    if (told.ok()) continue;
    log_.Warning("risk.override_end_not_stored", {{"error", told.ToString()}});
    MutexLock lock(mutex_);
    ended_overrides_.insert(ended_overrides_.end(), ended.begin() + static_cast<std::ptrdiff_t>(i), ended.end());
    return;
  }
}

// With real money a limit is raised by two. What is of no account is of every one.
bool RiskKeeper::NeedsTwo(const AccountId& account) {
  if (raising_on_paper_ == Raising::kTwoPersons) return true;
  for (const auto& [id, exposure] : accounts_) {
    if ((account.empty() || id == account) && exposure.mode() == AccountMode::kLive) return true;
  }
  return false;
}

void RiskKeeper::TakeLimits(const AccountId& id, const risk::Limits& limits) {
  if (limits.version > limits_.Account(id).version) limits_.SetAccount(id, limits);
  // A lower limit may be reached already; a higher one takes nothing back.
  if (replayed_.contains(id)) Observe(id, accounts_[id]);
}

void RiskKeeper::TakeSet(const risk::LimitSet& set) {
  if (set.version > limits_.Find(set.scope, set.expire_time.has_value()).version) limits_.Set(set);
  for (auto& [id, exposure] : accounts_) {
    bool meant = set.scope.account_id.empty() || set.scope.account_id == id;
    if (meant && replayed_.contains(id)) Observe(id, exposure);
  }
}

absl::StatusOr<risk::Limits> RiskKeeper::GetLimits(const std::string& account) {
  MutexLock lock(mutex_);
  if (!accounts_.contains(AccountId(account))) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  return limits_.Account(AccountId(account));
}

absl::StatusOr<std::vector<RiskStore::LimitsRecord>> RiskKeeper::LimitsHistory(const std::string& account,
                                                                               std::uint64_t before, int count) {
  {
    MutexLock lock(mutex_);
    if (!accounts_.contains(AccountId(account))) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  }
  return store_.ListLimits(AccountId(account), before, count);
}

absl::StatusOr<risk::v1::LimitChange> RiskKeeper::Propose(risk::v1::LimitChange change,
                                                          const std::vector<std::string>& raises,
                                                          const std::string& reason, const std::string& actor) {
  auto before = store_.FindLimitChange(change.change_id());
  if (before.ok()) {
    bool same = before->proposed_by() == actor && before->reason() == reason &&
                before->limits().SerializeAsString() == change.limits().SerializeAsString() &&
                before->limit_set().SerializeAsString() == change.limit_set().SerializeAsString();
    if (!same) return absl::AlreadyExistsError("the request id was used for another change");
    return before;
  }
  if (!absl::IsNotFound(before.status())) return before.status();
  change.set_state(risk::v1::LIMIT_CHANGE_STATE_PENDING);
  for (const std::string& raise : raises) change.add_raises(raise);
  change.set_reason(reason);
  change.set_proposed_by(actor);
  wire::ToProto(clock_.Now(), change.mutable_propose_time());
  RETURN_IF_ERROR(store_.SaveLimitChange(change));
  log_.Info("limits.raise_proposed", {{"change", change.change_id()}, {"actor", actor}});
  return change;
}

absl::StatusOr<RiskKeeper::Changed> RiskKeeper::UpdateLimits(const RiskStore::Update& update) {
  std::vector<std::string> raises;
  {
    MutexLock lock(mutex_);
    if (!accounts_.contains(update.account_id))
      return absl::NotFoundError(ToAbsl("risk knows no account " + update.account_id.value()));
    const risk::Limits& now = limits_.Account(update.account_id);
    if (NeedsTwo(update.account_id)) raises = risk::Raises(now, update.limits);
    if (!raises.empty() && now.version != update.limits.version)
      return absl::AbortedError(ToAbsl("the limits have version " + std::to_string(now.version) + " by now"));
  }
  if (!raises.empty()) {
    risk::v1::LimitChange change;
    change.set_change_id(update.request_id);
    ToProto(update.limits, change.mutable_limits());
    change.mutable_limits()->set_account_id(update.account_id.value());
    ASSIGN_OR_RETURN(change, Propose(std::move(change), raises, update.reason, update.actor));
    MutexLock lock(mutex_);
    return Changed{.limits = limits_.Account(update.account_id), .pending = std::move(change)};
  }
  ASSIGN_OR_RETURN(risk::Limits saved, store_.SaveLimits(update));
  log_.Info(
      "limits.updated",
      {{"account", update.account_id.value()}, {"version", std::to_string(saved.version)}, {"actor", update.actor}});
  MutexLock lock(mutex_);
  TakeLimits(update.account_id, saved);
  return Changed{.limits = limits_.Account(update.account_id)};
}

absl::Status RiskKeeper::SetScopedLimits(const RiskStore::SetUpdate& update,
                                         risk::v1::SetScopedLimitsResponse* response) {
  const risk::LimitSet& set = update.set;
  if (std::string wrong = WrongIn(set); !wrong.empty()) return absl::InvalidArgumentError(ToAbsl(wrong));
  UtcTime now = clock_.Now();
  bool ends = set.values.empty();
  if (set.expire_time && !ends && (*set.expire_time <= now || *set.expire_time > now + kOverrideMax))
    return absl::InvalidArgumentError("expire_time: from now to 30 days from now expected");
  std::vector<std::string> raises;
  {
    MutexLock lock(mutex_);
    EndOverrides();
    const AccountId& account = set.scope.account_id;
    if (!account.empty() && !accounts_.contains(account))
      return absl::NotFoundError(ToAbsl("risk knows no account " + account.value()));
    if (NeedsTwo(account)) raises = limits_.RaisesOf(set);
    std::uint64_t version = limits_.Find(set.scope, set.expire_time.has_value()).version;
    if (!raises.empty() && version != set.version)
      return absl::AbortedError(ToAbsl("these limits have version " + std::to_string(version) + " by now"));
  }
  if (!raises.empty()) {
    risk::v1::LimitChange change;
    change.set_change_id(update.request_id);
    ToProto(set, change.mutable_limit_set());
    ASSIGN_OR_RETURN(change, Propose(std::move(change), raises, update.reason, update.actor));
    *response->mutable_pending() = std::move(change);
  } else {
    ASSIGN_OR_RETURN(risk::LimitSet saved, store_.SaveLimitSet(update));
    log_.Info("limits.scope_updated",
              {{"scope", saved.scope.Name()}, {"version", std::to_string(saved.version)}, {"actor", update.actor}});
    MutexLock lock(mutex_);
    TakeSet(saved);
  }
  MutexLock lock(mutex_);
  ToProto(limits_.Find(set.scope, set.expire_time.has_value()), response->mutable_limits());
  return absl::OkStatus();
}

absl::Status RiskKeeper::ListScopedLimits(bool history, risk::v1::ListScopedLimitsResponse* response) {
  ASSIGN_OR_RETURN(std::vector<risk::v1::LimitSet> sets, store_.ListLimitSets(kSetsListed));
  MutexLock lock(mutex_);
  EndOverrides();
  for (risk::v1::LimitSet& set : sets) {
    auto read = StoredLimitSet(set);
    // Of those that hold: the newest of its scope, and not over.
    bool holds =
        read.ok() && !read->values.empty() && limits_.Find(read->scope, read->expire_time.has_value()) == *read;
    if (history || holds) *response->add_limits() = std::move(set);
  }
  return absl::OkStatus();
}

absl::Status RiskKeeper::ListLimitChanges(bool pending_only, risk::v1::ListLimitChangesResponse* response) {
  ASSIGN_OR_RETURN(std::vector<risk::v1::LimitChange> changes, store_.ListLimitChanges(pending_only, kSetsListed));
  for (risk::v1::LimitChange& change : changes) *response->add_changes() = std::move(change);
  return absl::OkStatus();
}

absl::Status RiskKeeper::Carry(const risk::v1::LimitChange& change, const std::string& actor) {
  const std::string both = change.proposed_by() + ", approved by " + actor, key = "approved:" + change.change_id();
  if (change.has_limits()) {
    FieldCheck check;
    RiskStore::Update update{.account_id = AccountId(change.limits().account_id()),
                             .limits = LimitsFromProto(change.limits(), check),
                             .reason = change.reason(),
                             .actor = both,
                             .request_id = key};
    if (!check.ok()) return absl::FailedPreconditionError("the change is out of its bounds by now");
    ASSIGN_OR_RETURN(risk::Limits saved, store_.SaveLimits(update));
    MutexLock lock(mutex_);
    TakeLimits(update.account_id, saved);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(risk::LimitSet set, StoredLimitSet(change.limit_set()));
  if (set.expire_time && !set.values.empty() && *set.expire_time <= clock_.Now())
    return absl::FailedPreconditionError("the override would be over by now");
  ASSIGN_OR_RETURN(risk::LimitSet saved,
                   store_.SaveLimitSet({.set = set, .reason = change.reason(), .actor = both, .request_id = key}));
  MutexLock lock(mutex_);
  TakeSet(saved);
  return absl::OkStatus();
}

absl::Status RiskKeeper::DecideLimitChange(const risk::v1::DecideLimitChangeRequest& request,
                                           risk::v1::LimitChange* change) {
  ASSIGN_OR_RETURN(*change, store_.FindLimitChange(request.change_id()));
  const risk::v1::LimitChangeState decided =
      request.approve() ? risk::v1::LIMIT_CHANGE_STATE_APPROVED : risk::v1::LIMIT_CHANGE_STATE_REJECTED;
  if (change->state() != risk::v1::LIMIT_CHANGE_STATE_PENDING) {
    // The same word again.
    if (change->state() == decided && change->decided_by() == request.actor()) return absl::OkStatus();
    return absl::FailedPreconditionError(ToAbsl("the change was decided by " + change->decided_by()));
  }
  // Whoever asked for it may take it back.
  if (request.approve() && request.actor() == change->proposed_by())
    return absl::PermissionDeniedError("a second person has to approve what one has asked for");
  // First what it is about: approved again after a failure in between, it is the same change.
  if (request.approve()) RETURN_IF_ERROR(Carry(*change, request.actor()));
  change->set_state(decided);
  change->set_decided_by(request.actor());
  change->set_decision_reason(request.reason());
  wire::ToProto(clock_.Now(), change->mutable_decide_time());
  RETURN_IF_ERROR(store_.SaveLimitChange(*change));
  log_.Info("limits.raise_decided", {{"change", change->change_id()},
                                     {"actor", request.actor()},
                                     {"approved", request.approve() ? "true" : "false"}});
  return absl::OkStatus();
}

absl::Status RiskKeeper::EffectiveLimits(const risk::v1::GetEffectiveLimitsRequest& request,
                                         risk::v1::GetEffectiveLimitsResponse* response) {
  MutexLock lock(mutex_);
  AccountId account(request.account_id());
  if (!accounts_.contains(account)) return absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id()));
  EndOverrides();
  Symbol symbol(request.symbol());
  DescribeEffective(account, symbol, limits_.For(account, DeploymentId(request.deployment_id()), symbol), response);
  return absl::OkStatus();
}

}  // namespace ballast
