#include "libs/platform/config/token_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

class TokenFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& text, mode_t mode) {
    std::string path = ::testing::TempDir() + "/token_" + std::to_string(::getpid());
    std::remove(path.c_str());
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  static void ExpectRefused(const std::string& path, const std::string& why) {
    auto token = ReadTokenFile(path);
    EXPECT_EQ(token.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(MessageOf(token.status()), HasSubstr(why));
  }
};

TEST_F(TokenFileTest, ReadsTheFirstLine) {
  auto token = ReadTokenFile(Write("0123456789abcdef\nmore\n", 0600));
  ASSERT_TRUE(token.ok()) << token.status().ToString();
  EXPECT_EQ(token->Reveal(), "0123456789abcdef");
  EXPECT_TRUE(ReadTokenFile(Write("0123456789abcdef", 0400)).ok());
}

TEST_F(TokenFileTest, RefusesAFileThatIsNotItsOwnersAlone) {
  for (mode_t mode : {0644, 0640, 0604, 0666, 0610})
    ExpectRefused(Write("0123456789abcdef\n", mode), "can be read by others");
}

TEST_F(TokenFileTest, RefusesWhatHoldsNoToken) {
  ExpectRefused("", "not set");
  ExpectRefused("/nonexistent/token", "does not exist");
  ExpectRefused("/tmp", "is not a file");
  ExpectRefused(Write("", 0600), "is empty");
  ExpectRefused(Write("\n0123456789abcdef", 0600), "is empty");
  ExpectRefused(Write("short\n", 0600), "shorter");
}

}  // namespace
}  // namespace ballast
