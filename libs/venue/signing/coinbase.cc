#include "libs/venue/signing/coinbase.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/absl_std.h"
#include "libs/venue/signing/encoding.h"

namespace ballast::signing {
namespace {

// JSON writes it as it is.
bool IsPlain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char byte) {
    return absl::ascii_isgraph(byte) && byte != '"' && byte != '\\';
  });
}

absl::StatusOr<PrivateKey> ReadKey(const Secret& secret) {
  if (IsPem(secret)) return PrivateKey::FromPem(secret);
  ASSIGN_OR_RETURN(std::string bytes, DecodeBase64(ToStd(absl::StripAsciiWhitespace(ToAbsl(secret.Reveal())))));
  return PrivateKey::FromEd25519(Secret(std::move(bytes)));
}

}  // namespace

absl::StatusOr<CoinbaseSigner> CoinbaseSigner::Of(std::string key_name, const Secret& secret) {
  if (!IsPlain(key_name)) {
    return absl::InvalidArgumentError("Coinbase: expected the key's name, as organizations/…/apiKeys/…");
  }
  auto key = ReadKey(secret);
  if (!key.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Coinbase: expected a P-256 or Ed25519 key in PEM, or an Ed25519 key in base64; ", key.status().message()));
  }
  if (key->kind() == KeyKind::kRsa) {
    return absl::InvalidArgumentError("Coinbase: expected a P-256 or Ed25519 key in the PEM: this one is RSA");
  }
  return CoinbaseSigner(std::move(key_name), *std::move(key));
}

std::string_view CoinbaseSigner::algorithm() const { return key_.kind() == KeyKind::kP256 ? "ES256" : "EdDSA"; }

absl::StatusOr<std::string> CoinbaseSigner::RequestToken(std::string_view method, std::string_view host,
                                                         std::string_view target, UtcTime now,
                                                         std::string_view nonce) const {
  bool upper = std::all_of(method.begin(), method.end(), [](unsigned char byte) { return absl::ascii_isupper(byte); });
  if (method.empty() || !upper) return absl::InvalidArgumentError("Coinbase: expected a method in capitals");
  if (!IsPlain(host) || host.find('/') != std::string_view::npos) {
    return absl::InvalidArgumentError("Coinbase: expected a host without scheme and path");
  }
  if (!IsPlain(target) || !target.starts_with('/')) {
    return absl::InvalidArgumentError("Coinbase: expected a target that starts with / and is percent-encoded");
  }
  return Token(CoinbaseUri(method, host, target), now, nonce);
}

absl::StatusOr<std::string> CoinbaseSigner::SocketToken(UtcTime now, std::string_view nonce) const {
  return Token("", now, nonce);
}

absl::StatusOr<std::string> CoinbaseSigner::Token(std::string_view uri, UtcTime now, std::string_view nonce) const {
  if (!IsPlain(nonce)) return absl::InvalidArgumentError("Coinbase: expected a nonce of printable characters");
  if (now.nanos < 0) return absl::InvalidArgumentError("Coinbase: expected a time since 1970");
  std::int64_t from = now.nanos / Duration::Seconds(1).nanos;
  std::string header = absl::StrCat(R"({"alg":")", ToAbsl(algorithm()), R"(","typ":"JWT","kid":")", key_name_,
                                    R"(","nonce":")", ToAbsl(nonce), R"("})");
  std::string claims = absl::StrCat(R"({"sub":")", key_name_, R"(","iss":"cdp","nbf":)", from, R"(,"exp":)",
                                    from + kLife.nanos / Duration::Seconds(1).nanos);
  if (!uri.empty()) absl::StrAppend(&claims, R"(,"uri":")", ToAbsl(uri), "\"");
  claims += '}';
  std::string signed_part = Base64Url(header) + '.' + Base64Url(claims);
  return signed_part + '.' + Base64Url(key_.Sign(signed_part));
}

std::string CoinbaseUri(std::string_view method, std::string_view host, std::string_view target) {
  return absl::StrCat(ToAbsl(method), " ", ToAbsl(host), ToAbsl(target.substr(0, target.find('?'))));
}

}  // namespace ballast::signing
