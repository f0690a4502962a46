#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "libs/orders/shard_map.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

class ShardHost;

// Where each shard is written at the moment: here, or by another order manager. Any thread; nothing blocks.
class ShardRoster {
 public:
  using Stub = order::v1::OrderService::Stub;
  // One of the two, or none: between two owners.
  struct Seat {
    std::shared_ptr<ShardHost> host;
    std::shared_ptr<Stub> other;
  };

  explicit ShardRoster(orders::ShardMap map) : map_(std::move(map)) {}

  [[nodiscard]] const orders::ShardMap& map() const { return map_; }
  [[nodiscard]] Seat Of(const AccountId& account_id) const { return OfShard(map_.Of(account_id)); }
  [[nodiscard]] Seat OfShard(int shard) const EXCLUDES(mutex_);
  // Those that are here.
  [[nodiscard]] std::vector<std::shared_ptr<ShardHost>> Hosts() const EXCLUDES(mutex_);
  // Every other order manager that writes something, once.
  [[nodiscard]] std::vector<std::shared_ptr<Stub>> Others() const EXCLUDES(mutex_);

  // Null: not here any more.
  void SeatHere(int shard, std::shared_ptr<ShardHost> host) EXCLUDES(mutex_);
  // Empty: nobody's. True when it was another one before.
  bool SeatElsewhere(int shard, const std::string& address) EXCLUDES(mutex_);

 private:
  struct Entry {
    std::shared_ptr<ShardHost> host;
    std::string address;
  };

  const orders::ShardMap map_;
  mutable Mutex mutex_;
  std::map<int, Entry> entries_ GUARDED_BY(mutex_);
  // By address; a channel is kept for as long as the process lives.
  std::map<std::string, std::shared_ptr<Stub>> stubs_ GUARDED_BY(mutex_);
};

}  // namespace ballast
