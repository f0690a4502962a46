#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ballast {

// Where a URL of a venue leads.
struct VenueAddress {
  bool tls = false;
  // A name or an address; an IPv6 address without its brackets.
  std::string host;
  std::string port;
  // Path and query, at least "/".
  std::string target;

  // As the Host header says it: with the port where it is not the scheme's own.
  [[nodiscard]] std::string HostHeader() const;
};

// "https://host", "http://host:8080/path?query"; INVALID_ARGUMENT: another scheme, no host, a port that is none, a user
// or a character that cannot be in a URL.
absl::StatusOr<VenueAddress> ParseHttpAddress(std::string_view url);
// The same of "wss://" and "ws://".
absl::StatusOr<VenueAddress> ParseSocketAddress(std::string_view url);

}  // namespace ballast
