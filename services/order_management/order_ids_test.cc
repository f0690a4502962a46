#include "services/order_management/order_ids.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "services/order_management/testing/memory_journal.h"

namespace ballast {
namespace {

class OrderIdsTest : public testing::Test {
 protected:
  OrderIdsTest() {
    EXPECT_TRUE(Logger::Make({.service = "order_ids_test", .level = "CRITICAL"}, &log_).ok());
    EXPECT_TRUE(journal_.Fence().ok());
  }
  void Store(int orders) {
    orders::Account account;
    Commit commit{.events = account.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal(), UtcTime{1}),
                  .opened = {{AccountId("paper"), "p"}}};
    for (int i = 0; i < orders; ++i) {
      Order order;
      order.account_id = AccountId("paper");
      order.order_id = IdOf(i);
      order.quantity = Decimal::FromInt(1);
      for (OrderEvent& event : account.Deny(std::move(order), "user:me", {}, {}, UtcTime{1})) {
        commit.events.push_back(std::move(event));
      }
    }
    ASSERT_TRUE(journal_.Append(commit).ok());
  }
  static OrderId IdOf(int number) { return OrderId("o" + std::to_string(number)); }

  MemoryJournal journal_{std::make_shared<MemoryJournal::Disk>()};
  std::unique_ptr<Logger> log_;
};

TEST_F(OrderIdsTest, WhatWasStoredOrAddedMayBeThereAndHardlyAnythingElse) {
  Store(1'000);
  OrderIds ids(journal_, *log_);
  ASSERT_TRUE(ids.Recover().ok());
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(ids.MayHold(IdOf(i)));
  int mistaken = 0;
  for (int i = 1'000; i < 11'000; ++i) mistaken += ids.MayHold(IdOf(i)) ? 1 : 0;
  EXPECT_LT(mistaken, 10);
  ids.Add(IdOf(20'000));
  EXPECT_TRUE(ids.MayHold(IdOf(20'000)));
}

TEST_F(OrderIdsTest, UntilAllAreReadEveryOneMayBeThere) {
  Store(25'000);
  OrderIds ids(journal_, *log_);
  ASSERT_TRUE(ids.Recover().ok());
  EXPECT_TRUE(ids.MayHold(IdOf(30'000)));
  ids.Start();
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (ids.MayHold(IdOf(30'000)) && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_FALSE(ids.MayHold(IdOf(30'000)));
  for (int i = 0; i < 25'000; ++i) ASSERT_TRUE(ids.MayHold(IdOf(i))) << i;
}

}  // namespace
}  // namespace ballast
