#include "libs/venue/signing/binance.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/venue/signing/testing/published_keys.h"

namespace ballast::signing {
namespace {

using testing::Pem;
using testing::Tells;

// binance-spot-api-docs, rest-api.md and web-socket-api.md: the keys of their examples.
constexpr char kApiKey[] = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
constexpr char kSecret[] = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

BinanceSigner Hmac() {
  auto signer = BinanceSigner::Of(kApiKey, Secret(kSecret));
  EXPECT_TRUE(signer.ok()) << signer.status();
  return *std::move(signer);
}

// "name=value&…", not encoded.
Parameters Split(std::string_view text) {
  Parameters parameters;
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    std::size_t equals = one.find('=');
    parameters.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return parameters;
}

void ExpectRefused(const absl::StatusOr<BinanceSigner>& signer, const Secret& given, std::string_view expected) {
  ASSERT_EQ(signer.status().code(), absl::StatusCode::kInvalidArgument);
  std::string message = MessageOf(signer.status());
  EXPECT_NE(message.find(expected), std::string::npos) << message;
  EXPECT_FALSE(Tells(message, given)) << message;
}

constexpr char kOrder[] = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC";
constexpr char kRest[] = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";

TEST(BinanceTest, SignsAQueryAsTheDocumentsDo) {
  std::string all = std::string(kOrder) + '&' + kRest;
  auto request = Hmac().SignRest(Split(all));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->query, all + "&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71");
  EXPECT_EQ(request->body, "");
}

TEST(BinanceTest, EncodesBeforeItSigns) {
  Parameters parameters = Split(std::string(kOrder) + '&' + kRest);
  parameters[0].second = "１２３４５６";
  auto request = Hmac().SignRest(parameters);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->query,
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&" +
                std::string(kRest) + "&signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3");
}

TEST(BinanceTest, JoinsQueryAndBodyWithNothingBetweenThem) {
  auto request = Hmac().SignRest(Split(kOrder), Split(kRest));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->query, kOrder);
  EXPECT_EQ(request->body,
            std::string(kRest) + "&signature=0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77");
}

TEST(BinanceTest, SignsABodyAlone) {
  auto request = Hmac().SignRest({}, Split(std::string(kOrder) + '&' + kRest));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->query, "");
  EXPECT_TRUE(request->body.ends_with("&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"));
}

