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
  // A simulator of this machine. It says so itself in each answer (kSimulatorHeader), and what does not is none.
  bool simulator = false;

  friend bool operator==(const Hosts&, const Hosts&) = default;
};

// "testnet", "demo" or "live" (binance-spot-api-docs: testnet/general-info.md, demo-mode/general-info.md, rest-api.md);
// nothing: there is no such place.
std::optional<Hosts> HostsOf(std::string_view environment);

// In the answers of a simulator, and of no venue.
inline constexpr std::string_view kSimulatorHeader = "x-ballast-simulator";

// Whether the host of an origin is an address of this machine (127.0.0.0/8 or ::1): a name may lead elsewhere.
bool IsLoopback(std::string_view origin);

// Whether the host of an origin belongs to the venue's live system, or to one of its siblings that is none of its test
// systems.
bool IsLiveHost(std::string_view origin);

}  // namespace ballast::binance
