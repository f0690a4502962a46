#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "ballast/external/v1/external_strategy_service.pb.h"

namespace ballast {

// The way to a strategy's process. Any thread; nothing waits.
class ExternalPort {
 public:
  virtual ~ExternalPort() = default;
  // One that cannot be told any more ends; that is heard of as the session's end.
  virtual void Send(external::v1::ConnectResponse message) = 0;
  virtual void Close(const absl::Status& why) = 0;
  // So much is unread that what can wait should.
  [[nodiscard]] virtual bool Busy() const = 0;
};

// One process that has said what it is, which is stored.
struct ExternalSession {
  // Of the process this runs in, never used again.
  std::uint64_t number = 0;
  std::string strategy_id;
  bool take_over = false;
  std::shared_ptr<ExternalPort> port;
};

}  // namespace ballast
