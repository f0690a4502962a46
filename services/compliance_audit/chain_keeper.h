#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/service/stopped_accounts.h"
#include "libs/platform/thread/mutex.h"
#include "libs/runtime/read_back.h"
#include "services/compliance_audit/anchor.h"
#include "services/compliance_audit/store.h"

namespace ballast {

// The one writer of the chain. Blocks on its storage and on the anchor's disk. One thread (ChainMachine's), but for
// Cursors() and Head(), which are for any.
class ChainKeeper {
 public:
  // What a verification holds the chain against.
  struct Expectation {
    // The chain reaches up to here.
    audit::Head head;
    // As kept outside of the storage; sequence 0: nothing is.
    audit::Head anchor;
    // Of a record beyond the head, which nobody here has written; 0: there is none.
    std::uint64_t foreign = 0;
  };

  // `fail` ends the process: called once a newer writer has taken over.
  ChainKeeper(AuditStore& store, AnchorFile anchor_file, const Clock& clock, Logger& log, Metrics& metrics,
              std::function<void(const std::string&)> fail);

  absl::Status Recover();

  // Every stored event is in the chain once, whatever is sent again. One that cannot be read stops its account and no
  // other. False: this connection cannot go on (a gap, Postgres away); open again from Cursors().
  [[nodiscard]] bool OnOrderEvents(const order::v1::StreamOrderEventsResponse& batch);
  // As far as is known to be stored.
  [[nodiscard]] AuditStore::Cursors Cursors();

  // `record` has everything but time, sequence and hashes. The same request id again answers the first record;
  // ALREADY_EXISTS when its content was another.
  absl::StatusOr<audit::Record> Append(audit::Record record);

  [[nodiscard]] audit::Head Head();
  // Of the chain as it is now.
  absl::StatusOr<Expectation> Expected();

  // Every second: keeps the head outside of the storage when it moved; once a minute at most (or at once) also in the
  // log.
  void Anchor(bool at_once);

 private:
  absl::Status Loaded();
  absl::Status Load();
  absl::Status CompareWithAnchor();
  void SaveAnchor(const audit::Head& head);
  absl::Status Commit(std::vector<audit::Record> records, AuditStore::Cursors cursors, const std::string& request_id);
  void Show();

  AuditStore& store_;
  const AnchorFile anchor_file_;
  const Clock& clock_;
  Logger& log_;
  Metrics& metrics_;
  std::function<void(const std::string&)> fail_;
  runtime::ReadBack read_back_;
  AuditStore::State state_;
  StoppedAccounts stopped_;
  // How far the chain is known to reach, whatever is stored.
  audit::Head known_;
  // As in the file.
  audit::Head anchor_;
  // The chain that was found is not the one that was anchored: the anchor stays as it is until a person has looked.
  bool anchor_differs_ = false;
  bool anchor_failing_ = false;
  // As in the log.
  audit::Head told_;
  std::int64_t told_ns_ = 0;

  // What state_ was after the last commit, for readers. Never held while the storage is asked.
  Mutex mutex_;
  audit::Head head_ GUARDED_BY(mutex_);
  AuditStore::Cursors cursors_ GUARDED_BY(mutex_);
  Counter& records_;
  Gauge& head_gauge_;
};

}  // namespace ballast
