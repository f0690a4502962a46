#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "ballast/broker/v1/market_data_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "ballast/position/v1/position_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/redis/redis_cache.h"
#include "libs/platform/service/stopped_accounts.h"
#include "libs/platform/thread/mutex.h"
#include "libs/runtime/machine.h"
#include "libs/runtime/mailbox.h"
#include "services/positions/encode.h"
#include "services/positions/fill_log.h"
#include "services/positions/store.h"

namespace ballast {

// The books of every account behind one lock. Events become durable before they are seen: the lock is never held while
// Postgres is asked. Its turns tell followers and store what marks have moved.
class PositionKeeper : public runtime::Machine {
 public:
  using Sender = StreamSender<position::v1::StreamPositionsResponse>;
  struct Options {
    // Of the trade log; empty: none.
    std::string trade_log_directory;
    std::int64_t mark_age_ms_max = 5'000;
    std::int64_t equity_interval_ms = 5'000;
    ledger::DayBoundary day_boundary = ledger::DayBoundary::kNewYork;
  };

  PositionKeeper(Options options, PositionStore& store, const Clock& clock, Logger& log, Metrics& metrics,
                 RedisCache& redis, std::function<void(const std::string&)> fail);

  absl::Status Recover();
  // Blocks on Postgres.
  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return bell_; }
  // Ends a wait in OnStep for good.
  void StopWaiting();

  // Before the order log is read on from the cursors: until its head is reached again, what is held is half the truth
  // and nothing is valued.
  void OnReadingAgain();
  // The order log's reader thread: blocks on Postgres. An event that cannot be read stops its account and no other.
  // False: read again from the cursors.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response);
  std::map<std::string, std::uint64_t> Cursors();
  // Nobody waits for what is booked here: the market is known, and goes on by itself.
  [[nodiscard]] bool MayBeLate();
  // The market's reader thread. In lockstep it first waits for the executions the step names; false when it gave up
  // because the service stops.
  bool OnStep(const broker::v1::StreamMarketDataResponse& step);

  // Any thread, memory only.
  // NOT_FOUND when nothing was ever told about the account; FAILED_PRECONDITION when its log cannot be read: what it
  // holds is not known. So do the others.
  absl::Status Known(const std::string& account);
  // Every account as it is now; none while the order log is read up to its head.
  std::map<AccountId, positions::AccountBook> Books();
  absl::Status ListPositions(const position::v1::ListPositionsRequest& request,
                             position::v1::ListPositionsResponse* response);
  absl::Status Summary(const std::string& account, position::v1::AccountSummary* summary);
  absl::Status ListBooks(const std::string& account, position::v1::ListBookSummariesResponse* response);
  // A snapshot, then changes. An account that is not known yet is followed from its opening. At most 256 streams.
  void Subscribe(const std::string& account, std::shared_ptr<Sender> session);
  // Blocks on Postgres.
  absl::Status Verify(const std::string& account, position::v1::VerifyAccountResponse* response);
  [[nodiscard]] bool Ready() const { return caught_up_; }

 private:
  struct Changes {
    std::set<Symbol> closed;
    std::vector<positions::Trade> trades;
    std::optional<EquityMark> point;
    bool any = false;
  };
  struct Subscriber {
    AccountId account;
    std::shared_ptr<Sender> sender;
  };

