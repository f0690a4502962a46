#include "libs/platform/grpc/client_stream.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>

#include <future>

#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"

namespace ballast {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// One message a call.
class OneMessage : public grpc::health::v1::Health::Service {
  grpc::Status Watch(grpc::ServerContext*, const HealthCheckRequest*,
                     grpc::ServerWriter<HealthCheckResponse>* writer) override {
    writer->Write(HealthCheckResponse());
    return grpc::Status::OK;
  }
};

class ClientStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int port = 0;
    server = grpc::ServerBuilder()
                 .AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port)
                 .RegisterService(&service)
                 .BuildAndStart();
    stub = grpc::health::v1::Health::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }
  // Milliseconds until so many messages have come, each answered with `taken`.
  std::int64_t Until(int count, bool taken) {
    std::promise<void> last_one;
    int messages = 0;
    StreamReader<HealthCheckResponse> reader({.open =
                                                  [&](grpc::ClientContext* call, auto* reactor) {
                                                    auto kept = std::make_shared<const HealthCheckRequest>();
                                                    stub->async()->Watch(call, kept.get(), reactor);
                                                    return kept;
                                                  },
                                              .on_message =
                                                  [&](HealthCheckResponse&) {
                                                    if (++messages == count) last_one.set_value();
                                                    return taken;
                                                  },
                                              .on_disconnected = {}});
    auto started = std::chrono::steady_clock::now();
    reader.Start();
    last_one.get_future().wait();
    auto took = std::chrono::steady_clock::now() - started;
    reader.Stop();
    return std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  }

  OneMessage service;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<grpc::health::v1::Health::Stub> stub;
};

TEST_F(ClientStreamTest, AMessageThatIsRefusedEachTimeIsAskedForMoreAndMoreRarely) {
  EXPECT_GE(Until(5, false), 50 + 100 + 200 + 400);
}

TEST_F(ClientStreamTest, AStreamThatEndsAfterATakenMessageIsOpenedAgainAtOnce) {
  EXPECT_LT(Until(12, true), 50 + 100 + 200 + 400 + 800 + 6 * 1000);
}

}  // namespace
}  // namespace ballast
