#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include "libs/platform/grpc/reused_message.h"
#include "libs/platform/grpc/stream_turn.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// Waits between attempts: 50 ms, doubling to 1 s, from the start again after a message that was taken: one
// that is refused each time it comes must not be asked for in a hurry.
class ReconnectPause {
 public:
  void Reset() { pause_ns_ = kFirstNs; }
  // False when asked to stop meanwhile.
  bool Wait(Mutex& mutex, CondVar& wake, const std::atomic<bool>& stopping) {
    MutexLock lock(mutex);
    if (!stopping) wake.WaitFor(mutex, pause_ns_);
    pause_ns_ = std::min(pause_ns_ * 2, kMostNs);
    return !stopping;
  }

 private:
  static constexpr std::int64_t kFirstNs = 50'000'000;
  static constexpr std::int64_t kMostNs = 1'000'000'000;
  std::int64_t pause_ns_ = kFirstNs;
};

// Follows a server stream for ever on a thread of its own: open, read to the end, pause, open again. That thread waits
// for what gRPC's own threads read. One that waited inside of gRPC would poll for the whole process there, find what is
// meant for others, and hand it on: two switches of threads for each message of everybody.
template <typename Response>
class StreamReader {
 public:
  using Reactor = grpc::ClientReadReactor<Response>;
  struct Callbacks {
    // Makes the call for the reactor; runs before each attempt, so a cursor can go into the request. What it returns
    // keeps the request, which gRPC reads once the call starts.
    std::function<std::shared_ptr<const void>(grpc::ClientContext*, Reactor*)> open;
    // The message is gone when it returns. May block: nothing is read meanwhile. False ends this connection (it is
    // opened again).
    std::function<bool(Response&)> on_message;
    std::function<void(const absl::Status&)> on_disconnected;
  };

