#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/orders/statistics.h"
#include "libs/platform/postgres/database.h"
#include "services/order_management/journal.h"
#include "services/order_management/order_index.h"
#include "services/order_management/shard_place.h"

namespace ballast {

// Order management's part of Postgres: the only SQL here. Blocks; never called from a gRPC thread.
class Store final : public Journal {
 public:
  explicit Store(Database& database, ShardPlace place = {}) : database_(database), place_(std::move(place)) {}

  absl::Status Fence() override;
  [[nodiscard]] std::uint64_t epoch() const override { return place_.epoch; }
  // One transaction, one round trip. One thread.
  absl::Status Append(const Commit& commit) override;
  absl::StatusOr<Stored> Lookup(const AccountId& account_id, std::uint64_t sequence, std::string_view encoded) override;
  absl::StatusOr<std::vector<orders::Account::Snapshot>> LoadAccounts() override;
  absl::StatusOr<std::map<AccountId, std::string>> LoadBrokers() override;
  absl::StatusOr<std::vector<Order>> LoadWorkingOrders() override;
  absl::StatusOr<std::vector<std::string>> LoadOrderIds(const std::string& after, int limit) override;
  absl::StatusOr<Order> LoadOrder(const OrderId& id) override;
  absl::StatusOr<orders::Account::StoredBooks> LoadBooks(const AccountId& account_id) override;
  absl::StatusOr<std::uint64_t> BeforeNewestFills(const AccountId& account_id, int count) override;
  absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& account_id, std::uint64_t after, int limit) override;
  absl::Status SaveDeployment(const AccountId& account_id, const DeploymentId& id) override;
  absl::StatusOr<std::set<std::pair<AccountId, DeploymentId>>> LoadDeployments() override;
  absl::StatusOr<EncodedEvents> LoadEvents(const AccountId& account_id, std::uint64_t after, int limit) override;

  // What is only read for others.
  absl::StatusOr<std::vector<order::v1::OrderEvent>> LoadOrderEvents(const OrderId& id);
  // NOT_FOUND for an account that is not there.
  absl::StatusOr<order::v1::ListOrdersResponse> ListOrders(const order::v1::ListOrdersRequest& request);
  // Whether ListOrders could have given it.
  static bool IsPageToken(const std::string& token);
  // What became of the newest orders made since `since_nanos`, newest first, at most `limit`.
  absl::StatusOr<std::vector<orders::OrderCourse>> LoadCourses(const order::v1::GetOrderStatisticsRequest& request,
                                                               std::int64_t since_nanos, int limit);

 private:
  // Orders' rows are made many commits later; whoever reads them has them made first of what the log has by then. Any
  // thread, of any account: it is the log that says what they are. DATA_LOSS where it cannot be read.
  absl::Status MakeRows(const std::function<bool(const AccountId&)>& wanted = {});
  absl::Status MakeRowsOf(const std::string& account_id);

  Database& database_;
  ShardPlace place_;
  // Who appends only: events that are durable and whose orders' rows are still to be made.
  OrderIndex unmade_;
  // Some are not among them: how a commit ended was not known here.
  bool unmade_incomplete_ = false;
};

}  // namespace ballast
