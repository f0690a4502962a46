#include "services/api_gateway/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

constexpr char kToken[] = "a-token-that-is-long";
constexpr char kHome[] = "127.0.0.1";
constexpr std::int64_t kSecond = 1'000'000'000;

HttpRequest Request(const std::string& method, HttpHeaders headers) {
  headers.emplace_back("host", "127.0.0.1:8080");
  return {.method = method,
          .target = "/api/live/orders",
          .segments = {"api", "live", "orders"},
          .query = {},
          .headers = std::move(headers),
          .body = "",
          .remote = "127.0.0.1"};
}

int StatusOf(const std::optional<ApiError>& error) { return error ? error->http : 200; }

class AccessTest : public ::testing::Test {
 protected:
  int TryIn(const HttpRequest& request, std::int64_t now = 0) {
    Access access;
    auto refused = Authenticate(request, sessions_, now, &access);
    if (!refused) refused = CheckCsrf(request, access);
    actor_ = access.actor;
    return StatusOf(refused);
  }
  Sessions sessions_{Secret(kToken)};
  std::string actor_;
};

TEST_F(AccessTest, TheBearerTokenLetsIn) {
  EXPECT_EQ(TryIn(Request("POST", {{"authorization", std::string("Bearer ") + kToken}})), 200);
  EXPECT_EQ(actor_, "user:api");
  EXPECT_EQ(TryIn(Request("GET", {{"authorization", std::string("bearer ") + kToken}})), 200);
}

TEST_F(AccessTest, NothingElseDoes) {
  for (const char* header : {"Bearer", "Bearer ", "Bearer wrong", "Basic a-token-that-is-long", "a-token-that-is-long",
                             "Bearer a-token-that-is-lon", "Bearer a-token-that-is-longer"}) {
    EXPECT_EQ(TryIn(Request("GET", {{"authorization", header}})), 401) << header;
  }
  EXPECT_EQ(TryIn(Request("GET", {})), 401);
  EXPECT_EQ(TryIn(Request("GET", {{"cookie", "ballast_session=; ballast_session"}})), 401);
}

TEST_F(AccessTest, WithoutATokenNobodyComesIn) {
  Sessions closed{Secret()};
  EXPECT_FALSE(closed.TokenFits(""));
  EXPECT_EQ(closed.LogIn("", kHome, 0).outcome, Sessions::Outcome::kWrongToken);
}

TEST_F(AccessTest, ASessionReadsByItsCookieAndChangesWithItsCsrfToken) {
  auto login = sessions_.LogIn(kToken, kHome, 0);
  ASSERT_EQ(login.outcome, Sessions::Outcome::kOk);
  std::string cookie = "theme=dark; ballast_session=" + login.cookie;
  EXPECT_EQ(TryIn(Request("GET", {{"cookie", cookie}})), 200);
  EXPECT_EQ(actor_, "user:dashboard");
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_EQ(TryIn(Request(method, {{"cookie", cookie}})), 403) << method;
    EXPECT_EQ(TryIn(Request(method, {{"cookie", cookie}, {"x-ballast-csrf", "wrong"}})), 403) << method;
    EXPECT_EQ(TryIn(Request(method, {{"cookie", cookie}, {"x-ballast-csrf", login.csrf}})), 200) << method;
  }
}

TEST_F(AccessTest, TheCsrfTokenOfAnotherSessionDoesNotFit) {
  auto first = sessions_.LogIn(kToken, kHome, 0);
  auto second = sessions_.LogIn(kToken, kHome, 0);
  EXPECT_NE(first.cookie, second.cookie);
  EXPECT_EQ(TryIn(Request("POST", {{"cookie", "ballast_session=" + first.cookie}, {"x-ballast-csrf", second.csrf}})),
            403);
}

TEST_F(AccessTest, AWrongBearerTokenIsNotMadeGoodByACookie) {
  auto login = sessions_.LogIn(kToken, kHome, 0);
  EXPECT_EQ(TryIn(Request("GET", {{"authorization", "Bearer wrong"}, {"cookie", "ballast_session=" + login.cookie}})),
            401);
}

TEST_F(AccessTest, ASessionEndsByItselfAndBySigningOut) {
  auto login = sessions_.LogIn(kToken, kHome, 0);
  HttpRequest request = Request("GET", {{"cookie", "ballast_session=" + login.cookie}});
  EXPECT_EQ(TryIn(request, Sessions::kLifetimeNs - 1), 200);
  EXPECT_EQ(TryIn(request, Sessions::kLifetimeNs), 401);
  login = sessions_.LogIn(kToken, kHome, 0);
  request = Request("GET", {{"cookie", "ballast_session=" + login.cookie}});
  sessions_.LogOut(login.cookie);
  EXPECT_EQ(TryIn(request), 401);
}

TEST_F(AccessTest, WrongTokensAreLimitedByWhereTheyComeFrom) {
  for (int i = 0; i < AttemptLimiter::kFailuresMax; ++i) {
    EXPECT_EQ(sessions_.LogIn("wrong", "10.0.0.1", i).outcome, Sessions::Outcome::kWrongToken);
  }
  EXPECT_EQ(sessions_.LogIn("wrong", "10.0.0.1", 5).outcome, Sessions::Outcome::kTooManyFailures);
  EXPECT_EQ(sessions_.LogIn("wrong", "10.0.0.2", 5).outcome, Sessions::Outcome::kWrongToken);
  EXPECT_EQ(sessions_.LogIn("wrong", "10.0.0.1", AttemptLimiter::kWindowNs).outcome, Sessions::Outcome::kWrongToken);
}

