#include "services/api_gateway/api.h"

#include <algorithm>
#include <cctype>

#include "libs/platform/grpc/fields.h"
#include "services/api_gateway/openapi.h"
#include "services/api_gateway/routes_backtests.h"
#include "services/api_gateway/routes_data.h"

namespace ballast {
namespace {

using OrderAsync = order::v1::OrderService::StubInterface::async_interface;

// Adds the headers on the way out, whoever answers.
class SecuredSink : public HttpResponder::Sink {
 public:
  explicit SecuredSink(HttpResponder next) : next_(std::move(next)) {}
  void Answer(HttpResponse response) override { next_.Send(WithSecurityHeaders(std::move(response))); }

 private:
  HttpResponder next_;
};

HttpResponse JsonPage(const ApiError& error, const std::string& request_id) {
  HttpHeaders headers = {{"Content-Type", "application/json"}, {"X-Request-Id", request_id}};
  if (error.http == 401) headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.http == 429) headers.emplace_back("Retry-After", "10");
  return WithSecurityHeaders(
      {.status = error.http,
       .headers = std::move(headers),
       .body = ErrorJson(error, request_id).dump(-1, ' ', false, Json::error_handler_t::replace)});
}

bool IsJson(std::string_view content_type) {
  std::string type(content_type.substr(0, std::min(content_type.find(';'), content_type.size())));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type == "application/json";
}

}  // namespace

HttpResponse WithSecurityHeaders(HttpResponse response) {
  static const HttpHeaders kHeaders = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
       "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Frame-Options", "DENY"},
      {"Cross-Origin-Resource-Policy", "same-origin"}};
  for (const auto& header : kHeaders) response.headers.push_back(header);
  bool cached = std::any_of(response.headers.begin(), response.headers.end(),
                            [](const auto& header) { return header.first == "Cache-Control"; });
  if (!cached) response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

std::vector<Route> AllRoutes() {
  std::vector<Route> routes;
  for (const auto& area :
       {SessionRoutes(), MarketRoutes(), OrderRoutes(), PositionRoutes(), RiskRoutes(), TradingRoutes(), RuleRoutes(),
        AlgoRoutes(), BacktestRoutes(), DayEndRoutes(), GraduationRoutes(), DataRoutes(), AlertAuditRoutes()}) {
    routes.insert(routes.end(), area.begin(), area.end());
  }
  return routes;
}

Api::Api(Gateway& gateway) : gateway_(gateway), routes_(AllRoutes()) {
  for (std::size_t i = 0; i < routes_.size(); ++i)
    router_.Add(routes_[i].method, routes_[i].pattern, static_cast<int>(i));
}

HttpResponse Api::ErrorPage(int status, const std::string& message) {
  return JsonPage(MakeError(status, message, status < 500 ? RejectReason::kMalformed : RejectReason::kUnspecified),
                  NewKey("r"));
}

void Api::Handle(HttpRequest request, HttpResponder responder) {
  auto call =
      std::make_shared<ApiCall>(gateway_, counter_, std::move(request),
                                HttpResponder(std::make_shared<SecuredSink>(std::move(responder))), NewKey("r"));
  const HttpRequest& asked = call->request;
  if (auto refused = CheckHost(asked, gateway_.hosts)) return call->Fail(*refused);
  bool reads = asked.method == "GET" || asked.method == "HEAD";
  const std::string& first = asked.segments.front();
  bool probe = asked.segments.size() == 1 && (first == "healthz" || first == "readyz");
  if (first == "api") return HandleApi(call);
  if (!reads) return call->Fail(MakeError(405, asked.method + " is not possible here"), {{"Allow", "GET, HEAD"}});
  if (probe) {
    bool ready = first == "healthz" || gateway_.ready();
    if (ready) return call->Answer(200, Json{{"status", "ok"}});
    return call->Fail(MakeError(503, "order management does not serve"));
  }
  HttpResponse file = gateway_.files.Serve(asked);
  if (file.status == 404) return call->Fail(MakeError(404, "there is no " + std::string(asked.RawPath())));
  call->AnswerFile(std::move(file));
}

