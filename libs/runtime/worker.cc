#include "libs/runtime/worker.h"

namespace ballast::runtime {

void Worker::Start() {
  thread_ = std::thread([this] {
    while (machine_.Turn(tick_ns_)) {
    }
  });
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace ballast::runtime
