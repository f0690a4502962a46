#include "services/api_gateway/audit_trail.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One trail after another over the same file, and an audit service that answers what the test says.
class AuditTrailTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    std::filesystem::create_directories(folder_);
    Begin();
  }
  void TearDown() override {
    trail_.reset();
    std::filesystem::remove_all(folder_);
  }
  // A process that starts; the one before it may have been killed at any time.
  void Begin() {
    trail_.emplace(
        [this](const audit::v1::AppendRecordRequest& record) {
          if (!answers_) return false;
          told_.push_back(record);
          return true;
        },
        path_, *log_, metrics_);
    trail_->Recover();
  }
  static AuditTrail::Entry Of(const std::string& id, const char* action = "login.succeeded") {
    return {.request_id = id,
            .actor = "user:ann",
            .action = action,
            .subject = "session",
            .detail = {{"source", "h\"x"}, {"at", "1"}},
            .account_id = "paper"};
  }
  // Sends what there is and ends.
  void Finish() {
    trail_->Start();
    trail_->Stop();
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    for (const auto& record : told_) ids.push_back(record.request_id());
    return ids;
  }

  const std::string folder_ = ::testing::TempDir() + "audit-trail-" + std::to_string(getpid());
  const std::string path_ = folder_ + "/audit";
  std::unique_ptr<Logger> log_;
  Metrics metrics_;
  std::atomic<bool> answers_ = true;
  std::vector<audit::v1::AppendRecordRequest> told_;
  std::optional<AuditTrail> trail_;
};

TEST_F(AuditTrailTest, WhatWasDoneIsToldAlthoughTheProcessIsKilledBeforeItCouldTell) {
  trail_->Add(Of("a"));
  trail_->Add(Of("b", "login.failed"));
  Begin();  // no Start, no Stop: killed
  Finish();
  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
  EXPECT_EQ(told_[0].actor(), "user:ann");
  EXPECT_EQ(told_[1].action(), "login.failed");
  EXPECT_EQ(told_[0].subject(), "session");
  EXPECT_EQ(told_[0].detail(), R"({"at":"1","source":"h\"x"})");
  EXPECT_EQ(told_[0].account_id(), "paper");
  Begin();
  Finish();
  EXPECT_EQ(told_.size(), 2U) << "and not again";
}

// One record that no message can carry would hold up all after it.
TEST_F(AuditTrailTest, WhateverCameInCanBeTold) {
  AuditTrail::Entry entry = Of("a");
  entry.subject = "deployment:\xFF" + std::string(1, '\0') + std::string(3'000, 'x');
  entry.actor = "user:\xC3";
  trail_->Add(entry);
  Finish();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].subject().substr(0, 17), "deployment:\xEF\xBF\xBD xx");
  EXPECT_EQ(told_[0].subject().size(), 1'024U);
  EXPECT_EQ(told_[0].actor(), "user:\xEF\xBF\xBD");
}

TEST_F(AuditTrailTest, WhatCannotBeToldIsToldByTheNextProcess) {
  answers_ = false;
  trail_->Add(Of("a"));
  Finish();
  EXPECT_THAT(Ids(), IsEmpty());
  EXPECT_THAT(metrics_.Text(), HasSubstr("ballast_gateway_audit_lost_total 0"));
  answers_ = true;
  Begin();
  trail_->Add(Of("b"));
  Finish();
  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
}

TEST_F(AuditTrailTest, WhatWasAboutToBeDoneIsToldWithTheOutcomeOrWithoutOne) {
  std::int64_t known = trail_->Intend(Of("known", "deployment.started"));
  (void)trail_->Intend(Of("unknown", "deployment.stopped"));
  AuditTrail::Entry concluded = Of("known", "deployment.started");
  concluded.detail["outcome"] = "ok";
  trail_->Add(concluded, known);
  Finish();
  ASSERT_THAT(Ids(), ElementsAre("known")) << "once, and nothing whose outcome is still to come";
  EXPECT_THAT(told_[0].detail(), HasSubstr(R"("outcome":"ok")"));
  Begin();
  Finish();
  ASSERT_THAT(Ids(), ElementsAre("known", "unknown"));
  EXPECT_THAT(told_[1].detail(), HasSubstr(R"("outcome":"unknown)"));
  EXPECT_THAT(told_[1].detail(), HasSubstr(R"("source":)"));
}

TEST_F(AuditTrailTest, HalfALineIsNoRecordAndSpoilsNoOther) {
  trail_->Add(Of("a"));
  std::ofstream(path_, std::ios::app) << R"({"number":2,"action":"login)";
  Begin();
  trail_->Add(Of("b"));
  Begin();
  Finish();
  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
}

TEST_F(AuditTrailTest, ADiskThatCannotBeWrittenKeepsNobodyOutAndIsMadeUpFor) {
  std::filesystem::remove_all(folder_);
  std::ofstream(folder_) << "not a folder";
  trail_->Add(Of("a"));
  std::filesystem::remove(folder_);
  std::filesystem::create_directories(folder_);
  trail_->Add(Of("b"));
  Begin();
  Finish();
  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
}

TEST_F(AuditTrailTest, AFileThatOthersMayWriteIsNotBelievedAndReplaced) {
  trail_->Add(Of("a"));
  std::filesystem::permissions(path_, std::filesystem::perms::all);
  Begin();
  trail_->Add(Of("b"));
  Begin();
  Finish();
  EXPECT_THAT(Ids(), ElementsAre("b"));
}

TEST_F(AuditTrailTest, TheFileDoesNotGrow) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 600; ++i) trail_->Add(Of(std::to_string(round) + "." + std::to_string(i)));
    Finish();
    Begin();
  }
  EXPECT_EQ(told_.size(), 1'800U);
  EXPECT_LT(std::filesystem::file_size(path_), 200'000U);
}

TEST_F(AuditTrailTest, TheNewestAreRefusedWhenTooMuchWaits) {
  std::string no_file;
  trail_.emplace([](const audit::v1::AppendRecordRequest&) { return false; }, no_file, *log_, metrics_);
  for (int i = 0; i < 10'001; ++i) trail_->Add(Of(std::to_string(i)));
  EXPECT_THAT(metrics_.Text(), HasSubstr("ballast_gateway_audit_lost_total 1"));
}

}  // namespace
}  // namespace ballast
