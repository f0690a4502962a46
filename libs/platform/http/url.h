#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/platform/http/http.h"

namespace ballast {

// Undoes %XX (and '+' as a blank, in queries). Nothing for a broken escape, an encoded NUL, and what is not UTF-8: no
// message could carry it further.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank);

struct Target {
  std::vector<std::string> segments;
  HttpHeaders query;
};
// "/a/b?x=1". Nothing when it is not a path or a part of it cannot be decoded.
std::optional<Target> ParseTarget(std::string_view target);

// "127.0.0.1:8080", "[::1]:80", "localhost" into host (without brackets) and port (empty when absent).
std::pair<std::string, std::string> SplitHostPort(std::string_view text);
// An IPv4 or IPv6 address, no name.
bool IsAddress(std::string_view host);
// 127.0.0.0/8, ::1 and localhost.
bool IsLoopbackHost(std::string_view host);

}  // namespace ballast
