#include "libs/platform/metrics/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

int Connect(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

// The whole answer to one request, read to the end of the connection.
std::string Ask(int port, const std::string& method, const std::string& path) {
  int fd = Connect(port);
  std::string request = method + " " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[65536];
  for (ssize_t size = 0; (size = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(size));
  }
  close(fd);
  return answer;
}

TEST(MetricsTest, FiguresAreServedAsPrometheusReadsThem) {
  Metrics metrics;
  metrics.GetCounter("ballast_things_total", "things", {{"kind", "a"}}).Add(2);
  metrics.GetCounter("ballast_things_total", "things", {{"kind", "b"}}).Increment();
  metrics.GetCounter("ballast_things_total", "things", {{"kind", "a"}}).Increment();
  metrics.GetGauge("ballast_depth", "depth", {}).Set(7);
  metrics.GetSeconds("ballast_wait_seconds", "wait", {}).Observe(0.003);
  auto port = metrics.Listen("127.0.0.1:0");
  ASSERT_TRUE(port.ok()) << port.status();
  std::string answer = Ask(*port, "GET", "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("ballast_things_total{kind=\"a\"} 3"));
  EXPECT_THAT(answer, HasSubstr("ballast_things_total{kind=\"b\"} 1"));
  EXPECT_THAT(answer, HasSubstr("ballast_depth 7"));
  EXPECT_THAT(answer, HasSubstr("ballast_wait_seconds_bucket{le=\"0.005\"} 1"));
  EXPECT_THAT(answer, HasSubstr("ballast_wait_seconds_count 1"));
  EXPECT_THAT(Ask(*port, "GET", "/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask(*port, "POST", "/metrics"), StartsWith("HTTP/1.1 405"));
}

TEST(MetricsTest, AnAddressThatIsTakenOrNoneIsRefused) {
  Metrics first;
  auto port = first.Listen("127.0.0.1:0");
  ASSERT_TRUE(port.ok());
  Metrics second;
  EXPECT_EQ(second.Listen("127.0.0.1:" + std::to_string(*port)).status().code(), absl::StatusCode::kUnavailable);
  Metrics third;
  EXPECT_EQ(third.Listen("nowhere").status().code(), absl::StatusCode::kInvalidArgument);
}

// A scraper keeps its connection open: nobody waits for it.
TEST(MetricsTest, ClosingTakesNoTimeAndFreesThePort) {
  Metrics metrics;
  auto port = metrics.Listen("127.0.0.1:0");
  ASSERT_TRUE(port.ok());
  int idle = Connect(*port);
  ASSERT_GE(idle, 0);
  auto started = std::chrono::steady_clock::now();
  metrics.Close();
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(1'000));
  EXPECT_EQ(Connect(*port), -1);
  close(idle);
}

}  // namespace
}  // namespace ballast
