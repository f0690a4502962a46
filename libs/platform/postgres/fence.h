#pragma once

#include <cstdint>
#include <string>

namespace ballast {

// A writer's place (Database::ClaimEpoch): what it writes is stored only while `epoch` is the newest of `key`.
struct Fence {
  std::string key;
  std::uint64_t epoch = 0;
};

}  // namespace ballast
