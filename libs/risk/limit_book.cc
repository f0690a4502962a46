#include "libs/risk/limit_book.h"

#include <algorithm>
#include <utility>

namespace ballast::risk {
namespace {

LimitSource SourceOf(const LimitSet& own, const LimitSet& over, const std::string& name) {
  const bool overridden = over.values.contains(name);
  const LimitSet& said = overridden ? over : own;
  return {.scope = said.scope.Name() + (overridden ? ", override" : ""),
          .version = said.version,
          .expire_time = said.expire_time};
}

}  // namespace

std::string LimitScope::Name() const {
  std::string name;
  auto add = [&](const char* what, const std::string& id) {
    if (id.empty()) return;
    name += (name.empty() ? "" : ", ") + std::string(what) + " " + id;
  };
  // The account goes without saying where something narrower is named.
  if (IsAccount()) add("account", account_id.value());
  add("deployment", deployment_id.value());
  add("instrument", symbol.value());
  if (name.empty()) return "firm";
  if (account_id.empty()) name += " of the firm";
  return name;
}

std::string WrongIn(const LimitSet& set) {
  if (!set.scope.deployment_id.empty() && set.scope.account_id.empty()) return "a deployment is one of an account";
  if (set.scope.IsAccount() && !set.expire_time) return "an account's own limits are changed as a whole";
  for (const auto& [name, value] : set.values) {
    if (name == kRestrictedLimit) {
      if (set.scope.symbol.empty()) return "restricted: of an instrument only";
      if (!value.IsZero() && value != Decimal::FromInt(1)) return "restricted: 0 or 1 expected";
      continue;
    }
    const LimitField* field = FindLimitField(name);
    if (field == nullptr) return name + ": no limit has this name";
    if (value.IsNegative() || value > field->maximum) return name + ": 0 to " + field->maximum.ToString() + " expected";
    if (field->whole && !value.IsMultipleOf(Decimal::FromInt(1))) return name + ": a whole number expected";
  }
  return "";
}

void LimitBook::SetAccount(const AccountId& id, Limits limits) {
  accounts_[id] = std::move(limits);
  resolved_.clear();
}

const Limits& LimitBook::Account(const AccountId& id) { return accounts_[id]; }

void LimitBook::Set(LimitSet set) {
  Scoped& scoped = scopes_[set.scope];
  scoped.own.scope = scoped.over.scope = set.scope;
  (set.expire_time ? scoped.over : scoped.own) = std::move(set);
  resolved_.clear();
}

std::vector<LimitSet> LimitBook::sets() const {
  std::vector<LimitSet> all;
  for (const auto& [scope, scoped] : scopes_) {
    for (const LimitSet* set : {&scoped.own, &scoped.over}) {
      if (!set->values.empty()) all.push_back(*set);
    }
  }
  return all;
}

LimitSet LimitBook::Find(const LimitScope& scope, bool is_override) const {
  auto found = scopes_.find(scope);
  if (found == scopes_.end()) return {.scope = scope};
  return is_override ? found->second.over : found->second.own;
}

std::vector<LimitSet> LimitBook::Expire(UtcTime now) {
  std::vector<LimitSet> over;
  // Mostly there is none.
  if (scopes_.empty()) return over;
  for (auto& [scope, scoped] : scopes_) {
    if (scoped.over.values.empty() || *scoped.over.expire_time > now) continue;
    over.push_back(scoped.over);
    // Its version stays known: the next one comes after it.
    scoped.over.values.clear();
  }
  if (!over.empty()) resolved_.clear();
  return over;
}

std::map<std::string, Decimal> LimitBook::SaidBy(const Scoped& scoped) {
  std::map<std::string, Decimal> said = scoped.own.values;
  for (const auto& [name, value] : scoped.over.values) said[name] = value;
  return said;
}

std::vector<std::string> LimitBook::RaisesOf(const LimitSet& set) {
  Scoped before;
  if (auto found = scopes_.find(set.scope); found != scopes_.end()) before = found->second;
  // What an account says without any override.
  if (set.scope.IsAccount()) {
    for (const LimitField& field : LimitFields())
      before.own.values[std::string(field.name)] = field.get(Account(set.scope.account_id));
  }
  Scoped after = before;
  (set.expire_time ? after.over : after.own) = set;
  std::vector<std::string> raised;
  std::map<std::string, Decimal> now = SaidBy(after);
  for (const auto& [name, from] : SaidBy(before)) {
    const LimitField* field = FindLimitField(name);
    auto to = now.find(name);
    bool looser = to == now.end() || (field != nullptr ? field->Tighter(from, to->second) : from > to->second);
    if (looser)
      raised.push_back(name + " " + from.ToString() + " -> " + (to == now.end() ? "none" : to->second.ToString()));
  }
  return raised;
}

LimitBook::Effective LimitBook::Resolve(const Key& key) {
  const auto& [account, deployment, symbol] = key;
  Effective effective{.limits = Account(account)};
  // The account's own first: an override of it may be looser, and everybody else's holds beside it.
  auto take = [&](const Scoped& scoped, bool own_scope) {
    for (const auto& [name, value] : SaidBy(scoped)) {
      if (name == kRestrictedLimit) {
        if (value.IsZero()) continue;
        effective.limits.restricted.insert(symbol);
        effective.sources[name] = SourceOf(scoped.own, scoped.over, name);
        continue;
      }
      const LimitField* field = FindLimitField(name);
      // Of a newer version, which this one knows nothing of.
      if (field == nullptr) continue;
      if (!field->Allows(value)) {
        effective.limits.unusable.insert(name + " (" + SourceOf(scoped.own, scoped.over, name).scope + ")");
        continue;
      }
      if (!own_scope && !field->Tighter(value, field->get(effective.limits))) continue;
      field->set(effective.limits, value);
      effective.sources[name] = SourceOf(scoped.own, scoped.over, name);
    }
  };
  auto of_account = scopes_.find(LimitScope{.account_id = account});
  if (!account.empty() && of_account != scopes_.end()) take(of_account->second, true);
  for (const auto& [scope, scoped] : scopes_) {
    if (!scope.IsAccount() && scope.Holds(account, deployment, symbol)) take(scoped, false);
  }
  return effective;
}

const LimitBook::Effective& LimitBook::For(const AccountId& account, const DeploymentId& deployment,
                                           const Symbol& symbol) {
  constexpr std::size_t kResolvedMax = 10'000;
  // Without any other scope an account's are the same for every order.
  Key key = scopes_.empty() ? Key{account, DeploymentId(), Symbol()} : Key{account, deployment, symbol};
  auto found = resolved_.find(key);
  if (found != resolved_.end()) return found->second;
  if (resolved_.size() >= kResolvedMax) resolved_.clear();
  Effective effective = Resolve(key);
  return resolved_.emplace(std::move(key), std::move(effective)).first->second;
}

void TellLimitScope(const LimitBook::Effective& effective, Rejection* rejection) {
  std::string_view name = rejection->check;
  if (name != kRestrictedLimit) {
    const LimitField* field = LimitFieldOfCheck(rejection->check);
    if (field == nullptr) return;
    name = field->name;
  }
  auto source = effective.sources.find(name);
  if (source == effective.sources.end()) return;
  rejection->limit_scope = source->second.scope;
  rejection->message += "; the limit is of: " + source->second.scope;
}

}  // namespace ballast::risk
