#include "libs/brokers/binance/hosts.h"

#include <array>

namespace ballast::binance {
namespace {

// What is not one of these and ends with the venue's names is taken for live: a host that nobody here knows moves
// money.
constexpr std::array<std::string_view, 5> kTests = {"demo-api.binance.com", "demo-stream.binance.com",
                                                    "demo-ws-api.binance.com", "testnet.binance.vision",
                                                    ".testnet.binance.vision"};

std::string HostIn(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  if (scheme != std::string_view::npos) origin.remove_prefix(scheme + 3);
  std::string host(origin.substr(0, origin.find_first_of(":/?#")));
  for (char& c : host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  // The root's dot names the same host.
  while (host.ends_with('.')) host.pop_back();
  return host;
}

bool IsUnder(std::string_view host, std::string_view domain) {
  return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

}  // namespace

std::optional<Hosts> HostsOf(std::string_view environment) {
  if (environment == "testnet") {
    return Hosts{.rest = "https://testnet.binance.vision",
                 .stream = "wss://stream.testnet.binance.vision",
                 .socket_api = "wss://ws-api.testnet.binance.vision"};
  }
  if (environment == "demo") {
    return Hosts{.rest = "https://demo-api.binance.com",
                 .stream = "wss://demo-stream.binance.com",
                 .socket_api = "wss://demo-ws-api.binance.com"};
  }
  // Where it is, only who has started it knows.
  if (environment == "simulator") return Hosts{.simulator = true};
  if (environment == "live") {
    return Hosts{.rest = "https://api.binance.com",
                 .stream = "wss://stream.binance.com:9443",
                 .socket_api = "wss://ws-api.binance.com:443",
                 .live = true};
  }
  return std::nullopt;
}

bool IsLoopback(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos || origin.find('@') != std::string_view::npos) return false;
  origin.remove_prefix(scheme + 3);
  if (origin.starts_with("[::1]")) return origin.size() == 5 || origin[5] == ':' || origin[5] == '/';
  const std::string_view host = origin.substr(0, origin.find_first_of(":/?#"));
  int parts = 1;
  std::size_t digits = 0;
  for (char c : host) {
    if (c == '.') {
      if (digits == 0) return false;
      ++parts;
      digits = 0;
    } else if (c < '0' || c > '9' || ++digits > 3) {
      return false;
    }
  }
  return host.starts_with("127.") && parts == 4 && digits > 0;
}

bool IsLiveHost(std::string_view origin) {
  // "https://user:x@api.binance.com": what stands before the @ is no host, and nobody needs it.
  if (origin.find('@') != std::string_view::npos) return true;
  const std::string host = HostIn(origin);
  for (std::string_view test : kTests) {
    if (test.starts_with('.') ? host.ends_with(test) : host == test) return false;
  }
  for (std::string_view domain : {"binance.com", "binance.us", "binance.vision", "binance.me", "binance.cloud"}) {
    if (IsUnder(host, domain)) return true;
  }
  return false;
}

}  // namespace ballast::binance
