#include "libs/base/lookup_map.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "libs/base/strong_id.h"

namespace ballast {
namespace {

using Id = StrongId<struct IdTag>;

template <typename Map>
concept Walkable = requires(Map map) { map.begin(); } || requires(Map map) { std::begin(map); };
static_assert(!Walkable<LookupMap<Id, int>>, "what is in it comes in another order in each process");

TEST(LookupMapTest, WhatIsPutIsFoundUntilItIsErased) {
  LookupMap<Id, std::string> map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.Find(Id("a")), nullptr);
  EXPECT_EQ(map.Put(Id("a"), "first"), "first");
  EXPECT_EQ(map.Put(Id("a"), "second"), "second");
  map.Put(Id("b"), "other");
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(map.At(Id("a")), "second");
  EXPECT_TRUE(map.Contains(Id("b")));
  EXPECT_TRUE(map.Erase(Id("a")));
  EXPECT_FALSE(map.Erase(Id("a")));
  EXPECT_EQ(map.Find(Id("a")), nullptr);
  EXPECT_EQ(*map.Find(Id("b")), "other");
  map.Clear();
  EXPECT_EQ(map.size(), 0U);
  EXPECT_FALSE(map.Contains(Id("b")));
}

TEST(LookupMapTest, AnInsertLeavesWhatIsThere) {
  LookupMap<std::string, std::unique_ptr<int>> map;
  auto [made, fresh] = map.Insert("a", std::make_unique<int>(1));
  EXPECT_TRUE(fresh);
  EXPECT_EQ(*made, 1);
  auto [kept, again] = map.Insert("a", std::make_unique<int>(2));
  EXPECT_FALSE(again);
  EXPECT_EQ(*kept, 1);
}

TEST(LookupMapTest, AValueStaysWhereItIsWhileOthersComeAndGo) {
  LookupMap<std::string, int> map;
  int* first = &map.Put("first", 1);
  for (int i = 0; i < 10'000; ++i) map.Put(std::to_string(i), i);
  for (int i = 0; i < 10'000; i += 2) EXPECT_TRUE(map.Erase(std::to_string(i)));
  EXPECT_EQ(map.Find("first"), first);
  EXPECT_EQ(*first, 1);
  EXPECT_EQ(map.size(), 5'001U);
}

TEST(LookupMapDeathTest, WhatMustBeThereAndIsNotEndsTheProcess) {
  LookupMap<std::string, int> map;
  EXPECT_DEATH(map.At("a"), "is in the map");
}

}  // namespace
}  // namespace ballast
