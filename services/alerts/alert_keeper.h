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
#include "libs/runtime/read_back.h"
#include "services/alerts/store.h"

namespace ballast {

void ToProto(const alerts::Alert& alert, alert::v1::Alert* out);

// The one writer of alerts: makes facts into alerts, stores them, tells those who follow, writes the log. Blocks on its
// storage. One thread (AlertMachine's), but for Cursors() and Heartbeat(), which are for any.
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
  // As far as is known to be stored.
  [[nodiscard]] AlertStore::Cursors Cursors();

  // `fact` has no id and no times. A repeated request id answers the alert it became; ALREADY_EXISTS when its content
  // was another (told by the fingerprint).
  absl::StatusOr<alerts::Alert> Raise(alerts::Alert fact, const std::string& request_id,
                                      const std::string& fingerprint);
  // What the health watch tells, with its times. Unless OK it may be stored or not.
  absl::Status RaiseOwn(const std::vector<alerts::Alert>& facts);
  // Whether facts that RaiseOwn said no to are stored all the same.
  absl::StatusOr<bool> Holds(const std::vector<alerts::Alert>& facts);
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

  // `sender` gets what is stored after the cursor, by SendBacklogs, then everything new and changed.
  void Subscribe(std::uint64_t after_alert_id, const std::shared_ptr<Sender>& sender);
  // A page to each of those who still read what is stored. True: there is more to send.
  bool SendBacklogs();
  void Heartbeat();
  void CloseStreams();

 private:
  // A batch of facts on its way to the store.
  struct Draft {
    alerts::Folder folder;
    std::map<std::uint64_t, alerts::Alert> changed;
    std::int64_t facts = 0;
  };
  // Somebody who still reads what is stored.
  struct Joiner {
    std::uint64_t cursor = 0;
    int pages = 0;
    std::shared_ptr<Sender> sender;
  };
  static std::uint64_t AddTo(Draft& draft, alerts::Alert fact);

  absl::Status Loaded();
  absl::Status Load();
  absl::Status Commit(Draft draft, AlertStore::Cursors cursors, const std::optional<AlertStore::Request>& request);
  absl::Status Save(const std::map<std::uint64_t, alerts::Alert>& changed, const AlertStore::Cursors& cursors,
                    const std::optional<AlertStore::Request>& request);
  absl::Status AcknowledgeRows(std::vector<alerts::Alert>& rows, const std::string& actor);
  void SetCursors(AlertStore::Cursors cursors) EXCLUDES(mutex_);
  void Publish(const std::map<std::uint64_t, alerts::Alert>& changed) EXCLUDES(mutex_);
  // True when there is more.
  absl::StatusOr<bool> SendPage(Joiner& joiner);
  void Log(const alerts::Alert& alert);

  const Options options_;
  AlertStore& store_;
  const Clock& clock_;
  Logger& log_;
  Metrics& metrics_;
  std::function<void(const std::string&)> fail_;

  runtime::ReadBack read_back_;
  alerts::Folder folder_;
  AlertStore::Cursors cursors_;
  StoppedAccounts stopped_;
  std::int64_t unacknowledged_ = 0;
  // Of commits in doubt: told once it is known that they were made.
  std::map<std::uint64_t, alerts::Alert> untold_;
  std::vector<Joiner> joiners_;

  // Never held while the storage is asked.
  Mutex mutex_;
  AlertStore::Cursors stored_cursors_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Sender>> followers_ GUARDED_BY(mutex_);

  Counter& facts_;
  Gauge& unacknowledged_gauge_;
};

}  // namespace ballast
