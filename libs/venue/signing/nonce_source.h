#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"
#include "libs/base/utc_time.h"

namespace ballast::signing {

// Nonces of one API key, each larger than all before it; one source a key, one thread. They are nanoseconds since 1970
// where time has moved on: the largest unit clients use, so that a key another client has used before is not refused,
// and a source made anew after a stop is above its predecessor as long as the clock is.
class NonceSource {
 public:
  // `last`: the largest nonce known to have been used.
  explicit NonceSource(std::uint64_t last = 0) : last_(last) {}

  // OUT_OF_RANGE: the largest number there is has been used; the key is spent.
  absl::StatusOr<std::uint64_t> Next(UtcTime now) {
    if (last_ == std::numeric_limits<std::uint64_t>::max()) {
      return absl::OutOfRangeError("no nonce is left: the API key has to be replaced");
    }
    auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(now.nanos, 0));
    last_ = std::max(time, last_ + 1);
    return last_;
  }

  [[nodiscard]] std::uint64_t last() const { return last_; }

 private:
  std::uint64_t last_;
};

}  // namespace ballast::signing
