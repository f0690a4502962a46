#include "libs/platform/crypto/crypto.h"

#include <gtest/gtest.h>

#include <set>

#include "libs/platform/crypto/running_digest.h"

namespace ballast {
namespace {

TEST(CryptoTest, Sha256OfThePublishedVector) {
  // FIPS 180-4, example "abc".
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(CryptoTest, ADigestOfPiecesIsTheDigestOfTheWhole) {
  RunningDigest digest;
  for (const char* piece : {"a", "", "bc"}) digest.Add(piece);
  EXPECT_EQ(digest.FinishHex(), Sha256Hex("abc"));
}

TEST(CryptoTest, TokensDifferAndHaveTheirLength) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(RandomToken(32));
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(seen.begin()->size(), 43U);
}

TEST(CryptoTest, Compares) {
  EXPECT_TRUE(ConstantTimeEquals("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abcd"));
}

}  // namespace
}  // namespace ballast
