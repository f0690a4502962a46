#pragma once

#include "libs/platform/postgres/database.h"
#include "services/order_management/lease_journal.h"

namespace ballast {

class LeaseStore final : public LeaseJournal {
 public:
  explicit LeaseStore(Database& database) : database_(database) {}

  absl::StatusOr<std::vector<orders::Lease>> Read() override;
  absl::Status Renew(const std::string& owner) override;
  absl::StatusOr<std::uint64_t> Claim(int shard, std::uint64_t epoch, const std::string& owner,
                                      const std::string& address) override;
  absl::Status Want(int shard, const std::string& by) override;
  absl::Status GiveBack(int shard, std::uint64_t epoch) override;
  absl::Status Arrange(int shards, const std::vector<orders::Lease>& seen) override;

 private:
  Database& database_;
};

}  // namespace ballast
