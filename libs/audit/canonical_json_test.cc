#include "libs/audit/canonical_json.h"

#include <gtest/gtest.h>

namespace ballast::audit {
namespace {

TEST(CanonicalJsonTest, OneValueHasOneText) {
  struct Case {
    const char* text;
    const char* canonical;
  };
  const Case cases[] = {
      {" { \"b\" : 1.50 , \"a\":\"x\"} ", R"({"a":"x","b":1.50})"},
      {R"([1, -0, 2e+10, true,false, null, [], {}])", R"([1,-0,2e+10,true,false,null,[],{}])"},
      {R"("\u0041\/\n\ud83d\ude00")", "\"A/\\u000a\xf0\x9f\x98\x80\""},
      {R"({"z":{"b":1,"a":2},"":0})", R"({"":0,"z":{"a":2,"b":1}})"},
      {"123456789012345678901234567890.000000000000000000001", "123456789012345678901234567890.000000000000000000001"},
  };
  for (const Case& one : cases) {
    auto canonical = CanonicalJson(one.text);
    ASSERT_TRUE(canonical.ok()) << one.text << ": " << canonical.status();
    EXPECT_EQ(*canonical, one.canonical);
    auto again = CanonicalJson(*canonical);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, *canonical);
  }
}

TEST(CanonicalJsonTest, WhatIsNotOneJsonValueIsRefused) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "[1 2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "-",
                           "nul",
                           "truee",
                           "\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\"",
                           "\"\\udc00x\"",
                           "\"\\ud800\\u0041\"",
                           "\"\n\"",
                           "{} {}",
                           "NaN",
                           "{\"a\":1,\"a\":2}",
                           "{\"a\":1,\"\\u0061\":2}"}) {
    EXPECT_EQ(CanonicalJson(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(CanonicalJsonTest, DepthIsBounded) {
  EXPECT_TRUE(CanonicalJson(std::string(30, '[') + std::string(30, ']')).ok());
  EXPECT_FALSE(CanonicalJson(std::string(100'000, '[')).ok());
}

TEST(CanonicalJsonTest, BytesThatEndTheTextAreNoText) {
  EXPECT_FALSE(CanonicalJson(std::string_view("{}\0", 3)).ok());
  EXPECT_EQ(JsonString(std::string_view("a\0b", 3)), "\"a\\u0000b\"");
}

TEST(JsonObjectTest, IsWrittenInOrderAndLeavesEmptyTextsOut) {
  JsonObject json;
  EXPECT_TRUE(json.empty());
  json.AddRaw("A", "[1]");
  json.Add("a", "");
  json.Add("b", "say \"hi\"\\");
  json.AddNumber("c", 7);
  EXPECT_FALSE(json.empty());
  std::string text = std::move(json).Take();
  EXPECT_EQ(text, R"({"A":[1],"b":"say \"hi\"\\","c":7})");
  EXPECT_EQ(*CanonicalJson(text), text);
  EXPECT_EQ(JsonObject().Take(), "{}");
}

TEST(JsonObjectDeathTest, KeysComeInOrder) {
  JsonObject json;
  json.AddNumber("b", 1);
  EXPECT_DEATH(json.AddNumber("a", 1), "");
}

}  // namespace
}  // namespace ballast::audit
