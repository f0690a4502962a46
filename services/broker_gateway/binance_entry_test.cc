#include "services/broker_gateway/binance_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Settings = std::map<std::string, std::string>;

// A text that no HMAC secret may be taken for: PEM that is none.
constexpr const char* kBroken = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";

std::string File(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "binance_entry_" + name;
  std::ofstream(path) << text;
  EXPECT_EQ(chmod(path.c_str(), 0600), 0);
  return path;
}
Settings Defaults() {
  Settings settings;
  for (const Knob& knob : BinanceEntry().settings) settings[knob.name] = knob.default_value;
  return settings;
}
Settings WithKeys() {
  Settings settings = Defaults();
  settings["binance_api_key_file"] = File("key", "key\n");
  settings["binance_secret_file"] = File("secret", "secret\n");
  return settings;
}
absl::Status Check(const Settings& settings, bool used) { return BinanceEntry().check(settings, used); }

TEST(BinanceEntryTest, WithoutKeysItIsThereForNobody) {
  EXPECT_TRUE(Check(Defaults(), false).ok());
  absl::Status status = Check(Defaults(), true);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("binance_api_key_file is not set"));
  EXPECT_TRUE(Check(WithKeys(), true).ok());
}

TEST(BinanceEntryTest, KeysThatAreMeantAndCannotBeReadAreSaidAtTheStart) {
  Settings half = Defaults();
  half["binance_api_key_file"] = File("key", "key");
  EXPECT_THAT(std::string(Check(half, false).message()), HasSubstr("binance_secret_file is not set"));
  Settings gone = WithKeys();
  gone["binance_secret_file"] = ::testing::TempDir() + "binance_entry_gone";
  EXPECT_THAT(std::string(Check(gone, false).message()), HasSubstr("cannot be read"));
  Settings empty = WithKeys();
  empty["binance_secret_file"] = File("empty", "\n");
  EXPECT_THAT(std::string(Check(empty, false).message()), HasSubstr("holds no key"));
  Settings broken = WithKeys();
  broken["binance_secret_file"] = File("broken", kBroken);
  EXPECT_FALSE(Check(broken, false).ok());
  EXPECT_THAT(std::string(Check(broken, false).message()), Not(HasSubstr("c2VjcmV0")));
  Settings authority = WithKeys();
  authority["binance_ca_file"] = File("ca", "no certificate");
  EXPECT_THAT(std::string(Check(authority, false).message()), HasSubstr("binance_ca_file"));
}

TEST(BinanceEntryTest, ASecretThatOthersCanReadAndWhatIsNoFileAreRefused) {
  Settings open = WithKeys();
  ASSERT_EQ(chmod(open["binance_secret_file"].c_str(), 0640), 0);
  EXPECT_THAT(std::string(Check(open, false).message()), HasSubstr("can be read by others"));
  Settings folder = WithKeys();
  folder["binance_secret_file"] = ::testing::TempDir();
  EXPECT_THAT(std::string(Check(folder, false).message()), HasSubstr("is not a file"));
  Settings endless = WithKeys();
  endless["binance_api_key_file"] = "/dev/zero";
  EXPECT_THAT(std::string(Check(endless, false).message()), HasSubstr("is not a file"));
  Settings large = WithKeys();
  large["binance_secret_file"] = File("large", std::string(20'000, 'x'));
  EXPECT_THAT(std::string(Check(large, false).message()), HasSubstr("holds no key"));
}

TEST(BinanceEntryTest, RealMoneyIsRefused) {
  Settings live = WithKeys();
  live["binance_environment"] = "live";
  EXPECT_EQ(Check(live, false).code(), absl::StatusCode::kFailedPrecondition);
  for (const char* setting : {"binance_rest_url", "binance_stream_url", "binance_socket_url"}) {
    Settings named = WithKeys();
    named[setting] = "https://api1.binance.com";
    EXPECT_EQ(Check(named, false).code(), absl::StatusCode::kFailedPrecondition) << setting;
  }
  Settings unknown = WithKeys();
  unknown["binance_environment"] = "";
  EXPECT_EQ(Check(unknown, false).code(), absl::StatusCode::kInvalidArgument);
}

TEST(BinanceEntryTest, ASimulatorIsOfThisMachineAndIsToldApart) {
  Settings settings = WithKeys();
  settings["binance_environment"] = "simulator";
  EXPECT_EQ(Check(settings, true).code(), absl::StatusCode::kInvalidArgument) << "its addresses are not named";
  settings["binance_rest_url"] = "http://127.0.0.1:9200";
  settings["binance_stream_url"] = "ws://127.0.0.1:9200";
  settings["binance_socket_url"] = "wss://127.0.0.1:9201";
  EXPECT_TRUE(Check(settings, true).ok());
  auto hosts = BinanceHosts(settings);
  ASSERT_TRUE(hosts.ok());
  EXPECT_TRUE(hosts->simulator);
  EXPECT_EQ(hosts->rest, "http://127.0.0.1:9200");
  EXPECT_EQ(BinanceEntry().place(settings), "SIMULATOR at http://127.0.0.1:9200, nobody's money");
  for (const char* wrong :
       {"https://testnet.binance.vision", "https://simulator.example.com", "http://localhost:9200"}) {
    settings["binance_stream_url"] = wrong;
    EXPECT_EQ(Check(settings, true).code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
  settings["binance_stream_url"] = "wss://stream.binance.com:9443";
  EXPECT_EQ(Check(settings, true).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(BinanceEntryTest, ATestSystemsKeyGoesNeitherToThisMachineNorInTheClear) {
  EXPECT_EQ(BinanceEntry().place(Defaults()), "TESTNET, nobody's money");
  for (const char* wrong : {"http://127.0.0.1:9200", "https://127.0.0.1:9200", "http://testnet.binance.vision"}) {
    Settings settings = WithKeys();
    settings["binance_rest_url"] = wrong;
    EXPECT_EQ(Check(settings, true).code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(BinanceEntryTest, SymbolsAreTheVenuesNames) {
  Settings settings = Defaults();
  EXPECT_EQ(*BinanceSymbols(settings), (std::vector<std::string>{"BTCUSDT", "ETHUSDT"}));
  for (const char* wrong : {"", ";", "BTC-USDT", "btcusdt", "BTC\"USDT", "ABCDEFGHIJKLMNOPQRSTU"}) {
    settings["binance_symbols"] = wrong;
    EXPECT_FALSE(BinanceSymbols(settings).ok()) << wrong;
  }
}

TEST(BinanceEntryTest, ASessionThatCannotBeMadeIsDownAndSaysWhy) {
  paper::PaperBroker venue({}, {});
  auto session = BinanceEntry().make({.account_id = AccountId("a"),
                                      .now = [] { return UtcTime{1}; },
                                      .wake = [] {},
                                      .settings = Defaults(),
                                      .paper = venue,
                                      .faults = {}});
  std::vector<broker::Fact> facts = session->Poll(UtcTime{1});
  ASSERT_EQ(facts.size(), 1U);
  const auto* state = std::get_if<broker::SessionState>(&facts[0]);
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(state->state, broker::SessionState::State::kDown);
  EXPECT_THAT(state->detail, HasSubstr("binance_api_key_file"));
}

}  // namespace
}  // namespace ballast
