#include "libs/venue/signing/key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstring>
#include <optional>

#include "absl/strings/str_replace.h"
#include "libs/base/absl_std.h"
#include "libs/base/check.h"
#include "libs/venue/signing/raw.h"

namespace ballast::signing {

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* handle) const {
    release(handle);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

namespace {

constexpr int kScalarBytes = 32;

using Context = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Release<ECDSA_SIG_free>>;

// OpenSSL keeps what went wrong for the thread; nothing of it is shown, and nobody else shall meet it.
absl::Status Expected(std::string_view form) {
  ERR_clear_error();
  return absl::InvalidArgumentError(ToAbsl(form));
}

// A private key's text that does not stay in memory.
struct Wiped {
  explicit Wiped(std::string text) : value(std::move(text)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { OPENSSL_cleanse(value.data(), value.size()); }
  std::string value;
};

struct Password {
  const std::string& value;
  bool asked = false;
};

// Without one OpenSSL would ask on the terminal.
int GivePassword(char* buffer, int size, int /*writing*/, void* user) {
  auto& password = *static_cast<Password*>(user);
  password.asked = true;
  int length = static_cast<int>(password.value.size());
  if (length == 0 || length > size) return -1;
  std::memcpy(buffer, password.value.data(), password.value.size());
  return length;
}

std::optional<KeyKind> KindOf(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyKind::kEd25519;
  if (EVP_PKEY_is_a(key, "RSA") == 1) return KeyKind::kRsa;
  char group[32] = {};
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr) == 1 &&
      std::string_view(group) == "prime256v1") {
    return KeyKind::kP256;
  }
  return std::nullopt;
}

// Ed25519 has its digest inside.
const EVP_MD* DigestOf(KeyKind kind) { return kind == KeyKind::kEd25519 ? nullptr : EVP_sha256(); }

// r and s as DER has them, side by side.
std::string RawOfDer(std::string_view der) {
  const unsigned char* at = Raw(der);
  Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  CHECK(signature != nullptr, "OpenSSL reads its own signature");
  const BIGNUM* r = nullptr;
  const BIGNUM* s = nullptr;
  ECDSA_SIG_get0(signature.get(), &r, &s);
  std::string raw(2 * kScalarBytes, '\0');
  CHECK(BN_bn2binpad(r, Raw(raw), kScalarBytes) == kScalarBytes, "r of P-256 has 32 bytes");
  CHECK(BN_bn2binpad(s, Raw(raw) + kScalarBytes, kScalarBytes) == kScalarBytes, "s of P-256 has 32 bytes");
  return raw;
}

// Empty where `raw` is not 64 bytes.
std::string DerOfRaw(std::string_view raw) {
  if (raw.size() != 2 * kScalarBytes) return "";
  Signature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Raw(raw), kScalarBytes, nullptr);
  BIGNUM* s = BN_bin2bn(Raw(raw) + kScalarBytes, kScalarBytes, nullptr);
  CHECK(signature != nullptr && ECDSA_SIG_set0(signature.get(), r, s) == 1, "two numbers make a signature");
  unsigned char* made = nullptr;
  int size = i2d_ECDSA_SIG(signature.get(), &made);
  CHECK(size > 0, "a signature has a DER form");
  std::string der(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
  OPENSSL_free(made);
  return der;
}

}  // namespace

class KeyState {
 public:
  KeyState(Pkey key, KeyKind kind) : key_(std::move(key)), kind_(kind) {}

  [[nodiscard]] KeyKind kind() const { return kind_; }
  [[nodiscard]] int bits() const { return EVP_PKEY_get_bits(key_.get()); }

