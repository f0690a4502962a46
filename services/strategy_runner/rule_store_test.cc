#include "services/strategy_runner/rule_store.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/strategy_runner/rule_codec.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kRules = R"({"version":1,"long":{"above":["close","open"]},"out":{"below":["close","open"]}})";

RuleRow Row(const char* name, const char* request_id) {
  return {.name = name,
          .request_id = request_id,
          .text = kRules,
          .metrics = {{"sharpe", "1.25"}},
          .actor = "ann",
          .create_time = UtcTime{7}};
}

class RuleStoreTest : public ::testing::Test {
 protected:
  RuleStoreTest() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_strategy_runner()).ok());
    EXPECT_TRUE(store_.Fence().ok());
  }
  std::unique_ptr<Database> database_;
  RuleStore store_{*database_};
};

TEST_F(RuleStoreTest, VersionsOfANameAreCountedAndKept) {
  EXPECT_EQ(store_.Insert(Row("ema", "r1"))->version, 1);
  EXPECT_EQ(store_.Insert(Row("ema", "r2"))->version, 2);
  EXPECT_EQ(store_.Insert(Row("rsi", "r3"))->version, 1);
  auto rows = store_.Load();
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 3U);
  const RuleRow& second = (*rows)[1];
  EXPECT_EQ(second.strategy_id(), "rule:ema@2");
  EXPECT_EQ(second.request_id, "r2");
  EXPECT_EQ(second.text, kRules);
  EXPECT_THAT(second.metrics, ElementsAre(std::pair("sharpe", "1.25")));
  EXPECT_EQ(second.actor, "ann");
  EXPECT_EQ(second.create_time, UtcTime{7});
  EXPECT_FALSE(second.archived);
}

TEST_F(RuleStoreTest, TheSameRequestIsOneVersion) {
  EXPECT_EQ(store_.Insert(Row("ema", "r1"))->version, 1);
  RuleRow other = Row("ema", "r1");
  other.text = "{}";
  auto again = store_.Insert(other);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->version, 1);
  EXPECT_EQ(again->text, kRules) << "what is stored, not what was asked";
  EXPECT_EQ(store_.Load()->size(), 1U);
}

TEST_F(RuleStoreTest, ArchivesForGood) {
  EXPECT_TRUE(store_.Insert(Row("ema", "r1")).ok());
  EXPECT_TRUE(store_.Archive("ema", 1).ok());
  EXPECT_TRUE(store_.Archive("ema", 1).ok());
  EXPECT_TRUE(store_.Load()->front().archived);
  EXPECT_TRUE(absl::IsNotFound(store_.Archive("ema", 2)));
}

TEST_F(RuleStoreTest, AnOlderInstanceWritesNothing) {
  RuleStore newer(*database_);
  ASSERT_TRUE(newer.Fence().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store_.Insert(Row("ema", "r1")).status()));
  EXPECT_THAT(*newer.Load(), IsEmpty());
}

TEST(RuleShelf, HoldsTheBuiltInAndTheWritten) {
  RuleShelf shelf;
  RuleRow row = Row("ema", "r1");
  row.version = 3;
  EXPECT_TRUE(shelf.Put(row).ok());
  EXPECT_TRUE(shelf.FindEntry("ema_cross"));
  auto entry = shelf.FindEntry("rule:ema@3");
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->make({}).ok());
  EXPECT_FALSE(shelf.FindEntry("rule:ema@2"));
  row.text = "{";
  EXPECT_FALSE(shelf.Put(row).ok());
  EXPECT_EQ(shelf.Find("rule:ema@3")->row.text, kRules);
}

TEST(RuleCodec, EveryProblemIsAViolationWithItsPlace) {
  strategy::v1::CreateRuleStrategyRequest request;
  request.set_request_id("r1");
  request.set_name("Bad name");
  (*request.mutable_metrics())["sharpe"] = "high";
  request.set_text(R"({"version":1,"long":{"above":["close","fast"]},"speed":1})");
  FieldCheck check;
  CheckRules(request, check);
  std::vector<std::string> fields;
  for (const FieldError& error : check.errors()) fields.push_back(error.field);
  EXPECT_THAT(fields, ElementsAre("name", "metrics", "text/speed", "text/long/above/1"));
  request.set_text("{\n\"version\" 1}");
  FieldCheck broken;
  CheckRules(request, broken);
  EXPECT_EQ(broken.errors().back().field, "text");
  EXPECT_THAT(broken.errors().back().message, HasSubstr("line 2, column 11"));
}

TEST(RuleCodec, SortsByAMetricAndHidesTheArchived) {
  RuleShelf shelf;
  auto put = [&](const char* name, int version, const char* sharpe, bool archived = false) {
    RuleRow row = Row(name, "r");
    row.version = version;
    row.metrics.clear();
    if (*sharpe != 0) row.metrics["sharpe"] = sharpe;
    row.archived = archived;
    EXPECT_TRUE(shelf.Put(row).ok());
  };
  put("a", 1, "9");
  put("a", 2, "10");
  put("b", 1, "");
  put("c", 1, "-1");
  put("c", 2, "99", true);
  auto ids = [&](const strategy::v1::ListRuleStrategiesRequest& request) {
    std::string text;
    strategy::v1::ListRuleStrategiesResponse listed = ListOf(shelf.All(), request);
    for (const auto& each : listed.rule_strategies()) {
      EXPECT_EQ(each.text(), "");
      text += each.strategy_id().substr(5) + " ";
    }
    return text;
  };
  strategy::v1::ListRuleStrategiesRequest request;
  EXPECT_EQ(ids(request), "a@2 a@1 b@1 c@1 ");
  request.set_sort_by("sharpe");
  EXPECT_EQ(ids(request), "a@2 a@1 c@1 b@1 ");
  request.set_ascending(true);
  EXPECT_EQ(ids(request), "c@1 a@1 a@2 b@1 ");
  request.set_newest_only(true);
  request.set_include_archived(true);
  EXPECT_EQ(ids(request), "a@2 c@2 b@1 ");
}

}  // namespace
}  // namespace ballast
