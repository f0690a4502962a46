#pragma once

#include <map>
#include <memory>
#include <string>

#include <grpcpp/support/byte_buffer.h>

#include "ballast/backtest/v1/backtest_service.grpc.pb.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"
#include "libs/platform/thread/wanted.h"
#include "services/api_gateway/peers.h"
#include "services/api_gateway/stream_hub.h"

namespace ballast {

// Follows the services' streams, each on a thread of its own, into the hub's model. What is unreachable is tried again
// for ever; the rest goes on meanwhile.
class Feeds {
 public:
  Feeds(const Peers& peers, StreamHub& hub, const Clock& clock, Logger& log, std::string default_account);
  ~Feeds();
  void Start();
  void Stop();
  // Follows the positions of one more account.
  void AddAccount(const std::string& account_id) EXCLUDES(mutex_);

 private:
  using Orders = StreamReader<grpc::ByteBuffer>;
  using Positions = StreamReader<position::v1::StreamPositionsResponse>;
  using Deployments = StreamReader<strategy::v1::StreamDeploymentsResponse>;
  using Backtests = StreamReader<backtest::v1::StreamBacktestsResponse>;
  using Alerts = StreamReader<alert::v1::StreamAlertsResponse>;
  using Openings = StreamReader<risk::v1::StreamOpeningsResponse>;
  using Market = BidiClient<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;

  Orders::Callbacks OrderCallbacks();
  Positions::Callbacks PositionCallbacks(const std::string& account_id);
  Deployments::Callbacks DeploymentCallbacks();
  Backtests::Callbacks BacktestCallbacks();
  Alerts::Callbacks AlertCallbacks();
  Openings::Callbacks OpeningCallbacks();
  Market::Callbacks MarketCallbacks();

  // Of the order reader's thread. False: it cannot be read.
  bool TakeEvents(std::string_view message, LiveModel& model);
  bool LoadOrders();
  void LoadHistory(const std::string& account_id);
  std::uint64_t LoadAlerts();
  bool LoadInstruments();

  const Peers& peers_;
  StreamHub& hub_;
  Logger& log_;
  const std::string default_account_;
  // Of the order reader's thread: last event seen per account, and whether the orders before it are known.
  std::map<std::string, std::uint64_t> cursors_;
  bool orders_loaded_ = false;
  // The market reader's.
  Wanted instruments_;

  Orders orders_;
  Deployments deployments_;
  std::unique_ptr<backtest::v1::BacktestService::Stub> backtest_service_;
  Backtests backtests_;
  Alerts alerts_;
  // Over a channel of its own: while risk is away it is asked again all the time, and the answers to people should not
  // wait for that to calm down.
  std::unique_ptr<risk::v1::RiskService::Stub> risk_;
  Openings openings_;
  Market market_;
  Mutex mutex_;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::map<std::string, std::unique_ptr<Positions>> positions_ GUARDED_BY(mutex_);
};

}  // namespace ballast
