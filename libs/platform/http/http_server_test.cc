#include "libs/platform/http/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "libs/platform/thread/mutex.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A plain socket: what is sent is exactly what the test says.
class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Client() { close(fd_); }

  void Send(std::string_view text) {
    while (!text.empty()) {
      ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Bytes there are next; empty when the peer has closed.
  std::string Read() {
    char buffer[65536];
    ssize_t size = recv(fd_, buffer, sizeof(buffer), 0);
    EXPECT_GE(size, 0) << "no answer in time";
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : "";
  }
  std::string ReadExactly(std::size_t size) {
    while (pending_.size() < size) {
      std::string more = Read();
      if (more.empty()) break;
      pending_ += more;
    }
    std::string taken = pending_.substr(0, size);
    pending_.erase(0, size);
    return taken;
  }
  // Head and body of one answer with a Content-Length.
  std::string ReadAnswer(bool with_body = true) {
    std::size_t end = std::string::npos;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      std::string more = Read();
      if (more.empty()) return pending_;
      pending_ += more;
    }
    std::string head = pending_.substr(0, end + 4);
    pending_.erase(0, end + 4);
    std::size_t at = head.find("Content-Length: ");
    if (at == std::string::npos || !with_body) return head;
    return head + ReadExactly(std::stoul(head.substr(at + 16)));
  }
  bool Closed() { return pending_.empty() && Read().empty(); }

  // One WebSocket frame of the server: opcode and payload.
  std::pair<int, std::string> ReadFrame() {
    std::string head = ReadExactly(2);
    if (head.size() < 2) return {-1, ""};
    std::size_t size = static_cast<unsigned char>(head[1]) & 127;
    if (size == 126) {
      std::string more = ReadExactly(2);
      size = static_cast<unsigned char>(more[0]) * 256U + static_cast<unsigned char>(more[1]);
    } else if (size == 127) {
      size = 0;
      for (char c : ReadExactly(8)) size = size * 256 + static_cast<unsigned char>(c);
    }
    return {head[0] & 15, ReadExactly(size)};
  }
  // A masked text frame, as clients must send it; the mask is zero.
  void SendFrame(const std::string& text) {
    Send(std::string("\x81") + static_cast<char>(0x80 | text.size()) + std::string(4, '\0') + text);
  }
  std::string Upgrade(const std::string& path = "/stream") {
    Send("GET " + path +
         " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    return ReadAnswer();
  }

 private:
  int fd_;
  std::string pending_;
};

// Keeps the sockets that came in and what they said.
struct Sockets {
  Mutex mutex;
  CondVar changed;
  std::shared_ptr<WebSocket> socket GUARDED_BY(mutex);
  std::vector<std::string> texts GUARDED_BY(mutex);
  int closed GUARDED_BY(mutex) = 0;

  UpgradeAnswer Accept() {
    WebSocketEvents events;
    events.on_open = [this](std::shared_ptr<WebSocket> opened) {
      MutexLock lock(mutex);
      socket = std::move(opened);
      changed.NotifyAll();
    };
    events.on_text = [this](const std::string& text) {
      MutexLock lock(mutex);
      texts.push_back(text);
      changed.NotifyAll();
    };
    events.on_close = [this] {
      MutexLock lock(mutex);
      ++closed;
      changed.NotifyAll();
    };
    return {.accepted = true, .events = std::move(events), .refusal = {}};
  }
  std::shared_ptr<WebSocket> Wait() {
    MutexLock lock(mutex);
    while (!socket) changed.Wait(mutex);
    return socket;
  }
  void WaitForClose() {
    MutexLock lock(mutex);
    while (closed == 0) changed.Wait(mutex);
  }
};

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(HttpServer::Options options = {}) {
    options.listen = "127.0.0.1:0";
    if (!options.on_request) options.on_request = Echo;
    options.error_page = [](int status, const std::string& message) {
      return HttpResponse{.status = status, .headers = {{"X-Shape", "ours"}}, .body = message};
    };
    server_.emplace(std::move(options));
    auto port = server_->Start();
    ASSERT_TRUE(port.ok());
    port_ = *port;
  }
  static void Echo(HttpRequest request, HttpResponder responder) {
    responder.Send(
        {.status = 200, .headers = {}, .body = request.method + " " + request.segments.back() + " " + request.body});
  }

  Sockets sockets_;  // before the server, which calls into it until its end
  std::optional<HttpServer> server_;
  int port_ = 0;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOnOneConnection) {
  Start();
  Client client(port_);
  for (int i = 0; i < 3; ++i) {
    client.Send("GET /number" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string answer = client.ReadAnswer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("GET number" + std::to_string(i)));
  }
  client.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("POST a hello"));
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, AnswersWhatCameInOnePacketInOrder) {
  Start();
  Client client(port_);
  client.Send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("GET 1"));
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("GET 2"));
}

