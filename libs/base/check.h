#pragma once

// CHECK: an invariant of money or state that the program itself guarantees. Always on. Never on outside data.

namespace ballast {

// Prints "file:line: CHECK failed: expression: why" on standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression, const char* why);

}  // namespace ballast

#define CHECK(condition, why)                                      \
  do {                                                             \
    if (!(condition)) [[unlikely]] {                               \
      ::ballast::CheckFailed(__FILE__, __LINE__, #condition, why); \
    }                                                              \
  } while (false)
