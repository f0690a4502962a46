#pragma once

#include <string>
#include <string_view>

#include "libs/base/secret.h"

namespace ballast::signing {

// All give raw bytes: 32, 32 and 64 of them.
std::string Sha256(std::string_view bytes);
std::string HmacSha256(const Secret& key, std::string_view bytes);
std::string HmacSha512(const Secret& key, std::string_view bytes);

}  // namespace ballast::signing
