#pragma once

#include <string>
#include <string_view>

namespace ballast {

// 32 bytes.
std::string Sha256(std::string_view bytes);
// Lower-case digits, two a byte.
std::string Hex(std::string_view bytes);
std::string Sha256Hex(std::string_view bytes);
// `bytes` random bytes from the operating system, as URL-safe base64 without padding.
std::string RandomToken(std::size_t bytes);
// Takes the same time wherever they differ (length is not hidden).
bool ConstantTimeEquals(std::string_view left, std::string_view right);

}  // namespace ballast
