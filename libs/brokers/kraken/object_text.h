#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"

namespace ballast::kraken {

// A JSON object as text. Numbers stand there with the digits they have: no writer that knows only floating point.
class ObjectText {
 public:
  ObjectText& Text(std::string_view name, std::string_view value) { return Raw(name, Quoted(value)); }
  ObjectText& Number(std::string_view name, Decimal value) { return Raw(name, value.ToString()); }
  ObjectText& Whole(std::string_view name, std::uint64_t value) { return Raw(name, std::to_string(value)); }
  ObjectText& Bool(std::string_view name, bool value) { return Raw(name, value ? "true" : "false"); }
  // `json` is one already.
  ObjectText& Raw(std::string_view name, std::string_view json) {
    if (!members_.empty()) members_ += ',';
    members_ += Quoted(name) + ":" + std::string(json);
    return *this;
  }
  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

  static std::string Quoted(std::string_view value) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string quoted = "\"";
    for (char c : value) {
      auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        quoted += '\\';
        quoted += c;
      } else if (byte < 0x20) {
        quoted += "\\u00";
        quoted += kHex[byte >> 4];
        quoted += kHex[byte & 15];
      } else {
        quoted += c;
      }
    }
    return quoted + '"';
  }

 private:
  std::string members_;
};

}  // namespace ballast::kraken
