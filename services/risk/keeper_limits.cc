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

void RiskKeeper::SetRaisingOnPaper(Raising raising) { raising_on_paper_ = raising; }

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
  if (ended_overrides_.empty() || telling_ended_) return;
  // A limit that is tighter again may be reached already.
  for (auto& [id, exposure] : accounts_) {
    if (replayed_.contains(id)) Observe(id, exposure);
  }
  telling_ended_ = true;
  struct Told {
    std::size_t count = 0;
    absl::Status status;
  };
  line_.AddFirst([this] {
    Write<Told>(
        [ended = ended_overrides_](RiskStore& store) {
          Told told;
          while (told.count < ended.size() && told.status.ok()) {
            told.status = store.EndOverride(ended[told.count]);
            if (told.status.ok()) ++told.count;
          }
          return told;
        },
        [this](const Told& told) {
          // Those that have ended meanwhile stand behind these.
          ended_overrides_.erase(ended_overrides_.begin(),
                                 ended_overrides_.begin() + static_cast<std::ptrdiff_t>(told.count));
          if (!told.status.ok()) log_.Warning("risk.override_end_not_stored", {{"error", told.status.ToString()}});
          telling_ended_ = false;
          line_.Finish();
        });
  });
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
  if (!accounts_.contains(AccountId(account))) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  return limits_.Account(AccountId(account));
}

void RiskKeeper::LimitsHistory(const std::string& account, std::uint64_t before, int count,
                               Done<absl::StatusOr<History>> done) {
  if (!accounts_.contains(AccountId(account)))
    return done(absl::NotFoundError(ToAbsl("risk knows no account " + account)));
  Read<absl::StatusOr<History>>([=](RiskStore& store) { return store.ListLimits(AccountId(account), before, count); },
                                std::move(done));
}

void RiskKeeper::UpdateLimits(const RiskStore::Update& update, Done<absl::StatusOr<Changed>> done) {
  auto change = [this, update](const Done<absl::StatusOr<Changed>>& end) {
    if (!accounts_.contains(update.account_id))
      return end(absl::NotFoundError(ToAbsl("risk knows no account " + update.account_id.value())));
    const risk::Limits& now = limits_.Account(update.account_id);
    std::vector<std::string> raises;
    if (NeedsTwo(update.account_id)) raises = risk::Raises(now, update.limits);
    if (!raises.empty() && now.version != update.limits.version)
      return end(absl::AbortedError(ToAbsl("the limits have version " + std::to_string(now.version) + " by now")));
    if (raises.empty()) return StoreLimits(update, end);
    risk::v1::LimitChange proposed;
    proposed.set_change_id(update.request_id);
    ToProto(update.limits, proposed.mutable_limits());
    proposed.mutable_limits()->set_account_id(update.account_id.value());
    Propose(std::move(proposed), raises, update.reason, update.actor,
            [this, id = update.account_id, end](absl::StatusOr<risk::v1::LimitChange> pending) {
              if (!pending.ok()) return end(pending.status());
              end(Changed{.limits = limits_.Account(id), .pending = *std::move(pending)});
            });
  };
  InLine<absl::StatusOr<Changed>>(std::move(done), std::move(change));
}

void RiskKeeper::StoreLimits(const RiskStore::Update& update, const Done<absl::StatusOr<Changed>>& end) {
  using Answer = absl::StatusOr<risk::Limits>;
  Write<Answer>([update](RiskStore& store) { return store.SaveLimits(update); },
                [this, update, end](const Answer& saved) {
                  if (!saved.ok()) return end(saved.status());
                  log_.Info("limits.updated", {{"account", update.account_id.value()},
                                               {"version", std::to_string(saved->version)},
                                               {"actor", update.actor}});
                  TakeLimits(update.account_id, *saved);
                  end(Changed{.limits = limits_.Account(update.account_id)});
                });
}

