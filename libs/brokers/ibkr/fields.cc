#include "libs/brokers/ibkr/fields.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "libs/base/absl_std.h"
#include "libs/venue/json.h"

namespace ballast::ibkr {
namespace {

// The largest values of the types that the venue's own programs are written in; each stands for "not set".
constexpr std::array<std::string_view, 7> kNotSet = {"1.7976931348623157E308",
                                                     "1.7976931348623157E+308",
                                                     "1.7976931348623157e+308",
                                                     "2147483647",
                                                     "9223372036854775807",
                                                     "-9223372036854775808",
                                                     "Infinite"};

bool IsNotSet(std::string_view text) {
  return text.empty() || std::find(kNotSet.begin(), kNotSet.end(), text) != kNotSet.end();
}

std::string Quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 40)) + "\""; }

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// `text` with its places beyond the 18th cut off. Whatever is wrong with it stays wrong.
std::string CutPlaces(std::string_view text) {
  std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  std::string_view mantissa = text.substr(0, exponent_at);
  std::string_view tail = text.substr(exponent_at);
  int exponent = 0;
  if (!tail.empty()) {
    std::string_view digits = tail.substr(1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    // Beyond this the number neither fits nor differs from zero; the reader behind this one says so.
    constexpr int kExponentMax = 40;
    if (!absl::SimpleAtoi(ToAbsl(digits), &exponent) || exponent > kExponentMax || exponent < -kExponentMax) {
      return std::string(text);
    }
  }
  std::size_t point = mantissa.find('.');
  if (point == std::string_view::npos || !IsDigits(mantissa.substr(point + 1))) return std::string(text);
  int keep = std::max(Decimal::kScale + exponent, 0);
  std::string_view places = mantissa.substr(point + 1, static_cast<std::size_t>(keep));
  std::string cut(mantissa.substr(0, point));
  if (!places.empty()) cut += "." + std::string(places);
  return cut + std::string(tail);
}

// "20250708", "02:34:46", as UtcTime reads them.
absl::StatusOr<UtcTime> Reading(std::string_view date, std::string_view clock) {
  if (date.size() != 8 || !IsDigits(date)) return absl::InvalidArgumentError("no date");
  std::string text(date.substr(0, 4));
  text += "-" + std::string(date.substr(4, 2)) + "-" + std::string(date.substr(6, 2)) + " " + std::string(clock);
  return UtcTime::Parse(text);
}

}  // namespace

absl::StatusOr<VenueTime> ReadTime(std::string_view text) {
  auto refuse = [&] { return absl::InvalidArgumentError(ToAbsl("no time: " + Quoted(text))); };
  constexpr std::size_t kDate = 8;
  constexpr std::size_t kClock = 8;
  VenueTime time;
  if (IsDigits(text) && text.size() > kDate) {
    std::int64_t seconds = 0;
    // As far as nanoseconds in 64 bits reach.
    constexpr std::int64_t kSecondsMax = 9'223'372'036;
    if (!absl::SimpleAtoi(ToAbsl(text), &seconds) || seconds > kSecondsMax) return refuse();
    time.reading = UtcTime() + Duration::Seconds(seconds);
    time.utc = true;
    return time;
  }
  std::string_view date = text.substr(0, std::min(kDate, text.size()));
  if (text.size() == kDate) {
    auto reading = Reading(date, "00:00:00");
    if (!reading.ok()) return refuse();
    time.reading = *reading;
    time.date_only = true;
    return time;
  }
  std::string_view rest = text.size() > kDate ? text.substr(kDate) : std::string_view();
  if (rest.empty() || (rest[0] != ' ' && rest[0] != '-')) return refuse();
  time.utc = rest[0] == '-';
  rest.remove_prefix(1);
  if (!time.utc && rest.starts_with(' ')) rest.remove_prefix(1);
  auto reading = Reading(date, rest.substr(0, kClock));
  if (!reading.ok()) return refuse();
  time.reading = *reading;
  rest.remove_prefix(kClock);
  if (rest.empty()) return time;
  if (rest == "Z") {
    time.utc = true;
    return time;
  }
  if (rest[0] != ' ' || rest.size() == 1) return refuse();
  std::string_view zone = rest.substr(1);
  if (zone == "UTC" || zone == "GMT" || zone == "Z") {
    time.utc = true;
  } else if (time.utc) {
    return refuse();  // two zones at once
  } else {
    time.zone = std::string(zone);
  }
  return time;
}

