#include "services/order_management/shard_roster.h"

#include <set>

#include "libs/platform/grpc/channel.h"

namespace ballast {

ShardRoster::Seat ShardRoster::OfShard(int shard) const {
  MutexLock lock(mutex_);
  auto entry = entries_.find(shard);
  if (entry == entries_.end()) return {};
  if (entry->second.host) return {.host = entry->second.host};
  auto stub = stubs_.find(entry->second.address);
  return stub == stubs_.end() ? Seat{} : Seat{.other = stub->second};
}

std::vector<std::shared_ptr<ShardHost>> ShardRoster::Hosts() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<ShardHost>> hosts;
  for (const auto& [shard, entry] : entries_) {
    if (entry.host) hosts.push_back(entry.host);
  }
  return hosts;
}

std::vector<std::shared_ptr<ShardRoster::Stub>> ShardRoster::Others() const {
  MutexLock lock(mutex_);
  std::set<std::string> addresses;
  for (const auto& [shard, entry] : entries_) {
    if (!entry.host && !entry.address.empty()) addresses.insert(entry.address);
  }
  std::vector<std::shared_ptr<Stub>> others;
  for (const std::string& address : addresses) others.push_back(stubs_.at(address));
  return others;
}

void ShardRoster::SeatHere(int shard, std::shared_ptr<ShardHost> host) {
  std::shared_ptr<ShardHost> former;  // ends outside the lock
  MutexLock lock(mutex_);
  former = std::exchange(entries_[shard].host, std::move(host));
  entries_[shard].address.clear();
}

bool ShardRoster::SeatElsewhere(int shard, const std::string& address) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[shard];
  if (entry.host || entry.address == address) return false;
  entry.address = address;
  if (!address.empty() && !stubs_.contains(address)) {
    stubs_[address] = order::v1::OrderService::NewStub(MakeChannel(address));
  }
  return true;
}

}  // namespace ballast
