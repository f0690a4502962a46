#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "services/positions/keeper.h"
#include "services/positions/testing/memory_position_store.h"
#include "tests/simulation/names.h"
#include "tests/simulation/order_node.h"

namespace ballast::simulation {

// The process of positions: the product's keeper over a storage in memory that fails, and its stream of the order log.
class PositionNode {
 public:
  // `find`: the order manager there is; null: none.
  PositionNode(Stage& stage, Logger& log, std::function<OrderNode*()> find)
      : stage_(stage), log_(log), find_(std::move(find)) {}

  void Start();
  void Kill();
  // An orderly stop: its last words make the cursor durable.
  void Finish();
  void Cut() {
    if (up() && life_->call) life_->call->Cut();
  }
  [[nodiscard]] bool up() const { return life_ != nullptr; }
  // How far it has read the log.
  [[nodiscard]] std::uint64_t cursor() const { return up() ? life_->keeper->Cursors()[kAccount.value()] : 0; }
  void Step(const broker::v1::StreamMarketDataResponse& step);
  [[nodiscard]] const MemoryPositionStore::Disk& disk() const { return *disk_; }
  MemoryPositionStore::Disk& disk() { return *disk_; }

 private:
  struct Life {
    Metrics metrics;
    RedisCache redis{{}};
    std::unique_ptr<MemoryPositionStore> store;
    std::unique_ptr<PositionKeeper> keeper;
    std::unique_ptr<Alarm> alarm;
    std::shared_ptr<EventCall> call;
  };
  void Connect();
  void Hear(order::v1::StreamOrderEventsResponse response);
  void Turn();
  void Spoil();

  Stage& stage_;
  Logger& log_;
  std::function<OrderNode*()> find_;
  std::shared_ptr<MemoryPositionStore::Disk> disk_ = std::make_shared<MemoryPositionStore::Disk>();
  std::shared_ptr<Life> life_;
};

}  // namespace ballast::simulation
