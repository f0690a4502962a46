#pragma once

#include <map>
#include <set>

#include "absl/status/status.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/brokers/paper/paper_broker.h"

namespace ballast {

// What goes wrong at venues, on the paper venue, when a test asks for it. The engine's thread only.
class PaperFaults {
 public:
  // INVALID_ARGUMENT when it says nothing that can be done; NOT_FOUND when there is no such account or order.
  absl::Status Plant(const broker::v1::PlantPaperFaultRequest& request, paper::PaperBroker& venue, UtcTime now);
  // Takes out of what is told what is not to be heard. What the venue did stays done.
  void Swallow(paper::Changes& changes);

 private:
  std::map<AccountId, int> unheard_trades_;
  std::set<OrderId> unheard_orders_;
};

}  // namespace ballast
