#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/model/rejection.h"
#include "libs/risk/limit_field.h"
#include "libs/risk/limits.h"

namespace ballast::risk {

// Whose orders a set of limits is about: those that fit all that is said. Nothing said: the firm's.
struct LimitScope {
  AccountId account_id;
  DeploymentId deployment_id;
  Symbol symbol;

  [[nodiscard]] bool Holds(const AccountId& account, const DeploymentId& deployment, const Symbol& order_symbol) const {
    return (account_id.empty() || account_id == account) && (deployment_id.empty() || deployment_id == deployment) &&
           (symbol.empty() || symbol == order_symbol);
  }
  // An account as a whole: its own limits are a whole set, and only an override can be beside them.
  [[nodiscard]] bool IsAccount() const { return !account_id.empty() && deployment_id.empty() && symbol.empty(); }
  // "firm", "account x", "deployment x", "instrument x", and of several "deployment x, instrument y".
  [[nodiscard]] std::string Name() const;

  friend auto operator<=>(const LimitScope&, const LimitScope&) = default;
};

// Only reductions are taken where it is 1.
inline constexpr std::string_view kRestrictedLimit = "restricted";

struct LimitSet {
  LimitScope scope;
  // Of the scope's sets, or of its overrides. 0: there was none yet.
  std::uint64_t version = 0;
  // By the names of LimitFields() and kRestrictedLimit.
  std::map<std::string, Decimal> values;
  // An override until then, wall time. Nothing: it holds until it is changed.
  std::optional<UtcTime> expire_time;

  friend bool operator==(const LimitSet&, const LimitSet&) = default;
};

// Why the set cannot be: a name nobody knows, a value out of its bounds. Empty: it can.
std::string WrongIn(const LimitSet& set);

// Where a limit comes from that is not the account's own.
struct LimitSource {
  std::string scope;
  std::uint64_t version = 0;
  std::optional<UtcTime> expire_time;
};

// The limits of the accounts, and beside them those of the firm, of deployments and of instruments: the tightest holds.
// An override stands in the place of what its own scope says, tighter or not, until its time is over; a wider or
// narrower scope holds beside it as before.
class LimitBook {
 public:
  struct Effective {
    Limits limits;
    // By name; what is not in it is the account's own.
    std::map<std::string, LimitSource, std::less<>> sources;
  };

  void SetAccount(const AccountId& id, Limits limits);
  // The account's own; the defaults when nobody has changed them.
  const Limits& Account(const AccountId& id);
  // In the place of the set, or the override, that its scope has.
  void Set(LimitSet set);
  [[nodiscard]] std::vector<LimitSet> sets() const;
  // The scope's set, or its override; an empty one of version 0 when it has none.
  [[nodiscard]] LimitSet Find(const LimitScope& scope, bool is_override) const;
  // Forgets overrides that are over, and answers them.
  std::vector<LimitSet> Expire(UtcTime now);
  // What `set` would make looser in its own scope, each as "name before -> after".
  std::vector<std::string> RaisesOf(const LimitSet& set);

  // What holds for an order. Valid until the book changes.
  const Effective& For(const AccountId& account, const DeploymentId& deployment, const Symbol& symbol);

 private:
  struct Scoped {
    LimitSet own;
    LimitSet over;
  };
  using Key = std::tuple<AccountId, DeploymentId, Symbol>;
  // What the scope says of each limit, overrides in their place.
  [[nodiscard]] static std::map<std::string, Decimal> SaidBy(const Scoped& scoped);
  [[nodiscard]] Effective Resolve(const Key& key);

  std::map<AccountId, Limits> accounts_;
  std::map<LimitScope, Scoped> scopes_;
  std::map<Key, Effective> resolved_;
};

// Names whose limit it was, in the rejection and in its sentence.
void TellLimitScope(const LimitBook::Effective& effective, Rejection* rejection);

}  // namespace ballast::risk
