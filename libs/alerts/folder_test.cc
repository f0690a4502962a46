#include "libs/alerts/folder.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "libs/base/rng.h"

namespace ballast::alerts {
namespace {

Alert Fact(std::int64_t second, const std::string& title = "Order filled", AlertLevel level = AlertLevel::kInfo) {
  Alert fact;
  fact.type = AlertType::kOrder;
  fact.level = level;
  fact.title = title;
  fact.text = "as it is";
  fact.account_id = AccountId("paper");
  fact.symbol = Symbol("AAPL");
  fact.first_time = fact.last_time = UtcTime{second * 1'000'000'000};
  return fact;
}

TEST(FolderTest, EqualFactsWithinTheWindowBecomeOne) {
  Folder folder;
  EXPECT_EQ(folder.Add(Fact(0)).alert_id, 1U);
  Alert folded = folder.Add(Fact(60));
  EXPECT_EQ(folded.alert_id, 1U);
  EXPECT_EQ(folded.count, 2);
  EXPECT_EQ(folded.first_time, UtcTime{0});
  EXPECT_EQ(folded.last_time, UtcTime{60'000'000'000});
}

TEST(FolderTest, WhatGoesOnIsToldAgainAfterTheWindow) {
  Folder folder;
  (void)folder.Add(Fact(0));
  (void)folder.Add(Fact(50));
  Alert next = folder.Add(Fact(61));
  EXPECT_EQ(next.alert_id, 2U);
  EXPECT_EQ(next.count, 1);
}

TEST(FolderTest, AnythingDifferentIsAnAlertOfItsOwn) {
  Folder folder;
  (void)folder.Add(Fact(0));
  Alert other = Fact(0);
  other.type = AlertType::kPosition;
  EXPECT_EQ(folder.Add(other).alert_id, 2U);
  EXPECT_EQ(folder.Add(Fact(0, "Order expired")).alert_id, 3U);
  other = Fact(0);
  other.account_id = AccountId("second");
  EXPECT_EQ(folder.Add(other).alert_id, 4U);
  other = Fact(0);
  other.deployment_id = DeploymentId("d");
  EXPECT_EQ(folder.Add(other).alert_id, 5U);
  other = Fact(0);
  other.symbol = Symbol("MSFT");
  EXPECT_EQ(folder.Add(other).alert_id, 6U);
  other = Fact(0);
  other.text = "in other words";
  EXPECT_EQ(folder.Add(other).alert_id, 7U);
  EXPECT_EQ(folder.Add(Fact(1)).alert_id, 1U);
}

TEST(FolderTest, WhatIsAboutAnOrderIsNeverFolded) {
  Folder folder;
  std::uint64_t next = 1;
  for (const char* title : {"Order filled", "Order partly filled", "Order refused", "Position closed by stop loss"}) {
    for (auto level : {AlertLevel::kInfo, AlertLevel::kWarning}) {
      // Other orders, and two fills of one order at one price: the words are the same, the facts are not.
      for (const char* order : {"o1", "o2", "o2"}) {
        Alert fact = Fact(0, title, level);
        fact.order_id = OrderId(order);
        Alert alert = folder.Add(fact);
        EXPECT_EQ(alert.alert_id, next++) << title << " " << order;
        EXPECT_EQ(alert.count, 1);
        EXPECT_EQ(alert.order_id, OrderId(order));
      }
    }
  }
}

TEST(FolderTest, AfterARestartAnOrdersAlertTakesNothingMore) {
  Folder before;
  Alert fact = Fact(0);
  fact.order_id = OrderId("o1");
  Alert stored = before.Add(fact);
  Folder after;
  after.Restore(stored);
  EXPECT_EQ(after.Add(fact).alert_id, 2U);
  EXPECT_EQ(after.Add(Fact(0)).alert_id, 3U);
}

TEST(FolderTest, WhatIsHeldBackSpeaksForNoOrderAndIsOfItsAccount) {
  Folder folder({.info_per_minute_max = 1});
  Alert fact = Fact(0);
  fact.order_id = OrderId("o1");
  EXPECT_EQ(folder.Add(fact).title, "Order filled");
  fact.order_id = OrderId("o2");
  Alert more = folder.Add(fact);
  EXPECT_EQ(more.title, kMoreTitle);
  EXPECT_EQ(more.text, kMoreText);
  EXPECT_TRUE(more.order_id.empty());
  EXPECT_TRUE(more.symbol.empty());
  EXPECT_EQ(more.account_id, AccountId("paper"));
  fact.order_id = OrderId("o3");
  EXPECT_EQ(folder.Add(fact).alert_id, more.alert_id);
  fact.account_id = AccountId("second");
  EXPECT_EQ(folder.Add(fact).account_id, AccountId("second"));
}

TEST(FolderTest, FoldingNeverLowersTheLevelOrTheTime) {
  Folder folder;
  (void)folder.Add(Fact(30, "Feed", AlertLevel::kError));
  Alert folded = folder.Add(Fact(10, "Feed", AlertLevel::kWarning));
  EXPECT_EQ(folded.alert_id, 1U);
  EXPECT_EQ(folded.level, AlertLevel::kError);
  EXPECT_EQ(folded.last_time, UtcTime{30'000'000'000});
}

TEST(FolderTest, AfterAnAcknowledgementTheNextFactIsSeenAgain) {
  Folder folder;
  Alert first = folder.Add(Fact(0));
  first.acknowledged = true;
  folder.Restore(first);
  EXPECT_EQ(folder.Add(Fact(1)).alert_id, 2U);
  EXPECT_EQ(folder.Add(Fact(2)).alert_id, 2U);
}

TEST(FolderTest, AcknowledgingAnOldOneDoesNotTouchTheNewer) {
  Folder folder;
  Alert first = folder.Add(Fact(0));
  (void)folder.Add(Fact(100));
  first.acknowledged = true;
  folder.Restore(first);
  EXPECT_EQ(folder.Add(Fact(101)).alert_id, 2U);
}

TEST(FolderTest, InformationBeyondTheRateIsCountedInOneAlert) {
  Folder folder({.info_per_minute_max = 2});
  EXPECT_EQ(folder.Add(Fact(0, "a")).title, "a");
  EXPECT_EQ(folder.Add(Fact(1, "b")).title, "b");
  Alert more = folder.Add(Fact(2, "c"));
  EXPECT_EQ(more.title, kMoreTitle);
  EXPECT_EQ(more.alert_id, 3U);
  EXPECT_EQ(more.text, kMoreText);
  more = folder.Add(Fact(3, "d"));
  EXPECT_EQ(more.alert_id, 3U);
  EXPECT_EQ(more.count, 2);
  // What is open already takes more; the next minute begins anew.
  EXPECT_EQ(folder.Add(Fact(4, "a")).alert_id, 1U);
  EXPECT_EQ(folder.Add(Fact(61, "e")).title, "e");
}

TEST(FolderTest, WarningsAreNeverHeldBack) {
  Folder folder({.info_per_minute_max = 1});
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(folder.Add(Fact(0, "w" + std::to_string(i), AlertLevel::kWarning)).alert_id,
              static_cast<std::uint64_t>(i + 1));
  }
}

TEST(FolderTest, ARestartGoesOnWhereItWas) {
  Folder before({.info_per_minute_max = 3});
  std::map<std::uint64_t, Alert> stored;
  auto add = [&](Folder& folder, Alert fact) {
    Alert alert = folder.Add(std::move(fact));
    stored[alert.alert_id] = alert;
    return alert;
  };
  for (const char* title : {"a", "b", "c", "d", "e"}) add(before, Fact(0, title));
  Folder after({.info_per_minute_max = 3});
  for (const auto& [id, alert] : stored) after.Restore(alert);
  for (const char* title : {"a", "d", "f"}) {
    EXPECT_EQ(after.Add(Fact(5, title)), before.Add(Fact(5, title))) << title;
  }
  EXPECT_EQ(after.last_alert_id(), before.last_alert_id());
}

TEST(FolderTest, EveryFactIsCountedOnce) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    Folder folder({.info_per_minute_max = 5});
    std::map<std::uint64_t, Alert> stored;
    const std::int64_t facts = 3'000;
    std::int64_t second = 0;
    for (std::int64_t i = 0; i < facts; ++i) {
      second += static_cast<std::int64_t>(rng.Next() % 7);
      auto level = static_cast<AlertLevel>(1 + rng.Next() % 4);
      // Now and then one of another account that is minutes behind.
      std::int64_t at = rng.Next() % 10 == 0 ? second - 300 : second;
      Alert alert = folder.Add(Fact(at, "t" + std::to_string(rng.Next() % 40), level));
      stored[alert.alert_id] = alert;
      if (rng.Next() % 20 == 0) {
        alert.acknowledged = true;
        stored[alert.alert_id] = alert;
        folder.Restore(alert);
      }
    }
    std::int64_t counted = 0;
    for (const auto& [id, alert] : stored) counted += alert.count;
    EXPECT_EQ(counted, facts) << "seed " << seed;
    EXPECT_EQ(stored.rbegin()->first, stored.size()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ballast::alerts
