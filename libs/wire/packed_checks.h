#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ballast::wire {

// What risk said of an order as it is kept: a quarter of the bytes that it has as `checks` of a
// ballast.order.v1.OrderEvent. A check is called by its number here, and a figure takes half a byte a digit. Unpacked,
// it is the same bytes as before, whose digest is in the audit chain; what would not be is kept as it is.
[[nodiscard]] std::string PackChecks(std::string_view encoded);
// Of what PackChecks gave, or of what was kept before there was one. Nothing of bytes that are neither.
[[nodiscard]] std::string UnpackChecks(std::string_view packed);
// The checks that have a number, in the order of their numbers.
[[nodiscard]] std::span<const std::string_view> NumberedCheckNames();

}  // namespace ballast::wire
