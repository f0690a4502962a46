#pragma once

#include <memory>
#include <set>
#include <string>

#include "ballast/order/v1/order_service.grpc.pb.h"

namespace ballast {

class EventHub;

// Follows the log of a shard that another order manager writes and hands it to our own followers, so that each of them
// needs one order manager only, whichever. Owns a thread.
class EventRelay {
 public:
  // `accounts`: the shard's, as far as they are known here.
  EventRelay(std::shared_ptr<order::v1::OrderService::Stub> owner, std::set<std::string> accounts, EventHub& hub);
  // Nothing is handed over afterwards.
  ~EventRelay();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ballast
