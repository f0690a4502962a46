#include "libs/venue/signing/binance.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/absl_std.h"
#include "libs/venue/signing/digest.h"

namespace ballast::signing {
namespace {

// rest-api.md: RSA keys of 2048 to 4096 bits.
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 4096;

absl::Status CheckNames(std::initializer_list<const Parameters*> lists, std::string_view added) {
  std::set<std::string_view> seen;
  for (const Parameters* parameters : lists) {
    for (const auto& [name, value] : *parameters) {
      if (name.empty()) return absl::InvalidArgumentError("a parameter without a name");
      if (name == "signature" || name == added) {
        return absl::InvalidArgumentError(absl::StrCat("parameter ", name, " is added by the signer"));
      }
      if (!seen.insert(name).second) return absl::InvalidArgumentError(absl::StrCat("parameter ", name, " twice"));
    }
  }
  return absl::OkStatus();
}

// DER of a private key in base64 with its PEM lines lost, which would pass for the text of an HMAC secret (those have
// 64 characters): PKCS#8 of an Ed25519 key starts with the same bytes always, and all others are long.
bool IsNakedKey(std::string_view text) { return text.size() > 128 || text.starts_with("MC4CAQAwBQYDK2VwBCIE"); }

}  // namespace

absl::StatusOr<BinanceSigner> BinanceSigner::Of(std::string api_key, const Secret& secret, const Secret& password) {
  constexpr auto kPlain = [](unsigned char byte) { return absl::ascii_isgraph(byte); };
  if (api_key.empty() || !std::all_of(api_key.begin(), api_key.end(), kPlain)) {
    return absl::InvalidArgumentError("Binance: expected an API key of printable characters without spaces");
  }
  if (IsPem(secret)) {
    auto key = PrivateKey::FromPem(secret, password);
    if (!key.ok()) return absl::InvalidArgumentError(absl::StrCat("Binance: ", key.status().message()));
    bool fits = key->kind() == KeyKind::kEd25519 ||
                (key->kind() == KeyKind::kRsa && key->bits() >= kRsaBitsMin && key->bits() <= kRsaBitsMax);
    if (!fits) {
      return absl::InvalidArgumentError(
          "Binance: expected an Ed25519 key, or an RSA key of 2048 to 4096 bits, in the PEM");
    }
    return BinanceSigner(std::move(api_key), Secret(), *std::move(key));
  }
  std::string text(absl::StripAsciiWhitespace(ToAbsl(secret.Reveal())));
  if (text.empty() || !std::all_of(text.begin(), text.end(), kPlain) || IsNakedKey(text)) {
    return absl::InvalidArgumentError(
        "Binance: expected the text of an HMAC secret, or a private key (Ed25519, RSA) in PEM with its BEGIN and END "
        "lines");
  }
  return BinanceSigner(std::move(api_key), Secret(std::move(text)), std::nullopt);
}

BinanceSigner::Kind BinanceSigner::kind() const {
  if (!key_.has_value()) return Kind::kHmac;
  return key_->kind() == KeyKind::kRsa ? Kind::kRsa : Kind::kEd25519;
}

std::string BinanceSigner::Sign(std::string_view payload) const {
  return key_.has_value() ? Base64(key_->Sign(payload)) : Hex(HmacSha256(hmac_, payload));
}

absl::StatusOr<BinanceSigner::Request> BinanceSigner::SignRest(const Parameters& query, const Parameters& body) const {
  RETURN_IF_ERROR(CheckNames({&query, &body}, ""));
  Request request{FormEncode(query), FormEncode(body)};
  // Query and body are joined without anything between them.
  std::string signature = PercentEncode(Sign(request.query + request.body));
  std::string& last = request.body.empty() ? request.query : request.body;
  if (!last.empty()) last += '&';
  last += "signature=" + signature;
  return request;
}

absl::StatusOr<Parameters> BinanceSigner::SignSocket(Parameters parameters) const {
  RETURN_IF_ERROR(CheckNames({&parameters}, "apiKey"));
  parameters.emplace_back("apiKey", api_key_);
  std::sort(parameters.begin(), parameters.end());
  std::string payload;
  for (const auto& [name, value] : parameters) {
    if (!payload.empty()) payload += '&';
    payload += name + '=' + value;
  }
  parameters.emplace_back("signature", Sign(payload));
  return parameters;
}

}  // namespace ballast::signing
