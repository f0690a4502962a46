#include "libs/orders/lease.h"

#include <gtest/gtest.h>

namespace ballast::orders {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr int kA = 0;
constexpr int kB = 1;

// The stored rows, and what an order manager does to them.
class World {
 public:
  World() {
    for (int id : {kA, kB}) rows_.push_back({.shard = id});
  }
  Lease& row(int id) {
    for (Lease& row : rows_) {
      if (row.shard == id) return row;
    }
    ADD_FAILURE();
    return rows_.front();
  }
  void Sleep(std::int64_t ms) { now_ns_ += ms * kMs; }

  // One poll of `holder`: its renewal, then what it decides.
  LeaseHolder::Step Poll(LeaseHolder& holder, const std::string& name, bool ready = true) {
    for (Lease& row : rows_) {
      auto held = holder.held().find(row.shard);
      if (held != holder.held().end() && row.owner == name && row.epoch == held->second) ++row.renewals;
    }
    LeaseHolder::Step step = holder.Observe(rows_, now_ns_, ready);
    for (const LeaseHolder::Claim& claim : step.claim) {
      Lease& taken = row(claim.shard);
      if (taken.epoch != claim.epoch) continue;
      taken.owner = name;
      ++taken.epoch;
      taken.wanted_by.clear();
      holder.Took(claim.shard, taken.epoch);
    }
    for (int id : step.want) row(id).wanted_by = name;
    for (int id : step.give_back) {
      row(id).owner.clear();
      holder.Gave(id);
    }
    return step;
  }

 private:
  std::vector<Lease> rows_;
  std::int64_t now_ns_ = 1'000'000'000'000;
};

LeaseHolder Holder(const std::string& name, std::set<int> home) {
  return LeaseHolder({.name = name, .lease_ns = 1'000 * kMs, .home = std::move(home)});
}

TEST(LeaseHolderTest, EachTakesItsOwnAtOnceAndLeavesTheOthersAlone) {
  World world;
  LeaseHolder one = Holder("one", {kA}), two = Holder("two", {kB});
  for (int i = 0; i < 50; ++i) {
    LeaseHolder::Step first = world.Poll(one, "one");
    LeaseHolder::Step second = world.Poll(two, "two");
    EXPECT_TRUE(first.lost.empty() && second.lost.empty() && first.want.empty() && second.want.empty()) << i;
    EXPECT_EQ(world.row(kA).owner, "one");
    EXPECT_EQ(world.row(kB).owner, "two");
    world.Sleep(100);
  }
  EXPECT_EQ(world.row(kA).epoch, 1U);
}

TEST(LeaseHolderTest, AShardOfNobodysHomeIsTakenAfterALease) {
  World world;
  LeaseHolder one = Holder("one", {kA});
  std::int64_t waited_ms = 0;
  while (world.row(kB).owner.empty()) {
    world.Poll(one, "one");
    world.Sleep(100);
    waited_ms += 100;
    ASSERT_LT(waited_ms, 2'000);
  }
  EXPECT_GE(waited_ms, 1'000);
}

TEST(LeaseHolderTest, ASilentOwnersShardsMoveAndComeHomeAgain) {
  World world;
  LeaseHolder one = Holder("one", {kA}), two = Holder("two", {kB});
  world.Poll(one, "one");
  world.Poll(two, "two");
  std::int64_t waited_ms = 0;
  while (world.row(kA).owner == "one") {
    world.Sleep(100);
    waited_ms += 100;
    world.Poll(two, "two");
    ASSERT_LE(waited_ms, 1'200);
  }
  EXPECT_GE(waited_ms, 1'000);
  EXPECT_EQ(two.held().at(kA), 2U);
  // The first was only asleep.
  EXPECT_EQ(world.Poll(one, "one", false).lost, std::vector<int>{kA});
  // A new life of it asks for its shard as soon as it can serve it, and has it two polls later.
  LeaseHolder again = Holder("one", {kA});
  EXPECT_TRUE(world.Poll(again, "one", false).want.empty());
  EXPECT_EQ(world.Poll(again, "one").want, std::vector<int>{kA});
  EXPECT_EQ(world.Poll(two, "two").give_back, std::vector<int>{kA});
  world.Poll(again, "one");
  EXPECT_EQ(world.row(kA).owner, "one");
  EXPECT_EQ(again.held().at(kA), 3U);
  EXPECT_TRUE(world.row(kA).wanted_by.empty());
  EXPECT_TRUE(world.Poll(two, "two").lost.empty());
}

TEST(LeaseHolderTest, AnEarlierLifesShardsAreTakenAtOnce) {
  World world;
  LeaseHolder first = Holder("one", {kA});
  world.Poll(first, "one");
  LeaseHolder second = Holder("one", {kA});
  world.Poll(second, "one");
  EXPECT_EQ(second.held().at(kA), 2U);
  EXPECT_EQ(world.Poll(first, "one").lost, std::vector<int>{kA});
}

TEST(LeaseHolderTest, ATimeWithoutStorageIsNobodysSilence) {
  World world;
  LeaseHolder one = Holder("one", {kA}), two = Holder("two", {kB});
  for (int i = 0; i < 5; ++i) {
    world.Poll(one, "one");
    world.Poll(two, "two");
    world.Sleep(100);
  }
  world.Sleep(60'000);
  // The second is the first to find the storage back.
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(world.Poll(two, "two").claim.empty());
    world.Sleep(100);
  }
  EXPECT_EQ(world.row(kA).owner, "one");
  EXPECT_TRUE(world.Poll(one, "one").lost.empty());
}

TEST(LeaseHolderTest, OfTwoWhoClaimOneHasIt) {
  World world;
  LeaseHolder two = Holder("two", {}), three = Holder("three", {});
  for (int i = 0; i < 30; ++i) {
    world.Poll(two, "two");
    world.Poll(three, "three");
    EXPECT_LE(two.held().count(kA) + three.held().count(kA), 1U);
    world.Sleep(100);
  }
  EXPECT_EQ(two.held().size() + three.held().size(), 2U);
}

}  // namespace
}  // namespace ballast::orders
