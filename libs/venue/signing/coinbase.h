#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/secret.h"
#include "libs/base/utc_time.h"
#include "libs/venue/signing/key.h"

namespace ballast::signing {

// Makes the JSON web tokens that Coinbase Advanced Trade takes (RFC 7519; docs.cdp.coinbase.com, "API key
// authentication"): one for each request, and one for each subscription on a WebSocket. Immutable.
class CoinbaseSigner {
 public:
  // From `nbf` to `exp`.
  static constexpr Duration kLife = Duration::Seconds(120);

  // `key_name`: "organizations/…/apiKeys/…". The secret is a P-256 or Ed25519 key in PEM, or an Ed25519 key as base64
  // of 32 bytes (seed) or 64 (seed and public key). INVALID_ARGUMENT says which form was expected, never what was
  // given.
  static absl::StatusOr<CoinbaseSigner> Of(std::string key_name, const Secret& secret);

  // "ES256" or "EdDSA", as the key is.
  [[nodiscard]] std::string_view algorithm() const;
  [[nodiscard]] const std::string& key_name() const { return key_name_; }
  // What a verifier holds.
  [[nodiscard]] PublicKey Public() const { return key_.Public(); }

  // For "Authorization: Bearer …". `method` "GET", `host` as in the URL with its port where it has one, `target` path
  // and query: the query is not signed. `nonce`: random, another for each token; hexadecimal digits by custom.
  // INVALID_ARGUMENT: one of them is not of that form.
  [[nodiscard]] absl::StatusOr<std::string> RequestToken(std::string_view method, std::string_view host,
                                                         std::string_view target, UtcTime now,
                                                         std::string_view nonce) const;
  // For the `jwt` of a subscription.
  [[nodiscard]] absl::StatusOr<std::string> SocketToken(UtcTime now, std::string_view nonce) const;

 private:
  CoinbaseSigner(std::string key_name, PrivateKey key) : key_name_(std::move(key_name)), key_(std::move(key)) {}
  [[nodiscard]] absl::StatusOr<std::string> Token(std::string_view uri, UtcTime now, std::string_view nonce) const;

  std::string key_name_;
  PrivateKey key_;
};

// "POST api.coinbase.com/api/v3/brokerage/orders": what a token is for. The query of `target` is left out.
std::string CoinbaseUri(std::string_view method, std::string_view host, std::string_view target);

}  // namespace ballast::signing
