#pragma once

#include <string>
#include <utility>

namespace ballast {

// A value that cannot be printed, compared or copied into a log by accident. Reveal() is the one way out and is
// easy to find in a review.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] const std::string& Reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

  bool operator==(const Secret&) const = delete;

 private:
  std::string value_;
};

}  // namespace ballast
