#include "services/broker_gateway/kill_desk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libs/platform/service/service.h"

namespace ballast {
namespace {

const AccountId kPaper("paper");
const AccountId kOther("other");

class KillDeskTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .level = "CRITICAL"}, &log_).ok());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<KillDesk> Open() {
    auto desk = std::make_unique<KillDesk>(path_, clock_, *log_);
    desk->Load();
    return desk;
  }
  KillCommand Command(const AccountId& account, const std::string& id, bool cancel_all) {
    return {.account_id = account,
            .command_id = id,
            .reason = "100 % sure,\tand\nmore",
            .actor = "user:me",
            .engage_time = clock_.Now(),
            .cancel_all = cancel_all};
  }
  void Write(const std::string& text) {
    std::ofstream(path_) << text;
    ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  }
  std::string Read() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const std::string folder_ = testing::TempDir() + "kill-" + std::to_string(getpid());
  const std::string path_ = folder_ + "/kill_switch";
  SystemClock clock_;
  std::unique_ptr<Logger> log_;
};

TEST_F(KillDeskTest, WithoutAFileNothingIsEngaged) {
  auto desk = Open();
  EXPECT_FALSE(desk->any());
  EXPECT_FALSE(desk->Held(kPaper).has_value());
}

TEST_F(KillDeskTest, OutlivesTheProcess) {
  ASSERT_TRUE(Open()->Engage(Command(kPaper, "stop-1", true)).ok());
  auto desk = Open();
  auto held = desk->Held(kPaper);
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->command_id, "stop-1");
  EXPECT_EQ(held->reason, "100 % sure,\tand\nmore");
  EXPECT_EQ(held->actor, "user:me");
  EXPECT_TRUE(held->cancel_all);
  EXPECT_FALSE(desk->Held(kOther).has_value());
  ASSERT_TRUE(desk->Release(kPaper, "stop-1").ok());
  EXPECT_FALSE(Open()->any());
}

TEST_F(KillDeskTest, OneOfEveryAccountHoldsEachAndIsLetGoByItself) {
  auto desk = Open();
  ASSERT_TRUE(desk->Engage(Command(AccountId(), "halt-1", false)).ok());
  ASSERT_TRUE(desk->Engage(Command(kPaper, "cancel-2", true)).ok());
  EXPECT_FALSE(desk->Held(kOther)->cancel_all);
  EXPECT_TRUE(desk->Held(kPaper)->cancel_all);
  ASSERT_TRUE(desk->Release(kPaper, "").ok());
  EXPECT_EQ(desk->Held(kPaper)->command_id, "halt-1");
  ASSERT_TRUE(desk->Release(AccountId(), "").ok());
  EXPECT_FALSE(desk->Held(kPaper).has_value());
}

TEST_F(KillDeskTest, ToldTwiceIsOneCommandAlsoAfterItWasLetGo) {
  auto desk = Open();
  ASSERT_TRUE(desk->Engage(Command(kPaper, "stop-1", true)).ok());
  std::uint64_t version = desk->version();
  ASSERT_TRUE(desk->Engage(Command(kPaper, "stop-1", true)).ok());
  EXPECT_EQ(desk->version(), version);
  ASSERT_TRUE(desk->Release(kPaper, "stop-1").ok());
  ASSERT_TRUE(desk->Engage(Command(kPaper, "stop-1", true)).ok());
  EXPECT_FALSE(desk->any());
  auto later = Open();
  ASSERT_TRUE(later->Engage(Command(kPaper, "stop-1", true)).ok());
  EXPECT_FALSE(later->any());
  // Let go before it came.
  ASSERT_TRUE(later->Release(kPaper, "stop-2").ok());
  ASSERT_TRUE(later->Engage(Command(kPaper, "stop-2", true)).ok());
  EXPECT_FALSE(later->any());
  // Letting one go leaves the other.
  ASSERT_TRUE(later->Engage(Command(kPaper, "stop-3", true)).ok());
  ASSERT_TRUE(later->Engage(Command(kPaper, "stop-4", true)).ok());
  ASSERT_TRUE(later->Release(kPaper, "stop-4").ok());
  EXPECT_EQ(later->Held(kPaper)->command_id, "stop-3");
}

TEST_F(KillDeskTest, AFileThatCannotBeReadEngagesEveryAccount) {
  ASSERT_TRUE(Open()->Engage(Command(kPaper, "stop-1", true)).ok());
  const std::string whole = Read();
  // Every cut of it, and every byte of it lost.
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Write(whole.substr(0, size));
    ASSERT_TRUE(Open()->Held(kOther).has_value()) << size;
  }
  std::string zeros(whole.size(), '\0');
  for (const std::string& text : {std::string("nonsense"), zeros, whole + "more\n", whole + whole}) {
    Write(text);
    EXPECT_TRUE(Open()->Held(kOther).has_value()) << text;
  }
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);  // anybody may have written it
  EXPECT_TRUE(Open()->Held(kOther).has_value());
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(Open()->Held(kOther).has_value());
  // A person lets it go, for all accounts and not for one.
  std::filesystem::remove(path_);
  Write("nonsense");
  auto desk = Open();
  ASSERT_TRUE(desk->Release(kPaper, "").ok());
  EXPECT_TRUE(Open()->Held(kPaper).has_value());
  ASSERT_TRUE(desk->Engage(Command(kPaper, "stop-2", true)).ok());
  EXPECT_TRUE(Open()->Held(kOther).has_value());
  ASSERT_TRUE(desk->Release(AccountId(), "").ok());
  EXPECT_FALSE(Open()->Held(kOther).has_value());
  EXPECT_TRUE(Open()->Held(kPaper).has_value());
}

TEST_F(KillDeskTest, EngagesAtOnceAlsoWhenTheDiskDoesNotTakeIt) {
  auto desk = Open();
  std::filesystem::remove_all(folder_);
  EXPECT_TRUE(absl::IsUnavailable(desk->Engage(Command(kPaper, "stop-1", true))));
  EXPECT_TRUE(desk->Held(kPaper).has_value());
  // It is not let go before that would outlive the process.
  EXPECT_TRUE(absl::IsUnavailable(desk->Release(kPaper, "stop-1")));
  EXPECT_TRUE(desk->Held(kPaper).has_value());
  // Told again it is stored.
  std::filesystem::create_directories(folder_);
  EXPECT_TRUE(desk->Engage(Command(kPaper, "stop-1", true)).ok());
  EXPECT_TRUE(Open()->Held(kPaper).has_value());
}

TEST_F(KillDeskTest, SaysNothingAboutAVenueThatWasNotLookedAt) {
  auto desk = Open();
  ASSERT_TRUE(desk->Engage(Command(kPaper, "stop-1", true)).ok());
  EXPECT_TRUE(desk->Get(kPaper).view.cancel_pending);
  desk->Show(desk->version(),
             {{kPaper, {.open_orders = 2, .cancels_sent = 3, .cancel_pending = true}}, {kOther, {.open_orders = 5}}});
  EXPECT_EQ(desk->Get(kPaper).view.open_orders, 2);
  desk->Show(desk->version(), {{kPaper, {.cancels_sent = 3}}});
  EXPECT_FALSE(desk->Get(kPaper).view.cancel_pending);
  ASSERT_EQ(desk->List().size(), 1U);
  ASSERT_TRUE(desk->Engage(Command(AccountId(), "stop-2", true)).ok());
  EXPECT_TRUE(desk->Get(kPaper).view.cancel_pending);
  EXPECT_EQ(desk->List().size(), 2U);
  EXPECT_TRUE(desk->List()[0].command.account_id.empty());
}

}  // namespace
}  // namespace ballast
