#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "libs/platform/thread/mutex.h"

namespace ballast {

// The sending half of a server stream, usable from any thread. Bounded in messages, and in bytes where they are encoded
// already: when the reader is too slow Push says false and the stream ends with RESOURCE_EXHAUSTED (a consumer resumes
// from its cursor).
template <typename Response>
class StreamSender {
 public:
  virtual ~StreamSender() = default;
  virtual bool Push(Response response) = 0;
  // The same for a message that goes to many: it is not copied.
  virtual bool PushShared(const std::shared_ptr<const Response>& response) { return Push(*response); }
  virtual void Close(grpc::Status status) = 0;
  [[nodiscard]] virtual bool done() const = 0;
  // Encoded bytes that were pushed and have not been written; 0 where messages are encoded later.
  [[nodiscard]] virtual std::size_t unsent_bytes() const { return 0; }
};

namespace internal {

template <typename Message>
std::size_t EncodedBytes(const Message&) {
  return 0;
}
inline std::size_t EncodedBytes(const grpc::ByteBuffer& message) { return message.Length(); }

// What both reactors share: a queue, one write under way, one finish. Reactor is grpc's; Derived calls OnWritten.
template <typename Reactor, typename Response>
class Sending : public Reactor, public StreamSender<Response> {
 public:
  bool Push(Response response) override { return PushShared(std::make_shared<const Response>(std::move(response))); }

  bool PushShared(const std::shared_ptr<const Response>& response) override {
    bool overflow = false;
    std::size_t bytes = EncodedBytes(*response);
    {
      MutexLock lock(mutex_);
      if (closing_ || ending_ || done_) return false;
      if (writing_ && (queue_.size() >= kQueueMax || unsent_bytes_ + bytes > kUnsentBytesMax)) {
        overflow = true;
      } else {
        unsent_bytes_ += bytes;
        if (writing_) {
          queue_.push_back(response);
          return true;
        }
        writing_ = true;
        current_ = response;
      }
    }
    if (overflow) {
      Close(grpc::Status(grpc::RESOURCE_EXHAUSTED, "the reader is too slow"));
      return false;
    }
    this->StartWrite(current_.get());
    return true;
  }

  void Close(grpc::Status status) override {
    {
      MutexLock lock(mutex_);
      if (closing_ || done_) return;
      closing_ = true;
      queue_.clear();
      closing_status_ = std::move(status);
      if (writing_) return;  // finished after the write under way
    }
    this->Finish(closing_status_);
  }

  // Ends the call with OK once all that was pushed is written.
  void CloseWhenWritten() {
    {
      MutexLock lock(mutex_);
      if (closing_ || ending_ || done_) return;
      ending_ = true;
      if (writing_) return;  // finished after the last write
      closing_ = true;
    }
    this->Finish(closing_status_);
  }

  [[nodiscard]] bool done() const override {
    MutexLock lock(mutex_);
    return closing_ || ending_ || done_;
  }

  [[nodiscard]] std::size_t unsent_bytes() const override {
    MutexLock lock(mutex_);
    return unsent_bytes_;
  }

  void OnWriteDone(bool ok) override {
    bool finish = false;
    grpc::WriteOptions options;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      unsent_bytes_ -= EncodedBytes(*current_);
      if (!ok && !closing_) {
        closing_ = true;
        closing_status_ = grpc::Status(grpc::CANCELLED, "the reader is gone");
      }
      if (closing_) {
        finish = true;
      } else if (!queue_.empty()) {
        writing_ = true;
        TakeNext();
        // Lets the transport put what belongs together into one packet.
        if (!queue_.empty()) options.set_buffer_hint();
      } else if (ending_) {
        closing_ = true;
        finish = true;
      } else {
        return;
      }
    }
    if (finish) {
      this->Finish(closing_status_);
    } else {
      this->StartWrite(current_.get(), options);
    }
  }

  void OnCancel() override { Close(grpc::Status(grpc::CANCELLED, "cancelled")); }

  void OnDone() override {
    {
      MutexLock lock(mutex_);
      done_ = true;
    }
    if (on_done_) on_done_();
    self_.reset();
  }

 protected:
  // What starts something of gRPC's from outside its calls: until Finish it has not done with the reactor.
  template <typename Start>
  void WhileOpen(const Start& start) {
    MutexLock lock(mutex_);
    if (!closing_ && !ending_ && !done_) start();
  }

