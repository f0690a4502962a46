#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/platform/venue_client/address.h"
#include "libs/platform/venue_client/event_box.h"
#include "libs/platform/venue_client/net.h"
#include "libs/platform/venue_client/venue_client.h"

namespace ballast::internal {

// One WebSocket, from its opening to the one SocketClosed that ends it. On the client's own thread only.
class SocketLink {
 public:
  virtual ~SocketLink() = default;
  virtual void Open(venue::Headers headers) = 0;
  virtual void Send(std::string payload, bool binary) = 0;
  virtual void Close() = 0;

  // `gone` is called once, after SocketClosed was told.
  static std::shared_ptr<SocketLink> Make(std::uint64_t number, VenueAddress address,
                                          const VenueClient::Options& options, asio::io_context& io, ssl::context& tls,
                                          EventBox& box, std::function<void()> gone);
};

}  // namespace ballast::internal
