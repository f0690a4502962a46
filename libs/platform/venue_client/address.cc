#include "libs/platform/venue_client/address.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "libs/base/absl_std.h"

namespace ballast {
namespace {

struct Scheme {
  std::string_view name;
  bool tls;
  std::string_view port;
};
constexpr std::array kHttp = {Scheme{"https://", true, "443"}, Scheme{"http://", false, "80"}};
constexpr std::array kSocket = {Scheme{"wss://", true, "443"}, Scheme{"ws://", false, "80"}};

absl::Status Bad(std::string_view what) { return absl::InvalidArgumentError(ToAbsl("address: " + std::string(what))); }

bool IsPort(std::string_view text) {
  constexpr int kPortMax = 65'535;
  int port = 0;
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         absl::SimpleAtoi(ToAbsl(text), &port) && port > 0 && port <= kPortMax;
}

absl::StatusOr<VenueAddress> Parse(std::string_view url, const std::array<Scheme, 2>& schemes) {
  auto scheme =
      std::find_if(schemes.begin(), schemes.end(), [&](const Scheme& each) { return url.starts_with(each.name); });
  if (scheme == schemes.end()) {
    return Bad("it begins with neither " + std::string(schemes[0].name) + " nor " + std::string(schemes[1].name));
  }
  // What is not printable ASCII, or a blank, would end the request's first line.
  const bool sane = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!sane) return Bad("a character in it cannot be in a URL");
  url.remove_prefix(scheme->name.size());
  const std::size_t path = std::min(url.find_first_of("/?#"), url.size());
  std::string_view authority = url.substr(0, path);
  std::string_view target = url.substr(path);
  if (authority.find('@') != std::string_view::npos) return Bad("it names a user");
  if (target.find('#') != std::string_view::npos) return Bad("it has a fragment");
  VenueAddress address{.tls = scheme->tls, .host = {}, .port = std::string(scheme->port), .target = {}};
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return Bad("a bracket is not closed");
    address.host = authority.substr(1, end - 1);
    std::string_view rest = authority.substr(end + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return Bad("something follows the bracket");
    if (has_port) port = rest.substr(1);
  } else {
    const std::size_t colon = authority.find(':');
    has_port = colon != std::string_view::npos;
    address.host = authority.substr(0, colon);
    if (has_port) port = authority.substr(colon + 1);
  }
  if (address.host.empty()) return Bad("it names no host");
  if (has_port && !IsPort(port)) return Bad("its port is none");
  if (has_port) address.port = port;
  address.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return address;
}

}  // namespace

std::string VenueAddress::HostHeader() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string text = v6 ? "[" + host + "]" : host;
  if (port != (tls ? "443" : "80")) text += ":" + port;
  return text;
}

absl::StatusOr<VenueAddress> ParseHttpAddress(std::string_view url) { return Parse(url, kHttp); }
absl::StatusOr<VenueAddress> ParseSocketAddress(std::string_view url) { return Parse(url, kSocket); }

}  // namespace ballast
