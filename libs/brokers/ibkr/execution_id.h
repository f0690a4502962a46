#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ballast::ibkr {

// A corrected trade comes as an execution of its own, whose id differs from the first one's behind the last dot only:
// "000e1a2b.67890abc.01.01" is followed by "000e1a2b.67890abc.01.02", which stands in its place.
struct ExecutionVersion {
  // What all versions have in common: "000e1a2b.67890abc.01".
  std::string root;
  // Grows with each correction. The venue counts from 1. Read as hexadecimal: which of both the venue means nobody has
  // written down, and so they ascend either way. Only good for comparing.
  std::uint32_t version = 0;

  friend bool operator==(const ExecutionVersion&, const ExecutionVersion&) = default;
};

// Nothing: the id has no such shape; it is then an execution that corrects none.
std::optional<ExecutionVersion> ReadExecutionId(std::string_view execution_id);

}  // namespace ballast::ibkr
