#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/model/order.h"
#include "libs/orders/account.h"
#include "libs/platform/postgres/database.h"

namespace ballast {

// Events of one or more accounts that become durable together, and what the accounts look like after them.
struct Commit {
  std::vector<OrderEvent> events;
  std::vector<orders::Account::Snapshot> accounts;
  // account id -> broker, for accounts opened by this commit.
  std::vector<std::pair<AccountId, std::string>> opened;
};

// Order management's part of Postgres: the only SQL here. Blocks; never called from a gRPC thread.
class Store {
 public:
  explicit Store(Database& database) : database_(database) {}

  // Takes the writer's place; commits of an older one fail from now on.
  absl::Status Fence();
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  // One transaction, one round trip. UNKNOWN: ask Contains. Codes as Database::FencedWrite.
  absl::Status Append(const Commit& commit);
  // Whether the account's log holds this sequence: the read-back after a commit in doubt.
  absl::StatusOr<bool> Contains(const AccountId& account_id, std::uint64_t sequence);

  absl::StatusOr<std::vector<orders::Account::Snapshot>> LoadAccounts();
  absl::StatusOr<std::vector<Order>> LoadWorkingOrders();
  absl::StatusOr<std::unordered_set<std::string>> LoadOrderIds();
  // NOT_FOUND when there is none.
  absl::StatusOr<Order> LoadOrder(const OrderId& id);
  // At most `limit`, in order, after `after`.
  absl::StatusOr<std::vector<order::v1::OrderEvent>> LoadEvents(const AccountId& account_id, std::uint64_t after,
                                                                int limit);
  absl::StatusOr<std::vector<order::v1::OrderEvent>> LoadOrderEvents(const OrderId& id);
  // NOT_FOUND for an account that is not there.
  absl::StatusOr<order::v1::ListOrdersResponse> ListOrders(const order::v1::ListOrdersRequest& request);
  // Whether ListOrders could have given it.
  static bool IsPageToken(const std::string& token);

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
