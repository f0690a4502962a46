#include "libs/orders/shard_map.h"

#include <gtest/gtest.h>

#include <set>

namespace ballast::orders {
namespace {

TEST(ShardMapTest, ConfiguredAccountsAreDealtInTurn) {
  ShardMap map(2, {AccountId("a"), AccountId("b"), AccountId("a"), AccountId("c")});
  EXPECT_EQ(map.Of(AccountId("a")), 0);
  EXPECT_EQ(map.Of(AccountId("b")), 1);
  EXPECT_EQ(map.Of(AccountId("c")), 0);
}

TEST(ShardMapTest, OthersAreSpreadTheSameWayEverywhere) {
  ShardMap map(3, {});
  std::set<int> used;
  for (int i = 0; i < 100; ++i) {
    AccountId id("account-" + std::to_string(i));
    int shard = map.Of(id);
    EXPECT_EQ(shard, ShardMap(3, {}).Of(id));
    ASSERT_GE(shard, 0);
    ASSERT_LT(shard, 3);
    used.insert(shard);
  }
  EXPECT_EQ(used.size(), 3U);
  EXPECT_EQ(map.Of(AccountId("paper")), 1);  // pinned: it must not change with a release
}

TEST(ShardMapTest, OneWriterHasAll) {
  ShardMap map(1, {AccountId("a"), AccountId("b")});
  EXPECT_EQ(map.Of(AccountId("b")), 0);
  EXPECT_EQ(map.Of(AccountId("anything")), 0);
}

}  // namespace
}  // namespace ballast::orders
