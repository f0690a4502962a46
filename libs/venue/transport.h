#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libs/base/utc_time.h"

namespace ballast::venue {

using Headers = std::vector<std::pair<std::string, std::string>>;

// One HTTP request, ready to leave.
struct HttpCall {
  // The caller's; answers carry it.
  std::uint64_t id = 0;
  std::string method;
  // "https://api.binance.com".
  std::string origin;
  // Path and query as they are to be sent.
  std::string target;
  Headers headers;
  std::string body;
  // From being handed over to the last byte of the answer.
  Duration timeout = Duration::Seconds(5);
};

// What became of a call.
enum class Outcome : int {
  // A whole answer is there, whatever it says.
  kAnswered = 0,
  // Not a byte of the request has left: it cannot be there.
  kNotSent = 1,
  // Some of it may have left, and no whole answer came.
  kUnknown = 2,
};
struct HttpAnswer {
  std::uint64_t id = 0;
  Outcome outcome = Outcome::kUnknown;
  int status = 0;
  // Names in lower case.
  Headers headers;
  std::string body;
  // For people, where it is not kAnswered. Never holds what was sent.
  std::string problem;
};

// A connection on which both speak: a WebSocket (ws, wss) or bytes (tcp). `socket` is the caller's number.
struct SocketOpened {
  std::uint64_t socket = 0;
};
struct SocketMessage {
  std::uint64_t socket = 0;
  std::string payload;
  bool binary = false;
};
// It is gone, or never was there. Whoever sent something on it and has no answer does not know what became of it.
struct SocketClosed {
  std::uint64_t socket = 0;
  std::string why;
};
using TransportEvent = std::variant<HttpAnswer, SocketOpened, SocketMessage, SocketClosed>;

// The way to a venue's servers, for one session. One thread; nothing here waits: what is asked goes out, and what comes
// of it is among the events of a later Take. Every call gets one answer.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void Call(HttpCall call) = 0;
  // SocketOpened or SocketClosed follows.
  virtual void Open(std::uint64_t socket, const std::string& url, Headers headers) = 0;
  // Nothing happens where the socket is not open.
  virtual void Send(std::uint64_t socket, std::string payload, bool binary = false) = 0;
  // SocketClosed follows, where it was open.
  virtual void Close(std::uint64_t socket) = 0;
  virtual std::vector<TransportEvent> Take() = 0;
};

}  // namespace ballast::venue
