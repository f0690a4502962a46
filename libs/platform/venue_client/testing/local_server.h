#pragma once

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "libs/platform/thread/mutex.h"
#include "libs/platform/venue_client/testing/authority.h"

namespace ballast::testing {

namespace server {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using Secure = asio::ssl::stream<Tcp::socket&>;
using Request = http::request<http::string_body>;
using ErrorCode = boost::system::error_code;
}  // namespace server

// A real server on this machine: each connection has a thread of its own and blocks as the test says.
class LocalServer {
 public:
  // With TLS where a certificate is given.
  explicit LocalServer(std::optional<Authority::Issued> identity = std::nullopt)
      : acceptor_(io_, server::Tcp::endpoint(server::asio::ip::address_v4::loopback(), 0)) {
    if (!identity) return;
    tls_.emplace(server::asio::ssl::context::tls_server);
    tls_->use_certificate_chain(server::asio::buffer(identity->certificate_pem));
    tls_->use_private_key(server::asio::buffer(identity->key_pem), server::asio::ssl::context::pem);
  }
  ~LocalServer() {
    stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    if (accepting_.joinable()) accepting_.join();
    {
      MutexLock lock(mutex_);
      for (int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& each : serving_) each.join();
  }
  [[nodiscard]] int port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] int connections() const { return connections_; }

  // `serve` gets a stream on which TLS, if any, is established.
  template <typename Serve>
  void Run(Serve serve) {
    OnConnection([this, serve](server::Tcp::socket& socket) {
      if (!tls_) {
        serve(socket);
        return;
      }
      server::Secure secure(socket, *tls_);
      server::ErrorCode error;
      secure.handshake(server::asio::ssl::stream_base::server, error);
      if (!error) serve(secure);
    });
  }
  // Before any TLS.
  void OnConnection(std::function<void(server::Tcp::socket&)> serve) {
    accepting_ = std::thread([this, serve = std::move(serve)] {
      while (!stopping_) {
        server::ErrorCode error;
        server::Tcp::socket socket(io_);
        acceptor_.accept(socket, error);
        if (error || stopping_) return;
        ++connections_;
        serving_.emplace_back([this, serve, socket = std::move(socket)]() mutable {
          const int fd = socket.native_handle();
          {
            MutexLock lock(mutex_);
            open_.insert(fd);
          }
          serve(socket);
          MutexLock lock(mutex_);
          open_.erase(fd);
          server::ErrorCode ignored;
          socket.close(ignored);
        });
      }
    });
  }

  // Answers each request with what `answer` says until the connection ends.
  void Answer(std::function<server::http::response<server::http::string_body>(const server::Request&)> answer) {
    Run([answer = std::move(answer)](auto& stream) {
      server::beast::flat_buffer buffer;
      while (true) {
        server::Request request;
        server::ErrorCode error;
        server::http::read(stream, buffer, request, error);
        if (error) return;
        auto response = answer(request);
        response.version(11);
        response.keep_alive(true);
        response.prepare_payload();
        server::http::write(stream, response, error);
        if (error) return;
      }
    });
  }

 private:
  server::asio::io_context io_;
  server::Tcp::acceptor acceptor_;
  std::optional<server::asio::ssl::context> tls_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::thread accepting_;
  std::vector<std::thread> serving_;
  Mutex mutex_;
  std::set<int> open_ GUARDED_BY(mutex_);
};

}  // namespace ballast::testing
