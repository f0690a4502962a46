#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/secret.h"

namespace ballast::venue_simulator {

// What a client needs to be let in. Made once and kept in a file of its owner's.
struct Credentials {
  struct Key {
    std::string api_key;
    // The text of an HMAC secret, or the PEM of a private Ed25519 key.
    Secret secret;
  };
  Key hmac;
  Key ed25519;
  // For /simulator/…: "Authorization: Bearer …".
  Secret control_token;
};

Credentials::Key MakeHmacKey();
Credentials::Key MakeEd25519Key();

// Reads the file, or makes new ones and writes it (mode 600) where there is none. An error where it is of others or no
// such file.
absl::StatusOr<Credentials> ReadOrMake(const std::string& path, const std::string& address);

}  // namespace ballast::venue_simulator