std::string WriteTime(UtcTime time) {
  // "2013-10-07T13:30:00.000000Z"
  std::string text = time.ToString();
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + "-" + text.substr(11, 8);
}

absl::StatusOr<std::optional<Decimal>> ReadDecimal(std::string_view text) {
  if (IsNotSet(text)) return std::nullopt;
  auto value = venue::ParseNumber(CutPlaces(text));
  if (!value.ok()) return absl::InvalidArgumentError(ToAbsl("no number: " + Quoted(text)));
  return *value;
}

absl::StatusOr<std::optional<std::int64_t>> ReadInt(std::string_view text) {
  if (IsNotSet(text)) return std::nullopt;
  std::int64_t value = 0;
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (!IsDigits(digits) || !absl::SimpleAtoi(ToAbsl(text), &value)) {
    return absl::InvalidArgumentError(ToAbsl("no whole number: " + Quoted(text)));
  }
  return value;
}

absl::StatusOr<bool> ReadBool(std::string_view text) {
  if (text.empty() || text == "0" || text == "false") return false;
  if (text == "1" || text == "true") return true;
  return absl::InvalidArgumentError(ToAbsl("neither 0 nor 1: " + Quoted(text)));
}

std::string_view FieldReader::Take(const char* name) {
  if (!status_.ok()) return {};
  if (at_ >= fields_.size()) {
    Fail(name, "is missing: the message ends before it");
    return {};
  }
  return fields_[at_++];
}

void FieldReader::Fail(const char* name, std::string_view why) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(ToAbsl(std::string(name) + " " + std::string(why)));
}

template <typename T>
T FieldReader::Read(const char* name, absl::StatusOr<T> (*read)(std::string_view)) {
  std::string_view text = Take(name);
  if (!status_.ok()) return T{};
  absl::StatusOr<T> value = read(text);
  if (value.ok()) return *std::move(value);
  Fail(name, "is " + MessageOf(value.status()));
  return T{};
}

std::string FieldReader::Text(const char* name) { return std::string(Take(name)); }

std::string FieldReader::RequiredText(const char* name) {
  std::string text = Text(name);
  if (text.empty()) Fail(name, "is empty");
  return text;
}

std::optional<std::int64_t> FieldReader::Int(const char* name) { return Read(name, ReadInt); }

std::optional<Decimal> FieldReader::Number(const char* name) { return Read(name, ReadDecimal); }

std::int64_t FieldReader::RequiredInt(const char* name) {
  std::optional<std::int64_t> value = Int(name);
  if (!value) Fail(name, "is empty");
  return value.value_or(0);
}

std::int32_t FieldReader::RequiredInt32(const char* name) {
  std::int64_t value = RequiredInt(name);
  auto narrow = static_cast<std::int32_t>(value);
  if (narrow == value) return narrow;
  Fail(name, "is " + std::to_string(value) + ", which is beyond 32 bits");
  return 0;
}

Decimal FieldReader::RequiredDecimal(const char* name) {
  std::optional<Decimal> value = Number(name);
  if (!value) Fail(name, "is empty");
  return value.value_or(Decimal());
}

VenueTime FieldReader::RequiredTime(const char* name) { return Read(name, ReadTime); }

bool FieldReader::Bool(const char* name) { return Read(name, ReadBool); }

std::size_t FieldReader::Count(const char* name, std::size_t width) {
  std::int64_t count = IntOrZero(name);
  if (!status_.ok()) return 0;
  if (count < 0 || static_cast<std::uint64_t>(count) > left() / width) {
    Fail(name, "is " + std::to_string(count) + ", and so many do not follow");
    return 0;
  }
  return static_cast<std::size_t>(count);
}

void FieldReader::Skip(std::size_t count, const char* name) {
  for (std::size_t i = 0; i < count; ++i) Take(name);
}

}  // namespace ballast::ibkr
