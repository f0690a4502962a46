#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"

namespace ballast::ibkr {

// A time as the venue writes it. Only one with `utc` is an instant by itself: the others are what a clock on some wall
// shows, and where that hangs is for the reader to know.
struct VenueTime {
  // With `utc` the instant; else the clock's reading, as if it were UTC.
  UtcTime reading;
  bool utc = false;
  // As named, e.g. "America/Los_Angeles"; empty and not `utc`: the zone TWS was logged in with.
  std::string zone;
  // No time of day was given.
  bool date_only = false;

  friend bool operator==(const VenueTime&, const VenueTime&) = default;
};

// Reads "20240125 10:30:00", with one blank or two, and a zone behind it; "20250708-02:34:46", which is UTC; the same
// with a Z; "20250708"; and seconds since 1970, which are UTC. INVALID_ARGUMENT: none of them.
absl::StatusOr<VenueTime> ReadTime(std::string_view text);
// "20250708-02:34:46": whole seconds, UTC, whatever zone the venue's computer is in.
std::string WriteTime(UtcTime time);

// Nothing: an empty field or one of the numbers by which the venue says "not set". INVALID_ARGUMENT: no number, or none
// that fits. What is beyond 18 decimal places is cut off: averages come as binary floating point printed in full.
absl::StatusOr<std::optional<Decimal>> ReadDecimal(std::string_view text);
// The same of whole numbers.
absl::StatusOr<std::optional<std::int64_t>> ReadInt(std::string_view text);
// Empty is false. INVALID_ARGUMENT: not 0, 1, true or false.
absl::StatusOr<bool> ReadBool(std::string_view text);

// Walks through the fields of one message in their order. What cannot be read is remembered with the field's name, and
// everything after it reads as nothing; so a decoder reads on and looks at `status` once.
class FieldReader {
 public:
  // The fields outlive it.
  explicit FieldReader(const std::vector<std::string_view>& fields, std::size_t at = 0) : fields_(fields), at_(at) {}

  // May be empty.
  std::string Text(const char* name);
  // Has to say something: an empty field is an error.
  std::string RequiredText(const char* name);
  std::int64_t RequiredInt(const char* name);
  std::int32_t RequiredInt32(const char* name);
  Decimal RequiredDecimal(const char* name);
  VenueTime RequiredTime(const char* name);
  // Empty or not set reads as nothing.
  std::optional<std::int64_t> Int(const char* name);
  std::optional<Decimal> Number(const char* name);
  // Empty or not set reads as zero.
  std::int64_t IntOrZero(const char* name) { return Int(name).value_or(0); }
  Decimal NumberOrZero(const char* name) { return Number(name).value_or(Decimal()); }
  bool Bool(const char* name);
  // How many groups of `width` fields follow: so many are there for certain.
  std::size_t Count(const char* name, std::size_t width);
  void Skip(std::size_t count, const char* name);

  [[nodiscard]] std::size_t left() const { return fields_.size() - at_; }
  // INVALID_ARGUMENT with the name of the first field that is missing or cannot be read.
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  std::string_view Take(const char* name);
  void Fail(const char* name, std::string_view why);
  template <typename T>
  T Read(const char* name, absl::StatusOr<T> (*read)(std::string_view));

  const std::vector<std::string_view>& fields_;
  std::size_t at_;
  absl::Status status_;
};

}  // namespace ballast::ibkr
