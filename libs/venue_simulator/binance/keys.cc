#include "libs/venue_simulator/binance/keys.h"

#include "libs/venue/signing/digest.h"
#include "libs/venue/signing/encoding.h"

namespace ballast::venue_simulator::binance {

bool ApiKey::Signed(std::string_view payload, std::string_view signature) const {
  if (public_key.has_value()) {
    auto raw = signing::DecodeBase64(signature);
    return raw.ok() && public_key->Verifies(payload, *raw);
  }
  auto raw = signing::DecodeHex(signature);
  return raw.ok() && *raw == signing::HmacSha256(secret, payload);
}

}  // namespace ballast::venue_simulator::binance
