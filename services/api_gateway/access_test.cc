#include "services/api_gateway/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

constexpr char kToken[] = "a-token-that-is-long";
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
  EXPECT_EQ(closed.LogIn("", 0).outcome, Sessions::Outcome::kWrongToken);
}

TEST_F(AccessTest, ASessionReadsByItsCookieAndChangesWithItsCsrfToken) {
  auto login = sessions_.LogIn(kToken, 0);
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
  auto first = sessions_.LogIn(kToken, 0);
  auto second = sessions_.LogIn(kToken, 0);
  EXPECT_NE(first.cookie, second.cookie);
  EXPECT_EQ(TryIn(Request("POST", {{"cookie", "ballast_session=" + first.cookie}, {"x-ballast-csrf", second.csrf}})),
            403);
}

TEST_F(AccessTest, AWrongBearerTokenIsNotMadeGoodByACookie) {
  auto login = sessions_.LogIn(kToken, 0);
  EXPECT_EQ(TryIn(Request("GET", {{"authorization", "Bearer wrong"}, {"cookie", "ballast_session=" + login.cookie}})),
            401);
}

TEST_F(AccessTest, ASessionEndsByItselfAndBySigningOut) {
  auto login = sessions_.LogIn(kToken, 0);
  HttpRequest request = Request("GET", {{"cookie", "ballast_session=" + login.cookie}});
  EXPECT_EQ(TryIn(request, Sessions::kLifetimeNs - 1), 200);
  EXPECT_EQ(TryIn(request, Sessions::kLifetimeNs), 401);
  login = sessions_.LogIn(kToken, 0);
  request = Request("GET", {{"cookie", "ballast_session=" + login.cookie}});
  sessions_.LogOut(login.cookie);
  EXPECT_EQ(TryIn(request), 401);
}

TEST_F(AccessTest, WrongTokensAreLimitedForEverybodyTogether) {
  for (int i = 0; i < Sessions::kFailuresMax; ++i) {
    EXPECT_EQ(sessions_.LogIn("wrong", i).outcome, Sessions::Outcome::kWrongToken);
  }
  EXPECT_EQ(sessions_.LogIn("wrong", 5).outcome, Sessions::Outcome::kTooManyFailures);
  EXPECT_EQ(sessions_.LogIn(kToken, 9 * kSecond).outcome, Sessions::Outcome::kTooManyFailures);
  EXPECT_EQ(sessions_.LogIn(kToken, Sessions::kFailureWindowNs).outcome, Sessions::Outcome::kOk);
}

TEST_F(AccessTest, RightTokensAreNotLimited) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sessions_.LogIn(kToken, i).outcome, Sessions::Outcome::kOk);
}

TEST_F(AccessTest, TheOldestSessionGoesWhenThereAreTooMany) {
  auto first = sessions_.LogIn(kToken, 0);
  for (int i = 1; i <= 1000; ++i) sessions_.LogIn(kToken, i);
  EXPECT_FALSE(sessions_.CsrfOf(first.cookie, 1000));
}

struct OriginCase {
  const char* host;
  const char* origin;
  bool allow_remote;
  int status;
};

TEST(OriginTest, OnlyTheSameOriginMayChangeAnything) {
  const OriginCase kCases[] = {
      {"127.0.0.1:8080", "", false, 200},
      {"127.0.0.1:8080", "http://127.0.0.1:8080", false, 200},
      {"localhost:8080", "http://LOCALHOST:8080", false, 200},
      {"[::1]:8080", "http://[::1]:8080", false, 200},
      {"127.0.0.1:8080", "http://127.0.0.1:9090", false, 403},
      {"127.0.0.1:8080", "http://evil.example", false, 403},
      {"127.0.0.1:8080", "null", false, 403},
      {"127.0.0.1:8080", "127.0.0.1:8080", false, 403},
      // A page whose name was made to point here.
      {"evil.example:8080", "http://evil.example:8080", false, 403},
      {"evil.example:8080", "", false, 403},
      {"desk.example", "https://desk.example", true, 200},
      {"desk.example", "https://evil.example", true, 403},
      {"", "", true, 400},
  };
  for (const OriginCase& c : kCases) {
    HttpRequest request{.method = "POST"};
    if (*c.host) request.headers.emplace_back("host", c.host);
    if (*c.origin) request.headers.emplace_back("origin", c.origin);
    EXPECT_EQ(StatusOf(CheckOrigin(request, c.allow_remote)), c.status) << c.host << " " << c.origin;
  }
}

}  // namespace
}  // namespace ballast
