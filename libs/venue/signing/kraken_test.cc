#include "libs/venue/signing/kraken.h"

#include <gtest/gtest.h>

#include "libs/base/absl_std.h"
#include "libs/venue/signing/encoding.h"
#include "libs/venue/signing/nonce_source.h"
#include "libs/venue/signing/testing/published_keys.h"

namespace ballast::signing {
namespace {

constexpr char kPath[] = "/0/private/AddOrder";
constexpr std::uint64_t kNonce = 1616492376594;
// docs.kraken.com, "Spot REST authentication": the key of its example.
constexpr char kSecret[] = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";
constexpr char kBody[] = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25";

TEST(KrakenTest, SignsAsTheDocumentsDo) {
  auto signer = KrakenSigner::Of("key", Secret(kSecret));
  ASSERT_TRUE(signer.ok()) << signer.status();
  std::string signature = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==";
  EXPECT_EQ(signer->Sign(kPath, kNonce, kBody), signature);
  EXPECT_EQ(FormEncode({{"nonce", std::to_string(kNonce)},
                        {"ordertype", "limit"},
                        {"pair", "XBTUSD"},
                        {"price", "37500"},
                        {"type", "buy"},
                        {"volume", "1.25"}}),
            kBody);
  EXPECT_EQ(signer->Headers(kPath, kNonce, kBody), (venue::Headers{{"API-Key", "key"}, {"API-Sign", signature}}));
}

TEST(KrakenTest, SignsAsAnotherClientDoes) {
  // python-kraken-sdk (Apache-2.0), tests/spot/test_spot_base_api_unit.py.
  auto signer = KrakenSigner::Of("key", Secret(Base64("python-kraken-sdk unit-test secret value")));
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ(signer->Sign(kPath, kNonce, "nonce=1616492376594&ordertype=limit&pair=XBTUSD"),
            "Fo+0Uhanvs3F1byZFCjVBMLsCcRE2xLQMDpoA3Q9hawoZ0ZL35AmbknAQBlOIs4baRx9UGhzQH+/CTl9qnyp1w==");
}

TEST(KrakenTest, EveryByteOfPathNonceAndBodyCounts) {
  auto signer = KrakenSigner::Of("key", Secret(kSecret));
  ASSERT_TRUE(signer.ok());
  std::string signature = signer->Sign(kPath, kNonce, kBody);
  EXPECT_NE(signer->Sign("/0/private/AddOrders", kNonce, kBody), signature);
  EXPECT_NE(signer->Sign(kPath, kNonce + 1, kBody), signature);
  EXPECT_NE(signer->Sign(kPath, kNonce, std::string(kBody) + '\n'), signature);
}

TEST(KrakenTest, AKeyFromAFileMayEndWithALine) {
  auto signer = KrakenSigner::Of("key", Secret(std::string(kSecret) + "\n"));
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ(signer->Sign(kPath, kNonce, kBody), KrakenSigner::Of("key", Secret(kSecret))->Sign(kPath, kNonce, kBody));
}

TEST(KrakenTest, SaysWhichFormWasExpectedAndNeverTheKey) {
  std::string secret = kSecret;
  for (const std::string& given : {std::string(), std::string("not base64 at all!"), secret.substr(0, 87),
                                   secret.substr(1), secret.substr(0, 40) + " " + secret.substr(40)}) {
    auto signer = KrakenSigner::Of("key", Secret(given));
    ASSERT_EQ(signer.status().code(), absl::StatusCode::kInvalidArgument);
    std::string message = MessageOf(signer.status());
    EXPECT_NE(message.find("expected the private key in base64"), std::string::npos) << message;
    EXPECT_FALSE(testing::Tells(message, Secret(given))) << message;
  }
  for (const char* key : {"", "two words", "line\r\nX-Other: 1"}) {
    EXPECT_EQ(KrakenSigner::Of(key, Secret(kSecret)).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(NonceSourceTest, RisesWithTimeAndAlsoWithoutIt) {
  NonceSource source(5);
  EXPECT_EQ(source.Next(UtcTime{100}).value(), 100U);
  EXPECT_EQ(source.Next(UtcTime{100}).value(), 101U);
  EXPECT_EQ(source.Next(UtcTime{50}).value(), 102U);
  EXPECT_EQ(source.Next(UtcTime{-7}).value(), 103U);
  EXPECT_EQ(source.Next(UtcTime{1000}).value(), 1000U);
  EXPECT_EQ(source.last(), 1000U);
}

TEST(NonceSourceTest, StaysAboveWhatHasBeenUsed) {
  NonceSource source(1'800'000'000'000'000'000U);
  EXPECT_EQ(source.Next(UtcTime{1'700'000'000'000'000'000}).value(), 1'800'000'000'000'000'001U);
}

TEST(NonceSourceTest, EndsRatherThanStartsAnew) {
  NonceSource source(UINT64_MAX - 1);
  EXPECT_EQ(source.Next(UtcTime{1}).value(), UINT64_MAX);
  EXPECT_EQ(source.Next(UtcTime{2}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(source.last(), UINT64_MAX);
}

}  // namespace
}  // namespace ballast::signing
