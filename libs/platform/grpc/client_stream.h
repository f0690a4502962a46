#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "libs/platform/grpc/reused_message.h"
#include "libs/platform/grpc/status.h"
#include "libs/platform/thread/bounded_queue.h"
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

// Follows a server stream for ever on a thread of its own: open, read to the end, pause, open again.
template <typename Response>
class StreamReader {
 public:
  struct Callbacks {
    // Makes the call; runs before each attempt, so a cursor can go into the request.
    std::function<std::unique_ptr<grpc::ClientReader<Response>>(grpc::ClientContext&)> open;
    // The message is gone when it returns. False ends this connection (it is opened again).
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
      if (context_) context_->TryCancel();
    }
    wake_.NotifyAll();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Loop() {
    ReconnectPause pause;
    ReusedMessage<Response> message;
    while (!stopping_) {
      auto context = std::make_shared<grpc::ClientContext>();
      {
        MutexLock lock(mutex_);
        context_ = context;
      }
      if (stopping_) break;
      std::unique_ptr<grpc::ClientReader<Response>> reader = callbacks_.open(*context);
      for (Response* response = message.Fresh(); reader->Read(response); response = message.Fresh()) {
        if (!callbacks_.on_message(*response)) {
          context->TryCancel();
          break;
        }
        pause.Reset();
      }
      absl::Status status = FromGrpc(reader->Finish());
      if (callbacks_.on_disconnected) callbacks_.on_disconnected(status);
      if (!pause.Wait(mutex_, wake_, stopping_)) break;
    }
    MutexLock lock(mutex_);
    context_.reset();
  }

  Callbacks callbacks_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  CondVar wake_;
  std::shared_ptr<grpc::ClientContext> context_ GUARDED_BY(mutex_);
  std::thread thread_;
};

// The same for a bidirectional stream. Send() queues from any thread; a second thread writes.
template <typename Request, typename Response>
class BidiClient {
 public:
  struct Callbacks {
    std::function<std::unique_ptr<grpc::ClientReaderWriter<Request, Response>>(grpc::ClientContext&)> open;
    // The call is made; its first messages go into `send`. Runs before anything queued by Send is written.
    std::function<void(const std::function<void(Request)>& send)> on_open;
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
    {
      MutexLock lock(mutex_);
      if (context_) context_->TryCancel();
      if (queue_) queue_->Close();
    }
    wake_.NotifyAll();
    if (thread_.joinable()) thread_.join();
  }

  // False when there is no connection or its queue is full: the message is not sent.
  [[nodiscard]] bool Send(Request request) EXCLUDES(mutex_) {
    std::shared_ptr<BoundedQueue<Request>> queue;
    {
      MutexLock lock(mutex_);
      queue = queue_;
    }
    return queue && queue->TryPush(std::move(request));
  }

  // Ends the present connection; it is opened again.
  void Drop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (context_) context_->TryCancel();
  }

 private:
  static constexpr std::size_t kQueueMax = 50'000;

  void Loop() {
    ReconnectPause pause;
    while (!stopping_) {
      auto context = std::make_shared<grpc::ClientContext>();
      auto queue = std::make_shared<BoundedQueue<Request>>(kQueueMax);
      {
        MutexLock lock(mutex_);
        context_ = context;
      }
      if (stopping_) break;
      std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream = callbacks_.open(*context);
      callbacks_.on_open([&](Request request) { (void)queue->TryPush(std::move(request)); });
      {
        MutexLock lock(mutex_);
        queue_ = queue;
      }
      std::thread writer([&stream, queue] {
        while (true) {
          std::vector<Request> batch = queue->PopBatch(256, 500'000'000);
          if (batch.empty() && queue->closed()) return;
          for (std::size_t i = 0; i < batch.size(); ++i) {
            grpc::WriteOptions options;
            // Lets the transport put what belongs together into one packet.
            if (i + 1 < batch.size()) options.set_buffer_hint();
            if (!stream->Write(batch[i], options)) {
              queue->Close();
              return;
            }
          }
        }
      });
      Response response;
      while (stream->Read(&response)) {
        if (!callbacks_.on_message(response)) break;
        pause.Reset();
      }
      context->TryCancel();
      {
        MutexLock lock(mutex_);
        queue_.reset();
      }
      queue->Close();
      writer.join();
      absl::Status status = FromGrpc(stream->Finish());
      callbacks_.on_disconnected(status);
      if (!pause.Wait(mutex_, wake_, stopping_)) break;
    }
    MutexLock lock(mutex_);
    context_.reset();
  }

  Callbacks callbacks_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  CondVar wake_;
  std::shared_ptr<grpc::ClientContext> context_ GUARDED_BY(mutex_);
  std::shared_ptr<BoundedQueue<Request>> queue_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace ballast
