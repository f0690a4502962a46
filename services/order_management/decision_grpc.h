#pragma once

#include <memory>

#include "ballast/order/v1/decision_service.grpc.pb.h"
#include "services/order_management/second_person_desk.h"
#include "services/order_management/shard_roster.h"

namespace ballast {

// What waits for a second person, told to whoever asks. Of an account that another order manager has, it is asked.
class DecisionGrpc : public order::v1::DecisionService::CallbackService {
 public:
  DecisionGrpc(ShardRoster& roster, SecondPersonDesk& persons) : roster_(roster), persons_(persons) {}

  grpc::ServerUnaryReactor* ListAwaitedDecisions(grpc::CallbackServerContext* context,
                                                 const order::v1::ListAwaitedDecisionsRequest* request,
                                                 order::v1::ListAwaitedDecisionsResponse* response) override;

 private:
  ShardRoster& roster_;
  SecondPersonDesk& persons_;
};

}  // namespace ballast
