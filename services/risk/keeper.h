#pragma once

#include <map>
#include <memory>

#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "libs/risk/passable.h"
#include "services/risk/store.h"

namespace ballast {

// Risk's state behind one lock: accounts, market, limits, the one order manager's session. No call waits for Postgres
// while the lock is held; a reservation is arithmetic on memory.
class RiskKeeper {
 public:
  using Sender = StreamSender<risk::v1::RiskSessionResponse>;

  RiskKeeper(RiskStore& store, const Clock& clock, Logger& log, Metrics& metrics);

  absl::Status Recover();
  // Market data.
  void SetInstruments(std::vector<Instrument> instruments);
  // One step of the market. In lockstep time is the market's, and the call first waits until the executions the step
  // names have come as events; false when the service stops meanwhile.
  struct Step {
    std::vector<Quote> quotes;
    UtcTime market_time;
    bool lockstep = false;
    std::map<AccountId, std::uint64_t> execution_sequences;
  };
  bool OnStep(const Step& step);
  void OnMarketLost();
  // Ends a wait in OnStep for good.
  void StopWaiting();
  // The order manager's stream.
  void OnSession(const risk::v1::RiskSessionRequest& request, const std::shared_ptr<Sender>& session);
  // Once a second, from a thread of the service: stores the marks, lets old reservations lapse.
  void Tick();
  void CloseSession();

  // What risk would say to a well-formed order; nothing is reserved.
  void Preview(const Order& order, risk::v1::PreviewOrderResponse* response);
  absl::Status State(const std::string& account, risk::v1::GetRiskStateResponse* response);
  absl::StatusOr<risk::Limits> GetLimits(const std::string& account);
  // Blocks on Postgres; not from a gRPC thread.
  absl::StatusOr<risk::Limits> UpdateLimits(const RiskStore::Update& update);
  [[nodiscard]] bool Ready();

 private:
  void Apply(const order::v1::OrderEvent& event) REQUIRES(mutex_);
  void Reserve(const risk::v1::Reserve& request) REQUIRES(mutex_);
  // What risk says, and what it would have taken instead: the same for a reservation and for a preview.
  struct Verdict {
    risk::PreTradeResult result;
    std::optional<risk::PassableQuantity> quantity;
    std::optional<risk::PassablePrices> prices;
  };
  Verdict Check(const Order& order) REQUIRES(mutex_);
  void Mark(risk::Exposure& exposure) REQUIRES(mutex_);
  // For ages and rates: monotonic, or the market's when the market waits for its readers.
  std::int64_t AgeNow() REQUIRES(mutex_);

  RiskStore& store_;
  const Clock& clock_;
  Logger& log_;
  Mutex mutex_;
  std::map<AccountId, risk::Exposure> accounts_ GUARDED_BY(mutex_);
  std::map<AccountId, risk::Limits> limits_ GUARDED_BY(mutex_);
  std::map<AccountId, RiskStore::EquityMark> stored_marks_ GUARDED_BY(mutex_);
  risk::Market market_ GUARDED_BY(mutex_);
  bool lockstep_ GUARDED_BY(mutex_) = false;
  UtcTime market_time_ GUARDED_BY(mutex_);
  // Newest broker report among the events, per account.
  std::map<AccountId, std::uint64_t> executions_ GUARDED_BY(mutex_);
  CondVar applied_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::uint64_t epoch_ GUARDED_BY(mutex_) = 0;
  std::shared_ptr<Sender> session_ GUARDED_BY(mutex_);
  Counter& reserves_;
  Counter& refusals_;
  Histogram& reserve_seconds_;
};

}  // namespace ballast
