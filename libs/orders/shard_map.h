#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "libs/model/ids.h"

namespace ballast::orders {

// Which of `shards` writers an account goes with: those of the configuration in turn, any other by a hash of its id.
// The same for everybody who has the same configuration; while it changes, epochs that never go back keep an account
// from two writers.
class ShardMap {
 public:
  // `shards` is at least 1.
  ShardMap(int shards, const std::vector<AccountId>& configured);
  [[nodiscard]] int Of(const AccountId& id) const;
  [[nodiscard]] int shards() const { return shards_; }

 private:
  int shards_;
  std::map<AccountId, int> configured_;
};

}  // namespace ballast::orders
