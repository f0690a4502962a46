#include "libs/platform/venue_client/socket_link.h"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>

namespace ballast::internal {
namespace {

namespace websocket = beast::websocket;

// How long the peer may take over the farewell before the connection is simply closed.
constexpr auto kFarewell = std::chrono::seconds(3);

template <typename Stream>
class Link : public SocketLink, public std::enable_shared_from_this<Link<Stream>> {
 public:
  Link(std::uint64_t number, VenueAddress address, const VenueClient::Options& options, asio::io_context& io,
       ssl::context& tls, EventBox& box, std::function<void()> gone)
      : number_(number),
        address_(std::move(address)),
        options_(options),
        ws_(MakeStream<Stream>(io, tls)),
        resolver_(io),
        timer_(io),
        box_(box),
        gone_(std::move(gone)) {}

  void Open(venue::Headers headers) override {
    Deadline(ToChrono(options_.open_timeout), "not open in time");
    Dial(ws_.next_layer(), resolver_, address_, this->shared_from_this(),
         [this, headers = std::move(headers)](std::string problem) {
           if (over_) return;
           if (!problem.empty()) {
             End(std::move(problem));
             return;
           }
           Shake(headers);
         });
  }

  void Send(std::string payload, bool binary) override {
    if (!open_ || closing_ || over_) return;
    if (queued_bytes_ > 0 && queued_bytes_ + payload.size() > options_.queued_bytes_max) {
      End("the venue takes too slowly what is sent");
      return;
    }
    queued_bytes_ += payload.size();
    queue_.emplace_back(std::move(payload), binary);
    if (queue_.size() == 1) Write();
  }

  void Close() override {
    if (over_ || closing_) return;
    if (!open_) {
      End("closed here");
      return;
    }
    closing_ = true;
    Deadline(kFarewell, "closed here");
    ws_.async_close(websocket::close_code::normal,
                    [self = this->shared_from_this()](ErrorCode) { self->End("closed here"); });
  }

 private:
  void Deadline(std::chrono::nanoseconds wait, const char* why) {
    timer_.expires_after(wait);
    timer_.async_wait([self = this->shared_from_this(), why](ErrorCode cancelled) {
      if (!cancelled) self->End(why);
    });
  }

  void Shake(const venue::Headers& headers) {
    beast::get_lowest_layer(ws_).expires_never();  // the WebSocket has timers of its own
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = websocket::stream_base::none();
    timeout.idle_timeout = ToChrono(options_.silence);
    timeout.keep_alive_pings = true;
    ws_.set_option(timeout);
    ws_.read_message_max(options_.message_bytes_max);
    ws_.set_option(websocket::stream_base::decorator([headers](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "ballast");
      for (const auto& [name, value] : headers) request.set(name, value);
    }));
    ws_.async_handshake(address_.HostHeader(), address_.target, [self = this->shared_from_this()](ErrorCode error) {
      if (self->over_) return;
      if (error) {
        self->End("no WebSocket: " + error.message());
        return;
      }
      self->timer_.cancel();
      self->open_ = true;
      self->box_.Put(venue::SocketOpened{.socket = self->number_});
      self->Read();
    });
  }

  void Read() {
    ws_.async_read(buffer_, [self = this->shared_from_this()](ErrorCode error, std::size_t) {
      if (self->over_) return;
      if (error) {
        self->End(self->WhyClosed(error));
        return;
      }
      venue::SocketMessage message{.socket = self->number_,
                                   .payload = beast::buffers_to_string(self->buffer_.data()),
                                   .binary = self->ws_.got_binary()};
      self->buffer_.consume(self->buffer_.size());
      if (!self->box_.PutMessage(std::move(message))) {
        self->End("too much of it waits to be read here");
        return;
      }
      self->Read();
    });
  }

  std::string WhyClosed(ErrorCode error) {
    if (closing_) return "closed here";
    if (error != websocket::error::closed) return "the connection broke: " + error.message();
    const websocket::close_reason& reason = ws_.reason();
    return "closed by the venue: " + std::to_string(reason.code) + " " +
           std::string(reason.reason.data(), reason.reason.size());
  }

  void Write() {
    ws_.binary(queue_.front().second);
    ws_.async_write(asio::buffer(queue_.front().first),
                    [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                      if (self->over_) return;
                      if (error) {
                        // The read tells why the peer has closed, where it has.
                        if (!self->closing_ && error != websocket::error::closed)
                          self->End("the connection broke: " + error.message());
                        return;
                      }
                      self->queued_bytes_ -= self->queue_.front().first.size();
                      self->queue_.pop_front();
                      if (!self->queue_.empty() && !self->closing_) self->Write();
                    });
  }

  void End(std::string why) {
    if (over_) return;
    over_ = true;
    timer_.cancel();
    resolver_.cancel();
    ErrorCode ignored;
    beast::get_lowest_layer(ws_).socket().close(ignored);
    box_.Put(venue::SocketClosed{.socket = number_, .why = std::move(why)});
    gone_();
  }

  const std::uint64_t number_;
  VenueAddress address_;
  const VenueClient::Options& options_;
  websocket::stream<Stream> ws_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  EventBox& box_;
  std::function<void()> gone_;
  beast::flat_buffer buffer_;
  // The first is being written.
  std::deque<std::pair<std::string, bool>> queue_;
  std::size_t queued_bytes_ = 0;
  bool open_ = false;
  bool closing_ = false;
  bool over_ = false;
};

}  // namespace

std::shared_ptr<SocketLink> SocketLink::Make(std::uint64_t number, VenueAddress address,
                                             const VenueClient::Options& options, asio::io_context& io,
                                             ssl::context& tls, EventBox& box, std::function<void()> gone) {
  if (address.tls)
    return std::make_shared<Link<SecureStream>>(number, std::move(address), options, io, tls, box, std::move(gone));
  return std::make_shared<Link<PlainStream>>(number, std::move(address), options, io, tls, box, std::move(gone));
}

}  // namespace ballast::internal
