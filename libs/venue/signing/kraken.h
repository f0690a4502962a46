#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/secret.h"
#include "libs/venue/transport.h"

namespace ballast::signing {

// Signs private REST calls of Kraken Spot (docs.kraken.com, "Spot REST authentication"). Its WebSockets take a token
// that such a call gets. Immutable.
class KrakenSigner {
 public:
  // INVALID_ARGUMENT: the secret is not the base64 that Kraken shows with a new key.
  static absl::StatusOr<KrakenSigner> Of(std::string api_key, const Secret& secret);

  // `API-Sign` of a POST: `path` as "/0/private/AddOrder", `body` exactly as it is sent; it holds `nonce` too.
  [[nodiscard]] std::string Sign(std::string_view path, std::uint64_t nonce, std::string_view body) const;
  // `API-Key` and `API-Sign`.
  [[nodiscard]] venue::Headers Headers(std::string_view path, std::uint64_t nonce, std::string_view body) const;

 private:
  KrakenSigner(std::string api_key, Secret key) : api_key_(std::move(api_key)), key_(std::move(key)) {}

  std::string api_key_;
  Secret key_;
};

}  // namespace ballast::signing
