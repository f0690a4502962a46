#pragma once

// Beast and asio, for the two files that speak them. Nobody else includes this: it costs seconds of compile time.
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "libs/platform/http/http.h"
#include "libs/platform/http/http_server.h"

namespace ballast::internal {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
// One concrete executor: any_io_executor doubles the compile time of every operation.
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<tcp, Strand>;
using Stream = beast::basic_stream<tcp, Strand>;
using TlsStream = asio::ssl::stream<Stream>;
using BeastRequest = beast::http::request<beast::http::string_body>;

// Anything that holds a socket.
class Connection {
 public:
  virtual ~Connection() = default;
  // Ends it in order; any thread.
  virtual void Shutdown() = 0;
  // Closes the socket at once; only when no other thread runs the connection any more.
  virtual void Abort() = 0;
};

// Takes the socket over after the head of an upgrade request; `registered` is told the connection that lives on.
// `keeper` keeps the io_context while the connection lives. There is one for Stream and one for TlsStream.
template <typename Lower>
void StartWebSocket(std::shared_ptr<void> keeper, Lower stream, BeastRequest request, WebSocketEvents events,
                    std::size_t queue_max, const std::function<void(std::shared_ptr<Connection>)>& registered);

}  // namespace ballast::internal
