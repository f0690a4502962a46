#pragma once

#include <vector>

#include "libs/platform/http/router.h"
#include "services/api_gateway/api_call.h"
#include "services/api_gateway/gateway.h"

namespace ballast {

// One table of routes per area.
std::vector<Route> SessionRoutes();
std::vector<Route> MarketRoutes();
std::vector<Route> OrderRoutes();
std::vector<Route> PositionRoutes();
std::vector<Route> RiskRoutes();
std::vector<Route> TradingRoutes();
std::vector<Route> RuleRoutes();
std::vector<Route> AlgoRoutes();
std::vector<Route> DayEndRoutes();
std::vector<Route> GraduationRoutes();
std::vector<Route> AlertAuditRoutes();
// All of them.
std::vector<Route> AllRoutes();

// From an HTTP request to its handler: Host, probes, files, origin, login, CSRF, route, content type, body, account. In
// that order.
class Api {
 public:
  explicit Api(Gateway& gateway);
  // On the server's threads.
  void Handle(HttpRequest request, HttpResponder responder);
  // The checks a WebSocket has to pass; nothing when it may come in.
  std::optional<HttpResponse> RefuseUpgrade(const HttpRequest& request);
  // For what the server itself refuses.
  static HttpResponse ErrorPage(int status, const std::string& message);
  // Waits until every call under way has been answered; false after the time.
  bool WaitForCalls(std::int64_t timeout_ns) { return counter_.WaitForNone(timeout_ns); }

 private:
  void HandleApi(const CallPtr& call);
  bool ReadBody(const CallPtr& call);
  // 404 for an account_id of the query that no account has: the same words whichever service would have been asked.
  void WithKnownAccount(const CallPtr& call, void (*next)(const CallPtr&));

  Gateway& gateway_;
  CallCounter counter_;
  Router router_;
  std::vector<Route> routes_;
};

// What every answer carries.
HttpResponse WithSecurityHeaders(HttpResponse response);

}  // namespace ballast
