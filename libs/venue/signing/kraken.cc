#include "libs/venue/signing/kraken.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/absl_std.h"
#include "libs/venue/signing/digest.h"
#include "libs/venue/signing/encoding.h"

namespace ballast::signing {

absl::StatusOr<KrakenSigner> KrakenSigner::Of(std::string api_key, const Secret& secret) {
  if (api_key.empty() ||
      !std::all_of(api_key.begin(), api_key.end(), [](unsigned char byte) { return absl::ascii_isgraph(byte); })) {
    return absl::InvalidArgumentError("Kraken: expected an API key of printable characters without spaces");
  }
  auto key = DecodeBase64(ToStd(absl::StripAsciiWhitespace(ToAbsl(secret.Reveal()))));
  if (!key.ok() || key->empty()) {
    return absl::InvalidArgumentError("Kraken: expected the private key in base64, with its padding");
  }
  return KrakenSigner(std::move(api_key), Secret(*std::move(key)));
}

std::string KrakenSigner::Sign(std::string_view path, std::uint64_t nonce, std::string_view body) const {
  return Base64(HmacSha512(key_, absl::StrCat(ToAbsl(path), Sha256(absl::StrCat(nonce, ToAbsl(body))))));
}

venue::Headers KrakenSigner::Headers(std::string_view path, std::uint64_t nonce, std::string_view body) const {
  return {{"API-Key", api_key_}, {"API-Sign", Sign(path, nonce, body)}};
}

}  // namespace ballast::signing
