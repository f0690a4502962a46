#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ballast {

// SHA-256 of bytes that come in pieces. One thread.
class RunningDigest {
 public:
  RunningDigest();
  ~RunningDigest();
  RunningDigest(const RunningDigest&) = delete;
  RunningDigest& operator=(const RunningDigest&) = delete;

  void Add(std::string_view bytes);
  // Lower-case digits, 64 of them; once.
  std::string FinishHex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
