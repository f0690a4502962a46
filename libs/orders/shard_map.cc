#include "libs/orders/shard_map.h"

#include <cstdint>

namespace ballast::orders {
namespace {

// FNV-1a, 64 bits: the same on every machine, which std::hash does not promise.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1'099'511'628'211U;
  }
  return hash;
}

}  // namespace

ShardMap::ShardMap(int shards, const std::vector<AccountId>& configured) : shards_(shards) {
  int next = 0;
  for (const AccountId& id : configured) {
    if (configured_.try_emplace(id, next % shards_).second) ++next;
  }
}

int ShardMap::Of(const AccountId& id) const {
  if (auto found = configured_.find(id); found != configured_.end()) return found->second;
  return static_cast<int>(Hash(id.value()) % static_cast<std::uint64_t>(shards_));
}

}  // namespace ballast::orders
