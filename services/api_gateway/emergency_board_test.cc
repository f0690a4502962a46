#include "services/api_gateway/emergency_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libs/platform/service/service.h"

namespace ballast {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::int64_t kPatienceNs = 20'000'000'000;

class EmergencyBoardTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "emergency_board_test", .level = "CRITICAL"}, &log_).ok());
    folder_ = std::filesystem::temp_directory_path() / ("ballast_emergency_board." + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    Begin();
  }
  void TearDown() override {
    board_.reset();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] EmergencyFile File() const { return EmergencyFile((folder_ / "e").string()); }
  // A new process over the same file.
  void Begin() {
    board_.reset();
    board_ = std::make_unique<EmergencyBoard>(
        EmergencyBoard::Neighbours{
            .broker = [this](const EmergencyRecord& record, bool engage) -> absl::StatusOr<std::string> {
              MutexLock lock(mutex_);
              ++broker_calls_;
              Changed();
              if (broker_dead_) return absl::UnavailableError("no gateway");
              held_ = engage ? record.command_id : "";
              return std::string("done");
            },
            .engage = [this](const EmergencyRecord& record) -> absl::StatusOr<order::v1::Emergency> {
              MutexLock lock(mutex_);
              ++orders_calls_;
              Changed();
              if (orders_dead_) return absl::UnavailableError("no order management");
              progress_.mutable_command()->set_command_id(record.command_id);
              return progress_;
            },
            .progress = [this](const std::string&) -> absl::StatusOr<std::optional<order::v1::Emergency>> {
              MutexLock lock(mutex_);
              if (orders_dead_) return absl::UnavailableError("no order management");
              if (progress_.command().command_id().empty()) return std::optional<order::v1::Emergency>();
              return std::optional<order::v1::Emergency>(progress_);
            },
            .stop_deployments = [this](const EmergencyRecord&) -> absl::StatusOr<std::string> {
              MutexLock lock(mutex_);
              if (runner_dead_) return absl::UnavailableError("no runner");
              return std::string("1 deployments stopped");
            }},
        File(), clock_, *log_);
    board_->Start();
  }
  void Changed() REQUIRES(mutex_) { changed_.NotifyAll(); }
  // Looks until it is so; false when it never is.
  bool Until(const std::function<bool(const gateway::v1::EmergencyState&)>& so) {
    for (std::int64_t end = clock_.MonotonicNanos() + kPatienceNs; clock_.MonotonicNanos() < end;) {
      auto state = board_->State("paper");
      if (state && so(*state)) return true;
      MutexLock lock(mutex_);
      changed_.WaitFor(mutex_, 1'000'000);
    }
    return false;
  }
  std::string Press(const std::string& key = "k", EmergencyBoard::Level level = order::v1::EMERGENCY_LEVEL_FLATTEN) {
    return board_->Engage({.account_id = "paper", .level = level, .reason = "r", .actor = "user:me", .key = key});
  }
  void Set(bool& flag, bool to) {
    MutexLock lock(mutex_);
    flag = to;
  }
  void Phase(order::v1::EmergencyPhase phase) {
    MutexLock lock(mutex_);
    progress_.set_phase(phase);
  }
  static bool Acknowledged(const gateway::v1::EmergencyState& state, const std::string& name) {
    for (const auto& neighbour : state.neighbours()) {
      if (neighbour.name() == name) return neighbour.acknowledged();
    }
    return false;
  }

  SystemClock clock_;
  std::unique_ptr<Logger> log_;
  std::filesystem::path folder_;
  Mutex mutex_;
  CondVar changed_;
  bool broker_dead_ = false;
  bool orders_dead_ = false;
  bool runner_dead_ = false;
  int broker_calls_ = 0;
  int orders_calls_ = 0;
  std::string held_;
  order::v1::Emergency progress_;
  std::unique_ptr<EmergencyBoard> board_;
};

TEST_F(EmergencyBoardTest, EverybodyIsToldAndItIsDoneWhenTheVenueShowsIt) {
  Phase(order::v1::EMERGENCY_PHASE_CLOSING);
  std::string id = Press();
  EXPECT_THAT(id, HasSubstr("flatten-"));
  ASSERT_TRUE(Until([](const auto& state) {
    return Acknowledged(state, "broker_gateway") && Acknowledged(state, "order_management") &&
           Acknowledged(state, "strategy_runner");
  }));
  EXPECT_FALSE(board_->State("paper")->done());
  Phase(order::v1::EMERGENCY_PHASE_DONE);
  EXPECT_TRUE(Until([](const auto& state) { return state.done() && state.flat(); }));
}

TEST_F(EmergencyBoardTest, OneThatIsDeadKeepsNobodyWaitingAndIsToldUntilItAcknowledges) {
  Set(orders_dead_, true);
  Press();
  ASSERT_TRUE(Until([](const auto& state) {
    return Acknowledged(state, "broker_gateway") && state.to_do_size() > 0 &&
           state.to_do(0).find("no order management") != std::string::npos;
  }));
  ASSERT_TRUE(Until([this](const auto&) {
    MutexLock lock(mutex_);
    return orders_calls_ > 2;
  }));
  EXPECT_FALSE(board_->State("paper")->done());
  Set(orders_dead_, false);
  Phase(order::v1::EMERGENCY_PHASE_DONE);
  EXPECT_TRUE(Until([](const auto& state) { return state.done(); }));
}

