// Risk's calls over a real server: what is read from a session, and what callers are told at the end.
#include "services/risk/grpc_adapter.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/platform/service/service.h"
#include "libs/runtime/inline_worker.h"
#include "libs/runtime/worker.h"
#include "services/risk/store_machine.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {
namespace {

class RiskGrpcTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    keeper_ = std::make_unique<RiskKeeper>(storage_, clock_, *log_, metrics_);
    machine_ = std::make_unique<RiskMachine>(*keeper_);
    grpc_ = std::make_unique<RiskGrpc>(*machine_);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(grpc_.get());
    server_ = builder.BuildAndStart();
    ASSERT_TRUE(server_);
    stub_ = risk::v1::RiskService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }
  void TearDown() override { server_->Shutdown(); }
  static risk::v1::RiskSessionRequest Hello() {
    risk::v1::RiskSessionRequest request;
    request.mutable_hello()->set_epoch(1);
    request.mutable_hello()->add_account_ids("paper");
    return request;
  }
  static risk::v1::RiskSessionRequest Opened() {
    risk::v1::RiskSessionRequest request;
    order::v1::OrderEvent& opened = *request.mutable_events()->add_events();
    opened.set_account_id("paper");
    opened.set_sequence(1);
    opened.set_type(order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED);
    opened.set_mode(type::v1::ACCOUNT_MODE_PAPER);
    opened.mutable_cash()->set_value("100000");
    opened.set_currency("USD");
    return request;
  }
  static risk::v1::RiskSessionRequest Asked(std::uint64_t correlation) {
    risk::v1::RiskSessionRequest request;
    request.mutable_reserve()->set_correlation_id(correlation);
    request.mutable_reserve()->mutable_order()->set_account_id("paper");
    return request;
  }

  SystemClock clock_;
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::shared_ptr<MemoryRiskStore::Disk> disk_ = std::make_shared<MemoryRiskStore::Disk>();
  MemoryRiskStore store_{disk_};
  StoreMachine storage_{store_, [this](RiskStorage::Then then) { machine_->Answer(std::move(then)); }};
  std::unique_ptr<RiskKeeper> keeper_;
  std::unique_ptr<RiskMachine> machine_;
  std::unique_ptr<RiskGrpc> grpc_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<risk::v1::RiskService::Stub> stub_;
};

// However much an order manager sends, of a session that nobody gets to one message waits.
TEST_F(RiskGrpcTest, AMessageOfASessionIsReadWhenTheOneBeforeItIsTaken) {
  constexpr std::uint64_t kAsked = 50;
  grpc::ClientContext call;
  auto stream = stub_->RiskSession(&call);
  ASSERT_TRUE(stream->Write(Hello()));
  for (std::uint64_t i = 1; i <= kAsked; ++i) ASSERT_TRUE(stream->Write(Asked(i)));
  for (std::uint64_t i = 0; i <= kAsked; ++i) {
    while (machine_->waiting() == 0) std::this_thread::yield();
    // A call that is answered takes as long as many a message would.
    EXPECT_EQ(machine_->waiting(), 1U);
    (void)machine_->Poll(clock_.MonotonicNanos());
  }
  risk::v1::RiskSessionResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_ready());
  for (std::uint64_t i = 1; i <= kAsked; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.reserve_result().correlation_id(), i);
  }
  call.TryCancel();
  (void)stream->Finish();
}

// Nobody is left without an answer, and what was answered with yes is stored.
TEST_F(RiskGrpcTest, WhoWaitsAtTheEndIsAnswered) {
  runtime::InlineWorker worker(*machine_, clock_);
  runtime::Worker store_worker(storage_, clock_);
  worker.Start();
  grpc::ClientContext call;
  auto stream = stub_->RiskSession(&call);
  ASSERT_TRUE(stream->Write(Hello()));
  ASSERT_TRUE(stream->Write(Opened()));
  ASSERT_TRUE(stream->Write(Asked(1)));
  risk::v1::RiskSessionResponse heard;
  while (!heard.has_reserve_result()) ASSERT_TRUE(stream->Read(&heard));

  constexpr int kCallers = 4;
  std::atomic<int> stored = 0, answered = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      grpc::ClientContext context;
      risk::v1::SetScopedLimitsRequest request;
      request.set_request_id("r" + std::to_string(i));
      request.set_reason("why");
      request.set_actor("ann");
      request.mutable_scope()->set_account_id("paper");
      request.mutable_scope()->set_symbol("S" + std::to_string(i));
      risk::v1::LimitValue& value = *request.add_values();
      value.set_name("max_order_notional");
      value.set_value("100");
      risk::v1::SetScopedLimitsResponse response;
      grpc::Status status = stub_->SetScopedLimits(&context, request, &response);
      EXPECT_NE(status.error_code(), grpc::UNKNOWN) << status.error_message();
      if (status.ok()) ++stored;
      ++answered;
    });
  }
  // A reader, of whom the machine's turns are independent of the storage.
  grpc::ClientContext context;
  risk::v1::GetLimitsRequest asks;
  asks.set_account_id("paper");
  risk::v1::GetLimitsResponse limits;
  EXPECT_TRUE(stub_->GetLimits(&context, asks, &limits).ok());
  EXPECT_EQ(answered, 0) << "nothing has been stored yet";
  std::thread end([&] { worker.Drain(); });
  while (stream->Read(&heard)) continue;
  EXPECT_EQ(stream->Finish().error_code(), grpc::UNAVAILABLE);
  store_worker.Start();
  end.join();
  store_worker.Drain();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(disk_->sets.size(), static_cast<std::size_t>(stored.load()));
  EXPECT_TRUE(disk_->exposures.contains(AccountId("paper")));
  grpc::ClientContext late;
  EXPECT_EQ(stub_->GetLimits(&late, asks, &limits).error_code(), grpc::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace ballast
