#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/platform/grpc/status.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// Questions over gRPC's callbacks, with a deadline: no thread waits, answers come on gRPC's threads. Any thread may
// ask.
class Asker {
 public:
  explicit Asker(std::int64_t deadline_ns) : deadline_ns_(deadline_ns) {}
  ~Asker() { Stop(); }

  // `method` of a stub's async(); `answer` gets the response, or why there is none.
  template <typename Async, typename Method, typename Request, typename Response>
  void Ask(Async* async, Method method, Request request, std::function<void(absl::StatusOr<Response>)> answer)
      EXCLUDES(mutex_) {
    struct Call {
      grpc::ClientContext context;
      Request request;
      Response response;
      std::function<void(absl::StatusOr<Response>)> answer;
    };
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->answer = std::move(answer);
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(deadline_ns_));
    if (!Begin(&call->context)) {
      call->answer(absl::CancelledError("the strategy runner is stopping"));
      return;
    }
    (async->*method)(&call->context, &call->request, &call->response, [this, call](grpc::Status status) {
      if (status.ok())
        call->answer(std::move(call->response));
      else
        call->answer(FromGrpc(status));
      End(&call->context);
    });
  }
  // Ends what is asked and refuses what comes; every answer has been given when it returns. Not from an answer.
  void Stop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (grpc::ClientContext* context : asked_) context->TryCancel();
    while (!asked_.empty()) ended_.WaitFor(mutex_, 1'000'000'000);
  }

 private:
  // False: it is ending.
  bool Begin(grpc::ClientContext* context) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!stopping_) asked_.insert(context);
    return !stopping_;
  }
  void End(grpc::ClientContext* context) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    asked_.erase(context);
    // Under the lock: who waits may destroy this as soon as it is released.
    if (asked_.empty()) ended_.NotifyAll();
  }

  const std::int64_t deadline_ns_;
  Mutex mutex_;
  CondVar ended_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> asked_ GUARDED_BY(mutex_);
};

// A stub's asynchronous method of that request and response, among its overloads.
#define BALLAST_ASYNC(SERVICE, METHOD, REQUEST, RESPONSE)                                                        \
  static_cast<void (SERVICE::StubInterface::async_interface::*)(grpc::ClientContext*, const REQUEST*, RESPONSE*, \
                                                                std::function<void(grpc::Status)>)>(             \
      &SERVICE::StubInterface::async_interface::METHOD)

}  // namespace ballast