struct SocketCase {
  const char* method;
  const char* parameters;
  const char* signature;
};
// web-socket-api.md: its examples that are signed with this secret; the symbol of the second is not percent-encoded.
constexpr SocketCase kSocketCases[] = {
    {"order.place",
     "price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp="
     "1645423376532&type=LIMIT",
     "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"},
    {"order.place",
     "price=0.10000000&quantity=1.00000000&recvWindow=5000&side=BUY&symbol=１２３４５６&timeInForce=GTC&timestamp="
     "1645423376532&type=LIMIT",
     "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"},
    {"session.logon", "timestamp=1649729878532", "1cf54395b336b0a9727ef27d5d98987962bc47aca6e13fe978612d0adee066ed"},
    {"order.place",
     "price=23416.10000000&quantity=0.00847000&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1660801715431&type="
     "LIMIT",
     "15af09e41c36f3cc61378c2fbe2c33719a03dd5eba8d0f9206fbda44de717c88"},
    {"order.test",
     "price=23416.10000000&quantity=0.00847000&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1660801715431&type="
     "LIMIT",
     "15af09e41c36f3cc61378c2fbe2c33719a03dd5eba8d0f9206fbda44de717c88"},
    {"order.cancel", "origClientOrderId=4d96324ff9d44481926157&symbol=BTCUSDT&timestamp=1660801715830",
     "33d5b721f278ae17a52f004a82a6f68a70c68e7dd6776ed0be77a455ab855282"},
    {"order.cancelReplace",
     "cancelOrigClientOrderId=4d96324ff9d44481926157&cancelReplaceMode=ALLOW_FAILURE&price=23416.10000000&quantity=0."
     "00847000&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1660813156900&type=LIMIT",
     "7028fdc187868754d25e42c37ccfa5ba2bab1d180ad55d4c3a7e2de643943dc5"},
    {"openOrders.cancelAll", "symbol=BTCUSDT&timestamp=1660805557200",
     "773f01b6e3c2c9e0c1d217bc043ce383c1ddd6f0e25f8d6070f2b66a6ceaf3a5"},
    {"orderList.place",
     "newOrderRespType=RESULT&price=23420.00000000&quantity=0.00650000&side=SELL&stopLimitPrice=23405.00000000&"
     "stopLimitTimeInForce=GTC&stopPrice=23410.00000000&symbol=BTCUSDT&timestamp=1660801713767",
     "6689c2a36a639ff3915c2904871709990ab65f3c7a9ff13857558fd350315c35"},
    {"account.status", "timestamp=1660801839480", "83303b4a136ac1371795f465808367242685a9e3a42b22edb4d977d0696eb45c"},
    {"order.status", "orderId=12569099453&symbol=BTCUSDT&timestamp=1660801720951",
     "2c3aab5a078ee4ea465ecd95523b77289f61476c2f238ec10c55ea6cb11a6f35"},
    {"openOrders.status", "symbol=BTCUSDT&timestamp=1660813156812",
     "d632b3fdb8a81dd44f82c7c901833309dd714fe508772a89b0a35b0ee0c48b89"},
    {"allOrders", "endTime=1660867200000&limit=5&startTime=1660780800000&symbol=BTCUSDT&timestamp=1661955123341",
     "f50a972ba7fad92842187643f6b930802d4e20bce1ba1e788e856e811577bd42"},
    {"openOrderLists.status", "timestamp=1660801713831",
     "1bea8b157dd78c3da30359bddcd999e4049749fe50b828e620e12f64e8b433c9"},
    {"allOrderLists", "endTime=1660867200000&limit=5&startTime=1660780800000&timestamp=1661955123341",
     "c8e1484db4a4a02d0e84dfa627eb9b8298f07ebf12fcc4eaf86e4a565b2712c2"},
    {"myTrades", "endTime=1660867200000&startTime=1660780800000&symbol=BTCUSDT&timestamp=1661955125250",
     "c5a5ffb79fd4f2e10a92f895d488943a57954edf5933bde3338dfb6ea6d6eefc"},
    {"account.rateLimits.orders", "timestamp=1660801839500",
     "76289424d6e288f4dc47d167ac824e859dabf78736f4348abbbac848d719eb94"},
};

TEST(BinanceTest, SignsEveryCallOfTheWebSocketDocuments) {
  for (const SocketCase& test : kSocketCases) {
    Parameters given = Split(test.parameters);
    std::reverse(given.begin(), given.end());
    auto signed_call = Hmac().SignSocket(given);
    ASSERT_TRUE(signed_call.ok()) << signed_call.status();
    Parameters expected = Split(test.parameters);
    expected.insert(
        std::lower_bound(expected.begin(), expected.end(), std::pair<std::string, std::string>("apiKey", "")),
        {"apiKey", kApiKey});
    expected.emplace_back("signature", test.signature);
    EXPECT_EQ(*signed_call, expected) << test.method;
  }
}

TEST(BinanceTest, AnEd25519KeySignsAsTheLogonOfFix) {
  auto signer = BinanceSigner::Of("key", Pem("PRIVATE KEY", testing::kEd25519OfFix));
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ(signer->Sign("A\001EXAMPLE\001SPOT\0011\00120240627-11:17:25.223"),
            "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==");
}

TEST(BinanceTest, AsymmetricSignaturesArePercentEncodedInRestOnly) {
  auto signer = BinanceSigner::Of("key", Pem("PRIVATE KEY", testing::kEd25519OfClient));
  ASSERT_TRUE(signer.ok()) << signer.status();
  auto request = signer->SignRest(Split(testing::kClientPayload));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->query,
            std::string(testing::kClientPayload) +
                "&signature=a4Pm3p02D2HXtNfo3DBaVCe9Ov7kledewgYtGjekotFmZ5wXa3mC5AtLB7CpAphyNjeyovIuDP%2B"
                "9fyjYmsojCw%3D%3D");
  auto call = signer->SignSocket(Split("timestamp=1649729878532"));
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->back().second, signer->Sign("apiKey=key&timestamp=1649729878532"));
  EXPECT_TRUE(call->back().second.ends_with("=="));
}

