#include "services/broker_gateway/bar_upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"

namespace ballast {
namespace {

using testing::HasSubstr;

TEST(BarUploadTest, AsksForAPieceWhenTheOneBeforeIsUsedUp) {
  std::deque<std::string> pieces = {"abc", "d", "efgh"};
  int asked = 0;
  BarUpload* self = nullptr;
  BarUpload upload(8, [&] {
    ++asked;
    self->Put(pieces.front());
    pieces.pop_front();
  });
  self = &upload;
  std::string out;
  EXPECT_EQ(*upload.Read(2, out), 2U);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(*upload.Read(2, out), 1U);
  EXPECT_EQ(asked, 1);
  while (*upload.Read(100, out) > 0) continue;
  EXPECT_EQ(out, "abcdefgh");
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(upload.whole());
  EXPECT_EQ(upload.DigestHex(), Sha256Hex("abcdefgh"));
}

TEST(BarUploadTest, ABrokenOffFileIsNoWholeOne) {
  BarUpload* self = nullptr;
  bool first = true;
  BarUpload upload(8, [&] {
    if (first)
      self->Put("abc");
    else
      self->Fail(absl::InvalidArgumentError("broke off"));
    first = false;
  });
  self = &upload;
  std::string out;
  EXPECT_EQ(*upload.Read(8, out), 3U);
  EXPECT_EQ(MessageOf(upload.Read(8, out).status()), "broke off");
  EXPECT_EQ(MessageOf(upload.failure()), "broke off");
  EXPECT_FALSE(upload.whole());
}

TEST(BarUploadTest, MoreThanWasSaidIsRefused) {
  BarUpload* self = nullptr;
  BarUpload upload(2, [&] { self->Put("abc"); });
  self = &upload;
  std::string out;
  EXPECT_THAT(MessageOf(upload.Read(8, out).status()), HasSubstr("more than the 2 bytes"));
}

TEST(BarUploadTest, AReaderThatWaitsIsWokenByTheEnd) {
  BarUpload upload(2, [] {});
  std::thread end([&] { upload.Fail(absl::UnavailableError("the service ends")); });
  std::string out;
  EXPECT_EQ(upload.Read(8, out).status().code(), absl::StatusCode::kUnavailable);
  end.join();
}

}  // namespace
}  // namespace ballast
