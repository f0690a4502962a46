#pragma once

// Beast, asio and TLS, for the two files that speak them. Nobody else includes this: it costs seconds of compile time.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include "libs/base/utc_time.h"
#include "libs/platform/venue_client/address.h"

namespace ballast::internal {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = boost::asio::ssl;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using PlainStream = beast::tcp_stream;
// Not Beast's own ssl_stream: in Boost 1.81 a WebSocket over it does not compile with clang.
using SecureStream = ssl::stream<beast::tcp_stream>;

inline std::chrono::nanoseconds ToChrono(Duration duration) { return std::chrono::nanoseconds(duration.nanos); }

template <typename Stream>
Stream MakeStream(asio::io_context& io, ssl::context& tls) {
  if constexpr (std::is_same_v<Stream, SecureStream>)
    return Stream(io, tls);
  else
    return Stream(io);
}

// Looks the host up, connects and shakes hands; `done` gets what went wrong, or an empty text. Whoever calls keeps
// `stream` and `resolver` alive (`keeper`) and gives up by closing the lowest layer and cancelling the resolver.
template <typename Stream, typename Keeper, typename Done>
void Dial(Stream& stream, tcp::resolver& resolver, const VenueAddress& address, Keeper keeper, Done done) {
  resolver.async_resolve(
      address.host, address.port,
      [&stream, host = address.host, keeper, done](ErrorCode error, const tcp::resolver::results_type& found) {
        if (error) return done("the host is not found: " + error.message());
        beast::get_lowest_layer(stream).async_connect(
            found, [&stream, host, keeper, done](ErrorCode refused, const tcp::endpoint&) {
              if (refused) return done("no connection: " + refused.message());
              ErrorCode ignored;
              beast::get_lowest_layer(stream).socket().set_option(tcp::no_delay(true), ignored);
              if constexpr (std::is_same_v<Stream, SecureStream>) {
                SSL* handle = stream.native_handle();
                ErrorCode not_address;
                asio::ip::make_address(host, not_address);
                // A name is told to the server (SNI); an address is not (RFC 6066, 3).
                if (not_address && SSL_set_tlsext_host_name(handle, host.c_str()) != 1)
                  return done(std::string("no connection: the host cannot be named to the server"));
                stream.set_verify_callback(ssl::host_name_verification(host));
                stream.async_handshake(ssl::stream_base::client, [handle, keeper, done](ErrorCode failed) {
                  if (!failed) return done(std::string());
                  const long verified = SSL_get_verify_result(handle);
                  std::string why = "no TLS: " + failed.message();
                  if (verified != X509_V_OK) why += std::string(": ") + X509_verify_cert_error_string(verified);
                  done(std::move(why));
                });
              } else {
                done(std::string());
              }
            });
      });
}

}  // namespace ballast::internal
