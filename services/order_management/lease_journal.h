#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/orders/lease.h"

namespace ballast {

// Where all order managers see who writes which shard. Every function blocks; one thread.
class LeaseJournal {
 public:
  LeaseJournal() = default;
  virtual ~LeaseJournal() = default;
  LeaseJournal(const LeaseJournal&) = delete;
  LeaseJournal& operator=(const LeaseJournal&) = delete;

  // In the order of the shards.
  [[nodiscard]] virtual absl::StatusOr<std::vector<orders::Lease>> Read() = 0;
  // Says that `owner` lives, for all it owns.
  [[nodiscard]] virtual absl::Status Renew(const std::string& owner) = 0;
  // Makes `owner` the shard's writer and fences whoever was it. The new epoch; ABORTED when the shard's epoch is not
  // `epoch` any more: somebody was quicker.
  [[nodiscard]] virtual absl::StatusOr<std::uint64_t> Claim(int shard, std::uint64_t epoch, const std::string& owner,
                                                            const std::string& address) = 0;
  [[nodiscard]] virtual absl::Status Want(int shard, const std::string& by) = 0;
  // Nothing happens when it is somebody else's by now.
  [[nodiscard]] virtual absl::Status GiveBack(int shard, std::uint64_t epoch) = 0;
  // Replaces the shards by `shards` others that nobody owns, if `seen` is still what is stored; fences every writer
  // there was. ABORTED when it is not.
  [[nodiscard]] virtual absl::Status Arrange(int shards, const std::vector<orders::Lease>& seen) = 0;
};

}  // namespace ballast
