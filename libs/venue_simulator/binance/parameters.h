#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/venue_simulator/binance/reply.h"

namespace ballast::venue_simulator::binance {

// The decoded parameters of one request, in the order in which they came.
class Parameters {
 public:
  using List = std::vector<std::pair<std::string, std::string>>;
  Parameters() = default;
  explicit Parameters(List list) : list_(std::move(list)) {}

  // Of "a=1&b=2", percent-encoded. A broken escape is -1100.
  static std::optional<Failure> Read(std::string_view encoded, List* list);

  [[nodiscard]] const List& list() const { return list_; }
  [[nodiscard]] bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // Empty where it is not there.
  [[nodiscard]] std::string Get(std::string_view name) const;
  // Not all of them are among `names` (separated by blanks): -1104; one without a value: -1105; one twice: -1101.
  [[nodiscard]] std::optional<Failure> Check(std::string_view names) const;
  [[nodiscard]] Parameters Without(std::string_view name) const;

  // Throws nothing: the first failure is kept in `failure`, and what could not be read has no value.
  std::optional<std::int64_t> Int(std::string_view name, std::optional<Failure>& failure) const;
  std::optional<Decimal> Amount(std::string_view name, std::optional<Failure>& failure) const;
  // Milliseconds, or microseconds where the number is that large.
  std::optional<UtcTime> Time(std::string_view name, std::optional<Failure>& failure) const;

 private:
  [[nodiscard]] const std::string* Find(std::string_view name) const;
  List list_;
};

}  // namespace ballast::venue_simulator::binance
