#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ballast::audit {

// One way to write a JSON value: keys sorted by their bytes, no white space, the fewest escapes, numbers as they came
// (never through floating point). INVALID_ARGUMENT for anything that is not exactly one JSON value, for a key twice in
// an object, and for a depth over 32.
absl::StatusOr<std::string> CanonicalJson(std::string_view text);

// `text` as a JSON string with its quotes. Bytes that are not ASCII stay as they are.
std::string JsonString(std::string_view text);

// An object under construction, written as it goes: keys come in ascending order of their bytes (CHECKed), so the text
// is canonical when the raw values are.
class JsonObject {
 public:
  JsonObject() { text_.reserve(256); }
  // Text; an empty one is left out.
  void Add(std::string_view key, std::string_view text);
  // Anything already written as canonical JSON.
  void AddRaw(std::string_view key, std::string_view json);
  void AddNumber(std::string_view key, std::uint64_t number);
  [[nodiscard]] bool empty() const { return text_.size() == 1; }
  // Ends it.
  [[nodiscard]] std::string Take() &&;

 private:
  void Key(std::string_view key);
  std::string text_ = "{";
  std::string last_key_;
};

}  // namespace ballast::audit
