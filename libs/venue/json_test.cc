#include "libs/venue/json.h"

#include <gtest/gtest.h>

#include <string>

namespace ballast::venue {
namespace {

Json Of(std::string_view text) {
  auto json = Json::Parse(text);
  EXPECT_TRUE(json.ok()) << json.status() << " of " << text;
  return json.ok() ? *std::move(json) : Json();
}

TEST(JsonTest, KeepsEveryDigit) {
  Json book = Of(
      R"({"price":45283.50,"size":0.00010000,"id":9007199254740993,"big":123456789012345678901234567890,"small":1e-08})");
  EXPECT_EQ(book["price"].text(), "45283.50");
  EXPECT_EQ(book["size"].text(), "0.00010000");
  EXPECT_EQ(book["id"].text(), "9007199254740993");
  EXPECT_EQ(book["big"].text(), "123456789012345678901234567890");
  EXPECT_EQ(book["small"].AsDecimal().value().ToString(), "0.00000001");
  EXPECT_EQ(book["id"].AsInt().value(), 9007199254740993);
  EXPECT_FALSE(book["big"].AsDecimal().ok());
}

TEST(JsonTest, ReadsNumbersWithExponents) {
  for (const auto& [text, value] : {std::pair{"1e3", "1000"},
                                    {"1.50E+2", "150"},
                                    {"-2.5e-3", "-0.0025"},
                                    {"0e5", "0"},
                                    {"12.345e1", "123.45"},
                                    {"100e-2", "1"},
                                    {"0.05e1", "0.5"},
                                    {"1e-18", "0.000000000000000001"}}) {
    EXPECT_EQ(ParseNumber(text).value().ToString(), value) << text;
  }
  for (const char* text : {"1e", "e5", "1e99", "1e-19", "1.2.3e1", "--1e1", "1e1.5", "", "-e1", "1e18"}) {
    EXPECT_FALSE(ParseNumber(text).ok()) << text;
  }
}

TEST(JsonTest, FindsItsWay) {
  Json json = Of(R"({"a":[1,"two",true,null,{"b":"c"}],"s":"3.5"})");
  ASSERT_EQ(json["a"].items().size(), 5U);
  EXPECT_EQ(json["a"].items()[1].text(), "two");
  EXPECT_TRUE(json["a"].items()[2].IsTrue());
  EXPECT_TRUE(json["a"].items()[3].is_null());
  EXPECT_EQ(json["a"].items()[4]["b"].text(), "c");
  EXPECT_EQ(json["s"].AsDecimal().value(), Decimal::Of("3.5"));
  EXPECT_TRUE(json["none"]["deeper"].is_null());
  EXPECT_TRUE(json.Has("s"));
  EXPECT_FALSE(json.Has("none"));
  EXPECT_FALSE(json["a"].AsDecimal().ok());
  EXPECT_FALSE(json["none"].AsInt().ok());
  EXPECT_FALSE(json["s"].AsInt().ok());
}

TEST(JsonTest, RefusesWhatIsNone) {
  for (const char* text : {"", "{", R"({"a":1,"a":2})", "1 2", "{'a':1}", R"({"a":NaN})", "[1,]", "nul", "\"\xff\""}) {
    EXPECT_FALSE(Json::Parse(text).ok()) << text;
  }
  std::string deep(100, '[');
  EXPECT_FALSE(Json::Parse(deep + std::string(100, ']')).ok());
  std::string allowed(Json::kDepthMax, '[');
  EXPECT_TRUE(Json::Parse(allowed + std::string(Json::kDepthMax, ']')).ok());
}

}  // namespace
}  // namespace ballast::venue
