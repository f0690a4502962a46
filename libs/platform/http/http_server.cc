#include "libs/platform/http/http_server.h"

#include <openssl/ssl.h>

#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <thread>
#include <type_traits>

#include "libs/base/absl_std.h"
#include "libs/platform/http/beast_internal.h"
#include "libs/platform/http/url.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using internal::BeastRequest;
using internal::Connection;
using internal::ErrorCode;
using internal::Socket;
using internal::Strand;
using internal::Stream;
using internal::tcp;
using internal::TlsStream;

namespace {

constexpr int kThreads = 2;
// A client that is told "no" while it still sends gets this long to read the answer.
constexpr auto kLinger = std::chrono::seconds(2);
constexpr auto kStopWait = std::chrono::milliseconds(1500);
constexpr std::int64_t kStopSliceNs = 100'000'000;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

// What Beast would refuse with a page of its own.
bool IsHandshake(const BeastRequest& request) {
  constexpr std::size_t kKeySize = 24;  // 16 bytes in base64
  return request[http::field::sec_websocket_version] == "13" &&
         request[http::field::sec_websocket_key].size() == kKeySize && request.count(http::field::host) == 1;
}

}  // namespace

struct HttpServer::Shared : std::enable_shared_from_this<HttpServer::Shared> {
  explicit Shared(Options given) : options(std::move(given)), acceptor(io.get_executor()) {}

  void Accept();
  // False when there are too many.
  bool Register(const std::shared_ptr<Connection>& connection) EXCLUDES(mutex) {
    MutexLock lock(mutex);
    if (stopped || connections.size() >= options.connections_max) {
      for (auto it = connections.begin(); it != connections.end();) {
        it = it->second.expired() ? connections.erase(it) : std::next(it);
      }
      if (stopped || connections.size() >= options.connections_max) return false;
    }
    connections[connection.get()] = connection;
    return true;
  }
  void Forget(Connection* connection) EXCLUDES(mutex) {
    MutexLock lock(mutex);
    connections.erase(connection);
  }

  const Options options;
  asio::io_context io{kThreads};
  asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor;
  // Where it speaks TLS.
  std::optional<asio::ssl::context> tls;
  std::vector<std::thread> threads;
  std::atomic<bool> stopped{false};
  Mutex mutex;
  CondVar thread_ended;
  int threads_ended GUARDED_BY(mutex) = 0;
  std::map<Connection*, std::weak_ptr<Connection>> connections GUARDED_BY(mutex);

  template <typename Wire>
  class Session;
  template <typename Wire>
  void Begin(Socket socket);
};

// One connection: reads a request, waits for its answer, writes it, reads the next. `Wire`: Stream or TlsStream.
template <typename Wire>
class HttpServer::Shared::Session : public Connection, public std::enable_shared_from_this<Session<Wire>> {
  static constexpr bool kTls = std::is_same_v<Wire, TlsStream>;

 public:
  Session(Socket socket, std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), strand_(socket.get_executor()), stream_(Wrap(std::move(socket), *shared_)) {
    ErrorCode error;
    auto endpoint = tcp_stream().socket().remote_endpoint(error);
    if (!error) remote_ = endpoint.address().to_string();
    tcp_stream().socket().set_option(tcp::no_delay(true), error);
  }
  ~Session() override { shared_->Forget(this); }

  void Run() {
    asio::dispatch(strand_, [self = this->shared_from_this()] { self->Begin(); });
  }
  void Shutdown() override {
    asio::post(strand_, [self = this->shared_from_this()] { self->Drop(); });
  }

  void Abort() override { Drop(); }

  // Any thread.
  void Answer(HttpResponse response) {
    if (shared_->stopped) return;
    asio::post(strand_, [self = this->shared_from_this(), response = std::move(response)]() mutable {
      self->Write(std::move(response));
    });
  }
  [[nodiscard]] HttpResponse ErrorPage(int status, const std::string& message) const {
    return shared_->options.error_page ? shared_->options.error_page(status, message)
                                       : HttpResponse{status, {}, message};
  }

