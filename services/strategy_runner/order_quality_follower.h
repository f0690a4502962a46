#pragma once

#include <thread>

#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/service/service.h"
#include "libs/platform/thread/mutex.h"
#include "services/strategy_runner/grpc_neighbours.h"
#include "services/strategy_runner/order_quality_desk.h"
#include "services/strategy_runner/order_quality_postgres.h"

namespace ballast {

// How orders are executed as a part of the process: its desk, its reader of the order log and the thread that looks at
// the market for it.
class OrderQualityFollower {
 public:
  OrderQualityFollower(ServiceContext& context, GrpcNeighbours& neighbours);
  ~OrderQualityFollower() { Stop(); }
  // Before Start.
  absl::Status Recover();
  void Start();
  // While its neighbours still answer.
  void Stop() EXCLUDES(mutex_);

  // The market's reader thread: before anybody decides on it.
  void OnStep(const broker::v1::StreamMarketDataResponse& step) {
    if (follows_) board_.Take(step, context_.clock.Now());
  }
  void OnMarketLost() { board_.Forget(); }
  OrderQualityStore& store() { return store_; }

 private:
  using EventReader = StreamReader<order::v1::StreamOrderEventsResponse>;

  ServiceContext& context_;
  // Not where none are kept.
  const bool follows_;
  PostgresOrderQualityStore store_;
  QuoteBoard board_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  OrderQualityDesk desk_ GUARDED_BY(mutex_);
  std::thread worker_;
  EventReader events_;
};

}  // namespace ballast
