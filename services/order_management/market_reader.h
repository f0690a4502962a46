#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/model/market.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/wanted.h"
#include "services/order_management/market_desk.h"

namespace ballast {

// Follows the market for the orders held here. Takes part in lockstep, so that a replay waits for what a step releases.
class MarketReader {
 public:
  struct Ports {
    // Whether anybody looks at the next step.
    std::function<bool()> watching;
    std::function<void(std::vector<Instrument>)> instruments;
    std::function<void(MarketStep)> step;
    std::function<void()> lost;
  };

  // `name`: of the accounts' shard, whoever has it: in lockstep the market waits for it by that.
  MarketReader(const std::string& address, std::string name, Ports ports, const Clock& clock, Logger& log);
  ~MarketReader() { Stop(); }

  void Start() { client_.Start(); }
  void Stop() { client_.Stop(); }

 private:
  using Client = BidiClient<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;

  bool LoadInstruments();
  bool OnStep(const broker::v1::StreamMarketDataResponse& message);

  const std::string name_;
  Ports ports_;
  Logger& log_;
  std::unique_ptr<broker::v1::MarketDataService::Stub> stub_;
  // The client's thread.
  Wanted instruments_;
  Client client_;
};

}  // namespace ballast
