#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "libs/platform/grpc/status.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// How the one thread that follows a stream learns from gRPC's threads that a message was read or that the call is over.
// At most one read is under way.
class StreamTurn {
 public:
  // gRPC's threads.
  void OnRead(bool ok) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    read_ = ok ? Read::kMessage : Read::kEnd;
    changed_.NotifyAll();
  }
  // Nothing of the stream is used by gRPC once WaitDone has returned.
  void OnDone(const grpc::Status& status) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    status_ = FromGrpc(status);
    done_ = true;
    changed_.NotifyAll();
  }

  // The follower: waits for the read that it started. False: the stream has no more.
  [[nodiscard]] bool WaitRead() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (read_ == Read::kUnderWay) changed_.Wait(mutex_);
    bool message = read_ == Read::kMessage;
    read_ = Read::kUnderWay;
    return message;
  }
  // Waits until the call is over.
  [[nodiscard]] absl::Status WaitDone() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!done_) changed_.Wait(mutex_);
    return status_;
  }

 private:
  enum class Read { kUnderWay, kMessage, kEnd };
  Mutex mutex_;
  CondVar changed_;
  Read read_ GUARDED_BY(mutex_) = Read::kUnderWay;
  bool done_ GUARDED_BY(mutex_) = false;
  absl::Status status_ GUARDED_BY(mutex_);
};

}  // namespace ballast
