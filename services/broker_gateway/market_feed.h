#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ballast/broker/v1/market_data_service.pb.h"
#include "libs/base/clock.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/market/source.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "services/broker_gateway/engine_options.h"
#include "services/broker_gateway/lockstep.h"

namespace ballast {

// The market: where it stands, when it moves, and who hears of it. With speed 0 there is no pace: it moves when the
// LockstepGate says so. No thread of its own: the engine's, who moves the venue with it and makes both durable before
// anybody is told.
class MarketFeed {
 public:
  using Sender = StreamSender<broker::v1::StreamMarketDataResponse>;

  // `options` and `venue` outlive it; the venue's quotes are the ones that are told.
  MarketFeed(const EngineOptions& options, const paper::PaperBroker& venue, const Clock& clock, Logger& log,
             Metrics& metrics);

  absl::Status Open();
  // Goes on from where a former process stood. False: the source has nothing there.
  [[nodiscard]] bool Restore(const market::SourceState& state);
  // The first step after Open and Restore comes after a pause.
  void Begin();

  void Subscribe(const broker::v1::Subscribe& request, const std::shared_ptr<Sender>& sender);
  void Acknowledge(std::uint64_t step, const std::shared_ptr<Sender>& sender);
  // Forgets those whose stream has ended.
  void Prune();
  void CloseAll(const grpc::Status& why);

  // Whether the market has to move now; never in lockstep.
  [[nodiscard]] bool IsDue() const;
  // Whether everybody has acknowledged; only in lockstep.
  [[nodiscard]] bool MayStep() const { return !end_of_data_ && gate_.MayStep(); }
  // The next step. nullptr: the data has ended, and everybody was told.
  const market::MarketStep* Step();
  // The venue has the step's quotes: what is to be stored of it and said about it.
  void Noted();
  // The step and what it traded are durable: those who do not acknowledge hear of it.
  void Publish();
  // To those the market waits for, when it is their turn.
  void TellDue();
  // When the next step is due, after one was made.
  void Schedule();
  // Quotes that still stand are told again every second.
  void KeepAlive();
  // Its time runs between steps.
  [[nodiscard]] bool runs() const { return !lockstep() && !end_of_data_; }
  // What it may wait for something to happen, in nanoseconds.
  [[nodiscard]] std::int64_t IdleNanos() const;
  // Wall time until a market time, in nanoseconds; not beyond a day.
  [[nodiscard]] std::int64_t WallNanosUntil(UtcTime time) const;

  // Market time now: between two steps it runs on, at its speed; not beyond the next step unless it is the wall's.
  [[nodiscard]] UtcTime Now() const;
  [[nodiscard]] bool lockstep() const { return options_.speed.IsZero(); }
  // The position goes with the executions of every step: nothing is stepped twice or left out after a kill.
  [[nodiscard]] bool exact() const { return lockstep() || options_.source == "replay"; }
  LockstepGate& gate() { return gate_; }
  market::Source& source() { return *source_; }
  [[nodiscard]] bool is_replay() const { return data_set_.has_value(); }
  [[nodiscard]] std::uint64_t step_number() const { return step_.number; }

  // The step is not durable yet (exact() only), and the bars that are not.
  [[nodiscard]] bool unsaved() const { return unsaved_; }
  [[nodiscard]] market::SourceState State() const { return source_->state(); }
  [[nodiscard]] const std::vector<Bar>& unsaved_bars() const { return unsaved_bars_; }
  void Saved();
  // They could not be stored: of those that wait too long the oldest are given up.
  void NotSaved();

  // What a taker meets at the venue now, best price first.
  void FillBook(const Symbol& symbol, broker::v1::GetBookResponse* book) const;
  void FillStatus(broker::v1::GetMarketStatusResponse* response) const;
  // Any thread, after Open: these do not change.
  [[nodiscard]] const std::vector<Instrument>& instruments() const { return instruments_; }
  [[nodiscard]] const std::string& source_key() const { return source_key_; }
  // Of the newest step.
  [[nodiscard]] UtcTime market_time() const { return market_time_; }

 private:
  struct Subscriber {
    LockstepGate::Connection connection = 0;
    // The market waits for it.
    bool lockstep = false;
    std::shared_ptr<Sender> sender;
    std::vector<std::string> symbols;
    std::vector<std::string> timeframes;
    bool books = false;
  };
  // All the quotes; those that nobody stands behind are not told again and again, which would make them look new.
  enum class Quotes { kAll, kNotStale };

  absl::Status OpenSource();
  void NoteHeads();
  void TellStep();
  void TellEnd();
  void TellSkipped();
  [[nodiscard]] std::int64_t StepPauseNanos() const;
  [[nodiscard]] broker::v1::StreamMarketDataResponse StepHead() const;
  [[nodiscard]] broker::v1::StreamMarketDataResponse StepFor(const Subscriber& subscriber, Quotes quotes,
                                                             bool bars) const;

  const EngineOptions& options_;
  const paper::PaperBroker& venue_;
  const Clock& clock_;
  Logger& log_;
  std::vector<Instrument> instruments_;
  std::unique_ptr<market::Source> source_;
  std::string source_key_;
  // A replay's only.
  std::optional<broker::v1::DataSet> data_set_;
  LockstepGate gate_;
  market::MarketStep step_;
  // Heads of the accounts' reports when step_ was made.
  std::map<std::string, std::uint64_t> step_heads_;
  bool end_of_data_ = false;
  UtcTime market_time_;
  // Monotonic: when step_ was made, the next one is due, and subscribers last heard anything.
  std::int64_t step_made_ns_ = 0;
  std::int64_t next_step_ns_ = 0;
  std::int64_t last_told_ns_ = 0;
  bool unsaved_ = false;
  std::vector<Bar> unsaved_bars_;
  // Symbols whose newest quote could not be used, so that it is logged once.
  std::set<Symbol> unusable_;
  std::vector<Subscriber> subscribers_;
  LockstepGate::Connection last_connection_ = 0;

  Counter& steps_;
  Counter& skipped_quotes_;
};

}  // namespace ballast
