#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "libs/platform/venue_client/event_box.h"
#include "libs/platform/venue_client/net.h"
#include "libs/platform/venue_client/venue_client.h"

namespace ballast::internal {

class HttpLine;

// One call on its way; answered once.
struct HttpJob {
  HttpJob(venue::HttpCall asked, asio::io_context& io) : call(std::move(asked)), timer(io) {}
  venue::HttpCall call;
  asio::steady_timer timer;
  // Where it is on; none: it waits for one.
  std::weak_ptr<HttpLine> line;
  // Its first byte may have left.
  bool written = false;
  bool done = false;
};

// Calls and the connections they go over, by origin. On the client's own thread only.
class HttpPool {
 public:
  HttpPool(const VenueClient::Options& options, asio::io_context& io, ssl::context& tls, EventBox& box)
      : options_(options), io_(io), tls_(tls), box_(box) {}

  void Call(venue::HttpCall call);

  // Of lines.
  void Answer(HttpJob& job, venue::HttpAnswer answer);
  void Fail(HttpJob& job, std::string problem);
  void Free(const std::shared_ptr<HttpLine>& line);
  void Drop(const std::shared_ptr<HttpLine>& line);
  [[nodiscard]] const VenueClient::Options& options() const { return options_; }

 private:
  struct Origin {
    VenueAddress address;
    std::deque<std::shared_ptr<HttpJob>> waiting;
    std::set<std::shared_ptr<HttpLine>> lines;
    // The last used first: the others grow old and are closed.
    std::deque<std::shared_ptr<HttpLine>> idle;
  };
  void Place(const std::string& name);
  void TimeOut(const std::shared_ptr<HttpJob>& job);

  const VenueClient::Options& options_;
  asio::io_context& io_;
  ssl::context& tls_;
  EventBox& box_;
  std::map<std::string, Origin> origins_;
  std::size_t open_calls_ = 0;
};

// A connection to one origin: carries one call after the other.
class HttpLine {
 public:
  explicit HttpLine(std::string origin) : origin_(std::move(origin)) {}
  virtual ~HttpLine() = default;
  // While it has none. Connects first, where it has not.
  virtual void Carry(std::shared_ptr<HttpJob> job) = 0;
  // At once; whatever it carries has been answered.
  virtual void Abort() = 0;
  [[nodiscard]] const std::string& origin() const { return origin_; }

 private:
  std::string origin_;
};

}  // namespace ballast::internal
