#include "libs/brokers/binance/hosts.h"

#include <gtest/gtest.h>

namespace ballast::binance {
namespace {

TEST(BinanceHostsTest, OnlyTheLiveEnvironmentMovesMoney) {
  EXPECT_FALSE(HostsOf("testnet")->live);
  EXPECT_FALSE(HostsOf("demo")->live);
  EXPECT_TRUE(HostsOf("live")->live);
  EXPECT_FALSE(HostsOf("").has_value());
  EXPECT_FALSE(HostsOf("Live").has_value());
  for (const char* name : {"testnet", "demo", "live"}) {
    const Hosts hosts = *HostsOf(name);
    for (const std::string& origin : {hosts.rest, hosts.stream, hosts.socket_api})
      EXPECT_EQ(IsLiveHost(origin), hosts.live) << origin;
  }
}

TEST(BinanceHostsTest, AnAddressOfThisMachineIsANumberAndNothingElse) {
  for (const char* origin : {"http://127.0.0.1:9200", "https://127.0.0.1", "wss://127.1.2.3:1/x", "ws://[::1]:9200"})
    EXPECT_TRUE(IsLoopback(origin)) << origin;
  for (const char* origin :
       {"http://localhost:9200", "https://127.0.0.1.example.com", "https://127.0.0.1@api.binance.com", "127.0.0.1:9200",
        "https://127.0.0", "https://127.0.0.", "https://128.0.0.1", "https://[::1].example.com", "https://[::2]",
        "https://127.0.0.0001", ""})
    EXPECT_FALSE(IsLoopback(origin)) << origin;
}

TEST(BinanceHostsTest, AnAddressThatNamesAUserIsTakenForLive) {
  EXPECT_TRUE(IsLiveHost("https://user:x@api.binance.com"));
  EXPECT_TRUE(IsLiveHost("https://testnet.binance.vision@api.binance.com"));
}

TEST(BinanceHostsTest, AHostOfTheVenueThatIsNotKnownToBeATestIsLive) {
  for (const char* origin : {"https://api1.binance.com", "https://api-gcp.binance.com:443", "https://API.Binance.com.",
                             "wss://stream.binance.us:9443", "https://binance.com", "https://data-api.binance.vision",
                             "https://xtestnet.binance.vision"}) {
    EXPECT_TRUE(IsLiveHost(origin)) << origin;
  }
  for (const char* origin : {"https://127.0.0.1:9443", "http://localhost:8080", "https://notbinance.com",
                             "https://binance.com.example.org"}) {
    EXPECT_FALSE(IsLiveHost(origin)) << origin;
  }
}

}  // namespace
}  // namespace ballast::binance