  // Nothing, where the key is damaged.
  [[nodiscard]] std::optional<std::string> Sign(std::string_view bytes) const {
    Context context(EVP_MD_CTX_new());
    if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, DigestOf(kind_), nullptr, key_.get()) != 1) {
      return std::nullopt;
    }
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
    std::size_t size = signature.size();
    if (EVP_DigestSign(context.get(), Raw(signature), &size, Raw(bytes), bytes.size()) != 1) return std::nullopt;
    signature.resize(size);
    return kind_ == KeyKind::kP256 ? RawOfDer(signature) : signature;
  }

  [[nodiscard]] bool Verifies(std::string_view bytes, std::string_view signature) const {
    std::string der;
    if (kind_ == KeyKind::kP256) {
      der = DerOfRaw(signature);
      signature = der;
    }
    Context context(EVP_MD_CTX_new());
    bool good = context != nullptr &&
                EVP_DigestVerifyInit(context.get(), nullptr, DigestOf(kind_), nullptr, key_.get()) == 1 &&
                EVP_DigestVerify(context.get(), Raw(signature), signature.size(), Raw(bytes), bytes.size()) == 1;
    if (!good) ERR_clear_error();
    return good;
  }

 private:
  Pkey key_;
  KeyKind kind_;
};

KeyKind PublicKey::kind() const { return state_->kind(); }
bool PublicKey::Verifies(std::string_view bytes, std::string_view signature) const {
  return state_->Verifies(bytes, signature);
}

KeyKind PrivateKey::kind() const { return state_->kind(); }
int PrivateKey::bits() const { return state_->bits(); }

std::string PrivateKey::Sign(std::string_view bytes) const {
  std::optional<std::string> signature = state_->Sign(bytes);
  CHECK(signature.has_value(), "the key has signed before");
  return *std::move(signature);
}

absl::StatusOr<PrivateKey> PrivateKey::Proved(std::shared_ptr<const KeyState> state) {
  constexpr std::string_view kTrial = "ballast";
  std::optional<std::string> signature = state->Sign(kTrial);
  if (!signature.has_value() || !state->Verifies(kTrial, *signature)) {
    return Expected("expected a whole private key: the parts of this one do not belong together");
  }
  ERR_clear_error();
  return PrivateKey(std::move(state));
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(const Secret& pem, const Secret& password) {
  constexpr std::string_view kForm = "expected a private key in PEM: PKCS#8 (also encrypted), SEC1 or PKCS#1";
  if (!IsPem(pem)) return Expected(kForm);
  Wiped text(absl::StrReplaceAll(ToAbsl(pem.Reveal()), {{"\\r", ""}, {"\\n", "\n"}}));
  Bio bio(BIO_new_mem_buf(text.value.data(), static_cast<int>(text.value.size())));
  CHECK(bio != nullptr, "there is memory");
  Password given{password.Reveal()};
  Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassword, &given));
  if (key == nullptr) {
    if (!given.asked) return Expected(kForm);
    return Expected(password.empty() ? "the private key is encrypted: expected its password with it"
                                     : "expected the password that opens the encrypted private key");
  }
  std::optional<KeyKind> kind = KindOf(key.get());
  if (!kind.has_value()) return Expected("expected a private key of Ed25519, P-256 or RSA");
  return Proved(std::make_shared<const KeyState>(std::move(key), *kind));
}

absl::StatusOr<PrivateKey> PrivateKey::FromEd25519(const Secret& bytes) {
  const std::string& raw = bytes.Reveal();
  if (raw.size() != kScalarBytes && raw.size() != 2 * kScalarBytes) {
    return Expected("expected 32 bytes (seed) or 64 bytes (seed and public key) of an Ed25519 key");
  }
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Raw(std::string_view(raw)), kScalarBytes));
  CHECK(key != nullptr, "any 32 bytes are a seed");
  std::string made(kScalarBytes, '\0');
  std::size_t size = made.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.get(), Raw(made), &size) == 1, "a seed has a public key");
  if (raw.size() == 2 * kScalarBytes && raw.compare(kScalarBytes, kScalarBytes, made) != 0) {
    return Expected("expected seed and public key of one Ed25519 key: these are of two");
  }
  return Proved(std::make_shared<const KeyState>(std::move(key), KeyKind::kEd25519));
}

bool IsPem(const Secret& text) { return text.Reveal().find("-----BEGIN ") != std::string::npos; }

}  // namespace ballast::signing
