#include "services/api_gateway/continuations.h"

#include <cstdint>

namespace ballast {

void Continuations::Start() {
  for (int i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this] {
      constexpr std::int64_t kWaitNs = 1'000'000'000;
      while (true) {
        bool closed = queue_.closed();
        auto batch = queue_.PopBatch(1, kWaitNs);
        for (auto& work : batch) work();
        if (closed && batch.empty()) return;
      }
    });
  }
}

void Continuations::Stop() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Continuations::Run(const std::function<void()>& work) {
  if (!queue_.TryPush(work)) work();
}

}  // namespace ballast
