// StreamClient against a real server.
#include "libs/platform/grpc/stream_client.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "libs/platform/grpc/server_stream.h"

namespace ballast {
namespace {

using order::v1::OrderService;
using order::v1::SubmitOrdersRequest;
using order::v1::SubmitOrdersResponse;
using Client = StreamClient<SubmitOrdersRequest, SubmitOrdersResponse>;

// Sends back the id of every request; "end" ends the stream.
class Echo final : public OrderService::CallbackService {
 public:
  grpc::ServerBidiReactor<SubmitOrdersRequest, SubmitOrdersResponse>* SubmitOrders(
      grpc::CallbackServerContext*) override {
    using Session = BidiSession<SubmitOrdersRequest, SubmitOrdersResponse>;
    ++streams;
    return Session::Make(
               [](Session& self, SubmitOrdersRequest& request) {
                 if (request.order().request_id() == "end") return self.Close(grpc::Status(grpc::ABORTED, "as asked"));
                 SubmitOrdersResponse response;
                 response.set_request_id(request.order().request_id());
                 self.Push(std::move(response));
               },
               [] {})
        .get();
  }
  std::atomic<int> streams = 0;
};

class StreamClientTest : public testing::Test {
 protected:
  void Serve(int port = 0) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&echo_);
    server_ = builder.BuildAndStart();
    ASSERT_TRUE(server_);
  }
  void SetUp() override {
    Serve();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 50);
    stub_ = OrderService::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port_), grpc::InsecureChannelCredentials(), arguments));
    client_ = std::make_unique<Client>(Client::Callbacks{
        .open = [this](grpc::ClientContext* call,
                       Client::Reactor* reactor) { stub_->async()->SubmitOrders(call, reactor); },
        .on_open = [](const std::function<void(SubmitOrdersRequest)>& send) { send(Request("hello")); },
        .on_message =
            [this](SubmitOrdersResponse& response) {
              std::lock_guard lock(mutex_);
              seen_.push_back(response.request_id());
              changed_.notify_all();
              return response.request_id() != "enough";
            },
        .on_disconnected =
            [this](const absl::Status& status) {
              std::lock_guard lock(mutex_);
              ended_.push_back(status.code());
              changed_.notify_all();
            }});
    client_->Start();
  }
  void TearDown() override {
    client_->Stop();
    server_->Shutdown();
  }
  static SubmitOrdersRequest Request(const std::string& id) {
    SubmitOrdersRequest request;
    request.mutable_order()->set_request_id(id);
    return request;
  }
  bool Wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  bool Seen(std::size_t count) {
    return Wait([&] { return seen_.size() >= count; });
  }

  Echo echo_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<OrderService::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
  std::vector<absl::StatusCode> ended_;
  std::unique_ptr<Client> client_;
};

TEST_F(StreamClientTest, SendsInOrderBehindItsFirstMessage) {
  ASSERT_TRUE(Seen(1));
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(client_->Send(Request(std::to_string(i))));
  ASSERT_TRUE(Seen(5'001));
  EXPECT_EQ(seen_[0], "hello");
  for (int i = 0; i < 5'000; ++i) ASSERT_EQ(seen_[static_cast<std::size_t>(i) + 1], std::to_string(i));
}

TEST_F(StreamClientTest, OpensAgainWhateverEndsIt) {
  ASSERT_TRUE(Seen(1));
  ASSERT_TRUE(client_->Send(Request("end")));
  ASSERT_TRUE(Seen(2));
  client_->Drop();
  ASSERT_TRUE(Seen(3));
  ASSERT_TRUE(client_->Send(Request("enough")));
  ASSERT_TRUE(Seen(5));
  EXPECT_EQ(seen_, (std::vector<std::string>{"hello", "hello", "hello", "enough", "hello"}));
  EXPECT_EQ(ended_, (std::vector<absl::StatusCode>{absl::StatusCode::kAborted, absl::StatusCode::kCancelled,
                                                   absl::StatusCode::kCancelled}));
}

TEST_F(StreamClientTest, WithoutAPeerNothingIsSentAndItIsFoundAgain) {
  ASSERT_TRUE(Seen(1));
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  ASSERT_TRUE(Wait([&] { return !ended_.empty(); }));
  server_.reset();
  std::size_t before = ended_.size();
  ASSERT_TRUE(Wait([&] { return ended_.size() > before + 1; }));
  Serve(port_);
  ASSERT_TRUE(Seen(2));
  EXPECT_TRUE(client_->Send(Request("again")));
  ASSERT_TRUE(Seen(3));
}

// Threads send while connections come and go; what is accepted arrives in order or not at all.
TEST_F(StreamClientTest, StandsStopsAndDropsAtAnyMoment) {
  ASSERT_TRUE(Seen(1));
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !over; ++i) (void)client_->Send(Request(std::to_string(t) + "/" + std::to_string(i)));
    });
  }
  for (int i = 0; i < 10; ++i) {
    int streams = echo_.streams;
    client_->Drop();
    ASSERT_TRUE(Wait([&] { return echo_.streams > streams; }) || i == 9);
  }
  client_->Stop();
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(client_->Send(Request("late")));
}

}  // namespace
}  // namespace ballast
