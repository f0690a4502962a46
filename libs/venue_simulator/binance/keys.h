#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/secret.h"
#include "libs/venue/signing/key.h"
#include "libs/venue_simulator/order.h"

namespace ballast::venue_simulator::binance {

// One API key: whose it is, what it may, and what its signatures are held against.
struct ApiKey {
  AccountId account = 0;
  // Of an HMAC key; else the public half of an Ed25519 or RSA key.
  Secret secret;
  std::optional<signing::PublicKey> public_key;
  bool may_trade = true;

  // Whether `signature` (hex of either case, or base64; not percent-encoded) is one over these bytes.
  [[nodiscard]] bool Signed(std::string_view payload, std::string_view signature) const;
  // session.logon is for Ed25519 keys only.
  [[nodiscard]] bool MayLogOn() const {
    return public_key.has_value() && public_key->kind() == signing::KeyKind::kEd25519;
  }
};

class KeyBook {
 public:
  void Add(std::string name, ApiKey key) { keys_.insert_or_assign(std::move(name), std::move(key)); }
  void Remove(std::string_view name) {
    if (auto found = keys_.find(name); found != keys_.end()) keys_.erase(found);
  }
  // Null where it is unknown.
  [[nodiscard]] const ApiKey* Find(std::string_view name) const {
    auto found = keys_.find(name);
    return found == keys_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, ApiKey, std::less<>> keys_;
};

}  // namespace ballast::venue_simulator::binance
