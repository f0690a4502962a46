// WebSockets against real servers on this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/platform/venue_client/testing/client_under_test.h"
#include "libs/platform/venue_client/testing/local_server.h"

namespace ballast {
namespace {

using testing::Authority;
using testing::ClientUnderTest;
using ::testing::HasSubstr;
using testing::LocalServer;
using venue::SocketClosed;
using venue::SocketMessage;
using venue::SocketOpened;
namespace server = testing::server;
namespace websocket = boost::beast::websocket;

std::string Url(const LocalServer& at, const char* scheme) {
  return std::string(scheme) + "://localhost:" + std::to_string(at.port()) + "/ws-api/v3";
}

// Accepts, and lets `serve` have the WebSocket.
template <typename Serve>
auto WithWebSocket(Serve serve) {
  return [serve](auto& stream) {
    websocket::stream<std::remove_reference_t<decltype(stream)>&> ws(stream);
    server::ErrorCode error;
    ws.accept(error);
    if (!error) serve(ws);
  };
}
auto EchoAll() {
  return WithWebSocket([](auto& ws) {
    server::ErrorCode error;
    while (true) {
      server::beast::flat_buffer buffer;
      ws.read(buffer, error);
      if (error) return;
      ws.binary(ws.got_binary());
      ws.write(buffer.data(), error);
      if (error) return;
    }
  });
}

TEST(SocketsTest, MessagesGoBothWaysInTheirOrderOverTls) {
  Authority authority;
  LocalServer at(authority.Issue("DNS:localhost"));
  at.Run(EchoAll());
  ClientUnderTest client(authority);
  client->Open(7, Url(at, "wss"), {});
  EXPECT_EQ(client.NextIs<SocketOpened>().socket, 7U);
  constexpr int kMessages = 100;
  for (int i = 0; i < kMessages; ++i) client->Send(7, "message " + std::to_string(i), i % 2 == 1);
  for (int i = 0; i < kMessages; ++i) {
    SocketMessage message = client.NextIs<SocketMessage>();
    EXPECT_EQ(message.socket, 7U);
    EXPECT_EQ(message.payload, "message " + std::to_string(i));
    EXPECT_EQ(message.binary, i % 2 == 1);
  }
  client->Close(7);
  EXPECT_EQ(client.NextIs<SocketClosed>().why, "closed here");
}

TEST(SocketsTest, WhyTheVenueHasClosedIsTold) {
  Authority authority;
  LocalServer at;
  at.Run(WithWebSocket([](auto& ws) {
    server::ErrorCode error;
    ws.close(websocket::close_reason(websocket::close_code::policy_error, "too many messages"), error);
  }));
  ClientUnderTest client(authority);
  client->Open(1, Url(at, "ws"), {});
  client.NextIs<SocketOpened>();
  EXPECT_THAT(client.NextIs<SocketClosed>().why, HasSubstr("1008 too many messages"));
}

TEST(SocketsTest, AConnectionThatBreaksIsTold) {
  Authority authority;
  LocalServer at;
  at.Run(WithWebSocket([](auto&) {}));
  ClientUnderTest client(authority);
  client->Open(1, Url(at, "ws"), {});
  client.NextIs<SocketOpened>();
  EXPECT_THAT(client.NextIs<SocketClosed>().why, HasSubstr("the connection broke"));
  // There is nobody who would take it.
  client->Send(1, "late", false);
  client->Close(1);
}

TEST(SocketsTest, WhoIsNoVenueIsNotOpened) {
  Authority trusted, other;
  ClientUnderTest client(trusted);
  LocalServer wrong(other.Issue("DNS:localhost"));
  wrong.Run(EchoAll());
  client->Open(1, Url(wrong, "wss"), {});
  EXPECT_THAT(client.NextIs<SocketClosed>().why, HasSubstr("no TLS"));

  LocalServer other_host(trusted.Issue("DNS:example.com"));
  other_host.Run(EchoAll());
  client->Open(2, Url(other_host, "wss"), {});
  EXPECT_THAT(client.NextIs<SocketClosed>().why, HasSubstr("no TLS"));

  LocalServer refuses;
  refuses.Answer([](const server::Request&) {
    return server::http::response<server::http::string_body>(server::http::status::forbidden, 11);
  });
  client->Open(3, Url(refuses, "ws"), {});
  EXPECT_THAT(client.NextIs<SocketClosed>().why, HasSubstr("no WebSocket"));

  client->Open(4, "https://localhost", {});
  EXPECT_EQ(client.NextIs<SocketClosed>().socket, 4U);
}

TEST(SocketsTest, APeerThatIsSilentAndAnswersNoPingIsGone) {
  Authority authority;
  LocalServer at;
  at.Run(WithWebSocket([](auto& ws) {
    // Reads the bytes and not the frames, so no ping is answered.
    char byte = 0;
    server::ErrorCode error;
    while (!error) ws.next_layer().read_some(server::asio::buffer(&byte, 1), error);
  }));
  VenueClient::Options options;
  options.silence = Duration::Millis(200);
  ClientUnderTest client(authority, options);
  client->Open(1, Url(at, "ws"), {});
  client.NextIs<SocketOpened>();
  EXPECT_THAT(client.NextIs<SocketClosed>().why, HasSubstr("the connection broke"));
}

TEST(SocketsTest, APeerThatAnswersPingsStays) {
  Authority authority;
  LocalServer at;
  at.Run(EchoAll());
  VenueClient::Options options;
  options.silence = Duration::Millis(200);
  ClientUnderTest client(authority, options);
  client->Open(1, Url(at, "ws"), {});
  client.NextIs<SocketOpened>();
  // A second socket that is never answered keeps the time: five silences.
  LocalServer mute;
  mute.OnConnection([](server::Tcp::socket& socket) {
    char byte = 0;
    server::ErrorCode error;
    while (!error) socket.read_some(server::asio::buffer(&byte, 1), error);
  });
  venue::HttpCall call{.id = 9,
                       .method = "GET",
                       .origin = "http://localhost:" + std::to_string(mute.port()),
                       .target = "/",
                       .headers = {},
                       .body = {},
                       .timeout = Duration::Seconds(1)};
  EXPECT_EQ(client.Ask(call).outcome, venue::Outcome::kUnknown);
  client->Send(1, "still there", false);
  EXPECT_EQ(client.NextIs<SocketMessage>().payload, "still there");
}

TEST(SocketsTest, WhatNobodyTakesClosesItAndIsBounded) {
  Authority authority;
  LocalServer at;
  at.Run(WithWebSocket([](auto& ws) {
    server::ErrorCode error;
    const std::string much(1'000, 'x');
    while (!error) ws.write(server::asio::buffer(much), error);
  }));
  VenueClient::Options options;
  options.queued_bytes_max = 10'000;
  ClientUnderTest client(authority, options);
  client->Open(1, Url(at, "ws"), {});
  // Opened, ten messages and closed; nobody takes any of it meanwhile.
  ASSERT_TRUE(client.bell().WaitForTimes(12));
  std::vector<venue::TransportEvent> events = client->Take();
  ASSERT_EQ(events.size(), 12U);
  EXPECT_EQ(std::get<SocketClosed>(events.back()).why, "too much of it waits to be read here");
}

TEST(SocketsTest, AMessageThatIsTooLongClosesIt) {
  Authority authority;
  LocalServer at;
  at.Run(EchoAll());
  VenueClient::Options options;
  options.message_bytes_max = 1'000;
  ClientUnderTest client(authority, options);
  client->Open(1, Url(at, "ws"), {});
  client.NextIs<SocketOpened>();
  client->Send(1, std::string(1'001, 'x'), false);
  client.NextIs<SocketClosed>();
}

}  // namespace
}  // namespace ballast
