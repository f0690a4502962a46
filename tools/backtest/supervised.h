#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace ballast::backtest {

// How a process behaves that a service has started for itself.
struct Supervision {
  // The service; this process ends with it. 0: nobody.
  int parent = 0;
  // 0 to 19.
  int nice = 0;
  // Of address space and of processor time; 0: no such limit.
  std::int64_t memory_mb = 0;
  std::int64_t cpu_seconds = 0;
};

// Holds for the rest of the process. FAILED_PRECONDITION when the parent is gone already; INTERNAL for what the system
// does not allow.
absl::Status Obey(const Supervision& supervision);

}  // namespace ballast::backtest
