#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "libs/venue/transport.h"

namespace ballast::venue {

// A network that says what a test tells it to say, and remembers what it was asked.
class ScriptedTransport : public Transport {
 public:
  struct Opened {
    std::uint64_t socket = 0;
    std::string url;
  };
  struct Sent {
    std::uint64_t socket = 0;
    std::string payload;
  };

  void Call(HttpCall call) override { calls.push_back(std::move(call)); }
  void Open(std::uint64_t socket, const std::string& url, Headers) override { opened.push_back({socket, url}); }
  void Send(std::uint64_t socket, std::string payload, bool) override { sent.push_back({socket, std::move(payload)}); }
  void Close(std::uint64_t socket) override { closed.push_back(socket); }
  std::vector<TransportEvent> Take() override { return std::exchange(says, {}); }

  // Given at the next Take.
  std::vector<TransportEvent> says;
  // Not answered yet; whoever answers takes them out.
  std::deque<HttpCall> calls;
  std::vector<Opened> opened;
  std::vector<Sent> sent;
  std::vector<std::uint64_t> closed;
};

}  // namespace ballast::venue
