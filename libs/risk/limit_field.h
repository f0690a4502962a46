#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/risk/limits.h"

namespace ballast::risk {

// One limit by its name, whatever its type: yes and no are 1 and 0.
struct LimitField {
  std::string_view name;
  // The check that holds an order against it; empty: none by itself.
  std::string_view check;
  bool smaller_is_tighter = true;
  // 0 says nothing: as loose as can be.
  bool zero_is_off = false;
  // Whole numbers only.
  bool whole = false;
  Decimal maximum;
  Decimal (*get)(const Limits&) = nullptr;
  void (*set)(Limits&, Decimal) = nullptr;

  [[nodiscard]] bool Tighter(Decimal left, Decimal right) const;
  // Within its bounds, and whole where it is a count.
  [[nodiscard]] bool Allows(Decimal value) const;
};

// Every limit but the restricted list, in the order of Limits.
std::span<const LimitField> LimitFields();
// Nullptr: there is none of this name.
const LimitField* FindLimitField(std::string_view name);
const LimitField* LimitFieldOfCheck(std::string_view check);

// What `after` makes looser than `before`, each as "name before -> after".
std::vector<std::string> Raises(const Limits& before, const Limits& after);

}  // namespace ballast::risk
