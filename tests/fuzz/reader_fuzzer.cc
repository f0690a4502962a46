// libFuzzer over one reader of targets.h: BALLAST_FUZZ_TARGET says which. scripts/fuzz builds and runs it.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/targets.h"

namespace {

void (*g_read)(std::string_view bytes) = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  const char* wanted = std::getenv("BALLAST_FUZZ_TARGET");
  for (const ballast::fuzz::Target& target : ballast::fuzz::kTargets) {
    if (wanted != nullptr && target.name == wanted) g_read = target.read;
  }
  if (g_read != nullptr) return 0;
  std::fprintf(stderr, "BALLAST_FUZZ_TARGET: one of");
  for (const ballast::fuzz::Target& target : ballast::fuzz::kTargets)
    std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
  std::fprintf(stderr, "\n");
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  g_read({reinterpret_cast<const char*>(data), size});
  return 0;
}
