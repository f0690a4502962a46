#include "libs/venue/signing/key.h"

#include <gtest/gtest.h>

#include "libs/base/absl_std.h"
#include "libs/venue/signing/encoding.h"
#include "libs/venue/signing/testing/published_keys.h"

namespace ballast::signing {
namespace {

using testing::Pem;
using testing::Tells;

std::string Bytes(std::string_view hex) { return DecodeHex(hex).value(); }

// What is refused, with the form that was expected and without a piece of the key.
void ExpectRefused(const absl::StatusOr<PrivateKey>& key, const Secret& given, std::string_view expected) {
  ASSERT_EQ(key.status().code(), absl::StatusCode::kInvalidArgument);
  std::string message = MessageOf(key.status());
  EXPECT_NE(message.find(expected), std::string::npos) << message;
  EXPECT_FALSE(Tells(message, given)) << message;
}

TEST(KeyTest, Ed25519SignsAsRfc8032) {
  struct Case {
    const char* seed;
    const char* public_key;
    const char* message;
    const char* signature;
  };
  // RFC 8032 section 7.1, tests 1 and 2.
  for (const Case& test :
       {Case{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
             "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
             "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
             "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        Case{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
             "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
             "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
             "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"}}) {
    for (const std::string& bytes : {Bytes(test.seed), Bytes(test.seed) + Bytes(test.public_key)}) {
      auto key = PrivateKey::FromEd25519(Secret(bytes));
      ASSERT_TRUE(key.ok()) << key.status();
      EXPECT_EQ(key->kind(), KeyKind::kEd25519);
      EXPECT_EQ(Hex(key->Sign(Bytes(test.message))), test.signature);
    }
  }
}

TEST(KeyTest, Ed25519OfPemSignsAsPublished) {
  auto key = PrivateKey::FromPem(Pem("PRIVATE KEY", testing::kEd25519OfClient));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(Base64(key->Sign(testing::kClientPayload)), testing::kEd25519ClientSignature);
}

TEST(KeyTest, SeedAndPemAreOneKey) {
  auto pem = PrivateKey::FromPem(Pem("PRIVATE KEY", testing::kEd25519OfCoinbase));
  std::string both = DecodeBase64(testing::kEd25519SeedAndPublic).value();
  auto raw = PrivateKey::FromEd25519(Secret(both));
  auto seed = PrivateKey::FromEd25519(Secret(both.substr(0, 32)));
  ASSERT_TRUE(pem.ok() && raw.ok() && seed.ok());
  EXPECT_EQ(pem->Sign("x"), raw->Sign("x"));
  EXPECT_EQ(pem->Sign("x"), seed->Sign("x"));
}

TEST(KeyTest, RsaSignsAsPublishedAlsoFromAnEncryptedFile) {
  auto open = PrivateKey::FromPem(Pem("PRIVATE KEY", testing::kRsa));
  auto closed =
      PrivateKey::FromPem(Pem("ENCRYPTED PRIVATE KEY", testing::kRsaEncrypted), Secret(testing::kRsaPassword));
  ASSERT_TRUE(open.ok()) << open.status();
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(open->kind(), KeyKind::kRsa);
  EXPECT_EQ(open->bits(), 2048);
  EXPECT_EQ(Base64(open->Sign(testing::kClientPayload)), testing::kRsaClientSignature);
  EXPECT_EQ(Base64(closed->Sign(testing::kClientPayload)), testing::kRsaClientSignature);
}

TEST(KeyTest, P256OfEitherFileGives64BytesThatVerify) {
  auto sec1 = PrivateKey::FromPem(Pem("EC PRIVATE KEY", testing::kP256));
  auto pkcs8 = PrivateKey::FromPem(Pem("PRIVATE KEY", testing::kP256Pkcs8));
  ASSERT_TRUE(sec1.ok()) << sec1.status();
  ASSERT_TRUE(pkcs8.ok()) << pkcs8.status();
  EXPECT_EQ(sec1->kind(), KeyKind::kP256);
  // Often enough to meet an r or s with leading zeros, which DER writes shorter.
  for (int i = 0; i < 600; ++i) {
    std::string message = std::to_string(i);
    std::string signature = sec1->Sign(message);
    ASSERT_EQ(signature.size(), 64U);
    ASSERT_TRUE(pkcs8->Public().Verifies(message, signature)) << i;
  }
}

TEST(KeyTest, LinesMayEndInEveryUsualWay) {
  for (const char* end : {"\n", "\r\n", "\\n", "\\r\\n"}) {
    for (const auto& [label, der] : {std::pair{"EC PRIVATE KEY", testing::kP256},
                                     {"PRIVATE KEY", testing::kP256Pkcs8},
                                     {"PRIVATE KEY", testing::kEd25519OfFix},
                                     {"PRIVATE KEY", testing::kRsa}}) {
      auto key = PrivateKey::FromPem(Pem(label, der, end));
      EXPECT_TRUE(key.ok()) << key.status() << " of " << label << " with " << Hex(end);
    }
  }
}

TEST(KeyTest, TheNameOfTheCurveMayStandBeforeTheKey) {
  // As "openssl ecparam -genkey" writes it.
  std::string text = Pem("EC PARAMETERS", "BggqhkjOPQMBBw==").Reveal() + Pem("EC PRIVATE KEY", testing::kP256).Reveal();
  auto key = PrivateKey::FromPem(Secret(text));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->kind(), KeyKind::kP256);
}

TEST(KeyTest, VerifiesNothingElse) {
  for (const auto& [label, der] : {std::pair{"EC PRIVATE KEY", testing::kP256},
                                   {"PRIVATE KEY", testing::kEd25519OfCoinbase},
                                   {"PRIVATE KEY", testing::kRsa}}) {
    auto key = PrivateKey::FromPem(Pem(label, der));
    ASSERT_TRUE(key.ok()) << key.status();
    PublicKey known = key->Public();
    std::string signature = key->Sign("message");
    EXPECT_TRUE(known.Verifies("message", signature));
    EXPECT_FALSE(known.Verifies("messagf", signature));
    EXPECT_FALSE(known.Verifies("", signature));
    EXPECT_FALSE(known.Verifies("message", ""));
    EXPECT_FALSE(known.Verifies("message", signature.substr(1)));
    EXPECT_FALSE(known.Verifies("message", signature + '\0'));
    EXPECT_FALSE(known.Verifies("message", std::string(signature.size(), '\0')));
    EXPECT_FALSE(known.Verifies("message", std::string(signature.size(), '\xff')));
    for (std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      std::string other = signature;
      other[at] = static_cast<char>(other[at] ^ 1);
      EXPECT_FALSE(known.Verifies("message", other)) << at;
    }
  }
  auto one = PrivateKey::FromPem(Pem("PRIVATE KEY", testing::kEd25519OfFix));
  auto two = PrivateKey::FromPem(Pem("PRIVATE KEY", testing::kEd25519OfClient));
  EXPECT_FALSE(one->Public().Verifies("message", two->Sign("message")));
}

TEST(KeyTest, SaysWhichFormWasExpectedAndNeverTheKey) {
  Secret bare{testing::kEd25519OfClient};
  ExpectRefused(PrivateKey::FromPem(bare), bare, "in PEM");
  ExpectRefused(PrivateKey::FromPem(Secret()), Secret(), "in PEM");
  std::string damaged = Pem("PRIVATE KEY", testing::kRsa).Reveal();
  damaged.erase(damaged.size() / 2, 64);
  ExpectRefused(PrivateKey::FromPem(Secret(damaged)), Secret(damaged), "in PEM");
  Secret half(Pem("PRIVATE KEY", testing::kRsa).Reveal().substr(0, 300));
  ExpectRefused(PrivateKey::FromPem(half), half, "in PEM");
  Secret mislabelled = Pem("CERTIFICATE", testing::kEd25519OfClient);
  ExpectRefused(PrivateKey::FromPem(mislabelled), mislabelled, "in PEM");
  Secret other_curve = Pem("PRIVATE KEY", testing::kP384);
  ExpectRefused(PrivateKey::FromPem(other_curve), other_curve, "Ed25519, P-256 or RSA");
  Secret mixed = Pem("EC PRIVATE KEY", testing::kP256Mixed);
  ExpectRefused(PrivateKey::FromPem(mixed), mixed, "do not belong together");
}

TEST(KeyTest, AnEncryptedKeyWantsItsPassword) {
  Secret closed = Pem("ENCRYPTED PRIVATE KEY", testing::kRsaEncrypted);
  ExpectRefused(PrivateKey::FromPem(closed), closed, "expected its password");
  for (const std::string& wrong : {std::string("correct horse"), std::string(5000, 'x')}) {
    auto key = PrivateKey::FromPem(closed, Secret(wrong));
    ExpectRefused(key, closed, "password that opens");
    EXPECT_FALSE(Tells(MessageOf(key.status()), Secret(wrong)));
  }
}

TEST(KeyTest, RawEd25519HasTwoLengthsAndOnePublicHalf) {
  for (std::size_t size : {0U, 31U, 33U, 63U, 65U, 96U}) {
    Secret given(std::string(size, 'k'));
    ExpectRefused(PrivateKey::FromEd25519(given), given, "32 bytes");
  }
  std::string both = DecodeBase64(testing::kEd25519SeedAndPublic).value();
  both.back() = static_cast<char>(both.back() ^ 1);
  ExpectRefused(PrivateKey::FromEd25519(Secret(both)), Secret(both), "of two");
}

}  // namespace
}  // namespace ballast::signing
