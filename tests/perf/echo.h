#pragma once

#include <string>

#include <sys/types.h>

namespace ballast::perf {

// The limit everything is held against: a process that answers SubmitOrder on gRPC's callback API at once, with an
// order of the size of the real answer and nothing done. Ends with this process.
class EchoServer {
 public:
  // Forks: call it before anything of gRPC is used. Exits the program when it cannot.
  EchoServer();
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  pid_t process_ = 0;
  std::string address_;
};

}  // namespace ballast::perf
