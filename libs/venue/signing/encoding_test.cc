#include "libs/venue/signing/encoding.h"

#include <gtest/gtest.h>

#include "libs/base/absl_std.h"

namespace ballast::signing {
namespace {

constexpr std::pair<std::string_view, std::string_view> kRfc4648[] = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"}};

TEST(EncodingTest, Base64IsThatOfRfc4648) {
  for (const auto& [bytes, text] : kRfc4648) {
    EXPECT_EQ(Base64(bytes), text);
    EXPECT_EQ(DecodeBase64(text).value(), bytes);
  }
  EXPECT_EQ(Base64("\xfb\xff\xfe"), "+//+");
}

TEST(EncodingTest, Base64UrlHasItsOwnLettersAndNoPadding) {
  EXPECT_EQ(Base64Url("\xfb\xff\xfe"), "-__-");
  for (const auto& [bytes, text] : kRfc4648) {
    std::string bare(text.substr(0, text.find('=')));
    EXPECT_EQ(Base64Url(bytes), bare);
    EXPECT_EQ(DecodeBase64Url(bare).value(), bytes);
  }
}

TEST(EncodingTest, EveryByteComesBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  for (std::size_t size = 253; size <= bytes.size(); ++size) {
    std::string some = bytes.substr(0, size);
    EXPECT_EQ(DecodeBase64(Base64(some)).value(), some);
    EXPECT_EQ(DecodeBase64Url(Base64Url(some)).value(), some);
    EXPECT_EQ(DecodeHex(Hex(some)).value(), some);
  }
}

TEST(EncodingTest, Base64HasOneSpellingOnly) {
  // Other letters, white space, no padding, too much of it, bits beyond the last byte, nothing but a rest.
  for (const char* text : {"Zm9v!", "Zm 9v", "Zm9v\n", " Zm9v", "Zg", "Zg=", "Zg===", "Zm9v=", "Zh==", "Zm9=", "-__-",
                           "Z", "====", "=", "Zg==Zg=="}) {
    auto bytes = DecodeBase64(text);
    EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(MessageOf(bytes.status()).find(text), std::string::npos) << text;
  }
  for (const char* text : {"Zg==", "Zm8=", "Zh", "Zm9", "+//+", "Zm9v.", "Zm 9v", "Zm9v\n", "Z"}) {
    EXPECT_EQ(DecodeBase64Url(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(DecodeBase64(std::string_view("Zm9v\0", 5)).ok());
}

TEST(EncodingTest, HexIsLowerCaseAndReadsBoth) {
  EXPECT_EQ(Hex(std::string_view("\x00\x7f\xff", 3)), "007fff");
  EXPECT_EQ(DecodeHex("007FfF").value(), std::string("\x00\x7f\xff", 3));
  for (const char* text : {"0", "abc", "0x", "g0", " 0", "0 "}) {
    EXPECT_EQ(DecodeHex(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace ballast::signing