TEST_F(AccessTest, NoNumberOfWrongTokensShutsTheRightOneOut) {
  for (int i = 0; i < 1'000; ++i) sessions_.LogIn("wrong", kHome, i);
  EXPECT_EQ(sessions_.LogIn("wrong", kHome, 1'000).outcome, Sessions::Outcome::kTooManyFailures);
  EXPECT_EQ(sessions_.LogIn(kToken, kHome, 1'000).outcome, Sessions::Outcome::kOk);
  EXPECT_EQ(TryIn(Request("POST", {{"authorization", std::string("Bearer ") + kToken}}), 1'000), 200);
}

TEST_F(AccessTest, WrongBearerTokensAreLimitedTheSameWay) {
  HttpRequest wrong = Request("GET", {{"authorization", "Bearer wrong"}});
  for (int i = 0; i < AttemptLimiter::kFailuresMax; ++i) EXPECT_EQ(TryIn(wrong, i), 401);
  EXPECT_EQ(TryIn(wrong, 9), 429);
  // Both ways count together; a session goes on.
  EXPECT_EQ(sessions_.LogIn("wrong", kHome, 9).outcome, Sessions::Outcome::kTooManyFailures);
  auto login = sessions_.LogIn(kToken, kHome, 9);
  EXPECT_EQ(TryIn(Request("GET", {{"cookie", "ballast_session=" + login.cookie}}), 10), 200);
  EXPECT_EQ(TryIn(Request("GET", {{"authorization", std::string("Bearer ") + kToken}}), 10), 200);
}

TEST(AttemptLimiterTest, KeepsFewSourcesAndSurvivesASetBackClock) {
  AttemptLimiter limiter;
  for (int i = 0; i < 3'000; ++i) EXPECT_TRUE(limiter.Admit(std::to_string(i), i));
  EXPECT_LE(limiter.sources(), AttemptLimiter::kSourcesMax);
  for (int i = 0; i < AttemptLimiter::kFailuresMax; ++i) EXPECT_TRUE(limiter.Admit("late", 3'600 * kSecond));
  EXPECT_FALSE(limiter.Admit("late", 3'600 * kSecond));
  EXPECT_TRUE(limiter.Admit("late", 0));
}

TEST_F(AccessTest, RightTokensAreNotLimited) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sessions_.LogIn(kToken, kHome, i).outcome, Sessions::Outcome::kOk);
}

TEST_F(AccessTest, TheOldestSessionGoesWhenThereAreTooMany) {
  auto first = sessions_.LogIn(kToken, kHome, 0);
  for (int i = 1; i <= 1000; ++i) sessions_.LogIn(kToken, kHome, i);
  EXPECT_FALSE(sessions_.CsrfOf(first.cookie, 1000));
}

struct OriginCase {
  const char* host;
  const char* origin;
  int status;
};

TEST(OriginTest, OnlyTheSameOriginMayChangeAnything) {
  const OriginCase kCases[] = {
      {"127.0.0.1:8080", "", 200},
      {"127.0.0.1:8080", "http://127.0.0.1:8080", 200},
      {"localhost:8080", "http://LOCALHOST:8080", 200},
      {"[::1]:8080", "http://[::1]:8080", 200},
      {"127.0.0.1:8080", "http://127.0.0.1:9090", 403},
      {"127.0.0.1:8080", "http://evil.example", 403},
      {"127.0.0.1:8080", "null", 403},
      {"127.0.0.1:8080", "127.0.0.1:8080", 403},
      {"desk.example", "https://desk.example", 200},
      {"desk.example", "https://evil.example", 403},
  };
  for (const OriginCase& c : kCases) {
    HttpRequest request{.method = "POST"};
    request.headers.emplace_back("host", c.host);
    if (*c.origin) request.headers.emplace_back("origin", c.origin);
    EXPECT_EQ(StatusOf(CheckOrigin(request)), c.status) << c.host << " " << c.origin;
  }
}

struct HostCase {
  std::vector<std::string> hosts;
  bool allow_remote;
  int status;
};

TEST(HostTest, OnlyOwnNamesAreAnsweredTo) {
  const HostCase kCases[] = {
      {{"127.0.0.1:8080"}, false, 200},
      {{"127.9.9.9"}, false, 200},
      {{"LocalHost:1"}, false, 200},
      {{"[::1]:8080"}, false, 200},
      {{"desk.example"}, false, 200},
      {{"DESK.example:443"}, false, 200},
      // A page whose name was made to point here.
      {{"evil.example:8080"}, false, 403},
      {{"evil.example"}, true, 403},
      {{"desk.example.evil.example"}, false, 403},
      {{"notdesk.example"}, false, 403},
      {{"127.0.0.1.evil.example"}, true, 403},
      {{"localhost.evil.example"}, true, 403},
      {{"10.0.0.1"}, false, 403},
      {{"10.0.0.1:8080"}, true, 200},
      {{"[2001:db8::1]:8080"}, true, 200},
      {{"[2001:db8::1]"}, false, 403},
      {{}, true, 400},
      {{""}, true, 400},
      {{"127.0.0.1", "evil.example"}, false, 400},
  };
  for (const HostCase& c : kCases) {
    for (const char* method : {"GET", "HEAD", "POST", "OPTIONS"}) {
      HttpRequest request{.method = method};
      for (const std::string& host : c.hosts) request.headers.emplace_back("host", host);
      EXPECT_EQ(StatusOf(CheckHost(request, {.allow_remote = c.allow_remote, .names = {"desk.example"}})), c.status)
          << (c.hosts.empty() ? "" : c.hosts.front()) << " " << c.allow_remote;
    }
  }
}

}  // namespace
}  // namespace ballast
