#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/model/order.h"
#include "libs/orders/account.h"
#include "libs/runtime/commit.h"
#include "services/order_management/encoded_events.h"

namespace ballast {

// Events of one or more accounts that become durable together, and what the accounts look like after them.
struct Commit {
  std::vector<OrderEvent> events;
  std::vector<orders::Account::Snapshot> accounts;
  // account id -> broker, for accounts opened by this commit.
  std::vector<std::pair<AccountId, std::string>> opened;
  // Books to start from instead of every fill.
  std::vector<orders::Account::StoredBooks> books;
  // `events` as they are stored and sent; null where nobody has made it yet.
  std::shared_ptr<const EncodedEvents> encoded;
};

// Where the order log is kept: what the writer asks of its storage, and nothing else. Every function blocks; any
// thread. journal_test.cc holds whatever implements it to the same promises.
class Journal {
 public:
  Journal() = default;
  virtual ~Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Takes the writer's place; commits of an older one fail from now on.
  [[nodiscard]] virtual absl::Status Fence() = 0;
  [[nodiscard]] virtual std::uint64_t epoch() const = 0;

  // All of it or nothing.
  //   FAILED_PRECONDITION a newer writer exists: nothing happened
  //   ALREADY_EXISTS      one of the sequences is there already: nothing happened
  //   UNAVAILABLE, ABORTED  nothing happened; may be tried again
  //   UNKNOWN             nobody can say: ask Lookup
  //   INTERNAL            refused for good: nothing happened
  [[nodiscard]] virtual absl::Status Append(const Commit& commit) = 0;
  // What stands at this sequence of the account's log: the read-back after a commit in doubt. An event that is there
  // but is not the very one that was meant came from another writer.
  using Stored = runtime::Stored;
  [[nodiscard]] virtual absl::StatusOr<Stored> Lookup(const AccountId& account_id, std::uint64_t sequence,
                                                      std::string_view encoded) = 0;

  [[nodiscard]] virtual absl::StatusOr<std::vector<orders::Account::Snapshot>> LoadAccounts() = 0;
  // The broker each account was opened at.
  [[nodiscard]] virtual absl::StatusOr<std::map<AccountId, std::string>> LoadBrokers() = 0;
  // Orders that can still change, in the order in which they last did.
  [[nodiscard]] virtual absl::StatusOr<std::vector<Order>> LoadWorkingOrders() = 0;
  // Of every order there ever was: at most `limit` after `after`, in an order of the journal's own.
  [[nodiscard]] virtual absl::StatusOr<std::vector<std::string>> LoadOrderIds(const std::string& after, int limit) = 0;
  // NOT_FOUND when there is none.
  [[nodiscard]] virtual absl::StatusOr<Order> LoadOrder(const OrderId& id) = 0;
  // The newest that were stored; none: of sequence 0.
  [[nodiscard]] virtual absl::StatusOr<orders::Account::StoredBooks> LoadBooks(const AccountId& account_id) = 0;
  // The sequence after which the account's log has `count` fills, or 0 when it has no more than that.
  [[nodiscard]] virtual absl::StatusOr<std::uint64_t> BeforeNewestFills(const AccountId& account_id, int count) = 0;
  // The fills of the account's log after `after`, in order, at most `limit`.
  [[nodiscard]] virtual absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account_id, std::uint64_t after,
                                                                    int limit) = 0;

  // Deployments that orders may name. Idempotent; FAILED_PRECONDITION when a newer writer exists.
  [[nodiscard]] virtual absl::Status SaveDeployment(const AccountId& account_id, const DeploymentId& id) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::set<std::pair<AccountId, DeploymentId>>> LoadDeployments() = 0;

  // At most `limit`, in order, after `after`.
  [[nodiscard]] virtual absl::StatusOr<EncodedEvents> LoadEvents(const AccountId& account_id, std::uint64_t after,
                                                                 int limit) = 0;
};

}  // namespace ballast
