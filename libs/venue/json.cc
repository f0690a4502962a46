#include "libs/venue/json.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/numbers.h"
#include "libs/base/absl_std.h"

namespace ballast::venue {

// Takes what nlohmann's reader finds. It gives a number with a point as it was written; whole ones it gives as values,
// which are exact, and those beyond 64 bits as written again.
class JsonBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Put(Json()); }
  bool boolean(bool value) override { return Put(Scalar(Json::Kind::kBool, value ? "true" : "false")); }
  bool number_integer(std::int64_t value) override { return Put(Scalar(Json::Kind::kNumber, std::to_string(value))); }
  bool number_unsigned(std::uint64_t value) override { return Put(Scalar(Json::Kind::kNumber, std::to_string(value))); }
  bool number_float(double, const std::string& digits) override { return Put(Scalar(Json::Kind::kNumber, digits)); }
  bool string(std::string& value) override { return Put(Scalar(Json::Kind::kString, std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return Fail("bytes where JSON has none"); }
  bool start_object(std::size_t) override { return Open(Json::Kind::kObject); }
  bool start_array(std::size_t) override { return Open(Json::Kind::kArray); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    if (!open_.back().names.insert(name).second) return Fail("\"" + name + "\" is there twice");
    open_.back().name = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    return Fail("no JSON at byte " + std::to_string(position));
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }
  Json Take() { return std::move(root_); }

 private:
  struct Level {
    Json value;
    std::string name;
    std::set<std::string> names;
  };

  static Json Scalar(Json::Kind kind, std::string text) {
    Json json;
    json.kind_ = kind;
    json.text_ = std::move(text);
    return json;
  }
  bool Fail(std::string why) {
    if (problem_.empty()) problem_ = std::move(why);
    return false;
  }
  bool Open(Json::Kind kind) {
    if (open_.size() >= Json::kDepthMax) return Fail("more than " + std::to_string(Json::kDepthMax) + " levels");
    open_.emplace_back();
    open_.back().value.kind_ = kind;
    return true;
  }
  bool Close() {
    Json done = std::move(open_.back().value);
    open_.pop_back();
    return Put(std::move(done));
  }
  bool Put(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Level& level = open_.back();
    if (level.value.kind_ == Json::Kind::kArray) {
      level.value.items_.push_back(std::move(value));
    } else {
      level.value.members_.emplace_back(std::move(level.name), std::move(value));
    }
    return true;
  }

  std::vector<Level> open_;
  Json root_;
  std::string problem_;
};

absl::StatusOr<Json> Json::Parse(std::string_view text) {
  JsonBuilder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return absl::InvalidArgumentError(ToAbsl(builder.problem().empty() ? std::string("not JSON") : builder.problem()));
  }
  return builder.Take();
}

const Json& Json::operator[](std::string_view name) const {
  static const Json kNone;
  for (const auto& [each, value] : members_) {
    if (each == name) return value;
  }
  return kNone;
}

bool Json::Has(std::string_view name) const {
  for (const auto& [each, value] : members_) {
    if (each == name) return true;
  }
  return false;
}

absl::StatusOr<Decimal> Json::AsDecimal() const {
  if (kind_ != Kind::kNumber && kind_ != Kind::kString) return absl::InvalidArgumentError("a number is missing");
  return ParseNumber(text_);
}

absl::StatusOr<std::int64_t> Json::AsInt() const {
  std::int64_t value = 0;
  if ((kind_ != Kind::kNumber && kind_ != Kind::kString) || !absl::SimpleAtoi(ToAbsl(text_), &value)) {
    return absl::InvalidArgumentError(ToAbsl("no whole number: \"" + text_.substr(0, 40) + "\""));
  }
  return value;
}

absl::StatusOr<Decimal> ParseNumber(std::string_view text) {
  std::size_t exponent_at = text.find_first_of("eE");
  if (exponent_at == std::string_view::npos) return Decimal::Parse(text);
  auto refuse = [&] {
    return absl::InvalidArgumentError(ToAbsl("no number: \"" + std::string(text.substr(0, 40)) + "\""));
  };
  std::string_view exponent_text = text.substr(exponent_at + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  int exponent = 0;
  // Nothing that fits a Decimal has an exponent beyond this.
  constexpr int kExponentMax = 40;
  if (!absl::SimpleAtoi(ToAbsl(exponent_text), &exponent) || exponent > kExponentMax || exponent < -kExponentMax) {
    return refuse();
  }
  std::string_view mantissa = text.substr(0, exponent_at);
  bool negative = mantissa.starts_with('-');
  if (negative) mantissa.remove_prefix(1);
  std::size_t point = mantissa.find('.');
  std::string digits(mantissa.substr(0, point));
  int after = 0;
  if (point != std::string_view::npos) {
    digits += mantissa.substr(point + 1);
    after = static_cast<int>(mantissa.size() - point - 1);
  }
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return refuse();
  // The point moves; zeros fill what is missing.
  int places = after - exponent;
  if (places <= 0) {
    digits.append(static_cast<std::size_t>(-places), '0');
  } else {
    if (static_cast<int>(digits.size()) <= places)
      digits.insert(0, static_cast<std::size_t>(places) + 1 - digits.size(), '0');
    digits.insert(digits.size() - static_cast<std::size_t>(places), 1, '.');
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
  }
  // Decimal reads no leading zeros beyond its own rule.
  std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal();
  if (digits[first] == '.') --first;
  digits.erase(0, first);
  return Decimal::Parse((negative ? "-" : "") + digits);
}

}  // namespace ballast::venue
