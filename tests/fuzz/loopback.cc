#include "tests/fuzz/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "libs/base/check.h"

namespace ballast::fuzz {
namespace {

constexpr std::size_t kBodyMax = 1 << 16;
constexpr std::size_t kTextMax = 64 << 10;

// Longer than the server takes for anything: an end that does not come is one that was forgotten.
constexpr std::chrono::seconds kPatience(20);

// libFuzzer has an alarm of its own: a call that it interrupts is made again.
template <typename Call>
ssize_t Uninterrupted(Call call) {
  while (true) {
    ssize_t result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

void SendAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = Uninterrupted([&] { return send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string ReadAll(int file) {
  std::string all;
  char buffer[16'384];
  while (true) {
    ssize_t size = Uninterrupted([&] { return recv(file, buffer, sizeof(buffer), 0); });
    CHECK(size >= 0 || errno == ECONNRESET, "the server ends a connection whose client has nothing more to say");
    if (size <= 0) return all;
    all.append(buffer, static_cast<std::size_t>(size));
  }
}

// Lower-case names, a path without NUL, a body within its bound.
void CheckRequest(const HttpRequest& request) {
  for (const std::string& segment : request.segments)
    CHECK(segment.find('\0') == std::string::npos, "no segment hides a NUL");
  for (const auto& [name, value] : request.headers) {
    CHECK(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }), "names are lower case");
    CHECK(value.find('\n') == std::string::npos, "no value holds another header");
  }
  CHECK(request.body.size() <= kBodyMax, "no body is larger than allowed");
}

}  // namespace

Loopback& Loopback::Get() {
  static Loopback* const kServer = new Loopback();  // as long as the process: its threads may not outlive it
  return *kServer;
}

Loopback::Loopback()
    : server_({.listen = "127.0.0.1:0",
               .body_bytes_max = kBodyMax,
               .on_request =
                   [](HttpRequest request, HttpResponder responder) {
                     CheckRequest(request);
                     responder.Send({.status = 200, .headers = {}, .body = std::to_string(request.body.size())});
                   },
               .on_upgrade =
                   [this](const HttpRequest& request) {
                     CheckRequest(request);
                     WebSocketEvents events;
                     events.on_open = [this](const std::shared_ptr<WebSocket>&) {
                       std::lock_guard lock(mutex_);
                       ++opened_;
                     };
                     events.on_text = [](const std::string& text) {
                       CHECK(text.size() <= kTextMax, "no message is larger than allowed");
                     };
                     events.on_close = [this] {
                       std::lock_guard lock(mutex_);
                       ++closed_;
                       changed_.notify_all();
                     };
                     return UpgradeAnswer{.accepted = true, .events = std::move(events), .refusal = {}};
                   },
               .error_page =
                   [](int status, const std::string& message) {
                     return HttpResponse{.status = status, .headers = {}, .body = message};
                   }}) {
  auto port = server_.Start();
  CHECK(port.ok(), "a server can be started");
  port_ = *port;
}

int Loopback::Connect() const {
  int file = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(file >= 0, "a socket can be made");
  timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(file, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "the server still takes calls");
  return file;
}

std::string Loopback::End(int file, std::string_view bytes) {
  SendAll(file, bytes);
  (void)shutdown(file, SHUT_WR);
  std::string answer = ReadAll(file);
  (void)close(file);
  std::unique_lock lock(mutex_);
  CHECK(changed_.wait_for(lock, kPatience, [this] { return closed_ == opened_; }), "each open socket is told closed");
  return answer;
}

std::string Loopback::Talk(std::string_view bytes) { return End(Connect(), bytes); }

void Loopback::TalkFrames(std::string_view frames) {
  constexpr std::string_view kHandshake =
      "GET /stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  int file = Connect();
  SendAll(file, kHandshake);
  // What comes before the answer is no frame.
  std::string head;
  char next = 0;
  while (!head.ends_with("\r\n\r\n") && Uninterrupted([&] { return recv(file, &next, 1, 0); }) == 1) head += next;
  CHECK(head.starts_with("HTTP/1.1 101 "), "a right handshake is taken");
  (void)End(file, frames);
}

}  // namespace ballast::fuzz
