#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace ballast {

// An identifier that converts to nothing. Two kinds never meet by accident.
template <typename Tag>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(std::string value) : value_(std::move(value)) {}
  explicit StrongId(std::string_view value) : value_(value) {}
  explicit StrongId(const char* value) : value_(value) {}

  [[nodiscard]] const std::string& value() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

  friend bool operator==(const StrongId&, const StrongId&) = default;
  friend std::strong_ordering operator<=>(const StrongId& left, const StrongId& right) {
    return left.value_.compare(right.value_) <=> 0;
  }

  template <typename H>
  friend H AbslHashValue(H state, const StrongId& id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  std::string value_;
};

}  // namespace ballast

template <typename Tag>
struct std::hash<ballast::StrongId<Tag>> {
  std::size_t operator()(const ballast::StrongId<Tag>& id) const { return std::hash<std::string>{}(id.value()); }
};
