#include "libs/venue/signing/coinbase.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/base/absl_std.h"
#include "libs/venue/signing/coinbase_token.h"
#include "libs/venue/signing/encoding.h"
#include "libs/venue/signing/testing/published_keys.h"

namespace ballast::signing {
namespace {

using testing::kCoinbaseName;
using testing::Pem;
using testing::Tells;

constexpr char kHost[] = "api.coinbase.com";
constexpr char kOrders[] = "/api/v3/brokerage/orders";
constexpr char kUri[] = "POST api.coinbase.com/api/v3/brokerage/orders";
constexpr char kNonce[] = "c078e3e7d9ceb76f360e17556a9cde31";
// A fraction of a second is left out.
constexpr UtcTime kNow{1'795'220'557'900'000'000};

// Made by ccxt 4.5.84, coinbase.sign(), with kP256: its claims are not ours.
constexpr char kTokenOfClient[] =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvdGVzdC1vcmdhbml6YXRpb24vYXBpS2V5cy90"
    "ZXN0LWFwaS1rZXkiLCJub25jZSI6ImMwNzhlM2U3ZDljZWI3NmYzNjBlMTc1NTZhOWNkZTMxIn0.eyJhdWQiOlsicmV0YWlsX3Jl"
    "c3RfYXBpX3Byb3h5Il0sImlzcyI6ImNvaW5iYXNlLWNsb3VkIiwibmJmIjoxNzk1MjIwNTU3LCJleHAiOjE3OTUyMjA2NzcsInN1"
    "YiI6Im9yZ2FuaXphdGlvbnMvdGVzdC1vcmdhbml6YXRpb24vYXBpS2V5cy90ZXN0LWFwaS1rZXkiLCJpYXQiOjE3OTUyMjA1NTcs"
    "InVyaSI6IlBPU1QgYXBpLmNvaW5iYXNlLmNvbS9hcGkvdjMvYnJva2VyYWdlL29yZGVycyJ9.lI0NwJe7T5uFf6lLBEVS4KqrKRH"
    "tCQrWm2vOnlgvreMjGjrTQ9I4JIPf0732sr-REAiwjRMqem63KkHZFA6c4A";

CoinbaseSigner Signer(const Secret& secret) {
  auto signer = CoinbaseSigner::Of(kCoinbaseName, secret);
  EXPECT_TRUE(signer.ok()) << signer.status();
  return *std::move(signer);
}
CoinbaseSigner P256() { return Signer(Pem("EC PRIVATE KEY", testing::kP256)); }
CoinbaseSigner Ed25519() { return Signer(Secret(testing::kEd25519SeedAndPublic)); }

CoinbaseTokens Knowing(const CoinbaseSigner& signer) {
  CoinbaseTokens tokens;
  tokens.Know(signer.key_name(), signer.Public());
  return tokens;
}

UtcTime At(std::int64_t seconds) { return UtcTime{seconds * 1'000'000'000}; }

std::string PartOf(std::string_view token, int part) {
  while (part-- > 0) token.remove_prefix(token.find('.') + 1);
  return DecodeBase64Url(token.substr(0, token.find('.'))).value();
}

TEST(CoinbaseTest, ATokenHasTheHeaderAndClaimsOfTheOfficialClient) {
  auto token = P256().RequestToken("POST", kHost, kOrders, kNow, kNonce);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(PartOf(*token, 0),
            R"({"alg":"ES256","typ":"JWT","kid":"organizations/test-organization/apiKeys/test-api-key",)"
            R"("nonce":"c078e3e7d9ceb76f360e17556a9cde31"})");
  EXPECT_EQ(PartOf(*token, 1),
            R"({"sub":"organizations/test-organization/apiKeys/test-api-key","iss":"cdp","nbf":1795220557,)"
            R"("exp":1795220677,"uri":"POST api.coinbase.com/api/v3/brokerage/orders"})");
  EXPECT_EQ(PartOf(*token, 2).size(), 64U);
}

TEST(CoinbaseTest, ASubscriptionsTokenIsForNoRequest) {
  auto token = Ed25519().SocketToken(kNow, kNonce);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_TRUE(PartOf(*token, 0).starts_with(R"({"alg":"EdDSA",)"));
  EXPECT_EQ(PartOf(*token, 1), R"({"sub":"organizations/test-organization/apiKeys/test-api-key","iss":"cdp",)"
                               R"("nbf":1795220557,"exp":1795220677})");
  EXPECT_TRUE(Knowing(Ed25519()).Check(*token, "", kNow).ok());
  EXPECT_FALSE(Knowing(Ed25519()).Check(*token, kUri, kNow).ok());
}

TEST(CoinbaseTest, AnEd25519TokenIsTheSameFromEveryFormOfTheKey) {
  std::string both = DecodeBase64(testing::kEd25519SeedAndPublic).value();
  std::string token = Ed25519().RequestToken("POST", kHost, kOrders, kNow, kNonce).value();
  // Made by another implementation (pyca/cryptography) over the same bytes.
  EXPECT_EQ(token.substr(token.rfind('.') + 1),
            "5YYxkfwJqOJqO1b9kmRi3vnAO380mTvZWQ-JFpdhbotshgG6UugDsdSEtuzsv93YIrdrpSAoLFWy-Zfz8W9sCg");
  for (const Secret& secret :
       {Secret(Base64(both.substr(0, 32))), Secret(std::string(testing::kEd25519SeedAndPublic) + "\n"),
        Pem("PRIVATE KEY", testing::kEd25519OfCoinbase), Pem("PRIVATE KEY", testing::kEd25519OfCoinbase, "\\n")}) {
    EXPECT_EQ(Signer(secret).RequestToken("POST", kHost, kOrders, kNow, kNonce).value(), token);
  }
}

TEST(CoinbaseTest, EveryFormOfAP256KeySigns) {
  for (const Secret& secret :
       {Pem("EC PRIVATE KEY", testing::kP256), Pem("EC PRIVATE KEY", testing::kP256, "\\n"),
        Pem("PRIVATE KEY", testing::kP256Pkcs8), Pem("PRIVATE KEY", testing::kP256Pkcs8, "\\n")}) {
    auto token = Signer(secret).RequestToken("POST", kHost, kOrders, kNow, kNonce);
    ASSERT_TRUE(token.ok()) << token.status();
    EXPECT_TRUE(Knowing(P256()).Check(*token, kUri, kNow).ok());
  }
}

TEST(CoinbaseTest, TheQueryIsNotSignedAndThePortIs) {
  EXPECT_EQ(CoinbaseUri("GET", kHost, "/a/b?c=/d?e"), "GET api.coinbase.com/a/b");
  auto token = P256().RequestToken("GET", "localhost:8443", "/api/v3/brokerage/accounts?limit=250", kNow, kNonce);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_TRUE(Knowing(P256()).Check(*token, "GET localhost:8443/api/v3/brokerage/accounts", kNow).ok());
  EXPECT_FALSE(Knowing(P256()).Check(*token, "GET localhost/api/v3/brokerage/accounts", kNow).ok());
}

TEST(CoinbaseTest, RefusesWhatWouldNotBeAToken) {
  CoinbaseSigner signer = P256();
  struct Case {
    const char* method;
    const char* host;
    const char* target;
    const char* nonce;
  };
  for (const Case& test :
       {Case{"", kHost, kOrders, kNonce}, Case{"post", kHost, kOrders, kNonce}, Case{"POST", "", kOrders, kNonce},
        Case{"POST", "https://api.coinbase.com", kOrders, kNonce}, Case{"POST", kHost, "api", kNonce},
        Case{"POST", kHost, "/a\"b", kNonce}, Case{"POST", kHost, "/a b", kNonce}, Case{"POST", kHost, kOrders, ""},
        Case{"POST", kHost, kOrders, "a\\"}}) {
    EXPECT_EQ(signer.RequestToken(test.method, test.host, test.target, kNow, test.nonce).status().code(),
              absl::StatusCode::kInvalidArgument)
        << test.method << test.host << test.target << test.nonce;
  }
  EXPECT_FALSE(signer.SocketToken(UtcTime{-1}, kNonce).ok());
  EXPECT_FALSE(signer.SocketToken(kNow, "").ok());
}

TEST(CoinbaseTest, SaysWhichFormWasExpectedAndNeverTheKey) {
  std::string mixed = DecodeBase64(testing::kEd25519SeedAndPublic).value();
  mixed[0] = static_cast<char>(mixed[0] ^ 1);
  for (const Secret& secret :
       {Secret(), Secret("an old key's secret"), Secret(Base64(std::string(48, 'k'))), Secret(Base64(mixed)),
        Secret(testing::kP256), Pem("PRIVATE KEY", testing::kRsa), Pem("PRIVATE KEY", testing::kP384),
        Pem("EC PRIVATE KEY", testing::kP256Mixed), Pem("ENCRYPTED PRIVATE KEY", testing::kRsaEncrypted)}) {
    auto signer = CoinbaseSigner::Of(kCoinbaseName, secret);
    ASSERT_EQ(signer.status().code(), absl::StatusCode::kInvalidArgument);
    std::string message = MessageOf(signer.status());
    EXPECT_NE(message.find("expected a P-256 or Ed25519 key"), std::string::npos) << message;
    EXPECT_FALSE(Tells(message, secret)) << message;
  }
  for (const char* name : {"", "a\"b", "a b", "a\\b"}) {
    auto signer = CoinbaseSigner::Of(name, Pem("EC PRIVATE KEY", testing::kP256));
    EXPECT_EQ(signer.status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

// ---- the side of the server ----

// A token of any header and claims, signed with the published Ed25519 key.
std::string Made(std::string_view header, std::string_view claims) {
  auto key = PrivateKey::FromPem(Pem("PRIVATE KEY", testing::kEd25519OfCoinbase));
  std::string part = Base64Url(header) + '.' + Base64Url(claims);
  return part + '.' + Base64Url(key->Sign(part));
}
constexpr char kHeader[] = R"({"alg":"EdDSA","kid":"key"})";
constexpr char kClaims[] = R"({"sub":"key","nbf":100,"exp":220,"uri":"GET h/a"})";

CoinbaseTokens KnowingKey() {
  CoinbaseTokens tokens;
  tokens.Know("key", Ed25519().Public());
  return tokens;
}

void ExpectUnauthenticated(const absl::Status& status, std::string_view why) {
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << why;
  EXPECT_NE(MessageOf(status).find(why), std::string::npos) << status;
}

TEST(CoinbaseTokensTest, TakesTheTokenOfAnotherClient) {
  CoinbaseTokens tokens = Knowing(P256());
  absl::Status status = tokens.Check(kTokenOfClient, kUri, kNow);
  EXPECT_TRUE(status.ok()) << status;
  ExpectUnauthenticated(tokens.Check(kTokenOfClient, "GET api.coinbase.com/api/v3/brokerage/orders", kNow),
                        "it is not for GET");
  ExpectUnauthenticated(tokens.Check(kTokenOfClient, kUri, kNow + Duration::Seconds(120)), "expired at 1795220677");
}

TEST(CoinbaseTokensTest, TakesWhatTheClientsClaimBesides) {
  CoinbaseTokens tokens = KnowingKey();
  EXPECT_TRUE(tokens.Check(Made(kHeader, kClaims), "GET h/a", At(100)).ok());
  std::string several = Made(kHeader, R"({"aud":["cdp_service"],"iss":"cdp","nbf":100,"exp":220,"sub":"key","iat":100,)"
                                      R"("uris":["POST h/b","GET h/a"]})");
  EXPECT_TRUE(tokens.Check(several, "GET h/a", At(100)).ok());
  EXPECT_TRUE(tokens.Check(several, "", At(100)).ok());
  ExpectUnauthenticated(tokens.Check(several, "GET h/b", At(100)), "it is not for GET h/b");
}

TEST(CoinbaseTokensTest, IsValidFromNbfUntilBeforeExp) {
  CoinbaseTokens tokens = KnowingKey();
  std::string token = Made(kHeader, kClaims);
  ExpectUnauthenticated(tokens.Check(token, "GET h/a", At(99)), "not valid before 100");
  EXPECT_TRUE(tokens.Check(token, "GET h/a", At(100)).ok());
  EXPECT_TRUE(tokens.Check(token, "GET h/a", At(220) - Duration{1}).ok());
  ExpectUnauthenticated(tokens.Check(token, "GET h/a", At(220)), "expired at 220");
  for (const char* claims : {R"({"sub":"key","exp":220})", R"({"sub":"key","nbf":100})",
                             R"({"sub":"key","nbf":100,"exp":1e99})", R"({"sub":"key","nbf":"x","exp":220})"}) {
    ExpectUnauthenticated(tokens.Check(Made(kHeader, claims), "", At(150)), "whole seconds");
  }
}

TEST(CoinbaseTokensTest, WantsTheKeyThatItNames) {
  CoinbaseTokens tokens = KnowingKey();
  ExpectUnauthenticated(tokens.Check(Made(R"({"alg":"EdDSA","kid":"other"})", kClaims), "", At(100)), "no known key");
  ExpectUnauthenticated(tokens.Check(Made(R"({"alg":"EdDSA"})", kClaims), "", At(100)), "no known key");
  ExpectUnauthenticated(tokens.Check(Made(kHeader, R"({"sub":"other","nbf":100,"exp":220})"), "", At(100)),
                        "sub is not kid");
  ExpectUnauthenticated(tokens.Check(Made(kHeader, R"({"nbf":100,"exp":220})"), "", At(100)), "sub is not kid");
  tokens.Know("key", P256().Public());
  ExpectUnauthenticated(tokens.Check(Made(R"({"alg":"ES256","kid":"key"})", kClaims), "", At(100)),
                        "the signature is wrong");
}

TEST(CoinbaseTokensTest, WantsTheAlgorithmOfTheKey) {
  for (const char* algorithm : {R"("none")", R"("HS256")", R"("ES256")", R"("eddsa")", "null", R"(["EdDSA"])"}) {
    std::string header = absl::StrCat(R"({"kid":"key","alg":)", algorithm, "}");
    ExpectUnauthenticated(KnowingKey().Check(Made(header, kClaims), "", At(100)), "alg is not EdDSA");
  }
}

TEST(CoinbaseTokensTest, NoPartMayBeAnotherOne) {
  CoinbaseTokens tokens = KnowingKey();
  std::string token = Made(kHeader, kClaims);
  std::string later = Made(kHeader, R"({"sub":"key","nbf":100,"exp":999,"uri":"GET h/a"})");
  std::size_t signature = token.rfind('.');
  ExpectUnauthenticated(tokens.Check(later.substr(0, later.rfind('.')) + token.substr(signature), "", At(100)),
                        "the signature is wrong");
  ExpectUnauthenticated(tokens.Check(token.substr(0, signature + 1), "", At(100)), "the signature is wrong");
  ExpectUnauthenticated(tokens.Check(token + "=", "", At(100)), "no base64url in its signature");
  ExpectUnauthenticated(tokens.Check(token + ".x", "", At(100)), "no base64url in its signature");
  ExpectUnauthenticated(tokens.Check("", "", At(100)), "three parts");
  ExpectUnauthenticated(tokens.Check(token.substr(0, signature), "", At(100)), "three parts");
  ExpectUnauthenticated(tokens.Check("%." + token, "", At(100)), "no base64url in its header");
  ExpectUnauthenticated(tokens.Check(Made("[]", kClaims), "", At(100)), "no JSON object in its header");
  ExpectUnauthenticated(tokens.Check(Made(kHeader, "{"), "", At(100)), "no JSON object in its claims");
}

}  // namespace
}  // namespace ballast::signing