void Api::HandleApi(const CallPtr& call) {
  const HttpRequest& asked = call->request;
  if (IsMutation(asked.method)) {
    if (auto refused = CheckOrigin(asked)) return call->Fail(*refused);
  }
  Router::Match match = router_.Find(asked.method == "HEAD" ? "GET" : asked.method, asked.segments);
  std::string_view pattern = match.route >= 0 ? routes_[match.route].pattern : "";
  bool open = (asked.method == "POST" && pattern == "/api/session") || pattern == kOpenApiPath;
  if (!open) {
    if (auto refused = Authenticate(asked, gateway_.sessions, gateway_.clock.Now().nanos, &call->access)) {
      return call->Fail(*refused);
    }
    if (auto refused = CheckCsrf(asked, call->access)) return call->Fail(*refused);
  }
  if (match.route < 0 && match.allowed.empty()) {
    return call->Fail(MakeError(404, "there is no " + std::string(asked.RawPath())));
  }
  if (match.route < 0) {
    std::string allowed;
    for (const std::string& method : match.allowed) allowed += (allowed.empty() ? "" : ", ") + method;
    return call->Fail(MakeError(405, asked.method + " is not possible here, but " + allowed), {{"Allow", allowed}});
  }
  call->params = std::move(match.params);
  call->records = routes_[match.route].records;
  if (!ReadBody(call)) return;
  WithKnownAccount(call, routes_[match.route].handle);
}

void Api::WithKnownAccount(const CallPtr& call, void (*next)(const CallPtr&)) {
  auto named = std::count_if(call->request.query.begin(), call->request.query.end(),
                             [](const auto& field) { return field.first == "account_id"; });
  std::string account = call->Query("account_id");
  FieldCheck check;
  if (named > 1) check.Refuse("account_id", RejectReason::kBadIdentifier, "one account is expected");
  if (!check.OptionalId("account_id", account).ok()) return call->Fail(BadFields(check.errors()));
  if (account.empty() || gateway_.knows_account(account)) return next(call);
  // A new one, or none at all: only order management can tell, and no service's empty list is taken for an answer.
  call->Forward(call->gateway.peers.orders, &OrderAsync::ListAccounts, order::v1::ListAccountsRequest(),
                [call, account, next](order::v1::ListAccountsResponse& response) {
                  for (const order::v1::Account& each : response.accounts()) {
                    if (each.account_id() == account) return next(call);
                  }
                  ApiError error = BadFields({{.field = "account_id",
                                               .reason = RejectReason::kUnknownAccount,
                                               .message = "there is no account " + account}});
                  error.http = 404;
                  error.status = "NOT_FOUND";
                  call->Fail(error);
                });
}

bool Api::ReadBody(const CallPtr& call) {
  const HttpRequest& asked = call->request;
  bool takes_body = asked.method == "POST" || asked.method == "PUT";
  if (takes_body && !asked.body.empty()) {
    if (!IsJson(asked.Header("content-type"))) {
      call->Fail(MakeError(415, "the body must be application/json", RejectReason::kUnsupported));
      return false;
    }
    std::vector<FieldError> errors;
    call->body = ParseObject(asked.body, errors);
    if (!errors.empty()) {
      call->Fail(BadFields(std::move(errors)));
      return false;
    }
  }
  call->key = std::string(asked.Header("idempotency-key"));
  if (auto given = call->body.find("request_id"); given != call->body.end() && given->is_string()) {
    const auto& text = given->get_ref<const std::string&>();
    if (!call->key.empty() && !text.empty() && text != call->key) {
      call->Fail(BadFields({{.field = "request_id",
                             .reason = RejectReason::kBadIdentifier,
                             .message = "the body and the Idempotency-Key header name different keys"}}));
      return false;
    }
    if (call->key.empty()) call->key = text;
  }
  FieldCheck check;
  if (!check.OptionalId("request_id", call->key).ok()) {
    call->Fail(BadFields(check.errors()));
    return false;
  }
  return true;
}

std::optional<HttpResponse> Api::RefuseUpgrade(const HttpRequest& request) {
  std::string request_id = NewKey("r");
  if (auto refused = CheckHost(request, gateway_.hosts)) return JsonPage(*refused, request_id);
  if (auto refused = CheckOrigin(request)) return JsonPage(*refused, request_id);
  Access access;
  if (auto refused = Authenticate(request, gateway_.sessions, gateway_.clock.Now().nanos, &access)) {
    return JsonPage(*refused, request_id);
  }
  if (request.method != "GET" || request.RawPath() != "/api/stream") {
    return JsonPage(MakeError(404, "there is no WebSocket at " + std::string(request.RawPath())), request_id);
  }
  return std::nullopt;
}

}  // namespace ballast
