#include "libs/backtest/parameter_grid.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/decimal.h"

namespace ballast::backtest {
namespace {

absl::Status Wrong(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(ToAbsl("'" + text + "': " + why));
}

absl::StatusOr<std::vector<std::string>> Range(const std::string& text, std::string_view from, std::string_view rest,
                                               std::size_t most) {
  std::size_t slash = rest.find('/');
  auto low = Decimal::Parse(from), high = Decimal::Parse(rest.substr(0, slash));
  auto step = slash == std::string_view::npos ? absl::StatusOr<Decimal>(Decimal::FromInt(1))
                                              : Decimal::Parse(rest.substr(slash + 1));
  if (!low.ok() || !high.ok() || !step.ok() || !step->IsPositive() || *high < *low)
    return Wrong(text, "a range is written LOW..HIGH or LOW..HIGH/STEP, with LOW not above HIGH and STEP above zero");
  std::vector<std::string> values;
  for (Decimal value = *low; value <= *high; value += *step) {
    if (values.size() == most) return Wrong(text, "more than " + std::to_string(most) + " combinations");
    values.push_back(value.ToString());
  }
  return values;
}

}  // namespace

absl::Status ParameterGrid::Add(const std::string& text) {
  std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return Wrong(text, "NAME=VALUES expected");
  Axis axis{.name = text.substr(0, equals)};
  if (std::any_of(axes_.begin(), axes_.end(), [&](const Axis& other) { return other.name == axis.name; }))
    return Wrong(text, "the parameter is given twice");
  std::string_view values = std::string_view(text).substr(equals + 1);
  if (std::size_t dots = values.find(".."); dots != std::string_view::npos) {
    ASSIGN_OR_RETURN(axis.values, Range(text, values.substr(0, dots), values.substr(dots + 2), most_));
  } else {
    while (true) {
      std::size_t comma = values.find(',');
      std::string_view value = values.substr(0, comma);
      if (value.empty()) return Wrong(text, "an empty value");
      axis.values.emplace_back(value);
      if (comma == std::string_view::npos) break;
      values.remove_prefix(comma + 1);
    }
  }
  if (axis.values.size() > most_ / size()) return Wrong(text, "more than " + std::to_string(most_) + " combinations");
  axes_.push_back(std::move(axis));
  return absl::OkStatus();
}

std::size_t ParameterGrid::size() const {
  std::size_t product = 1;
  for (const Axis& axis : axes_) product *= axis.values.size();
  return product;
}

strategy::Parameters ParameterGrid::At(std::size_t index, strategy::Parameters base) const {
  for (auto axis = axes_.rbegin(); axis != axes_.rend(); ++axis) {
    base[axis->name] = axis->values[index % axis->values.size()];
    index /= axis->values.size();
  }
  return base;
}

}  // namespace ballast::backtest
