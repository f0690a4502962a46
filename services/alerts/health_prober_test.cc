#include "services/alerts/health_prober.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>

namespace ballast {
namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return UtcTime{now_ns}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return now_ns; }
  std::int64_t now_ns = 1;
};

// A peer on a free port that answers as it is told, or not at all.
class Peer : public grpc::health::v1::Health::CallbackService {
 public:
  enum class Answer { kServing, kNotServing, kNone };

  Peer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Peer() override { server_->Shutdown(std::chrono::system_clock::now()); }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const grpc::health::v1::HealthCheckRequest*,
                                  grpc::health::v1::HealthCheckResponse* response) override {
    if (answer == Answer::kNone) {
      class Silent : public grpc::ServerUnaryReactor {
        void OnCancel() override { Finish(grpc::Status::CANCELLED); }
        void OnDone() override { delete this; }
      };
      return new Silent;
    }
    response->set_status(answer == Answer::kServing ? grpc::health::v1::HealthCheckResponse::SERVING
                                                    : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  std::atomic<Answer> answer{Answer::kServing};

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class HealthProberTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    prober_ = std::make_unique<HealthProber>(
        HealthProber::Options{.deadline_ms = 2'000},
        std::vector<HealthProber::Peer>{{"risk", risk_.address()}, {"positions", positions_.address()}}, clock_, *log_,
        metrics_, [] {});
  }
  // What a round of checks has to tell.
  std::vector<std::string> Round() {
    clock_.now_ns += 2'000'000'000;
    prober_->CheckAll();
    std::vector<std::string> told;
    for (const auto& fact : prober_->Take()) told.push_back(fact.title + (fact.text.empty() ? "" : ": " + fact.text));
    return told;
  }
  using Told = std::vector<std::string>;

  HandClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  Peer risk_;
  Peer positions_;
  std::unique_ptr<HealthProber> prober_;
};

TEST_F(HealthProberTest, APeerThatIsNotReadyIsToldAndItsReturnToo) {
  EXPECT_EQ(Round(), Told{});
  risk_.answer = Peer::Answer::kNotServing;
  EXPECT_EQ(Round(), Told{});
  EXPECT_EQ(Round(),
            Told{"risk does not answer: it answers at " + risk_.address() + ", but says that it is not ready"});
  EXPECT_EQ(Round(), Told{});
  risk_.answer = Peer::Answer::kServing;
  EXPECT_EQ(Round(), Told{"risk is back"});
}

TEST_F(HealthProberTest, APeerThatHangsDoesNotDelayTheOthersNews) {
  EXPECT_EQ(Round(), Told{});
  risk_.answer = Peer::Answer::kNone;
  positions_.answer = Peer::Answer::kNotServing;
  EXPECT_EQ(Round(), Told{});
  EXPECT_EQ(Round().size(), 2U);
}

TEST_F(HealthProberTest, WhatCouldNotBeStoredIsTakenAgainInOrder) {
  EXPECT_EQ(Round(), Told{});
  risk_.answer = Peer::Answer::kNotServing;
  EXPECT_EQ(Round(), Told{});
  clock_.now_ns += 2'000'000'000;
  prober_->CheckAll();
  auto facts = prober_->Take();
  ASSERT_EQ(facts.size(), 1U);
  prober_->Give(facts);
  risk_.answer = Peer::Answer::kServing;
  auto told = Round();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1], "risk is back");
}

TEST(HealthProberLifeTest, APeerThatIsNotThereIsToldAndStoppingIsQuick) {
  HandClock clock;
  Metrics metrics;
  std::unique_ptr<Logger> log;
  ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
  std::string address;
  {
    Peer gone;
    address = gone.address();
  }
  HealthProber prober({.watch = {.failures_max = 1, .start_grace_ns = 0}}, {{"risk", address}}, clock, *log, metrics,
                      [] {});
  prober.CheckAll();
  auto facts = prober.Take();
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(facts[0].title, "risk does not answer");
  prober.Start();
  prober.Stop();
}

}  // namespace
}  // namespace ballast