 private:
  // Answers at most once; says 500 when it goes without having answered.
  class OneAnswer : public HttpResponder::Sink {
   public:
    explicit OneAnswer(std::shared_ptr<Session> session) : session_(std::move(session)) {}
    ~OneAnswer() override {
      if (!answered_.exchange(true)) session_->Answer(session_->ErrorPage(500, "the request was not answered"));
    }
    void Answer(HttpResponse response) override {
      if (!answered_.exchange(true)) session_->Answer(std::move(response));
    }
    void Drop() override {
      if (!answered_.exchange(true)) session_->Shutdown();
    }

   private:
    std::shared_ptr<Session> session_;
    std::atomic<bool> answered_{false};
  };

  static Wire Wrap(Socket socket, Shared& shared) {
    if constexpr (kTls) {
      return TlsStream(Stream(std::move(socket)), *shared.tls);
    } else {
      return Stream(std::move(socket));
    }
  }
  Stream& tcp_stream() { return beast::get_lowest_layer(stream_); }

  void Begin() {
    if constexpr (kTls) {
      tcp_stream().expires_after(std::chrono::milliseconds(shared_->options.head_timeout_ms));
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](ErrorCode error) {
        if (error) {
          self->Drop();
          return;
        }
        self->ReadHead();
      });
    } else {
      ReadHead();
    }
  }

  void ReadHead() {
    parser_.emplace();
    parser_->body_limit(shared_->options.body_bytes_max);
    parser_->header_limit(static_cast<std::uint32_t>(shared_->options.head_bytes_max));
    tcp_stream().expires_after(std::chrono::milliseconds(shared_->options.head_timeout_ms));
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](ErrorCode error, std::size_t) { self->OnHead(error); });
  }

  void OnHead(ErrorCode error) {
    if (error) {
      OnReadError(error);
      return;
    }
    keep_alive_ = parser_->get().keep_alive();
    head_only_ = parser_->get().method() == http::verb::head;
    if (beast::websocket::is_upgrade(parser_->get())) {
      Upgrade();
      return;
    }
    tcp_stream().expires_after(std::chrono::milliseconds(shared_->options.body_timeout_ms));
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      continue_ = std::make_shared<http::response<http::empty_body>>(http::status::continue_, 11);
      http::async_write(stream_, *continue_, [self = this->shared_from_this()](ErrorCode failed, std::size_t) {
        if (failed) {
          self->Drop();
          return;
        }
        self->ReadBody();
      });
      return;
    }
    ReadBody();
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](ErrorCode error, std::size_t) {
      if (error) {
        self->OnReadError(error);
        return;
      }
      self->OnRequest();
    });
  }

  void OnReadError(ErrorCode error) {
    keep_alive_ = false;
    head_only_ = false;
    if (error == http::error::body_limit) {
      Write(ErrorPage(413, "the body is larger than " + std::to_string(shared_->options.body_bytes_max) + " bytes"));
    } else if (error == http::error::header_limit) {
      Write(ErrorPage(431, "the head of the request is too large"));
    } else if (error == http::error::end_of_stream || error == http::error::partial_message ||
               error.category() != http::make_error_code(http::error::bad_target).category()) {
      Drop();  // gone, or too slow
    } else {
      Write(ErrorPage(400, "this is not HTTP/1.1: " + error.message()));
    }
  }

  // Nothing when the target is no path.
  std::optional<HttpRequest> Translate(const BeastRequest& request) const {
    auto target = ParseTarget({request.target().data(), request.target().size()});
    if (!target) return std::nullopt;
    HttpRequest out;
    out.method = std::string(request.method_string());
    out.target = std::string(request.target());
    out.segments = std::move(target->segments);
    out.query = std::move(target->query);
    for (const auto& field : request) {
      out.headers.emplace_back(Lower({field.name_string().data(), field.name_string().size()}),
                               std::string(field.value()));
    }
    out.remote = remote_;
    return out;
  }

  void OnRequest() {
    BeastRequest message = parser_->release();
    tcp_stream().expires_never();  // the one who answers has deadlines of its own
    auto request = Translate(message);
    if (!request) {
      Write(ErrorPage(400, "the target of the request is not a path in UTF-8"));
      return;
    }
    request->body = std::move(message.body());
    shared_->options.on_request(std::move(*request),
                                HttpResponder(std::make_shared<OneAnswer>(this->shared_from_this())));
  }

  void Upgrade() {
    BeastRequest message = parser_->release();
    auto request = Translate(message);
    UpgradeAnswer answer;
    if (!request || !shared_->options.on_upgrade) {
      answer.refusal = ErrorPage(400, "there is no WebSocket here");
    } else if (!IsHandshake(message)) {
      answer.refusal = ErrorPage(400, "this is no handshake of WebSocket version 13");
    } else {
      answer = shared_->options.on_upgrade(*request);
    }
    if (!answer.accepted) {
      keep_alive_ = false;
      Write(std::move(answer.refusal));
      return;
    }
    std::shared_ptr<Shared> shared = shared_;
    upgraded_ = true;
    internal::StartWebSocket(shared, std::move(stream_), std::move(message), std::move(answer.events),
                             shared_->options.websocket_queue_max, [&](std::shared_ptr<Connection> connection) {
                               shared->Forget(this);
                               if (!shared->Register(connection)) connection->Shutdown();
                             });
  }

  void Write(HttpResponse response) {
    if (shared_->stopped) keep_alive_ = false;
    response_ = std::make_shared<http::response<http::string_body>>();
    response_->version(11);
    response_->result(static_cast<unsigned>(response.status));
    for (const auto& [name, value] : response.headers) response_->insert(name, value);
    std::size_t size = response.body.size();
    if (!head_only_) response_->body() = std::move(response.body);
    response_->prepare_payload();
    if (head_only_ && response.status != 304) response_->content_length(size);
    response_->keep_alive(keep_alive_);
    tcp_stream().expires_after(std::chrono::milliseconds(shared_->options.body_timeout_ms));
    // A HEAD answer announces a body and has none: only its head is written.
    if (head_only_) {
      serializer_.emplace(*response_);
      http::async_write_header(stream_, *serializer_, [self = this->shared_from_this()](ErrorCode error, std::size_t) {
        self->OnWritten(error);
      });
      return;
    }
    http::async_write(stream_, *response_,
                      [self = this->shared_from_this()](ErrorCode error, std::size_t) { self->OnWritten(error); });
  }

  void OnWritten(ErrorCode error) {
    serializer_.reset();
    response_.reset();
    if (error) {
      Drop();
    } else if (keep_alive_) {
      ReadHead();
    } else {
      Farewell();
    }
  }

  // The client is told that nothing more comes.
  void Farewell() {
    tcp_stream().expires_after(kLinger);
    if constexpr (kTls) {
      stream_.async_shutdown([self = this->shared_from_this()](ErrorCode) { self->Drop(); });
    } else {
      ErrorCode ignored;
      tcp_stream().socket().shutdown(tcp::socket::shutdown_send, ignored);
      Linger();
    }
  }

  // Closing with bytes unread would reset the connection and lose the answer on its way.
  void Linger() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096), [self = this->shared_from_this()](ErrorCode error, std::size_t) {
      if (error) {
        self->Drop();
        return;
      }
      self->Linger();
    });
  }

  void Drop() {
    if (upgraded_) return;  // the stream is another's now
    ErrorCode ignored;
    tcp_stream().socket().close(ignored);
  }

  std::shared_ptr<Shared> shared_;  // first: the stream needs its io_context to the end
  const Strand strand_;
  Wire stream_;
  bool upgraded_ = false;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::shared_ptr<http::response<http::string_body>> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::shared_ptr<http::response<http::empty_body>> continue_;
  std::string remote_;
  bool keep_alive_ = false;
  bool head_only_ = false;
};

