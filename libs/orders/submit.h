#pragma once

#include <string>
#include <vector>

#include "libs/model/order.h"

namespace ballast::orders {

// One refused field of a request.
struct Violation {
  std::string field;
  RejectReason reason = RejectReason::kMalformed;
  std::string message;
};

// Rules of form: what can be said without knowing the market or the account. Empty: well-formed. `time_in_force` left
// out gets its default here (IOC for market orders, GTC otherwise).
std::vector<Violation> ValidateSubmit(Order& order);

// The same of orders that depend on each other, each well-formed by itself.
std::vector<Violation> ValidateList(const std::vector<Order>& orders, ContingencyType type);

// The same request: every field the caller chose is the same.
bool SameBody(const Order& left, const Order& right);

// 1 to `length_max` characters of [A-Za-z0-9._:-].
bool IsIdentifier(const std::string& text, std::size_t length_max);

}  // namespace ballast::orders
