#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "libs/base/clock.h"
#include "libs/platform/http/http.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/api_gateway/live_model.h"

namespace ballast {

// The one numbered stream every page follows. Changes are gathered and sent 20 times a second (quotes 4 times), each
// with the next number; the newest ones are kept, so that a page that was away for a moment can go on where it was.
class StreamHub {
 public:
  struct Options {
    std::string default_account;
    // Deltas kept for those who come back, and their bytes.
    std::size_t ring_max = 10'000;
    std::size_t ring_bytes_max = 64 << 20;
    // More than this is not caught up with by deltas but by a fresh snapshot: it would fill the client's queue.
    std::size_t resume_max = 500;
    // Rounds without a client after which nothing is made any more, until one comes.
    std::int64_t idle_rounds = 200;
    // Makes the status row, once a second; called without the hub's lock.
    std::function<std::string()> status;
    // Whether a browser's session still holds; asked once a second for each client that came in by one.
    std::function<bool(const std::string& cookie)> session_holds;
  };

  StreamHub(Options options, const Clock& clock, Metrics& metrics);
  ~StreamHub() { Stop(); }
  void Start();
  void Stop();

  // Changes the model under the lock; any thread.
  template <typename Function>
  auto With(Function function) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return function(model_);
  }

  // What the market says, with the time it was heard.
  void OnMarket(broker::v1::StreamMarketDataResponse&& step) EXCLUDES(mutex_);
  [[nodiscard]] Json QuoteRow(const broker::v1::Quote& quote) EXCLUDES(mutex_);

  // A client joins: the deltas after `after` when `run` is this run and the ring still has them, else a snapshot.
  // `cookie` is its session's; empty when it showed the token itself.
  void Join(std::shared_ptr<WebSocket> socket, const std::string& run, std::int64_t after,
            const std::string& cookie = "") EXCLUDES(mutex_);
  void Leave(const WebSocket* socket) EXCLUDES(mutex_);
  // The answer to an upgrade that may come in.
  UpgradeAnswer Accept(const HttpRequest& request, const std::string& cookie);

  // One round, every 50 ms from its own thread; `round` counts them.
  void Tick(std::int64_t round) EXCLUDES(mutex_);
  [[nodiscard]] const std::string& run() const { return run_; }

 private:
  using Text = std::shared_ptr<const std::string>;
  struct Client {
    std::shared_ptr<WebSocket> socket;
    std::string cookie;
  };
  void SendAll(const Text& text) REQUIRES(mutex_);
  // Who signed out, or signed in too long ago, is shown the door.
  void CloseEndedSessions() REQUIRES(mutex_);
  void Publish(const LiveModel::Delta& delta) REQUIRES(mutex_);
  [[nodiscard]] Text HeartbeatText() const REQUIRES(mutex_);
  // Nobody looks: no JSON, no deltas. What was sent before is forgotten, so that nobody goes on from it.
  void FallAsleep() REQUIRES(mutex_);
  // Makes what was not made meanwhile, as rows of the next snapshot.
  void WakeUp(std::string status) REQUIRES(mutex_);
  [[nodiscard]] bool Covers(const std::string& run, std::int64_t after) const REQUIRES(mutex_);

  const Options options_;
  const Clock& clock_;
  const std::string run_;
  Gauge& clients_gauge_;
  Counter& deltas_;
  Counter& slow_;

  Mutex mutex_;
  CondVar wake_;
  LiveModel model_ GUARDED_BY(mutex_);
  std::int64_t sequence_ GUARDED_BY(mutex_) = 0;
  // ring_.back() has number sequence_.
  std::deque<Text> ring_ GUARDED_BY(mutex_);
  std::size_t ring_bytes_ GUARDED_BY(mutex_) = 0;
  std::map<const WebSocket*, Client> clients_ GUARDED_BY(mutex_);
  std::int64_t rounds_alone_ GUARDED_BY(mutex_) = 0;
  // Until somebody looks.
  bool asleep_ GUARDED_BY(mutex_) = true;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ballast
