#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "libs/platform/http/beast_internal.h"
#include "libs/platform/thread/mutex.h"

namespace ballast::internal {
namespace {

namespace websocket = beast::websocket;

constexpr std::size_t kIncomingBytesMax = 64 << 10;
constexpr int kGoingAway = 1001;
constexpr int kTryAgainLater = 1013;
// How long a peer may take over the farewell before the socket is simply closed.
constexpr auto kFarewell = std::chrono::seconds(3);

struct Message {
  std::shared_ptr<const std::string> bytes;
  bool binary = false;
};

template <typename Lower>
class WebSocketSession : public WebSocket,
                         public Connection,
                         public std::enable_shared_from_this<WebSocketSession<Lower>> {
 public:
  WebSocketSession(std::shared_ptr<void> keeper, Lower stream, WebSocketEvents events, std::size_t queue_max)
      : keeper_(std::move(keeper)),
        ws_(std::move(stream)),
        farewell_(ws_.get_executor()),
        events_(std::move(events)),
        queue_max_(queue_max) {}

  void Run(BeastRequest request) {
    request_ = std::move(request);
    beast::get_lowest_layer(ws_).expires_never();  // the WebSocket has timers of its own
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = std::chrono::seconds(10);
    timeout.idle_timeout = std::chrono::seconds(30);
    timeout.keep_alive_pings = true;
    ws_.set_option(timeout);
    ws_.read_message_max(kIncomingBytesMax);
    ws_.async_accept(request_, [self = this->shared_from_this()](ErrorCode error) { self->OnAccepted(error); });
  }

  bool Send(std::shared_ptr<const std::string> text) override { return Queue({std::move(text), false}); }
  bool SendBinary(std::shared_ptr<const std::string> bytes) override { return Queue({std::move(bytes), true}); }

  bool Queue(Message message) {
    bool overflow = false;
    {
      MutexLock lock(mutex_);
      if (closing_) return false;
      if (queue_.size() >= queue_max_) {
        overflow = true;
      } else {
        queue_.push_back(std::move(message));
        if (writing_) return true;
        writing_ = true;
      }
    }
    if (overflow) {
      Close(kTryAgainLater, "too slow");
      return false;
    }
    asio::post(ws_.get_executor(), [self = this->shared_from_this()] { self->WriteNext(); });
    return true;
  }

  void Close(int code, const std::string& reason) override {
    {
      MutexLock lock(mutex_);
      if (closing_) return;
      closing_ = true;
      queue_.clear();
    }
    asio::post(ws_.get_executor(), [self = this->shared_from_this(), code, reason] { self->StartClose(code, reason); });
  }

  void Shutdown() override { Close(kGoingAway, "the server is stopping"); }
  void Abort() override {
    farewell_.cancel();
    Drop();
  }

 private:
  void OnAccepted(ErrorCode error) {
    if (error) return;
    opened_ = true;
    ws_.text(true);
    ws_.auto_fragment(false);
    events_.on_open(this->shared_from_this());
    Read();
  }

  void Read() {
    ws_.async_read(incoming_, [self = this->shared_from_this()](ErrorCode error, std::size_t) {
      if (error) {
        self->Finish();
        return;
      }
      if (self->events_.on_text && self->ws_.got_text()) {
        self->events_.on_text(beast::buffers_to_string(self->incoming_.data()));
      } else if (self->events_.on_binary && self->ws_.got_binary()) {
        self->events_.on_binary(beast::buffers_to_string(self->incoming_.data()));
      }
      self->incoming_.consume(self->incoming_.size());
      self->Read();
    });
  }

  void WriteNext() {
    {
      MutexLock lock(mutex_);
      if (closing_ || queue_.empty()) {
        writing_ = false;
        return;
      }
      current_ = std::move(queue_.front());
      queue_.pop_front();
    }
    ws_.binary(current_.binary);
    ws_.async_write(asio::buffer(*current_.bytes), [self = this->shared_from_this()](ErrorCode error, std::size_t) {
      if (error) {
        self->Finish();
        return;
      }
      self->WriteNext();
    });
  }

  void StartClose(int code, const std::string& reason) {
    if (finished_) return;
    if (!opened_) {
      Drop();
      return;
    }
    // A peer that reads nothing also blocks the farewell.
    farewell_.expires_after(kFarewell);
    farewell_.async_wait([self = this->shared_from_this()](ErrorCode error) {
      if (!error) self->Drop();
    });
    ws_.async_close(websocket::close_reason(static_cast<websocket::close_code>(code), reason),
                    [self = this->shared_from_this()](ErrorCode) { self->Finish(); });
  }

  void Drop() {
    ErrorCode ignored;
    beast::get_lowest_layer(ws_).socket().close(ignored);
  }

  void Finish() {
    if (finished_) return;
    finished_ = true;
    {
      MutexLock lock(mutex_);
      closing_ = true;
      queue_.clear();
    }
    farewell_.cancel();
    if (opened_ && events_.on_close) events_.on_close();
    // The callbacks may hold what holds this.
    events_ = {};
  }

  // First: the stream needs its io_context to the end, however long somebody holds on to this.
  const std::shared_ptr<void> keeper_;
  websocket::stream<Lower, false> ws_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Strand> farewell_;
  // Touched on the strand only.
  WebSocketEvents events_;
  BeastRequest request_;
  beast::flat_buffer incoming_;
  Message current_;
  bool opened_ = false;
  bool finished_ = false;

  const std::size_t queue_max_;
  Mutex mutex_;
  std::deque<Message> queue_ GUARDED_BY(mutex_);
  bool writing_ GUARDED_BY(mutex_) = false;
  bool closing_ GUARDED_BY(mutex_) = false;
};

}  // namespace

template <typename Lower>
void StartWebSocket(std::shared_ptr<void> keeper, Lower stream, BeastRequest request, WebSocketEvents events,
                    std::size_t queue_max, const std::function<void(std::shared_ptr<Connection>)>& registered) {
  auto session =
      std::make_shared<WebSocketSession<Lower>>(std::move(keeper), std::move(stream), std::move(events), queue_max);
  registered(session);
  session->Run(std::move(request));
}

template void StartWebSocket(std::shared_ptr<void>, Stream, BeastRequest, WebSocketEvents, std::size_t,
                             const std::function<void(std::shared_ptr<Connection>)>&);
template void StartWebSocket(std::shared_ptr<void>, TlsStream, BeastRequest, WebSocketEvents, std::size_t,
                             const std::function<void(std::shared_ptr<Connection>)>&);

}  // namespace ballast::internal