TEST_F(HttpServerTest, HeadHasALengthAndNoBody) {
  Start();
  Client client(port_);
  client.Send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(false), HasSubstr("Content-Length: 7\r\n"));
  client.Send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, RefusesABodyThatSaysItIsTooLarge) {
  Start({.body_bytes_max = 1000});
  Client client(port_);
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  std::string answer = client.ReadAnswer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer, HasSubstr("X-Shape: ours"));
}

TEST_F(HttpServerTest, RefusesAChunkedBodyThatGrowsTooLarge) {
  Start({.body_bytes_max = 1000});
  Client client(port_);
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 4; ++i) client.Send("190\r\n" + std::string(400, 'x') + "\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, TheAnswerToATooLargeBodyArrivesThoughItIsStillSent) {
  Start();
  Client client(port_);
  std::string body(8 << 20, 'x');
  std::thread sender([&] {
    client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  });
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 413"));
  sender.join();
}

TEST_F(HttpServerTest, SaysGoOnToAClientThatAsksBeforeItsBody) {
  Start();
  Client client(port_);
  client.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 100"));
  client.Send("hi");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("POST a hi"));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
  Start();
  for (const char* bad : {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "GET /\r\n\r\n",
                          "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET http://host/ HTTP/1.1\r\nHost: x\r\n\r\n",
                          "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"}) {
    Client client(port_);
    client.Send(bad);
    EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 400")) << bad;
  }
}

TEST_F(HttpServerTest, RefusesTwoLengths) {
  Start();
  Client client(port_);
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpServerTest, RefusesAHeadThatIsTooLarge) {
  Start();
  Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 431"));
}

TEST_F(HttpServerTest, ClosesAConnectionWhoseHeadTakesTooLong) {
  Start({.head_timeout_ms = 100});
  Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost:");
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, ClosesAConnectionWhoseBodyTakesTooLong) {
  Start({.body_timeout_ms = 100});
  Client client(port_);
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, AnswersLaterFromAnotherThread) {
  std::thread other;
  HttpServer::Options options;
  options.on_request = [&](HttpRequest, HttpResponder responder) {
    other = std::thread([responder] {
      responder.Send({.status = 202, .headers = {}, .body = "later"});
      responder.Send({.status = 500, .headers = {}, .body = "never"});
    });
  };
  Start(std::move(options));
  Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 202"));
  other.join();
}

TEST_F(HttpServerTest, ARequestNobodyAnswersGetsA500) {
  HttpServer::Options options;
  options.on_request = [](HttpRequest, HttpResponder) {};
  Start(std::move(options));
  Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, ARequestThatIsDroppedGetsNoAnswerAndNoConnection) {
  HttpServer::Options options;
  options.on_request = [](HttpRequest, HttpResponder responder) {
    responder.Drop();
    responder.Send({.status = 200, .headers = {}, .body = "never"});
  };
  Start(std::move(options));
  Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, RefusesConnectionsOverTheLimit) {
  Start({.connections_max = 1});
  Client first(port_);
  first.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(first.ReadAnswer(), StartsWith("HTTP/1.1 200"));
  Client second(port_);
  EXPECT_TRUE(second.Closed());
}

TEST_F(HttpServerTest, AnAnswerAfterTheEndGoesNowhere) {
  Mutex mutex;
  CondVar arrived;
  std::optional<HttpResponder> late;
  HttpServer::Options options;
  options.on_request = [&](HttpRequest, HttpResponder responder) {
    MutexLock lock(mutex);
    late = responder;
    arrived.NotifyAll();
  };
  Start(std::move(options));
  Client client(port_);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  {
    MutexLock lock(mutex);
    while (!late) arrived.Wait(mutex);
  }
  server_->Stop();
  late->Send({.status = 200, .headers = {}, .body = ""});
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, WebSocketCarriesTextBothWays) {
  Start({.on_upgrade = [this](const HttpRequest&) { return sockets_.Accept(); }});
  {
    Client client(port_);
    EXPECT_THAT(client.Upgrade(), StartsWith("HTTP/1.1 101"));
    auto socket = sockets_.Wait();
    for (const char* text : {"one", "two", "three"}) EXPECT_TRUE(socket->Send(std::make_shared<std::string>(text)));
    EXPECT_EQ(client.ReadFrame(), std::make_pair(1, std::string("one")));
    EXPECT_EQ(client.ReadFrame(), std::make_pair(1, std::string("two")));
    EXPECT_EQ(client.ReadFrame(), std::make_pair(1, std::string("three")));
    client.SendFrame("hello");
    MutexLock lock(sockets_.mutex);
    while (sockets_.texts.empty()) sockets_.changed.Wait(sockets_.mutex);
    EXPECT_EQ(sockets_.texts.front(), "hello");
  }
  sockets_.WaitForClose();
  EXPECT_FALSE(sockets_.Wait()->Send(std::make_shared<std::string>("gone")));
  server_->Stop();
  MutexLock lock(sockets_.mutex);
  EXPECT_EQ(sockets_.closed, 1);
}

