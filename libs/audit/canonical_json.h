#pragma once

#include <map>
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

// An object under construction; its text is canonical when the raw values are.
class JsonObject {
 public:
  // Text; an empty one is left out.
  void Add(const std::string& key, std::string_view text);
  // Anything already written as canonical JSON.
  void AddRaw(const std::string& key, std::string json) { members_[key] = std::move(json); }
  [[nodiscard]] std::string ToString() const;

 private:
  std::map<std::string, std::string> members_;
};

}  // namespace ballast::audit
