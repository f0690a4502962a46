#include "libs/base/absl_std.h"
#include "services/api_gateway/api.h"
#include "services/api_gateway/openapi.h"

namespace ballast {
namespace {

constexpr char kCookie[] = "ballast_session=";
constexpr char kCookieRules[] = "; HttpOnly; SameSite=Strict; Path=/; Max-Age=";

void SignIn(const CallPtr& call) {
  std::string token;
  if (!call->ReadFields({{"token", &token}})) return;
  Sessions::Login login = call->gateway.sessions.LogIn(token, call->request.remote, call->gateway.clock.Now().nanos);
  switch (login.outcome) {
    case Sessions::Outcome::kTooManyFailures:
      // Each one counted was recorded; these would only fill the log.
      return call->Fail(TooManyWrongTokens());
    case Sessions::Outcome::kWrongToken:
      call->access.actor = "user:unknown";
      call->Audit("login.failed", "session", {{"source", call->request.remote}});
      return call->Fail(MakeError(401, "the token is not right", RejectReason::kUnauthenticated));
    case Sessions::Outcome::kOk:
      break;
  }
  if (!login.kept.ok()) call->gateway.log.Warning("session.not_kept", {{"error", MessageOf(login.kept)}});
  call->access.actor = "user:dashboard";
  call->Audit("login.succeeded", "session", {{"source", call->request.remote}});
  std::string age = std::to_string(Sessions::kLifetimeNs / 1'000'000'000);
  call->Answer(200, Json{{"csrf_token", login.csrf}, {"actor", call->access.actor}},
               {{"Set-Cookie", kCookie + login.cookie + kCookieRules + age}});
}

void ShowSession(const CallPtr& call) {
  call->Answer(200, Json{{"csrf_token", call->access.csrf}, {"actor", call->access.actor}});
}

void SignOut(const CallPtr& call) {
  bool stays_out = call->gateway.sessions.LogOut(call->access.cookie);
  call->Audit("login.ended", "session", {{"source", call->request.remote}});
  if (!stays_out) {
    return call->Fail(MakeError(
        503, "signed out, but that cannot be stored: after a restart of the gateway the session would be back"));
  }
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
