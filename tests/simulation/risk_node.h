#pragma once

#include <memory>
#include <vector>

#include "ballast/risk/v1/risk_service.pb.h"
#include "services/risk/risk_machine.h"
#include "services/risk/store_machine.h"
#include "services/risk/testing/memory_risk_store.h"
#include "tests/simulation/alarm.h"
#include "tests/simulation/call.h"

namespace ballast::simulation {

using RiskCall = Call<risk::v1::RiskSessionRequest, risk::v1::RiskSessionResponse>;

// The process of risk: the product's machines over a storage in memory that fails.
class RiskNode {
 public:
  RiskNode(Stage& stage, Logger& log) : stage_(stage), log_(log) {}

  void Start();
  void Kill();
  void Pause(std::int64_t nanos);
  [[nodiscard]] bool up() const { return life_ != nullptr; }
  bool Accept(const std::shared_ptr<RiskCall>& call);
  // A step of the market; nothing while it is down.
  void Step(const std::vector<Quote>& quotes);
  MemoryRiskStore::Disk& disk() { return *disk_; }
  // Stores all that it knows.
  void Save();

 private:
  struct Life {
    Metrics metrics;
    std::unique_ptr<MemoryRiskStore> store;
    std::unique_ptr<StoreMachine> storage;
    std::unique_ptr<RiskKeeper> keeper;
    std::unique_ptr<RiskMachine> machine;
    std::vector<std::shared_ptr<RiskCall>> calls;
    std::int64_t still_until_ns = 0;
  };
  void Hear(risk::v1::RiskSessionRequest request, const std::shared_ptr<RiskCall>& call,
            const std::weak_ptr<Life>& life);
  static void Spare(risk::v1::SessionBatch& batch, bool leaks);
  void Tick(const std::weak_ptr<Life>& life);
  // Turns of its machines, until neither has anything to do at once.
  void Turn();
  void Spoil();

  Stage& stage_;
  Logger& log_;
  std::shared_ptr<MemoryRiskStore::Disk> disk_ = std::make_shared<MemoryRiskStore::Disk>();
  std::shared_ptr<Life> life_;
};

}  // namespace ballast::simulation
