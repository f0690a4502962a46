#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "libs/model/ids.h"

namespace ballast {

// The fencing key of a shard's writer.
inline std::string ShardKey(int shard) { return "order_management/" + std::to_string(shard); }

// Where a writer writes, and as who.
struct ShardPlace {
  std::string key = ShardKey(0);
  // The epoch it was given; 0: none yet.
  std::uint64_t epoch = 0;
  // Whether the account is the shard's; empty: all are.
  std::function<bool(const AccountId&)> owns;

  [[nodiscard]] bool Owns(const AccountId& id) const { return !owns || owns(id); }
};

}  // namespace ballast
