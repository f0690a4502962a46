#include "libs/venue/signing/coinbase_token.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/absl_std.h"
#include "libs/venue/json.h"
#include "libs/venue/signing/encoding.h"

namespace ballast::signing {
namespace {

absl::Status Refused(std::string_view why) { return absl::UnauthenticatedError(absl::StrCat("token: ", ToAbsl(why))); }

absl::StatusOr<venue::Json> ReadPart(std::string_view part, std::string_view name) {
  auto text = DecodeBase64Url(part);
  if (!text.ok()) return Refused(absl::StrCat("no base64url in its ", ToAbsl(name)));
  auto json = venue::Json::Parse(*text);
  if (!json.ok() || !json->is_object()) return Refused(absl::StrCat("no JSON object in its ", ToAbsl(name)));
  return json;
}

bool IsText(const venue::Json& json) { return json.kind() == venue::Json::Kind::kString && !json.text().empty(); }

bool IsFor(const venue::Json& claims, std::string_view uri) {
  if (IsText(claims["uri"]) && claims["uri"].text() == uri) return true;
  const auto& uris = claims["uris"].items();
  return std::any_of(uris.begin(), uris.end(),
                     [&](const venue::Json& item) { return IsText(item) && item.text() == uri; });
}

absl::Status CheckTimes(const venue::Json& claims, UtcTime now) {
  auto from = claims["nbf"].AsInt();
  auto until = claims["exp"].AsInt();
  if (!from.ok() || !until.ok()) return Refused("nbf and exp have to be whole seconds");
  std::int64_t seconds = now.nanos / Duration::Seconds(1).nanos;
  if (seconds < *from) return Refused(absl::StrCat("not valid before ", *from, ", it is ", seconds));
  if (seconds >= *until) return Refused(absl::StrCat("expired at ", *until, ", it is ", seconds));
  return absl::OkStatus();
}

}  // namespace

void CoinbaseTokens::Know(std::string key_name, PublicKey key) {
  keys_.insert_or_assign(std::move(key_name), std::move(key));
}

absl::Status CoinbaseTokens::Check(std::string_view token, std::string_view uri, UtcTime now) const {
  std::size_t first = token.find('.');
  std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return Refused("expected three parts with points between them");
  ASSIGN_OR_RETURN(venue::Json header, ReadPart(token.substr(0, first), "header"));
  ASSIGN_OR_RETURN(venue::Json claims, ReadPart(token.substr(first + 1, second - first - 1), "claims"));
  auto signature = DecodeBase64Url(token.substr(second + 1));
  if (!signature.ok()) return Refused("no base64url in its signature");

  auto key = keys_.find(header["kid"].text());
  if (!IsText(header["kid"]) || key == keys_.end()) return Refused("kid is no known key");
  std::string_view algorithm = key->second.kind() == KeyKind::kP256 ? "ES256" : "EdDSA";
  if (header["alg"].text() != algorithm) return Refused(absl::StrCat("alg is not ", ToAbsl(algorithm)));
  if (!key->second.Verifies(token.substr(0, second), *signature)) return Refused("the signature is wrong");
  if (claims["sub"].text() != key->first) return Refused("sub is not kid");
  RETURN_IF_ERROR(CheckTimes(claims, now));
  if (!uri.empty() && !IsFor(claims, uri)) return Refused(absl::StrCat("it is not for ", ToAbsl(uri)));
  return absl::OkStatus();
}

}  // namespace ballast::signing
