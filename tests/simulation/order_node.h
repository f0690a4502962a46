#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/order_management/shard.h"
#include "services/order_management/testing/memory_journal.h"
#include "tests/simulation/alarm.h"
#include "tests/simulation/auditor.h"
#include "tests/simulation/faulty_journal.h"
#include "tests/simulation/gateway_node.h"
#include "tests/simulation/risk_node.h"

namespace ballast::simulation {

using EventCall = Call<order::v1::StreamOrderEventsRequest, order::v1::StreamOrderEventsResponse>;

// One process of the order manager: the product's shard over a journal in memory that fails, and its streams to risk
// and to the gateway. Several may live at a time: one that stands still, and the one that took its place.
class OrderNode {
 public:
  // Where an order manager finds the others.
  struct Neighbours {
    RiskNode* risk = nullptr;
    GatewayNode* gateway = nullptr;
    Auditor* auditor = nullptr;
  };

  OrderNode(Stage& stage, std::shared_ptr<MemoryJournal::Disk> disk, Neighbours neighbours, Logger& log,
            std::string name);
  ~OrderNode();
  OrderNode(const OrderNode&) = delete;
  OrderNode& operator=(const OrderNode&) = delete;

  // False: its storage refused; it ends and another one is to be started.
  bool Start();
  // It has ended by itself: nothing of it works any more.
  [[nodiscard]] bool ended() const { return ended_; }
  void Pause(std::int64_t nanos) { alarm_.StandStill(nanos); }
  [[nodiscard]] std::int64_t still_until_ns() const { return alarm_.still_until_ns(); }
  void CutRisk() {
    if (risk_call_) risk_call_->Cut();
  }
  void CutGateway() {
    if (gateway_call_) gateway_call_->Cut();
  }
  [[nodiscard]] std::uint64_t epoch() const { return journal_->epoch(); }

  // As gRPC's threads: any time, also while it stands still.
  Shard& shard() { return *shard_; }
  void Ring() { alarm_.Ring(); }
  // A follower of the log.
  bool Accept(const std::shared_ptr<EventCall>& call);

 private:
  struct Follower {
    std::shared_ptr<EventCall> call;
    std::uint64_t cursor = 0;
    std::int64_t head_told_ns = 0;
  };

  void Turn();
  void ConnectRisk();
  void ConnectGateway();
  void HearRisk(risk::v1::RiskSessionResponse response);
  void HearGateway(broker::v1::OrderSessionResponse response);
  bool ToRisk(risk::v1::RiskSessionRequest request);
  bool ToGateway(const broker::v1::OrderSessionRequest& request);
  void Follow();
  // Runs later unless the process has ended.
  void Later(std::int64_t delay_ns, std::function<void()> what);

  Stage& stage_;
  std::shared_ptr<MemoryJournal::Disk> disk_;
  Neighbours neighbours_;
  Logger& log_;
  const std::string name_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Metrics metrics_;
  std::unique_ptr<FaultyJournal> journal_;
  std::unique_ptr<EventHub> hub_;
  std::unique_ptr<Shard> shard_;
  Alarm alarm_;
  std::shared_ptr<RiskCall> risk_call_;
  std::shared_ptr<OrderCall> gateway_call_;
  std::vector<std::shared_ptr<EventCall>> event_calls_;
  std::vector<Follower> followers_;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace ballast::simulation