TEST_F(HttpServerTest, WebSocketCarriesBytesAmongTexts) {
  Start({.on_upgrade = [this](const HttpRequest&) {
    UpgradeAnswer answer = sockets_.Accept();
    answer.events.on_binary = answer.events.on_text;
    return answer;
  }});
  Client client(port_);
  client.Upgrade();
  auto socket = sockets_.Wait();
  const std::string bytes("\0\xff", 2);
  socket->SendBinary(std::make_shared<std::string>(bytes));
  socket->Send(std::make_shared<std::string>("text"));
  EXPECT_EQ(client.ReadFrame(), std::make_pair(2, bytes));
  EXPECT_EQ(client.ReadFrame(), std::make_pair(1, std::string("text")));
  client.Send(std::string("\x82\x82\0\0\0\0", 6) + bytes);
  MutexLock lock(sockets_.mutex);
  while (sockets_.texts.empty()) sockets_.changed.Wait(sockets_.mutex);
  EXPECT_EQ(sockets_.texts.front(), bytes);
}

TEST_F(HttpServerTest, AHandshakeThatIsNoneIsRefusedInOurWords) {
  Start({.on_upgrade = [this](const HttpRequest&) { return sockets_.Accept(); }});
  for (const char* lines :
       {"Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Version: 13\r\n",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n"}) {
    Client client(port_);
    client.Send(std::string("GET /stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n") +
                lines + "\r\n");
    std::string answer = client.ReadAnswer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << lines;
    EXPECT_THAT(answer, HasSubstr("WebSocket version 13")) << lines;
  }
}

TEST_F(HttpServerTest, WebSocketUpgradeMayBeRefused) {
  Start({.on_upgrade = [](const HttpRequest& request) {
    return UpgradeAnswer{
        .accepted = false, .events = {}, .refusal = {.status = 401, .headers = {}, .body = request.target}};
  }});
  Client client(port_);
  std::string answer = client.Upgrade("/stream?after=3");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(answer, HasSubstr("/stream?after=3"));
  EXPECT_TRUE(client.Closed());
}

TEST_F(HttpServerTest, AWebSocketClientThatDoesNotReadIsClosed) {
  Start({.websocket_queue_max = 10, .on_upgrade = [this](const HttpRequest&) { return sockets_.Accept(); }});
  Client client(port_);
  EXPECT_THAT(client.Upgrade(), StartsWith("HTTP/1.1 101"));
  auto socket = sockets_.Wait();
  auto large = std::make_shared<std::string>(1 << 20, 'x');
  int sent = 0;
  while (socket->Send(large)) ASSERT_LT(++sent, 1000);
  // What was under way arrives, then the farewell says why.
  std::pair<int, std::string> frame;
  do frame = client.ReadFrame();
  while (frame.first == 1);
  ASSERT_EQ(frame.first, 8);
  EXPECT_EQ(static_cast<unsigned char>(frame.second[0]) * 256 + static_cast<unsigned char>(frame.second[1]), 1013);
}

TEST_F(HttpServerTest, StopSaysGoodbyeToWebSockets) {
  Start({.on_upgrade = [this](const HttpRequest&) { return sockets_.Accept(); }});
  Client client(port_);
  client.Upgrade();
  sockets_.Wait();
  server_->Stop();
  auto [opcode, payload] = client.ReadFrame();
  ASSERT_EQ(opcode, 8);
  EXPECT_EQ(static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]), 1001);
}

TEST_F(HttpServerTest, RefusesACertificateThatIsNone) {
  HttpServer server({.listen = "127.0.0.1:0", .certificate_file = "/nowhere", .key_file = "/nowhere"});
  EXPECT_EQ(server.Start().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HttpServerTest, RefusesAnAddressThatIsNone) {
  for (const char* bad : {"", "8080", "example.com:80", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000"}) {
    EXPECT_FALSE(HttpServer({.listen = bad}).Start().ok()) << bad;
  }
}

}  // namespace
}  // namespace ballast
