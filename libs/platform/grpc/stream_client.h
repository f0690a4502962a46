#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include "libs/platform/grpc/status.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// Keeps one bidirectional stream open for ever, without a thread of its own: Send() hands the message to the transport
// on the caller's thread, and what comes is handed over on a thread of gRPC's. For those whose on_message only passes
// on; who works or waits in it uses BidiClient (client_stream.h).
template <typename Request, typename Response>
class StreamClient {
 public:
  using Reactor = grpc::ClientBidiReactor<Request, Response>;
  // One at a time, none after Stop().
  struct Callbacks {
    // Makes the call for the reactor.
    std::function<void(grpc::ClientContext*, Reactor*)> open;
    // Before the call is made; its first messages go into `send`, ahead of anything queued by Send.
    std::function<void(const std::function<void(Request)>& send)> on_open;
    // Must not block. False ends this connection (it is opened again).
    std::function<bool(Response&)> on_message;
    std::function<void(const absl::Status&)> on_disconnected;
  };

  explicit StreamClient(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  ~StreamClient() { Stop(); }
  StreamClient(const StreamClient&) = delete;
  StreamClient& operator=(const StreamClient&) = delete;

  void Start() EXCLUDES(mutex_) { Connect(); }

  // Waits until the last callback has returned; not from one of them.
  void Stop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    stopping_ = true;
    if (connection_) connection_->Cancel();
    if (alarm_) alarm_->Cancel();
    while (connection_ || alarm_ || connecting_) idle_.Wait(mutex_);
  }

  // False when there is no connection or its queue is full: the message is not sent.
  [[nodiscard]] bool Send(Request request) EXCLUDES(mutex_) {
    std::shared_ptr<Connection> connection;
    {
      MutexLock lock(mutex_);
      connection = connection_;
    }
    return connection && connection->Send(std::move(request));
  }

  // Messages that were given to Send and wait for those before them to be written.
  [[nodiscard]] std::size_t unsent() EXCLUDES(mutex_) {
    std::shared_ptr<Connection> connection;
    {
      MutexLock lock(mutex_);
      connection = connection_;
    }
    return connection ? connection->unsent() : 0;
  }

  // Ends the present connection; it is opened again.
  void Drop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (connection_) connection_->Cancel();
  }

 private:
  static constexpr std::size_t kQueueMax = 50'000;
  static constexpr std::int64_t kPauseFirstMs = 50;
  static constexpr std::int64_t kPauseMostMs = 1'000;

  class Connection : public Reactor {
   public:
    explicit Connection(StreamClient& client) : client_(client) {}

    void Begin(std::shared_ptr<Connection> self) EXCLUDES(mutex_) {
      self_ = std::move(self);
      client_.callbacks_.open(&context_, this);
      client_.callbacks_.on_open([this](Request request) {
        MutexLock lock(mutex_);
        queue_.push_back(std::move(request));
      });
      // Send starts writes from outside of the reactions: the call is not over before Close.
      this->AddHold();
      this->StartRead(&response_);
      this->StartCall();
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
        if (!open_ || closed_ || queue_.size() >= kQueueMax) return false;
        queue_.push_back(std::move(request));
        if (!writing_) more = TakeNext();
      }
      if (more) this->StartWrite(&current_, options_);
      return true;
    }
    [[nodiscard]] std::size_t unsent() EXCLUDES(mutex_) {
      MutexLock lock(mutex_);
      return queue_.size();
    }
    void Cancel() { context_.TryCancel(); }

    void OnWriteDone(bool ok) override {
      bool more = false, over = false;
      {
        MutexLock lock(mutex_);
        writing_ = false;
        over = closed_;
        if (ok && !closed_) more = TakeNext();
      }
      if (more) this->StartWrite(&current_, options_);
      if (over) this->RemoveHold();
    }
    void OnReadDone(bool ok) override {
      if (ok) ok = client_.OnMessage(response_);
      if (ok) {
        this->StartRead(&response_);
        return;
      }
      context_.TryCancel();
      bool writing = false;
      {
        MutexLock lock(mutex_);
        closed_ = true;
        queue_.clear();
        writing = writing_;
      }
      // A write that has been decided on may still have to be started: then its end removes the hold.
      if (!writing) this->RemoveHold();
    }
    void OnDone(const grpc::Status& status) override {
      std::shared_ptr<Connection> self = std::move(self_);  // until the client is told
      client_.OnDone(FromGrpc(status));
    }

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

    StreamClient& client_;
    std::shared_ptr<Connection> self_;
    grpc::ClientContext context_;
    Response response_;
    Mutex mutex_;
    bool open_ GUARDED_BY(mutex_) = false;
    bool closed_ GUARDED_BY(mutex_) = false;
    bool writing_ GUARDED_BY(mutex_) = false;
    // Of the one write under way.
    Request current_;
    grpc::WriteOptions options_;
    std::deque<Request> queue_ GUARDED_BY(mutex_);
  };

  void Connect() EXCLUDES(mutex_) {
    auto connection = std::make_shared<Connection>(*this);
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      connection_ = connection;
      connecting_ = true;
    }
    connection->Begin(connection);
    MutexLock lock(mutex_);
    connecting_ = false;
    idle_.NotifyAll();
  }
  bool OnMessage(Response& response) EXCLUDES(mutex_) {
    if (!callbacks_.on_message(response)) return false;
    MutexLock lock(mutex_);
    pause_ms_ = kPauseFirstMs;
    return true;
  }
  void OnDone(const absl::Status& status) EXCLUDES(mutex_) {
    callbacks_.on_disconnected(status);
    MutexLock lock(mutex_);
    connection_.reset();
    idle_.NotifyAll();
    if (stopping_) return;
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + std::chrono::milliseconds(pause_ms_), [this](bool) {
      {
        // Ends this function's last use of the alarm; the object itself goes with the next one.
        MutexLock alarm_lock(mutex_);
        retired_ = std::move(alarm_);
        idle_.NotifyAll();
        if (stopping_) return;
      }
      Connect();
    });
    pause_ms_ = std::min(pause_ms_ * 2, kPauseMostMs);
  }

  const Callbacks callbacks_;
  Mutex mutex_;
  CondVar idle_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool connecting_ GUARDED_BY(mutex_) = false;
  std::int64_t pause_ms_ GUARDED_BY(mutex_) = kPauseFirstMs;
  std::shared_ptr<Connection> connection_ GUARDED_BY(mutex_);
  // Waits to open the next connection.
  std::unique_ptr<grpc::Alarm> alarm_ GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Alarm> retired_ GUARDED_BY(mutex_);
};

}  // namespace ballast
