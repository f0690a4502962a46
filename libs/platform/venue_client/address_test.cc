#include "libs/platform/venue_client/address.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

TEST(VenueAddressTest, SaysWhereAUrlLeads) {
  VenueAddress plain = *ParseHttpAddress("http://127.0.0.1:8080/api/v3/time?x=1");
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "127.0.0.1");
  EXPECT_EQ(plain.port, "8080");
  EXPECT_EQ(plain.target, "/api/v3/time?x=1");
  EXPECT_EQ(plain.HostHeader(), "127.0.0.1:8080");

  VenueAddress secure = *ParseHttpAddress("https://api.example.com");
  EXPECT_TRUE(secure.tls);
  EXPECT_EQ(secure.port, "443");
  EXPECT_EQ(secure.target, "/");
  EXPECT_EQ(secure.HostHeader(), "api.example.com");

  EXPECT_EQ(ParseSocketAddress("wss://h?streams=a")->target, "/?streams=a");
  VenueAddress v6 = *ParseSocketAddress("ws://[::1]:90/ws");
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.HostHeader(), "[::1]:90");
}

TEST(VenueAddressTest, RefusesWhatIsNoAddress) {
  for (const char* url : {"", "api.example.com", "ftp://h", "wss://h", "https://", "https://:443", "https://h:0",
                          "https://h:65536", "https://h:", "https://h:8x", "https://user@h", "https://h/#x",
                          "https://h/a b", "https://h/\r\nX: y", "https://[::1", "https://[::1]x"}) {
    EXPECT_EQ(ParseHttpAddress(url).status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
  EXPECT_FALSE(ParseSocketAddress("https://h").ok());
}

}  // namespace
}  // namespace ballast
