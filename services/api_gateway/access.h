#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/secret.h"
#include "libs/platform/http/http.h"
#include "libs/platform/thread/mutex.h"
#include "services/api_gateway/errors.h"

namespace ballast {

// Who may come in: one token, and sessions of browsers that showed it. Sessions live in memory and end with the
// process. Any thread; times are monotonic nanoseconds.
class Sessions {
 public:
  static constexpr std::int64_t kLifetimeNs = 12LL * 3600 * 1'000'000'000;
  // Wrong tokens, all callers together.
  static constexpr int kFailuresMax = 5;
  static constexpr std::int64_t kFailureWindowNs = 10'000'000'000;

  enum class Outcome { kOk, kWrongToken, kTooManyFailures };
  struct Login {
    Outcome outcome = Outcome::kWrongToken;
    std::string cookie;
    std::string csrf;
  };

  explicit Sessions(Secret token) : token_(std::move(token)) {}

  Login LogIn(std::string_view token, std::int64_t now_ns) EXCLUDES(mutex_);
  void LogOut(std::string_view cookie) EXCLUDES(mutex_);
  [[nodiscard]] bool TokenFits(std::string_view token) const;
  // The session's CSRF token; nothing when there is no such session or it is over.
  [[nodiscard]] std::optional<std::string> CsrfOf(std::string_view cookie, std::int64_t now_ns) EXCLUDES(mutex_);

 private:
  struct Session {
    std::string csrf;
    std::int64_t ends_ns = 0;
  };
  static constexpr std::size_t kSessionsMax = 1000;

  const Secret token_;
  Mutex mutex_;
  // By the cookie's digest: a look-up then says nothing about the cookie by its time.
  std::map<std::string, Session> sessions_ GUARDED_BY(mutex_);
  std::deque<std::int64_t> failures_ GUARDED_BY(mutex_);
};

struct Access {
  // "user:dashboard" for a session, "user:api" for the bearer token; empty: nobody.
  std::string actor;
  std::string cookie;
  // Of a session; empty for the bearer token, which needs none.
  std::string csrf;
};

// Everything but reading.
bool IsMutation(std::string_view method);
// The value of one cookie of the request; empty when absent.
std::string CookieOf(const HttpRequest& request, std::string_view name);
// The session a request comes with; empty for a bearer token, which goes before it.
std::string SessionCookieOf(const HttpRequest& request);
// 401 when neither a right bearer token nor a session comes with the request. A wrong bearer token is not made good by
// a cookie.
std::optional<ApiError> Authenticate(const HttpRequest& request, Sessions& sessions, std::int64_t now_ns,
                                     Access* access);
// 403 for a mutation of a session without its X-Ballast-Csrf.
std::optional<ApiError> CheckCsrf(const HttpRequest& request, const Access& access);
// 403 when Origin is sent and is not Host, or when Host is not this machine though only this machine may call (a name
// of a foreign page that resolves to 127.0.0.1).
std::optional<ApiError> CheckOrigin(const HttpRequest& request, bool allow_remote);

}  // namespace ballast
