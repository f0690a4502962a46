#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/secret.h"
#include "libs/venue/signing/encoding.h"
#include "libs/venue/signing/key.h"
#include "libs/venue/transport.h"

namespace ballast::signing {

// Signs for Binance Spot (binance/binance-spot-api-docs, rest-api.md and web-socket-api.md, "Request security").
// Times are the caller's: `timestamp` and `recvWindow` are parameters like the others. Immutable.
class BinanceSigner {
 public:
  enum class Kind : int { kHmac = 0, kRsa = 1, kEd25519 = 2 };

  // The kind follows from the secret: PEM holds an RSA or Ed25519 key, anything else is the text of an HMAC secret.
  // `password` opens an encrypted PEM.
  // INVALID_ARGUMENT says which form was expected, never what was given.
  static absl::StatusOr<BinanceSigner> Of(std::string api_key, const Secret& secret, const Secret& password = Secret());

  [[nodiscard]] Kind kind() const;
  // `session.logon` is for Ed25519 keys only.
  [[nodiscard]] bool MayLogOn() const { return kind() == Kind::kEd25519; }
  // What every request with a key carries.
  [[nodiscard]] venue::Headers headers() const { return {{"X-MBX-APIKEY", api_key_}}; }

  // Both ready to be sent: percent-encoded, as signed (since 2026-01-15 Binance takes no other order of the two steps).
  struct Request {
    std::string query;
    std::string body;
  };
  // The signature is the last parameter: of the body, or of the query where there is no body.
  // INVALID_ARGUMENT: a parameter without a name, or twice (also in both: Binance would read the query's), or
  // "signature".
  [[nodiscard]] absl::StatusOr<Request> SignRest(const Parameters& query, const Parameters& body = {}) const;

  // The parameters of a call of the WebSocket API: the caller's with `apiKey` by name, then `signature`. Nothing is
  // encoded; what JSON writes as a number is signed as its digits. INVALID_ARGUMENT as above; "apiKey" is added here.
  [[nodiscard]] absl::StatusOr<Parameters> SignSocket(Parameters parameters) const;

  // The signature over exactly these bytes: hex of an HMAC, else base64; not percent-encoded.
  [[nodiscard]] std::string Sign(std::string_view payload) const;

 private:
  BinanceSigner(std::string api_key, Secret hmac, std::optional<PrivateKey> key)
      : api_key_(std::move(api_key)), hmac_(std::move(hmac)), key_(std::move(key)) {}

  std::string api_key_;
  Secret hmac_;
  std::optional<PrivateKey> key_;
};

}  // namespace ballast::signing
