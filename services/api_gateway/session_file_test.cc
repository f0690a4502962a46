#include "services/api_gateway/session_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "services/api_gateway/access.h"

namespace ballast {
namespace {

constexpr char kToken[] = "a-token-that-is-long";

class SessionFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / ("sessions_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "sessions").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  // A gateway as it starts.
  std::unique_ptr<Sessions> Start(const std::string& token = kToken) {
    auto kept = SessionFile(path_).Load();
    return std::make_unique<Sessions>(Secret(token), kept.ok() ? *kept : SessionTable(),
                                      [this](const SessionTable& table) { return SessionFile(path_).Save(table); });
  }
  std::string Text() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(SessionFileTest, ASessionSurvivesARestartWithItsCsrfTokenAndItsEnd) {
  auto login = Start()->LogIn(kToken, "127.0.0.1", 5);
  auto again = Start();
  EXPECT_EQ(again->CsrfOf(login.cookie, 6), login.csrf);
  EXPECT_EQ(again->CsrfOf(login.cookie, 5 + Sessions::kLifetimeNs - 1), login.csrf);
  EXPECT_FALSE(again->CsrfOf(login.cookie, 5 + Sessions::kLifetimeNs));
}

TEST_F(SessionFileTest, WhoSignedOutStaysOut) {
  auto sessions = Start();
  auto login = sessions->LogIn(kToken, "127.0.0.1", 0);
  auto other = sessions->LogIn(kToken, "127.0.0.1", 0);
  EXPECT_TRUE(sessions->LogOut(login.cookie));
  auto again = Start();
  EXPECT_FALSE(again->CsrfOf(login.cookie, 1));
  EXPECT_TRUE(again->CsrfOf(other.cookie, 1));
}

TEST_F(SessionFileTest, TheFileLetsNobodyIn) {
  auto login = Start()->LogIn(kToken, "127.0.0.1", 0);
  std::string text = Text();
  EXPECT_EQ(text.find(login.cookie), std::string::npos);
  EXPECT_EQ(text.find(login.csrf), std::string::npos);
  EXPECT_EQ(text.find(kToken), std::string::npos);
  EXPECT_FALSE(Start()->CsrfOf(text.substr(0, 64), 1));
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(SessionFileTest, ANewTokenEndsTheSessionsOfTheOld) {
  auto login = Start()->LogIn(kToken, "127.0.0.1", 0);
  EXPECT_FALSE(Start("another-token-that-is-long")->CsrfOf(login.cookie, 1));
}

TEST_F(SessionFileTest, AFileOfOthersOrOfAnotherKindSignsNobodyIn) {
  auto login = Start()->LogIn(kToken, "127.0.0.1", 0);
  std::filesystem::permissions(path_, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_FALSE(SessionFile(path_).Load().ok());
  std::filesystem::permissions(path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_TRUE(SessionFile(path_).Load().ok());
  for (const char* text : {"x", "short 5\n", "\n"}) {
    std::ofstream(path_) << text;
    EXPECT_FALSE(SessionFile(path_).Load().ok()) << text;
  }
  std::filesystem::remove(path_);
  EXPECT_TRUE(SessionFile(path_).Load()->empty());
  std::filesystem::create_symlink("/dev/null", path_);
  EXPECT_FALSE(SessionFile(path_).Load().ok());
}

TEST_F(SessionFileTest, WhatCannotBeKeptIsSaidWhereItMatters) {
  bool works = true;
  Sessions sessions(Secret(kToken), {},
                    [&](const SessionTable&) { return works ? absl::OkStatus() : absl::UnavailableError("full"); });
  auto kept = sessions.LogIn(kToken, "127.0.0.1", 0);
  works = false;
  // Never on the disk: it cannot come back.
  auto lost = sessions.LogIn(kToken, "127.0.0.1", 0);
  EXPECT_EQ(lost.outcome, Sessions::Outcome::kOk);
  EXPECT_TRUE(sessions.LogOut(lost.cookie));
  // On the disk: it would be back after a restart.
  EXPECT_FALSE(sessions.LogOut(kept.cookie));
  EXPECT_FALSE(sessions.CsrfOf(kept.cookie, 1));
}

}  // namespace
}  // namespace ballast
