#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/secret.h"

namespace ballast::signing {

// What a key signs with, and so how its signature looks.
enum class KeyKind : int {
  // RFC 8032; 64 bytes, the same each time.
  kEd25519 = 0,
  // ECDSA over P-256 with SHA-256 ("ES256"); r and s one after the other, 64 bytes, another each time.
  kP256 = 1,
  // PKCS#1 v1.5 with SHA-256; as long as the key, the same each time.
  kRsa = 2,
};

class KeyState;

// The half that may be known to all. Immutable, cheap to copy.
class PublicKey {
 public:
  [[nodiscard]] KeyKind kind() const;
  // Whether its private half made `signature` (raw bytes, as PrivateKey::Sign gives them) over `bytes`.
  [[nodiscard]] bool Verifies(std::string_view bytes, std::string_view signature) const;

 private:
  friend class PrivateKey;
  explicit PublicKey(std::shared_ptr<const KeyState> state) : state_(std::move(state)) {}
  std::shared_ptr<const KeyState> state_;
};

// Immutable, cheap to copy; cannot be printed. A key that cannot sign what its public half verifies never becomes one.
class PrivateKey {
 public:
  // A text in PEM: PKCS#8 of any kind, also encrypted; SEC1 ("EC PRIVATE KEY"); PKCS#1 ("RSA PRIVATE KEY"). Lines may
  // also end with a literal "\n", as JSON files and variables of the environment hold them. `password` is read for an
  // encrypted key only.
  // INVALID_ARGUMENT says which form was expected, and repeats nothing of the key.
  static absl::StatusOr<PrivateKey> FromPem(const Secret& pem, const Secret& password = Secret());
  // Raw bytes: the seed (32), or the seed and the public key (64). INVALID_ARGUMENT: another length, or the halves are
  // of two keys.
  static absl::StatusOr<PrivateKey> FromEd25519(const Secret& bytes);

  [[nodiscard]] KeyKind kind() const;
  // Length of an RSA key's modulus, or of the curve's order.
  [[nodiscard]] int bits() const;
  // Raw bytes, see KeyKind.
  [[nodiscard]] std::string Sign(std::string_view bytes) const;
  [[nodiscard]] PublicKey Public() const { return PublicKey(state_); }

 private:
  explicit PrivateKey(std::shared_ptr<const KeyState> state) : state_(std::move(state)) {}
  static absl::StatusOr<PrivateKey> Proved(std::shared_ptr<const KeyState> state);
  std::shared_ptr<const KeyState> state_;
};

// Whether it is meant as PEM: has a line "-----BEGIN …".
bool IsPem(const Secret& text);

}  // namespace ballast::signing
