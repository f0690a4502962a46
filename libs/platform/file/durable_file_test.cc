#include "libs/platform/file/durable_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ballast {
namespace {

class DurableFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  const std::string folder_ = testing::TempDir() + "durable-" + std::to_string(getpid());
  const std::string path_ = folder_ + "/file";
};

TEST_F(DurableFileTest, WhatIsWrittenIsReadAndOursAlone) {
  EXPECT_TRUE(absl::IsNotFound(ReadOwnFile(path_).status()));
  for (const std::string& text : {std::string("one\n"), std::string(200'000, 'x'), std::string()}) {
    ASSERT_TRUE(WriteDurably(path_, text).ok());
    EXPECT_EQ(*ReadOwnFile(path_), text);
  }
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(DurableFileTest, OneWhoDiedInTheMiddleIsNotInTheWayAndWhatWasThereStands) {
  ASSERT_TRUE(WriteDurably(path_, "former").ok());
  std::ofstream(path_ + ".new") << "half of";
  EXPECT_EQ(*ReadOwnFile(path_), "former");
  ASSERT_TRUE(WriteDurably(path_, "latter").ok());
  EXPECT_EQ(*ReadOwnFile(path_), "latter");
}

TEST_F(DurableFileTest, WhatIsNoFileOfOursIsRefused) {
  ASSERT_TRUE(WriteDurably(path_, "text").ok());
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadOwnFile(path_).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadOwnFile(folder_).status()));
  EXPECT_TRUE(absl::IsUnavailable(WriteDurably(folder_ + "/none/file", "text")));
}

}  // namespace
}  // namespace ballast
