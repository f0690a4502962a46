#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/secret.h"
#include "libs/platform/http/http.h"
#include "libs/platform/thread/mutex.h"
#include "services/api_gateway/attempt_limiter.h"
#include "services/api_gateway/errors.h"
#include "services/api_gateway/session_file.h"

namespace ballast {

// Who may come in: one token, and sessions of browsers that showed it. Sessions outlive the process by what `keep` is
// given: digests that nobody can sign in with, and that fit no other token. Any thread; times are nanoseconds since
// 1970.
class Sessions {
 public:
  static constexpr std::int64_t kLifetimeNs = 12LL * 3600 * 1'000'000'000;
  // Stores all there are; called with the lock held, at each login and sign-out.
  using Keep = std::function<absl::Status(const SessionTable&)>;

  enum class Outcome { kOk, kWrongToken, kTooManyFailures };
  struct Login {
    Outcome outcome = Outcome::kWrongToken;
    std::string cookie;
    std::string csrf;
    // Why it will not outlive the process.
    absl::Status kept;
  };

  explicit Sessions(Secret token, SessionTable kept = {}, Keep keep = nullptr)
      : token_(std::move(token)), keep_(std::move(keep)), sessions_(kept), stored_(std::move(kept)) {}

  // The right token is looked at before anything is counted: no number of wrong ones shuts it out.
  Login LogIn(std::string_view token, const std::string& source, std::int64_t now_ns) EXCLUDES(mutex_);
  // False when it is over now but would be back after a restart.
  bool LogOut(std::string_view cookie) EXCLUDES(mutex_);
  [[nodiscard]] bool TokenFits(std::string_view token) const;
  // kOk, or what a wrong token from there deserves.
  Outcome CheckToken(std::string_view token, const std::string& source, std::int64_t now_ns) EXCLUDES(mutex_);
  // The session's CSRF token; nothing when there is no such session or it is over.
  [[nodiscard]] std::optional<std::string> CsrfOf(std::string_view cookie, std::int64_t now_ns) EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kSessionsMax = 1000;
  // By it a look-up says nothing about the cookie by its time, and another token has other digests.
  [[nodiscard]] std::string DigestOf(std::string_view cookie) const;
  absl::Status Store() REQUIRES(mutex_);

  const Secret token_;
  const Keep keep_;
  Mutex mutex_;
  SessionTable sessions_ GUARDED_BY(mutex_);
  // As they were last kept.
  SessionTable stored_ GUARDED_BY(mutex_);
  AttemptLimiter limiter_ GUARDED_BY(mutex_);
};

// Names by which this gateway is asked for.
struct HostPolicy {
  // Others may call: by any of its addresses too.
  bool allow_remote = false;
  // Besides this machine's own names.
  std::vector<std::string> names = {};
};

struct Access {
  // "user:dashboard" for a session, "user:api" for the bearer token; empty: nobody.
  std::string actor;
  std::string cookie;
  // Of a session; empty for the bearer token, which needs none.
  std::string csrf;
};

// What an address gets for one wrong token too many: 429.
ApiError TooManyWrongTokens();
// Everything but reading.
bool IsMutation(std::string_view method);
// The value of one cookie of the request; empty when absent.
std::string CookieOf(const HttpRequest& request, std::string_view name);
// The session a request comes with; empty for a bearer token, which goes before it.
std::string SessionCookieOf(const HttpRequest& request);
// 401 (429: too many wrong ones from there) when neither a right bearer token nor a session comes with the request. A
// wrong bearer token is not made good by a cookie.
std::optional<ApiError> Authenticate(const HttpRequest& request, Sessions& sessions, std::int64_t now_ns,
                                     Access* access);
// 403 for a mutation of a session without its X-Ballast-Csrf.
std::optional<ApiError> CheckCsrf(const HttpRequest& request, const Access& access);
// 403 when Host is not a name of this gateway (a foreign page's name may resolve to this machine), 400 when there is
// none or more than one. For every request: also what is only read must not be read by such a page.
std::optional<ApiError> CheckHost(const HttpRequest& request, const HostPolicy& policy);
// 403 when Origin is sent and is not Host.
std::optional<ApiError> CheckOrigin(const HttpRequest& request);

}  // namespace ballast
