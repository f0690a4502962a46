#pragma once

#include <optional>

#include "libs/base/decimal.h"

namespace ballast {

// What its stage does to a deployment (GraduationDesk).
struct Standing {
  bool shadow = false;
  // It holds nothing for real: what it decides is filled at the quotes and not sent. A shadow that still does enters
  // nothing.
  bool withholding = false;
  // Part of its size.
  std::optional<Decimal> size_ratio;
};

}  // namespace ballast