TEST_F(EmergencyBoardTest, ItIsNotDoneBeforeTheLastDoorIsShutToo) {
  Set(broker_dead_, true);
  Phase(order::v1::EMERGENCY_PHASE_DONE);
  Press();
  ASSERT_TRUE(Until([](const auto& state) { return state.progress().phase() == order::v1::EMERGENCY_PHASE_DONE; }));
  EXPECT_FALSE(board_->State("paper")->done());
  Set(broker_dead_, false);
  EXPECT_TRUE(Until([](const auto& state) { return state.done(); }));
}

TEST_F(EmergencyBoardTest, ItIsRememberedOverARestart) {
  Set(broker_dead_, true);
  Set(orders_dead_, true);
  Set(runner_dead_, true);
  std::string id = Press();
  Begin();
  ASSERT_TRUE(board_->State("paper").has_value());
  EXPECT_EQ(board_->State("paper")->command().command_id(), id);
  EXPECT_EQ(board_->State("paper")->command().actor(), "user:me");
  Set(broker_dead_, false);
  Set(orders_dead_, false);
  Set(runner_dead_, false);
  Phase(order::v1::EMERGENCY_PHASE_DONE);
  EXPECT_TRUE(Until([](const auto& state) { return state.done() && Acknowledged(state, "strategy_runner"); }));
  MutexLock lock(mutex_);
  EXPECT_EQ(held_, id);
}

TEST_F(EmergencyBoardTest, ASecondPressJoinsUntilItIsDone) {
  Phase(order::v1::EMERGENCY_PHASE_CLOSING);
  std::string id = Press("a");
  EXPECT_EQ(Press("b"), id);
  EXPECT_EQ(Press("c", order::v1::EMERGENCY_LEVEL_HALT), id);
  Phase(order::v1::EMERGENCY_PHASE_DONE);
  ASSERT_TRUE(Until([](const auto& state) { return state.done(); }));
  EXPECT_EQ(Press("a"), id);
  std::string next = Press("d", order::v1::EMERGENCY_LEVEL_HALT);
  EXPECT_NE(next, id);
  EXPECT_THAT(next, HasSubstr("flatten-"));  // never less than what is engaged
}

TEST_F(EmergencyBoardTest, AResumeLetsTheSwitchGoHoweverLongThatTakes) {
  Phase(order::v1::EMERGENCY_PHASE_DONE);
  std::string id = Press();
  ASSERT_TRUE(Until([](const auto& state) { return state.done(); }));
  EXPECT_THAT(board_->BeginResume("paper"), Contains(id));
  Set(broker_dead_, true);
  board_->EndResume("paper", true, "well", "user:me");
  EXPECT_FALSE(board_->Released("paper"));
  EXPECT_FALSE(board_->State("paper")->engaged());
  Begin();
  EXPECT_FALSE(board_->Released("paper"));
  Set(broker_dead_, false);
  ASSERT_TRUE(Until([this](const auto&) { return board_->Released("paper"); }));
  MutexLock lock(mutex_);
  EXPECT_EQ(held_, "");
}

TEST_F(EmergencyBoardTest, AResumeThatFailedLeavesItEngaged) {
  Set(orders_dead_, true);
  Press();
  ASSERT_EQ(board_->BeginResume("paper").size(), 1U);
  board_->EndResume("paper", false, "", "");
  Set(orders_dead_, false);
  Phase(order::v1::EMERGENCY_PHASE_DONE);
  EXPECT_TRUE(Until([](const auto& state) { return state.done(); }));
}

TEST_F(EmergencyBoardTest, AResumeThatDidNotComeThroughHereLetsTheSwitchGoToo) {
  Phase(order::v1::EMERGENCY_PHASE_CLOSING);
  Press();
  ASSERT_TRUE(Until([](const auto& state) { return Acknowledged(state, "order_management"); }));
  Phase(order::v1::EMERGENCY_PHASE_ENDED);
  ASSERT_TRUE(Until([this](const auto& state) { return !state.engaged() && board_->Released("paper"); }));
}

TEST_F(EmergencyBoardTest, WhatOrderManagementHasLostItIsToldAgain) {
  Phase(order::v1::EMERGENCY_PHASE_CLOSING);
  Press();
  ASSERT_TRUE(Until([](const auto& state) { return Acknowledged(state, "order_management"); }));
  {
    MutexLock lock(mutex_);
    progress_.mutable_command()->clear_command_id();
  }
  ASSERT_TRUE(Until([this](const auto&) {
    MutexLock lock(mutex_);
    return orders_calls_ > 1;
  }));
}

TEST_F(EmergencyBoardTest, AFileThatOthersMayWriteIsNotBelieved) {
  ASSERT_TRUE(File().Save({{"paper", {.command_id = "halt-1", .account_id = "paper", .level = 1}}}).ok());
  EXPECT_EQ(File().Load()->at("paper").command_id, "halt-1");
  ASSERT_EQ(chmod((folder_ / "e").c_str(), 0666), 0);
  EXPECT_FALSE(File().Load().ok());
  ASSERT_EQ(chmod((folder_ / "e").c_str(), 0600), 0);
  std::ofstream(folder_ / "e") << "{\"command_id\":1}\n";
  EXPECT_FALSE(File().Load().ok());
}

}  // namespace
}  // namespace ballast
