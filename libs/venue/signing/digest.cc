#include "libs/venue/signing/digest.h"

#include <openssl/evp.h>

#include "libs/base/check.h"
#include "libs/venue/signing/raw.h"

namespace ballast::signing {
namespace {

std::string Hmac(const char* digest, std::size_t size, const Secret& key, std::string_view bytes) {
  std::string code(size, '\0');
  std::size_t written = 0;
  const unsigned char* done =
      EVP_Q_mac(nullptr, "HMAC", nullptr, digest, nullptr, key.Reveal().data(), key.Reveal().size(), Raw(bytes),
                bytes.size(), Raw(code), code.size(), &written);
  CHECK(done != nullptr && written == size, "OpenSSL has HMAC");
  return code;
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  CHECK(EVP_Digest(bytes.data(), bytes.size(), Raw(digest), nullptr, EVP_sha256(), nullptr) == 1,
        "OpenSSL has SHA-256");
  return digest;
}

std::string HmacSha256(const Secret& key, std::string_view bytes) { return Hmac("SHA256", 32, key, bytes); }
std::string HmacSha512(const Secret& key, std::string_view bytes) { return Hmac("SHA512", 64, key, bytes); }

}  // namespace ballast::signing
