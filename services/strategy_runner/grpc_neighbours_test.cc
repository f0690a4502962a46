// Questions over gRPC: no caller waits, every answer comes exactly once.
#include "services/strategy_runner/grpc_neighbours.h"

#include <grpcpp/server_builder.h>

#include <future>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "gtest/gtest.h"

namespace ballast {
namespace {

// Answers a submit; holds everything about accounts until the caller gives up.
class HalfDeaf : public order::v1::OrderService::Service {
 public:
  grpc::Status SubmitOrder(grpc::ServerContext*, const order::v1::SubmitOrderRequest* request,
                           order::v1::SubmitOrderResponse* response) override {
    response->mutable_order()->set_request_id(request->request_id());
    return grpc::Status::OK;
  }
  grpc::Status ListAccounts(grpc::ServerContext* context, const order::v1::ListAccountsRequest*,
                            order::v1::ListAccountsResponse*) override {
    asked.set_value();
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  }
  grpc::Status ListOrders(grpc::ServerContext*, const order::v1::ListOrdersRequest*,
                          order::v1::ListOrdersResponse* response) override {
    response->add_orders()->set_request_id("another");
    response->add_orders()->set_request_id("mine");
    return grpc::Status::OK;
  }
  std::promise<void> asked;
};

class GrpcNeighboursTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int port = 0;
    server_ = grpc::ServerBuilder()
                  .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port)
                  .RegisterService(&orders_)
                  .BuildAndStart();
    // Nobody listens on port 1.
    std::map<std::string, std::string> environment = {
        {"BALLAST_COMMON_ORDER_MANAGEMENT_ADDRESS", "127.0.0.1:" + std::to_string(port)}};
    for (const char* peer : {"RISK", "POSITIONS", "BROKER_GATEWAY"})
      environment[std::string("BALLAST_COMMON_") + peer + "_ADDRESS"] = "127.0.0.1:1";
    auto config = Config::Load("strategy_runner", {}, "", environment);
    ASSERT_TRUE(config.ok()) << config.status();
    config_ = std::make_unique<Config>(std::move(*config));
  }
  void TearDown() override { server_->Shutdown(); }
  void Make(std::int64_t deadline_ns = GrpcNeighbours::kDeadlineNs) {
    neighbours_ = std::make_unique<GrpcNeighbours>(*config_, backtests_, deadline_ns);
  }
  template <typename T>
  static std::pair<Neighbours::Answer<T>, std::future<absl::StatusOr<T>>> Await() {
    auto promise = std::make_shared<std::promise<absl::StatusOr<T>>>();
    auto future = promise->get_future();
    return {[promise](absl::StatusOr<T> answer) { promise->set_value(std::move(answer)); }, std::move(future)};
  }

  HalfDeaf orders_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Config> config_;
  RuleShelf rules_;
  BacktestShelf backtests_{rules_};
  std::unique_ptr<GrpcNeighbours> neighbours_;
};

TEST_F(GrpcNeighboursTest, AnAnswerIsWhatWasAnswered) {
  Make();
  order::v1::SubmitOrderRequest request;
  request.set_request_id("mine");
  auto [answer, submitted] = Await<order::v1::SubmitOrderResponse>();
  neighbours_->Submit(request, answer);
  EXPECT_EQ(submitted.get()->order().request_id(), "mine");
  auto [found, order] = Await<std::optional<order::v1::Order>>();
  neighbours_->Find(request, found);
  EXPECT_EQ(order.get()->value().request_id(), "mine");
}

TEST_F(GrpcNeighboursTest, WhoIsNotThereIsAnAnswerToo) {
  Make();
  auto [answer, market] = Await<broker::v1::GetMarketStatusResponse>();
  neighbours_->MarketStatus(answer);
  EXPECT_FALSE(market.get().ok());
}

TEST_F(GrpcNeighboursTest, WhoNeverAnswersHoldsUpNobodyAndIsGivenUpInTime) {
  Make(/*deadline_ns=*/200'000'000);
  auto [never, accounts] = Await<order::v1::ListAccountsResponse>();
  neighbours_->Accounts(never);
  // The same service, the same connection, while the first is not answered.
  auto [answer, submitted] = Await<order::v1::SubmitOrderResponse>();
  neighbours_->Submit(order::v1::SubmitOrderRequest(), answer);
  EXPECT_TRUE(submitted.get().ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(accounts.get().status()));
}

TEST_F(GrpcNeighboursTest, StoppingGivesEveryAnswerAndTakesNoMoreQuestions) {
  Make(/*deadline_ns=*/3'600'000'000'000);
  auto [never, accounts] = Await<order::v1::ListAccountsResponse>();
  neighbours_->Accounts(never);
  orders_.asked.get_future().wait();
  neighbours_->Stop();
  ASSERT_EQ(accounts.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_TRUE(absl::IsCancelled(accounts.get().status()));
  auto [late, refused] = Await<order::v1::ListAccountsResponse>();
  neighbours_->Accounts(late);
  EXPECT_TRUE(absl::IsCancelled(refused.get().status()));
}

}  // namespace
}  // namespace ballast
