#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The words of HTTP, free of the library that speaks it.
namespace ballast {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  // As sent, e.g. "GET".
  std::string method;
  // As sent: "/api/live/orders?working=true".
  std::string target;
  // Decoded parts of the path: "/a/b%20c/" is {"a", "b c", ""}.
  std::vector<std::string> segments;
  // Decoded, in order.
  HttpHeaders query;
  // Names in lower case.
  HttpHeaders headers;
  std::string body;
  // Address of the peer without its port.
  std::string remote;

  // Empty when absent; the first one when there are several.
  [[nodiscard]] std::string_view Header(std::string_view lower_case_name) const;
  [[nodiscard]] std::string_view Query(std::string_view name) const;
  // The path without the query, as sent.
  [[nodiscard]] std::string_view RawPath() const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

// The way to answer one request. Copies answer the same request; any thread; the first answer counts. A request whose
// responders are all gone without an answer gets a 500.
class HttpResponder {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void Answer(HttpResponse response) = 0;
    // Closes the connection without a word.
    virtual void Drop() {}
  };
  explicit HttpResponder(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}
  void Send(HttpResponse response) const { sink_->Answer(std::move(response)); }
  // For those who play a server that fails: the client gets no answer at all.
  void Drop() const { sink_->Drop(); }

 private:
  std::shared_ptr<Sink> sink_;
};

// One WebSocket connection; any thread.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Queues a text message. False when closed, and when the queue is full: the connection is then closed with 1013.
  virtual bool Send(std::shared_ptr<const std::string> text) = 0;
  // The same of a binary message.
  virtual bool SendBinary(std::shared_ptr<const std::string> bytes) { return Send(std::move(bytes)); }
  virtual void Close(int code, const std::string& reason) = 0;
};

// Called on the server's threads, never two at a time for one connection; must not block.
struct WebSocketEvents {
  std::function<void(std::shared_ptr<WebSocket>)> on_open;
  std::function<void(const std::string&)> on_text;
  // Ignored where there is none.
  std::function<void(const std::string&)> on_binary = nullptr;
  // Exactly once after on_open.
  std::function<void()> on_close;
};

// What becomes of a request to upgrade: accepted, or refused with `refusal`.
struct UpgradeAnswer {
  bool accepted = false;
  WebSocketEvents events;
  HttpResponse refusal;
};

}  // namespace ballast
