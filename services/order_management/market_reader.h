#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/model/market.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"
#include "libs/platform/thread/wanted.h"
#include "services/order_management/market_desk.h"

namespace ballast {

// Follows the market for the orders held here, from the first one on that waits for it: an order manager without one
// reads nothing. Takes part in lockstep, so that a replay waits for what a step releases.
class MarketReader {
 public:
  struct Ports {
    // Whether anybody looks at the next step.
    std::function<bool()> watching;
    std::function<void(std::vector<Instrument>)> instruments;
    std::function<void(MarketStep)> step;
    std::function<void()> lost;
  };

  MarketReader(const std::string& address, Ports ports, const Clock& clock, Logger& log);
  ~MarketReader() { Stop(); }

  // Any thread, any number of times.
  void Want() EXCLUDES(mutex_);
  void Stop() EXCLUDES(mutex_);

 private:
  using Client = BidiClient<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;

  bool LoadInstruments();
  bool OnStep(const broker::v1::StreamMarketDataResponse& message);

  Ports ports_;
  Logger& log_;
  std::unique_ptr<broker::v1::MarketDataService::Stub> stub_;
  // The client's thread.
  Wanted instruments_;
  Mutex mutex_;
  bool started_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  Client client_;
};

}  // namespace ballast
