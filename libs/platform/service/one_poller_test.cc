#include "libs/platform/service/one_poller.h"

#include <grpcpp/grpcpp.h>

#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"

namespace ballast {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// Answers, and remembers which threads did.
class Answering : public grpc::health::v1::Health::CallbackService {
 public:
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const HealthCheckRequest*,
                                  HealthCheckResponse*) override {
    {
      std::lock_guard lock(mutex_);
      threads_.insert(std::this_thread::get_id());
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  void Forget() {
    std::lock_guard lock(mutex_);
    threads_.clear();
  }
  std::set<std::thread::id> threads() {
    std::lock_guard lock(mutex_);
    return threads_;
  }

 private:
  std::mutex mutex_;
  std::set<std::thread::id> threads_;
};

TEST(OnePoller, OneThreadAnswersWhileItLivesAndNothingIsHeldAfterwards) {
  Answering service;
  int port = 0;
  auto server = grpc::ServerBuilder()
                    .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port)
                    .RegisterService(&service)
                    .BuildAndStart();
  auto stub = grpc::health::v1::Health::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  auto call = [&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    HealthCheckRequest request;
    HealthCheckResponse response;
    std::promise<grpc::Status> ended;
    stub->async()->Check(&context, &request, &response, [&](grpc::Status status) { ended.set_value(status); });
    return ended.get_future().get();
  };
  ASSERT_TRUE(call().ok());
  // gRPC has two of them where it has few cores, and this test means nothing where it has more.
  if (!OnePoller::Serves(std::thread::hardware_concurrency())) GTEST_SKIP() << "more cores than threads to hold";
  {
    OnePoller one;
    // Until gRPC comes to what holds it, the other thread answers too; two of them take turns.
    std::size_t threads = 0;
    for (int tries = 0; tries < 50 && threads != 1; ++tries) {
      service.Forget();
      for (int i = 0; i < 200; ++i) ASSERT_TRUE(call().ok());
      threads = service.threads().size();
    }
    EXPECT_EQ(threads, 1U);
  }
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(call().ok());
  server->Shutdown();
}

TEST(OnePoller, IsForFewCores) {
  EXPECT_TRUE(OnePoller::Serves(1));
  EXPECT_TRUE(OnePoller::Serves(4));
  EXPECT_FALSE(OnePoller::Serves(5));
}

}  // namespace
}  // namespace ballast
