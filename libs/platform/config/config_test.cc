#include "libs/platform/config/config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace ballast {
namespace {

std::string Write(const std::string& text) {
  // One a test: they run side by side.
  std::string path = testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".yaml";
  std::ofstream(path) << text;
  return path;
}

const std::vector<Knob> kOwn = {
    {.name = "ratio", .type = KnobType::kDecimal, .default_value = "0.1", .minimum = "0", .maximum = "1"},
    {.name = "count", .type = KnobType::kInt, .default_value = "3", .minimum = "1"},
    {.name = "names", .type = KnobType::kStringList, .default_value = "a;b"},
    {.name = "on", .type = KnobType::kBool, .default_value = "true"},
};

TEST(ConfigTest, DefaultsThenFileThenEnvironment) {
  auto config = Config::Load("risk", kOwn, Write("common:\n  log_level: DEBUG\nrisk:\n  ratio: 0.20\n  names: [x]\n"),
                             {{"BALLAST_RISK_COUNT", "9"}, {"BALLAST_COMMON_POSTGRES_PORT", "1234"}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->GetString("log_level"), "DEBUG");
  EXPECT_EQ(config->GetDecimal("ratio"), Decimal::Of("0.2"));
  EXPECT_EQ(config->GetInt("count"), 9);
  EXPECT_EQ(config->GetInt("postgres_port"), 1234);
  EXPECT_EQ(config->GetStringList("names"), std::vector<std::string>{"x"});
  EXPECT_TRUE(config->GetBool("on"));
}

TEST(ConfigTest, EveryViolationIsNamedWithItsLine) {
  auto config = Config::Load("risk", kOwn, Write("risk:\n  ratio: 2\n  count: 1.5\n  nmaes: [x]\n  on: yes\n"), {});
  ASSERT_FALSE(config.ok());
  std::string message(config.status().message());
  for (const char* part : {":2: risk.ratio: above the maximum", ":3: risk.count: integer",
                           ":4: risk.nmaes: unknown key", ":5: risk.on: true or false"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << "\n" << message;
  }
}

TEST(ConfigTest, AFileThatIsNoMapIsAnError) {
  EXPECT_FALSE(Config::Load("risk", kOwn, Write("- risk\n"), {}).ok());
  EXPECT_TRUE(Config::Load("risk", kOwn, Write(""), {}).ok());
}

TEST(ConfigTest, OtherServicesSectionsAreNotOurs) {
  EXPECT_TRUE(Config::Load("risk", kOwn, Write("positions:\n  whatever: 1\n"), {}).ok());
}

}  // namespace
}  // namespace ballast
