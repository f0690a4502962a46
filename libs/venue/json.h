#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/decimal.h"

namespace ballast::venue {

// A JSON text as it was written: a number keeps its digits and never passes through floating point, because prices,
// sums and checksums over books need every one of them. Immutable.
class Json {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  using Members = std::vector<std::pair<std::string, Json>>;

  // INVALID_ARGUMENT with the place: no JSON, more than one value, a name that is there twice, more than `kDepthMax`
  // levels, text that is not UTF-8.
  static absl::StatusOr<Json> Parse(std::string_view text);
  static constexpr int kDepthMax = 64;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::kNull; }
  [[nodiscard]] bool is_object() const { return kind_ == Kind::kObject; }
  [[nodiscard]] bool is_array() const { return kind_ == Kind::kArray; }

  // Of an object; a null value where there is none such, or this is none.
  [[nodiscard]] const Json& operator[](std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const;
  [[nodiscard]] const Members& members() const { return members_; }
  // Of an array; empty for everything else.
  [[nodiscard]] const std::vector<Json>& items() const { return items_; }

  // The characters of a string, the digits of a number, "true" or "false"; empty for the rest.
  [[nodiscard]] const std::string& text() const { return text_; }
  // False for everything but true.
  [[nodiscard]] bool IsTrue() const { return kind_ == Kind::kBool && text_ == "true"; }
  // Of a number or of a string that is one, also as 1.5e-7. INVALID_ARGUMENT: it is none, or does not fit a Decimal.
  [[nodiscard]] absl::StatusOr<Decimal> AsDecimal() const;
  // The same of a whole number.
  [[nodiscard]] absl::StatusOr<std::int64_t> AsInt() const;

 private:
  friend class JsonBuilder;
  Kind kind_ = Kind::kNull;
  std::string text_;
  std::vector<Json> items_;
  Members members_;
};

// A decimal text that may have an exponent, as JSON writes numbers.
absl::StatusOr<Decimal> ParseNumber(std::string_view text);

}  // namespace ballast::venue
