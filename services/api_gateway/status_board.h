#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ballast/gateway/v1/gateway_service.pb.h"
#include "ballast/order/v1/order.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/api_gateway/peers.h"

namespace ballast {

// Asks every service once a second how it is, on a thread of its own; what it last heard is there without waiting.
class StatusBoard {
 public:
  struct Options {
    std::string default_account;
    // Of the gateway itself, shown among the services.
    std::string own_address;
    // Accounts that came to light; called on the board's thread, each once.
    std::function<void(const std::string& account_id)> on_account;
  };

  StatusBoard(Options options, const Peers& peers, const Clock& clock, Logger& log, Metrics& metrics);
  ~StatusBoard();
  void Start();
  void Stop();

  // Services, market and mode; the rest is the streams'.
  void Fill(gateway::v1::GetStatusResponse* status) const EXCLUDES(mutex_);
  [[nodiscard]] bool Serves(const std::string& service) const EXCLUDES(mutex_);
  [[nodiscard]] bool Knows(const std::string& account_id) const EXCLUDES(mutex_);
  // Those that order management has named since the start.
  [[nodiscard]] std::set<std::string> Accounts() const EXCLUDES(mutex_);

 private:
  struct Watched;
  struct Round;
  void Ask();

  const Options options_;
  const Peers& peers_;
  const Clock& clock_;
  Logger& log_;
  Metrics& metrics_;
  const UtcTime start_time_;
  std::vector<std::unique_ptr<Watched>> watched_;

  mutable Mutex mutex_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::set<std::string> accounts_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> states_ GUARDED_BY(mutex_);
  broker::v1::GetMarketStatusResponse market_ GUARDED_BY(mutex_);
  type::v1::AccountMode mode_ GUARDED_BY(mutex_) = type::v1::ACCOUNT_MODE_UNSPECIFIED;
  std::thread thread_;
};

}  // namespace ballast
