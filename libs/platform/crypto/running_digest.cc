#include "libs/platform/crypto/running_digest.h"

#include <openssl/evp.h>

#include <array>

#include "libs/base/check.h"
#include "libs/platform/crypto/crypto.h"

namespace ballast {

struct RunningDigest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

RunningDigest::RunningDigest() : state_(std::make_unique<State>()) {
  CHECK(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1,
        "the library has no SHA-256");
}

RunningDigest::~RunningDigest() = default;

void RunningDigest::Add(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "SHA-256 of a piece");
}

std::string RunningDigest::FinishHex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  CHECK(EVP_DigestFinal_ex(state_->context, digest.data(), &size) == 1, "SHA-256 at the end");
  return Hex({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace ballast
