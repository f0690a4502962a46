#include "libs/venue/form.h"

#include "absl/strings/ascii.h"

namespace ballast::venue {

std::string PercentEncode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (char character : text) {
    auto byte = static_cast<unsigned char>(character);
    if (absl::ascii_isalnum(byte) || character == '-' || character == '_' || character == '.' || character == '~') {
      encoded += character;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

std::string FormEncode(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!text.empty()) text += '&';
    text += PercentEncode(name) + '=' + PercentEncode(value);
  }
  return text;
}

}  // namespace ballast::venue
