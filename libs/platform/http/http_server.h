#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/platform/http/http.h"

namespace ballast {

// HTTP/1.1 and WebSocket on two threads of its own: keep-alive, bounded heads, bodies, queues and times.
class HttpServer {
 public:
  struct Options {
    // "127.0.0.1:8080", "[::1]:0"; port 0: any free one.
    std::string listen;
    // Files in PEM: with both, every connection speaks TLS (1.2 or later), and none plainly.
    std::string certificate_file;
    std::string key_file;
    std::size_t body_bytes_max = 1 << 20;
    std::size_t head_bytes_max = 16 << 10;
    // To read one whole head (also how long an idle connection is kept), and to read a body or write an answer.
    std::int64_t head_timeout_ms = 30'000;
    std::int64_t body_timeout_ms = 30'000;
    std::size_t connections_max = 1000;
    // Messages waiting for one WebSocket client.
    std::size_t websocket_queue_max = 1000;
    // Runs on a server thread and must not block; may answer later from any thread.
    std::function<void(HttpRequest, HttpResponder)> on_request;
    // Answers at once.
    std::function<UpgradeAnswer(const HttpRequest&)> on_upgrade;
    // What the server itself has to say, in the caller's shape: 400, 413, 431, 500.
    std::function<HttpResponse(int status, const std::string& message)> error_page;
  };

  explicit HttpServer(Options options);
  ~HttpServer();

  // Binds and starts the threads; the port bound. INVALID_ARGUMENT for an address that is none and for a certificate or
  // key that cannot be used, UNAVAILABLE when the address is taken.
  absl::StatusOr<int> Start();
  // Closes the listener, says goodbye to WebSocket clients (1001) and ends every connection. Answers that come later go
  // nowhere.
  void Stop();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace ballast
