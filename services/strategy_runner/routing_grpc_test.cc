// Routes over a real socket: who does not wait any more gets nothing done, and who comes as the service ends is told
// so.
#include "services/strategy_runner/routing_grpc.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <future>

#include "gtest/gtest.h"
#include "services/strategy_runner/testing/route_stage.h"

namespace ballast {
namespace {

using execution::v1::RoutingService;

// The store of the stage, whose searches wait while the test holds them.
class HeldRouteStore final : public RouteStore {
 public:
  explicit HeldRouteStore(RouteStore& store) : store_(store) {}

  absl::Status Fence() override { return store_.Fence(); }
  absl::StatusOr<std::optional<execution::v1::Route>> Find(const std::string& request_id) override {
    if (held) {
      reached.set_value();
      released.get_future().wait();
    }
    return store_.Find(request_id);
  }
  absl::StatusOr<std::vector<execution::v1::Route>> Read(const Range& range) override { return store_.Read(range); }
  absl::StatusOr<execution::v1::Route> Insert(const execution::v1::Route& route) override {
    return store_.Insert(route);
  }
  absl::Status Save(const execution::v1::Route& route) override { return store_.Save(route); }

  std::atomic<bool> held = false;
  std::promise<void> reached;
  std::promise<void> released;

 private:
  RouteStore& store_;
};

class RoutingGrpcTest : public ::testing::Test {
 protected:
  RoutingGrpcTest()
      : store(*stage.store),
        routing({.neighbours = stage.venues,
                 .children = stage.venues,
                 .venues = stage.venues,
                 .algo_store = stage.algo_store,
                 .store = store,
                 .gate = stage.gate,
                 .clock = stage.clock,
                 .log = *stage.log,
                 .metrics = stage.metrics,
                 .fail = [](const std::string&) {},
                 .book_age_max = Duration::Seconds(5)}) {
    EXPECT_EQ(routing.Recover(), absl::OkStatus());
    int port = 0;
    server = grpc::ServerBuilder()
                 .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port)
                 .RegisterService(&routing)
                 .BuildAndStart();
    stub = RoutingService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    routing.Start();
  }
  ~RoutingGrpcTest() override {
    routing.Stop();
    server->Shutdown();
  }

  RouteStage stage;
  HeldRouteStore store;
  RoutingGrpc routing;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<RoutingService::Stub> stub;
};

TEST_F(RoutingGrpcTest, WhoHasStoppedWaitingGetsNothingDone) {
  // Of the service's clock the caller's time is over; of the caller's there is plenty.
  stage.clock.nanos += 400'000'000'000'000'000;
  execution::v1::ExecuteRouteResponse response;
  grpc::ClientContext late;
  late.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(5));
  const grpc::Status told = stub->ExecuteRoute(&late, RouteStage::Buy("r", "5"), &response);
  EXPECT_EQ(told.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_NE(told.error_message().find("nothing was done"), std::string::npos) << told.error_message();
  EXPECT_TRUE(stage.tables->routes.empty());
  EXPECT_TRUE(stage.orders.submits.empty());
  // Whoever waits for as long as it takes is served.
  grpc::ClientContext patient;
  EXPECT_TRUE(stub->ExecuteRoute(&patient, RouteStage::Buy("r", "5"), &response).ok());
  EXPECT_EQ(response.route().state(), execution::v1::ROUTE_STATE_FILLED);
}

TEST_F(RoutingGrpcTest, WhatNobodyHasBegunAsItEndsIsNotDone) {
  constexpr int kQueued = 50;
  store.held = true;
  std::future<grpc::Status> first = std::async(std::launch::async, [&] {
    grpc::ClientContext context;
    execution::v1::GetRouteRequest request;
    request.set_request_id("none");
    execution::v1::GetRouteResponse response;
    return stub->GetRoute(&context, request, &response);
  });
  store.reached.get_future().wait();
  store.held = false;
  // One more than can wait: the one that is refused says that all others do.
  struct Call {
    grpc::ClientContext context;
    execution::v1::ExecuteRouteRequest request;
    execution::v1::ExecuteRouteResponse response;
    std::promise<grpc::Status> told;
  };
  std::vector<std::unique_ptr<Call>> calls;
  std::promise<void> refused;
  std::atomic<int> busy = 0;
  for (int i = 0; i <= kQueued; ++i) {
    Call& call = *calls.emplace_back(std::make_unique<Call>());
    call.request = RouteStage::Buy("r" + std::to_string(i), "5");
    call.request.set_confirm_duplicate(true);
    stub->async()->ExecuteRoute(&call.context, &call.request, &call.response, [&](const grpc::Status& status) {
      call.told.set_value(status);
      if (status.error_code() == grpc::RESOURCE_EXHAUSTED && busy++ == 0) refused.set_value();
    });
  }
  refused.get_future().wait();
  std::thread stop([&] { routing.Stop(); });
  while (!routing.ending()) std::this_thread::yield();
  store.released.set_value();
  stop.join();
  EXPECT_EQ(first.get().error_code(), grpc::NOT_FOUND);
  int unavailable = 0;
  for (const auto& call : calls) unavailable += call->told.get_future().get().error_code() == grpc::UNAVAILABLE ? 1 : 0;
  EXPECT_EQ(unavailable, kQueued);
  EXPECT_EQ(busy, 1);
  EXPECT_TRUE(stage.tables->routes.empty());
  EXPECT_TRUE(stage.orders.submits.empty());
}

// Lots of it would not be counted in 63 bits, and a negative least says nothing: neither reaches the planner.
TEST_F(RoutingGrpcTest, AnAmountThatIsNoOrderIsRefusedByName) {
  for (const char* quantity : {"999999999999999999", "1000000000001", "0", "-5"}) {
    grpc::ClientContext context;
    execution::v1::PlanRouteRequest request;
    *request.mutable_spec() = RouteStage::Buy("r", quantity).spec();
    execution::v1::PlanRouteResponse response;
    const grpc::Status told = stub->PlanRoute(&context, request, &response);
    EXPECT_EQ(told.error_code(), grpc::INVALID_ARGUMENT) << quantity;
    EXPECT_NE(told.error_message().find("spec.quantity"), std::string::npos) << told.error_message();
  }
  execution::v1::ExecuteRouteRequest request = RouteStage::Buy("r", "5");
  request.mutable_min_quantity()->set_value("-5");
  execution::v1::ExecuteRouteResponse response;
  grpc::ClientContext least;
  const grpc::Status told = stub->ExecuteRoute(&least, request, &response);
  EXPECT_EQ(told.error_code(), grpc::INVALID_ARGUMENT) << told.error_message();
  request = RouteStage::Buy("r", "5");
  request.mutable_spec()->mutable_limit_price()->set_value("100000001");
  grpc::ClientContext limit;
  EXPECT_EQ(stub->ExecuteRoute(&limit, request, &response).error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_TRUE(stage.tables->routes.empty());
}

}  // namespace
}  // namespace ballast
