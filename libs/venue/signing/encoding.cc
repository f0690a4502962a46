#include "libs/venue/signing/encoding.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "libs/base/absl_std.h"

namespace ballast::signing {
namespace {

int DigitOf(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(ToAbsl(bytes)); }

absl::StatusOr<std::string> DecodeHex(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    int high = DigitOf(text[at]);
    int low = DigitOf(text[at + 1]);
    if (high < 0 || low < 0) return absl::InvalidArgumentError("expected hexadecimal digits");
    bytes += static_cast<char>(high * 16 + low);
  }
  if (text.size() % 2 != 0) return absl::InvalidArgumentError("expected two hexadecimal digits a byte");
  return bytes;
}

std::string Base64(std::string_view bytes) { return absl::Base64Escape(ToAbsl(bytes)); }

// Abseil reads more spellings than one; a text is the one spelling when it comes back as it was.
absl::StatusOr<std::string> DecodeBase64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(ToAbsl(text), &bytes) || Base64(bytes) != text) {
    return absl::InvalidArgumentError("expected base64 with its padding and without white space");
  }
  return bytes;
}

std::string Base64Url(std::string_view bytes) { return absl::WebSafeBase64Escape(ToAbsl(bytes)); }

absl::StatusOr<std::string> DecodeBase64Url(std::string_view text) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(ToAbsl(text), &bytes) || Base64Url(bytes) != text) {
    return absl::InvalidArgumentError("expected base64url without padding and without white space");
  }
  return bytes;
}

}  // namespace ballast::signing
