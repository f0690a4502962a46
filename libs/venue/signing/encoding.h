#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/venue/form.h"

namespace ballast::signing {

using venue::FormEncode;
using venue::Parameters;
using venue::PercentEncode;

// Lower-case digits, two a byte.
std::string Hex(std::string_view bytes);
// INVALID_ARGUMENT: anything but pairs of hexadecimal digits, of either case.
absl::StatusOr<std::string> DecodeHex(std::string_view text);

// RFC 4648 section 4, with padding.
std::string Base64(std::string_view bytes);
// INVALID_ARGUMENT where `text` is not exactly what Base64 writes: other characters, white space, missing padding, bits
// beyond the last byte. The text is not repeated in the error: it may be a key.
absl::StatusOr<std::string> DecodeBase64(std::string_view text);

// RFC 4648 section 5, without padding, as RFC 7515 wants it.
std::string Base64Url(std::string_view bytes);
// INVALID_ARGUMENT as above; padding is an error here.
absl::StatusOr<std::string> DecodeBase64Url(std::string_view text);

}  // namespace ballast::signing
