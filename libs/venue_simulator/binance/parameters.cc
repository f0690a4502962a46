#include "libs/venue_simulator/binance/parameters.h"

#include <algorithm>
#include <charconv>

#include "libs/venue_simulator/json_text.h"

namespace ballast::venue_simulator::binance {
namespace {

int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      out += ' ';
    } else if (text[at] != '%') {
      out += text[at];
    } else {
      if (at + 2 >= text.size()) return std::nullopt;
      int high = Digit(text[at + 1]);
      int low = Digit(text[at + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  return out;
}

bool Listed(std::string_view names, std::string_view name) {
  for (std::size_t at = names.find(name); at != std::string_view::npos; at = names.find(name, at + 1)) {
    bool begins = at == 0 || names[at - 1] == ' ';
    std::size_t end = at + name.size();
    if (begins && (end == names.size() || names[end] == ' ')) return true;
  }
  return false;
}

}  // namespace

Reply::Reply(const Failure& failure) : status(failure.status) {
  JsonText text;
  text.Open('{').Number("code", failure.code).Text("msg", failure.message).Close('}');
  json = text.Take();
}

Failure Missing(std::string_view parameter) {
  return {-1102, "Mandatory parameter '" + std::string(parameter) + "' was not sent, was empty/null, or malformed."};
}
Failure Illegal(std::string_view parameter, std::string_view range) {
  return {-1100, "Illegal characters found in parameter '" + std::string(parameter) + "'; legal range is '" +
                     std::string(range) + "'."};
}
Failure Invalid(std::string_view parameter) {
  return {-1130, "Data sent for parameter '" + std::string(parameter) + "' is not valid."};
}

std::optional<Failure> Parameters::Read(std::string_view encoded, List* list) {
  while (!encoded.empty()) {
    std::string_view part = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(encoded.size(), part.size() + 1));
    if (part.empty()) continue;
    std::size_t equals = part.find('=');
    auto name = Decode(part.substr(0, equals));
    auto value = Decode(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    if (!name || !value) return Failure{-1100, "Illegal characters found in a parameter."};
    list->emplace_back(*std::move(name), *std::move(value));
  }
  return std::nullopt;
}

const std::string* Parameters::Find(std::string_view name) const {
  for (const auto& [key, value] : list_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Parameters::Get(std::string_view name) const {
  const std::string* value = Find(name);
  return value == nullptr ? "" : *value;
}

Parameters Parameters::Without(std::string_view name) const {
  List rest;
  for (const auto& entry : list_) {
    if (entry.first != name) rest.push_back(entry);
  }
  return Parameters(std::move(rest));
}

std::optional<Failure> Parameters::Check(std::string_view names) const {
  std::size_t read = 0;
  for (const auto& [key, value] : list_) {
    if (std::count_if(list_.begin(), list_.end(), [&](const auto& entry) { return entry.first == key; }) > 1) {
      return Failure{-1101, "Duplicate values for parameter '" + key + "' detected."};
    }
    if (Listed(names, key)) ++read;
  }
  if (read != list_.size()) {
    return Failure{-1104, "Not all sent parameters were read; read '" + std::to_string(read) +
                              "' parameter(s) but was sent '" + std::to_string(list_.size()) + "'."};
  }
  for (const auto& [key, value] : list_) {
    if (value.empty()) return Failure{-1105, "Parameter '" + key + "' was empty."};
  }
  return std::nullopt;
}

std::optional<std::int64_t> Parameters::Int(std::string_view name, std::optional<Failure>& failure) const {
  const std::string* text = Find(name);
  if (text == nullptr) return std::nullopt;
  std::int64_t value = 0;
  auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (bad != std::errc() || end != text->data() + text->size() || value < 0) {
    if (!failure) failure = Illegal(name, "^[0-9]{1,20}$");
    return std::nullopt;
  }
  return value;
}

std::optional<Decimal> Parameters::Amount(std::string_view name, std::optional<Failure>& failure) const {
  constexpr std::size_t kPlaces = 8;
  const std::string* text = Find(name);
  if (text == nullptr) return std::nullopt;
  auto value = Decimal::Parse(*text);
  if (!value.ok() || value->IsNegative()) {
    if (!failure) failure = Illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$");
    return std::nullopt;
  }
  std::size_t point = text->find('.');
  if (point != std::string::npos && text->find_last_not_of('0') > point + kPlaces) {
    if (!failure) failure = Failure{-1111, "Parameter '" + std::string(name) + "' has too much precision."};
    return std::nullopt;
  }
  return *value;
}

std::optional<UtcTime> Parameters::Time(std::string_view name, std::optional<Failure>& failure) const {
  // Larger than any millisecond until the year 33658: microseconds.
  constexpr std::int64_t kMicroseconds = 1'000'000'000'000'000;
  auto value = Int(name, failure);
  if (!value) return std::nullopt;
  // Neither fits nanoseconds.
  constexpr std::int64_t kMillisecondsMax = 9'000'000'000'000;
  if (*value >= INT64_MAX / 1000 || (*value<kMicroseconds&& * value> kMillisecondsMax)) {
    if (!failure) failure = Failure{-1108, "Parameter '" + std::string(name) + "' overflowed."};
    return std::nullopt;
  }
  return *value >= kMicroseconds ? UtcTime{*value * 1000} : UtcTime() + Duration::Millis(*value);
}

}  // namespace ballast::venue_simulator::binance
