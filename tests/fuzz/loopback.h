#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "libs/platform/http/http_server.h"

namespace ballast::fuzz {

// The product's own server on a free port of this machine, one for the process; what comes by it is looked at here.
class Loopback {
 public:
  static Loopback& Get();

  // Sends the bytes, says that there is no more, and reads until the server has closed. What it said.
  std::string Talk(std::string_view bytes);
  // The same after a handshake.
  void TalkFrames(std::string_view frames);

 private:
  Loopback();
  [[nodiscard]] int Connect() const;
  // The rest of a conversation; returns when each socket that was opened has been told closed.
  std::string End(int file, std::string_view bytes);

  HttpServer server_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int opened_ = 0;
  int closed_ = 0;
};

}  // namespace ballast::fuzz
