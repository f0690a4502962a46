#pragma once

#include <functional>
#include <string>

namespace ballast {

// The other services, asked for their health.
class HealthPeers {
 public:
  // What is wrong, in words; empty: it serves.
  using Answer = std::function<void(std::string problem)>;

  virtual ~HealthPeers() = default;
  // Does not block. `answer` is called once, within a few seconds, from any thread.
  virtual void Check(const std::string& service, Answer answer) = 0;
};

}  // namespace ballast
