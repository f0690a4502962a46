#include "services/alerts/health_prober.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "services/alerts/grpc_health_peers.h"

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

using Told = std::vector<std::string>;

class HealthProberTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
  }
  std::unique_ptr<HealthProber> Over(HealthPeers& peers, alerts::HealthWatch::Options watch = {}) {
    return std::make_unique<HealthProber>(
        HealthProber::Options{.watch = watch}, std::vector<std::string>{"risk", "positions"},
        HealthProber::Ports{.peers = peers,
                            .clock = clock_,
                            .log = *log_,
                            .metrics = metrics_,
                            .tell =
                                [this](const alerts::Alert& fact) {
                                  told_.push_back(fact.title + (fact.text.empty() ? "" : ": " + fact.text));
                                },
                            .on_round = [this] { ++rounds_; }});
  }

  HandClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  Told told_;
  int rounds_ = 0;
};

// Peers that answer when the test says so.
class ScriptedPeers : public HealthPeers {
 public:
  void Check(const std::string& service, Answer answer) override {
    ++asked;
    if (hangs.contains(service))
      late.emplace(service, std::move(answer));
    else
      answer(problems[service]);
  }
  std::set<std::string> hangs;
  std::map<std::string, std::string> problems;
  std::multimap<std::string, Answer> late;
  int asked = 0;
};

TEST_F(HealthProberTest, OneThatHangsIsAskedOnceAndDelaysNobodysNews) {
  ScriptedPeers peers;
  auto prober = Over(peers);
  auto second = [&] {
    for (int i = 0; i < 10; ++i) {
      prober->Poll(clock_.now_ns);
      clock_.now_ns += 100'000'000;
    }
  };
  second();
  peers.hangs = {"risk"};
  peers.problems = {{"positions", "it is not ready"}};
  for (int i = 0; i < 4; ++i) second();
  EXPECT_EQ(told_, Told{"positions does not answer: it is not ready"});
  EXPECT_EQ(peers.late.size(), 1U);
  EXPECT_EQ(prober->open(), 1U);
  EXPECT_EQ(rounds_, 3) << "who reads along hears of it all the same";
  // It answers at last, and is asked again.
  peers.late.begin()->second("no answer");
  peers.hangs.clear();
  peers.problems["risk"] = "no answer";
  second();
  second();
  EXPECT_EQ(told_.back(), "risk does not answer: no answer");
  // An answer that comes when it has ended is nobody's.
  peers.hangs = {"risk"};
  second();
  second();
  prober->inbox().Close();
  EXPECT_EQ(prober->Poll(clock_.now_ns).state, runtime::Turn::State::kEnded);
  prober.reset();
  peers.late.rbegin()->second("");
  EXPECT_EQ(told_.size(), 2U);
}

// Over the real protocol.
class GrpcHealthTest : public HealthProberTest {
 protected:
  // What a round of questions has to tell; waits for the answers, not for a time.
  Told Round(HealthProber& prober) {
    told_.clear();
    clock_.now_ns += 2'000'000'000;
    prober.Poll(clock_.now_ns);
    while (prober.open() > 0) {
      prober.inbox().Wait(1'000'000'000);
      prober.Poll(clock_.now_ns);
    }
    return told_;
  }
};

TEST_F(GrpcHealthTest, APeerThatIsNotReadyIsToldAndItsReturnToo) {
  Peer risk, positions;
  GrpcHealthPeers peers(2'000, {{"risk", risk.address()}, {"positions", positions.address()}});
  auto prober = Over(peers);
  EXPECT_EQ(Round(*prober), Told{});
  risk.answer = Peer::Answer::kNotServing;
  EXPECT_EQ(Round(*prober), Told{});
  EXPECT_EQ(Round(*prober),
            Told{"risk does not answer: it answers at " + risk.address() + ", but says that it is not ready"});
  EXPECT_EQ(Round(*prober), Told{});
  risk.answer = Peer::Answer::kServing;
  EXPECT_EQ(Round(*prober), Told{"risk is back"});
}

TEST_F(GrpcHealthTest, APeerThatHangsOrIsGoneIsTold) {
  std::string gone;
  {
    Peer brief;
    gone = brief.address();
  }
  Peer risk;
  GrpcHealthPeers peers(500, {{"risk", risk.address()}, {"positions", gone}});
  auto prober = Over(peers, {.failures_max = 1, .start_grace_ns = 0});
  risk.answer = Peer::Answer::kNone;
  Told told = Round(*prober);
  ASSERT_EQ(told.size(), 2U);
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told[0].find("positions does not answer: no connection to " + gone), 0U) << told[0];
  EXPECT_EQ(told[1], "risk does not answer: no answer from " + risk.address() + " within 500 ms");
}

}  // namespace
}  // namespace ballast
