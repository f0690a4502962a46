#include "libs/brokers/ibkr/execution_id.h"

#include <charconv>

namespace ballast::ibkr {

std::optional<ExecutionVersion> ReadExecutionId(std::string_view execution_id) {
  std::size_t dot = execution_id.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  std::string_view digits = execution_id.substr(dot + 1);
  ExecutionVersion read{.root = std::string(execution_id.substr(0, dot))};
  constexpr int kHexadecimal = 16;
  const char* end = digits.data() + digits.size();
  auto [stop, error] = std::from_chars(digits.data(), end, read.version, kHexadecimal);
  if (error != std::errc() || stop != end) return std::nullopt;
  return read;
}

}  // namespace ballast::ibkr