template <typename Wire>
void HttpServer::Shared::Begin(Socket socket) {
  auto session = std::make_shared<Session<Wire>>(std::move(socket), shared_from_this());
  if (Register(session)) session->Run();
}

void HttpServer::Shared::Accept() {
  acceptor.async_accept(asio::make_strand(io.get_executor()),
                        [self = shared_from_this()](ErrorCode error, Socket socket) {
                          if (self->stopped) return;
                          if (!error) {
                            if (self->tls) {
                              self->Begin<TlsStream>(std::move(socket));
                            } else {
                              self->Begin<Stream>(std::move(socket));
                            }
                          } else {
                            // Out of file descriptors, most likely: a moment for connections to end.
                            std::this_thread::sleep_for(std::chrono::milliseconds(10));
                          }
                          self->Accept();
                        });
}

HttpServer::HttpServer(Options options) : shared_(std::make_shared<Shared>(std::move(options))) {}
HttpServer::~HttpServer() { Stop(); }

absl::StatusOr<int> HttpServer::Start() {
  auto [host, port_text] = SplitHostPort(shared_->options.listen);
  unsigned short port = 0;
  auto [end, bad] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  ErrorCode error;
  auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error || bad != std::errc() || end != port_text.data() + port_text.size()) {
    return absl::InvalidArgumentError(ToAbsl("not an address to listen on: " + shared_->options.listen));
  }
  if (!shared_->options.certificate_file.empty() || !shared_->options.key_file.empty()) {
    shared_->tls.emplace(asio::ssl::context::tls_server);
    SSL_CTX_set_min_proto_version(shared_->tls->native_handle(), TLS1_2_VERSION);
    shared_->tls->use_certificate_chain_file(shared_->options.certificate_file, error);
    if (!error) shared_->tls->use_private_key_file(shared_->options.key_file, asio::ssl::context::pem, error);
    if (error) return absl::InvalidArgumentError(ToAbsl("not a certificate and its key: " + error.message()));
  }
  auto& acceptor = shared_->acceptor;
  tcp::endpoint endpoint(address, port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return absl::UnavailableError(ToAbsl("cannot listen on " + shared_->options.listen + ": " + error.message()));
  int bound = acceptor.local_endpoint().port();
  shared_->Accept();
  for (int i = 0; i < kThreads; ++i) {
    shared_->threads.emplace_back([shared = shared_.get()] {
      shared->io.run();
      {
        MutexLock lock(shared->mutex);
        ++shared->threads_ended;
      }
      shared->thread_ended.NotifyAll();
    });
  }
  return bound;
}

