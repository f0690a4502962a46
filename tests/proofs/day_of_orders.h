#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/market/simulator.h"
#include "libs/orders/account.h"
#include "services/broker_gateway/store.h"
#include "services/order_management/store.h"

namespace ballast {

// Makes the log of an account that has traded for a day, and the venue's journal of it: the machines that trade decide,
// and the stores of the services write, so that what is there is what the services would have left. Only the way
// between the two is missing.
class DayOfOrders {
 public:
  struct Options {
    int orders = 1'000'000;
    // Left open at the end, far below the market.
    int open = 10'000;
    // When the day ends.
    UtcTime end;
  };
  // Both services have opened the account and run no more.
  DayOfOrders(Options options, Store& orders, BrokerStore& venue);

  absl::Status Run();

 private:
  absl::Status Recover();
  [[nodiscard]] Order Next(int number) const;
  void Place(Order order);
  // What the venue has told since the last call, taken into the log.
  absl::Status Hear();
  absl::Status Store();
  void MoveMarket();

  Options options_;
  ballast::Store& order_store_;
  BrokerStore& venue_store_;
  std::vector<RiskCheck> checks_;
  market::Simulator market_{7};
  paper::PaperBroker venue_;
  orders::Account account_;
  UtcTime now_;
  std::vector<OrderEvent> events_;
  paper::Changes changes_;
  std::vector<broker::v1::ExecutionReport> reports_;
};

}  // namespace ballast