void RiskKeeper::SetScopedLimits(const RiskStore::SetUpdate& update, risk::v1::SetScopedLimitsResponse* response,
                                 Done<absl::Status> done) {
  if (std::string wrong = WrongIn(update.set); !wrong.empty()) return done(absl::InvalidArgumentError(ToAbsl(wrong)));
  auto change = [this, update, response](const Done<absl::Status>& end) {
    const risk::LimitSet& set = update.set;
    UtcTime now = clock_.Now();
    if (set.expire_time && !set.values.empty() && (*set.expire_time <= now || *set.expire_time > now + kOverrideMax))
      return end(absl::InvalidArgumentError("expire_time: from now to 30 days from now expected"));
    EndOverrides();
    const AccountId& account = set.scope.account_id;
    if (!account.empty() && !accounts_.contains(account))
      return end(absl::NotFoundError(ToAbsl("risk knows no account " + account.value())));
    std::vector<std::string> raises;
    if (NeedsTwo(account)) raises = limits_.RaisesOf(set);
    std::uint64_t version = limits_.Find(set.scope, set.expire_time.has_value()).version;
    if (!raises.empty() && version != set.version)
      return end(absl::AbortedError(ToAbsl("these limits have version " + std::to_string(version) + " by now")));
    auto finish = [this, set, response, end](const absl::Status& status) {
      if (status.ok()) ToProto(limits_.Find(set.scope, set.expire_time.has_value()), response->mutable_limits());
      end(status);
    };
    if (raises.empty()) return StoreSet(update, finish);
    risk::v1::LimitChange proposed;
    proposed.set_change_id(update.request_id);
    ToProto(set, proposed.mutable_limit_set());
    Propose(std::move(proposed), raises, update.reason, update.actor,
            [response, finish](absl::StatusOr<risk::v1::LimitChange> pending) {
              if (pending.ok()) *response->mutable_pending() = *std::move(pending);
              finish(pending.status());
            });
  };
  InLine<absl::Status>(std::move(done), std::move(change));
}

void RiskKeeper::StoreSet(const RiskStore::SetUpdate& update, const Done<absl::Status>& end) {
  using Answer = absl::StatusOr<risk::LimitSet>;
  Write<Answer>([update](RiskStore& store) { return store.SaveLimitSet(update); },
                [this, actor = update.actor, end](const Answer& saved) {
                  if (!saved.ok()) return end(saved.status());
                  log_.Info(
                      "limits.scope_updated",
                      {{"scope", saved->scope.Name()}, {"version", std::to_string(saved->version)}, {"actor", actor}});
                  TakeSet(*saved);
                  end(absl::OkStatus());
                });
}

void RiskKeeper::ListScopedLimits(bool history, risk::v1::ListScopedLimitsResponse* response, Done<absl::Status> done) {
  using Answer = absl::StatusOr<std::vector<risk::v1::LimitSet>>;
  Read<Answer>([](RiskStore& store) { return store.ListLimitSets(kSetsListed); },
               [this, history, response, done = std::move(done)](Answer sets) {
                 if (!sets.ok()) return done(sets.status());
                 EndOverrides();
                 for (risk::v1::LimitSet& set : *sets) {
                   auto read = StoredLimitSet(set);
                   // Of those that hold: the newest of its scope, and not over.
                   bool holds = read.ok() && !read->values.empty() &&
                                limits_.Find(read->scope, read->expire_time.has_value()) == *read;
                   if (history || holds) *response->add_limits() = std::move(set);
                 }
                 done(absl::OkStatus());
               });
}

absl::Status RiskKeeper::EffectiveLimits(const risk::v1::GetEffectiveLimitsRequest& request,
                                         risk::v1::GetEffectiveLimitsResponse* response) {
  AccountId account(request.account_id());
  if (!accounts_.contains(account)) return absl::NotFoundError(ToAbsl("risk knows no account " + request.account_id()));
  EndOverrides();
  Symbol symbol(request.symbol());
  DescribeEffective(account, symbol, limits_.For(account, DeploymentId(request.deployment_id()), symbol), response);
  return absl::OkStatus();
}

}  // namespace ballast
