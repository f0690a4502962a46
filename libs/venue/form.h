#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ballast::venue {

// Names and values of a request in the order in which they are to be sent; not encoded.
using Parameters = std::vector<std::pair<std::string, std::string>>;

// RFC 3986: all but its unreserved characters (letters, digits, "-._~") as %XX with upper-case digits, byte by byte.
std::string PercentEncode(std::string_view text);
// "name=value&name=value", names and values percent-encoded; a space is %20.
std::string FormEncode(const Parameters& parameters);

}  // namespace ballast::venue
