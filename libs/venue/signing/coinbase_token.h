#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/utc_time.h"
#include "libs/venue/signing/key.h"

namespace ballast::signing {

// The side of the server: whether a token that a client sent may pass, for those who stand in for Coinbase. Clients
// differ in `iss`, `aud` and in what else they claim, so only what says who asks for what and when is looked at.
class CoinbaseTokens {
 public:
  // A later key of the same name takes the earlier one's place.
  void Know(std::string key_name, PublicKey key);

  // `uri`: CoinbaseUri of the request; empty for a subscription, which is for no request.
  // UNAUTHENTICATED says why not: no token, an algorithm that is not the key's, an unknown key, a wrong signature,
  // `sub` that is not `kid`, not valid yet, no longer, or `uri` that is neither its `uri` nor among its `uris`.
  // Valid from `nbf` until before `exp`, to the second, without allowance for other clocks.
  [[nodiscard]] absl::Status Check(std::string_view token, std::string_view uri, UtcTime now) const;

 private:
  std::map<std::string, PublicKey, std::less<>> keys_;
};

}  // namespace ballast::signing