  static constexpr std::size_t kQueueMax = 20'000;
  static constexpr std::size_t kUnsentBytesMax = 32 << 20;
  std::function<void()> on_done_;
  // Keeps the reactor until grpc is done with it.
  std::shared_ptr<void> self_;

 public:
  // What waits behind a write under way goes out as one message that `join` makes of it, instead of one after the
  // other.
  using Join = std::function<Response(std::vector<std::shared_ptr<const Response>>)>;
  void SetJoin(Join join) {
    MutexLock lock(mutex_);
    join_ = std::move(join);
  }

  // A second owner, for answers that come later; null once the call is over.
  [[nodiscard]] std::shared_ptr<void> Self() const { return self_; }

 private:
  static constexpr std::size_t kJoinedMax = 500;
  void TakeNext() REQUIRES(mutex_) {
    if (!join_ || queue_.size() < 2) {
      current_ = std::move(queue_.front());
      queue_.pop_front();
      return;
    }
    auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kJoinedMax));
    std::vector<std::shared_ptr<const Response>> parts(std::make_move_iterator(queue_.begin()),
                                                       std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    current_ = std::make_shared<const Response>(join_(std::move(parts)));
  }

  mutable Mutex mutex_;
  Join join_ GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<const Response>> queue_ GUARDED_BY(mutex_);
  std::size_t unsent_bytes_ GUARDED_BY(mutex_) = 0;
  bool writing_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;
  bool done_ GUARDED_BY(mutex_) = false;
  grpc::Status closing_status_;
  std::shared_ptr<const Response> current_;
};

}  // namespace internal

// A server-streaming call. Make() returns a shared owner; give `.get()` to gRPC and keep the pointer to push.
template <typename Response>
class StreamSession : public internal::Sending<grpc::ServerWriteReactor<Response>, Response> {
 public:
  // `on_done` runs once when the call is over, on a gRPC thread.
  static std::shared_ptr<StreamSession> Make(std::function<void()> on_done) {
    auto session = std::shared_ptr<StreamSession>(new StreamSession());
    session->on_done_ = std::move(on_done);
    session->self_ = session;
    return session;
  }

 private:
  StreamSession() = default;
};

// A bidirectional call. `on_message` runs on a gRPC thread, one at a time; it must not block.
template <typename Request, typename Response>
class BidiSession : public internal::Sending<grpc::ServerBidiReactor<Request, Response>, Response> {
 public:
  static std::shared_ptr<BidiSession> Make(std::function<void(BidiSession&, Request&)> on_message,
                                           std::function<void()> on_done) {
    auto session = std::shared_ptr<BidiSession>(new BidiSession());
    session->on_message_ = std::move(on_message);
    session->on_done_ = std::move(on_done);
    session->self_ = session;
    session->StartRead(&session->request_);
    return session;
  }

  // The message under way is answered later, by one Answer(). A caller that has sent all its messages still gets every
  // answer it is owed; then the call ends. From on_message only.
  void Owe() {
    MutexLock lock(owed_mutex_);
    ++owed_;
  }
  // From any thread.
  void Answer(Response response) {
    this->Push(std::move(response));
    bool last = false;
    {
      MutexLock lock(owed_mutex_);
      last = --owed_ == 0 && all_read_;
    }
    if (last) this->CloseWhenWritten();
  }

  // The next message is not read before as many ReadOn() as Hold(): so few messages wait as there are calls, whoever
  // takes them is as slow as it likes, and the caller feels it. From on_message only.
  void Hold() { ++holds_; }
  // From any thread, while a second owner keeps the session.
  void ReadOn() {
    if (--holds_ > 0) return;
    request_.Clear();
    this->WhileOpen([this] { this->StartRead(&request_); });
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      bool answered = false;
      {
        MutexLock lock(owed_mutex_);
        all_read_ = true;
        answered = owed_ == 0;
      }
      if (answered) this->CloseWhenWritten();
      return;
    }
    holds_ = 1;
    on_message_(*this, request_);
    ReadOn();
  }

 private:
  BidiSession() = default;
  std::function<void(BidiSession&, Request&)> on_message_;
  Request request_;
  std::atomic<int> holds_ = 0;
  Mutex owed_mutex_;
  int owed_ GUARDED_BY(owed_mutex_) = 0;
  bool all_read_ GUARDED_BY(owed_mutex_) = false;
};

}  // namespace ballast
