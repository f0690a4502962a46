#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "ballast/order/v1/order_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/strategy_runner/order_quality_store.h"
#include "services/strategy_runner/quote_board.h"

namespace ballast {

// How each order was executed, from the order log and the quotes of its moments. Decides nothing and holds nobody up:
// what it cannot keep up with is left out, and counted. Blocks; one thread at a time, never gRPC's.
class OrderQualityDesk {
 public:
  struct Ports {
    OrderQualityStore& store;
    const QuoteBoard& quotes;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    // This process may not go on: a newer one has taken it over.
    std::function<void(const std::string&)> fail;
  };
  // So many are followed at a time; 33 a second for the 5 minutes that each is looked at.
  static constexpr std::size_t kFollowedMost = 10'000;
  // What is known is stored so often, so many at a time.
  static constexpr std::int64_t kSaveNs = 1'000'000'000;
  static constexpr std::size_t kSavedAtOnce = 500;
  static constexpr std::int64_t kTrimNs = 60'000'000'000;

  // `kept_most`: orders that are kept once they are not followed any more.
  OrderQualityDesk(std::int64_t kept_most, Ports ports);

  // Claims the store, and takes up what was followed.
  absl::Status Recover();
  // What the order log is to be read after.
  [[nodiscard]] const OrderQualityStore::Cursors& cursors() const { return cursors_; }
  // False: events are missing before it; to be told again.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response);
  // Looks at the market, and stores what has changed when it is time. What is not stored is stored with the next.
  void Work();
  // Stores what is left.
  void Close();
  [[nodiscard]] std::size_t followed() const { return followed_.size(); }

 private:
  struct Followed {
    execution::v1::KeptOrderQuality kept;
    bool child = false;
    execution::SingleOrder order;
  };

  void OnEvent(const order::v1::OrderEvent& event);
  void Begin(const order::v1::OrderEvent& event, const Order& order);
  // False: no more can be stored now.
  bool SaveSome();

  Ports ports_;
  std::int64_t kept_most_;
  std::map<std::string, Followed> followed_;
  // Of those the ones that are not stored as they are.
  std::set<std::string> changed_;
  OrderQualityStore::Cursors cursors_;
  bool moved_ = false;
  std::int64_t save_ns_ = 0;
  std::int64_t trim_ns_ = 0;
  Gauge& followed_gauge_;
  Counter& left_out_;
};

}  // namespace ballast
