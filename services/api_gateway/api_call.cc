#include "services/api_gateway/api_call.h"

#include <charconv>
#include <utility>

#include "libs/platform/crypto/crypto.h"

namespace ballast {

void CallCounter::Enter() {
  MutexLock lock(mutex_);
  ++under_way_;
}

void CallCounter::Leave() {
  {
    MutexLock lock(mutex_);
    --under_way_;
  }
  none_.NotifyAll();
}

bool CallCounter::WaitForNone(std::int64_t timeout_ns) {
  constexpr std::int64_t kSliceNs = 100'000'000;
  MutexLock lock(mutex_);
  for (; under_way_ > 0 && timeout_ns > 0; timeout_ns -= kSliceNs) none_.WaitFor(mutex_, kSliceNs);
  return under_way_ == 0;
}

ApiCall::ApiCall(Gateway& shared, CallCounter& counter, HttpRequest asked, HttpResponder responder, std::string id)
    : gateway(shared),
      request(std::move(asked)),
      request_id(std::move(id)),
      counter_(counter),
      responder_(std::move(responder)),
      started_ns_(shared.clock.MonotonicNanos()) {
  counter_.Enter();
}

ApiCall::~ApiCall() { counter_.Leave(); }

std::string ApiCall::AccountOr(const std::string& account_id) const {
  return account_id.empty() ? gateway.default_account : account_id;
}
std::string ApiCall::AccountOfQuery() const { return AccountOr(Query("account_id")); }
std::string ApiCall::KeyOrNew() const { return key.empty() ? NewKey("gw") : key; }

bool ApiCall::ReadBody(google::protobuf::Message* message) {
  std::vector<FieldError> errors;
  FromJson(body, message, errors);
  if (!errors.empty()) {
    Fail(BadFields(std::move(errors)));
    return false;
  }
  const auto* field = message->GetDescriptor()->FindFieldByName("request_id");
  if (field != nullptr && !key.empty()) message->GetReflection()->SetString(message, field, key);
  return true;
}

bool ApiCall::ReadNumber(std::string_view name, int* value) {
  std::string_view text = request.Query(name);
  if (text.empty()) return true;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error == std::errc() && end == text.data() + text.size() && *value >= 0) return true;
  Fail(BadFields(
      {{.field = std::string(name), .reason = RejectReason::kMalformed, .message = "a whole number is expected"}}));
  return false;
}

bool ApiCall::ReadFlag(std::string_view name, bool* value) {
  std::string_view text = request.Query(name);
  *value = text == "true";
  if (*value || text == "false" || text.empty()) return true;
  Fail(BadFields(
      {{.field = std::string(name), .reason = RejectReason::kMalformed, .message = "true or false is expected"}}));
  return false;
}

bool ApiCall::ReadFields(std::initializer_list<std::pair<const char*, std::string*>> texts,
                         std::initializer_list<std::pair<const char*, bool*>> flags) {
  std::vector<FieldError> errors;
  for (auto it = body.begin(); it != body.end(); ++it) {
    const std::string& name = it.key();
    const Json& value = it.value();
    const char* problem = name == "request_id" ? nullptr : "there is no such field";
    for (const auto& [text_name, out] : texts) {
      if (name != text_name) continue;
      problem = value.is_string() ? nullptr : "text is expected";
      if (value.is_string()) *out = value.get<std::string>();
    }
    for (const auto& [flag_name, out] : flags) {
      if (name != flag_name) continue;
      problem = value.is_boolean() ? nullptr : "true or false is expected";
      if (value.is_boolean()) *out = value.get<bool>();
    }
    if (problem != nullptr) errors.push_back({.field = name, .reason = RejectReason::kMalformed, .message = problem});
  }
  if (errors.empty()) return true;
  Fail(BadFields(std::move(errors)));
  return false;
}

void ApiCall::Answer(int status, const Json& json, HttpHeaders headers) {
  HttpResponse response{.status = status, .headers = std::move(headers), .body = ""};
  response.headers.emplace_back("Content-Type", "application/json");
  response.headers.emplace_back("X-Request-Id", request_id);
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  gateway.metrics
      .GetSeconds("ballast_gateway_request_seconds", "From the request to its answer",
                  {{"class", std::to_string(status / 100) + "xx"}})
      .Observe(static_cast<double>(gateway.clock.MonotonicNanos() - started_ns_) / 1e9);
  responder_.Send(std::move(response));
}

void ApiCall::Answer(int status, const google::protobuf::Message& message) { Answer(status, ToJson(message)); }
void ApiCall::Fail(const ApiError& error, HttpHeaders headers) {
  if (error.http == 401) headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.http == 429) headers.emplace_back("Retry-After", "10");
  Answer(error.http, ErrorJson(error, request_id), std::move(headers));
}

void ApiCall::FailWith(const ApiError& error, const Json& more) {
  Json json = ErrorJson(error, request_id);
  for (auto it = more.begin(); it != more.end(); ++it) json[it.key()] = it.value();
  Answer(error.http, json);
}

void ApiCall::AuditIntent(const std::string& action, const std::string& subject, Json detail,
                          const std::string& account_id) {
  audit_intent_ = gateway.audit.Intend({.request_id = request_id + "." + action,
                                        .actor = access.actor,
                                        .action = action,
                                        .subject = subject,
                                        .detail = std::move(detail),
                                        .account_id = account_id});
}

void ApiCall::Audit(const std::string& action, const std::string& subject, Json detail, const std::string& account_id) {
  gateway.audit.Add({.request_id = request_id + "." + action,
                     .actor = access.actor,
                     .action = action,
                     .subject = subject,
                     .detail = std::move(detail),
                     .account_id = account_id},
                    std::exchange(audit_intent_, 0));
}

std::string NewKey(const char* prefix) { return std::string(prefix) + "-" + Sha256Hex(RandomToken(16)).substr(0, 24); }
std::string StepKey(const std::string& key, const std::string& step) {
  return "gw-" + Sha256Hex(key + "|" + step).substr(0, 32);
}

}  // namespace ballast
