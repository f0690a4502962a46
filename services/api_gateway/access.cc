#include "services/api_gateway/access.h"

#include <strings.h>

#include <algorithm>

#include "libs/platform/crypto/crypto.h"
#include "libs/platform/http/url.h"

namespace ballast {
namespace {

constexpr char kCookieName[] = "ballast_session";
constexpr std::size_t kSecretBytes = 32;

bool SameText(std::string_view left, std::string_view right) {
  return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

ApiError Unauthenticated(const char* message) { return MakeError(401, message, RejectReason::kUnauthenticated); }
ApiError Forbidden(const char* message) { return MakeError(403, message, RejectReason::kPermissionDenied); }

}  // namespace

Sessions::Login Sessions::LogIn(std::string_view token, std::int64_t now_ns) {
  MutexLock lock(mutex_);
  while (!failures_.empty() && now_ns - failures_.front() >= kFailureWindowNs) failures_.pop_front();
  if (failures_.size() >= static_cast<std::size_t>(kFailuresMax)) return {.outcome = Outcome::kTooManyFailures};
  if (!TokenFits(token)) {
    failures_.push_back(now_ns);
    return {.outcome = Outcome::kWrongToken};
  }
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.ends_ns <= now_ns; });
  if (sessions_.size() >= kSessionsMax) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(), [](const auto& left, const auto& right) {
      return left.second.ends_ns < right.second.ends_ns;
    }));
  }
  Login login{.outcome = Outcome::kOk, .cookie = RandomToken(kSecretBytes), .csrf = RandomToken(kSecretBytes)};
  sessions_[Sha256Hex(login.cookie)] = {.csrf = login.csrf, .ends_ns = now_ns + kLifetimeNs};
  return login;
}

void Sessions::LogOut(std::string_view cookie) {
  MutexLock lock(mutex_);
  sessions_.erase(Sha256Hex(cookie));
}

bool Sessions::TokenFits(std::string_view token) const {
  // Digests have one length, so that not even the token's length can be measured.
  return !token_.empty() && ConstantTimeEquals(Sha256Hex(token), Sha256Hex(token_.Reveal()));
}

std::optional<std::string> Sessions::CsrfOf(std::string_view cookie, std::int64_t now_ns) {
  if (cookie.empty()) return std::nullopt;
  MutexLock lock(mutex_);
  auto found = sessions_.find(Sha256Hex(cookie));
  if (found == sessions_.end()) return std::nullopt;
  if (found->second.ends_ns <= now_ns) {
    sessions_.erase(found);
    return std::nullopt;
  }
  return found->second.csrf;
}

bool IsMutation(std::string_view method) { return method != "GET" && method != "HEAD"; }

std::string CookieOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (header != "cookie") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view item = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
      std::size_t equals = item.find('=');
      if (equals != std::string_view::npos && item.substr(0, equals) == name)
        return std::string(item.substr(equals + 1));
    }
  }
  return "";
}

std::string SessionCookieOf(const HttpRequest& request) {
  return request.Header("authorization").empty() ? CookieOf(request, kCookieName) : "";
}

std::optional<ApiError> Authenticate(const HttpRequest& request, Sessions& sessions, std::int64_t now_ns,
                                     Access* access) {
  if (std::string_view header = request.Header("authorization"); !header.empty()) {
    constexpr std::string_view kBearer = "Bearer ";
    if (header.size() <= kBearer.size() || !SameText(header.substr(0, kBearer.size()), kBearer)) {
      return Unauthenticated("Authorization must be \"Bearer <token>\"");
    }
    if (!sessions.TokenFits(header.substr(kBearer.size()))) return Unauthenticated("the token is not right");
    access->actor = "user:api";
    return std::nullopt;
  }
  std::string cookie = SessionCookieOf(request);
  std::optional<std::string> csrf = sessions.CsrfOf(cookie, now_ns);
  if (!csrf) return Unauthenticated(cookie.empty() ? "sign in first" : "the session is over; sign in again");
  *access = {.actor = "user:dashboard", .cookie = std::move(cookie), .csrf = std::move(*csrf)};
  return std::nullopt;
}

std::optional<ApiError> CheckCsrf(const HttpRequest& request, const Access& access) {
  if (access.csrf.empty() || !IsMutation(request.method)) return std::nullopt;
  if (ConstantTimeEquals(request.Header("x-ballast-csrf"), access.csrf)) return std::nullopt;
  return Forbidden("the request does not come from the page: X-Ballast-Csrf is missing or wrong");
}

std::optional<ApiError> CheckOrigin(const HttpRequest& request, bool allow_remote) {
  std::string_view host = request.Header("host");
  if (host.empty()) return MakeError(400, "the request has no Host", RejectReason::kMalformed);
  if (!allow_remote && !IsLoopbackHost(SplitHostPort(host).first)) {
    return Forbidden("this gateway only takes requests made to this machine (api_gateway.allow_remote)");
  }
  std::string_view origin = request.Header("origin");
  if (origin.empty()) return std::nullopt;
  std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos || !SameText(origin.substr(scheme + 3), host)) {
    return Forbidden("the request comes from another site: Origin is not Host");
  }
  return std::nullopt;
}

}  // namespace ballast
