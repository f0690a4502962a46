#include "tools/venue_simulator/credentials.h"

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/platform/file/durable_file.h"
#include "libs/venue/json.h"
#include "libs/venue/signing/encoding.h"
#include "libs/venue_simulator/json_text.h"

namespace ballast::venue_simulator {
namespace {

constexpr std::size_t kRandomBytes = 32;

// 64 characters, as Binance's own have.
std::string RandomName() { return Sha256Hex(RandomToken(kRandomBytes)); }

}  // namespace

Credentials::Key MakeHmacKey() { return {RandomName(), Secret(RandomName())}; }

Credentials::Key MakeEd25519Key() {
  // RFC 8410: what comes before the seed in PKCS#8.
  constexpr unsigned char kPrefix[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                       0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
  std::string der(reinterpret_cast<const char*>(kPrefix), sizeof(kPrefix));
  der += Sha256(RandomToken(kRandomBytes));
  return {RandomName(),
          Secret("-----BEGIN PRIVATE KEY-----\n" + signing::Base64(der) + "\n-----END PRIVATE KEY-----\n")};
}

absl::StatusOr<Credentials> ReadOrMake(const std::string& path, const std::string& address) {
  Credentials made;
  auto there = ReadOwnFile(path);
  if (there.ok()) {
    auto json = venue::Json::Parse(*there);
    if (!json.ok()) return json.status();
    made.hmac = {(*json)["hmac"]["api_key"].text(), Secret((*json)["hmac"]["secret"].text())};
    made.ed25519 = {(*json)["ed25519"]["api_key"].text(), Secret((*json)["ed25519"]["private_key"].text())};
    made.control_token = Secret((*json)["control_token"].text());
    bool whole = !made.hmac.api_key.empty() && !made.hmac.secret.empty() && !made.ed25519.api_key.empty() &&
                 !made.ed25519.secret.empty() && !made.control_token.empty();
    if (!whole) return absl::InvalidArgumentError(ToAbsl(path + " holds no credentials of a simulator"));
    return made;
  }
  if (there.status().code() != absl::StatusCode::kNotFound) return there.status();
  made.hmac = MakeHmacKey();
  made.ed25519 = MakeEd25519Key();
  made.control_token = Secret(RandomToken(kRandomBytes));
  JsonText text;
  text.Open('{').Text("address", address);
  text.Open("hmac", '{').Text("api_key", made.hmac.api_key).Text("secret", made.hmac.secret.Reveal()).Close('}');
  text.Open("ed25519", '{').Text("api_key", made.ed25519.api_key).Key("private_key");
  std::string pem;
  for (char c : made.ed25519.secret.Reveal()) pem += c == '\n' ? std::string("\\n") : std::string(1, c);
  text.Raw("\"" + pem + "\"").Close('}');
  text.Text("control_token", made.control_token.Reveal()).Close('}');
  RETURN_IF_ERROR(WriteDurably(path, text.Take() + "\n"));
  return made;
}

}  // namespace ballast::venue_simulator
