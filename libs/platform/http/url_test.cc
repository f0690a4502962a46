#include "libs/platform/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(UrlTest, SplitsAndDecodesAPath) {
  auto target = ParseTarget("/api/live%20x/a%2Fb?symbol=BTC%2FUSD&q=a+b&flag&=&x=1=2");
  ASSERT_TRUE(target);
  EXPECT_THAT(target->segments, ElementsAre("api", "live x", "a/b"));
  EXPECT_THAT(target->query, ElementsAre(Pair("symbol", "BTC/USD"), Pair("q", "a b"), Pair("flag", ""), Pair("", ""),
                                         Pair("x", "1=2")));
}
TEST(UrlTest, KeepsEmptySegments) {
  EXPECT_THAT(ParseTarget("/")->segments, ElementsAre(""));
  EXPECT_THAT(ParseTarget("//a/")->segments, ElementsAre("", "a", ""));
  EXPECT_THAT(ParseTarget("/?x=1")->segments, ElementsAre(""));
}
TEST(UrlTest, TakesEveryCharacter) {
  EXPECT_THAT(ParseTarget("/caf%C3%A9?x=%F0%9F%98%80")->segments, ElementsAre("caf\xC3\xA9"));
}
TEST(UrlTest, RefusesWhatIsNoPath) {
  for (const char* bad : {"", "*", "http://host/x", "/%", "/%4", "/%zz", "/%00", "/a?x=%00", "/a?%f",
                          // What is not UTF-8: a lone byte, a cut character, one too long for its value, a surrogate.
                          "/%ff", "/\xff", "/a?x=%c3", "/a?%80=1", "/%c0%af", "/%ed%a0%80", "/%f4%90%80%80"}) {
    EXPECT_FALSE(ParseTarget(bad)) << bad;
  }
}
TEST(UrlTest, SplitsHostAndPort) {
  EXPECT_THAT(SplitHostPort("127.0.0.1:80"), Pair("127.0.0.1", "80"));
  EXPECT_THAT(SplitHostPort("[::1]:80"), Pair("::1", "80"));
  EXPECT_THAT(SplitHostPort("[::1]"), Pair("::1", ""));
  EXPECT_THAT(SplitHostPort("localhost"), Pair("localhost", ""));
}
TEST(UrlTest, KnowsLoopback) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "LocalHost"})
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", ""}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

}  // namespace
}  // namespace ballast
