#include "services/order_management/lease_store.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "services/order_management/shard_place.h"

namespace ballast {
namespace {

std::vector<orders::Lease> Select(pqxx::transaction_base& work, const char* lock) {
  std::vector<orders::Lease> leases;
  for (const pqxx::row& row : work.exec(
           std::string("SELECT shard, owner, address, epoch, renewals, wanted_by FROM shard_lease ORDER BY shard ") +
           lock)) {
    leases.push_back({.shard = row[0].as<int>(),
                      .owner = row[1].as<std::string>(),
                      .address = row[2].as<std::string>(),
                      .epoch = row[3].as<std::uint64_t>(),
                      .renewals = row[4].as<std::uint64_t>(),
                      .wanted_by = row[5].as<std::string>()});
  }
  return leases;
}

std::uint64_t Newest(const std::vector<orders::Lease>& leases) {
  std::uint64_t epoch = 0;
  for (const orders::Lease& lease : leases) epoch = std::max(epoch, lease.epoch);
  return epoch;
}

// The writer of that key can store nothing any more; waits for a commit of it that is under way.
void FenceFormer(pqxx::transaction_base& work, int shard, std::uint64_t epoch) {
  work.exec_params("INSERT INTO writer_epoch VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch",
                   ShardKey(shard), epoch);
}

}  // namespace

absl::StatusOr<std::vector<orders::Lease>> LeaseStore::Read() {
  std::vector<orders::Lease> leases;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    leases = Select(work, "");
    return absl::OkStatus();
  }));
  return leases;
}

absl::Status LeaseStore::Renew(const std::string& owner) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    // A renewal that a crash of Postgres loses is made again before anybody misses it.
    work.exec("SET LOCAL synchronous_commit = off");
    work.exec_params("UPDATE shard_lease SET renewals = renewals + 1 WHERE owner = $1", owner);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::uint64_t> LeaseStore::Claim(int shard, std::uint64_t epoch, const std::string& owner,
                                                const std::string& address) {
  std::uint64_t taken = 0;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    std::vector<orders::Lease> leases = Select(work, "FOR UPDATE");
    auto lease = std::find_if(leases.begin(), leases.end(), [&](const auto& row) { return row.shard == shard; });
    if (lease == leases.end() || lease->epoch != epoch) return absl::AbortedError("another one has taken the shard");
    taken = Newest(leases) + 1;
    work.exec_params(
        "UPDATE shard_lease SET owner = $2, address = $3, epoch = $4, renewals = 0, wanted_by = '' WHERE shard = $1",
        shard, owner, address, taken);
    FenceFormer(work, shard, taken);
    return absl::OkStatus();
  }));
  return taken;
}

absl::Status LeaseStore::Want(int shard, const std::string& by) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    work.exec_params("UPDATE shard_lease SET wanted_by = $2 WHERE shard = $1", shard, by);
    return absl::OkStatus();
  });
}

absl::Status LeaseStore::GiveBack(int shard, std::uint64_t epoch) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    work.exec_params("UPDATE shard_lease SET owner = '', address = '' WHERE shard = $1 AND epoch = $2", shard, epoch);
    return absl::OkStatus();
  });
}

absl::Status LeaseStore::Arrange(int shards, const std::vector<orders::Lease>& seen) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    std::vector<orders::Lease> leases = Select(work, "FOR UPDATE");
    bool same = leases.size() == seen.size();
    for (std::size_t i = 0; same && i < seen.size(); ++i) {
      same = leases[i].epoch == seen[i].epoch && leases[i].renewals == seen[i].renewals;
    }
    if (!same) return absl::AbortedError("somebody has changed the shards");
    std::uint64_t epoch = Newest(leases) + 1;
    for (const orders::Lease& lease : leases) FenceFormer(work, lease.shard, epoch);
    work.exec("DELETE FROM shard_lease");
    for (int shard = 0; shard < shards; ++shard) {
      work.exec_params("INSERT INTO shard_lease (shard, epoch) VALUES ($1, $2)", shard, epoch);
    }
    return absl::OkStatus();
  });
}

}  // namespace ballast
