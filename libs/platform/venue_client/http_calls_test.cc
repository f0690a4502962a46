// Calls against real servers on this machine: what is told of each is what has become of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "libs/platform/venue_client/testing/client_under_test.h"
#include "libs/platform/venue_client/testing/local_server.h"

namespace ballast {
namespace {

using testing::Authority;
using testing::ClientUnderTest;
using ::testing::HasSubstr;
using testing::LocalServer;
using venue::HttpAnswer;
using venue::HttpCall;
using venue::Outcome;
namespace server = testing::server;
using Response = server::http::response<server::http::string_body>;

std::string Secure(const LocalServer& at, const char* host = "localhost") {
  return std::string("https://") + host + ":" + std::to_string(at.port());
}
std::string Plain(const LocalServer& at) { return "http://127.0.0.1:" + std::to_string(at.port()); }

HttpCall Get(std::string origin, std::uint64_t id = 1) {
  return {.id = id, .method = "GET", .origin = std::move(origin), .target = "/x?y=1", .headers = {}, .body = {}};
}

// Says back what it was asked.
Response Echo(const server::Request& request) {
  Response response;
  response.result(418);
  response.set("X-Asked", std::string(request.method_string()) + " " + std::string(request.target()));
  response.set("X-Key", request["X-MBX-APIKEY"]);
  response.set("X-Host", request[server::http::field::host]);
  response.body() = request.body();
  return response;
}

std::string ValueOf(const HttpAnswer& answer, const std::string& name) {
  for (const auto& [each, value] : answer.headers) {
    if (each == name) return value;
  }
  return "";
}

TEST(HttpCallsTest, AnAnswerIsToldWholeOverTls) {
  Authority authority;
  LocalServer at(authority.Issue("DNS:localhost"));
  at.Answer(&Echo);
  ClientUnderTest client(authority);
  HttpCall call = Get(Secure(at), 77);
  call.method = "POST";
  call.headers = {{"X-MBX-APIKEY", "key"}};
  call.body = std::string(100'000, 'b');
  HttpAnswer answer = client.Ask(call);
  EXPECT_EQ(answer.id, 77U);
  EXPECT_EQ(answer.outcome, Outcome::kAnswered) << answer.problem;
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.body, call.body);
  EXPECT_EQ(ValueOf(answer, "x-asked"), "POST /x?y=1");
  EXPECT_EQ(ValueOf(answer, "x-key"), "key");
  EXPECT_EQ(ValueOf(answer, "x-host"), "localhost:" + std::to_string(at.port()));
}

TEST(HttpCallsTest, AConnectionIsKeptForTheNextCall) {
  Authority authority;
  LocalServer at(authority.Issue("DNS:localhost"));
  at.Answer(&Echo);
  ClientUnderTest client(authority);
  for (std::uint64_t id = 1; id <= 20; ++id) EXPECT_EQ(client.Ask(Get(Secure(at), id)).id, id);
  EXPECT_EQ(at.connections(), 1);
}

TEST(HttpCallsTest, AnAuthorityThatIsNotTrustedGetsNothing) {
  Authority trusted, other;
  LocalServer at(other.Issue("DNS:localhost"));
  at.Answer(&Echo);
  ClientUnderTest client(trusted);
  HttpAnswer answer = client.Ask(Get(Secure(at)));
  EXPECT_EQ(answer.outcome, Outcome::kNotSent);
  EXPECT_THAT(answer.problem, HasSubstr("certificate"));
}

TEST(HttpCallsTest, ACertificateOfAnotherHostGetsNothing) {
  Authority authority;
  LocalServer at(authority.Issue("DNS:example.com"));
  at.Answer(&Echo);
  ClientUnderTest client(authority);
  for (const char* host : {"localhost", "127.0.0.1"}) {
    HttpAnswer answer = client.Ask(Get(Secure(at, host)));
    EXPECT_EQ(answer.outcome, Outcome::kNotSent) << host;
    EXPECT_THAT(answer.problem, HasSubstr("no TLS")) << host;
  }
  // The same with a certificate of the address.
  LocalServer right(authority.Issue("IP:127.0.0.1"));
  right.Answer(&Echo);
  EXPECT_EQ(client.Ask(Get(Secure(right, "127.0.0.1"))).outcome, Outcome::kAnswered);
}

TEST(HttpCallsTest, ARefusedConnectionIsNotSent) {
  Authority authority;
  ClientUnderTest client(authority);
  std::string gone;
  {
    LocalServer at;
    gone = Plain(at);
  }
  HttpAnswer answer = client.Ask(Get(gone));
  EXPECT_EQ(answer.outcome, Outcome::kNotSent);
  EXPECT_THAT(answer.problem, HasSubstr("no connection"));
}

TEST(HttpCallsTest, AServerThatClosesWithinItsAnswerLeavesItUnknown) {
  Authority authority;
  ClientUnderTest client(authority);
  for (const std::string text :
       {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        // Nobody knows whether that is all.
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "no HTTP at all\r\n\r\n"}) {
    LocalServer at;
    at.Run([text](auto& stream) {
      server::beast::flat_buffer buffer;
      server::Request request;
      server::ErrorCode error;
      server::http::read(stream, buffer, request, error);
      server::asio::write(stream, server::asio::buffer(text), error);
    });
    HttpAnswer answer = client.Ask(Get(Plain(at)));
    EXPECT_EQ(answer.outcome, Outcome::kUnknown) << text << answer.problem;
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(at.connections(), 1) << "nothing is sent twice";
  }
}

TEST(HttpCallsTest, WithoutAnAnswerInTimeItIsUnknown) {
  Authority authority;
  LocalServer at;
  at.Run([](auto& stream) {
    server::beast::flat_buffer buffer;
    server::ErrorCode error;
    // Reads on, and says nothing, until the client has gone.
    while (!error) {
      server::Request request;
      server::http::read(stream, buffer, request, error);
    }
  });
  ClientUnderTest client(authority);
  HttpCall call = Get(Plain(at));
  call.timeout = Duration::Millis(100);
  HttpAnswer answer = client.Ask(call);
  EXPECT_EQ(answer.outcome, Outcome::kUnknown);
  EXPECT_EQ(answer.problem, "no answer in time");
}

TEST(HttpCallsTest, WithoutAHandshakeInTimeItIsNotSent) {
  Authority authority;
  LocalServer at(authority.Issue("DNS:localhost"));
  at.OnConnection([](server::Tcp::socket& socket) {
    char byte = 0;
    server::ErrorCode error;
    while (!error) socket.read_some(server::asio::buffer(&byte, 1), error);
  });
  ClientUnderTest client(authority);
  HttpCall call = Get(Secure(at));
  call.timeout = Duration::Millis(100);
  HttpAnswer answer = client.Ask(call);
  EXPECT_EQ(answer.outcome, Outcome::kNotSent);
  EXPECT_EQ(answer.problem, "no connection in time");
}

TEST(HttpCallsTest, AKeptConnectionThatTheServerHasClosedCarriesNoCall) {
  Authority authority;
  LocalServer at;
  testing::Bell closed;
  at.OnConnection([&closed](server::Tcp::socket& socket) {
    server::beast::flat_buffer buffer;
    server::Request request;
    server::ErrorCode error;
    server::http::read(socket, buffer, request, error);
    Response response = Echo(request);
    response.keep_alive(true);
    response.prepare_payload();
    server::http::write(socket, response, error);
    // One answer for each, though it has promised more; the client sees the end before it is asked again.
    socket.shutdown(server::Tcp::socket::shutdown_both, error);
    closed.Ring();
  });
  VenueClient::Options options;
  options.connections_max = 1;
  ClientUnderTest client(authority, options);
  for (std::uint64_t id = 1; id <= 5; ++id) {
    HttpAnswer answer = client.Ask(Get(Plain(at), id));
    // Where the end crosses the next call nobody knows what became of it; it is never sent again.
    EXPECT_NE(answer.outcome, Outcome::kNotSent) << answer.problem;
    if (answer.outcome == Outcome::kAnswered) EXPECT_TRUE(closed.Wait());
  }
  EXPECT_GE(at.connections(), 2);
}

TEST(HttpCallsTest, AnAnswerThatIsTooLongIsUnknown) {
  Authority authority;
  LocalServer at;
  at.Answer([](const server::Request&) {
    Response response;
    response.body() = std::string(2'000, 'x');
    return response;
  });
  VenueClient::Options options;
  options.message_bytes_max = 1'000;
  ClientUnderTest client(authority, options);
  HttpAnswer answer = client.Ask(Get(Plain(at)));
  EXPECT_EQ(answer.outcome, Outcome::kUnknown);
  EXPECT_EQ(answer.problem, "the answer is too long");
}

TEST(HttpCallsTest, WhatWouldBreakARequestsLinesIsNotSent) {
  Authority authority;
  LocalServer at;
  at.Answer(&Echo);
  ClientUnderTest client(authority);
  HttpCall target = Get(Plain(at));
  target.target = "/x HTTP/1.1\r\nX-Other: 1";
  HttpCall header = Get(Plain(at));
  header.headers = {{"X-Key", "a\r\nX-Other: 1"}};
  HttpCall method = Get(Plain(at));
  method.method = "GET /other";
  HttpCall origin = Get("ftp://localhost");
  HttpCall path = Get(Plain(at) + "/path");
  for (const HttpCall& call : {target, header, method, origin, path})
    EXPECT_EQ(client.Ask(call).outcome, Outcome::kNotSent);
  EXPECT_EQ(at.connections(), 0);
}

TEST(HttpCallsTest, MoreCallsThanConnectionsWaitForOneAndEachIsAnsweredOnce) {
  Authority authority;
  LocalServer at(authority.Issue("DNS:localhost"));
  at.Answer(&Echo);
  VenueClient::Options options;
  options.connections_max = 3;
  ClientUnderTest client(authority, options);
  constexpr std::uint64_t kCalls = 200;
  for (std::uint64_t id = 1; id <= kCalls; ++id) client->Call(Get(Secure(at), id));
  std::map<std::uint64_t, int> answered;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    HttpAnswer answer = client.NextIs<HttpAnswer>();
    EXPECT_EQ(answer.outcome, Outcome::kAnswered) << answer.problem;
    ++answered[answer.id];
  }
  EXPECT_EQ(answered.size(), kCalls);
  EXPECT_LE(at.connections(), 3);
}

TEST(HttpCallsTest, TooManyCallsAreNotSent) {
  Authority authority;
  LocalServer at;
  at.Answer(&Echo);
  VenueClient::Options options;
  options.calls_max = 0;
  ClientUnderTest client(authority, options);
  EXPECT_EQ(client.Ask(Get(Plain(at))).problem, "too many calls have no answer yet");
}

TEST(HttpCallsTest, AFileThatHoldsNoAuthorityIsRefused) {
  VenueClient::Options options;
  options.ca_file = ::testing::TempDir() + "no_authority_there";
  EXPECT_EQ(VenueClient::Make(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(HttpCallsTest, ItMayBeDestroyedWhileCallsAreOnTheirWay) {
  Authority authority;
  LocalServer at(authority.Issue("DNS:localhost"));
  at.Answer(&Echo);
  for (int i = 0; i < 20; ++i) {
    ClientUnderTest client(authority);
    for (std::uint64_t id = 1; id <= 5; ++id) client->Call(Get(Secure(at), id));
    if (i % 2 == 0) client.NextIs<HttpAnswer>();
  }
}

}  // namespace
}  // namespace ballast
