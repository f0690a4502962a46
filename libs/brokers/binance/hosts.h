#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ballast::binance {

// Where a Binance is: origins without a path.
struct Hosts {
  // "https://testnet.binance.vision".
  std::string rest;
  // "wss://stream.testnet.binance.vision".
  std::string stream;
  // "wss://ws-api.testnet.binance.vision".
  std::string socket_api;
  // Real money is moved there.
  bool live = false;

  friend bool operator==(const Hosts&, const Hosts&) = default;
};

// "testnet", "demo" or "live" (binance-spot-api-docs: testnet/general-info.md, demo-mode/general-info.md, rest-api.md);
// nothing: there is no such place.
std::optional<Hosts> HostsOf(std::string_view environment);

// Whether the host of an origin belongs to the venue's live system, or to one of its siblings that is none of its test
// systems.
bool IsLiveHost(std::string_view origin);

}  // namespace ballast::binance
