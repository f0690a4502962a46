#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/venue/transport.h"

namespace ballast {

// A venue's servers over the network: HTTP/1.1 and WebSockets, with TLS 1.2 or newer where the URL says https or wss. A
// server's certificate must lead to a trusted authority and name the host of the URL; there is no way around that.
//
// All methods are called by one thread and do nothing but hand over; a thread of its own does the work and calls `wake`
// for what Take gives. Whatever is on its way when it is destroyed has no answer any more.
//
// A call is kNotSent until the first byte of its request is given to the connection, and kUnknown from then on until
// its whole answer is there: nothing is sent twice, also not where a kept connection turns out to be closed.
class VenueClient : public venue::Transport {
 public:
  struct Options {
    // PEM file of the authorities that are trusted, and no others; empty: the system's.
    std::string ca_file;
    // Any thread: there is something to take. Must not block.
    std::function<void()> wake = [] {};
    // An answer, or a message of a socket, that is longer is not taken: the call is unknown, the socket closed. The
    // whole of a spot market's rules is some 15 MB.
    std::size_t message_bytes_max = 32U << 20;
    // Not taken or not written yet, for each socket: what does not fit closes it.
    std::size_t queued_bytes_max = 16U << 20;
    // Calls without an answer; one more is not sent.
    std::size_t calls_max = 1'000;
    // Connections to one origin; more calls wait.
    std::size_t connections_max = 8;
    // A connection that nobody has used for so long is closed.
    Duration idle = Duration::Seconds(50);
    // From Open to SocketOpened.
    Duration open_timeout = Duration::Seconds(10);
    // A socket on which nothing has come for so long is dead; half as long, and it is asked with a ping.
    Duration silence = Duration::Seconds(30);
  };

  // INVALID_ARGUMENT: the file of authorities cannot be read or holds none.
  static absl::StatusOr<std::unique_ptr<VenueClient>> Make(Options options);
  ~VenueClient() override;
  VenueClient(const VenueClient&) = delete;
  VenueClient& operator=(const VenueClient&) = delete;

  void Call(venue::HttpCall call) override;
  // "wss://…", "ws://…". A number is used once.
  void Open(std::uint64_t socket, const std::string& url, venue::Headers headers) override;
  void Send(std::uint64_t socket, std::string payload, bool binary) override;
  void Close(std::uint64_t socket) override;
  std::vector<venue::TransportEvent> Take() override;

 private:
  class Core;
  explicit VenueClient(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace ballast
