#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/service/service.h"
#include "libs/platform/thread/mutex.h"
#include "libs/runtime/worker.h"
#include "services/strategy_runner/algo_grpc.h"
#include "services/strategy_runner/algo_postgres.h"
#include "services/strategy_runner/grpc_neighbours.h"
#include "services/strategy_runner/quality_grpc.h"
#include "services/strategy_runner/route_postgres.h"
#include "services/strategy_runner/routing_grpc.h"
#include "services/strategy_runner/store.h"

namespace ballast {

// Parent orders as a part of the process: their machine, its thread, its readers and its RPCs. The readers begin with
// the first parent order there is, so that who uses none pays for none.
class AlgoHouse {
 public:
  // `places`: how far the order log is known, with what has been executed; any thread, after Start.
  AlgoHouse(ServiceContext& context, GrpcNeighbours& neighbours, const EntryGate& gate, OrderQualityStore& singles,
            std::function<std::map<std::string, OrderCursor>()> places);

  absl::Status Recover();
  void Start();
  // Before the neighbours are stopped.
  void Drain();
  std::vector<grpc::Service*> services() { return {&grpc_, &quality_, &routing_}; }

 private:
  using MarketClient = BidiClient<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;
  using EventReader = StreamReader<order::v1::StreamOrderEventsResponse>;

  void Follow() EXCLUDES(mutex_);
  // The order log's reader thread. False: events are missing before it.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response);

  ServiceContext& context_;
  PostgresAlgoStore store_;
  AlgoRunner runner_;
  runtime::Worker worker_;
  AlgoGrpc grpc_;
  QualityGrpc quality_;
  PostgresRouteStore route_store_;
  RoutingGrpc routing_;
  Mutex mutex_;
  bool follows_ GUARDED_BY(mutex_) = false;
  bool drains_ GUARDED_BY(mutex_) = false;
  // The reader thread: of this connection, by account.
  std::map<std::string, std::uint64_t> sequences_;
  std::map<std::string, std::uint64_t> executed_;
  bool live_ = false;
  EventReader events_;
  MarketClient market_;
};

}  // namespace ballast