  // What `proto` says, without the order when nothing here hangs on it.
  static absl::StatusOr<OrderEvent> Read(const order::v1::OrderEvent& proto);
  // Whether all this can be read again: it moves nothing but the cursors, and those not far.
  bool MayWait(const std::map<AccountId, PositionStore::Batch>& batches, const AccountBooks& next) const;
  // As Known.
  absl::StatusOr<const positions::AccountBook*> Book(const std::string& account) REQUIRES(mutex_);
  // What is stored of the marks, when something has to be.
  struct Unsaved {
    AccountBooks books;
    std::vector<EquityMark> points;
    ledger::SymbolCloses closes;
  };
  std::optional<Unsaved> Tell(std::int64_t now_ns) EXCLUDES(mutex_);
  Unsaved TakeUnsaved() REQUIRES(mutex_);
  void Save(Unsaved unsaved) EXCLUDES(mutex_);
  void Thin(std::int64_t now_ns);
  runtime::Turn End();
  void FindRepeated(const std::map<AccountId, PositionStore::Batch>& batches);
  void Publish() REQUIRES(mutex_);
  void FillDelta(const positions::AccountBook& book, bool snapshot, const Changes& changes,
                 position::v1::StreamPositionsResponse* out) REQUIRES(mutex_);
  void MarkAll() REQUIRES(mutex_);
  // What is held anywhere, at its last closes.
  ledger::SymbolCloses HeldCloses() REQUIRES(mutex_);
  MarkView View() REQUIRES(mutex_);
  // Events up to `durable` become visible.
  void ApplyLive(const std::vector<OrderEvent>& events, const std::map<AccountId, std::uint64_t>& durable)
      REQUIRES(mutex_);
  void TakeEquityPoints(UtcTime now) REQUIRES(mutex_);
  void RefreshStale() REQUIRES(mutex_);
  void WriteRedis() REQUIRES(mutex_);
  UtcTime Now() REQUIRES(mutex_);

  Options options_;
  PositionStore& store_;
  const Clock& clock_;
  Logger& log_;
  RedisCache& redis_;
  // Recover, then the order log's reader thread only.
  FillLog fill_log_;
  // Events whose execution is booked already under another number. The order log's reader thread only.
  std::set<std::pair<AccountId, std::uint64_t>> repeated_;
  // Where the accounts stand in the storage.
  std::map<AccountId, std::uint64_t> stored_;
  std::function<void(const std::string&)> fail_;
  std::atomic<bool> caught_up_{false};
  std::atomic<bool> stopping_{false};
  // Rung when there is something to tell before the next turn would be.
  runtime::Mailbox<int, 1> bell_{{0}};
  // The turns' only.
  std::int64_t next_thin_ns_ = 0;
  std::int64_t last_save_ns_ = 0;
  std::int64_t last_marks_save_ns_ = 0;
  bool ended_ = false;

  Mutex mutex_;
  CondVar applied_;  // a lockstep step that waits for executions
  AccountBooks books_ GUARDED_BY(mutex_);
  StoppedAccounts stopped_ GUARDED_BY(mutex_);
  ledger::MarkBoard board_ GUARDED_BY(mutex_);
  ledger::MarketCalendar calendar_ GUARDED_BY(mutex_);
  // The order log has been read up to its head since it was last opened: what is held is the present.
  bool present_ GUARDED_BY(mutex_) = false;
  std::map<Symbol, std::int64_t> arrival_ns_ GUARDED_BY(mutex_);
  std::set<Symbol> stale_ GUARDED_BY(mutex_);
  std::map<Symbol, std::int64_t> ages_ms_ GUARDED_BY(mutex_);
  bool lockstep_ GUARDED_BY(mutex_) = false;
  UtcTime market_time_ GUARDED_BY(mutex_);
  bool fills_waiting_ GUARDED_BY(mutex_) = false;
  bool marks_changed_ GUARDED_BY(mutex_) = false;
  bool marks_unsaved_ GUARDED_BY(mutex_) = false;
  std::map<AccountId, Changes> changes_ GUARDED_BY(mutex_);
  std::vector<EquityMark> unsaved_points_ GUARDED_BY(mutex_);
  std::int64_t last_point_ns_ GUARDED_BY(mutex_) = 0;
  std::int64_t last_publish_ns_ GUARDED_BY(mutex_) = 0;
  std::vector<Subscriber> subscribers_ GUARDED_BY(mutex_);

  Counter& fills_;
  Counter& repeats_;
  Counter& commit_failures_;
  Counter& events_;
  Histogram& commit_seconds_;
};

}  // namespace ballast
