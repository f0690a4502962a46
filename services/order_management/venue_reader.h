#pragma once

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "services/order_management/emergency_desk.h"

namespace ballast {

// What the venue says of an account, through the broker gateway's unary calls. Any thread; never waits: the answer
// comes on a thread of gRPC, UNAVAILABLE or DEADLINE_EXCEEDED when the gateway does not answer within a second.
class VenueReader {
 public:
  explicit VenueReader(broker::v1::BrokerService::Stub& stub) : stub_(stub) {}
  ~VenueReader() { Stop(); }
  // Waits until every question has been answered; asks none from then on.
  void Stop() EXCLUDES(mutex_);

  // Open orders first and then the account: what is open at the end of it was open at its beginning, or came from us.
  void Look(const AccountId& account_id, std::function<void(absl::StatusOr<orders::VenueView>)> done) EXCLUDES(mutex_);
  // The kill switches that are engaged.
  void Switches(std::function<void(absl::StatusOr<std::vector<HeldSwitch>>)> done) EXCLUDES(mutex_);

 private:
  // False: it has stopped.
  bool Enter() EXCLUDES(mutex_);
  void Leave() EXCLUDES(mutex_);

  broker::v1::BrokerService::Stub& stub_;
  Mutex mutex_;
  CondVar none_;
  int under_way_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
