#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/utc_time.h"
#include "libs/platform/http/http.h"
#include "libs/platform/http/http_server.h"
#include "libs/platform/thread/mutex.h"
#include "libs/venue_simulator/binance/venue.h"
#include "tools/venue_simulator/credentials.h"

namespace ballast::venue_simulator {

// A venue behind a port: its sockets and its clock. The venue's own calls are one at a time.
class Server {
 public:
  Server(HttpServer::Options options, std::uint64_t seed, Secret control_token);

  // The port. An account of its own for each of the credentials' sets of balances.
  absl::StatusOr<int> Start(const Credentials& credentials,
                            const std::vector<std::pair<std::string, Decimal>>& balances);
  // Moves the venue on until `stop` says so.
  void Run(const std::atomic<bool>& stop);
  void Stop() { http_.Stop(); }

 private:
  struct Waiting {
    HttpResponder responder;
    HttpResponse response;
    bool dropped = false;
    UtcTime due;
  };
  void OnRequest(HttpRequest request, HttpResponder responder);
  UpgradeAnswer OnUpgrade(const HttpRequest& request);
  void Flush(UtcTime now) REQUIRES(mutex_);
  [[nodiscard]] bool MayControl(const HttpRequest& request) const;

  const Secret control_token_;
  Mutex mutex_;
  binance::Venue venue_ GUARDED_BY(mutex_);
  std::uint64_t sockets_made_ GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::shared_ptr<WebSocket>> sockets_ GUARDED_BY(mutex_);
  std::vector<Waiting> waiting_ GUARDED_BY(mutex_);
  // Last: its threads use all of the above.
  HttpServer http_;
};

}  // namespace ballast::venue_simulator