  explicit StreamReader(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  ~StreamReader() { Stop(); }

  void Start() {
    thread_ = std::thread([this] { Loop(); });
  }
  void Stop() {
    stopping_ = true;
    {
      MutexLock lock(mutex_);
      if (call_) call_->context.TryCancel();
    }
    wake_.NotifyAll();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Call : Reactor {
    grpc::ClientContext context;
    StreamTurn turn;
    void OnReadDone(bool ok) override { turn.OnRead(ok); }
    void OnDone(const grpc::Status& status) override { turn.OnDone(status); }
  };

  void Loop() {
    ReconnectPause pause;
    ReusedMessage<Response> message;
    while (!stopping_) {
      auto call = std::make_shared<Call>();
      {
        MutexLock lock(mutex_);
        call_ = call;
      }
      if (stopping_) break;
      std::shared_ptr<const void> request = callbacks_.open(&call->context, call.get());
      // Reads are started from outside of the reactions: the call is not over before it is let go.
      call->AddHold();
      Response* response = message.Fresh();
      call->StartRead(response);
      call->StartCall();
      while (call->turn.WaitRead()) {
        if (!callbacks_.on_message(*response)) break;
        pause.Reset();
        response = message.Fresh();
        call->StartRead(response);
      }
      call->context.TryCancel();
      call->RemoveHold();
      absl::Status status = call->turn.WaitDone();
      if (callbacks_.on_disconnected) callbacks_.on_disconnected(status);
      if (!pause.Wait(mutex_, wake_, stopping_)) break;
    }
    MutexLock lock(mutex_);
    call_.reset();
  }

  Callbacks callbacks_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  CondVar wake_;
  std::shared_ptr<Call> call_ GUARDED_BY(mutex_);
  std::thread thread_;
};

// The same for a bidirectional stream. Send() hands over to the transport on its caller's thread, any.
template <typename Request, typename Response>
class BidiClient {
 public:
  using Reactor = grpc::ClientBidiReactor<Request, Response>;
  struct Callbacks {
    // Makes the call for the reactor.
    std::function<void(grpc::ClientContext*, Reactor*)> open;
    // Before the call is made; its first messages go into `send`, ahead of anything queued by Send.
    std::function<void(const std::function<void(Request)>& send)> on_open;
    // May block: nothing is read meanwhile. False ends this connection (it is opened again).
    std::function<bool(Response&)> on_message;
    std::function<void(const absl::Status&)> on_disconnected;
  };

  explicit BidiClient(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  ~BidiClient() { Stop(); }

  void Start() {
    thread_ = std::thread([this] { Loop(); });
  }
  void Stop() {
    stopping_ = true;
    Drop();
    wake_.NotifyAll();
    if (thread_.joinable()) thread_.join();
  }

  // False when there is no connection or its queue is full: the message is not sent.
  [[nodiscard]] bool Send(Request request) EXCLUDES(mutex_) {
    std::shared_ptr<Call> call;
    {
      MutexLock lock(mutex_);
      call = call_;
    }
    return call && call->Send(std::move(request));
  }

  // Ends the present connection; it is opened again.
  void Drop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (call_) call_->context.TryCancel();
  }

 private:
  static constexpr std::size_t kQueueMax = 50'000;

  class Call : public Reactor {
   public:
    grpc::ClientContext context;
    StreamTurn turn;

    void Queue(Request request) EXCLUDES(mutex_) {
      MutexLock lock(mutex_);
      queue_.push_back(std::move(request));
    }
    // From here on Send sends.
    void Open() EXCLUDES(mutex_) {
      bool more = false;
      {
        MutexLock lock(mutex_);
        open_ = true;
        more = TakeNext();
      }
      if (more) this->StartWrite(&current_, options_);
    }
    bool Send(Request request) EXCLUDES(mutex_) {
      bool more = false;
      {
        MutexLock lock(mutex_);
        if (!open_ || queue_.size() >= kQueueMax) return false;
        queue_.push_back(std::move(request));
        if (!writing_) more = TakeNext();
      }
      if (more) this->StartWrite(&current_, options_);
      return true;
    }
    // Nothing is sent from here on, and nothing is under way when it returns.
    void Close() EXCLUDES(mutex_) {
      MutexLock lock(mutex_);
      open_ = false;
      queue_.clear();
      while (writing_) written_.Wait(mutex_);
    }
    void OnWriteDone(bool ok) override {
      bool more = false;
      {
        MutexLock lock(mutex_);
        more = ok && open_ && TakeNext();
        if (!more) writing_ = false;
        written_.NotifyAll();
      }
      if (more) this->StartWrite(&current_, options_);
    }
    void OnReadDone(bool ok) override { turn.OnRead(ok); }
    void OnDone(const grpc::Status& status) override { turn.OnDone(status); }

   private:
    // Whether current_ is to be written: the caller starts that without the lock.
    bool TakeNext() REQUIRES(mutex_) {
      if (queue_.empty()) return false;
      writing_ = true;
      current_ = std::move(queue_.front());
      queue_.pop_front();
      options_ = grpc::WriteOptions();
      // Lets the transport put what belongs together into one packet.
      if (!queue_.empty()) options_.set_buffer_hint();
      return true;
    }

    Mutex mutex_;
    CondVar written_;
    bool open_ GUARDED_BY(mutex_) = false;
    bool writing_ GUARDED_BY(mutex_) = false;
    // Of the one write under way.
    Request current_;
    grpc::WriteOptions options_;
    std::deque<Request> queue_ GUARDED_BY(mutex_);
  };

  void Loop() {
    ReconnectPause pause;
    while (!stopping_) {
      auto call = std::make_shared<Call>();
      {
        MutexLock lock(mutex_);
        call_ = call;
      }
      if (stopping_) break;
      callbacks_.open(&call->context, call.get());
      callbacks_.on_open([&](Request request) { call->Queue(std::move(request)); });
      // Reads and writes are started from outside of the reactions: the call is not over before it is let go.
      call->AddHold();
      Response response;
      call->StartRead(&response);
      call->StartCall();
      call->Open();
      while (call->turn.WaitRead()) {
        if (!callbacks_.on_message(response)) break;
        pause.Reset();
        call->StartRead(&response);
      }
      call->context.TryCancel();
      call->Close();
      call->RemoveHold();
      absl::Status status = call->turn.WaitDone();
      callbacks_.on_disconnected(status);
      if (!pause.Wait(mutex_, wake_, stopping_)) break;
    }
    MutexLock lock(mutex_);
    call_.reset();
  }

  Callbacks callbacks_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  CondVar wake_;
  std::shared_ptr<Call> call_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace ballast
