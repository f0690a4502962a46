#include "libs/venue_simulator/json_text.h"

namespace ballast::venue_simulator {

JsonText& JsonText::Text(std::string_view value) {
  constexpr char kDigits[] = "0123456789abcdef";
  Comma();
  text_ += '"';
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (byte < 0x20) {
      text_ += "\\u00";
      text_ += kDigits[byte >> 4];
      text_ += kDigits[byte & 15];
    } else {
      text_ += c;
    }
  }
  text_ += '"';
  return *this;
}

}  // namespace ballast::venue_simulator
