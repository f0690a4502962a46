#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"

namespace ballast::venue_simulator {

// Writes JSON from left to right; commas are its own. The caller closes what it opens.
class JsonText {
 public:
  JsonText& Open(char bracket) {
    Comma();
    text_ += bracket;
    return *this;
  }
  JsonText& Close(char bracket) {
    text_ += bracket;
    return *this;
  }
  JsonText& Key(std::string_view name) {
    Text(name);
    text_ += ':';
    return *this;
  }
  JsonText& Text(std::string_view value);
  JsonText& Number(std::int64_t value) { return Raw(std::to_string(value)); }
  JsonText& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonText& Null() { return Raw("null"); }
  // JSON already.
  JsonText& Raw(std::string_view json) {
    Comma();
    text_ += json;
    return *this;
  }
  // As text with at least eight places, as the venues of spot pairs write amounts.
  JsonText& Amount(Decimal value) { return Text(value.ToStringMinPlaces(kPlaces)); }

  JsonText& Text(std::string_view name, std::string_view value) { return Key(name).Text(value); }
  JsonText& Number(std::string_view name, std::int64_t value) { return Key(name).Number(value); }
  JsonText& Bool(std::string_view name, bool value) { return Key(name).Bool(value); }
  JsonText& Amount(std::string_view name, Decimal value) { return Key(name).Amount(value); }
  JsonText& Open(std::string_view name, char bracket) { return Key(name).Open(bracket); }

  [[nodiscard]] std::string Take() { return std::move(text_); }

 private:
  static constexpr int kPlaces = 8;
  void Comma() {
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[' && text_.back() != ':') text_ += ',';
  }

  std::string text_;
};

}  // namespace ballast::venue_simulator
