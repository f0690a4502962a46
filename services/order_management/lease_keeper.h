#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/orders/lease.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/order_management/lease_journal.h"

namespace ballast {

// Keeps this order manager's shards: renews their leases, takes over those of an owner who has fallen silent, gives
// back what another one wants home. One thread renews, another one looks and acts, so that a long recovery does not
// look like a death.
class LeaseKeeper {
 public:
  struct Options {
    std::string name;
    // Where others reach us.
    std::string address;
    int shards = 1;
    std::set<int> home;
    std::int64_t lease_ns = 1'500'000'000;
  };
  // What becomes of a shard; all on the keeper's thread (before Start: the caller's), each may block.
  struct Ports {
    // It is ours from now on: recovers it. An error gives it back.
    std::function<absl::Status(int shard, std::uint64_t epoch)> open;
    // Starts what was opened.
    std::function<void(int shard)> start;
    // Finishes what is under way and forgets it.
    std::function<void(int shard)> close;
    // Another one has it at `address`; empty: nobody.
    std::function<void(int shard, const std::string& address)> elsewhere;
    // Any thread: this process was taken for dead and has to end.
    std::function<void(const std::string& why)> fail;
  };

  LeaseKeeper(Options options, LeaseJournal& journal, Ports ports, const Clock& clock, Logger& log, Metrics& metrics);
  ~LeaseKeeper();

  // Takes what is ours at once. UNAVAILABLE: nothing can be read, or others still hold other shards than we have.
  absl::Status Begin() EXCLUDES(mutex_);
  void Start();
  // Closes and gives back everything, so that another one need not wait for silence.
  void Stop() EXCLUDES(mutex_);

 private:
  absl::Status Arrange() EXCLUDES(mutex_);
  absl::Status Poll();
  void Take(const orders::LeaseHolder::Claim& claim);
  void GiveBack(int shard);
  void Renew();
  // False: it was asked to stop meanwhile.
  bool Pause(std::int64_t ns) EXCLUDES(mutex_);

  const Options options_;
  LeaseJournal& journal_;
  const Ports ports_;
  const Clock& clock_;
  Logger& log_;
  Gauge& held_;
  Counter& takeovers_;

  // The keeper's thread, or who runs Begin and Stop.
  orders::LeaseHolder holder_;
  bool started_ = false;
  std::int64_t started_ns_ = 0;

  Mutex mutex_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::atomic<bool> holds_any_{false};
  std::thread watcher_;
  std::thread renewer_;
};

}  // namespace ballast
