#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/platform/service/service.h"
#include "services/order_management/shard.h"

namespace ballast {

class EmergencyDesk;
struct ShardPlace;

// One shard while it is ours: its writer with a journal, an emergency desk and sessions to risk and to the gateway of
// its own. Nothing in it is shared with another shard but the event hub; it ends as a whole.
class ShardHost {
 public:
  // `place` has the epoch of our claim; `options` the accounts of this shard only. `lost`: another one writes it now;
  // any thread, at most once.
  ShardHost(ServiceContext& context, EventHub& hub, ShardPlace place, Shard::Options options,
            std::function<void(const std::string&)> lost);
  ~ShardHost();
  ShardHost(const ShardHost&) = delete;
  ShardHost& operator=(const ShardHost&) = delete;

  // Reads what is stored; blocks. Before Start.
  absl::Status Recover();
  void Start();
  // Finishes what is under way and answers whoever still waits; blocks. What is asked afterwards is refused.
  void Drain();
  // Risk and the gateway have taken its sessions. Any thread.
  [[nodiscard]] bool Ready() const;

  [[nodiscard]] Shard& shard();
  [[nodiscard]] EmergencyDesk& desk();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ballast
