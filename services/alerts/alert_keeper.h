#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/alerts/folder.h"
#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/service/stopped_accounts.h"
#include "libs/platform/thread/mutex.h"
#include "services/alerts/store.h"

namespace ballast {

void ToProto(const alerts::Alert& alert, alert::v1::Alert* out);

// The one writer of alerts: makes facts into alerts, stores them, tells those who follow, writes the log. Blocks on
// Postgres; only Heartbeat() and CloseStreams() are for any thread.
class AlertKeeper {
 public:
  using Sender = StreamSender<alert::v1::StreamAlertsResponse>;
  struct Options {
    alerts::Folder::Options folder;
    // Alerts below are not written to the log.
    alerts::AlertLevel log_level_min = alerts::AlertLevel::kInfo;
  };

  // `fail` ends the process: called once a newer writer has taken over.
  AlertKeeper(Options options, AlertStore& store, const Clock& clock, Logger& log, Metrics& metrics,
              std::function<void(const std::string&)> fail);

  absl::Status Recover();

  // Each event makes its alert once, however old it is. One that cannot be read stops its account and no other. False:
  // this connection cannot go on (a gap, Postgres away); open again from Cursors().
  [[nodiscard]] bool OnOrderEvents(const order::v1::StreamOrderEventsResponse& batch);
  [[nodiscard]] AlertStore::Cursors Cursors();

  // `fact` has no id and no times. A repeated request id answers the alert it became; ALREADY_EXISTS when its content
  // was another (told by the fingerprint).
  absl::StatusOr<alerts::Alert> Raise(alerts::Alert fact, const std::string& request_id,
                                      const std::string& fingerprint);
  // Facts of this service itself, with their times. Nothing is stored unless OK.
  absl::Status RaiseOwn(const std::vector<alerts::Alert>& facts);
  // NOT_FOUND when there is none; the first acknowledgement stays.
  absl::StatusOr<alerts::Alert> Acknowledge(std::uint64_t alert_id, const std::string& actor);

  struct Acknowledged {
    std::int64_t alerts = 0;
    // Of all accounts, afterwards.
    std::int64_t left = 0;
  };
  // Those of them that nobody had acknowledged. NOT_FOUND when one does not exist: then none is touched.
  absl::StatusOr<Acknowledged> AcknowledgeMany(const std::vector<std::uint64_t>& alert_ids, const std::string& actor);
  // `alert_id` and every older one of the account (empty: of all). An error may come when some are done: the same call
  // goes on.
  absl::StatusOr<Acknowledged> AcknowledgeUpTo(std::uint64_t alert_id, const std::string& account_id,
                                               const std::string& actor);

  // Sends what is stored after the cursor, then everything new and changed. One call at a time.
  void Subscribe(std::uint64_t after_alert_id, const std::shared_ptr<Sender>& sender);
  void Heartbeat();
  void CloseStreams();

 private:
  // A batch of facts on its way to the store.
  struct Draft {
    alerts::Folder folder;
    std::map<std::uint64_t, alerts::Alert> changed;
    std::int64_t facts = 0;
  };
  static std::uint64_t AddTo(Draft& draft, alerts::Alert fact);

  absl::Status Loaded() REQUIRES(writing_);
  absl::Status Commit(Draft draft, AlertStore::Cursors cursors, const std::optional<AlertStore::Request>& request)
      REQUIRES(writing_);
  absl::Status Saved(absl::Status status) REQUIRES(writing_);
  absl::Status AcknowledgeRows(std::vector<alerts::Alert>& rows, const std::string& actor) REQUIRES(writing_);
  void Publish(const std::map<std::uint64_t, alerts::Alert>& changed) REQUIRES(writing_);
  // True when there is more.
  absl::StatusOr<bool> SendPage(std::uint64_t& cursor, Sender& sender);
  void Log(const alerts::Alert& alert);

  const Options options_;
  AlertStore& store_;
  const Clock& clock_;
  Logger& log_;
  Metrics& metrics_;
  std::function<void(const std::string&)> fail_;

  // Held over a commit; never by a gRPC thread.
  Mutex writing_;
  // False after a failed commit: what is stored must be read before anything is written.
  bool loaded_ GUARDED_BY(writing_) = false;
  alerts::Folder folder_ GUARDED_BY(writing_);
  AlertStore::Cursors cursors_ GUARDED_BY(writing_);
  StoppedAccounts stopped_ GUARDED_BY(writing_);
  std::int64_t unacknowledged_ GUARDED_BY(writing_) = 0;
  // What changes while a reader's backlog is read; set only meanwhile.
  std::optional<std::map<std::uint64_t, alerts::Alert>> joining_ GUARDED_BY(writing_);

  Mutex mutex_;
  std::vector<std::shared_ptr<Sender>> followers_ GUARDED_BY(mutex_);

  Counter& facts_;
  Gauge& unacknowledged_gauge_;
};

}  // namespace ballast
