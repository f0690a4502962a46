#pragma once

#include <string>
#include <string_view>

namespace ballast {

// 64 lower-case hex digits.
std::string Sha256Hex(std::string_view bytes);
// `bytes` random bytes from the operating system, as URL-safe base64 without padding.
std::string RandomToken(std::size_t bytes);
// Takes the same time wherever they differ (length is not hidden).
bool ConstantTimeEquals(std::string_view left, std::string_view right);

}  // namespace ballast