void HttpServer::Stop() {
  if (shared_->threads.empty()) return;
  std::vector<std::shared_ptr<Connection>> open;
  {
    MutexLock lock(shared_->mutex);
    shared_->stopped = true;
    for (auto& [raw, connection] : shared_->connections) {
      if (auto strong = connection.lock()) open.push_back(std::move(strong));
    }
  }
  asio::post(shared_->io, [shared = shared_] {
    ErrorCode ignored;
    shared->acceptor.close(ignored);
  });
  for (auto& connection : open) connection->Shutdown();
  open.clear();
  // The threads end by themselves when nothing is left to do; a peer that does not answer the farewell is not waited
  // for.
  {
    MutexLock lock(shared_->mutex);
    auto deadline = std::chrono::steady_clock::now() + kStopWait;
    while (shared_->threads_ended < kThreads && std::chrono::steady_clock::now() < deadline) {
      shared_->thread_ended.WaitFor(shared_->mutex, kStopSliceNs);
    }
  }
  shared_->io.stop();
  for (std::thread& thread : shared_->threads) thread.join();
  shared_->threads.clear();
  // What still waits holds its connection, and that this: it is ended here, so that nothing stays.
  open.clear();
  {
    MutexLock lock(shared_->mutex);
    for (auto& [raw, connection] : shared_->connections) {
      if (auto strong = connection.lock()) open.push_back(std::move(strong));
    }
  }
  for (auto& connection : open) connection->Abort();
  shared_->io.restart();
  shared_->io.poll();
}

}  // namespace ballast