TEST(BinanceTest, AnRsaKeySignsAsPublished) {
  auto signer =
      BinanceSigner::Of("key", Pem("ENCRYPTED PRIVATE KEY", testing::kRsaEncrypted), Secret(testing::kRsaPassword));
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ(signer->Sign(testing::kClientPayload), testing::kRsaClientSignature);
}

TEST(BinanceTest, TheFormOfTheSecretTellsTheKind) {
  EXPECT_EQ(Hmac().kind(), BinanceSigner::Kind::kHmac);
  EXPECT_FALSE(Hmac().MayLogOn());
  auto rsa = BinanceSigner::Of("key", Pem("PRIVATE KEY", testing::kRsa));
  ASSERT_TRUE(rsa.ok()) << rsa.status();
  EXPECT_EQ(rsa->kind(), BinanceSigner::Kind::kRsa);
  EXPECT_FALSE(rsa->MayLogOn());
  auto ed25519 = BinanceSigner::Of("key", Pem("PRIVATE KEY", testing::kEd25519OfFix, "\\n"));
  ASSERT_TRUE(ed25519.ok()) << ed25519.status();
  EXPECT_EQ(ed25519->kind(), BinanceSigner::Kind::kEd25519);
  EXPECT_TRUE(ed25519->MayLogOn());
  EXPECT_EQ(ed25519->headers(), (venue::Headers{{"X-MBX-APIKEY", "key"}}));
  // A file's last line is no part of a secret.
  auto line = BinanceSigner::Of(kApiKey, Secret(std::string(kSecret) + "\r\n"));
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->Sign("x"), Hmac().Sign("x"));
}

TEST(BinanceTest, SaysWhichFormWasExpectedAndNeverTheKey) {
  Secret two("first-half-of-it second-half-of-it");
  ExpectRefused(BinanceSigner::Of("key", two), two, "HMAC secret, or a private key");
  ExpectRefused(BinanceSigner::Of("key", Secret(" \n")), Secret(), "HMAC secret, or a private key");
  for (const char* naked : {testing::kEd25519OfFix, testing::kEd25519OfClient, testing::kP256, testing::kP256Pkcs8,
                            testing::kRsa, testing::kRsaEncrypted}) {
    ExpectRefused(BinanceSigner::Of("key", Secret(naked)), Secret(naked), "with its BEGIN and END lines");
  }
  Secret p256 = Pem("EC PRIVATE KEY", testing::kP256);
  ExpectRefused(BinanceSigner::Of("key", p256), p256, "expected an Ed25519 key, or an RSA key of 2048 to 4096 bits");
  Secret weak = Pem("PRIVATE KEY", testing::kRsaShort);
  ExpectRefused(BinanceSigner::Of("key", weak), weak, "expected an Ed25519 key, or an RSA key of 2048 to 4096 bits");
  Secret closed = Pem("ENCRYPTED PRIVATE KEY", testing::kRsaEncrypted);
  ExpectRefused(BinanceSigner::Of("key", closed), closed, "expected its password");
  for (const char* api_key : {"", "two words", "line\r\nX-Other: 1"}) {
    ExpectRefused(BinanceSigner::Of(api_key, Secret(kSecret)), Secret(kSecret), "expected an API key");
  }
}

TEST(BinanceTest, AParameterIsThereOnceAndNamed) {
  BinanceSigner signer = Hmac();
  for (const auto& [query, body] : {std::pair<Parameters, Parameters>{{{"symbol", "A"}, {"symbol", "B"}}, {}},
                                    {{{"symbol", "A"}}, {{"symbol", "A"}}},
                                    {{}, {{"price", "1"}, {"price", "1"}}},
                                    {{{"", "A"}}, {}},
                                    {{{"signature", "A"}}, {}},
                                    {{}, {{"signature", "A"}}}}) {
    EXPECT_EQ(signer.SignRest(query, body).status().code(), absl::StatusCode::kInvalidArgument);
  }
  for (const Parameters& parameters : {Parameters{{"symbol", "A"}, {"symbol", "B"}}, Parameters{{"apiKey", "other"}},
                                       Parameters{{"signature", "A"}}, Parameters{{"", ""}}}) {
    EXPECT_EQ(signer.SignSocket(parameters).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace ballast::signing
