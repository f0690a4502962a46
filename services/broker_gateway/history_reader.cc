#include "services/broker_gateway/history_reader.h"

#include <cstdint>

namespace ballast {

void HistoryReader::Start() {
  thread_ = std::thread([this] {
    constexpr std::int64_t kWaitNs = 1'000'000'000;
    while (true) {
      bool closed = queue_.closed();
      for (auto& read : queue_.PopBatch(100, kWaitNs)) read();
      if (closed && queue_.size() == 0) return;
    }
  });
}

void HistoryReader::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ballast
