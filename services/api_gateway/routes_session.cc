#include "services/api_gateway/api.h"
#include "services/api_gateway/openapi.h"

namespace ballast {
namespace {

constexpr char kCookie[] = "ballast_session=";
constexpr char kCookieRules[] = "; HttpOnly; SameSite=Strict; Path=/; Max-Age=";

void SignIn(const CallPtr& call) {
  std::string token;
  if (!call->ReadFields({{"token", &token}})) return;
  Sessions::Login login = call->gateway.sessions.LogIn(token, call->gateway.clock.MonotonicNanos());
  switch (login.outcome) {
    case Sessions::Outcome::kTooManyFailures:
      return call->Fail(
          MakeError(429, "too many wrong tokens; try again in ten seconds", RejectReason::kUnauthenticated),
          {{"Retry-After", "10"}});
    case Sessions::Outcome::kWrongToken:
      call->access.actor = "user:unknown";
      call->Audit("login.failed", "session", {{"source", call->request.remote}});
      return call->Fail(MakeError(401, "the token is not right", RejectReason::kUnauthenticated));
    case Sessions::Outcome::kOk:
      break;
  }
  call->access.actor = "user:dashboard";
  call->Audit("login.succeeded", "session", {{"source", call->request.remote}});
  std::string age = std::to_string(Sessions::kLifetimeNs / 1'000'000'000);
  call->Answer(200, Json{{"csrf_token", login.csrf}}, {{"Set-Cookie", kCookie + login.cookie + kCookieRules + age}});
}

void ShowSession(const CallPtr& call) { call->Answer(200, Json{{"csrf_token", call->access.csrf}}); }

void SignOut(const CallPtr& call) {
  call->gateway.sessions.LogOut(call->access.cookie);
  call->Audit("login.ended", "session", {{"source", call->request.remote}});
  call->Answer(200, Json::object(), {{"Set-Cookie", std::string(kCookie) + kCookieRules + "0"}});
}

void ShowOpenApi(const CallPtr& call) { call->Answer(200, OpenApi()); }

}  // namespace

std::vector<Route> SessionRoutes() {
  return {
      {"POST", "/api/session", SignIn},
      {"GET", "/api/session", ShowSession},
      {"DELETE", "/api/session", SignOut},
      {"GET", kOpenApiPath.data(), ShowOpenApi},
  };
}

}  // namespace ballast
