#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <grpcpp/client_context.h>

#include "libs/platform/http/http.h"
#include "services/api_gateway/access.h"
#include "services/api_gateway/errors.h"
#include "services/api_gateway/gateway.h"
#include "services/api_gateway/json.h"

namespace ballast {

// How many calls are under way; the end of the process waits for them.
class CallCounter {
 public:
  void Enter() EXCLUDES(mutex_);
  void Leave() EXCLUDES(mutex_);
  // False when there are still some after the time.
  bool WaitForNone(std::int64_t timeout_ns) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  CondVar none_;
  int under_way_ GUARDED_BY(mutex_) = 0;
};

// One REST call on its way: what was asked, by whom, and the way to answer. Handlers keep it by shared_ptr until they
// have answered; they run on the server's threads and never block.
class ApiCall : public std::enable_shared_from_this<ApiCall> {
 public:
  static constexpr std::int64_t kDeadlineMs = 5'000;

  ApiCall(Gateway& gateway, CallCounter& counter, HttpRequest request, HttpResponder responder, std::string request_id);
  ~ApiCall();

  Gateway& gateway;
  const HttpRequest request;
  std::map<std::string, std::string> params;
  Access access;
  // Parsed body; an empty object when there was none.
  Json body = Json::object();
  // What follows an answer may be written to the disk, and is kept off gRPC's threads. From its route.
  bool records = false;
  // Of this HTTP request, in every error and in the log.
  const std::string request_id;
  // The caller's idempotency key, from the header or the body; empty when there is none.
  std::string key;

  [[nodiscard]] const std::string& Param(const std::string& name) const { return params.at(name); }
  [[nodiscard]] std::string Query(std::string_view name) const { return std::string(request.Query(name)); }
  // account_id of the query; the default account when absent.
  [[nodiscard]] std::string AccountOfQuery() const;
  [[nodiscard]] std::string AccountOr(const std::string& account_id) const;
  // The caller's key, or a new one.
  [[nodiscard]] std::string KeyOrNew() const;

  // The body into a request message, its request_id into `key`'s place. False: answered 400.
  bool ReadBody(google::protobuf::Message* message);
  // A whole number of the query into *value, when it is there. False: answered 400.
  bool ReadNumber(std::string_view name, int* value);
  // "true" or "false" of the query into *value, when it is there. False: answered 400.
  bool ReadFlag(std::string_view name, bool* value);
  // Text and flags of a body that is no message; anything else in it is refused. False: answered 400.
  bool ReadFields(std::initializer_list<std::pair<const char*, std::string*>> texts,
                  std::initializer_list<std::pair<const char*, bool*>> flags = {});

  void Answer(int status, const Json& json, HttpHeaders headers = {});
  void Answer(int status, const google::protobuf::Message& message);
  void AnswerFile(HttpResponse file) { responder_.Send(std::move(file)); }
  void Fail(const ApiError& error, HttpHeaders headers = {});
  // The error shape with more beside it.
  void FailWith(const ApiError& error, const Json& more);

  // Asks a service and goes on in `done`: on a thread of gRPC, which never waits for the disk, or where the call
  // records, on one of Gateway::continuations.
  template <typename ServiceType, typename Async, typename Request, typename Response>
  void Ask(const Peer<ServiceType>& peer,
           void (Async::*method)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>),
           const std::type_identity_t<Request>& message,
           std::type_identity_t<std::function<void(const grpc::Status&, Response&)>> done,
           std::int64_t deadline_ms = kDeadlineMs) {
    struct State {
      grpc::ClientContext context;
      Request message;
      Response response;
      std::function<void(const grpc::Status&, Response&)> done;
    };
    auto state = std::make_shared<State>();
    state->message = message;
    state->done = std::move(done);
    state->context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(deadline_ms));
    auto call = shared_from_this();  // stays until the answer is there
    (peer.stub->async()->*method)(&state->context, &state->message, &state->response,
                                  [state, call](const grpc::Status& status) {
                                    auto go_on = [state, call, status] {
                                      state->done(status, state->response);
                                      state->done = nullptr;
                                    };
                                    if (call->records)
                                      call->gateway.continuations.Run(go_on);
                                    else
                                      go_on();
                                  });
  }

  // The same for the common case: a failure is answered as such, `on_ok` answers the rest (none: 200 with the
  // response).
  template <typename ServiceType, typename Async, typename Request, typename Response>
  void Forward(const Peer<ServiceType>& peer,
               void (Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                     std::function<void(grpc::Status)>),
               const std::type_identity_t<Request>& message,
               std::type_identity_t<std::function<void(Response&)>> on_ok = nullptr,
               std::int64_t deadline_ms = kDeadlineMs) {
    Ask(
        peer, method, message,
        [this, name = peer.name, on_ok = std::move(on_ok)](const grpc::Status& status, Response& response) {
          if (!status.ok())
            Fail(ErrorOf(status, name));
          else if (on_ok)
            on_ok(response);
          else
            Answer(200, response);
        },
        deadline_ms);
  }

  // Before another service is asked to do something: on the disk before it is done. The next Audit takes its place; if
  // the process ends before, the record says that the outcome is not known.
  void AuditIntent(const std::string& action, const std::string& subject, Json detail,
                   const std::string& account_id = "");
  // Records that the caller did something.
  void Audit(const std::string& action, const std::string& subject, Json detail, const std::string& account_id = "");

 private:
  CallCounter& counter_;
  HttpResponder responder_;
  const std::int64_t started_ns_;
  // Of the trail; 0: none.
  std::int64_t audit_intent_ = 0;
};

using CallPtr = std::shared_ptr<ApiCall>;

struct Route {
  const char* method;
  const char* pattern;
  void (*handle)(const CallPtr&);
  // What is done with it is recorded here: false of what is only asked, and of orders, whose services record them.
  bool records = std::string_view(method) != "GET";
};

// A key of the service's alphabet.
std::string NewKey(const char* prefix);
// A key for one step of a call that has several: the same for the same call.
std::string StepKey(const std::string& key, const std::string& step);

}  // namespace ballast
