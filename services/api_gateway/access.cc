#include "services/api_gateway/access.h"

#include <strings.h>

#include <algorithm>

#include "libs/platform/crypto/crypto.h"
#include "libs/platform/http/url.h"

namespace ballast {
namespace {

constexpr char kCookieName[] = "ballast_session";
constexpr std::size_t kSecretBytes = 32;
constexpr std::int64_t kClockSlackNs = 300'000'000'000;

bool SameText(std::string_view left, std::string_view right) {
  return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

ApiError Unauthenticated(const char* message) { return MakeError(401, message, RejectReason::kUnauthenticated); }
ApiError Forbidden(const char* message) { return MakeError(403, message, RejectReason::kPermissionDenied); }

// Made from the cookie, which the page's scripts cannot read: nothing more has to be kept for it.
std::string CsrfFor(std::string_view cookie) { return Sha256Hex("csrf|" + std::string(cookie)); }

}  // namespace

std::string Sessions::DigestOf(std::string_view cookie) const {
  return Sha256Hex(token_.Reveal() + "|" + std::string(cookie));
}

absl::Status Sessions::Store() {
  if (!keep_) return absl::OkStatus();
  absl::Status kept = keep_(sessions_);
  if (kept.ok()) stored_ = sessions_;
  return kept;
}

Sessions::Login Sessions::LogIn(std::string_view token, const std::string& source, std::int64_t now_ns) {
  if (Outcome outcome = CheckToken(token, source, now_ns); outcome != Outcome::kOk) return {.outcome = outcome};
  MutexLock lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second <= now_ns; });
  if (sessions_.size() >= kSessionsMax) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(),
                                     [](const auto& left, const auto& right) { return left.second < right.second; }));
  }
  Login login{.outcome = Outcome::kOk, .cookie = RandomToken(kSecretBytes), .csrf = "", .kept = absl::OkStatus()};
  login.csrf = CsrfFor(login.cookie);
  sessions_[DigestOf(login.cookie)] = now_ns + kLifetimeNs;
  login.kept = Store();
  return login;
}

bool Sessions::LogOut(std::string_view cookie) {
  std::string digest = DigestOf(cookie);
  MutexLock lock(mutex_);
  if (sessions_.erase(digest) == 0 && !stored_.contains(digest)) return true;
  return Store().ok() || !stored_.contains(digest);
}

bool Sessions::TokenFits(std::string_view token) const {
  // Digests have one length, so that not even the token's length can be measured.
  return !token_.empty() && ConstantTimeEquals(Sha256Hex(token), Sha256Hex(token_.Reveal()));
}

Sessions::Outcome Sessions::CheckToken(std::string_view token, const std::string& source, std::int64_t now_ns) {
  if (TokenFits(token)) return Outcome::kOk;
  if (token.empty()) return Outcome::kWrongToken;  // nothing was guessed
  MutexLock lock(mutex_);
  return limiter_.Admit(source, now_ns) ? Outcome::kWrongToken : Outcome::kTooManyFailures;
}

std::optional<std::string> Sessions::CsrfOf(std::string_view cookie, std::int64_t now_ns) {
  if (cookie.empty()) return std::nullopt;
  std::string digest = DigestOf(cookie);
  MutexLock lock(mutex_);
  auto found = sessions_.find(digest);
  if (found == sessions_.end()) return std::nullopt;
  if (found->second <= now_ns) {
    sessions_.erase(found);
    return std::nullopt;
  }
  // A clock set far back must not make it longer than it was.
  if (found->second - now_ns > kLifetimeNs + kClockSlackNs) return std::nullopt;
  return CsrfFor(cookie);
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
    switch (sessions.CheckToken(header.substr(kBearer.size()), request.remote, now_ns)) {
      case Sessions::Outcome::kOk:
        access->actor = "user:api";
        return std::nullopt;
      case Sessions::Outcome::kWrongToken:
        return Unauthenticated("the token is not right");
      case Sessions::Outcome::kTooManyFailures:
        return TooManyWrongTokens();
    }
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

ApiError TooManyWrongTokens() {
  return MakeError(429, "too many wrong tokens from this address; the right one is taken at any time",
                   RejectReason::kUnauthenticated);
}

std::optional<ApiError> CheckHost(const HttpRequest& request, const HostPolicy& policy) {
  auto hosts = std::count_if(request.headers.begin(), request.headers.end(),
                             [](const auto& header) { return header.first == "host"; });
  if (hosts != 1 || request.Header("host").empty()) {
    return MakeError(400, hosts > 1 ? "the request has more than one Host" : "the request has no Host",
                     RejectReason::kMalformed);
  }
  std::string name = SplitHostPort(request.Header("host")).first;
  if (IsLoopbackHost(name) || (policy.allow_remote && IsAddress(name))) return std::nullopt;
  for (const std::string& known : policy.names) {
    if (!name.empty() && SameText(name, known)) return std::nullopt;
  }
  return Forbidden("Host is not a name of this gateway (api_gateway.allowed_hosts)");
}

std::optional<ApiError> CheckOrigin(const HttpRequest& request) {
  std::string_view origin = request.Header("origin");
  if (origin.empty()) return std::nullopt;
  std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos || !SameText(origin.substr(scheme + 3), request.Header("host"))) {
    return Forbidden("the request comes from another site: Origin is not Host");
  }
  return std::nullopt;
}

}  // namespace ballast
